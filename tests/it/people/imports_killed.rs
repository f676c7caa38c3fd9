//! `kill -9` of a real worker in the middle of an import: the next one goes on where it stopped, and
//! nobody is created twice.

use crate::support::{
    Answer,
    processes::{Service, Stack},
    wait::within,
};
use serde_json::json;
use std::time::Duration;

const ROWS: i64 = 4_000;

#[tokio::test]
async fn a_killed_worker_doubles_nobody() {
    let mut stack = Stack::start().await;
    let names: String =
        (0..ROWS).map(|n| format!("Person {n},person-{n}@harbour.example\n")).collect();
    let http = crate::support::http_client().build().unwrap();
    let request = http.post(format!("{}/v1/imports", stack.url)).bearer_auth(stack.token());
    let request =
        request.header("content-type", "text/csv").body(format!("first_name,email\n{names}"));
    let import = Answer::read(request.send().await.unwrap()).await.expect(201);
    assert_eq!(import.body["counts"]["create"], ROWS);
    let path = format!("/v1/imports/{}", import.str("/id"));
    let request = http.post(format!("{}{path}/commit", stack.url)).bearer_auth(stack.token());
    let request = request.header("if-match", "*").json(&json!({}));
    Answer::read(request.send().await.unwrap()).await.expect(202);
    let people = "SELECT count(*) FROM staff WHERE email LIKE 'person-%'";
    within(Duration::from_secs(60), "some are written", async || {
        stack.count(people).await.filter(|many| *many > 0)
    })
    .await;
    stack.kill(Service::Worker);
    let written = stack.count(people).await.unwrap();
    assert!(written < ROWS, "it was killed in the middle");
    stack.spawn(Service::Worker);
    within(Duration::from_secs(90), "the import is done", async || {
        let import = stack.get(&path, stack.token()).await.expect(200);
        (import.str("/state") == "done").then_some(())
    })
    .await;
    let import = stack.get(&path, stack.token()).await.expect(200);
    assert_eq!(
        import.body["result"],
        json!({ "created": ROWS, "updated": 0, "skipped": 0,
        "failed": 0 })
    );
    for sql in [
        people,
        "SELECT count(*) FROM login_names WHERE key LIKE 'person-%'",
        "SELECT count(*) FROM audit_log WHERE action = 'staff.create' AND request_id LIKE 'job:%'",
        "SELECT count(*) FROM person_keys WHERE staff_id IN (SELECT id FROM staff WHERE email LIKE 'person-%')",
    ] {
        assert_eq!(stack.count(sql).await, Some(ROWS), "{sql}");
    }
    let mails = "SELECT count(*) FROM mails WHERE kind = 'import_finished'";
    assert_eq!(stack.count(mails).await, Some(1));
}
