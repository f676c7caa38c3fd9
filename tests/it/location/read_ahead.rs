//! Word of what is committed goes out while the next is written, and several transactions' pings
//! are in hand at a time: whatever is cut off in between is written once and told in the end.

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
/// Part of every acknowledgement.
const ACKNOWLEDGING: &str = "XACK";
/// Part of everything that is said to the feed.
const FEEDING: &str = "feed:{f0}";

/// One partition of small entries. Its lease outlasts the tests: a worker that loses it, or looks
/// for what others left behind, first waits for the word that is held back here, and writes
/// nothing meanwhile. The first happens to a starved process, the second once in a lease.
fn small_entries(config: &mut QueueConfig) {
    one_short_lease(config);
    config.lease = Duration::from_mins(5);
    config.entry_pings = PART;
}

/// A site and a worker in which a word is held back: two parts are committed, of which nobody has
/// heard, and the others are in hand.
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
    async fn reach(word: &'static str) -> Self {
        let site = Site::without_worker(small_entries).await;
        let wire = Wire::new().await;
        let stop = CancellationToken::new();
        let mut worker = JoinSet::new();
        worker.spawn(work(&site, &wire, stop.clone()).await);
        let (token, newest) = {
            let admin = site.set_up().await;
            let (staff, phone) = person(&admin).await;
            // Ingest is at work, and whatever else is to be told has been.
            queue_raw(&site, &phone, &staff, &[ping(clock::now().as_millisecond())]).await;
            drained(&site).await;
            wire.hold(word);
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

    /// Everything is stored once, the live view shows the newest, and nobody was blamed.
    async fn settles(&self) {
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
    // What is held back is not given up.
    config.response_timeout = Duration::from_mins(1);
    let queue = Queue::connect(config).await.unwrap();
    let ingest = IngestConfig { batch_pings: PART, ..IngestConfig::default() };
    let config = RunnerConfig { ingest, ..RunnerConfig::default() };
    nearhand_runner::run(queue, site.database.worker().await, config, stop)
}

#[tokio::test]
async fn an_acknowledgement_that_fails_while_the_next_is_written_costs_nothing() {
    let midway = Midway::reach(ACKNOWLEDGING).await;
    midway.wire.cut().await;
    midway.settles().await;
}

#[tokio::test]
async fn a_feed_that_fails_while_the_next_is_written_costs_nothing() {
    let midway = Midway::reach(FEEDING).await;
    midway.wire.cut().await;
    midway.settles().await;
}

#[tokio::test]
async fn a_worker_that_dies_with_parts_in_hand_loses_and_doubles_nothing() {
    let mut midway = Midway::reach(ACKNOWLEDGING).await;
    midway.worker.shutdown().await;
    midway.wire.cut().await;
    end_lease(&midway.site).await;
    assert_eq!(waiting(&midway.site).await, u64::try_from(PARTS).unwrap());
    midway.site.start_worker().await;
    midway.settles().await;
}

#[tokio::test]
async fn a_worker_that_stops_finishes_what_is_written_and_leaves_the_rest() {
    let mut midway = Midway::reach(ACKNOWLEDGING).await;
    midway.stop.cancel();
    midway.wire.open();
    midway.worker.join_next().await.unwrap().unwrap();
    assert_eq!(stored(&mut midway.site.database.look().await).await, at(2));
    assert_eq!(waiting(&midway.site).await, u64::try_from(PARTS - 2).unwrap());
    midway.site.start_worker().await;
    midway.settles().await;
}
