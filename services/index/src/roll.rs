//! Loads kept for the hours around the present, and moving on with time in small steps. Must give
//! the same loads kept or computed.

use crate::{
    OrgIndex, Person,
    load::{
        DEFAULT_CAPACITY_MIN, LoadInputs, RunningMean, kept_hours, parity, whole_minutes, window,
    },
    number,
    person::flag,
    schedules::HOURS_HOLD_S,
};
use nearhand_domain::{
    CaseId,
    time::{HOUR_S, Interval},
};

/// People whose load moves on in one step; a step takes some microseconds.
const PEOPLE_A_STEP: usize = 64;

/// How far rolling has come; begin with the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Roll {
    schedule: usize,
    /// People below this number know their schedule's hours.
    told: usize,
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
        let committed: i64 =
            booked.filter_map(|booking| booking.time.clip(window)).map(Interval::seconds).sum();
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

    /// The same as if nothing were booked for `case`. Computed.
    #[must_use]
    pub fn load_without(&self, person: &Person, hour: i64, case: CaseId) -> LoadInputs {
        if person.flags & flag::LOAD_GIVEN != 0 {
            return person.loads[0];
        }
        let window = window(hour);
        let booked = person.bookings().iter().filter(|b| !b.cancelled && b.case != case);
        let committed: i64 =
            booked.filter_map(|booking| booking.time.clip(window)).map(Interval::seconds).sum();
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

    /// Moves horizons and kept hours on to `now`, a little at a time: call until it returns true,
    /// letting go of the lock in between. Nothing happens while the hours are the same.
    ///
    /// Cost of a step: one schedule's expansion at most, or a few dozen people's loads.
    pub fn roll_step(&mut self, roll: &mut Roll, now: i64) -> bool {
        let hours = kept_hours(now);
        if roll.schedule < self.schedules.len() {
            self.schedules.roll(roll.schedule, now, hours);
            roll.schedule += 1;
            return false;
        }
        if self.schedules.any_renewed() {
            self.tell_hours(roll);
            return false;
        }
        if !roll.people {
            roll.people = true;
            for hour in hours {
                let kept = &mut self.kept[parity(hour)];
                if kept.hour != hour {
                    kept.hour = hour;
                    (kept.ready, kept.done, kept.mean) = (false, 0, RunningMean::default());
                }
            }
        }
        let Some(at) = self.kept.iter().filter(|k| !k.ready).map(|k| k.done).min() else {
            return true;
        };
        let end = (at + PEOPLE_A_STEP).min(self.people.len());
        for slot in at..end {
            self.roll_person(slot);
        }
        for kept in self.kept.iter_mut().filter(|kept| !kept.ready && kept.done < end) {
            kept.done = end;
        }
        if end == self.people.len() {
            self.kept.iter_mut().for_each(|kept| kept.ready = true);
            return true;
        }
        false
    }

    /// Makes the nodes above some more people cover the hours their schedules have become.
    fn tell_hours(&mut self, roll: &mut Roll) {
        let end = (roll.told + PEOPLE_A_STEP).min(self.people.len());
        for slot in roll.told..end {
            let person = &self.people[slot];
            let renewed = person.hours.is_some_and(|hours| self.schedules.is_renewed(hours));
            if renewed && person.is_active() {
                self.refresh_masks(number(slot));
            }
        }
        roll.told = end;
        if end == self.people.len() {
            self.schedules.all_told();
        }
    }

    fn roll_person(&mut self, slot: usize) {
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
        if person.is_active() && lowest(person.loads) < lowest(before) {
            self.refresh_masks(number(slot));
        }
    }
}
