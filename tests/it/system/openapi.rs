//! The API's description is checked in; whoever changes the API sees it in the diff.

use serde_json::Value;
use std::collections::BTreeSet;

const CHECKED_IN: &str = include_str!("../../../services/api/openapi.json");

#[test]
fn the_checked_in_description_is_todays() {
    let today = serde_json::to_value(nearhand_api::openapi()).unwrap();
    let checked_in: serde_json::Value = serde_json::from_str(CHECKED_IN).unwrap();
    assert!(
        today == checked_in,
        "run `cargo run -p nearhand -- openapi > services/api/openapi.json` and look at the diff"
    );
}

#[test]
fn every_operation_says_what_it_is_for_and_what_goes_wrong() {
    let document = serde_json::to_value(nearhand_api::openapi()).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}");
            assert!(operation["summary"].is_string(), "{what} has no summary");
            let mut statuses = operation["responses"].as_object().unwrap().keys();
            let fails = statuses.any(|status| status.starts_with('4'));
            assert!(fails || !path.starts_with("/v1"), "{what} does not say how it fails");
        }
    }
}

/// Every operation with its method and path.
fn operations(document: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.push((format!("{method} {path}"), operation.clone()));
        }
    }
    all
}

fn parameter<'a>(operation: &'a Value, name: &str) -> Option<&'a Value> {
    operation["parameters"].as_array()?.iter().find(|parameter| parameter["name"] == name)
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = serde_json::to_value(nearhand_api::openapi()).unwrap();
    let mut names = BTreeSet::new();
    for (what, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap().to_owned();
        assert!(names.insert(name.clone()), "{what}: `{name}` is taken");
    }
}

#[test]
fn errors_are_problem_documents_that_name_their_codes() {
    let document = serde_json::to_value(nearhand_api::openapi()).unwrap();
    for (what, operation) in
        operations(&document).into_iter().filter(|(what, _)| what.contains("/v1/"))
    {
        for (status, response) in operation["responses"].as_object().unwrap() {
            if !status.starts_with(['4', '5']) {
                continue;
            }
            let content = response["content"].as_object().unwrap();
            let kinds: Vec<&String> = content.keys().collect();
            assert_eq!(kinds, ["application/problem+json"], "{what} {status}");
            let codes =
                nearhand_api::Code::ALL.iter().filter(|code| code.status().as_str() == status);
            let said = response["description"].as_str().unwrap();
            let named = codes.filter(|code| said.contains(&format!("`{}`", code.as_str()))).count();
            assert!(named > 0, "{what} {status}: {said}");
            if status == "503" || status == "429" {
                assert!(response["headers"]["retry-after"].is_object(), "{what} {status}");
            }
        }
    }
}

#[test]
fn what_a_request_needs_is_said_where_it_is_needed() {
    let document = serde_json::to_value(nearhand_api::openapi()).unwrap();
    let open = [
        "post /v1/setup",
        "post /v1/sessions",
        "post /v1/sessions/refresh",
        "post /v1/invitations/accept",
        "post /v1/password-resets",
        "post /v1/password-resets/confirm",
        "post /v1/email-changes/confirm",
        "post /v1/offer-links/show",
        "post /v1/offer-links/answer",
        "get /healthz",
        "get /readyz",
        // A phone's token stands in the path, for which OpenAPI has no word.
        "get /ingest/traccar/{token}",
        "post /ingest/traccar/{token}",
        "get /ingest/gpslogger/{token}",
        "post /ingest/gpslogger/{token}",
    ];
    // A stream also opens by a ticket, which is a bearer's.
    for (what, operation) in operations(&document) {
        let secured = operation["security"].to_string().contains("bearer");
        assert_eq!(secured, !open.contains(&what.as_str()), "{what}: who may call");
        let method = what.split(' ').next().unwrap();
        let matched = parameter(&operation, "if-match").map(|parameter| &parameter["required"]);
        // An import is committed as it was checked.
        let commits = what == "post /v1/imports/{id}/commit";
        let updates = method == "patch" || method == "put" || commits;
        assert_eq!(matched, updates.then_some(&Value::Bool(true)), "{what}: if-match");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let place = parameter["in"].as_str().unwrap();
            let in_path = what.contains(&format!("{{{}}}", parameter["name"].as_str().unwrap()));
            assert_eq!(place == "path", in_path, "{what}: {parameter}");
        }
        if method == "get" {
            assert!(operation.get("requestBody").is_none(), "{what}: a body");
        }
    }
    // Those that make something; a ping has keys of its own, and a login is no change twice.
    for what in [
        "staff",
        "services",
        "regions",
        "departments",
        "groups",
        "tags",
        "queues",
        "roles",
        "cases",
        "clients",
        "cases/{id}/assignments",
        "staff/{id}/devices",
        "staff/{id}/time-off",
        "staff/{id}/promote",
        "staff/batch",
    ] {
        let operation = &document["paths"][format!("/v1/{what}")]["post"];
        assert!(parameter(operation, "idempotency-key").is_some(), "{what}: idempotency-key");
    }
}

#[test]
fn forms_require_what_the_code_requires() {
    let document = serde_json::to_value(nearhand_api::openapi()).unwrap();
    let schema = |name: &str| document["components"]["schemas"][name].clone();
    assert_eq!(schema("ServiceInput")["required"], serde_json::json!(["name"]));
    assert!(schema("ServicePatch")["required"].is_null(), "a change requires no field");
    let patch = &document["paths"]["/v1/services/{id}"]["patch"]["requestBody"];
    assert!(patch.to_string().contains("ServicePatch"), "{patch}");
    assert_eq!(schema("PauseForm")["properties"]["minutes"]["maximum"], 720);
    let staff = schema("Staff");
    let fields = staff["properties"].as_object().unwrap().len();
    assert_eq!(staff["required"].as_array().unwrap().len(), fields, "an answer holds all fields");
}

#[test]
fn a_page_refers_to_what_its_entries_are_by_themselves() {
    let document = serde_json::to_value(nearhand_api::openapi()).unwrap();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let pages: Vec<_> = schemas.iter().filter(|(name, _)| name.starts_with("Page_")).collect();
    assert!(pages.len() > 20, "{}", pages.len());
    for (name, schema) in pages {
        let entry = name.strip_prefix("Page_").unwrap();
        let at = schema.pointer("/properties/items/items/$ref").unwrap();
        assert_eq!(at.as_str().unwrap(), format!("#/components/schemas/{entry}"), "{name}");
        assert!(schemas.contains_key(entry), "{name} refers to nothing");
    }
}
