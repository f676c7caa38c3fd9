//! Reads the worked cases into people and cases. Must not know how they are judged.

use nearhand_domain::{
    BookingId, CaseId, ClientId, OrganizationId, Position, RegionId, ServiceId,
    preference::{LanguageLevel, Preference},
    time::Interval,
    tracking::OPEN_END,
};
use nearhand_index::{
    OrgIndex, PersonInput,
    people::{
        load::LoadInputs,
        person::{Booking, LastJob, Ping},
        person_input::LicenceInput,
        schedules::explicit,
    },
};
use nearhand_recommend::{Case, LicenceNeed, Policy, SkillNeed};
use serde_json::Value;
use uuid::Uuid;

/// One worked case.
pub(crate) struct Golden {
    pub(crate) name: String,
    pub(crate) as_of: i64,
    pub(crate) policy: Policy,
    pub(crate) case: Case,
    pub(crate) staff: Vec<PersonInput>,
    pub(crate) rows: Vec<Value>,
    pub(crate) order: Vec<String>,
}

impl Golden {
    pub(crate) fn index(&self) -> OrgIndex {
        let id = OrganizationId::from(Uuid::from_u128(1));
        OrgIndex::bulk_load(id, self.staff.iter().cloned(), self.as_of)
    }
}

pub(crate) fn read() -> Vec<Golden> {
    let text = include_str!("../data/golden.json");
    let cases: Vec<Value> = serde_json::from_str(text).unwrap();
    cases.iter().enumerate().map(|(at, case)| golden(at, case)).collect()
}

