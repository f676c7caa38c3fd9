//! One recommendation: the best candidates, explained, and the funnel when it is due. Must be a
//! pure function of the index and the request.

use crate::{
    case::Case,
    explain::{
        Candidate,
        funnel::{ENOUGH, Funnel},
    },
    policy::Policy,
    query::{Disclosure, Query, viewport::Viewport},
};
use nearhand_domain::StaffId;
use nearhand_index::OrgIndex;
use rustc_hash::FxHashSet;
use serde::Serialize;

/// How many candidates are listed by default.
pub const DEFAULT_LIMIT: usize = 20;

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
    /// The version of the index that was read, 32 hexadecimal digits.
    pub index_version: String,
    /// People who are not deleted, whom the asker may see, and who are inside the viewport.
    pub considered: usize,
    /// People left out because the asker may not see them; `None` when the asker may see everybody.
    pub out_of_scope: Option<usize>,
    /// People left out because they are not shown inside the viewport, among them all who are not
    /// active; `None` without a viewport.
    pub outside_viewport: Option<usize>,
    /// Whether more people are eligible than are listed.
    pub truncated: bool,
    /// Active people considered who have neither a home nor a base: only a position, a job or a
    /// booking can place them.
    pub no_location: usize,
    /// Best first.
    pub candidates: Vec<Candidate>,
    /// How many people each rule removes. It is there when asked for, and when fewer than
    /// min(limit, 5) candidates are listed.
    pub funnel: Option<Funnel>,
}

/// Ranks the people of an organisation for a case; with a `scope`, only the people in it, and with a
/// `viewport`, only those shown inside. No score depends on either: the mean load stays the organisation's. Cost: [`Query::search`], a few
/// microseconds for each candidate, and [`Query::funnel`] when it is due.
#[must_use]
pub fn recommend(
    index: &OrgIndex,
    case: &Case,
    policy: &Policy,
    request: Request,
    scope: Option<&FxHashSet<StaffId>>,
    viewport: Option<Viewport>,
) -> Recommendation {
    let query = Query::new(index, case, policy, request.as_of, request.disclosure);
    let query = query.shown_at(request.shown_at).within(scope).inside(viewport);
    let all = index.considered();
    let visible = query.visible_slots().map_or(all, |slots| slots.len());
    let inside = query.slots_inside().map(<[u32]>::len);
    let considered = inside.unwrap_or(visible);
    let mut best = query.search(request.limit.saturating_add(1));
    let truncated = best.len() > request.limit;
    best.truncate(request.limit);
    let due = request.funnel || best.len() < request.limit.min(ENOUGH);
    let ranked = best.iter().zip(1..);
    Recommendation {
        index_version: index.index_version().to_string(),
        considered,
        out_of_scope: scope.map(|_| all.saturating_sub(visible)),
        outside_viewport: inside.map(|inside| visible.saturating_sub(inside)),
        truncated,
        no_location: query.people_without_place(),
        candidates: ranked.map(|(judgement, rank)| query.explain(rank, judgement)).collect(),
        funnel: due.then(|| query.funnel(request.limit)),
    }
}
