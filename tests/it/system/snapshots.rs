//! What every GET answers, as checked-in files: a change of any answer's shape shows in the diff.
//!
//! After a change that is meant: `INSTA_UPDATE=always ./dev test snapshots`, then look at the diff.

use crate::support::{Account, Phone, Site, account::now, events::Events, eventually};
use insta::assert_json_snapshot;
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, fs, path::Path, time::Duration};

const FOLDER: &str = "../../snapshots";
const VIEWPORT: &str = "bbox=-9.25,38.65,-9.05,38.80";

/// One of everything there is to read.
struct Scene<'a> {
    admin: Account<'a>,
    staff: String,
    service: String,
    region: String,
    case: String,
    client: String,
    assignment: String,
    offer: String,
    policy: String,
    /// A recommendation; it is asked for once all of this is in the index.
    recommendation: String,
    /// Collections of what people belong to, each with the id of one.
    belonging: Vec<(&'static str, String)>,
    job: String,
    account: String,
    import: String,
    export: String,
    archive: String,
}

#[tokio::test]
async fn every_get_answers_as_it_did() {
    let site = Site::start().await;
    let scene = Scene::set(site.set_up().await).await;
    for route in routes() {
        let path = scene.address(&route);
        let body = if route == "/v1/positions/stream" || route == "/v1/me/events" {
            scene.first_event(&path).await
        } else {
            let answer = scene.admin.get(&path).await.expect(200);
            // A file is no JSON.
            if answer.body.is_null() { json!(answer.text) } else { answer.body }
        };
        insta::with_settings!({ snapshot_path => FOLDER, prepend_module_to_snapshot => false,
            omit_expression => true, description => format!("GET {route}") }, {
            assert_json_snapshot!(file_name(&route), normal("", body));
        });
    }
}

#[test]
fn every_snapshot_belongs_to_a_route() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let names = files.map(|name| name.into_string().expect("a name"));
    let found: BTreeSet<String> =
        names.filter_map(|name| Some(name.strip_suffix(".snap")?.to_owned())).collect();
    let wanted: BTreeSet<String> = routes().iter().map(|route| file_name(route)).collect();
    assert_eq!(found, wanted, "left: files, right: GET routes of the OpenAPI document");
}

#[test]
fn what_differs_from_run_to_run_is_left_out_and_nothing_else() {
    let id = uuid::Uuid::now_v7().to_string();
    let body = json!({ "id": id, "at": now(), "starts_at": "2020-08-01T00:00:00Z", "age_s": 3, "next_cursor": "x", "version": 2,
        "items": [{ "name": "2026", "birth_date": "1906-12-09" }], "index_version": "0f", "n": null });
    let wanted = json!({ "id": "[id]", "at": "[time]", "starts_at": "2020-08-01T00:00:00Z", "age_s": "[age]",
        "next_cursor": "[cursor]", "version": 2,
        "items": [{ "name": "2026", "birth_date": "1906-12-09" }],
        "index_version": "[index version]", "n": null });
    assert_eq!(normal("", body), wanted);
}

