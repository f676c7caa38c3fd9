//! Every operation's example runs as it stands in the API's description: what a newcomer pastes
//! from `/docs` works.

use crate::support::{
    Account, Answer, Site,
    account::log_in,
    eventually,
    mailbox::{Link, draw},
    offers::asked_by_hand,
    pictures,
    site::{BOOTSTRAP, PASSWORD},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Run in this order first, since the others build on them.
const FIRST: [(&str, &str); 2] = [("post", "/v1/setup"), ("post", "/v1/sessions")];
/// Run last, each with a session of its own, since they end sessions.
const LAST: [(&str, &str); 3] = [
    ("post", "/v1/sessions/refresh"),
    ("delete", "/v1/sessions/current"),
    ("post", "/v1/me/password"),
];

/// The API's description, and what its examples have brought about so far.
struct Examples<'a> {
    site: &'a Site,
    document: Value,
    admin: Option<Account<'a>>,
    failed: Vec<String>,
}

/// An operation as it is asked for.
struct Call {
    method: String,
    path: String,
}

#[tokio::test]
async fn every_operations_example_runs() {
    let site = Site::start().await;
    let document = serde_json::to_value(nearhand_api::openapi()).unwrap();
    let mut examples = Examples { site: &site, document, admin: None, failed: Vec::new() };
    let mut calls = examples.calls();
    calls.sort_by_key(Call::rank);
    assert!(calls.len() > 45);
    for call in &calls {
        examples.run(call).await;
    }
    assert!(examples.failed.is_empty(), "{:#?}", examples.failed);
}

impl Call {
    fn is(&self, (method, path): &(&str, &str)) -> bool {
        self.method == *method && self.path == *path
    }

    fn rank(&self) -> usize {
        let first = FIRST.iter().position(|call| self.is(call));
        let last = LAST.iter().position(|call| self.is(call)).map(|at| at + FIRST.len() + 1);
        first.or(last).unwrap_or(FIRST.len())
    }
}

