//! Where a person will be and when they can start. Must follow stage B of the ranking contract to
//! the letter. The freshness of a position decides which place counts, and earns nothing itself.

use crate::{
    query::{Disclosure, Query},
    rounding::{from_milli, millis, minutes},
};
use nearhand_domain::{Position, facts::MockPolicy, time::Interval};
use nearhand_index::{
    Grade, Person,
    geometry::cells::{self, CellPath},
    people::{
        person::{Ping, StartKind},
        schedules::ScheduleId,
        work::{Booking, LastJob},
    },
};
use serde::Serialize;

/// A last job counts for a week at most: facts hold it for a day longer.
const LAST_JOB_MOST_MIN: f64 = 7.0 * 1_440.0;

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

/// A place and the drive from it to the case.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct DriveFrom {
    pub(crate) source: Source,
    pub(crate) position: Position,
    /// The great-circle distance.
    pub(crate) km: f64,
    pub(crate) eta_milli_min: i64,
}

/// Where a person will be, and the times that follow from it.
#[derive(Clone, Debug)]
pub(crate) struct PlaceAndTime {
    /// The place that is shown and that rules use.
    pub(crate) primary: Option<DriveFrom>,
    pub(crate) ping: Option<DriveFrom>,
    /// The place that counts without a ping.
    pub(crate) fallback: Option<DriveFrom>,
    /// The weight of the ping, 0 to 1.
    pub(crate) ping_weight: f64,
    /// End of the work in Unix milliseconds.
    pub(crate) end_ms: i64,
    /// The shift that holds the work.
    pub(crate) shift: Option<Interval>,
    pub(crate) late_ms: i64,
    pub(crate) late_for_next_ms: i64,
    /// The smallest slack in milliseconds, and its reason; `None` when nothing limits it.
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
    /// Where a person will be. Cost: one to three haversine distances.
    pub(crate) fn locate(&self, person: &Person) -> PlaceAndTime {
        let mut at = PlaceAndTime {
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
            at.primary = Some(self.drive_from(person, Source::Booking, position));
        } else {
            let ping = self.counted_ping(person);
            at.ping_weight = ping.map_or(0.0, |ping| self.ping_weight(ping));
            if let Some(ping) = ping.filter(|_| at.ping_weight > 0.0) {
                at.ping = Some(self.drive_from(person, Source::Ping, ping.position));
            }
            let fallback = self.fallback(person, ping);
            at.fallback =
                fallback.map(|(source, position)| self.drive_from(person, source, position));
            at.primary = if at.ping_weight >= 0.5 { at.ping } else { at.fallback.or(at.ping) };
        }
        self.schedule(person, &mut at);
        at
    }

