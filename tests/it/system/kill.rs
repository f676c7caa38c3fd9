//! `kill -9` in the middle of a stream of pings: of the worker, the API, Redis and PostgreSQL, as
//! real processes. Afterwards every acknowledged ping is in PostGIS exactly once, the live view
//! shows the newest, and nobody had to help.

use crate::support::{
    eventually,
    processes::{Service, Stack},
    wait::within,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Phones that send at the same time.
const PHONES: usize = 4;
/// Pings that must be acknowledged before, and again after, something is killed.
const PINGS: usize = 150;

/// Phones that keep a ping until it is acknowledged, as real ones do.
struct Stream {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
    senders: JoinSet<(String, String)>,
}

impl Stream {
    fn start(stack: &Stack, phones: Vec<(String, String)>) -> Self {
        let (stop, acknowledged) = (Arc::default(), Arc::default());
        let mut senders = JoinSet::new();
        for (staff, token) in phones {
            let (stop, acknowledged) = (Arc::clone(&stop), Arc::clone(&acknowledged));
            senders.spawn(send_until(stack.url.clone(), staff, token, stop, acknowledged));
        }
        Self { stop, acknowledged, senders }
    }

    async fn more(&self) {
        let goal = self.acknowledged.load(Ordering::SeqCst) + PINGS;
        let acknowledged = Arc::clone(&self.acknowledged);
        within(Duration::from_secs(90), "pings are acknowledged", async || {
            (acknowledged.load(Ordering::SeqCst) >= goal).then_some(())
        })
        .await;
    }

    /// Ends it; returns how many were acknowledged, and the last fix of each person.
    async fn end(self) -> (usize, Vec<(String, String)>) {
        self.stop.store(true, Ordering::SeqCst);
        let last = self.senders.join_all().await;
        (self.acknowledged.load(Ordering::SeqCst), last)
    }
}

async fn send_until(
    url: String,
    staff: String,
    token: String,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicUsize>,
) -> (String, String) {
    let http = crate::support::http_client().timeout(Duration::from_secs(5)).build().unwrap();
    let mut last = String::new();
    let mut pause = tokio::time::interval(Duration::from_millis(5));
    while !stop.load(Ordering::SeqCst) {
        pause.tick().await;
        let fix_at = crate::support::account::now();
        if fix_at == last {
            continue;
        }
        let body =
            json!({ "pings": [{ "fix_at": fix_at, "lat": 38.7, "lng": -9.1, "accuracy_m": 5 }] });
        loop {
            let request = http.post(format!("{url}/v1/pings")).bearer_auth(&token).json(&body);
            if let Ok(answer) = request.send().await {
                let status = answer.status().as_u16();
                if status == 200 {
                    let reply: Value = answer.json().await.unwrap();
                    assert_eq!(reply["accepted"], 1, "{reply}");
                    break;
                }
                assert!(status >= 500, "a good ping is never refused for good: {status}");
            }
            pause.tick().await;
        }
        acknowledged.fetch_add(1, Ordering::SeqCst);
        last = fix_at;
    }
    (staff, last)
}

/// Runs a stream, does `harm` in its middle, and checks that nothing was lost or doubled.
async fn survives(harm: impl AsyncFnOnce(&mut Stack)) {
    let mut stack = Stack::start().await;
    let phones = stack.phones(PHONES).await;
    let stream = Stream::start(&stack, phones);
    stream.more().await;
    harm(&mut stack).await;
    settled(&stack, stream).await;
}

/// Goes on for a while, ends the stream, and checks that nothing was lost or doubled.
async fn settled(stack: &Stack, stream: Stream) {
    stream.more().await;
    let (acknowledged, last) = stream.end().await;
    let acknowledged = i64::try_from(acknowledged).unwrap();
    eventually("every acknowledged ping is stored", async || {
        (stack.count("SELECT count(*) FROM pings").await? >= acknowledged).then_some(())
    })
    .await;
    let stored = stack.count("SELECT count(*) FROM pings").await;
    assert_eq!(stored, Some(acknowledged), "exactly once");
    eventually("the live view shows the newest", async || {
        let seen = stack.positions().await?;
        let newest = last.iter().all(|(staff, fix_at)| seen.get(staff) == Some(fix_at));
        newest.then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_killed_worker_loses_and_doubles_nothing() {
    survives(async |stack| {
        stack.kill(Service::Worker);
        stack.spawn(Service::Worker);
    })
    .await;
}

/// Requests that wait while no worker is there, and the fixes of each: many transactions.
const REQUESTS: i64 = 40;
const FIXES: i64 = 500;

#[tokio::test]
async fn a_worker_killed_while_it_works_off_a_queue_loses_and_doubles_nothing() {
    let mut stack = Stack::start().await;
    let phones = stack.phones(PHONES).await;
    stack.kill(Service::Worker);
    let (now, mut newest) = (nearhand_domain::clock::now(), HashMap::new());
    for (n, (staff, token)) in (0..REQUESTS).zip(phones.iter().cycle()) {
        let fix_at = |i| (now + SignedDuration::from_millis(n * FIXES + i)).to_string();
        let fix = |i| json!({ "fix_at": fix_at(i), "lat": 38.7, "lng": -9.1, "accuracy_m": 5 });
        let body = json!({ "pings": (0..FIXES).map(fix).collect::<Vec<_>>() });
        let reply = stack.post("/v1/pings", token, body).await.expect(200);
        assert_eq!(reply.body["accepted"], FIXES, "{}", reply.body);
        newest.insert(staff.clone(), fix_at(FIXES - 1));
    }
    let (all, mut stored) = (REQUESTS * FIXES, 0);
    // Twice a worker is killed as soon as it has written something.
    for _ in 0..2 {
        stack.spawn(Service::Worker);
        within(Duration::from_secs(60), "some more are stored", async || {
            let before = stored;
            stored = stack.count("SELECT count(*) FROM pings").await?;
            (stored > before || stored == all).then_some(())
        })
        .await;
        stack.kill(Service::Worker);
        // Whatever it had sent off is committed without it; the next one has its own to write.
        eventually("nothing more is stored", async || {
            let before = stored;
            stored = stack.count("SELECT count(*) FROM pings").await?;
            (stored == before).then_some(())
        })
        .await;
    }
    stack.spawn(Service::Worker);
    eventually("all are stored and the live view shows the newest", async || {
        let stored = stack.count("SELECT count(*) FROM pings").await?;
        (stored >= all && stack.positions().await? == newest).then_some(())
    })
    .await;
    assert_eq!(stack.count("SELECT count(*) FROM pings").await, Some(all), "exactly once");
}

#[tokio::test]
async fn a_killed_api_loses_and_doubles_nothing() {
    survives(async |stack| {
        stack.kill(Service::Api);
        stack.spawn(Service::Api);
    })
    .await;
}

#[tokio::test]
async fn a_killed_redis_loses_and_doubles_nothing() {
    survives(async |stack| stack.kill(Service::Redis)).await;
}

#[tokio::test]
async fn a_killed_postgresql_loses_and_doubles_nothing() {
    survives(async |stack| stack.kill(Service::Postgres)).await;
}

#[tokio::test]
async fn pings_are_acknowledged_while_postgresql_does_not_answer() {
    let mut stack = Stack::start().await;
    let stream = Stream::start(&stack, stack.phones(PHONES).await);
    // Whatever is told of the phones' people makes the API forget them: first let all be told.
    eventually("all changes are told", async || {
        (stack.count("SELECT count(*) FROM outbox").await? == 0).then_some(())
    })
    .await;
    stream.more().await;
    stack.freeze_postgres(true);
    let begun = Instant::now();
    // Long after the relay was last heard and everything known of the phones has become doubtful.
    while begun.elapsed() < Duration::from_secs(4) {
        stream.more().await;
    }
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    stack.freeze_postgres(false);
    settled(&stack, stream).await;
}
