//! One recommendation: the best candidates, explained, with the funnel where it is due. Must be
//! a pure function of the index and the request.

use crate::{Candidate, Case, Disclosure, Funnel, Policy, Query};
use nearhand_index::OrgIndex;
use serde::Serialize;

/// Candidates listed if nobody says how many.
pub const DEFAULT_LIMIT: usize = 20;
/// With fewer candidates than this the funnel comes by itself.
const FUNNEL_BELOW: usize = 5;

/// How to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The instant of asking, in Unix seconds.
    pub as_of: i64,
    /// The instant of answering, in Unix seconds. The privacy gate is judged at both.
    pub shown_at: i64,
    /// How many candidates to list.
    pub limit: usize,
    /// What the caller may learn of whereabouts.
    pub disclosure: Disclosure,
    /// Whether the funnel is asked for.
    pub funnel: bool,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recommendation {
    /// One number for all that was read of the organisation, 32 hexadecimal digits.
    pub index_version: String,
    /// People who are not deleted.
    pub considered: usize,
    /// Best first.
    pub candidates: Vec<Candidate>,
    /// Who was left out and why: when asked for, and by itself when fewer than min(limit, 5) are
    /// left.
    pub funnel: Option<Funnel>,
}

/// Ranks the people of an organisation for a case. Cost: [`Query::search`], a few microseconds a
/// candidate, and [`Query::funnel`] where it is due.
#[must_use]
pub fn recommend(
    index: &OrgIndex,
    case: &Case,
    policy: &Policy,
    request: Request,
) -> Recommendation {
    let query = Query::new(index, case, policy, request.as_of, request.disclosure);
    let query = query.shown_at(request.shown_at);
    let best = query.search(request.limit);
    let due = request.funnel || best.len() < request.limit.min(FUNNEL_BELOW);
    let ranked = best.iter().zip(1..);
    Recommendation {
        index_version: index.index_version().to_string(),
        considered: index.considered(),
        candidates: ranked.map(|(judgement, rank)| query.explain(rank, judgement)).collect(),
        funnel: due.then(|| query.funnel()),
    }
}