    /// The fix that counts, if any: it is not for history only, and showing it is permitted at its
    /// own time, at `as_of` and at the time of answering. So an answer about the past shows nobody
    /// who is hidden by now.
    pub(crate) fn counted_ping<'p>(&self, person: &'p Person) -> Option<&'p Ping> {
        let ping = person.ping()?;
        let hidden = ping.mock && self.index.mock_policy() == MockPolicy::HistoryOnly;
        let allowed = |at| self.index.tracking_allowed(person, at);
        let shown = allowed(self.as_of) && (self.as_of == self.shown_at || allowed(self.shown_at));
        (!hidden && shown).then_some(ping)
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

    /// The booking shortly before the case, if there is one. Only its site counts then.
    pub(crate) fn holding_booking<'p>(&self, person: &'p Person) -> Option<&'p Booking> {
        let hold_min = self.policy.booking_hold_h * 60.0;
        let placed = self.bookings(person).filter(|booking| booking.position.is_some());
        placed
            .map(|booking| (self.end_of(booking), booking))
            .filter(|&(end, _)| self.as_of < end && end <= self.start)
            .filter(|&(end, _)| minutes(self.start - end) <= hold_min)
            .max_by_key(|&(end, booking)| (end, booking.time.start, booking.id))
            .map(|(_, booking)| booking)
    }

    /// The age of a fix in minutes, never negative.
    fn age_min(&self, ping: &Ping) -> f64 {
        from_milli(millis(self.as_of).saturating_sub(ping.fix_at_ms).max(0)) / 60.0
    }

    /// a: the accuracy's grade, halved for mock fixes where the organisation penalises them.
    fn ping_trust(&self, ping: &Ping) -> f64 {
        let accuracy = match ping.grade() {
            Some(Grade::Live) => 1.0,
            Some(Grade::Coarse) => 0.5,
            None => 0.0,
        };
        let halved = ping.mock && self.index.mock_policy() == MockPolicy::Penalise;
        if halved { accuracy * 0.5 } else { accuracy }
    }

    /// The place that counts without a ping, and its source.
    fn fallback(&self, person: &Person, ping: Option<&Ping>) -> Option<(Source, Position)> {
        match (self.counted_last_job(person, ping), person.start()) {
            (Some(job), _) => Some((Source::LastJob, job.position)),
            (None, Some((at, StartKind::Home))) => Some((Source::Home, at)),
            (None, Some((at, StartKind::Base))) => Some((Source::Base, at)),
            (None, None) => None,
        }
    }

    /// The last job, if its site counts: it is recent, and later than the ping.
    pub(crate) fn counted_last_job<'p>(
        &self,
        person: &'p Person,
        ping: Option<&Ping>,
    ) -> Option<&'p LastJob> {
        let hold_min = (self.policy.last_job_hold_h * 60.0).min(LAST_JOB_MOST_MIN);
        person.last_job().filter(|job| {
            job.completed_at <= self.as_of
                && minutes(self.as_of.saturating_sub(job.completed_at)) <= hold_min
                && ping.is_none_or(|ping| millis(job.completed_at) > ping.fix_at_ms)
        })
    }

    /// The drive from a place of a person. A coarse caller gets it from the centre of the place's
    /// cell, unless the place is no secret.
    fn drive_from(&self, person: &Person, source: Source, position: Position) -> DriveFrom {
        let position = match (self.disclosure, source) {
            (Disclosure::Coarse, Source::Ping) => centre_of(person.ping_point().path, position),
            (Disclosure::Coarse, Source::Home) => centre_of(person.start_point().path, position),
            (Disclosure::Coarse, Source::LastJob) => cells::coarse(position),
            _ => position,
        };
        let km = self.origin.km_to(position);
        let eta_milli_min = self.eta_milli_min(km).min(self.longest_eta);
        DriveFrom { source, position, km, eta_milli_min }
    }

    /// Fills in the times, from the primary place.
    fn schedule(&self, person: &Person, at: &mut PlaceAndTime) {
        let eta_ms = at.primary.map_or(0, |from| from.eta_milli_min * 60);
        let start_ms = millis(self.start);
        let fixed = self.case.starts_at.is_some();
        at.end_ms = start_ms + self.duration_ms + if fixed { 0 } else { eta_ms };
        let end = -(-at.end_ms).div_euclid(1_000);
        at.shift = person.hours().and_then(|hours| self.shift(hours, end));
        let mut least = |slack: i64, of: SlackOf| {
            at.slack = Some(at.slack.map_or((slack, of), |known| known.min((slack, of))));
        };
        if fixed {
            let before = self.bookings(person).map(|booking| self.end_of(booking));
            let before = before.filter(|&end| end <= self.start);
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

    /// The shift that holds the work until `end`, in Unix seconds.
    fn shift(&self, hours: ScheduleId, end: i64) -> Option<Interval> {
        let schedules = self.index.schedules();
        let shift = || schedules.shift(hours, self.as_of, self.start, end);
        if schedules.is_near(hours, self.as_of, self.start, end) {
            return shift();
        }
        *self.shift_cache.borrow_mut().entry((hours, end)).or_insert_with(shift)
    }
}

/// The centre of the coarse cell on a path that the index has stored for a position.
fn centre_of(path: CellPath, position: Position) -> Position {
    path.coarse_cell_centre().unwrap_or(position)
}