impl<'a> Examples<'a> {
    fn calls(&self) -> Vec<Call> {
        let mut calls = Vec::new();
        for (path, item) in self.document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                calls.push(Call { method: method.clone(), path: path.clone() });
            }
        }
        calls
    }

    async fn run(&mut self, call: &Call) {
        let operation = self.document["paths"][&call.path][&call.method].clone();
        let what = format!("{} {}", call.method, call.path);
        let answers = operation["responses"].as_object().unwrap();
        // What only checks answers 200 where what creates answers 201: the examples create.
        let first = answers.keys().next().unwrap();
        let wanted = answers.keys().find(|code| *code == "201").unwrap_or(first).clone();
        if LAST.iter().any(|last| call.is(last)) {
            let answer = log_in(self.site, "ada@harbour.example", PASSWORD).await.expect(201);
            self.admin = Some(Account::from_session(self.site, &answer.body));
        }
        let mut token = self.admin.as_ref().map(|admin| admin.token.clone());
        let mut path = call.path.clone();
        if path.starts_with("/v1/pings") || path.starts_with("/ingest/") {
            let staff = self.person().await;
            let phone = self.admin().create_phone(&staff).await.token;
            path = path.replace("{token}", &phone);
            token = Some(phone);
        }
        self.prepare(call).await;
        let parameters = self.path_parameters(call).await;
        for (name, value) in &parameters {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        path.push_str(&query(&operation));
        let mut body = self.body(&operation, &what);
        for (name, value) in self.own_values(call).await {
            body = body.map(|body| with(body, name, value));
        }
        if let Some(number) = parameters.get("number") {
            let number: i64 = number.parse().unwrap();
            body = body.map(|body| with(body, "number", json!(number)));
        }
        let method = Method::from_bytes(call.method.to_uppercase().as_bytes()).unwrap();
        let mut request = self.site.http.request(method, format!("{}{path}", self.site.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if operation.to_string().contains("\"if-match\"") {
            request = request.header("if-match", "*");
        }
        if let Some(body) = &body {
            request = request.json(body);
        }
        if operation.pointer("/requestBody/content/application~1octet-stream").is_some() {
            let kind = "application/octet-stream";
            request = request.header("content-type", kind).body("first_name\nGrace\n");
        }
        if call.is(&("put", "/v1/staff/{id}/photo")) {
            request = request.header("content-type", "image/png").body(pictures::png(8, 8));
        }
        let response = request.send().await.unwrap();
        let as_wanted = response.status().as_str() == wanted;
        // A stream has no end to wait for.
        if as_wanted && (call.path.ends_with("/stream") || call.path.ends_with("/events")) {
            return;
        }
        let answer = Answer::read(response).await;
        if as_wanted {
            self.learn(call, &answer);
        } else {
            self.failed.push(format!("{what} {body:?}: {}", answer.text));
        }
    }

    /// What a body must say in place of what the example says.
    async fn own_values(&mut self, call: &Call) -> Vec<(&'static str, Value)> {
        let mut values = Vec::new();
        if let Some(token) = self.link(call).await {
            values.push(("token", json!(token)));
        }
        if call.is(&("post", "/v1/cases/{id}/assignments")) {
            values.push(("staff_id", json!(self.person().await)));
        }
        if call.is(&("post", "/v1/assignments/check")) {
            values.push(("case_id", json!(self.case().await)));
        }
        if call.path.ends_with("/erase") {
            values.push(("confirm", json!("Grace")));
        }
        if call.path.ends_with("/choose") {
            values.push(("staff_ids", json!([self.admin().id])));
        }
        if call.method == "patch" {
            // Names are unique, and creating has taken the example's.
            values.push(("name", json!("a new name")));
        }
        values
    }

    /// The secret of a fresh link, where one is used.
    async fn link(&self, call: &Call) -> Option<String> {
        let admin = self.admin.as_ref()?;
        let own = |staff: &str, what: &str| format!("/v1/staff/{staff}/{what}");
        let link = match call.path.as_str() {
            "/v1/invitations/accept" => Link::Invitation,
            "/v1/password-resets/confirm" => Link::Reset,
            "/v1/email-changes/confirm" => Link::EmailChange,
            "/v1/offer-links/show" | "/v1/offer-links/answer" => Link::Offer,
            _ => return None,
        };
        let staff = self.person().await;
        match link {
            Link::Invitation => {
                admin.post(&own(&staff, "invitation"), json!({})).await.expect(201);
            }
            Link::Offer => drop(self.asked(&staff, ("sequential", "asked")).await),
            Link::EmailChange => {
                let email = json!({ "email": "moved@harbour.example" });
                admin.post(&own(&staff, "email-change"), email).await.expect(201);
            }
            Link::Reset => {
                admin.post(&own(&staff, "password"), json!({})).await.expect(201);
                let shown = admin.get(&format!("/v1/staff/{staff}")).await.expect(200);
                let asked = json!({ "login": shown.str("/email") });
                let path = "/v1/password-resets";
                self.site.call(Method::POST, path, None, Some(asked)).await.expect(202);
                let id: uuid::Uuid = staff.parse().unwrap();
                let mut db = self.site.database.look().await;
                eventually("it is recorded", async || {
                    let there = sqlx::query_scalar::<_, bool>(
                        "SELECT EXISTS (SELECT FROM password_resets WHERE staff_id = $1)",
                    );
                    there.bind(id).fetch_one(&mut db).await.unwrap().then_some(())
                })
                .await;
            }
        }
        Some(draw(self.site, link, &staff).await)
    }

    /// What one's own tracking needs before it can be paused, resumed or withdrawn, and room for exports.
    async fn prepare(&self, call: &Call) {
        if call.path.contains("export") {
            // An author has five at a time.
            let mut db = self.site.database.look().await;
            sqlx::query("DELETE FROM exports").execute(&mut db).await.unwrap();
        }
        if !call.path.starts_with("/v1/me/tracking") {
            return;
        }
        let admin = self.admin();
        let path = format!("/v1/staff/{}/tracking", admin.id);
        // Either may be so already.
        admin.put(&path, json!({ "legal_basis": "written consent" })).await;
        if call.method == "delete" && call.path.ends_with("/pause") {
            admin.post("/v1/me/tracking/pause", json!({ "minutes": 5 })).await;
        }
    }

    fn learn(&mut self, call: &Call, answer: &Answer) {
        if call.is(&FIRST[0]) {
            self.admin = Some(Account::from_session(self.site, &answer.body["session"]));
        } else if call.is(&FIRST[1]) || call.path == "/v1/sessions/refresh" {
            self.admin = Some(Account::from_session(self.site, &answer.body));
        }
    }

    fn admin(&self) -> Account<'a> {
        self.admin.clone().expect("the setup's example ran")
    }

    async fn person(&self) -> String {
        let email = format!("grace-{}@harbour.example", uuid::Uuid::now_v7().simple());
        self.admin()
            .create_staff(
                json!({ "display_name": "Grace", "email": email, "access_level": "full" }),
            )
            .await
    }

    /// Fresh resources to be named in the path.
    async fn path_parameters(&self, call: &Call) -> BTreeMap<&'static str, String> {
        let mut found = BTreeMap::new();
        if !call.path.contains('{') || call.path.contains("{token}") {
            return found;
        }
        let admin = self.admin();
        let made = |answer: Answer, at: &str| answer.expect(201).str(at).to_owned();
        let collection = call.path.split("/{").next().unwrap().to_owned();
        if call.path.starts_with("/v1/me/") {
            let (name, value) = self.own(&collection).await;
            found.insert(name, value);
            return found;
        }
        if collection == "/v1/staff/delete-requests" {
            let body = json!({ "ids": [self.person().await] });
            let request = admin.post(&collection, body).await.expect(201);
            found.insert("id", request.str("/id").to_owned());
            found.insert("number", request.body["number"].to_string());
            return found;
        }
        let id = self.fresh(call, &collection).await;
        if call.path.contains("{device_id}") {
            let path = format!("/v1/staff/{id}/devices");
            found.insert(
                "device_id",
                made(admin.post(&path, json!({ "name": "p" })).await, "/device/id"),
            );
        }
        if call.path.contains("{staff_id}") {
            found.insert("staff_id", admin.id.clone());
        }
        if call.path.contains("{key_id}") {
            let path = format!("/v1/service-accounts/{id}/keys");
            let key = admin.post(&path, json!({ "name": "k" })).await;
            found.insert("key_id", made(key, "/api_key/id"));
        }
        if call.path.contains("{time_off_id}") {
            let path = format!("/v1/staff/{id}/time-off");
            let example = self.document["paths"]["/v1/staff/{id}/time-off"]["post"].clone();
            let body = self.body(&example, &path).unwrap();
            found.insert("time_off_id", made(admin.post(&path, body).await, "/id"));
        }
        let own = format!("/v1/staff/{id}");
        let there_first = call.path.ends_with("/resend") || call.method != "post";
        if there_first && call.path.contains("/invitation") {
            admin.post(&format!("{own}/invitation"), json!({})).await.expect(201);
        }
        if there_first && call.path.ends_with("/email-change") {
            let email = json!({ "email": "grace.moves@harbour.example" });
            admin.post(&format!("{own}/email-change"), email).await.expect(201);
        }
        if call.method == "delete" && call.path.ends_with("/tracking") {
            let basis = json!({ "legal_basis": "written consent" });
            admin.put(&format!("/v1/staff/{id}/tracking"), basis).await.expect(200);
        }
        if call.path.ends_with("/undelete") {
            admin.delete(&format!("/v1/staff/{id}")).await.expect(204);
        }
        if call.path.ends_with("/photo") && call.method != "put" {
            admin.put_photo(&id, "image/png", pictures::png(8, 8)).await.expect(200);
        }
        if call.path.ends_with("/geocode") {
            let address = json!({ "address": { "city": "Lisbon" } });
            admin.patch(&format!("/v1/staff/{id}"), address).await.expect(200);
        }
        found.insert("id", id);
        found
    }

    /// A fresh thing of a collection.
    async fn fresh(&self, call: &Call, collection: &str) -> String {
        let admin = self.admin();
        let made = |answer: Answer| answer.expect(201).str("/id").to_owned();
        match collection {
            "/v1/staff" => {
                let id = self.person().await;
                if call.path.ends_with("/promote") {
                    let external = json!({ "kind": "external" });
                    admin.patch(&format!("/v1/staff/{id}"), external).await.expect(200);
                }
                id
            }
            "/v1/recommendations" => {
                let place = json!({ "position": { "lat": 38.7, "lng": -9.1 } });
                let answer = admin.post(collection, json!({ "place": place })).await;
                answer.expect(200).str("/id").to_owned()
            }
            "/v1/assignments" => self.assignment(&self.person().await).await,
            "/v1/offers" => self.asked(&admin.id, ("availability", "available")).await,
            "/v1/imports" => made(admin.check("first_name\nGrace\n").await),
            "/v1/exports" => admin.queue_file().await,
            "/v1/jobs" => admin.queue_export().await,
            _ => {
                let example = self.document["paths"][collection]["post"].clone();
                let body = self.body(&example, collection).unwrap();
                let name = json!(format!("another {}", uuid::Uuid::now_v7()));
                made(admin.post(collection, with(body, "name", name)).await)
            }
        }
    }

    /// A case; returns its id.
    async fn case(&self) -> String {
        let case = json!({ "title": "Watch", "position": { "lat": 38.7, "lng": -9.1 } });
        self.admin().post("/v1/cases", case).await.expect(201).str("/id").to_owned()
    }

    /// A case to which this person is assigned; returns the assignment's id.
    async fn assignment(&self, staff: &str) -> String {
        let admin = self.admin();
        let path = format!("/v1/cases/{}/assignments", self.case().await);
        admin.post(&path, json!({ "staff_id": staff })).await.expect(201).str("/id").to_owned()
    }

    /// An offer in which this person was asked; returns its id.
    async fn asked(&self, staff: &str, how: (&str, &str)) -> String {
        asked_by_hand(self.site, &self.admin(), staff, how).await
    }

    /// Something of one's own to be named in the path.
    async fn own(&self, collection: &str) -> (&'static str, String) {
        if collection == "/v1/me/sessions" {
            let session = log_in(self.site, "ada@harbour.example", PASSWORD).await.expect(201);
            return ("session_id", session.str("/session_id").to_owned());
        }
        if collection == "/v1/me/assignments" {
            return ("id", self.assignment(&self.admin().id).await);
        }
        if collection == "/v1/me/offers" {
            return ("id", self.asked(&self.admin().id, ("sequential", "asked")).await);
        }
        if collection == "/v1/me/devices" {
            let made = self.admin().post(collection, json!({ "name": "Mine" })).await.expect(201);
            return ("device_id", made.str("/device/id").to_owned());
        }
        if collection == "/v1/me/data-exports" {
            return ("export_id", self.admin().queue_archive().await);
        }
        let example = self.document["paths"][collection]["post"].clone();
        let body = self.body(&example, collection).unwrap();
        let made = self.admin().post(collection, body).await.expect(201);
        ("time_off_id", made.str("/id").to_owned())
    }

    /// The example of an operation's body: the schema's own, or its fields'. What nobody can know
    /// beforehand is filled in.
    fn body(&self, operation: &Value, what: &str) -> Option<Value> {
        let schema = operation.pointer("/requestBody/content/application~1json/schema")?;
        let mut body = self.example(schema).unwrap_or_else(|| panic!("{what} has no example"));
        body = with(body, "bootstrap_token", json!(BOOTSTRAP));
        let body = with(body, "staff_id", self.admin.as_ref().map_or(Value::Null, |a| json!(a.id)));
        Some(with(body, "refresh_token", self.refresh()))
    }

    fn refresh(&self) -> Value {
        self.admin.as_ref().map_or(Value::Null, |admin| json!(admin.refresh_token))
    }

    fn example(&self, schema: &Value) -> Option<Value> {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
            return self.example(&self.document["components"]["schemas"][name]);
        }
        if let Some(example) = schema.get("example") {
            return Some(example.clone());
        }
        let fields = schema["properties"].as_object()?;
        let examples =
            fields.iter().filter_map(|(name, field)| Some((name.clone(), self.example(field)?)));
        let object: serde_json::Map<String, Value> = examples.collect();
        (!object.is_empty()).then_some(Value::Object(object))
    }
}

/// The query parameters that have an example.
fn query(operation: &Value) -> String {
    let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
    let given = parameters.iter().filter(|parameter| parameter["in"] == "query");
    let pairs = given.filter_map(|parameter| {
        let example = parameter.get("example")?;
        let value = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
        Some(format!("{}={value}", parameter["name"].as_str()?))
    });
    let pairs: Vec<String> = pairs.collect();
    if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) }
}

/// A body with one field replaced, if it has it.
fn with(mut body: Value, name: &str, value: Value) -> Value {
    if let Some(field) = body.get_mut(name) {
        *field = value;
    }
    body
}
