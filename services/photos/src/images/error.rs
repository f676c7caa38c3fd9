//! Why an upload is refused.
//!
//! The texts are for the person who uploads; they hold nothing of the content.

use super::{MAX_PIXELS, MAX_SIDE};

/// Why an upload cannot become a photo.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhotoError {
    /// It is not a JPEG, GIF or PNG, or not what was declared.
    #[error("{why}")]
    Unsupported {
        /// What disagrees, and what to send instead.
        why: String,
    },
    /// It has too many bytes.
    #[error("the file has {size} bytes, and at most {limit} are taken; send a smaller one")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// It has too many pixels, in all or along a side.
    #[error(
        "the image is {width} x {height} pixels; at most {MAX_PIXELS} pixels in all and \
         {MAX_SIDE} along a side are taken; send a smaller one"
    )]
    TooManyPixels {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The limit that was passed: pixels along a side if a side is too long, else in all.
        limit: u64,
    },
    /// It is cut off or damaged.
    #[error("the image cannot be read: {why}; open and save it again, then send that")]
    Broken {
        /// What is wrong.
        why: String,
    },
}

impl PhotoError {
    pub(super) fn broken(why: impl Into<String>) -> Self {
        Self::Broken { why: why.into() }
    }
}
