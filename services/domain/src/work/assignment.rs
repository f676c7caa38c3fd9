//! The states of an assignment, who may move it from one to the next, and the time that it holds.
//! Must not read the clock or know of any table.

use crate::{access::words, time::Interval};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A person on site beyond the end of the held time is busy for at least this much longer.
pub const OVERTIME: SignedDuration = SignedDuration::from_mins(15);

words! {
    /// How far the work has come.
    AssignmentState {
        /// The person has it.
        Assigned = "assigned",
        /// They are on their way.
        EnRoute = "en_route",
        /// They are at work.
        OnSite = "on_site",
        /// They have finished.
        Done = "done",
        /// It was taken back.
        Cancelled = "cancelled",
    }
}

impl AssignmentState {
    /// Whether the work is still to be done. What is not open never changes again.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Done | Self::Cancelled)
    }

    /// Whether a slot of the case is taken by it.
    #[must_use]
    pub fn takes_slot(self) -> bool {
        self != Self::Cancelled
    }
}

/// Who moves an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mover {
    /// The person who holds it.
    Holder,
    /// People who may assign.
    Scheduler,
}

/// Why an assignment does not move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// It has ended.
    #[error("it is `{0}`, and stays so")]
    Ended(AssignmentState),
    /// The state lies behind it.
    #[error("it is `{from}` already, and does not go back to `{to}`")]
    Backward {
        /// Where it is.
        from: AssignmentState,
        /// Where it should go.
        to: AssignmentState,
    },
    /// Only a scheduler may do that.
    #[error("only a scheduler may set it to `{0}`")]
    NotYours(AssignmentState),
}

/// How far an assignment has come, and when it came to each state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Where it is.
    pub state: AssignmentState,
    /// When it was assigned.
    pub assigned_at: Timestamp,
    /// When they set out.
    pub en_route_at: Option<Timestamp>,
    /// When they arrived.
    pub on_site_at: Option<Timestamp>,
    /// When they finished.
    pub done_at: Option<Timestamp>,
    /// When it was taken back.
    pub cancelled_at: Option<Timestamp>,
}

impl Progress {
    /// Freshly assigned.
    #[must_use]
    pub fn assigned(at: Timestamp) -> Self {
        Self {
            state: AssignmentState::Assigned,
            assigned_at: at,
            en_route_at: None,
            on_site_at: None,
            done_at: None,
            cancelled_at: None,
        }
    }

    /// Moves to a state. States may be left out on the way forward. The state that it has already
    /// changes nothing, so that an app may repeat itself. No instant lies before an earlier one,
    /// also when the clock was set back.
    ///
    /// # Errors
    /// Why not.
    pub fn moved(self, to: AssignmentState, by: Mover, at: Timestamp) -> Result<Self, MoveError> {
        use AssignmentState as S;
        if by == Mover::Holder && matches!(to, S::Assigned | S::Cancelled) {
            return Err(MoveError::NotYours(to));
        }
        if to == self.state {
            return Ok(self);
        }
        if !self.state.is_open() {
            return Err(MoveError::Ended(self.state));
        }
        if to < self.state {
            return Err(MoveError::Backward { from: self.state, to });
        }
        let at = Some(at.max(self.latest()));
        let mut next = Self { state: to, ..self };
        match to {
            S::Assigned => {}
            S::EnRoute => next.en_route_at = at,
            S::OnSite => next.on_site_at = at,
            S::Done => next.done_at = at,
            S::Cancelled => next.cancelled_at = at,
        }
        Ok(next)
    }

    /// The last instant that is stamped.
    fn latest(self) -> Timestamp {
        let later = [self.en_route_at, self.on_site_at, self.done_at, self.cancelled_at];
        later.into_iter().flatten().fold(self.assigned_at, Timestamp::max)
    }
}

/// The time that an assignment holds: `[starts_at, ends_at)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldTime {
    /// First instant.
    pub starts_at: Timestamp,
    /// First instant after it.
    pub ends_at: Timestamp,
}

impl HeldTime {
    /// Of work at a fixed time.
    #[must_use]
    pub fn at(starts_at: Timestamp, duration: SignedDuration) -> Self {
        Self { starts_at, ends_at: later(starts_at, duration) }
    }

    /// Of work as soon as possible: from `now`, the drive and the work.
    #[must_use]
    pub fn soon(now: Timestamp, drive: SignedDuration, duration: SignedDuration) -> Self {
        Self { starts_at: now, ends_at: later(later(now, drive), duration) }
    }

    /// What is left when the work was finished earlier. It never begins later or ends later.
    #[must_use]
    pub fn cut(self, done_at: Timestamp) -> Self {
        Self { ends_at: self.ends_at.min(done_at).max(self.starts_at), ..self }
    }

    /// Until when the person is busy as known at `now`: beyond the end of the held time whoever is
    /// on site stays there a while.
    #[must_use]
    pub fn busy_until(self, state: AssignmentState, now: Timestamp) -> Timestamp {
        if state == AssignmentState::OnSite && self.ends_at <= now {
            later(now, OVERTIME)
        } else {
            self.ends_at
        }
    }

    /// The whole seconds that it touches.
    #[must_use]
    pub fn seconds(self) -> Interval {
        let end = self.ends_at.as_millisecond();
        Interval {
            start: self.starts_at.as_millisecond().div_euclid(1_000),
            end: end.div_euclid(1_000) + i64::from(end.rem_euclid(1_000) != 0),
        }
    }
}

/// An instant so much later; at the end of time the end of time.
fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[path = "assignment_tests.rs"]
mod tests;
