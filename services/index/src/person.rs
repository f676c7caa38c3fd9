//! One person as compactly as the index can hold them. Must hold no name and nothing else that
//! ranking does not read.

use crate::{
    load::{LoadInputs, parity},
    masks::{Fluency, Gladness, UNSTATED},
    schedules::ScheduleId,
    sphere::Unit,
};
use nearhand_domain::{
    BookingId, CaseId, Position, StaffId,
    ping::{LiveRank, live_rank},
    preference::LanguageLevel,
    time::Interval,
    tracking::TrackingGate,
};

/// A fix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ping {
    /// Unix milliseconds.
    pub fix_at_ms: i64,
    /// Where.
    pub position: Position,
    /// Radius in metres; `None`: unknown.
    pub accuracy_m: Option<f32>,
    /// From a mock provider.
    pub mock: bool,
}

impl Ping {
    /// Which of two fixes of the person is the live one.
    pub(crate) fn rank(&self) -> LiveRank {
        live_rank(self.fix_at_ms, self.accuracy_m, self.mock, self.position)
    }
}

/// The site of a finished job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastJob {
    /// Where.
    pub position: Position,
    /// When it was finished, in Unix seconds.
    pub completed_at: i64,
}

/// Time held for a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The booking.
    pub id: BookingId,
    /// What it is for.
    pub case: CaseId,
    /// Unix seconds, half-open.
    pub time: Interval,
    /// Where, if known.
    pub position: Option<Position>,
    /// Counts nowhere.
    pub cancelled: bool,
}

/// A licence by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Licence {
    /// Number of code and jurisdiction.
    pub code: u32,
    /// First valid Unix second.
    pub valid_from: i64,
    /// The Unix second up to which it is valid.
    pub valid_to: i64,
}

/// What an ability is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Service = 0,
    Region = 1,
    Skill = 2,
    Language = 3,
}

/// Kind (2 bits), number (27) and level (3) in one word, sortable by kind and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ability(u32);

impl Ability {
    pub(crate) fn new(kind: Kind, code: u32, level: u8) -> Self {
        Self((kind as u32) << 30 | code << 3 | u32::from(level & 7))
    }

    pub(crate) fn key(self) -> u32 {
        self.0 >> 3
    }

    pub(crate) fn kind(self) -> Kind {
        match self.0 >> 30 {
            0 => Kind::Service,
            1 => Kind::Region,
            2 => Kind::Skill,
            _ => Kind::Language,
        }
    }

    pub(crate) fn code(self) -> u32 {
        (self.0 >> 3) & ((1 << 27) - 1)
    }

    pub(crate) fn level(self) -> u8 {
        (self.0 & 7) as u8
    }
}

/// People looked at together, so that their records are waited for together: see
/// [`Person::glimpse`] and [`Person::warm`].
pub const TOGETHER: usize = 32;
/// Levels of a skill go up to this.
pub const BEST_LEVEL: u8 = 5;

/// Why a place is one a person can count from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceKind {
    /// Home, or the base of those without one.
    Start = 0,
    /// The newest fix.
    Ping = 1,
    /// The site of the last finished job.
    LastJob = 2,
    /// The site of a booking.
    Booking = 3,
}

/// Where a person without anything newer starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartKind {
    /// Their home.
    Home,
    /// Their department's or organisation's base.
    Base,
}

/// What most people do not have.
#[derive(Debug, Default)]
pub(crate) struct Rare {
    pub(crate) last_job: Option<LastJob>,
    pub(crate) time_off: Box<[Interval]>,
    pub(crate) bookings: Box<[Booking]>,
    /// Sorted by client.
    pub(crate) visits: Box<[(u32, i64)]>,
    /// Only when consent is more than one interval.
    pub(crate) gate: Option<Box<TrackingGate>>,
}

