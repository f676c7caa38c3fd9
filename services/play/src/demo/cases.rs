//! What there is to do in Harbour City: thirty open cases. Pure.

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use uuid::Uuid;

use super::city::DISTRICTS;
use super::dice::Dice;

/// How many there are.
pub(super) const COUNT: u32 = 30;

/// Those whom they are done for.
pub(super) const CLIENTS: [&str; 4] =
    ["Harbour Insurance", "Old Town Trams", "Castle Bank", "Tagus Warehouses"];

/// A kind of work: title, service, skills with required and preferred level, licence.
type Kind = (&'static str, usize, &'static [(&'static str, u8, u8)], Option<&'static str>);

// Indices are those of `people::SERVICES`.
const KINDS: [Kind; 10] = [
    ("Watch the harbour office", 0, &[("surveillance", 2, 4)], None),
    ("Serve papers on a tenant", 1, &[], None),
    ("Interview a witness of the tram accident", 2, &[("interviewing", 2, 4)], None),
    ("Check the references of a new treasurer", 3, &[("report-writing", 1, 3)], None),
    ("Follow up a false invoice", 4, &[("report-writing", 2, 4), ("negotiation", 1, 3)], None),
    ("Photograph the damaged warehouse", 5, &[("photography", 2, 5)], None),
    ("Look after a lone pensioner", 6, &[("first-aid", 1, 3)], None),
    ("Escort a courier to the airport", 7, &[("driving", 2, 3)], Some("SEC")),
    ("Secure the laptop of a suspect clerk", 4, &[("digital-forensics", 2, 4)], Some("PI")),
    ("Watch a depot at night", 0, &[("surveillance", 3, 5), ("driving", 1, 2)], Some("PI")),
];

/// A case to be.
pub(super) struct Plan {
    /// By which it is found again.
    pub(super) title: String,
    /// The body of `POST /v1/cases`.
    pub(super) body: Value,
}

/// What those who call speak, out of 100; the rest does not say.
pub(super) const SPOKEN: [(u32, &[&str]); 4] =
    [(45, &["pt"]), (20, &["pt", "en"]), (12, &["en"]), (8, &["es", "fr"])];

/// What a kind of work is called, and the fields of a case in which it says what it asks for.
/// `services` are the ids in the order of `people::SERVICES`.
pub(super) fn work(kind: usize, services: &[Uuid]) -> (&'static str, Value) {
    let (what, service, skills, licence) = KINDS[kind % KINDS.len()];
    let skill = |(code, required, preferred): &(&str, u8, u8)| json!({ "code": code, "required": required, "preferred": preferred });
    let asked = json!({
        "services": services.get(service).into_iter().collect::<Vec<_>>(),
        "skills": skills.iter().map(skill).collect::<Vec<_>>(),
        "licences": licence.map(|code| json!({ "code": code, "jurisdiction": "PT" })).into_iter().collect::<Vec<_>>(),
    });
    (what, asked)
}

/// All of them, as seen at `now`; `services` are the ids in the order of `people::SERVICES`,
/// `clients` those of [`CLIENTS`]. Every fifth case is done for no client. The first is as soon as possible in the Old Town, and many fit it.
pub(super) fn plan(now: Timestamp, services: &[Uuid], clients: &[Uuid]) -> Vec<Plan> {
    let mut dice = Dice::new(4_711);
    (0..COUNT).map(|number| case(number, now, services, clients, &mut dice)).collect()
}

fn case(number: u32, now: Timestamp, services: &[Uuid], clients: &[Uuid], dice: &mut Dice) -> Plan {
    let index = usize::try_from(number).unwrap_or(0);
    let (what, mut body) = work(index, services);
    let first = number == 0;
    let district =
        if first { &DISTRICTS[2] } else { &DISTRICTS[(index * 3 + 2) % DISTRICTS.len()] };
    let position = district.somewhere(dice);
    let in_min = i64::from(dice.whole(1, 40)) * 30;
    let later = dice.chance(0.5) && !first;
    let languages = dice.weighted(&SPOKEN);
    let languages = if first { Some(&["pt", "en"][..]) } else { languages };
    let title = format!("{what}, {} (no. {})", district.name, number + 1);
    body["title"] = json!(title);
    body["client_id"] = json!(clients.get(index % (CLIENTS.len() + 1)));
    body["position"] = position.json();
    body["starts_at"] = json!(later.then(|| now + in_min.minutes()));
    body["duration_min"] = json!(if first { 60 } else { dice.whole(1, 6) * 30 });
    body["urgent"] = json!(dice.chance(0.15) && !first);
    body["languages"] = json!(languages.unwrap_or_default());
    body["language_required"] = json!(languages.is_some() && dice.chance(0.3) && !first);
    Plan { title, body }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn thirty_cases_of_different_titles_some_now_some_later() {
        let now: Timestamp = "2026-03-04T15:20:00Z".parse().unwrap();
        let services: Vec<Uuid> = (0..8).map(Uuid::from_u128).collect();
        let clients: Vec<Uuid> = (10..14).map(Uuid::from_u128).collect();
        let cases = plan(now, &services, &clients);
        let named =
            |client: &Uuid| cases.iter().any(|case| case.body["client_id"] == json!(client));
        assert!(clients.iter().all(named), "each client has a case");
        let titles: HashSet<&str> = cases.iter().map(|case| case.title.as_str()).collect();
        assert_eq!(titles.len(), 30);
        let later = cases.iter().filter(|case| !case.body["starts_at"].is_null()).count();
        assert!((8..=22).contains(&later), "{later}");
        assert!(cases[0].body["starts_at"].is_null() && cases[0].title.contains("Old Town"));
        assert!(cases.iter().all(|case| case.body["services"].as_array().unwrap().len() == 1));
    }
}
