//! The work to be done.

mod cases;
