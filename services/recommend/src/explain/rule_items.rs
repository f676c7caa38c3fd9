//! What a person has and what a rule needs, item by item. Must say nothing of whereabouts but
//! distances.

use crate::{
    explain::failed_rule::{Item, Value, instant},
    judge::{judgement::Judgement, terms::or_unstated},
    query::Query,
    rounding::{from_milli, millis},
    rule::Rule,
};
use nearhand_domain::{
    preference::{LanguageLevel, Preference},
    time::{DAY_S, Interval},
};
use nearhand_index::{
    Person,
    abilities::levels::UNSTATED,
    people::{load::MIN_CAPACITY_MIN, person::Licence},
};
use std::fmt::Display;

impl Query<'_> {
    /// What a judged person has and what a rule that they fail needs.
    pub(crate) fn rule_items(&self, of: &Judgement, rule: Rule) -> Vec<Item> {
        let person = self.index.person(of.slot);
        match rule {
            Rule::Inactive => words("inactive", "active"),
            Rule::AlreadyAssigned => words("holds the case", "does not hold it"),
            Rule::AlreadyDeclined => words("declined the case", "did not decline it"),
            Rule::ExcludedByClient => words("excluded by the client", "not excluded"),
            Rule::NotOnRequiredPanel => words("not on the client's panel", "on it"),
            Rule::NotInGroup => words("in none of the tags, groups and departments", "in one"),
            Rule::NoLocation => words("no location", "a location"),
            Rule::ServiceNever => self.service_items(person, 0, Preference::Avoid),
            Rule::ServiceNotPreferred => self.service_items(person, UNSTATED, Preference::Willing),
            Rule::RegionNever => self.region_items(person, 0, Preference::Avoid),
            Rule::RegionNotPreferred => self.region_items(person, UNSTATED, Preference::Willing),
            Rule::MissingSkill => self.skill_items(person),
            Rule::LicenceMissing | Rule::LicenceExpired => self.licence_items(of, rule),
            Rule::LanguageMissing => self.language_items(person),
            Rule::TimeOff => self.overlaps(of, person.time_off().iter().copied()),
            Rule::DoubleBooked => {
                self.overlaps(of, self.bookings(person).map(|b| b.time_at(self.as_of)))
            }
            Rule::OutsideWorkingHours if person.is_off_duty() => words("off duty", "on duty"),
            Rule::OutsideWorkingHours => self.hours_items(of, person),
            Rule::TooLate => {
                let (late, limit) = (from_milli(of.at.late_ms) / 60.0, self.policy.max_late_min);
                vec![item("late_min", Value::Number(late), Value::Number(limit))]
            }
            Rule::BeyondMaxTravel => self.travel_items(of, person),
            Rule::AtCapacity => self.load_items(of),
        }
    }

    fn service_items(&self, person: &Person, most: u8, needs: Preference) -> Vec<Item> {
        stated(&self.case.services, &self.services, (most, needs), |code| person.service(code))
    }

    fn region_items(&self, person: &Person, most: u8, needs: Preference) -> Vec<Item> {
        stated(&self.case.regions, &self.regions, (most, needs), |code| person.region(code))
    }

    fn skill_items(&self, person: &Person) -> Vec<Item> {
        let lacking = self.lacking_skills(person).map(|(at, have)| {
            let need = &self.case.skills[at];
            item(&need.skill, Value::Number(have.into()), Value::Number(need.required.into()))
        });
        lacking.collect()
    }

    fn licence_items(&self, of: &Judgement, rule: Rule) -> Vec<Item> {
        let person = self.index.person(of.slot);
        let valid = |licence: &Licence| {
            licence.valid_from <= self.start && of.at.end_ms <= millis(licence.valid_to)
        };
        let needs = self.case.licences.iter().zip(&self.licences);
        let lacking = needs.filter_map(|(need, code)| {
            let held = || code.iter().flat_map(|&code| person.licences(code));
            let has = match (held().max_by_key(|licence| licence.valid_to), rule) {
                (None, Rule::LicenceMissing) => Value::None,
                (Some(last), Rule::LicenceExpired) if !held().any(valid) => validity(last),
                _ => return None,
            };
            let name = format!("{} {}", need.code, need.jurisdiction);
            Some(item(&name, has, self.work_span(of)))
        });
        lacking.collect()
    }

    fn language_items(&self, person: &Person) -> Vec<Item> {
        let tags = self.case.languages.iter().zip(&self.language_ranges);
        let spoken = tags.map(|(tag, codes)| {
            let level = codes.iter().filter_map(|&code| person.language_level(code)).max();
            let has = level.map_or(Value::None, |level| Value::Word(level.as_str()));
            item(tag, has, Value::Word(LanguageLevel::B2.as_str()))
        });
        spoken.collect()
    }

    /// The intervals that overlap the work.
    fn overlaps(&self, of: &Judgement, busy: impl Iterator<Item = Interval>) -> Vec<Item> {
        let (start_ms, end_ms) = (millis(self.start), of.at.end_ms);
        let overlap = |i: &Interval| millis(i.start) < end_ms && start_ms < millis(i.end);
        let item = |busy: Interval| Item { of: None, has: span(busy), needs: self.work_span(of) };
        busy.filter(overlap).map(item).collect()
    }

    /// The working hours from a day before the work to a day after it.
    fn hours_items(&self, of: &Judgement, person: &Person) -> Vec<Item> {
        let (start, end) = self.work(of);
        let window = Interval { start: start - DAY_S, end: end.saturating_add(DAY_S) };
        let near = |all: &[Interval]| -> Vec<Value> {
            all.iter().filter(|hours| hours.overlaps(window)).map(|&hours| span(hours)).collect()
        };
        let hours = person.hours();
        let hours = hours.map(|hours| self.index.schedules().with(hours, window, near));
        let mut hours = hours.unwrap_or_default();
        if hours.is_empty() {
            hours.push(Value::None);
        }
        let needs = self.work_span(of);
        hours.into_iter().map(|has| Item { of: None, has, needs: needs.clone() }).collect()
    }

    /// The limits that the distance is beyond.
    fn travel_items(&self, of: &Judgement, person: &Person) -> Vec<Item> {
        let km = of.at.primary.map_or(0.0, |from| from.km);
        let own = Some(person.max_travel_km());
        let limits = [("policy_km", self.policy.max_travel_km), ("own_km", own)];
        let exceeded = limits.into_iter().filter_map(|(name, limit)| {
            let limit = limit.filter(|&limit| km > limit)?;
            Some(item(name, Value::Number(km), Value::Number(limit)))
        });
        exceeded.collect()
    }

    fn load_items(&self, of: &Judgement) -> Vec<Item> {
        if of.load.capacity_min < MIN_CAPACITY_MIN {
            let (has, needs) = (of.load.capacity_min.into(), MIN_CAPACITY_MIN.into());
            return vec![item("capacity_min", Value::Number(has), Value::Number(needs))];
        }
        let with_case = f64::from(of.load.ppm_with(self.case.duration_min)) / 1e6;
        let most = self.policy.max_utilisation.unwrap_or_default();
        vec![item("utilisation", Value::Number(with_case), Value::Number(most))]
    }

    fn work_span(&self, of: &Judgement) -> Value {
        let (start, end) = self.work(of);
        span(Interval { start, end })
    }
}

