//! Makes a new image from the pixels of an upload, and thumbnails from that.
//!
//! Nothing but pixels passes: no EXIF, colour profile, XMP, comment, text, or trailing data.

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::FilterType;
use image::{DynamicImage, ImageError};

use super::{Kind, LONGEST_SIDE, PhotoError, kind, pixels};

const JPEG_QUALITY: u8 = 85;

/// A new image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReencodedImage {
    /// The encoded image.
    pub bytes: Vec<u8>,
    /// JPEG, or PNG if any pixel is transparent.
    pub kind: Kind,
    /// The content type of `kind`.
    pub content_type: &'static str,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// Decodes an upload and encodes its pixels again, turned as the camera was held, and at most
/// [`LONGEST_SIDE`] pixels along a side. Smaller images keep their size. Of an animation the
/// first frame is used. Colour profiles are dropped, not converted.
///
/// It repeats the checks of [`check`](super::check) except for what was declared, so that it is
/// safe on any bytes.
///
/// It is synchronous: use `spawn_blocking`. With little optimisation (a development build) a JPEG
/// of 40 megapixels took 1.6 s and 132 MB, a PNG of 40 megapixels with 16 bits a channel and
/// transparency 4.6 s and 474 MB. Per pixel that is 3 bytes for JPEG and 12 for such a PNG; GIF
/// and plain PNG need 4, progressive JPEG up to 9. So limit how many run at once.
///
/// # Errors
///
/// Those of `check`, and [`PhotoError::Broken`] if the pixels cannot be decoded.
pub fn reencode(bytes: &[u8]) -> Result<ReencodedImage, PhotoError> {
    let (image, orientation) = pixels::decode(bytes, kind::of(bytes)?)?;
    let mut image = edit(image, shrink);
    image.apply_orientation(orientation);
    encode(&image)
}

/// Cuts the middle square out of what [`reencode`] made, `side` pixels along each side: one of
/// [`THUMBNAILS`](super::THUMBNAILS). A smaller image is enlarged. `side` is held between 1 and
/// [`LONGEST_SIDE`].
///
/// It is synchronous: use `spawn_blocking`. It took 70 to 280 ms in a development build.
///
/// # Errors
///
/// Those of [`reencode`], if the bytes are not what it made.
pub fn thumbnail(reencoded: &[u8], side: u32) -> Result<ReencodedImage, PhotoError> {
    let side = side.clamp(1, LONGEST_SIDE);
    let (image, _) = pixels::decode(reencoded, kind::of(reencoded)?)?;
    encode(&edit(image, |image| square(&image, side)))
}

/// Scales down in two steps: block averages to twice the size, then a good filter. The first
/// step is quick and needs no buffer, which the filter alone would need as large as the image.
fn shrink(mut image: DynamicImage) -> DynamicImage {
    let twice = 2 * LONGEST_SIDE;
    if image.width().max(image.height()) > twice {
        image = image.thumbnail(twice, twice);
    }
    if image.width().max(image.height()) > LONGEST_SIDE {
        image = image.resize(LONGEST_SIDE, LONGEST_SIDE, FilterType::Lanczos3);
    }
    image
}

/// The middle square, scaled. It is cut out first: scaling a narrow strip until it covers the
/// square would make it many thousand pixels long.
fn square(image: &DynamicImage, side: u32) -> DynamicImage {
    let (width, height) = (image.width(), image.height());
    let cut = width.min(height);
    image.crop_imm((width - cut) / 2, (height - cut) / 2, cut, cut).resize_exact(
        side,
        side,
        FilterType::Lanczos3,
    )
}

/// Applies `change`. Colours of transparent images are multiplied by alpha meanwhile, since the
/// colour of an invisible pixel must not colour its neighbours.
fn edit(image: DynamicImage, change: impl FnOnce(DynamicImage) -> DynamicImage) -> DynamicImage {
    if !image.color().has_alpha() {
        return change(image);
    }
    let mut pixels = image.into_rgba8();
    if pixels.pixels().all(|pixel| pixel.0[3] == u8::MAX) {
        return change(DynamicImage::ImageRgba8(pixels));
    }
    for pixel in pixels.pixels_mut() {
        let [.., alpha] = pixel.0;
        for channel in &mut pixel.0[..3] {
            *channel = scaled(*channel, alpha, u8::MAX);
        }
    }
    let mut pixels = change(DynamicImage::ImageRgba8(pixels)).into_rgba8();
    for pixel in pixels.pixels_mut() {
        let [.., alpha] = pixel.0;
        for channel in &mut pixel.0[..3] {
            *channel = if alpha == 0 { 0 } else { scaled(*channel, u8::MAX, alpha) };
        }
    }
    DynamicImage::ImageRgba8(pixels)
}

/// `value * times / by`, rounded and held below 256. `by` is not zero.
fn scaled(value: u8, times: u8, by: u8) -> u8 {
    let by = u32::from(by);
    let product = (u32::from(value) * u32::from(times) + by / 2) / by;
    u8::try_from(product).unwrap_or(u8::MAX)
}

fn encode(image: &DynamicImage) -> Result<ReencodedImage, PhotoError> {
    let mut bytes = Vec::new();
    let kind = if is_opaque(image) { Kind::Jpeg } else { Kind::Png };
    let written = match kind {
        Kind::Jpeg => {
            let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
            image.to_rgb8().write_with_encoder(encoder)
        }
        Kind::Png | Kind::Gif => image.to_rgba8().write_with_encoder(PngEncoder::new(&mut bytes)),
    };
    written.map_err(|error: ImageError| PhotoError::broken(error.to_string()))?;
    let (width, height) = (image.width(), image.height());
    Ok(ReencodedImage { bytes, kind, content_type: kind.content_type(), width, height })
}

fn is_opaque(image: &DynamicImage) -> bool {
    !image.color().has_alpha() || image.to_rgba8().pixels().all(|pixel| pixel.0[3] == u8::MAX)
}
