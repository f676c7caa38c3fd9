//! The week whose loads are kept, and how it moves on with time in small steps. A kept load must be
//! the one that is computed.

use crate::{
    OrgIndex, Person,
    numbers::number,
    people::{
        free_hours::window_from,
        load::{
            DEFAULT_CAPACITY_MIN, LoadInputs, RunningMean, kept_hours, parity, whole_minutes,
            window,
        },
        person::{Booking, flag},
        schedules::HOURS_HOLD_S,
    },
};
use nearhand_domain::{
    CaseId,
    time::{HOUR_S, Interval},
};

/// People who are updated in one step. A step takes some microseconds, and up to about 0.2 ms when
/// the free hours of all of them change.
const PEOPLE_A_STEP: usize = 32;

/// How far the window has been moved; begin with the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct LoadWindowProgress {
    schedule: usize,
    /// People below this slot have the hours of their schedule in the tree.
    refreshed: usize,
    people: bool,
}

impl OrgIndex {
    /// The load inputs of the week from an hour, computed. Cost: the bookings and absences.
    #[must_use]
    pub(crate) fn load_inputs(&self, person: &Person, hour: i64) -> LoadInputs {
        if person.flags & flag::LOAD_GIVEN != 0 {
            return person.loads[0];
        }
        let window = window(hour);
        let booked = person.bookings().iter().filter(|booking| !booking.cancelled);
        let committed: i64 = booked.map(|booking| committed_s(booking, window)).sum();
        let capacity_min = person.hours.map_or(DEFAULT_CAPACITY_MIN, |hours| {
            let off = person.time_off();
            let worked = self.schedules.capacity_s(hours, hour);
            if off.iter().all(|off| !off.overlaps(window)) {
                return whole_minutes(worked);
            }
            let lost: i64 = self.schedules.with(hours, window, |hours| {
                let parts = hours.iter().filter_map(|worked| worked.clip(window));
                parts
                    .flat_map(|worked| off.iter().filter_map(move |off| off.clip(worked)))
                    .map(Interval::seconds)
                    .sum()
            });
            whole_minutes(worked - lost)
        });
        LoadInputs { committed_min: whole_minutes(committed), capacity_min }
    }

    /// Whether the loads of an hour are kept for everybody.
    #[must_use]
    pub fn keeps(&self, hour: i64) -> bool {
        let kept = &self.kept[parity(hour)];
        kept.ready && kept.hour == hour
    }

    /// A person's load inputs at an hour: kept ones if there are any, else computed.
    #[must_use]
    pub fn load(&self, person: &Person, hour: i64) -> LoadInputs {
        if self.keeps(hour) { person.load_at(hour) } else { self.load_inputs(person, hour) }
    }

    /// The same without the bookings of `case`. Computed.
    #[must_use]
    pub fn load_without(&self, person: &Person, hour: i64, case: CaseId) -> LoadInputs {
        if person.flags & flag::LOAD_GIVEN != 0 {
            return person.loads[0];
        }
        let window = window(hour);
        let booked = person.bookings().iter().filter(|b| !b.cancelled && b.case != case);
        let committed: i64 = booked.map(|booking| committed_s(booking, window)).sum();
        LoadInputs { committed_min: whole_minutes(committed), ..self.load(person, hour) }
    }

    /// Whether the nodes' hours of the week hold at an instant: for more than a year around the
    /// kept hours.
    #[must_use]
    pub fn hours_hold(&self, at: i64) -> bool {
        let kept = self.kept[0].hour.saturating_mul(HOUR_S);
        at.saturating_sub(kept).saturating_abs() < HOURS_HOLD_S
    }

    /// The mean load of active people at an hour, in millionths. O(people) for an hour that is
    /// not kept.
    #[must_use]
    pub fn mean_load(&self, hour: i64) -> u32 {
        if self.keeps(hour) {
            return self.kept[parity(hour)].mean.ppm();
        }
        let mut mean = RunningMean::default();
        for person in self.people.iter().filter(|person| person.is_active()) {
            mean.add(self.load_inputs(person, hour));
        }
        mean.ppm()
    }

    /// Moves horizons and kept hours on to `now`, one small step a call. Call it until it returns
    /// true, and release the lock in between. Nothing happens while the hours are the same.
    ///
    /// Cost of a step: one schedule's expansion at most, or a few dozen people's loads.
    pub fn advance_load_window(&mut self, progress: &mut LoadWindowProgress, now: i64) -> bool {
        let hours = kept_hours(now);
        if progress.schedule < self.schedules.len() {
            self.schedules.advance(progress.schedule, now, hours);
            progress.schedule += 1;
            return false;
        }
        if self.schedules.any_renewed() {
            self.refresh_hours(progress);
            return false;
        }
        if !progress.people {
            progress.people = true;
            for hour in hours {
                let kept = &mut self.kept[parity(hour)];
                if kept.hour != hour {
                    kept.hour = hour;
                    (kept.ready, kept.done, kept.mean) = (false, 0, RunningMean::default());
                }
            }
            // Until everybody is updated, only hours of both windows are right.
            let (valid, coming) = (self.free_hours_valid, window_from(self.first_kept_hour()));
            self.free_hours_valid = (valid.0.max(coming.0), valid.1.min(coming.1));
        }
        let Some(at) = self.kept.iter().filter(|k| !k.ready).map(|k| k.done).min() else {
            self.free_hours_valid = window_from(self.first_kept_hour());
            return true;
        };
        let end = (at + PEOPLE_A_STEP).min(self.people.len());
        for slot in at..end {
            self.advance_person(slot);
        }
        for kept in self.kept.iter_mut().filter(|kept| !kept.ready && kept.done < end) {
            kept.done = end;
        }
        if end == self.people.len() {
            self.kept.iter_mut().for_each(|kept| kept.ready = true);
            self.free_hours_valid = window_from(self.first_kept_hour());
            return true;
        }
        false
    }

    /// Makes the nodes above some more people cover the new hours of their schedules.
    fn refresh_hours(&mut self, progress: &mut LoadWindowProgress) {
        let end = (progress.refreshed + PEOPLE_A_STEP).min(self.people.len());
        for slot in progress.refreshed..end {
            let person = &self.people[slot];
            let renewed = person.hours.is_some_and(|hours| self.schedules.is_renewed(hours));
            if renewed && person.is_active() {
                self.refresh_masks(number(slot));
            }
        }
        progress.refreshed = end;
        if end == self.people.len() {
            self.schedules.all_refreshed();
        }
    }

    fn advance_person(&mut self, slot: usize) {
        let before = self.people[slot].loads;
        for at in 0..2 {
            let kept = self.kept[at];
            if kept.ready || slot < kept.done {
                continue;
            }
            let load = self.load_inputs(&self.people[slot], kept.hour);
            self.people[slot].loads[at] = load;
            if self.people[slot].is_active() {
                self.kept[at].mean.add(load);
            }
        }
        let (person, lowest) =
            (&self.people[slot], |loads: [LoadInputs; 2]| loads[0].ppm().min(loads[1].ppm()));
        let (active, lighter) = (person.is_active(), lowest(person.loads) < lowest(before));
        let first_hour = self.first_kept_hour();
        let freed = self.people[slot].keep_free_hours(first_hour);
        if active && (lighter || freed) {
            self.refresh_masks(number(slot));
        }
    }
}

/// The seconds that a booking takes of a week, as of the week's beginning. So a load stays the same
/// for an hour, though an open-ended booking gets longer.
fn committed_s(booking: &Booking, window: Interval) -> i64 {
    booking.time_at(window.start).clip(window).map_or(0, Interval::seconds)
}
