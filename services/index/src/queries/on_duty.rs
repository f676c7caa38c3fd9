//! Whether somebody works now. Must follow the same hours and bookings as the ranking.

use crate::{OrgIndex, people::person::Person};

/// What a person is doing as far as their plan tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Duty {
    /// Within working hours and not absent; without working hours, on duty.
    pub on_shift: bool,
    /// Booked for a case now.
    pub busy: bool,
}

impl OrgIndex {
    /// What a person does at `at`, in Unix seconds. Cost: a binary search, and one look at each of
    /// their absences and bookings.
    #[must_use]
    pub(crate) fn duty(&self, person: &Person, at: i64) -> Duty {
        let holds = |start: i64, end: i64| start <= at && at < end;
        let absent = person.time_off().iter().any(|off| holds(off.start, off.end));
        let on_shift = match person.hours() {
            Some(hours) => self.schedules.shift(hours, at, at, at.saturating_add(1)).is_some(),
            None => !person.is_off_duty(),
        };
        let busy = person.bookings().iter().filter(|booking| !booking.cancelled).any(|booking| {
            let held = booking.time_at(at);
            holds(held.start, held.end)
        });
        Duty { on_shift: on_shift && !absent, busy }
    }
}
