//! The funnel: how many people each rule removes, and the change that brings back most. Must count
//! everybody who is not deleted, in one scan.

pub use crate::explain::relaxation::BestRelaxation;
use crate::{explain::relaxation::Relaxations, query::Query, rule::Rule};
use serde::Serialize;

/// How many people were considered, and how many each rule removes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Funnel {
    /// People who are not deleted, whom the asker may see, and who are inside the viewport.
    pub considered: usize,
    /// People whom the asker may not see; `None` when the asker may see everybody.
    pub out_of_scope: Option<usize>,
    /// People whom no rule removes.
    pub eligible: usize,
    /// The rules that remove somebody, in table order.
    pub removed: Vec<Removed>,
    /// The single change that brings back most people; `None` if enough are eligible, or if no single
    /// change brings back anybody.
    pub best_relaxation: Option<BestRelaxation>,
}

/// With fewer candidates than this, people are missing, and an answer has a funnel without being
/// asked.
pub(crate) const ENOUGH: usize = 5;

/// The people that one rule removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// The rule.
    pub rule: Rule,
    /// People who fail it.
    pub people: usize,
    /// People who fail it and no other rule.
    pub by_this_alone: usize,
}

impl Query<'_> {
    /// Counts the people that each rule removes, and finds the change that brings back what is
    /// missing to min(`limit`, 5) candidates. O(people): about half a microsecond each, and the same
    /// again for people whom only that change's rule removes.
    #[must_use]
    pub fn funnel(&self, limit: usize) -> Funnel {
        let (mut considered, mut hidden, mut eligible) = (0, 0, 0);
        let mut counts = Rule::ALL.map(|rule| Removed { rule, people: 0, by_this_alone: 0 });
        let mut relaxations = Relaxations::new(self);
        for (person, slot) in self.index.people().iter().zip(0u32..) {
            if person.is_deleted() {
                continue;
            }
            if !self.may_see(slot) {
                hidden += 1;
                continue;
            }
            if !self.is_slot_inside(slot) {
                continue;
            }
            let (failed, at) = self.failures(slot);
            considered += 1;
            eligible += usize::from(failed.is_empty());
            failed.iter().for_each(|rule| counts[rule as usize].people += 1);
            if let Some(rule) = failed.only() {
                counts[rule as usize].by_this_alone += 1;
            }
            relaxations.add(self, slot, failed, &at);
        }
        let missing = limit.min(ENOUGH).saturating_sub(eligible);
        Funnel {
            considered,
            out_of_scope: self.scope.map(|_| hidden),
            eligible,
            removed: counts.into_iter().filter(|removed| removed.people > 0).collect(),
            best_relaxation: relaxations.best(self, missing),
        }
    }
}
