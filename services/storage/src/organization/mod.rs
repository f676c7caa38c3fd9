//! The organisation: its settings, services, regions, departments, groups, tags and queues.

pub mod collections;
pub mod departments;
pub mod organizations;
pub mod policies;
pub mod regions;
pub mod services;
