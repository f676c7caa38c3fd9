//! Jumps: fixes that the phone cannot have reached. A pure function of a device's fixes in the order
//! of their times, so that every order of arrival gives the same flags in the end.
//!
//! Each fix is compared with the last good one before it. One that could be reached from there is
//! good. One that could not be reached waits: it is a jump, until two more agree with it. Then all
//! three are good, and the first two are marked as released.
//!
//! A good fix that was never released, and the third of those, fully decide what follows. Such a fix
//! is called settled. So a late fix is judged from the settled one before it, until a settled one after
//! it shows that nothing changes from there on. Must not read or write anything.

use crate::{
    ping::{LiveRank, flags, live_rank},
    position::Position,
};
use std::{cmp::Reverse, collections::HashSet};
use uuid::Uuid;

/// Fixes further apart than this are not compared: by then a person may be anywhere.
pub const COMPARED_MS: i64 = 24 * 60 * 60 * 1_000;
/// How far behind the last new fix stored ones are looked at. Only a device that goes to and fro between
/// two places for longer than that, too fast all the time, might be judged otherwise by more of them.
pub const AFTER_MS: i64 = 2 * COMPARED_MS;
/// Many clients count whole seconds, so the time between two fixes is at least this.
const SHORTEST_MS: i64 = 1_000;
/// The marks of this module.
const MARKS: u8 = flags::JUMP | flags::RELEASED;

/// A fix as far as jumps go. Only fixes that may be live are judged, and mock ones are not.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackFix {
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// With the instant, which fix of the device.
    pub key: Uuid,
    /// Where.
    pub position: Position,
    /// Radius in metres.
    pub accuracy_m: Option<f32>,
    /// When it was received, Unix milliseconds.
    pub received_at_ms: i64,
    /// Its flags, as far as they are known.
    pub flags: u8,
}

/// What is stored of a device around new fixes.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// Fixes of the day before the first new one, oldest first; those of one instant in any order.
    pub before: Vec<TrackFix>,
    /// There are older ones of that day.
    pub before_cut: bool,
    /// Fixes from the first new one on, oldest first: all up to the last new one, and some of
    /// [`AFTER_MS`] after it.
    pub after: Vec<TrackFix>,
    /// There are more of that time.
    pub after_cut: bool,
}

/// See [`TrackFix::order`].
pub type TrackOrder = (i64, Reverse<LiveRank>, Uuid);

/// The flags of a fix.
pub type Flagged = (i64, Uuid, u8);

/// What follows for new fixes and for those around them.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The flags of the new ones, those of this module only; also of those that are stored already and
    /// came again.
    pub new: Vec<Flagged>,
    /// Stored ones whose flags change, and how.
    pub changed: Vec<Flagged>,
    /// The last good fix that was looked at.
    pub good: Option<TrackFix>,
    /// How far it was looked.
    pub end: End,
}

/// Where the flags of a device stop changing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// At a stored fix of this instant, after which nothing changes.
    Unchanged(i64),
    /// At the newest fix of the device, or a day before the next; whether that one is settled.
    Newest {
        /// Nothing waits for others that agree.
        settled: bool,
        /// Stored fixes after the last new one were looked at.
        looked_on: bool,
    },
}

impl TrackFix {
    /// The order of a device's fixes: of one instant the one first that would be live, so that others
    /// of that instant are compared with it.
    #[must_use]
    pub fn order(&self) -> TrackOrder {
        (self.at_ms, Reverse(self.rank()), self.key)
    }

    /// The greatest good one is live.
    #[must_use]
    pub fn rank(&self) -> LiveRank {
        live_rank(self.at_ms, self.accuracy_m, false, self.position)
    }

    /// Whether what follows depends on this fix alone.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.flags & MARKS == 0
    }
}

/// Whether somebody may have come from the first fix to the second, which is not older, at
/// `limit_mps` metres a second.
#[must_use]
pub fn reachable(limit_mps: f64, from: &TrackFix, to: &TrackFix) -> bool {
    let apart_ms = to.at_ms - from.at_ms;
    if apart_ms > COMPARED_MS {
        return true;
    }
    let radius = |fix: &TrackFix| f64::from(fix.accuracy_m.unwrap_or(0.0));
    let distance_m = from.position.metres_to(to.position) - radius(from) - radius(to);
    #[expect(clippy::cast_precision_loss, reason = "at most a day in milliseconds")]
    let seconds = apart_ms.max(SHORTEST_MS) as f64 / 1_000.0;
    distance_m <= limit_mps * seconds
}

/// Whether all of these fixes, in their order, are good, because they go on from a settled fix that is
/// the newest of its device. Needs no other stored fix.
#[must_use]
pub fn goes_on(limit_mps: f64, newest: &TrackFix, fixes: &[TrackFix]) -> bool {
    let mut last = newest;
    fixes.iter().all(|fix| {
        let good = fix.at_ms > newest.at_ms && reachable(limit_mps, last, fix);
        last = fix;
        good
    })
}

