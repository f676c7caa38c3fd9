//! Uploaded images: limits, checks, and the new image made from the pixels.
//!
//! Nothing here reads or writes files, and no byte from outside may cause a panic.

mod error;
mod jpeg;
mod kind;
mod pixels;
mod reencode;

pub use error::PhotoError;
pub use kind::{Declared, Kind};
pub use reencode::{ReencodedImage, reencode, thumbnail};

/// The largest upload, in bytes: 5 MiB.
pub const MAX_BYTES: usize = 5 * 1024 * 1024;
/// The most pixels an image may have: 40 megapixels.
pub const MAX_PIXELS: u64 = 40_000_000;
/// The most pixels a side of an image may have.
pub const MAX_SIDE: u32 = 12_000;
/// The longest side of a re-encoded image, in pixels.
pub const LONGEST_SIDE: u32 = 1_024;
/// The sides of the square thumbnails, in pixels.
pub const THUMBNAILS: [u32; 2] = [64, 256];

/// What the header of an acceptable upload says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    /// The format, told by the content.
    pub kind: Kind,
    /// Width in pixels, before the orientation of the camera is applied.
    pub width: u32,
    /// Height in pixels, before the orientation of the camera is applied.
    pub height: u32,
}

/// Checks size, format, agreement with what was declared, and number of pixels.
///
/// It reads the header only and decodes no pixels: well under a millisecond, and about as much
/// memory as the upload has. [`reencode()`] finds out whether the pixels can be decoded.
///
/// # Errors
///
/// [`PhotoError::TooLarge`], [`PhotoError::Unsupported`], [`PhotoError::TooManyPixels`], or
/// [`PhotoError::Broken`] if the header cannot be read or a JPEG ends before its end marker.
pub fn check(bytes: &[u8], declared: Declared<'_>) -> Result<Checked, PhotoError> {
    let kind = kind::of(bytes)?;
    kind::agree(kind, declared)?;
    let (_, width, height) = pixels::open(bytes, kind)?;
    Ok(Checked { kind, width, height })
}
