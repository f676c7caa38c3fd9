//! Who should go, and why.

pub(crate) mod answer;
pub(crate) mod create;
