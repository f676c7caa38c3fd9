//! The API's description. What an operation takes and may answer follows from its handler's
//! arguments, so that document and code cannot differ.

mod description;
mod document;
mod extractors;
mod finish;
mod operation;

pub(crate) use document::document;
pub(crate) use finish::finish;
pub(crate) use operation::{described, operation};
