//! Where an eligible person stands: the rank, and how far the last one listed is ahead. Must judge
//! others only as far as needed to know who comes before.

use crate::{
    explain::would_list::WouldList,
    judge::judgement::Judgement,
    query::Query,
    term::{ONE, Term},
};
use nearhand_domain::StaffId;
use serde::Serialize;

/// Where somebody stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// The place among all the eligible, from 1.
    pub rank: usize,
    /// Whether they are listed.
    pub listed: bool,
    /// Their score.
    pub score_micropoints: u64,
    /// The last one listed; `None` if nobody is.
    pub last: Option<LastListed>,
    /// Single changes of the person, each of which would list them; the smallest first: the one that
    /// leads to the lowest score. Empty for those listed.
    pub would_list: Vec<WouldList>,
}

/// The last one listed, and how far they are ahead.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LastListed {
    /// The person.
    pub staff: StaffId,
    /// Their place.
    pub rank: usize,
    /// Their score.
    pub score_micropoints: u64,
    /// How much higher it is; negative for somebody who stands before them.
    pub gap_micropoints: i64,
    /// The same for each applicable term.
    pub gaps: Vec<TermGap>,
}

/// How far the last one listed is ahead in one term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TermGap {
    /// The term.
    pub term: Term,
    /// What the person earns.
    pub has_micropoints: u64,
    /// What the last one listed earns.
    pub last_micropoints: u64,
    /// The difference.
    pub gap_micropoints: i64,
}

impl Query<'_> {
    /// Where a judged person stands who is eligible. Cost: at most a linear scan.
    pub(crate) fn standing(&self, of: &Judgement, limit: usize) -> Standing {
        let list = self.search(limit);
        let listed = list.iter().any(|one| one.slot == of.slot);
        let rank = match list.iter().position(|one| one.slot == of.slot) {
            Some(at) => at + 1,
            None => self.rank(of),
        };
        let would_list = if listed { Vec::new() } else { self.would_list(of, &list) };
        let score_micropoints = of.score;
        let last = list.last().map(|last| self.last_listed(of, last, list.len()));
        Standing { rank, listed, score_micropoints, last, would_list }
    }

    /// The place among all the eligible, from 1.
    fn rank(&self, of: &Judgement) -> usize {
        let before = |&slot: &u32| {
            let judged = self.judge_if(slot, of.score, ONE);
            slot != of.slot && judged.is_some_and(|judged| judged.order(of).is_lt())
        };
        match self.visible_slots() {
            Some(slots) => 1 + slots.iter().filter(|slot| before(slot)).count(),
            None => 1 + (0u32..).take(self.index.people().len()).filter(before).count(),
        }
    }

    fn last_listed(&self, of: &Judgement, last: &Judgement, rank: usize) -> LastListed {
        let gap = |theirs: u64, own: u64| theirs.cast_signed() - own.cast_signed();
        let gaps = of.terms(self).zip(last.terms(self)).map(|((term, _, has), (_, _, last))| {
            let gap_micropoints = gap(last, has);
            TermGap { term, has_micropoints: has, last_micropoints: last, gap_micropoints }
        });
        LastListed {
            staff: last.staff,
            rank,
            score_micropoints: last.score,
            gap_micropoints: gap(last.score, of.score),
            gaps: gaps.collect(),
        }
    }
}