pub(crate) mod flag {
    pub(crate) const ACTIVE: u8 = 1;
    pub(crate) const DELETED: u8 = 1 << 1;
    pub(crate) const START_IS_HOME: u8 = 1 << 2;
    pub(crate) const START_IS_OWN: u8 = 1 << 3;
    pub(crate) const LOAD_GIVEN: u8 = 1 << 4;
    /// Tracking was permitted at the time of the fix, and the fix is not before
    /// `positions_valid_from`.
    pub(crate) const PING_PERMITTED: u8 = 1 << 5;
    /// Licences came as civil days and follow the organisation's zone.
    pub(crate) const LICENCES_BY_DAY: u8 = 1 << 6;
    /// The fix is among the places of the tree.
    pub(crate) const PING_PLACED: u8 = 1 << 7;
}

/// A person of an organisation, in about 200 bytes and what they own on the heap.
#[derive(Debug)]
pub struct Person {
    pub(crate) id: StaffId,
    pub(crate) version: i64,
    pub(crate) ping: Option<Ping>,
    pub(crate) start: Option<Position>,
    pub(crate) start_at: Unit,
    pub(crate) ping_at: Unit,
    pub(crate) max_travel_km: f64,
    /// When tracking is permitted, if that is one interval without conditions.
    pub(crate) permitted: Interval,
    pub(crate) loads: [LoadInputs; 2],
    pub(crate) abilities: Box<[Ability]>,
    pub(crate) licences: Box<[Licence]>,
    pub(crate) rare: Option<Box<Rare>>,
    pub(crate) valid_from: i64,
    pub(crate) hours: Option<ScheduleId>,
    pub(crate) flags: u8,
}