/// Every GET under /v1 in the OpenAPI document that answers JSON, or events of it. Files are tried
/// where they are made.
fn routes() -> Vec<String> {
    let document = serde_json::to_value(nearhand_api::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let is_told = |item: &Value| {
        let content = &item["get"]["responses"]["200"]["content"];
        content["application/json"].is_object() || content["text/event-stream"].is_object()
    };
    // A phone is told the same there as a session under `/v1/me/tracking`; a test compares them.
    let is_session = |path: &str| path.starts_with("/v1/") && path != "/v1/pings/wanted";
    let read = paths.iter().filter(|(path, item)| is_session(path) && is_told(item));
    let routes: Vec<String> = read.map(|(path, _)| path.clone()).collect();
    assert!(routes.len() >= 17, "{routes:?}");
    routes
}

/// `/v1/staff/{id}/time-off` as `staff_id_time-off`.
fn file_name(route: &str) -> String {
    route.trim_start_matches("/v1/").replace('/', "_").replace(['{', '}'], "")
}

/// A body without what differs from run to run.
fn normal(name: &str, value: Value) -> Value {
    let told = match name {
        "age_s" => "[age]",
        "clock_skew_s" => "[skew]",
        "date" => "[date]",
        "index_version" | "stored_index_version" => "[index version]",
        "case_digest" => "[digest]",
        "next_cursor" => "[cursor]",
        // The case starts at a fixed instant, and is asked about now.
        "slack_min" => "[slack]",
        _ => "",
    };
    match value {
        Value::Null => Value::Null,
        Value::Array(items) => items.into_iter().map(|item| normal(name, item)).collect(),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| {
                let value = normal(&name, value);
                (name, value)
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        _ if !told.is_empty() => json!(told),
        // Machines differ in the last digits of a cosine.
        Value::Number(number) if number.is_f64() => {
            json!((number.as_f64().unwrap() * 1e9).round() / 1e9)
        }
        Value::String(text) if text.parse::<uuid::Uuid>().is_ok() => json!("[id]"),
        Value::String(text) if is_of_this_run(&text) => json!("[time]"),
        other => other,
    }
}

/// Whether it is an instant of these days, as what the test itself states is not.
fn is_of_this_run(text: &str) -> bool {
    let ago = |at: jiff::Timestamp| nearhand_domain::clock::now().duration_since(at);
    text.parse().is_ok_and(|at| ago(at).unsigned_abs() < Duration::from_hours(40 * 24))
}

impl<'a> Scene<'a> {
    async fn set(admin: Account<'a>) -> Self {
        let base = json!({ "base": { "lat": 38.7071, "lng": -9.1355 } });
        admin.patch("/v1/organization", base).await.expect(200);
        let made = async |path: &str, body: Value| {
            admin.post(path, body).await.expect(201).str("/id").to_owned()
        };
        let service = made("/v1/services", json!({ "name": "Surveillance" })).await;
        let area = json!({ "type": "Polygon", "coordinates": [[[-9.15, 38.70], [-9.12, 38.70],
            [-9.12, 38.73], [-9.15, 38.73], [-9.15, 38.70]]] });
        let region = made("/v1/regions", json!({ "name": "Old town", "area": area })).await;
        let belonging = make_belonging(&admin).await;
        let mut grace = grace();
        for (name, id) in &belonging {
            grace[*name] = json!([id]);
        }
        let staff = made("/v1/staff", grace).await;
        let client = json!({ "name": "Harbour Insurance", "panel_required": true });
        let client = made("/v1/clients", client).await;
        let people = json!({ "panel": [staff], "excluded": [] });
        admin.put(&format!("/v1/clients/{client}/people"), people).await.expect(200);
        let mut case = watch(&service);
        case["client_id"] = json!(client);
        let case = made("/v1/cases", case).await;
        let hold = json!({ "staff_id": staff, "starts_at": "2199-01-01T08:00:00Z" });
        let assignment = made(&format!("/v1/cases/{case}/assignments"), hold).await;
        let spare = json!({ "title": "Night watch", "starts_at": "2199-01-02T08:00:00Z",
            "position": { "lat": 38.7071, "lng": -9.1355 } });
        let spare = made("/v1/cases", spare).await;
        let terms = json!({ "staff_ids": [staff], "message": "Bring a lamp" });
        let offer = made(&format!("/v1/cases/{spare}/offers"), terms).await;
        let policy = json!({ "name": "Night calls", "preset": "nearest" });
        let policy = made("/v1/policies", policy).await;
        let job = admin.queue_export().await;
        let account = json!({ "name": "Case system", "permissions": ["cases:edit", "cases:view"] });
        let account = made("/v1/service-accounts", account).await;
        let keys = format!("/v1/service-accounts/{account}/keys");
        admin.post(&keys, json!({ "name": "Production" })).await.expect(201);
        let import = admin.check("first_name,kind\nJoan,employee\nAda,robot\n").await;
        let (import, export) = (import.str("/id").to_owned(), admin.queue_file().await);
        let archive = admin.queue_archive().await;
        let scene = Self {
            staff,
            service,
            region,
            case,
            client,
            assignment,
            offer,
            policy,
            recommendation: String::new(),
            belonging,
            job,
            account,
            import,
            export,
            archive,
            admin,
        };
        scene.fill_person().await;
        scene.mail_links().await;
        let recommendation = scene.recommendation().await;
        Self { recommendation, ..scene }
    }

    /// What hangs on a person.
    async fn fill_person(&self) {
        let (admin, own) = (&self.admin, format!("/v1/staff/{}", self.staff));
        let preferences = json!({
            "services": [{ "service_id": self.service, "preference": "preferred" }],
            "regions": [{ "region_id": self.region, "preference": "avoid" }],
        });
        admin.put(&format!("{own}/work-preferences"), preferences).await.expect(200);
        let absence = json!({ "starts_at": "2020-08-01T00:00:00Z",
            "ends_at": "2020-08-15T00:00:00Z" });
        admin.post(&format!("{own}/time-off"), absence).await.expect(201);
        let phone: Phone<'_> = admin.create_phone(&self.staff).await;
        phone.send_from(38.7169, -9.1399).await.expect(200);
        eventually("the person is on the map, and the phone was heard from", async || {
            let seen = admin.get(&format!("/v1/positions?{VIEWPORT}")).await.expect(200);
            let devices = admin.get(&format!("{own}/devices")).await.expect(200);
            let seen = !seen.body["items"].as_array()?.is_empty();
            (seen && devices.body["items"][0]["last_seen_at"].is_string()).then_some(())
        })
        .await;
    }

    /// An answer that lists the person, with a funnel.
    async fn recommendation(&self) -> String {
        let place = json!({ "position": { "lat": 38.7071, "lng": -9.1355 }, "duration_min": 90,
            "services": [self.service], "languages": ["pt"],
            "starts_at": "2199-01-04T08:00:00Z" });
        let ask = json!({ "place": place, "limit": 1, "funnel": true });
        eventually("the person is listed, with what they prefer", async || {
            let answer = self.admin.post("/v1/recommendations", ask.clone()).await.expect(200);
            let first = &answer.body["result"]["candidates"][0];
            let preferred = first["terms"].to_string().contains("preferred");
            let listed = first["staff_id"] == self.staff.as_str() && preferred;
            listed.then(|| answer.str("/id").to_owned())
        })
        .await
    }

    /// An invitation and a move of the login, whose mails nobody sends.
    async fn mail_links(&self) {
        let (admin, own) = (&self.admin, format!("/v1/staff/{}", self.staff));
        admin.post(&format!("{own}/invitation"), json!({})).await.expect(201);
        let email = json!({ "email": "grace.hopper@harbour.example" });
        admin.post(&format!("{own}/email-change"), email).await.expect(201);
    }

    /// Where the route is, about what there is.
    fn address(&self, route: &str) -> String {
        let collection = route.split('/').nth(2);
        let belonging = self.belonging.iter().find(|(name, _)| Some(*name) == collection);
        let id = match collection {
            Some("services") => &self.service,
            Some("regions") => &self.region,
            Some("cases") => &self.case,
            Some("clients") => &self.client,
            Some("assignments") => &self.assignment,
            Some("offers") => &self.offer,
            Some("policies") => &self.policy,
            Some("recommendations") => &self.recommendation,
            Some("jobs") => &self.job,
            Some("service-accounts") => &self.account,
            Some("imports") => &self.import,
            Some("exports") => &self.export,
            _ => belonging.map_or(&self.staff, |(_, id)| id),
        };
        let path = route.replace("{id}", id).replace("{staff_id}", &self.staff);
        let path = path.replace("{export_id}", &self.archive);
        assert!(!path.contains('{'), "{route} names something else than an id");
        if path == "/v1/positions/nearest" {
            return format!("{path}?lat=38.7169&lng=-9.1399");
        }
        if path.starts_with("/v1/positions") {
            return format!("{path}?{VIEWPORT}");
        }
        if route == "/v1/audit" {
            return format!("{path}?action=service.create");
        }
        if route == "/v1/schedule" {
            return format!("{path}?from=2199-01-01T00:00:00Z&to=2199-01-02T00:00:00Z");
        }
        // The first of two pages.
        let pages = route == "/v1/staff";
        if pages { format!("{path}?limit=1") } else { path }
    }

    /// The snapshot with which a stream begins.
    async fn first_event(&self, path: &str) -> Value {
        let mut events = Events::open(&self.admin, path, None).await;
        let event = events.next().await.expect("a first event");
        json!({ "event": event.name, "data": event.data })
    }
}

/// One of each that people belong to, by the name that both the route and the field have.
async fn make_belonging(admin: &Account<'_>) -> Vec<(&'static str, String)> {
    let base = json!({ "lat": 38.7071, "lng": -9.1355 });
    let role = json!({ "name": "Auditor", "description": "Reads people",
        "permissions": ["staff:view"] });
    let mut made = Vec::new();
    for (name, body) in [
        ("departments", json!({ "name": "Lisbon", "base": base })),
        ("groups", json!({ "name": "Divers" })),
        ("tags", json!({ "name": "Senior" })),
        ("queues", json!({ "name": "Fraud" })),
        ("roles", role),
    ] {
        let answer = admin.post(&format!("/v1/{name}"), body).await.expect(201);
        made.push((name, answer.str("/id").to_owned()));
    }
    made
}

fn grace() -> Value {
    json!({
        "first_name": "Grace", "last_name": "Hopper", "username": "grace",
        "email": "grace@harbour.example", "birth_date": "1906-12-09", "account_code": "GH-1",
        "home": { "lat": 38.7169, "lng": -9.1399 }, "time_zone": "Europe/Lisbon",
        "max_travel_km": 120.5, "access_level": "full", "admin_role": "scheduler",
        "language": "pt",
        "working_hours": (1..=7).map(|day| json!({ "weekday": day, "start_min": 0,
            "end_min": 1440 })).collect::<Vec<_>>(),
        "skills": [{ "code": "surveillance", "level": 4 }],
        "licences": [{ "code": "PI", "jurisdiction": "PT", "valid_to": "2199-12-31" }],
        "languages": [{ "language": "pt", "level": "native" }],
    })
}

fn watch(service: &str) -> Value {
    json!({
        "title": "Watch the harbour office", "position": { "lat": 38.7071, "lng": -9.1355 },
        "starts_at": "2199-01-01T08:00:00Z", "duration_min": 90, "urgent": true,
        "services": [service], "languages": ["pt"], "language_required": true,
        "skills": [{ "code": "surveillance", "required": 2, "preferred": 4 }],
        "licences": [{ "code": "PI", "jurisdiction": "PT" }],
    })
}
