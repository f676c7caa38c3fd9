//! Work to be done.

pub mod cases;
