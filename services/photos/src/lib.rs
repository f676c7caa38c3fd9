//! Photos that people upload, and the object store that keeps files in a folder or in S3.
//!
//! It knows no SQL and no HTTP server, and it reads no environment: settings are arguments.
//!
//! - [`check`] reads the header of an upload and says whether it may be kept.
//! - [`reencode`] decodes it and encodes the pixels again, so that nothing else survives.
//! - [`thumbnail`] cuts a square from what `reencode` made.
//! - [`Objects`] puts, gets and deletes files.
//!
//! [`reencode`] and [`thumbnail`] are synchronous and use the CPU: call them through
//! `tokio::task::spawn_blocking`, and let few of them run at a time, since each may use up to half
//! a gigabyte (see [`reencode`]).

mod images;
mod objects;

pub use images::{
    Checked, Declared, Kind, LONGEST_SIDE, MAX_BYTES, MAX_PIXELS, MAX_SIDE, PhotoError,
    ReencodedImage, THUMBNAILS, check, reencode, thumbnail,
};
pub use objects::{Credentials, MAX_OBJECT_BYTES, Objects, OpenError, StoreError};
