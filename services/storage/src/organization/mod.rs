//! The organisation: its settings, services and regions.

pub mod organizations;
pub mod regions;
pub mod services;
