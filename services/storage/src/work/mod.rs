//! Work to be done, and those it is done for.

pub mod arrivals;
pub mod assignments;
pub mod case_people;
pub mod cases;
pub mod clients;
pub mod offers;
pub mod open_cases;
pub mod recommendations;
