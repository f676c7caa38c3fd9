//! Recommendations: hard rules, where people will be, the score, its explanation, and the exact
//! search for the best. Pure: no I/O, no async, no wall clock.

mod able;
mod bounds;
pub mod case;
pub mod explain;
pub mod funnel;
pub mod judge;
pub mod location;
pub mod policy;
mod profiles;
pub mod query;
pub mod recommend;
pub mod rules;
mod scan;
mod search;
mod terms;
mod worth;

pub use case::{Case, LicenceNeed, SkillNeed};
pub use explain::{Candidate, Inputs, TermResult};
pub use funnel::{Funnel, Removed};
pub use judge::Judgement;
pub use location::Source;
pub use policy::{Policy, PolicyError, Weights};
pub use query::{Disclosure, Query, Term};
pub use recommend::{DEFAULT_LIMIT, Recommendation, Request, recommend};
pub use rules::{Failures, Rule};
