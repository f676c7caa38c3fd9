//! The record of one person, as compact as possible. Must hold no name and nothing else that ranking
//! does not read.

pub use super::work::{Booking, LastJob};
use super::{
    ability::{Ability, AbilityKind},
    free_hours::{ALWAYS_FREE, free_hours},
    load::{LoadInputs, parity},
    schedules::ScheduleId,
    work::Work,
};
use crate::updates::version::mix;
use crate::{
    abilities::levels::{self, Fluency, UNSTATED, Willingness},
    geometry::IndexPoint,
};
use nearhand_domain::{
    CaseId, Position, StaffId,
    ping::{LIVE_ACCURACY_M, LiveRank, live_rank},
    preference::LanguageLevel,
    time::Interval,
    tracking::TrackingGate,
};

/// Up to this radius in metres a fix is as good as they get.
const FINE_ACCURACY_M: f32 = 100.0;

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
    /// How good the fix is; `None`: beyond 1 km, or of an accuracy that is not a number.
    #[must_use]
    pub fn grade(&self) -> Option<Grade> {
        match self.accuracy_m {
            None => Some(Grade::Live),
            Some(metres) if metres <= FINE_ACCURACY_M => Some(Grade::Live),
            Some(metres) => (metres <= LIVE_ACCURACY_M).then_some(Grade::Coarse),
        }
    }

    /// A number for all that the fix says. Two fixes of one instant differ in it, unless they are
    /// equal: so an index that has the one and an index that has the other differ in version.
    #[must_use]
    pub fn version(&self) -> i64 {
        let accuracy = self.accuracy_m.map_or(u32::MAX, f32::to_bits);
        let words = [
            self.fix_at_ms.cast_unsigned(),
            self.position.lat().to_bits(),
            self.position.lng().to_bits(),
            u64::from(accuracy) << 1 | u64::from(self.mock),
        ];
        let chained = words.into_iter().fold(0, |sum, word| mix(sum ^ word));
        chained.cast_signed()
    }

    /// Which of two fixes of the person is the live one.
    pub(crate) fn rank(&self) -> LiveRank {
        live_rank(self.fix_at_ms, self.accuracy_m, self.mock, self.position)
    }
}

/// How good a fix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// Up to 100 m, or of unknown accuracy.
    Live,
    /// Up to 1 km.
    Coarse,
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

/// People whose records are read together before they are judged: see [`Person::prefetch_record`].
pub const PREFETCH_BATCH: usize = 32;

/// What a person's start is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartKind {
    /// Their home.
    Home,
    /// Their department's or organisation's base.
    Base,
}

/// Facts that most people do not have.
#[derive(Debug)]
pub(crate) struct Rare {
    pub(crate) work: Work,
    pub(crate) time_off: Box<[Interval]>,
    /// The coming hours in which they may be free, as the tree and the bitmaps have them.
    pub(crate) free_hours: u64,
    /// Only when consent is more than one interval.
    pub(crate) gate: Option<Box<TrackingGate>>,
}

impl Rare {
    /// With nothing but work.
    fn of(work: Work) -> Self {
        Self { work, time_off: Box::default(), free_hours: ALWAYS_FREE, gate: None }
    }
}

pub(crate) mod flag {
    pub(crate) const ACTIVE: u16 = 1;
    pub(crate) const DELETED: u16 = 1 << 1;
    pub(crate) const START_IS_HOME: u16 = 1 << 2;
    pub(crate) const START_IS_OWN: u16 = 1 << 3;
    pub(crate) const LOAD_GIVEN: u16 = 1 << 4;
    /// Tracking was permitted at the time of the fix, and the fix is not before
    /// `positions_valid_from`.
    pub(crate) const PING_PERMITTED: u16 = 1 << 5;
    /// Licences came as civil days and follow the organisation's zone.
    pub(crate) const LICENCES_BY_DAY: u16 = 1 << 6;
    /// The fix is in the tree.
    pub(crate) const PING_PLACED: u16 = 1 << 7;
    /// Off duty: counts for people without working hours.
    pub(crate) const OFF_DUTY: u16 = 1 << 8;
}

