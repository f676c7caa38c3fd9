//! Hard rules: who cannot do a case. Must judge in the contract's order and report every failure.

use crate::{
    judge::{location::PlaceAndTime, terms::or_unstated},
    query::Query,
    rounding::{millis, whole},
    rule::{Failures, Rule},
};
use nearhand_index::{Person, abilities::levels::UNSTATED, people::load::MIN_CAPACITY_MIN};

/// Failures of the rules that need neither a place nor a time.
pub(crate) fn static_failures(query: &Query<'_>, slot: u32, person: &Person) -> Failures {
    let mut failed = Failures::default();
    let among = |slots: &[u32]| !slots.is_empty() && slots.binary_search(&slot).is_ok();
    failed.add(Rule::Inactive, !person.is_active());
    failed.add(Rule::AlreadyAssigned, among(&query.assigned));
    failed.add(Rule::AlreadyDeclined, among(&query.declined));
    failed.add(Rule::ExcludedByClient, among(&query.excluded));
    failed.add(Rule::NotOnRequiredPanel, query.case.panel_required && !among(&query.panel));
    let filter = query.policy.filter_by_preferences;
    for code in &query.services {
        let willingness = or_unstated(*code, |code| person.service(code));
        failed.add(Rule::ServiceNever, willingness == 0);
        failed.add(Rule::ServiceNotPreferred, filter && willingness <= UNSTATED);
    }
    let mut best = 0;
    for code in &query.regions {
        let willingness = or_unstated(*code, |code| person.region(code));
        failed.add(Rule::RegionNever, willingness == 0);
        best = best.max(willingness);
    }
    let unwilling = filter && !query.regions.is_empty() && best <= UNSTATED;
    failed.add(Rule::RegionNotPreferred, unwilling);
    for skill in &query.skills.list {
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
    let outside = query.only.as_ref().is_some_and(|only| !only.contains(slot));
    failed.add(Rule::NotInGroup, outside);
    failed.without(query.waived)
}

/// Failures of the rules about licences, absences and bookings, for work until `end_ms`. A person
/// who fails one also fails it when the work ends later.
pub(crate) fn calendar_failures(query: &Query<'_>, person: &Person, end_ms: i64) -> Failures {
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
    let booked = query.bookings(person).any(|b| overlaps(b.time.start, query.end_of(b)));
    failed.add(Rule::DoubleBooked, booked);
    failed.without(query.waived)
}

/// Failures of the rules that depend on the place and on the time.
pub(crate) fn place_and_time_failures(
    query: &Query<'_>,
    person: &Person,
    at: &PlaceAndTime,
) -> Failures {
    let mut failed = calendar_failures(query, person, at.end_ms);
    let no_shift = person.hours().is_some() && at.shift.is_none();
    failed.add(Rule::OutsideWorkingHours, no_shift || person.is_off_duty());
    let max_late_ms = whole(libm::rint(query.policy.max_late_min * 60_000.0));
    failed.add(Rule::TooLate, at.late_ms > max_late_ms);
    let limit = query.policy.max_travel_km.unwrap_or(f64::INFINITY).min(person.max_travel_km());
    failed.add(Rule::BeyondMaxTravel, at.primary.is_some_and(|primary| primary.km > limit));
    failed.add(Rule::NoLocation, query.policy.require_location && at.primary.is_none());
    failed.without(query.waived)
}
