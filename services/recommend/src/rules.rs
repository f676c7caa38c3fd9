//! Hard rules: who cannot do a case. Must judge in the contract's order and report every failure.

use crate::{
    location::Whereabouts,
    query::{Query, millis, whole},
};
use nearhand_index::{Person, load::MIN_CAPACITY_MIN, masks::UNSTATED};
use serde::Serialize;

/// The rules in table order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Not active.
    Inactive,
    /// Holds this case.
    AlreadyAssigned,
    /// Declined an offer of it.
    AlreadyDeclined,
    /// The client will not have them.
    ExcludedByClient,
    /// The case requires the panel and they are not on it.
    NotOnRequiredPanel,
    /// Their preference is `never` for a service.
    ServiceNever,
    /// Their preference is `never` for a region.
    RegionNever,
    /// Some service is not `willing` or `preferred`, where that is asked for.
    ServiceNotPreferred,
    /// No region is `willing` or `preferred`, where that is asked for.
    RegionNotPreferred,
    /// A skill below the level required.
    MissingSkill,
    /// None of that licence.
    LicenceMissing,
    /// None valid for the whole time.
    LicenceExpired,
    /// No language of the case at b2 or better.
    LanguageMissing,
    /// Absent at the time.
    TimeOff,
    /// Booked at the time.
    DoubleBooked,
    /// Not within one working interval.
    OutsideWorkingHours,
    /// Would arrive too late.
    TooLate,
    /// Too far away.
    BeyondMaxTravel,
    /// No location known, where one is required.
    NoLocation,
    /// Would be loaded too much.
    AtCapacity,
}

impl Rule {
    /// All rules in table order.
    pub const ALL: [Self; 20] = [
        Self::Inactive,
        Self::AlreadyAssigned,
        Self::AlreadyDeclined,
        Self::ExcludedByClient,
        Self::NotOnRequiredPanel,
        Self::ServiceNever,
        Self::RegionNever,
        Self::ServiceNotPreferred,
        Self::RegionNotPreferred,
        Self::MissingSkill,
        Self::LicenceMissing,
        Self::LicenceExpired,
        Self::LanguageMissing,
        Self::TimeOff,
        Self::DoubleBooked,
        Self::OutsideWorkingHours,
        Self::TooLate,
        Self::BeyondMaxTravel,
        Self::NoLocation,
        Self::AtCapacity,
    ];
}

/// A set of failed rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures(u32);

impl Failures {
    /// Whether nothing failed.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The failed rules in table order.
    pub fn iter(self) -> impl Iterator<Item = Rule> {
        Rule::ALL.into_iter().filter(move |&rule| self.contains(rule))
    }

    /// Whether a rule failed.
    #[must_use]
    pub fn contains(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u32) != 0
    }

    /// The only failed rule, if there is exactly one.
    #[must_use]
    pub fn only(self) -> Option<Rule> {
        if self.0.count_ones() == 1 { self.iter().next() } else { None }
    }

    fn add(&mut self, rule: Rule, failed: bool) {
        self.0 |= u32::from(failed) << rule as u32;
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The rules that need neither a place nor a time.
pub(crate) fn of_person(query: &Query<'_>, slot: u32, person: &Person) -> Failures {
    let mut failed = Failures::default();
    let among = |slots: &[u32]| !slots.is_empty() && slots.binary_search(&slot).is_ok();
    failed.add(Rule::Inactive, !person.is_active());
    failed.add(Rule::AlreadyAssigned, among(&query.assigned));
    failed.add(Rule::AlreadyDeclined, among(&query.declined));
    failed.add(Rule::ExcludedByClient, among(&query.excluded));
    failed.add(Rule::NotOnRequiredPanel, query.case.panel_required && !among(&query.panel));
    let filter = query.policy.filter_by_preferences;
    for code in &query.services {
        let gladness = code.map_or(UNSTATED, |code| person.service(code));
        failed.add(Rule::ServiceNever, gladness == 0);
        failed.add(Rule::ServiceNotPreferred, filter && gladness <= UNSTATED);
    }
    let mut best = 0;
    for code in &query.regions {
        let gladness = code.map_or(UNSTATED, |code| person.region(code));
        failed.add(Rule::RegionNever, gladness == 0);
        best = best.max(gladness);
    }
    let unwilling = filter && !query.regions.is_empty() && best <= UNSTATED;
    failed.add(Rule::RegionNotPreferred, unwilling);
    for skill in &query.skills {
        let have = skill.code.map_or(0, |code| person.skill(code));
        failed.add(Rule::MissingSkill, have < skill.required);
    }
    for code in &query.licences {
        let held = code.is_some_and(|code| person.licences(code).next().is_some());
        failed.add(Rule::LicenceMissing, !held);
    }
    if query.case.language_required && !query.languages.is_empty() {
        let codes = query.languages.iter().flatten();
        let fluency = codes.map(|&code| person.language(code)).max().unwrap_or(0);
        failed.add(Rule::LanguageMissing, fluency < 2);
    }
    if let Some(most) = query.max_load_ppm {
        let load = query.load(slot, person);
        let with_case = u64::from(load.ppm_with(query.case.duration_min));
        failed.add(Rule::AtCapacity, load.capacity_min < MIN_CAPACITY_MIN || with_case > most);
    }
    failed
}

/// The rules about what else there is while somebody is at work until `end_ms`: whoever fails one
/// fails it however much longer it takes.
pub(crate) fn of_span(query: &Query<'_>, person: &Person, end_ms: i64) -> Failures {
    let mut failed = Failures::default();
    let start_ms = millis(query.start);
    for code in query.licences.iter().flatten() {
        let mut held = person.licences(*code).peekable();
        let missing = held.peek().is_none();
        let valid = held
            .any(|licence| licence.valid_from <= query.start && end_ms <= millis(licence.valid_to));
        failed.add(Rule::LicenceExpired, !missing && !valid);
    }
    let overlaps = |start: i64, end: i64| millis(start) < end_ms && start_ms < millis(end);
    let off = person.time_off().iter().any(|off| overlaps(off.start, off.end));
    failed.add(Rule::TimeOff, off);
    let booked = query.bookings(person).any(|b| overlaps(b.time.start, b.time.end));
    failed.add(Rule::DoubleBooked, booked);
    failed
}

/// The rules that depend on when, and on where they will be.
pub(crate) fn of_time(query: &Query<'_>, person: &Person, at: &Whereabouts) -> Failures {
    let mut failed = of_span(query, person, at.end_ms);
    failed.add(Rule::OutsideWorkingHours, person.hours().is_some() && at.shift.is_none());
    let max_late_ms = whole(libm::rint(query.policy.max_late_min * 60_000.0));
    failed.add(Rule::TooLate, at.late_ms > max_late_ms);
    let limit = query.policy.max_travel_km.unwrap_or(f64::INFINITY).min(person.max_travel_km());
    failed.add(Rule::BeyondMaxTravel, at.primary.is_some_and(|primary| primary.km > limit));
    failed.add(Rule::NoLocation, query.policy.require_location && at.primary.is_none());
    failed
}
