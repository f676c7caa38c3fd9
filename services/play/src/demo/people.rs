//! Who works in Harbour City: two hundred people, drawn once and for all. Pure.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};
use nearhand_domain::zone;
use serde_json::{Value, json};

use super::city::{DISTRICTS, Place};
use super::dice::Dice;

/// How many there are.
pub(super) const COUNT: u32 = 200;
/// Where they live by the clock.
pub(super) const ZONE: &str = "Europe/Lisbon";

/// What the organisation offers.
pub(super) const SERVICES: [&str; 8] = [
    "Surveillance",
    "Process serving",
    "Witness interviews",
    "Background checks",
    "Fraud investigation",
    "Scene photography",
    "Welfare checks",
    "Security escorts",
];

/// What people can do, 1 to 5.
pub(super) const SKILLS: [&str; 8] = [
    "surveillance",
    "interviewing",
    "photography",
    "report-writing",
    "driving",
    "first-aid",
    "digital-forensics",
    "negotiation",
];

const FIRST_NAMES: [&str; 40] = [
    "Ana", "Beatriz", "Carla", "Daniela", "Elisa", "Filipa", "Graça", "Helena", "Inês", "Joana",
    "Laura", "Marta", "Nadia", "Olga", "Paula", "Rita", "Sofia", "Teresa", "Vera", "Yara", "André",
    "Bruno", "Carlos", "Diogo", "Emil", "Fábio", "Gil", "Hugo", "Ivo", "João", "Luís", "Miguel",
    "Nuno", "Omar", "Pedro", "Rui", "Samir", "Tiago", "Vasco", "Xavier",
];

const LAST_NAMES: [&str; 40] = [
    "Almeida",
    "Barros",
    "Cardoso",
    "Duarte",
    "Esteves",
    "Faria",
    "Gomes",
    "Henriques",
    "Iqbal",
    "Jardim",
    "Kovalenko",
    "Lopes",
    "Machado",
    "Neves",
    "Oliveira",
    "Pereira",
    "Queiroz",
    "Ramos",
    "Santos",
    "Teixeira",
    "Uchôa",
    "Vieira",
    "Weber",
    "Xavier",
    "Yilmaz",
    "Zanetti",
    "Amaral",
    "Brito",
    "Campos",
    "Dias",
    "Fonseca",
    "Guerra",
    "Leal",
    "Matos",
    "Nogueira",
    "Pinto",
    "Rocha",
    "Silva",
    "Tavares",
    "Vaz",
];

