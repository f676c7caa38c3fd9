//! Facts: everything the live index reads about an entity, as one versioned record.
//!
//! They travel on the feed and in snapshots. A record replaces what was known whenever its
//! version is higher; any order and any repetition of records leads to the same index.

use crate::{
    ids::{BookingId, CaseId, ClientId, OrganizationId, RegionId, ServiceId, StaffId},
    ping::{LiveRank, live_rank},
    position::Position,
    preference::{LanguageLevel, Preference},
    schedule::WeeklyHours,
    time::{DAY_S, Interval},
    tracking::TrackingGate,
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What ranking reads of a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StaffFacts {
    /// Tenant.
    pub organization: OrganizationId,
    /// Person.
    pub staff: StaffId,
    /// Raised by every write to anything in this record.
    pub version: i64,
    /// Deleted people stay as a versioned record with everything else empty.
    pub deleted: bool,
    /// May be assigned.
    pub active: bool,
    /// What colleagues see.
    pub display_name: String,
    /// Where they start from when nothing else is known.
    pub home: Option<Position>,
    /// Where they start from without a home: the base of their primary department.
    pub base: Option<Position>,
    /// Stated preferences for services.
    pub services: Vec<(ServiceId, Preference)>,
    /// Stated preferences for regions.
    pub regions: Vec<(RegionId, Preference)>,
    /// Skill code and level, 1 to 5.
    pub skills: Vec<(String, u8)>,
    /// Licences held.
    pub licences: Vec<LicenceFact>,
    /// BCP 47 language and level.
    pub languages: Vec<(String, LanguageLevel)>,
    /// `None`: no hours recorded, always available.
    pub working_hours: Option<WeeklyHours>,
    /// Off duty: counts for people without working hours.
    pub off_duty: bool,
    /// Absences.
    pub time_off: Vec<Interval>,
    /// The person's own travel limit in kilometres.
    pub max_travel_km: Option<f64>,
    /// Consent.
    pub tracking: TrackingGate,
    /// Fixes before this Unix second no longer count (after an erase or a change of consent).
    pub positions_valid_from: i64,
}

/// A licence, valid from the start of its first day to the end of its last in the
/// organisation's time zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceFact {
    /// Kind, such as `PI`.
    pub code: String,
    /// Where it is valid, such as `US-CA`.
    pub jurisdiction: String,
    /// First day; `None`: since ever.
    pub valid_from: Option<Date>,
    /// Last day; `None`: for ever.
    pub valid_to: Option<Date>,
}

/// How fixes from a mock provider count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MockPolicy {
    /// Like any other fix.
    Accept,
    /// With half the weight.
    #[default]
    Penalise,
    /// Kept as history, never ranked or shown live.
    HistoryOnly,
}

impl MockPolicy {
    /// The word on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Penalise => "penalise",
            Self::HistoryOnly => "history_only",
        }
    }

    /// The policy of a word, if it is one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Accept, Self::Penalise, Self::HistoryOnly].into_iter().find(|p| p.as_str() == word)
    }
}

/// What ranking reads of an organisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrganizationFacts {
    /// Tenant.
    pub organization: OrganizationId,
    /// Raised by every write to anything in this record.
    pub version: i64,
    /// IANA time zone, for licences' days.
    pub time_zone: String,
    /// Where everyone without a home starts from.
    pub base: Option<Position>,
    /// How mock fixes count.
    pub mock_policy: MockPolicy,
}

/// What ranking reads of a region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegionFacts {
    /// Tenant.
    pub organization: OrganizationId,
    /// Region.
    pub region: RegionId,
    /// Raised by every write.
    pub version: i64,
    /// Deleted regions stay as a versioned record without polygons.
    pub deleted: bool,
    /// Polygons; each is its rings, outer first; each ring is `(lng, lat)` in degrees, closed.
    pub polygons: Vec<Vec<Vec<(f64, f64)>>>,
}

/// The newest fix of a person, as the `positions` table holds it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PositionFact {
    /// Tenant.
    pub organization: OrganizationId,
    /// Person.
    pub staff: StaffId,
    /// Unix milliseconds; also the record's version: only a fix of a higher rank replaces.
    pub fix_at_ms: i64,
    /// Where.
    pub position: Position,
    /// Radius in metres; `None`: unknown.
    pub accuracy_m: Option<f32>,
    /// From a mock provider.
    pub mock: bool,
}

impl PositionFact {
    /// Which of two fixes of the person is the live one.
    #[must_use]
    pub fn rank(&self) -> LiveRank {
        live_rank(self.fix_at_ms, self.accuracy_m, self.mock, self.position)
    }
}

/// Facts hold bookings and the last job for so many seconds after their end. Ranking uses them for
/// less than that, so that it does not matter when a fact was read.
pub const ENDED_WORK_S: i64 = 8 * DAY_S;
/// A visit counts for so many seconds. Facts hold it for longer, for the same reason.
pub const VISITS_COUNT_S: i64 = 730 * DAY_S;

/// What ranking reads of a person's work. A record of its own, because it changes far more often
/// than the person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkFacts {
    /// Tenant.
    pub organization: OrganizationId,
    /// Person.
    pub staff: StaffId,
    /// Raised by every change of the person's assignments.
    pub version: i64,
    /// Bookings that may still matter.
    pub bookings: Vec<BookingFact>,
    /// The newest finished job at a known place.
    pub last_job: Option<LastJobFact>,
    /// Finished visits of the last two years: the client and the Unix second.
    pub visits: Vec<(ClientId, i64)>,
}

/// A person's time held for a case.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BookingFact {
    /// The assignment.
    pub id: BookingId,
    /// The case.
    pub case: CaseId,
    /// Unix seconds, half-open. A finished one ends when it was done.
    pub time: Interval,
    /// Where, if known.
    pub position: Option<Position>,
    /// The person is on site, so that it goes on past its end: see [`held_at`].
    pub open_ended: bool,
}

/// A person on site past the end is taken to need this much longer, in seconds.
const OVERRUN_S: i64 = 15 * 60;

/// The time that a booking holds as of an instant in Unix seconds. An open-ended one that is past
/// its end goes on until a quarter of an hour later. Never less than `time`.
#[must_use]
pub fn held_at(time: Interval, open_ended: bool, instant: i64) -> Interval {
    let overruns = open_ended && time.end <= instant;
    let end = if overruns { instant.saturating_add(OVERRUN_S) } else { time.end };
    Interval { end, ..time }
}

/// The site of a finished job.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LastJobFact {
    /// Where.
    pub position: Position,
    /// When it was finished, in Unix seconds.
    pub completed_at: i64,
}

/// One change to the live index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Fact {
    /// A person changed.
    Staff(Box<StaffFacts>),
    /// A region changed.
    Region(RegionFacts),
    /// An organisation changed.
    Organization(OrganizationFacts),
    /// A person moved.
    Position(PositionFact),
    /// A person's work changed.
    Work(Box<WorkFacts>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_on_site_holds_a_quarter_of_an_hour_more() {
        let time = Interval { start: 1_000, end: 5_000 };
        assert_eq!(held_at(time, false, 9_000), time);
        assert_eq!(held_at(time, true, 4_999), time, "not past its end yet");
        assert_eq!(held_at(time, true, 5_000).end, 5_900);
        assert_eq!(held_at(time, true, 9_000), Interval { start: 1_000, end: 9_900 });
    }
}