fn golden(at: usize, value: &Value) -> Golden {
    let rows = value["expected"]["rows"].as_array().unwrap().clone();
    let order = list(&value["expected"]["order"]).map(text).collect();
    Golden {
        name: format!("{at} {}", value["name"].as_str().unwrap_or("")),
        as_of: value["as_of"].as_i64().unwrap(),
        policy: serde_json::from_value(value["policy"].clone()).unwrap(),
        case: case(&value["case"]),
        staff: list(&value["staff"]).map(person).collect(),
        rows,
        order,
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Words such as "interview" stand for identifiers in the file.
fn named(word: &str) -> Uuid {
    let mut bytes = [0; 16];
    assert!(word.len() <= 16, "{word}");
    bytes[..word.len()].copy_from_slice(word.as_bytes());
    Uuid::from_bytes(bytes)
}

fn id<T: From<Uuid>>(value: &Value) -> T {
    T::from(value.as_str().unwrap().parse().unwrap())
}

fn position(value: &Value) -> Option<Position> {
    let pair = value.as_array()?;
    Some(Position::new(pair[0].as_f64().unwrap(), pair[1].as_f64().unwrap()).unwrap())
}

fn interval(value: &Value) -> Interval {
    Interval { start: value["start"].as_i64().unwrap(), end: value["end"].as_i64().unwrap() }
}

fn flag(value: &Value) -> bool {
    value.as_bool().unwrap_or(false)
}

fn count(value: &Value) -> Option<u32> {
    value.as_u64().map(|n| u32::try_from(n).unwrap())
}

fn level(value: &Value) -> u8 {
    u8::try_from(value.as_u64().unwrap()).unwrap()
}

fn case(value: &Value) -> Case {
    let ids = |name: &str| list(&value[name]).map(id).collect();
    Case {
        starts_at: value["starts_at"].as_i64(),
        duration_min: count(&value["duration_min"]).unwrap_or(60),
        urgent: flag(&value["urgent"]),
        services: list(&value["services"]).map(|s| ServiceId::from(named(&text(s)))).collect(),
        regions: list(&value["regions"]).map(|r| RegionId::from(named(&text(r)))).collect(),
        skills: list(&value["skills"])
            .map(|need| SkillNeed {
                skill: text(&need["skill"]),
                required: level(&need["required"]),
                preferred: level(&need["preferred"]),
            })
            .collect(),
        licences: list(&value["licences"])
            .map(|l| LicenceNeed { code: text(&l["code"]), jurisdiction: text(&l["jurisdiction"]) })
            .collect(),
        languages: list(&value["languages"]).map(text).collect(),
        language_required: flag(&value["language_required"]),
        client: value["client"].as_str().map(|word| ClientId::from(named(word))),
        panel: ids("panel"),
        panel_required: flag(&value["panel_required"]),
        client_excluded: ids("client_excluded"),
        declined_by: ids("declined_by"),
        assigned_to: ids("assigned_to"),
        ..Case::at(id::<CaseId>(&value["id"]), position(&value["position"]).unwrap())
    }
}

fn person(value: &Value) -> PersonInput {
    let mut parts = PersonInput::new(id(&value["id"]));
    parts.active = flag(&value["active"]);
    if flag(&value["tracking"]) {
        parts.tracking.permissions = vec![Interval { start: i64::MIN, end: OPEN_END }];
    }
    parts.home = position(&value["home"]);
    parts.base = position(&value["base"]);
    parts.ping = Some(&value["ping"]).filter(|ping| ping.is_object()).map(|ping| Ping {
        fix_at_ms: ping["fix_at"].as_i64().unwrap() * 1_000,
        position: position(&ping["position"]).unwrap(),
        accuracy_m: ping["accuracy_m"].as_f64().map(|metres| metres as f32),
        mock: flag(&ping["mock"]),
    });
    parts.last_job = Some(&value["last_job"]).filter(|job| job.is_object()).map(|job| LastJob {
        position: position(&job["position"]).unwrap(),
        completed_at: job["completed_at"].as_i64().unwrap(),
    });
    let willingness = |value: &Value| Preference::parse(value.as_str().unwrap()).unwrap();
    parts.services = entries(&value["services"])
        .map(|(word, level)| (ServiceId::from(named(word)), willingness(level)))
        .collect();
    parts.regions = entries(&value["regions"])
        .map(|(word, level)| (RegionId::from(named(word)), willingness(level)))
        .collect();
    parts.skills =
        entries(&value["skills"]).map(|(word, have)| (word.clone(), level(have))).collect();
    parts.licences = list(&value["licences"])
        .map(|licence| LicenceInput {
            code: text(&licence["code"]),
            jurisdiction: text(&licence["jurisdiction"]),
            valid_from: licence["valid_from"].as_i64().unwrap_or(i64::MIN),
            valid_to: licence["valid_to"].as_i64().unwrap_or(i64::MAX),
        })
        .collect();
    parts.languages = entries(&value["languages"])
        .map(|(tag, level)| (tag.clone(), LanguageLevel::parse(level.as_str().unwrap()).unwrap()))
        .collect();
    parts.working_hours = value["working_hours"]
        .as_array()
        .map(|hours| explicit(hours.iter().map(interval).collect()));
    parts.time_off = list(&value["time_off"]).map(interval).collect();
    parts.bookings = list(&value["bookings"]).zip(1u128..).map(|(b, at)| booking(b, at)).collect();
    parts.load = count(&value["committed_min"])
        .zip(count(&value["capacity_min"]))
        .map(|(committed_min, capacity_min)| LoadInputs { committed_min, capacity_min });
    parts.max_travel_km = value["max_travel_km"].as_f64();
    parts.visits = entries(&value["visits"])
        .flat_map(|(word, times)| {
            let client = ClientId::from(named(word));
            list(times).map(move |at| (client, at.as_i64().unwrap()))
        })
        .collect();
    parts
}

fn booking(value: &Value, at: u128) -> Booking {
    Booking {
        id: BookingId::from(Uuid::from_u128(at)),
        case: CaseId::from(Uuid::from_u128(at << 64)),
        time: interval(value),
        position: position(&value["position"]),
        cancelled: flag(&value["cancelled"]),
        open_ended: false,
    }
}
