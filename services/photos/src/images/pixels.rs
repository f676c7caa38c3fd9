//! Opens an image under limits: the header first, pixels only when it is acceptable.
//!
//! It never allocates by what a header says before that was checked.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};

use super::{Kind, MAX_PIXELS, MAX_SIDE, PhotoError, jpeg};

/// The most memory a decoder may use: 40 megapixels of 16-bit RGBA, which is the largest image,
/// and 32 MiB for what a decoder needs besides.
const DECODER_BYTES: u64 = MAX_PIXELS * 8 + 32 * 1024 * 1024;

/// A decoder that has read the header, with width and height in pixels.
///
/// An image with too many pixels, or a JPEG that is cut off, is an error.
pub(super) fn open(
    bytes: &[u8],
    kind: Kind,
) -> Result<(impl ImageDecoder + '_, u32, u32), PhotoError> {
    if let Some((width, height)) = png_size(bytes, kind) {
        acceptable(width, height)?;
    }
    let decoder = guarded(|| {
        let mut reader = ImageReader::with_format(Cursor::new(bytes), kind.format());
        // Sides are checked below, where the error can name them.
        reader.limits(limits(None));
        reader.into_decoder()
    })?;
    let (width, height) = decoder.dimensions();
    acceptable(width, height)?;
    if kind == Kind::Jpeg && !jpeg::is_whole(bytes) {
        return Err(PhotoError::broken("the file ends before the image does"));
    }
    Ok((decoder, width, height))
}

/// Decodes the pixels, and says how the camera was held.
pub(super) fn decode(bytes: &[u8], kind: Kind) -> Result<(DynamicImage, Orientation), PhotoError> {
    let (mut decoder, ..) = open(bytes, kind)?;
    guarded(move || {
        // Damaged metadata is dropped like any other.
        let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
        let mut limits = limits(Some(MAX_SIDE));
        limits.reserve(decoder.total_bytes())?;
        decoder.set_limits(limits)?;
        Ok((DynamicImage::from_decoder(decoder)?, orientation))
    })
}

/// The size in a PNG's header, which always comes first. Its decoder has limits of its own, which
/// would hide that there are too many pixels.
fn png_size(bytes: &[u8], kind: Kind) -> Option<(u32, u32)> {
    let (width, rest) = bytes.get(16..)?.split_first_chunk()?;
    let (height, _) = rest.split_first_chunk()?;
    (kind == Kind::Png).then(|| (u32::from_be_bytes(*width), u32::from_be_bytes(*height)))
}

/// Runs a decoder. A panic in it becomes an error, so that no upload ends a thread.
fn guarded<T>(work: impl FnOnce() -> Result<T, ImageError>) -> Result<T, PhotoError> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result.map_err(|error| told(&error)),
        Err(_) => {
            tracing::error!("an image decoder panicked; the upload is refused");
            Err(PhotoError::broken("the decoder failed"))
        }
    }
}

fn limits(side: Option<u32>) -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = side;
    limits.max_image_height = side;
    limits.max_alloc = Some(DECODER_BYTES);
    limits
}

fn acceptable(width: u32, height: u32) -> Result<(), PhotoError> {
    if width == 0 || height == 0 {
        return Err(PhotoError::broken("it has no pixels"));
    }
    if width.max(height) > MAX_SIDE {
        return Err(PhotoError::TooManyPixels { width, height, limit: u64::from(MAX_SIDE) });
    }
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(PhotoError::TooManyPixels { width, height, limit: MAX_PIXELS });
    }
    Ok(())
}

fn told(error: &ImageError) -> PhotoError {
    match error {
        ImageError::Limits(_) => PhotoError::broken("it needs too much memory to decode"),
        ImageError::Unsupported(_) => PhotoError::Unsupported {
            why: "the image uses a feature of its format that is not supported; \
                  save it as a plain JPEG or PNG"
                .to_owned(),
        },
        other => PhotoError::broken(short(&other.to_string())),
    }
}

/// The decoder's own words, without control characters and not too long.
fn short(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}
