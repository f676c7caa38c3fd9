//! One person's record and what it is made of: words, working hours, loads. Must know nothing of
//! the tree.

mod ability;
pub(crate) mod booked_cases;
pub(crate) mod free_hours;
pub mod load;
pub mod person;
pub mod person_input;
pub mod schedules;
pub mod vocabulary;
pub mod work;

pub(crate) use ability::Ability;
pub use person::{Grade, Person};
pub use person_input::PersonInput;
pub use vocabulary::Vocabulary;
