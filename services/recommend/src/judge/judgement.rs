//! The result of judging one person, and the order of candidates. Must compute nothing but the tie
//! break.

use crate::{
    judge::{
        location::{PlaceAndTime, Source},
        tie_break::TieBreak,
    },
    query::Query,
    rule::Failures,
    term::Term,
};
use nearhand_domain::{CaseId, StaffId};
use nearhand_index::people::load::LoadInputs;
use std::{cell::OnceCell, cmp::Ordering};

/// The result of judging one person.
#[derive(Clone, Debug)]
pub struct Judgement {
    pub(crate) slot: u32,
    pub(crate) staff: StaffId,
    pub(crate) case: CaseId,
    pub(crate) failed: Failures,
    pub(crate) at: PlaceAndTime,
    pub(crate) load: LoadInputs,
    /// Millionths by term.
    pub(crate) u: [u32; 9],
    /// Micro-points by term.
    pub(crate) points: [u64; 9],
    pub(crate) score: u64,
    /// Empty until it is first asked for: few people tie.
    pub(crate) tie_break: OnceCell<TieBreak>,
}

impl Judgement {
    /// The person's place in the index.
    #[must_use]
    pub fn slot(&self) -> u32 {
        self.slot
    }

    /// The person.
    #[must_use]
    pub fn staff(&self) -> StaffId {
        self.staff
    }

    /// The rules they fail, in table order.
    #[must_use]
    pub fn failed(&self) -> Failures {
        self.failed
    }

    /// Which place counts.
    #[must_use]
    pub fn source(&self) -> Source {
        self.at.primary.map_or(Source::None, |from| from.source)
    }

    /// Driving time in thousandths of minutes.
    #[must_use]
    pub fn eta_milli_min(&self) -> Option<i64> {
        self.at.primary.map(|from| from.eta_milli_min)
    }

    /// The weight of the ping, 0 to 1.
    #[must_use]
    pub fn ping_weight(&self) -> f64 {
        self.at.ping_weight
    }

    /// How late they would be, in milliseconds.
    #[must_use]
    pub fn late_ms(&self) -> i64 {
        self.at.late_ms
    }

    /// Load in millionths.
    #[must_use]
    pub fn load_ppm(&self) -> u32 {
        self.load.ppm()
    }

    /// The applicable terms, each with its millionths and its micro-points.
    pub fn terms(&self, query: &Query<'_>) -> impl Iterator<Item = (Term, u32, u64)> {
        let weights = query.weights;
        let of = |term: Term| (term, self.u[term as usize], self.points[term as usize]);
        Term::ALL.into_iter().filter(move |&term| weights[term as usize].is_some()).map(of)
    }

    /// The score in micro-points: the sum of the terms' points, at most 100 million.
    #[must_use]
    pub fn score(&self) -> u64 {
        self.score
    }

    /// Cost: one hash at the first call.
    pub(crate) fn tie_break(&self) -> &TieBreak {
        self.tie_break.get_or_init(|| TieBreak::new(self.case, self.staff))
    }

    /// The order of candidates: the higher score, then the shorter drive (no place comes last),
    /// the lower load, and the tie break.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        let eta = |of: &Self| of.eta_milli_min().unwrap_or(i64::MAX);
        other
            .score
            .cmp(&self.score)
            .then_with(|| eta(self).cmp(&eta(other)))
            .then_with(|| self.load.ppm().cmp(&other.load.ppm()))
            .then_with(|| self.tie_break().cmp(other.tie_break()))
    }
}
