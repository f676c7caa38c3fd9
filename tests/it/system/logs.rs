//! Nothing that must stay secret reaches a log, a metric or an error: run at the most talkative
//! level, with everything done once, then searched.

use crate::support::{eventually, processes::Stack};
use serde_json::json;

#[tokio::test]
async fn neither_tokens_nor_places_nor_names_are_logged() {
    let stack = Stack::start_talkative().await;
    let phones = stack.phones(1).await;
    let (staff, token) = &phones[0];
    let fix = |lat: f64, lng: f64| {
        let fix_at = crate::support::account::now();
        json!({ "pings": [{ "fix_at": fix_at, "lat": lat, "lng": lng, "accuracy_m": 5 }] })
    };
    stack.post("/v1/pings", token, fix(38.765_432_1, -9.123_456_7)).await.expect(200);
    stack.post("/v1/pings", token, fix(95.765_432_1, -9.123_456_7)).await.expect(200);
    stack.post("/v1/pings", "nh_dev_wrong_secretsecret", fix(38.7, -9.1)).await.expect(401);
    // Apps have both in the address.
    let place = "lat=38.7654321&lon=-9.1234567&timestamp=";
    for (path, status) in [
        (format!("/ingest/traccar/{token}?{place}"), 200),
        (format!("/ingest/gpslogger/{token}?{place}yesterday"), 200),
        (format!("/ingest/gpslogger/{token}x?{place}"), 401),
        (format!("/ingest/nowhere/{token}?{place}"), 404),
    ] {
        stack.get(&path, "").await.expect(status);
    }
    let case = json!({ "title": "Confidential title",
        "position": { "lat": 38.765_432_1, "lng": -9.123_456_7 } });
    let case = stack.post("/v1/cases", stack.token(), case).await.expect(201);
    eventually("the position is seen", async || {
        stack.positions().await?.contains_key(staff).then_some(())
    })
    .await;
    let ask = json!({ "case_id": case.str("/id"), "funnel": true });
    stack.post("/v1/recommendations", stack.token(), ask).await.expect(200);
    let output = stack.output().await;
    assert!(output.contains("/v1/pings"), "the log was really written");
    let mut told = output.lines().filter(|line| line.contains("was told to the indexes"));
    assert!(told.any(|line| line.contains("trace.id")), "a change's trace ends at the relay");
    for secret in [
        token.as_str(),
        stack.token(),
        "secretsecret",
        crate::support::site::PASSWORD,
        crate::support::site::BOOTSTRAP,
        "38.7654",
        "9.1234",
        "387654321",
        "95.765",
        "Person 0",
        "Confidential title",
        "for-tests-only",
    ] {
        let says = |line: &&str| {
            line.match_indices(secret).any(|(at, _)| !is_within_a_second(&line[..at]))
        };
        let line = output.lines().find(says);
        assert!(line.is_none(), "`{secret}` was said: {line:?}");
    }
}

/// Whether a number after this text is a fraction of a second, as in `20:47:09.1234`.
fn is_within_a_second(before: &str) -> bool {
    let minutes = before.strip_suffix('0').unwrap_or(before).strip_suffix(':');
    minutes.is_some_and(|minutes| minutes.ends_with(|c: char| c.is_ascii_digit()))
}

#[test]
fn seconds_are_no_places() {
    assert!(is_within_a_second("at=2026-11-29T20:47:0") && is_within_a_second("20:47:"));
    assert!(!is_within_a_second("\"lat\":") && !is_within_a_second("-") && !is_within_a_second(""));
}
