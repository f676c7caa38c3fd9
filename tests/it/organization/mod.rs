//! The organisation itself and what it keeps.

mod base;
mod regions;
mod services;
mod setup;
