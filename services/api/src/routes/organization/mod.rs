//! The organisation: setup, settings, services, regions.

pub(crate) mod founding;
pub(crate) mod regions;
pub(crate) mod services;
pub(crate) mod settings;
pub(crate) mod setup;
