//! The subcommands, one file each: arguments in, library called, words and exit status out.

pub(crate) mod doctor;
pub(crate) mod health;
pub(crate) mod servers;
