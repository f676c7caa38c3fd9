//! The API's description is checked in; whoever changes the API sees it in the diff.

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
