//! Who was left out and why. Must count everybody who is not deleted.

use crate::{Query, Rule};
use serde::Serialize;

/// How the people considered became few.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Funnel {
    /// People who are not deleted.
    pub considered: usize,
    /// People whom no rule removes.
    pub eligible: usize,
    /// What each rule removes, in table order; rules that remove nobody are left out.
    pub removed: Vec<Removed>,
}

/// What one rule removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// Which.
    pub rule: Rule,
    /// Everybody who fails it.
    pub people: usize,
    /// Everybody who fails it and nothing else.
    pub by_this_alone: usize,
}

impl Query<'_> {
    /// Counts what each rule removes. O(people): about half a microsecond each.
    #[must_use]
    pub fn funnel(&self) -> Funnel {
        let mut funnel = Funnel { considered: 0, eligible: 0, removed: Vec::new() };
        let mut counts = Rule::ALL.map(|rule| Removed { rule, people: 0, by_this_alone: 0 });
        for (person, slot) in self.index.people().iter().zip(0u32..) {
            if person.is_deleted() {
                continue;
            }
            let failed = self.failures(slot);
            funnel.considered += 1;
            funnel.eligible += usize::from(failed.is_empty());
            failed.iter().for_each(|rule| counts[rule as usize].people += 1);
            if let Some(rule) = failed.only() {
                counts[rule as usize].by_this_alone += 1;
            }
        }
        funnel.removed.extend(counts.into_iter().filter(|removed| removed.people > 0));
        funnel
    }
}
