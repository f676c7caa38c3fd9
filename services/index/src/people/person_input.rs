//! A person as facts describe them, and how that becomes a record. Must not change an index.

use super::{
    ability::{Ability, AbilityKind},
    free_hours::ALWAYS_FREE,
    load::LoadInputs,
    person::{Booking, LastJob, Licence, Person, Ping, Rare, flag},
    schedules::{Pattern, Schedules},
    vocabulary::{Vocabulary, licence_word, skill_word},
    work::Work,
};
use crate::{
    abilities::{
        HourSet, Masks,
        levels::{self, BEST_LEVEL},
    },
    geometry::IndexPoint,
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use nearhand_domain::{
    ClientId, Position, RegionId, ServiceId, StaffId,
    facts::{LicenceFact, StaffFacts},
    preference::{LanguageLevel, Preference},
    time::{Interval, merge},
    tracking::TrackingGate,
};

/// A person in words, before the organisation's vocabulary turns words into numbers.
///
/// Facts of the feed become one. Tests and benches build people from it directly.
#[derive(Clone, Debug)]
pub struct PersonInput {
    /// The person.
    pub id: StaffId,
    /// The record's version; a higher one replaces.
    pub version: i64,
    /// May be assigned.
    pub active: bool,
    /// Kept as a versioned record only.
    pub deleted: bool,
    /// The newest fix.
    pub ping: Option<Ping>,
    /// Where they start when nothing newer is known.
    pub home: Option<Position>,
    /// Where they start without a home; `None`: the organisation's base.
    pub base: Option<Position>,
    /// The version of bookings, visits and last job; 0: no fact says anything of them.
    pub work_version: i64,
    /// The last job they finished.
    pub last_job: Option<LastJob>,
    /// Stated preferences for services.
    pub services: Vec<(ServiceId, Preference)>,
    /// Stated preferences for regions.
    pub regions: Vec<(RegionId, Preference)>,
    /// Skill code and level, 1 to 5.
    pub skills: Vec<(String, u8)>,
    /// Licences with their instants.
    pub licences: Vec<LicenceInput>,
    /// Whether the licences' instants are days of the organisation's zone, and follow it.
    pub licences_by_day: bool,
    /// BCP 47 language and level.
    pub languages: Vec<(String, LanguageLevel)>,
    /// `None`: no hours recorded, always available.
    pub working_hours: Option<Pattern>,
    /// Off duty: counts without working hours.
    pub off_duty: bool,
    /// Absences.
    pub time_off: Vec<Interval>,
    /// Bookings that may still matter.
    pub bookings: Vec<Booking>,
    /// Completed visits: client and Unix second.
    pub visits: Vec<(ClientId, i64)>,
    /// `None`: load is computed from bookings, hours and time off.
    pub load: Option<LoadInputs>,
    /// Their own travel limit in kilometres.
    pub max_travel_km: Option<f64>,
    /// Consent.
    pub tracking: TrackingGate,
    /// Fixes before this Unix second do not count.
    pub positions_valid_from: i64,
}

/// A licence as a person holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenceInput {
    /// Kind.
    pub code: String,
    /// Where it is valid.
    pub jurisdiction: String,
    /// Valid from this Unix second.
    pub valid_from: i64,
    /// Valid up to this Unix second: a case may end on it.
    pub valid_to: i64,
}

impl PersonInput {
    /// An active person about whom nothing else is known.
    #[must_use]
    pub fn new(id: StaffId) -> Self {
        Self {
            id,
            version: 1,
            active: true,
            deleted: false,
            ping: None,
            home: None,
            base: None,
            work_version: 0,
            last_job: None,
            services: Vec::new(),
            regions: Vec::new(),
            skills: Vec::new(),
            licences: Vec::new(),
            licences_by_day: false,
            languages: Vec::new(),
            working_hours: None,
            off_duty: false,
            time_off: Vec::new(),
            bookings: Vec::new(),
            visits: Vec::new(),
            load: None,
            max_travel_km: None,
            tracking: TrackingGate::default(),
            positions_valid_from: i64::MIN,
        }
    }

    /// The person of a fact; licences' days count in `zone`.
    #[must_use]
    pub fn from_facts(facts: &StaffFacts, zone: &TimeZone) -> Self {
        Self {
            version: facts.version,
            active: facts.active,
            deleted: facts.deleted,
            home: facts.home,
            base: facts.base,
            services: facts.services.clone(),
            regions: facts.regions.clone(),
            skills: facts.skills.clone(),
            licences: facts.licences.iter().map(|fact| LicenceInput::new(fact, zone)).collect(),
            licences_by_day: true,
            languages: facts.languages.clone(),
            working_hours: facts.working_hours.clone().map(Pattern::Weekly),
            off_duty: facts.off_duty,
            time_off: facts.time_off.clone(),
            max_travel_km: facts.max_travel_km,
            tracking: facts.tracking.clone(),
            positions_valid_from: facts.positions_valid_from,
            ..Self::new(facts.staff)
        }
    }

    /// The record, with its words interned. Not yet placed, loads not yet computed.
    pub(crate) fn into_person(
        self,
        vocabulary: &mut Vocabulary,
        schedules: &mut Schedules,
        now: i64,
    ) -> Person {
        let simple = self.tracking.pauses.is_empty()
            && self.tracking.hours_margin_min.is_none()
            && self.tracking.permissions.len() <= 1;
        let permitted = self.tracking.permissions.first().copied().filter(|_| simple);
        let abilities = self.abilities(vocabulary);
        let licences = self.licences.iter().filter_map(|l| l.intern(vocabulary)).collect();
        let (start, flags) = (self.home.or(self.base), self.flags());
        let load = self.load.unwrap_or_default();
        Person {
            id: self.id,
            version: self.version,
            ping: self.ping,
            start,
            start_at: start.map_or_else(IndexPoint::default, IndexPoint::of),
            ping_at: self
                .ping
                .map_or_else(IndexPoint::default, |ping| IndexPoint::of(ping.position)),
            max_travel_km: self.max_travel_km.unwrap_or(f64::INFINITY),
            permitted: permitted.unwrap_or(Interval { start: 0, end: 0 }),
            loads: [load; 2],
            abilities,
            licences,
            valid_from: self.positions_valid_from,
            flags,
            hours: self.working_hours.clone().map(|pattern| schedules.acquire(pattern, now)),
            rare: self.rare(vocabulary, simple),
        }
    }