/// A person of an organisation: about 230 bytes, and what they own on the heap.
#[derive(Debug)]
pub struct Person {
    pub(crate) id: StaffId,
    pub(crate) version: i64,
    pub(crate) ping: Option<Ping>,
    pub(crate) start: Option<Position>,
    pub(crate) start_at: IndexPoint,
    pub(crate) ping_at: IndexPoint,
    pub(crate) max_travel_km: f64,
    /// When tracking is permitted, if that is one interval without conditions.
    pub(crate) permitted: Interval,
    pub(crate) loads: [LoadInputs; 2],
    pub(crate) abilities: Box<[Ability]>,
    pub(crate) licences: Box<[Licence]>,
    pub(crate) rare: Option<Box<Rare>>,
    pub(crate) valid_from: i64,
    pub(crate) hours: Option<ScheduleId>,
    pub(crate) flags: u16,
}

impl Person {
    pub(crate) fn has(&self, flag: u16) -> bool {
        self.flags & flag == flag
    }

    pub(crate) fn set(&mut self, flag: u16, on: bool) {
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

    /// The version of the record of the work; 0 without one.
    #[must_use]
    pub fn work_version(&self) -> i64 {
        self.rare.as_ref().map_or(0, |rare| rare.work.version)
    }

    /// The version of the newest fix, whether it counts or not; `None` without one.
    #[must_use]
    pub fn ping_version(&self) -> Option<i64> {
        self.ping.as_ref().map(Ping::version)
    }

    /// Replaces the work. Whatever refers to it must be told.
    pub(crate) fn set_work(&mut self, work: Work) {
        if let Some(rare) = &mut self.rare {
            rare.work = work;
        } else if !work.is_nothing() {
            self.rare = Some(Box::new(Rare::of(work)));
        }
    }

    /// Takes the work out.
    pub(crate) fn take_work(&mut self) -> Work {
        self.rare.as_mut().map(|rare| std::mem::take(&mut rare.work)).unwrap_or_default()
    }

    /// Deleted people are not considered, not even as failed candidates.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.flags & flag::DELETED != 0
    }

    /// The newest fix, if tracking was permitted at its time. Whether it is permitted now is told by
    /// [`crate::OrgIndex::tracking_allowed`].
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

    /// The point of [`Self::ping`]; means nothing without one.
    #[must_use]
    pub fn ping_point(&self) -> IndexPoint {
        self.ping_at
    }

    /// The point of [`Self::start`]; means nothing without one.
    #[must_use]
    pub fn start_point(&self) -> IndexPoint {
        self.start_at
    }

    /// The last finished job.
    #[must_use]
    pub fn last_job(&self) -> Option<&LastJob> {
        self.rare.as_ref()?.work.last_job.as_ref()
    }

    /// Absences, merged.
    #[must_use]
    pub fn time_off(&self) -> &[Interval] {
        self.rare.as_ref().map_or(&[], |rare| &rare.time_off)
    }

    /// Bookings by start, with cancelled ones.
    #[must_use]
    pub fn bookings(&self) -> &[Booking] {
        self.rare.as_ref().map_or(&[], |rare| &rare.work.bookings)
    }

    /// The coming hours in which they may be free: see [`free_hours`].
    pub(crate) fn free_hours(&self) -> u64 {
        self.rare.as_ref().map_or(ALWAYS_FREE, |rare| rare.free_hours)
    }

    /// The same, worked out for the hours from a first one on. Of open-ended bookings the time that
    /// is held in any case.
    pub(crate) fn free_hours_from(&self, first_hour: i64) -> u64 {
        let booked = self.bookings().iter().filter(|booking| !booking.cancelled);
        let busy = booked.map(|booking| booking.time).chain(self.time_off().iter().copied());
        free_hours(busy, first_hour)
    }

    /// Works the free hours out again; whether they changed.
    pub(crate) fn keep_free_hours(&mut self, first_hour: i64) -> bool {
        let fresh = self.free_hours_from(first_hour);
        let Some(rare) = &mut self.rare else { return false };
        std::mem::replace(&mut rare.free_hours, fresh) != fresh
    }

    /// The cases they are booked for, each once, with cancelled bookings.
    pub(crate) fn booked_cases(&self) -> impl Iterator<Item = CaseId> + use<> {
        let mut cases: Vec<CaseId> = self.bookings().iter().map(|booking| booking.case).collect();
        cases.sort_unstable();
        cases.dedup();
        cases.into_iter()
    }

    /// Instants of completed visits to a client, in Unix seconds.
    pub fn visits(&self, client: u32) -> impl Iterator<Item = i64> {
        let visits = self.rare.as_ref().map_or(&[][..], |rare| &rare.work.visits);
        let from = visits.partition_point(|visit| visit.0 < client);
        visits[from..].iter().take_while(move |visit| visit.0 == client).map(|visit| visit.1)
    }

