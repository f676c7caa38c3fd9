//! The words and rules of Nearhand: pure values that cannot be wrong. No I/O, no async. Folders are
//! areas; each word has one public name here.

pub mod access;
mod account;
pub mod audit;
pub mod clock;
pub mod facts;
pub mod field;
pub mod ids;
pub mod jobs;
mod location;
pub mod mails;
mod organization;
pub mod outage;
mod people;
pub mod text;
pub mod time;
mod work;
pub mod zone;

pub use account::{link, password, token};
pub use ids::*;
pub use location::{
    device_health, jumps, ping, position,
    position::{Position, PositionError},
    skew, track, tracking,
};
pub use organization::region;
pub use people::{address, imports, keys, language, photo, preference, schedule};
pub use work::{arrival, assignment, offer, requirement};
