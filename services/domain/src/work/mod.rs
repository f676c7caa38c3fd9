//! What work asks of a person, who does it, and to whom it is offered.

pub mod arrival;
pub mod assignment;
pub mod offer;
pub mod requirement;