    /// Reads where the person is, for the same reason as [`Self::prefetch_record`].
    #[must_use]
    pub fn prefetch_location(&self) -> u64 {
        let [x, y, _] = [self.start_at.unit.0[0], self.ping_at.unit.0[0], 0].map(i32::unsigned_abs);
        u64::from(x ^ y) ^ u64::from(self.flags) ^ u64::from(self.rare.is_some())
    }

    /// Reads a little of everything that ranking reads, so that it is in the cache when it is needed.
    /// Many such reads wait for memory at the same time; judging would wait for one after another.
    #[must_use]
    pub fn prefetch_record(&self) -> u64 {
        let ability = self.abilities.first().map_or(0, |ability| u64::from(ability.key()));
        let licence = self.licences.first().map_or(0, |licence| u64::from(licence.code));
        let booked = self.bookings().first().map_or(0, |booking| booking.time.end.unsigned_abs());
        ability ^ licence ^ booked ^ self.max_travel_km.to_bits()
    }

    /// Whether the fix and the start are the only places: there is no last job and no booking.
    #[must_use]
    pub fn has_only_fix_and_start(&self) -> bool {
        let rare = self.rare.as_ref();
        rare.is_none_or(|rare| rare.work.last_job.is_none() && rare.work.bookings.is_empty())
    }

    /// The clients visited, each once.
    pub(crate) fn clients(&self) -> impl Iterator<Item = u32> {
        let visits = self.rare.as_ref().map_or(&[][..], |rare| &rare.work.visits);
        visits.chunk_by(|a, b| a.0 == b.0).filter_map(|run| run.first()).map(|visit| visit.0)
    }

    /// The schedule of the working hours; `None`: always available.
    #[must_use]
    pub fn hours(&self) -> Option<ScheduleId> {
        self.hours
    }

    /// Whether a person without working hours is off duty.
    #[must_use]
    pub fn is_off_duty(&self) -> bool {
        self.hours.is_none() && self.has(flag::OFF_DUTY)
    }

    /// The person's own travel limit in kilometres; infinite without one.
    #[must_use]
    pub fn max_travel_km(&self) -> f64 {
        self.max_travel_km
    }

    /// The load inputs kept for an hour; right only for the hours that the organisation keeps.
    #[must_use]
    pub(crate) fn load_at(&self, hour: i64) -> LoadInputs {
        self.loads[parity(hour)]
    }

    /// The stated willingness for a service by number.
    #[must_use]
    pub fn service(&self, code: u32) -> Willingness {
        self.level(AbilityKind::Service, code).map_or(UNSTATED, levels::willingness)
    }

    /// The stated willingness for a region by number.
    #[must_use]
    pub fn region(&self, code: u32) -> Willingness {
        self.level(AbilityKind::Region, code).map_or(UNSTATED, levels::willingness)
    }

    /// The level of a skill by number; 0 without it.
    #[must_use]
    pub fn skill(&self, code: u32) -> u8 {
        self.level(AbilityKind::Skill, code).unwrap_or(0)
    }

    /// The fluency in a language by number.
    #[must_use]
    pub fn language(&self, code: u32) -> Fluency {
        self.level(AbilityKind::Language, code).map_or(0, levels::fluency)
    }

    /// The level of a language by number.
    #[must_use]
    pub fn language_level(&self, code: u32) -> Option<LanguageLevel> {
        let level = self.level(AbilityKind::Language, code)?;
        LanguageLevel::ALL.into_iter().find(|known| *known as u8 == level)
    }

    /// Licences of one number.
    pub fn licences(&self, code: u32) -> impl Iterator<Item = &Licence> {
        self.licences.iter().filter(move |licence| licence.code == code)
    }

    fn level(&self, kind: AbilityKind, code: u32) -> Option<u8> {
        let key = Ability::new(kind, code, 0).key();
        let at = self.abilities.binary_search_by_key(&key, |ability| ability.key()).ok()?;
        self.abilities.get(at).map(|ability| ability.level())
    }

    /// Bytes owned on the heap, roughly.
    pub(crate) fn heap_bytes(&self) -> usize {
        let rare = self.rare.as_ref().map_or(0, |rare| {
            size_of::<Rare>()
                + size_of_val(&*rare.time_off)
                + size_of_val(&*rare.work.bookings)
                + size_of_val(&*rare.work.visits)
                + 48
        });
        size_of_val(&*self.abilities) + size_of_val(&*self.licences) + 32 + rare
    }
}
