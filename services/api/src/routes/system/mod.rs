//! For those who watch over the process.

pub(crate) mod health;