impl Person {
    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag == flag
    }

    pub(crate) fn set(&mut self, flag: u8, on: bool) {
        self.flags = if on { self.flags | flag } else { self.flags & !flag };
    }

    /// The person.
    #[must_use]
    pub fn id(&self) -> StaffId {
        self.id
    }

    /// The record's version.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.version
    }

    /// May be assigned: active and not deleted.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.flags & (flag::ACTIVE | flag::DELETED) == flag::ACTIVE
    }

    /// Deleted: nobody's candidate, not even a failed one.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.flags & flag::DELETED != 0
    }

    /// The newest fix, if tracking was permitted at its time. Whether it is permitted at the
    /// instant of asking: [`crate::OrgIndex::tracking_allowed`].
    #[must_use]
    pub fn ping(&self) -> Option<&Ping> {
        self.ping.as_ref().filter(|_| self.flags & flag::PING_PERMITTED != 0)
    }

    /// Home, or the base of those without one.
    #[must_use]
    pub fn start(&self) -> Option<(Position, StartKind)> {
        let home = self.flags & flag::START_IS_HOME != 0;
        self.start.map(|at| (at, if home { StartKind::Home } else { StartKind::Base }))
    }

    /// The unit vector of [`Self::ping`]; meaningless without one.
    #[must_use]
    pub fn ping_unit(&self) -> Unit {
        self.ping_at
    }

    /// The unit vector of [`Self::start`]; meaningless without one.
    #[must_use]
    pub fn start_unit(&self) -> Unit {
        self.start_at
    }

    /// The last finished job.
    #[must_use]
    pub fn last_job(&self) -> Option<&LastJob> {
        self.rare.as_ref()?.last_job.as_ref()
    }

    /// Absences, merged.
    #[must_use]
    pub fn time_off(&self) -> &[Interval] {
        self.rare.as_ref().map_or(&[], |rare| &rare.time_off)
    }

    /// Bookings by start, with cancelled ones.
    #[must_use]
    pub fn bookings(&self) -> &[Booking] {
        self.rare.as_ref().map_or(&[], |rare| &rare.bookings)
    }

    /// Instants of completed visits to a client, in Unix seconds.
    pub fn visits(&self, client: u32) -> impl Iterator<Item = i64> {
        let visits = self.rare.as_ref().map_or(&[][..], |rare| &rare.visits);
        visits.iter().filter(move |visit| visit.0 == client).map(|visit| visit.1)
    }

    /// Reads a little of what says where they are, to the same end as [`Self::warm`].
    #[must_use]
    pub fn glimpse(&self) -> u64 {
        let [x, y, _] = [self.start_at.0[0], self.ping_at.0[0], 0].map(i32::unsigned_abs);
        u64::from(x ^ y) ^ u64::from(self.flags) ^ u64::from(self.rare.is_some())
    }

    /// Reads a little of everything ranking reads, so that it is in the cache when it is needed:
    /// many such reads wait for memory at once, where judging waits for one after the other.
    #[must_use]
    pub fn warm(&self) -> u64 {
        let ability = self.abilities.first().map_or(0, |ability| u64::from(ability.key()));
        let licence = self.licences.first().map_or(0, |licence| u64::from(licence.code));
        let booked = self.bookings().first().map_or(0, |booking| booking.time.end.unsigned_abs());
        ability ^ licence ^ booked ^ self.max_travel_km.to_bits()
    }

    /// Whether there is nothing but the fix and the start: no last job, no booking.
    #[must_use]
    pub fn has_little(&self) -> bool {
        self.rare.is_none()
    }

    /// The clients visited, each once.
    pub(crate) fn clients(&self) -> impl Iterator<Item = u32> {
        let visits = self.rare.as_ref().map_or(&[][..], |rare| &rare.visits);
        visits.chunk_by(|a, b| a.0 == b.0).filter_map(|run| run.first()).map(|visit| visit.0)
    }

    /// The working hours' schedule; `None`: always available.
    #[must_use]
    pub fn hours(&self) -> Option<ScheduleId> {
        self.hours
    }

    /// Their own travel limit in kilometres, infinite without one.
    #[must_use]
    pub fn max_travel_km(&self) -> f64 {
        self.max_travel_km
    }

    /// The load inputs kept for an hour; only right for hours the organisation keeps.
    #[must_use]
    pub(crate) fn load_at(&self, hour: i64) -> LoadInputs {
        self.loads[parity(hour)]
    }

    /// The stated gladness for a service by number.
    #[must_use]
    pub fn service(&self, code: u32) -> Gladness {
        self.level(Kind::Service, code).map_or(UNSTATED, gladness)
    }

    /// The stated gladness for a region by number.
    #[must_use]
    pub fn region(&self, code: u32) -> Gladness {
        self.level(Kind::Region, code).map_or(UNSTATED, gladness)
    }

    /// The level of a skill by number; 0 without it.
    #[must_use]
    pub fn skill(&self, code: u32) -> u8 {
        self.level(Kind::Skill, code).unwrap_or(0)
    }

    /// The fluency in a language by number.
    #[must_use]
    pub fn language(&self, code: u32) -> Fluency {
        self.level(Kind::Language, code).map_or(0, fluency)
    }

    /// The level of a language by number.
    #[must_use]
    pub fn language_level(&self, code: u32) -> Option<LanguageLevel> {
        let level = self.level(Kind::Language, code)?;
        LanguageLevel::ALL.into_iter().find(|known| *known as u8 == level)
    }

    /// Licences of one number.
    pub fn licences(&self, code: u32) -> impl Iterator<Item = &Licence> {
        self.licences.iter().filter(move |licence| licence.code == code)
    }

    fn level(&self, kind: Kind, code: u32) -> Option<u8> {
        let key = Ability::new(kind, code, 0).key();
        let at = self.abilities.binary_search_by_key(&key, |ability| ability.key()).ok()?;
        self.abilities.get(at).map(|ability| ability.level())
    }

    /// Heap bytes owned, roughly.
    pub(crate) fn heap_bytes(&self) -> usize {
        let rare = self.rare.as_ref().map_or(0, |rare| {
            size_of::<Rare>()
                + size_of_val(&*rare.time_off)
                + size_of_val(&*rare.bookings)
                + size_of_val(&*rare.visits)
                + 48
        });
        size_of_val(&*self.abilities) + size_of_val(&*self.licences) + 32 + rare
    }
}

/// The ordinal of a stored preference: 0 never, 1 avoid, 2 unstated, 3 willing, 4 preferred.
pub(crate) fn gladness(level: u8) -> Gladness {
    match level {
        1 | 2 => level - 1,
        3 | 4 => level,
        _ => UNSTATED,
    }
}

/// The class of a stored language level.
pub(crate) fn fluency(level: u8) -> Fluency {
    match level {
        7 | 6 => 4,
        5 => 3,
        4 => 2,
        3 => 1,
        _ => 0,
    }
}
