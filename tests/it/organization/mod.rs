//! The organisation itself and what it keeps.

mod base;
mod collections;
mod departments;
mod regions;
mod services;
mod settings;
mod setup;
