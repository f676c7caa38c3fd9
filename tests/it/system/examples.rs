//! Every operation's example runs as it stands in the API's description: what a newcomer pastes
//! from `/docs` works.

use crate::support::{
    Account, Answer, Site,
    account::log_in,
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
        let wanted = operation["responses"].as_object().unwrap().keys().next().unwrap().clone();
        if LAST.iter().any(|last| call.is(last)) {
            let answer = log_in(self.site, "ada@harbour.example", PASSWORD).await.expect(201);
            self.admin = Some(Account::from_session(self.site, &answer.body));
        }
        let mut token = self.admin.as_ref().map(|admin| admin.token.clone());
        let mut path = call.path.clone();
        if path == "/v1/pings" {
            let staff = self.person().await;
            token = Some(self.admin().create_phone(&staff).await.token);
        }
        self.prepare(call).await;
        for (name, value) in self.path_parameters(call).await {
            path = path.replace(&format!("{{{name}}}"), &value);
        }
        path.push_str(&query(&operation));
        let mut body = self.body(&operation, &what);
        if call.method == "patch" {
            // Names are unique, and creating has taken the example's.
            body = body.map(|body| with(body, "name", json!("a new name")));
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
        let response = request.send().await.unwrap();
        let as_wanted = response.status().as_str() == wanted;
        // A stream has no end to wait for.
        if as_wanted && call.path.ends_with("/stream") {
            return;
        }
        let answer = Answer::read(response).await;
        if as_wanted {
            self.learn(call, &answer);
        } else {
            self.failed.push(format!("{what} {body:?}: {}", answer.text));
        }
    }

    /// What one's own tracking needs before it can be paused, resumed or withdrawn.
    async fn prepare(&self, call: &Call) {
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
        if !call.path.contains('{') {
            return found;
        }
        let admin = self.admin();
        let made = |answer: Answer, at: &str| answer.expect(201).str(at).to_owned();
        let collection = call.path.split("/{").next().unwrap().to_owned();
        let id = if collection == "/v1/staff" {
            self.person().await
        } else {
            let example = self.document["paths"][&collection]["post"].clone();
            let body = self.body(&example, &collection).unwrap();
            let body = with(body, "name", json!(format!("another {}", call.method)));
            made(admin.post(&collection, body).await, "/id")
        };
        if call.path.contains("{device_id}") {
            let path = format!("/v1/staff/{id}/devices");
            found.insert(
                "device_id",
                made(admin.post(&path, json!({ "name": "p" })).await, "/device/id"),
            );
        }
        if call.path.contains("{time_off_id}") {
            let path = format!("/v1/staff/{id}/time-off");
            let example = self.document["paths"]["/v1/staff/{id}/time-off"]["post"].clone();
            let body = self.body(&example, &path).unwrap();
            found.insert("time_off_id", made(admin.post(&path, body).await, "/id"));
        }
        if call.method == "delete" && call.path.ends_with("/tracking") {
            let basis = json!({ "legal_basis": "written consent" });
            admin.put(&format!("/v1/staff/{id}/tracking"), basis).await.expect(200);
        }
        found.insert("id", id);
        found
    }

    /// The example of an operation's body: the schema's own, or its fields'. What nobody can know
    /// beforehand is filled in.
    fn body(&self, operation: &Value, what: &str) -> Option<Value> {
        let schema = operation.pointer("/requestBody/content/application~1json/schema")?;
        let mut body = self.example(schema).unwrap_or_else(|| panic!("{what} has no example"));
        body = with(body, "bootstrap_token", json!(BOOTSTRAP));
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
        let value = parameter.get("example")?.as_str()?;
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