fn words(has: &'static str, needs: &'static str) -> Vec<Item> {
    vec![Item { of: None, has: Value::Word(has), needs: Value::Word(needs) }]
}

fn item(of: &str, has: Value, needs: Value) -> Item {
    Item { of: Some(of.to_owned()), has, needs }
}

fn span(of: Interval) -> Value {
    Value::Span { from: Some(instant(of.start)), until: Some(instant(of.end)) }
}

fn validity(licence: &Licence) -> Value {
    let from = (licence.valid_from > i64::MIN).then(|| instant(licence.valid_from));
    let until = (licence.valid_to < i64::MAX).then(|| instant(licence.valid_to));
    Value::Span { from, until }
}

/// The services or regions for which a person is at most so willing.
fn stated<Id: Display>(
    ids: &[Id],
    codes: &[Option<u32>],
    (most, needs): (u8, Preference),
    willingness: impl Fn(u32) -> u8,
) -> Vec<Item> {
    let below = ids.iter().zip(codes).filter_map(|(id, code)| {
        let has = match or_unstated(*code, &willingness) {
            level if level > most => return None,
            0 => Preference::Never.as_str(),
            1 => Preference::Avoid.as_str(),
            _ => "unstated",
        };
        Some(item(&id.to_string(), Value::Word(has), Value::Word(needs.as_str())))
    });
    below.collect()
}