/// Judges new fixes, in their order, among those stored around them. `None`: more of what is stored
/// must be known.
#[must_use]
pub fn judge(limit_mps: f64, new: &[TrackFix], around: &Around) -> Option<Verdict> {
    let (first, last) = new.first().zip(new.last())?;
    let mut judging =
        Judging { limit_mps, track: track(new, around)?, good: None, waiting: vec![] };
    debug_assert!(first.at_ms <= last.at_ms);
    let end = judging.run(last.order());
    if around.after_cut && matches!(end, (_, End::Newest { .. })) {
        return None;
    }
    Some(judging.verdict(end))
}

/// A fix of the track that is judged.
struct Item {
    fix: TrackFix,
    is_stored: bool,
    /// It has come now, perhaps again.
    has_come: bool,
    marks: u8,
}

/// The fixes to look at, from a settled one on, or from the first of all.
fn track(new: &[TrackFix], around: &Around) -> Option<Vec<Item>> {
    let mut before = around.before.as_slice();
    if around.before_cut {
        // Others of the oldest instant may be missing.
        let oldest = before.first().map(|fix| fix.at_ms);
        let begin = before.partition_point(|fix| Some(fix.at_ms) == oldest);
        before = &before[begin..];
    }
    let mut before = before.to_vec();
    before.sort_by_key(TrackFix::order);
    let begin = match before.iter().rposition(TrackFix::is_settled) {
        Some(begin) => begin,
        None if around.before_cut => return None,
        // Whatever is good lies more than a day before.
        None => before.len(),
    };
    let mut after = around.after.as_slice();
    if around.after_cut {
        let (newest, last) = (after.last().map(|fix| fix.at_ms), new.last().map(|fix| fix.at_ms));
        if newest > last {
            let end = after.partition_point(|fix| Some(fix.at_ms) < newest);
            after = &after[..end];
        }
    }
    let stored = before[begin..].iter().chain(after).map(|fix| (fix, true));
    let all = stored.chain(new.iter().map(|fix| (fix, false)));
    // Of a fix that came again, the first counts, as in the table.
    let come: HashSet<(i64, Uuid)> = new.iter().map(|fix| (fix.at_ms, fix.key)).collect();
    let mut seen = HashSet::new();
    let mut items: Vec<Item> = all
        .filter(|(fix, _)| seen.insert((fix.at_ms, fix.key)))
        .map(|(fix, is_stored)| {
            let has_come = come.contains(&(fix.at_ms, fix.key));
            Item { fix: *fix, is_stored, has_come, marks: 0 }
        })
        .collect();
    items.sort_by_key(|item| item.fix.order());
    Some(items)
}

struct Judging {
    limit_mps: f64,
    track: Vec<Item>,
    /// The last good one.
    good: Option<usize>,
    /// Those at the end that agree with each other and wait for more.
    waiting: Vec<usize>,
}

impl Judging {
    /// Judges one after the other until nothing changes; returns the last one judged.
    fn run(&mut self, last_new: TrackOrder) -> (usize, End) {
        let mut looked_on = false;
        for at in 0..self.track.len() {
            self.step(at);
            let item = &self.track[at];
            let order = item.fix.order();
            looked_on |= order > last_new;
            let is_settled = self.waiting.is_empty();
            if order >= last_new && item.is_stored && is_settled && item.fix.is_settled() {
                return (at, End::Unchanged(item.fix.at_ms));
            }
        }
        let settled = self.waiting.is_empty();
        (self.track.len().saturating_sub(1), End::Newest { settled, looked_on })
    }

    fn step(&mut self, at: usize) {
        let reached =
            |from: usize| reachable(self.limit_mps, &self.track[from].fix, &self.track[at].fix);
        if self.good.is_none_or(reached) {
            self.good = Some(at);
            self.waiting.clear();
        } else if self.waiting.last().copied().is_some_and(reached) {
            if self.waiting.len() == 2 {
                for waited in self.waiting.drain(..) {
                    self.track[waited].marks = flags::RELEASED;
                }
                self.good = Some(at);
            } else {
                self.wait(at);
            }
        } else {
            self.waiting.clear();
            self.wait(at);
        }
    }

    fn wait(&mut self, at: usize) {
        self.track[at].marks = flags::JUMP;
        self.waiting.push(at);
    }

    fn verdict(self, (last, end): (usize, End)) -> Verdict {
        let judged = &self.track[..=last.min(self.track.len() - 1)];
        let flagged = |item: &Item| (item.fix.at_ms, item.fix.key, item.marks);
        let changed = |item: &&Item| item.is_stored && item.fix.flags & MARKS != item.marks;
        Verdict {
            new: judged.iter().filter(|item| item.has_come).map(flagged).collect(),
            changed: judged.iter().filter(changed).map(flagged).collect(),
            good: self.good.map(|good| self.track[good].fix),
            end,
        }
    }
}

#[cfg(test)]
#[path = "jumps_tests.rs"]
mod tests;
