//! Recommendations: hard rules, where people will be, the score, its explanation, and the exact
//! search for the best. Pure: no I/O, no async, no wall clock.

mod bounds;
pub mod case;
pub mod judge;
pub mod location;
pub mod policy;
pub mod query;
pub mod rules;
mod scan;
mod search;
mod terms;

pub use case::{Case, LicenceNeed, SkillNeed};
pub use judge::Judgement;
pub use location::Source;
pub use policy::{Policy, PolicyError, Weights};
pub use query::{Disclosure, Query, Term};
pub use rules::{Failures, Rule};
