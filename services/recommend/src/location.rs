//! Where a person will be and when they can start. Must follow the contract's stage B to the
//! letter; freshness decides which place counts and earns nothing.

use crate::{
    Disclosure,
    query::{Query, from_milli, millis, minutes},
};
use nearhand_domain::{Position, facts::MockPolicy, time::Interval};
use nearhand_index::{
    Grade, Person, cells,
    load::LoadInputs,
    person::{Booking, Ping, StartKind},
    schedules::ScheduleId,
};
use serde::Serialize;

/// Which place counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The site of the booking before.
    Booking,
    /// The last fix.
    Ping,
    /// The site of a job just finished.
    LastJob,
    /// Home.
    Home,
    /// The department's or organisation's base.
    Base,
    /// No place is known.
    None,
}

/// A place and the way from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spot {
    pub(crate) source: Source,
    pub(crate) position: Position,
    pub(crate) km: f64,
    pub(crate) eta_milli_min: i64,
}

/// Where a person will be, and what follows for the time.
#[derive(Clone, Debug)]
pub(crate) struct Whereabouts {
    /// The place shown and judged by.
    pub(crate) primary: Option<Spot>,
    pub(crate) ping: Option<Spot>,
    pub(crate) fallback: Option<Spot>,
    /// The weight of the ping, 0 to 1.
    pub(crate) ping_weight: f64,
    /// End of the work in Unix milliseconds.
    pub(crate) end_ms: i64,
    pub(crate) shift: Option<Interval>,
    pub(crate) late_ms: i64,
    pub(crate) late_for_next_ms: i64,
    /// The smallest slack and what makes it.
    pub(crate) slack: Option<(i64, SlackOf)>,
}

/// What leaves the least time to spare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SlackOf {
    /// Getting there.
    Arrival,
    /// Getting to the next booking.
    NextBooking,
    /// The end of the shift.
    ShiftEnd,
}