    fn flags(&self) -> u16 {
        let set = |on: bool, flag: u16| if on { flag } else { 0 };
        set(self.active, flag::ACTIVE)
            | set(self.deleted, flag::DELETED)
            | set(self.home.is_some(), flag::START_IS_HOME)
            | set(self.home.or(self.base).is_some(), flag::START_IS_OWN)
            | set(self.load.is_some(), flag::LOAD_GIVEN)
            | set(self.licences_by_day, flag::LICENCES_BY_DAY)
            | set(self.off_duty, flag::OFF_DUTY)
    }

    fn abilities(&self, vocabulary: &mut Vocabulary) -> Box<[Ability]> {
        let mut abilities: Vec<Ability> = Vec::new();
        let mut push = |kind, code: Option<u32>, level| {
            abilities.extend(code.map(|code| Ability::new(kind, code, level)));
        };
        for (service, level) in &self.services {
            push(AbilityKind::Service, vocabulary.services.intern(service), *level as u8);
        }
        for (region, level) in &self.regions {
            push(AbilityKind::Region, vocabulary.regions.intern(region), *level as u8);
        }
        for (skill, level) in &self.skills {
            let code = vocabulary.skills.intern(skill_word(skill).as_str());
            push(AbilityKind::Skill, code, (*level).min(BEST_LEVEL));
        }
        for (tag, level) in &self.languages {
            push(AbilityKind::Language, vocabulary.intern_language(tag), *level as u8);
        }
        // Of a repeated word the highest level counts.
        abilities.sort_unstable_by(|a, b| b.cmp(a));
        abilities.dedup_by_key(|ability| ability.key());
        abilities.reverse();
        abilities.into_boxed_slice()
    }

    fn rare(self, vocabulary: &mut Vocabulary, simple_gate: bool) -> Option<Box<Rare>> {
        let work =
            Work::new(self.work_version, self.last_job, self.bookings, &self.visits, vocabulary);
        let gate = (!simple_gate).then(|| Box::new(self.tracking));
        if gate.is_none() && self.time_off.is_empty() && work.is_nothing() {
            return None;
        }
        let time_off = merge(self.time_off).into_boxed_slice();
        Some(Box::new(Rare { work, time_off, free_hours: ALWAYS_FREE, gate }))
    }
}

impl LicenceInput {
    /// A licence's days as instants in the organisation's zone.
    #[must_use]
    pub fn new(fact: &LicenceFact, zone: &TimeZone) -> Self {
        let after = |day: Date| day.tomorrow().ok().and_then(|day| first_second(day, zone));
        Self {
            code: fact.code.clone(),
            jurisdiction: fact.jurisdiction.clone(),
            valid_from: fact.valid_from.and_then(|day| first_second(day, zone)).unwrap_or(i64::MIN),
            valid_to: fact.valid_to.and_then(after).unwrap_or(i64::MAX),
        }
    }

    fn intern(&self, vocabulary: &mut Vocabulary) -> Option<Licence> {
        let word = licence_word(&self.code, &self.jurisdiction);
        let code = vocabulary.licences.intern(word.as_str())?;
        Some(Licence { code, valid_from: self.valid_from, valid_to: self.valid_to })
    }
}

impl Licence {
    /// The same days in another zone.
    pub(crate) fn moved(self, from: &TimeZone, to: &TimeZone) -> Self {
        let moved = |at: i64, open: i64| {
            if at == open {
                return open;
            }
            let day = Timestamp::from_second(at).ok().map(|at| at.to_zoned(from.clone()).date());
            day.and_then(|day| first_second(day, to)).unwrap_or(open)
        };
        let valid_from = moved(self.valid_from, i64::MIN);
        Self { valid_from, valid_to: moved(self.valid_to, i64::MAX), ..self }
    }
}

fn first_second(day: Date, zone: &TimeZone) -> Option<i64> {
    zone.to_ambiguous_timestamp(day.at(0, 0, 0, 0)).compatible().ok().map(Timestamp::as_second)
}

impl Person {
    /// What this person adds to a node. Cost: one step per ability.
    pub(crate) fn masks(&self, schedules: &Schedules) -> Masks {
        let hours = match self.hours {
            Some(id) => schedules.hours(id),
            None if self.is_off_duty() => HourSet::EMPTY,
            None => HourSet::ALL,
        };
        let load = self.loads[0].ppm().min(self.loads[1].ppm());
        let mut masks = Masks::unstated(hours, load);
        for ability in &self.abilities {
            let (code, level) = (ability.code(), ability.level());
            match ability.kind() {
                AbilityKind::Service => masks.set_service(code, levels::willingness(level)),
                AbilityKind::Region => masks.set_region(code, levels::willingness(level)),
                AbilityKind::Skill => masks.set_skill(code, level),
                AbilityKind::Language => masks.set_language(code, levels::fluency(level)),
            }
        }
        masks.set_free_hours(self.free_hours());
        self.licences.iter().for_each(|licence| masks.set_licence(licence.code));
        self.clients().for_each(|client| masks.set_client(client));
        masks
    }
}
