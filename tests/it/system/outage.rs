//! What an operator reads of an outage: one line when it begins and one when it ends, in each process,
//! however many requests it costs. And what a process does that starts during one.

use crate::support::{
    eventually,
    processes::{Service, Stack},
    wait::within,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const BOTH: [Service; 2] = [Service::Api, Service::Worker];
/// Lines of a process in an outage. Two are of the outage itself; the others leave room for the work
/// of every hour, which may come at any time.
const MOST_LINES: usize = 4;

fn ping() -> Value {
    let fix_at = crate::support::account::now();
    json!({ "pings": [{ "fix_at": fix_at, "lat": 38.7, "lng": -9.1, "accuracy_m": 5 }] })
}

/// What both have logged so far.
fn lengths(stack: &Stack) -> [usize; 2] {
    BOTH.map(|service| stack.logged(service).len())
}

/// Waits until both say that it is over, then holds what they said since `before` against what
/// they should say.
async fn one_beginning_and_one_end(stack: &Stack, before: [usize; 2], server: &str) -> [String; 2] {
    let end = format!("{server} is back");
    let said = || std::array::from_fn(|i| stack.logged(BOTH[i])[before[i]..].to_owned());
    let said: [String; 2] =
        within(Duration::from_secs(60), "both say that it is over", async || {
            // Whoever serves requests notices by them.
            stack.get("/v1/staff", stack.token()).await;
            Some(said()).filter(|said: &[String; 2]| said.iter().all(|said| said.contains(&end)))
        })
        .await;
    for said in &said {
        let count = |what: &str| said.matches(what).count();
        assert_eq!((count(&format!("{server} is away")), count(&end)), (1, 1), "{said}");
        assert!(said.lines().count() <= MOST_LINES, "{said}");
    }
    said
}

#[tokio::test]
async fn an_outage_of_redis_is_two_lines_however_many_pings_it_refuses() {
    let stack = Stack::start_logging_as_usual().await;
    let phones = stack.phones(1).await;
    let token = &phones[0].1;
    stack.post("/v1/pings", token, ping()).await.expect(200);
    let before = lengths(&stack);
    stack.freeze_redis(true);
    let (begun, mut refused) = (Instant::now(), 0);
    while begun.elapsed() < Duration::from_secs(6) {
        let sends = (0..20).map(|_| stack.post("/v1/pings", token, ping()));
        let answers = futures::future::join_all(sends).await;
        refused += answers.iter().filter(|answer| answer.status.as_u16() == 503).count();
    }
    stack.freeze_redis(false);
    assert!(refused >= 20, "{refused}");
    let [api, _] = one_beginning_and_one_end(&stack, before, "Redis").await;
    let told = api.lines().find(|line| line.contains("Redis is back")).unwrap();
    let told = told.split("refused=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    assert!(told.parse::<usize>().unwrap() >= refused, "{told} of {refused}");
    stack.post("/v1/pings", token, ping()).await.expect(200);
}

#[tokio::test]
async fn an_outage_of_postgresql_is_two_lines() {
    let stack = Stack::start_logging_as_usual().await;
    let before = lengths(&stack);
    stack.keep_postgres_away(true);
    eventually("both notice it", async || {
        stack.get("/v1/staff", stack.token()).await;
        BOTH.iter()
            .all(|service| stack.logged(*service).contains("PostgreSQL is away"))
            .then_some(())
    })
    .await;
    stack.keep_postgres_away(false);
    one_beginning_and_one_end(&stack, before, "PostgreSQL").await;
}

#[tokio::test]
async fn a_process_that_starts_while_redis_is_silent_waits_for_it() {
    let mut stack = Stack::start_logging_as_usual().await;
    stack.freeze_redis(true);
    stack.kill(Service::Api);
    stack.spawn(Service::Api);
    eventually("it says that it waits", async || {
        stack.logged(Service::Api).contains("waiting for Redis").then_some(())
    })
    .await;
    stack.freeze_redis(false);
    eventually("it serves", async || {
        let answer = reqwest::get(format!("{}/readyz", stack.url)).await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_process_ends_with_a_clear_error_when_redis_stays_away() {
    let stack = Stack::start().await;
    let output =
        stack.run("work", &["--redis-wait-s", "1", "--redis-url", "redis://127.0.0.1:1"]).await;
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("cannot be used after 1 s of waiting"), "{said}");
}