impl Query<'_> {
    /// The fix that counts, if any: not history only, and permitted at its time, at `as_of` and at
    /// the time of answering. An answer about the past shows nobody who is hidden by now.
    pub(crate) fn counted_ping<'p>(&self, person: &'p Person) -> Option<&'p Ping> {
        let ping = person.ping()?;
        let hidden = ping.mock && self.index.mock_policy() == MockPolicy::HistoryOnly;
        let allowed = |at| self.index.tracking_allowed(person, at);
        let shown = allowed(self.as_of) && (self.as_of == self.shown_at || allowed(self.shown_at));
        (!hidden && shown).then_some(ping)
    }

    /// Bookings that count: not cancelled, not of this case.
    pub(crate) fn bookings<'p>(&self, person: &'p Person) -> impl Iterator<Item = &'p Booking> {
        let case = self.case.id;
        person.bookings().iter().filter(move |b| !b.cancelled && b.case != case)
    }

    /// The load that counts: the week's; of those who hold the case, without its bookings.
    ///
    /// Whoever holds it is no candidate, so that nodes may reckon with everybody's plain load.
    pub(crate) fn load(&self, slot: u32, person: &Person) -> LoadInputs {
        if !self.assigned.is_empty() && self.assigned.binary_search(&slot).is_ok() {
            self.index.load_without(person, self.hour, self.case.id)
        } else {
            self.index.load(person, self.hour)
        }
    }

    /// The age of a fix in minutes, never negative.
    pub(crate) fn age_min(&self, ping: &Ping) -> f64 {
        from_milli(millis(self.as_of).saturating_sub(ping.fix_at_ms).max(0)) / 60.0
    }

    /// c: 2^(−age/20) · 2^(−lead/60) · a.
    pub(crate) fn ping_weight(&self, ping: &Ping) -> f64 {
        let age = self.age_min(ping);
        if self.case.urgent && age > self.policy.urgent_ping_max_age_min {
            return 0.0;
        }
        let trust = self.ping_trust(ping);
        if trust <= 0.0 {
            return 0.0;
        }
        libm::exp2(-age / self.policy.ping_half_life_min) * self.lead_factor * trust
    }

    /// a, with the halving of mock fixes.
    pub(crate) fn ping_trust(&self, ping: &Ping) -> f64 {
        let accuracy = match ping.grade() {
            Some(Grade::Live) => 1.0,
            Some(Grade::Coarse) => 0.5,
            None => 0.0,
        };
        let halved = ping.mock && self.index.mock_policy() == MockPolicy::Penalise;
        if halved { accuracy * 0.5 } else { accuracy }
    }

    /// The booking whose site alone counts, if there is one.
    pub(crate) fn holding_booking<'p>(&self, person: &'p Person) -> Option<&'p Booking> {
        let hold_min = self.policy.booking_hold_h * 60.0;
        self.bookings(person)
            .filter(|b| b.position.is_some() && self.as_of < b.time.end && b.time.end <= self.start)
            .filter(|b| minutes(self.start - b.time.end) <= hold_min)
            .max_by_key(|b| (b.time.end, b.time.start, b.id))
    }

    /// The place that counts without a ping, and as what.
    pub(crate) fn fallback(
        &self,
        person: &Person,
        ping: Option<&Ping>,
    ) -> Option<(Source, Position)> {
        let hold_min = self.policy.last_job_hold_h * 60.0;
        let job = person.last_job().filter(|job| {
            job.completed_at <= self.as_of
                && minutes(self.as_of.saturating_sub(job.completed_at)) <= hold_min
                && ping.is_none_or(|ping| millis(job.completed_at) > ping.fix_at_ms)
        });
        match (job, person.start()) {
            (Some(job), _) => Some((Source::LastJob, job.position)),
            (None, Some((at, StartKind::Home))) => Some((Source::Home, at)),
            (None, Some((at, StartKind::Base))) => Some((Source::Base, at)),
            (None, None) => None,
        }
    }

    fn spot(&self, source: Source, position: Position) -> Spot {
        let private = matches!(source, Source::Ping | Source::LastJob | Source::Home);
        let position = if private && self.disclosure == Disclosure::Coarse {
            cells::coarse(position)
        } else {
            position
        };
        let km = self.origin.km_to(position);
        Spot { source, position, km, eta_milli_min: self.eta_milli_min(km) }
    }

    /// Where a person will be. Cost: one to three haversine distances.
    pub(crate) fn locate(&self, person: &Person) -> Whereabouts {
        let mut at = Whereabouts {
            primary: None,
            ping: None,
            fallback: None,
            ping_weight: 0.0,
            end_ms: 0,
            shift: None,
            late_ms: 0,
            late_for_next_ms: 0,
            slack: None,
        };
        let booking = self.holding_booking(person).and_then(|booking| booking.position);
        if let Some(position) = booking {
            at.primary = Some(self.spot(Source::Booking, position));
        } else {
            let ping = self.counted_ping(person);
            at.ping_weight = ping.map_or(0.0, |ping| self.ping_weight(ping));
            if let Some(ping) = ping.filter(|_| at.ping_weight > 0.0) {
                at.ping = Some(self.spot(Source::Ping, ping.position));
            }
            let fallback = self.fallback(person, ping);
            at.fallback = fallback.map(|(source, position)| self.spot(source, position));
            at.primary = if at.ping_weight >= 0.5 { at.ping } else { at.fallback.or(at.ping) };
        }
        self.schedule(person, &mut at);
        at
    }

    /// The shift that holds the work until `end`.
    fn shift(&self, hours: ScheduleId, end: i64) -> Option<Interval> {
        let schedules = self.index.schedules();
        let shift = || schedules.shift(hours, self.as_of, self.start, end);
        if schedules.is_near(hours, self.as_of, self.start, end) {
            return shift();
        }
        *self.far_shifts.borrow_mut().entry((hours, end)).or_insert_with(shift)
    }

    /// Fills in what follows for the time.
    fn schedule(&self, person: &Person, at: &mut Whereabouts) {
        let eta_ms = at.primary.map_or(0, |spot| spot.eta_milli_min * 60);
        let start_ms = millis(self.start);
        let fixed = self.case.starts_at.is_some();
        at.end_ms = start_ms + self.duration_ms + if fixed { 0 } else { eta_ms };
        let end = -(-at.end_ms).div_euclid(1_000);
        at.shift = person.hours().and_then(|hours| self.shift(hours, end));
        let mut least = |slack: i64, of: SlackOf| {
            at.slack = Some(at.slack.map_or((slack, of), |known| known.min((slack, of))));
        };
        if fixed {
            let before = self.bookings(person).map(|b| b.time.end).filter(|&e| e <= self.start);
            let departure =
                before.chain(at.shift.map(|shift| shift.start)).fold(self.as_of, i64::max);
            let spare = start_ms - millis(departure) - eta_ms;
            least(spare, SlackOf::Arrival);
            at.late_ms = (-spare).max(0);
        }
        let next = self
            .bookings(person)
            .filter(|b| millis(b.time.start) >= at.end_ms)
            .min_by_key(|b| (b.time.start, b.id));
        if let Some(next) = next {
            let drive = next.position.map_or(0, |to| self.eta_milli_min(self.origin.km_to(to)));
            let spare = millis(next.time.start).saturating_sub(at.end_ms + drive * 60);
            least(spare, SlackOf::NextBooking);
            at.late_for_next_ms = (-spare).max(0);
        }
        if let Some(shift) = at.shift {
            least(millis(shift.end).saturating_sub(at.end_ms), SlackOf::ShiftEnd);
        }
    }
}
