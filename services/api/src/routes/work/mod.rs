//! Cases and what they ask for.

pub(crate) mod cases;
pub(crate) mod needs_form;
