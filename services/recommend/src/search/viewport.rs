//! The search within a viewport. Must list the same people as the scan does.
//!
//! The bounds of the tree cannot leave out nodes outside: a person shown inside may owe their score
//! to a place outside. So the people inside are found first. If they are few, all are judged; the
//! tree would lead past everybody who is nearer and outside. If they are many, the search soon finds
//! enough of them.

use crate::{judge::judgement::Judgement, query::Query, search::top_k::TopK};

/// Up to so many people are judged whole, at half a microsecond each.
const FEW: usize = 20_000;

impl Query<'_> {
    /// The best of the people inside, and how many were looked at; `None` if there is no viewport,
    /// or if too many are inside.
    pub(super) fn search_viewport(&self, limit: usize) -> Option<(Vec<Judgement>, usize)> {
        let slots = self.slots_inside().filter(|slots| slots.len() <= FEW)?;
        let mut best = TopK::new(limit);
        for judgement in slots.iter().map(|&slot| self.judge(slot)) {
            if judgement.failed().is_empty() {
                best.offer(judgement);
            }
        }
        Some((best.into_sorted(), slots.len()))
    }
}
