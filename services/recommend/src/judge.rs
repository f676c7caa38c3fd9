//! Everything about one person and one case: rules, places, terms, points. Must give the same
//! whoever asks, scan or search.

use crate::{
    location::Whereabouts,
    query::{Query, Term, millis},
    rules::{self, Failures},
    terms,
};
use nearhand_domain::{CaseId, StaffId};
use nearhand_index::load::LoadInputs;
use sha2::{Digest, Sha256};
use std::{cell::OnceCell, cmp::Ordering};

/// What was found of one person.
#[derive(Clone, Debug)]
pub struct Judgement {
    pub(crate) slot: u32,
    pub(crate) staff: StaffId,
    pub(crate) failed: Failures,
    pub(crate) at: Whereabouts,
    pub(crate) load: LoadInputs,
    /// Millionths by term.
    pub(crate) u: [u32; 9],
    /// Micro-points by term.
    pub(crate) points: [u64; 9],
    pub(crate) score: u64,
    case: CaseId,
    lot: OnceCell<Lot>,
}

/// What decides between those otherwise equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lot([u8; 32]);

/// SHA-256 of case id and staff id: no name or age of account ever wins a tie.
pub(crate) fn lot(case: CaseId, staff: StaffId) -> Lot {
    let mut hash = Sha256::new();
    hash.update(case.0.as_bytes());
    hash.update(staff.0.as_bytes());
    Lot(hash.finalize().into())
}

impl Lot {
    /// Its beginning, in the same order.
    pub(crate) fn as_prefix(&self) -> u64 {
        self.0.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }
}

impl Judgement {
    /// The person's number in the index.
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
    pub fn source(&self) -> crate::Source {
        self.at.primary.map_or(crate::Source::None, |spot| spot.source)
    }

    /// Driving time in thousandths of minutes.
    #[must_use]
    pub fn eta_milli_min(&self) -> Option<i64> {
        self.at.primary.map(|spot| spot.eta_milli_min)
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

    /// The applicable terms with their millionths and micro-points.
    pub fn terms(&self, query: &Query<'_>) -> impl Iterator<Item = (Term, u32, u64)> {
        let weights = query.weights;
        let of = |term: Term| (term, self.u[term as usize], self.points[term as usize]);
        Term::ALL.into_iter().filter(move |&term| weights[term as usize].is_some()).map(of)
    }

    /// The score in micro-points: the sum of the terms'.
    #[must_use]
    pub fn score(&self) -> u64 {
        self.score
    }

    /// Worked out when it is first asked for.
    pub(crate) fn lot(&self) -> &Lot {
        self.lot.get_or_init(|| lot(self.case, self.staff))
    }

    /// The order of candidates: score falling, then driving time rising (none last), load rising,
    /// and the lot.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        let eta = |of: &Self| of.eta_milli_min().unwrap_or(i64::MAX);
        other
            .score
            .cmp(&self.score)
            .then_with(|| eta(self).cmp(&eta(other)))
            .then_with(|| self.load.ppm().cmp(&other.load.ppm()))
            .then_with(|| self.lot().cmp(other.lot()))
    }
}

impl Query<'_> {
    /// Judges a person fully, whether they fail or not. Cost: about half a microsecond.
    #[must_use]
    pub fn judge(&self, slot: u32) -> Judgement {
        let person = self.index.person(slot);
        let failed = rules::of_person(self, slot, person);
        let load = self.load(slot, person);
        let u = terms::of_person(self, slot, person, load);
        self.finish(slot, failed, load, u)
    }

    /// The rules a person fails.
    #[must_use]
    pub(crate) fn failures(&self, slot: u32) -> Failures {
        let person = self.index.person(slot);
        let failed = rules::of_person(self, slot, person);
        failed.and(rules::of_time(self, person, &self.locate(person)))
    }

    /// Judges a person as far as they may still be eligible and reach `threshold` micro-points
    /// with a travel term of at most `travel` millionths.
    pub(crate) fn judge_if(&self, slot: u32, threshold: u64, travel: u32) -> Option<Judgement> {
        let person = self.index.person(slot);
        // Whatever else there is, it is there already when nobody has to drive.
        let soonest = millis(self.start) + self.duration_ms;
        let failed = rules::of_person(self, slot, person);
        if !failed.and(rules::of_span(self, person, soonest)).is_empty() {
            return None;
        }
        let load = self.load(slot, person);
        let mut u = terms::of_person(self, slot, person, load);
        u[Term::Travel as usize] = travel;
        u[Term::Availability as usize] = terms::ONE;
        if self.sum(&u).1 < threshold {
            return None;
        }
        let judgement = self.finish(slot, Failures::default(), load, u);
        judgement.failed.is_empty().then_some(judgement)
    }

    fn finish(&self, slot: u32, failed: Failures, load: LoadInputs, mut u: [u32; 9]) -> Judgement {
        let person = self.index.person(slot);
        let at = self.locate(person);
        let failed = failed.and(rules::of_time(self, person, &at));
        u[Term::Travel as usize] = terms::travel(self, &at);
        u[Term::Availability as usize] = terms::availability(at.slack.map(|(slack, _)| slack));
        let (points, score) = self.sum(&u);
        let (staff, case) = (person.id(), self.case.id);
        Judgement { slot, staff, failed, at, load, u, points, score, case, lot: OnceCell::new() }
    }

    /// Points of each term and their sum.
    pub(crate) fn sum(&self, u: &[u32; 9]) -> ([u64; 9], u64) {
        let points = Term::ALL.map(|term| self.points(term, u[term as usize]));
        (points, points.iter().sum())
    }
}
