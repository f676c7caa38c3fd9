//! The live index: people, places and regions of every organisation, kept in memory and searched
//! by distance. Pure: no I/O, no async, no wall clock; time always comes as an argument.

pub mod load;
pub mod masks;
pub mod person;
pub mod schedules;
pub mod sphere;
pub mod vocabulary;

pub use person::{Person, PersonParts};
pub use vocabulary::Vocabulary;
