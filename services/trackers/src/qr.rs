//! A text as a QR code, as PNG and as SVG. Must not know what the text says.

use image::{ExtendedColorType, ImageEncoder, ImageError, codecs::png::PngEncoder};
use qrcode::{Color, EcLevel, QrCode, types::QrError};
use std::fmt::Write;

/// Light modules around the code, as ISO 18004 wants.
const MARGIN: usize = 4;
/// Pixels of a module's side in the PNG.
const PIXELS: usize = 6;

/// A QR code, ready to be drawn.
pub struct Drawing {
    /// Dark is true.
    modules: Vec<bool>,
    /// Modules of a side.
    width: usize,
}

impl Drawing {
    /// Of up to about 2,900 bytes.
    ///
    /// # Errors
    /// When the text is longer than a QR code holds.
    pub fn of(text: &str) -> Result<Self, QrError> {
        // A screen is clean: little has to be mended, and fewer modules are easier to scan.
        let code = QrCode::with_error_correction_level(text, EcLevel::L)?;
        let modules = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Ok(Self { modules, width: code.width() })
    }

    /// Whether a module is dark; those around the code are light.
    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |at: usize| at.checked_sub(MARGIN).filter(|at| *at < self.width);
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => self.modules[y * self.width + x],
            _ => false,
        }
    }

    fn side(&self) -> usize {
        self.width + 2 * MARGIN
    }

    /// The bytes of a PNG.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn png(&self) -> Result<Vec<u8>, ImageError> {
        let side = self.side() * PIXELS;
        let shade = |at: usize| {
            let (x, y) = (at % side / PIXELS, at / side / PIXELS);
            if self.is_dark(x, y) { 0 } else { 255 }
        };
        let pixels: Vec<u8> = (0..side * side).map(shade).collect();
        let mut png = Vec::new();
        let pixels_a_side = u32::try_from(side).unwrap_or(u32::MAX);
        let encoder = PngEncoder::new(&mut png);
        encoder.write_image(&pixels, pixels_a_side, pixels_a_side, ExtendedColorType::L8)?;
        Ok(png)
    }

    /// An SVG: one path, with a piece for each run of dark modules.
    #[must_use]
    pub fn svg(&self) -> String {
        let side = self.side();
        let mut svg = format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d=""##
        );
        for y in 0..side {
            let mut x = 0;
            while x < side {
                let run = (x..side).take_while(|x| self.is_dark(*x, y)).count();
                if run > 0 {
                    // Writing to a string does not fail.
                    let _ = write!(svg, "M{x} {y}h{run}v1h-{run}z");
                }
                x += run.max(1);
            }
        }
        svg.push_str("\"/></svg>");
        svg
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> String {
        format!("owntracks:///config?inline={}", "eyJfdHlwZSI6".repeat(30))
    }

    /// What a scanner reads of an image of so many pixels a side.
    fn scanned(side: usize, is_dark: impl Fn(usize, usize) -> bool) -> String {
        let shade = |x, y| if is_dark(x, y) { 0 } else { 255 };
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, shade);
        image.detect_grids()[0].decode().expect("a code").1
    }

    #[test]
    fn a_png_is_read_back() {
        let png = Drawing::of(&text()).unwrap().png().unwrap();
        let image = image::load_from_memory(&png).unwrap().to_luma8();
        let at = |x: usize, y: usize| {
            image.get_pixel(u32::try_from(x).unwrap(), u32::try_from(y).unwrap()).0[0] < 128
        };
        assert_eq!(scanned(usize::try_from(image.width()).unwrap(), at), text());
    }

    #[test]
    fn an_svg_is_read_back() {
        let drawing = Drawing::of(&text()).unwrap();
        let (svg, side) = (drawing.svg(), drawing.side());
        let path = svg.split("d=\"").nth(2).unwrap().split('"').next().unwrap();
        let mut dark = vec![false; side * side];
        for piece in path.split('M').filter(|piece| !piece.is_empty()) {
            let (x, rest) = piece.split_once(' ').unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let run: usize = rest.split_once('v').unwrap().0.parse().unwrap();
            let first = y.parse::<usize>().unwrap() * side + x.parse::<usize>().unwrap();
            dark[first..first + run].fill(true);
        }
        let pixels = 3;
        let at = |x: usize, y: usize| dark[y / pixels * side + x / pixels];
        assert_eq!(scanned(side * pixels, at), text());
    }

    #[test]
    fn what_is_too_long_is_said() {
        assert!(Drawing::of(&"x".repeat(3_000)).is_err());
    }
}
