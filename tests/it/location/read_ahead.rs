//! Publishing and acknowledging a commit overlap with writing the next one, and the entries of several
//! transactions are in flight at a time. If they are cut off, each ping is still written once and
//! published in the end.

use crate::support::{
    Site, Wire, eventually, given,
    queued::{drained, one_short_lease, person, ping, queue_raw, queue_requests, stored, waiting},
};
use nearhand_domain::{clock, ping::Ping};
use nearhand_queue::{Queue, QueueConfig};
use nearhand_runner::{IngestConfig, RunnerConfig};
use reqwest::Method;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Pings of an entry, and of a transaction.
const PART: usize = 10;
/// Entries in the queue: more than are read at once.
const PARTS: usize = 6;
/// Occurs in every acknowledgement.
const ACKNOWLEDGING: &str = "XACK";
/// Occurs in everything that is published to the feed.
const PUBLISHING: &str = "feed:{f0}";

/// One partition of small entries. Its lease is longer than the tests: a worker that loses its lease, or
/// claims pending entries, first waits for the acknowledgement that is held back here, and writes
/// nothing meanwhile. A starved process may lose its lease, and each worker claims once in a lease.
fn small_entries(config: &mut QueueConfig) {
    one_short_lease(config);
    config.lease = Duration::from_mins(5);
    config.entry_pings = PART;
}

/// A site and a worker whose commands to Redis are held back: two parts are committed and not published
/// or acknowledged, and the other parts are in flight.
struct Midway {
    site: Site,
    wire: Wire,
    /// Of an admin.
    token: String,
    /// When the newest of the pings was.
    newest: String,
    worker: JoinSet<()>,
    stop: CancellationToken,
}

impl Midway {
    async fn reach(held_back: &'static str) -> Self {
        let site = Site::without_worker(small_entries).await;
        let wire = Wire::new().await;
        let stop = CancellationToken::new();
        let mut worker = JoinSet::new();
        worker.spawn(work(&site, &wire, stop.clone()).await);
        let (token, newest) = {
            let admin = site.set_up().await;
            let (staff, phone) = person(&admin).await;
            // Wait until ingest runs and everything else is published.
            queue_raw(&site, &phone, &staff, &[ping(clock::now().as_millisecond())]).await;
            drained(&site).await;
            wire.hold(held_back);
            let now = clock::now().as_millisecond();
            let many = i64::try_from(PARTS * PART).unwrap();
            let pings: Vec<Ping> = (1..=many).map(|n| ping(now + n)).collect();
            // One request, whose entries appear all at once.
            queue_requests(&site, &phone, &staff, pings.chunks(pings.len())).await;
            let newest = jiff::Timestamp::from_millisecond(now + many).unwrap().to_string();
            (admin.token.clone(), newest)
        };
        wire.holds_something().await;
        let mut db = site.database.look().await;
        eventually("the next part is written meanwhile", async || {
            (stored(&mut db).await == at(2)).then_some(())
        })
        .await;
        Self { site, wire, token, newest, worker, stop }
    }

    /// Everything is stored once, the live view shows the newest fix, and there is no dead letter.
    async fn finishes(&self) {
        drained(&self.site).await;
        assert_eq!(stored(&mut self.site.database.look().await).await, at(PARTS));
        eventually("the live view shows the newest", async || {
            let path = "/v1/positions?bbox=-10,38,-9,39";
            let seen = self.site.call(Method::GET, path, Some(&self.token), None).await;
            (seen.body["items"][0]["fix_at"] == self.newest.as_str()).then_some(())
        })
        .await;
        assert_eq!(self.site.queue.dead_letters().count().await.unwrap(), 0);
    }
}

/// Ends the lease of a worker that has died, as time would.
async fn end_lease(site: &Site) {
    let lease = format!("{}pings:{{0}}:lease", site.queue.config().prefix);
    let client = redis::Client::open(given("NEARHAND_TEST_REDIS_URL")).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let ended: u64 = redis::cmd("DEL").arg(lease).query_async(&mut redis).await.unwrap();
    assert_eq!(ended, 1, "the dead worker held it");
}

/// How many pings are stored after so many parts.
fn at(parts: usize) -> i64 {
    i64::try_from(1 + parts * PART).unwrap()
}

/// A worker of small transactions at the other end of the wire.
async fn work(
    site: &Site,
    wire: &Wire,
    stop: CancellationToken,
) -> impl Future<Output = ()> + use<> {
    let mut config = QueueConfig { url: wire.url.clone(), ..site.queue.config().clone() };
    // Commands that are held back must not time out.
    config.response_timeout = Duration::from_mins(1);
    let queue = Queue::connect(config).await.unwrap();
    let ingest = IngestConfig { batch_pings: PART, ..IngestConfig::default() };
    let config = RunnerConfig { ingest, ..RunnerConfig::default() };
    let jobs = site.database.jobs().await;
    nearhand_runner::run(queue, site.database.worker().await, jobs, config, stop)
}

#[tokio::test]
async fn an_acknowledgement_that_fails_during_the_next_commit_loses_nothing() {
    let midway = Midway::reach(ACKNOWLEDGING).await;
    midway.wire.cut().await;
    midway.finishes().await;
}

#[tokio::test]
async fn a_publication_that_fails_during_the_next_commit_loses_nothing() {
    let midway = Midway::reach(PUBLISHING).await;
    midway.wire.cut().await;
    midway.finishes().await;
}

#[tokio::test]
async fn a_worker_that_dies_with_entries_in_flight_loses_and_doubles_nothing() {
    let mut midway = Midway::reach(ACKNOWLEDGING).await;
    midway.worker.shutdown().await;
    midway.wire.cut().await;
    end_lease(&midway.site).await;
    assert_eq!(waiting(&midway.site).await, u64::try_from(PARTS).unwrap());
    midway.site.start_worker().await;
    midway.finishes().await;
}

#[tokio::test]
async fn a_worker_that_stops_acknowledges_its_commits_and_leaves_the_rest() {
    let mut midway = Midway::reach(ACKNOWLEDGING).await;
    midway.stop.cancel();
    midway.wire.open();
    midway.worker.join_next().await.unwrap().unwrap();
    assert_eq!(stored(&mut midway.site.database.look().await).await, at(2));
    assert_eq!(waiting(&midway.site).await, u64::try_from(PARTS - 2).unwrap());
    midway.site.start_worker().await;
    midway.finishes().await;
}
