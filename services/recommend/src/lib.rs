//! Recommendations: who is fit for a case, and how well. Must stay pure: no I/O, no async, no wall
//! clock.
//!
//! The way of a question:
//! 1. [`recommend`](recommend()) takes a [`Case`], a [`Policy`] and a [`Request`].
//! 2. [`query`] translates them into codes, instants and weights of one index: a [`Query`].
//! 3. `search` finds the best candidates by upper bounds, without looking at everybody.
//! 4. [`judge`] decides about one person: hard rules, place and time, the terms of the score.
//!    `recommended_cases` judges one person for many cases.
//! 5. [`explain`] puts each candidate into words, and the funnel counts those left out.
//!
//! A policy has its own files: `presets` to begin with, `settings` for the ranges that organisations
//! may choose from, `exchange_rates` for what its weights mean in minutes, and `compare` for what
//! changing it does to one case. `packed` keeps an answer in a few bytes.
//!
//! Files use each other in this direction only: `recommend` uses `explain` and `search`, both use
//! `judge`, that uses `query`, and all use `case`, `policy`, `rule`, `term` and `rounding`.

pub mod case;
pub mod compare;
pub mod exchange_rates;
pub mod explain;
pub mod judge;
pub mod packed;
pub mod policy;
pub mod presets;
pub mod query;
pub mod recommend;
pub mod recommended_cases;
mod rounding;
pub mod rule;
mod search;
pub mod settings;
pub mod term;

pub use case::{Case, LicenceNeed, SkillNeed};
pub use explain::{
    Candidate,
    change::Change,
    failed_rule::{FailedRule, Item, Value},
    funnel::{BestRelaxation, Funnel, Removed},
    inputs::{Inputs, TermResult},
    standing::{LastListed, Standing, TermGap},
    why_not::WhyNot,
    would_list::WouldList,
};
pub use judge::{judgement::Judgement, location::Source};
pub use policy::{Policy, PolicyError, Weights};
pub use presets::Preset;
pub use query::{Disclosure, Query, viewport::Viewport};
pub use recommend::{DEFAULT_LIMIT, Recommendation, Request, recommend};
pub use recommended_cases::{RecommendedCases, RemovedCases, recommend_cases};
pub use rule::{Failures, Rule};
pub use term::Term;