/// A person to be.
pub(super) struct Plan {
    /// By which they are found again.
    pub(super) username: String,
    /// The body of `POST /v1/staff`.
    pub(super) body: Value,
    /// Index into [`SERVICES`] and the stated preference.
    pub(super) services: Vec<(usize, &'static str)>,
    /// Index into [`DISTRICTS`] and the stated preference.
    pub(super) regions: Vec<(usize, &'static str)>,
    /// Whether tracking is permitted, and if only in working hours, with which margin.
    pub(super) tracking: Option<Option<u16>>,
    /// An absence.
    pub(super) time_off: Option<(Timestamp, Timestamp)>,
    /// Where they live.
    pub(super) home: Place,
    /// Index into [`DISTRICTS`].
    pub(super) district: usize,
}

/// All of them, as seen at `now`: shifts lie evenly around the clock, so that at any hour about
/// half of the people work. The first is always there, tracked, and nobody simulates their phone.
pub(super) fn plan(now: Timestamp) -> Vec<Plan> {
    let mut dice = Dice::new(20_260_301);
    let zone = zone::get(ZONE).unwrap_or(TimeZone::UTC);
    let local = now.to_zoned(zone);
    let clock = Clock {
        today: local.date(),
        now,
        minute: u32::from(local.hour().unsigned_abs()) * 60
            + u32::from(local.minute().unsigned_abs()),
    };
    (0..COUNT).map(|number| person(number, &clock, &mut dice)).collect()
}

struct Clock {
    now: Timestamp,
    today: Date,
    /// Of the local day.
    minute: u32,
}

fn person(number: u32, clock: &Clock, dice: &mut Dice) -> Plan {
    let index = usize::try_from(number).unwrap_or(0);
    let first = FIRST_NAMES[index % FIRST_NAMES.len()];
    // Five rounds of forty, each shifted, so that no name comes twice.
    let last = LAST_NAMES[(index * 7 + index / LAST_NAMES.len() * 9) % LAST_NAMES.len()];
    let district = index % DISTRICTS.len();
    let home = DISTRICTS[district].somewhere(dice);
    let working_hours =
        if number == 0 || dice.chance(0.2) { None } else { Some(shifts(number, clock, dice)) };
    let max_travel_km = dice.chance(0.3).then(|| dice.whole(4, 20));
    let margin = dice.chance(0.25).then_some(30);
    let tracked = dice.chance(0.85);
    let away = dice.chance(0.06) && number != 0;
    let starts_in = i64::from(dice.whole(0, 48)) - 24;
    let time_off = away.then(|| {
        let from = clock.now + starts_in.hours();
        (from, from + 36.hours())
    });
    let body = json!({
        "first_name": first,
        "last_name": last,
        "username": format!("demo-{:03}", number + 1),
        "kind": if dice.chance(0.15) { "external" } else { "employee" },
        "home": home.json(),
        "working_hours": working_hours,
        "max_travel_km": if number == 0 { None } else { max_travel_km },
        "skills": skills(dice),
        "licences": licences(clock.today, dice),
        "languages": languages(dice),
    });
    Plan {
        username: format!("demo-{:03}", number + 1),
        body,
        services: preferences(SERVICES.len(), None, dice),
        regions: preferences(DISTRICTS.len(), Some(district), dice),
        tracking: if number == 0 { Some(None) } else { tracked.then_some(margin) },
        time_off,
        home,
        district,
    }
}

/// Nine to twelve hours on six days a week; the golden ratio spreads the beginnings evenly,
/// whatever the number of people.
fn shifts(number: u32, clock: &Clock, dice: &mut Dice) -> Vec<Value> {
    const GOLDEN_MIN: u32 = 890; // 1440 / 1.618
    let start = (clock.minute + number * GOLDEN_MIN) % 1_440;
    let end = (start + dice.whole(9, 12) * 60) % 1_440;
    let free = number % 7 + 1;
    let day = |weekday| json!({ "weekday": weekday, "start_min": start, "end_min": end });
    (1..=7).filter(|weekday| *weekday != free).map(day).collect()
}

fn skills(dice: &mut Dice) -> Vec<Value> {
    let mut held = Vec::new();
    for code in SKILLS {
        if dice.chance(0.45) {
            held.push(json!({ "code": code, "level": dice.whole(1, 5) }));
        }
    }
    held
}

fn licences(today: Date, dice: &mut Dice) -> Vec<Value> {
    const KINDS: [(f64, &str, &str); 4] =
        [(0.6, "PI", "PT"), (0.4, "SEC", "PT"), (0.15, "DRONE", "PT"), (0.15, "PI", "ES")];
    let mut held = Vec::new();
    for (share, code, jurisdiction) in KINDS {
        if dice.chance(share) {
            // One in twelve ran out a while ago.
            let days = i64::from(dice.whole(40, 900)) * if dice.chance(0.08) { -1 } else { 1 };
            let valid_to = today.saturating_add(days.days());
            let valid_from = valid_to.saturating_sub(3.years());
            held.push(json!({ "code": code, "jurisdiction": jurisdiction, "valid_from": valid_from, "valid_to": valid_to }));
        }
    }
    held
}

fn languages(dice: &mut Dice) -> Vec<Value> {
    const LEARNT: [&str; 6] = ["a2", "b1", "b2", "b2", "c1", "c2"];
    const OTHERS: [(f64, &str); 6] =
        [(0.8, "en"), (0.4, "es"), (0.22, "fr"), (0.1, "de"), (0.07, "uk"), (0.05, "ar")];
    let own = if dice.chance(0.88) { "native" } else { "c1" };
    let mut spoken = vec![json!({ "language": "pt", "level": own })];
    for (share, language) in OTHERS {
        if dice.chance(share) {
            let level = dice.pick(&LEARNT).copied().unwrap_or("b2");
            spoken.push(json!({ "language": language, "level": level }));
        }
    }
    spoken
}

fn preferences(count: usize, home: Option<usize>, dice: &mut Dice) -> Vec<(usize, &'static str)> {
    const USUAL: [(u32, &str); 4] =
        [(7, "never"), (10, "avoid"), (38, "willing"), (22, "preferred")];
    let stated = |index| {
        let drawn = dice.weighted(&USUAL);
        let level = if home == Some(index) { Some("preferred") } else { drawn };
        level.map(|level| (index, level))
    };
    (0..count).filter_map(stated).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn now() -> Timestamp {
        "2026-03-04T15:20:00Z".parse().unwrap()
    }

    #[test]
    fn the_same_people_every_time_and_no_name_twice() {
        let (first, second) = (plan(now()), plan(now()));
        assert_eq!(first.len(), 200);
        assert!(first.iter().zip(&second).all(|(a, b)| a.body == b.body));
        let names: HashSet<String> = first
            .iter()
            .map(|p| format!("{} {}", p.body["first_name"], p.body["last_name"]))
            .collect();
        assert_eq!(names.len(), 200);
    }

    #[test]
    fn most_are_tracked_and_some_are_away() {
        let people = plan(now());
        let tracked = people.iter().filter(|p| p.tracking.is_some()).count();
        assert!((160..=180).contains(&tracked), "{tracked}");
        let away = people.iter().filter(|p| p.time_off.is_some()).count();
        assert!((3..=25).contains(&away), "{away}");
        assert_eq!(people[0].tracking, Some(None));
        assert!(people[0].body["working_hours"].is_null());
    }

    #[test]
    fn at_any_hour_of_any_day_about_half_work() {
        let people = plan(now());
        for hour in 0..7 * 24_u64 {
            let minute = hour * 60 + 30;
            let works = |plan: &&Plan| {
                let Some(shifts) = plan.body["working_hours"].as_array() else { return true };
                shifts.iter().any(|shift| {
                    let number = |name: &str| shift[name].as_u64().unwrap();
                    let start = (number("weekday") - 1) * 1_440 + number("start_min");
                    let length = (number("end_min") + 1_440 - number("start_min") - 1) % 1_440 + 1;
                    (minute + 7 * 1_440 - start) % (7 * 1_440) < length
                })
            };
            let working = people.iter().filter(works).count();
            assert!((80..=130).contains(&working), "hour {hour}: {working}");
        }
    }
}
