//! Everything about one person and one case: rules, place and time, terms, points. Must give the
//! same result to the scan, the search and the explanation, and must not look at other people.

mod commitments;
pub mod judgement;
pub mod location;
mod rules;
pub(crate) mod terms;
pub(crate) mod tie_break;
mod viewport;

use crate::{
    judge::{judgement::Judgement, location::PlaceAndTime},
    query::Query,
    rounding::millis,
    rule::Failures,
    term::{ONE, Term},
};
use nearhand_index::people::load::LoadInputs;
use std::cell::OnceCell;

impl Query<'_> {
    /// Judges a person fully, also when they fail. Cost: about half a microsecond.
    #[must_use]
    pub fn judge(&self, slot: u32) -> Judgement {
        let person = self.index.person(slot);
        let failed = rules::static_failures(self, slot, person);
        let load = self.load(slot, person);
        let u = terms::static_values(self, slot, person, load);
        self.finish(slot, failed, load, u)
    }

    /// The rules a person fails, and the place and the times they were judged by.
    pub(crate) fn failures(&self, slot: u32) -> (Failures, PlaceAndTime) {
        let person = self.index.person(slot);
        let (failed, at) = (rules::static_failures(self, slot, person), self.locate(person));
        (failed.and(rules::place_and_time_failures(self, person, &at)), at)
    }

    /// Judges a person whose travel term is at most `travel` millionths. Stops early, with `None`,
    /// when they fail a rule or cannot reach `threshold` micro-points.
    pub(crate) fn judge_if(&self, slot: u32, threshold: u64, travel: u32) -> Option<Judgement> {
        let person = self.index.person(slot);
        // A drive only makes the work end later, so a failure without any drive is final.
        let soonest = millis(self.start) + self.duration_ms;
        let failed = rules::static_failures(self, slot, person);
        if !failed.and(rules::calendar_failures(self, person, soonest)).is_empty() {
            return None;
        }
        let load = self.load(slot, person);
        let mut u = terms::static_values(self, slot, person, load);
        u[Term::Travel as usize] = travel;
        u[Term::Availability as usize] = ONE;
        if self.points_and_sum(&u).1 < threshold {
            return None;
        }
        let judgement = self.finish(slot, Failures::default(), load, u);
        judgement.failed.is_empty().then_some(judgement)
    }

    /// Adds the rules and terms that depend on place and time.
    fn finish(&self, slot: u32, failed: Failures, load: LoadInputs, mut u: [u32; 9]) -> Judgement {
        let person = self.index.person(slot);
        let at = self.locate(person);
        let failed = failed.and(rules::place_and_time_failures(self, person, &at));
        u[Term::Travel as usize] = terms::travel(self, &at);
        u[Term::Availability as usize] = terms::availability(at.slack.map(|(slack, _)| slack));
        let (points, score) = self.points_and_sum(&u);
        let (staff, case, tie_break) = (person.id(), self.case.id, OnceCell::new());
        Judgement { slot, staff, case, failed, at, load, u, points, score, tie_break }
    }
}
