//! Points, distances and cells on the Earth. Must know nothing of people.

pub mod cells;
mod point;
pub mod sphere;

pub use point::IndexPoint;
