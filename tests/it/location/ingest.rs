//! From the queue into PostGIS: each ping is written exactly once, also when a worker dies, and a bad
//! entry does not harm others.

use crate::support::{
    Site,
    account::now,
    eventually, given,
    queued::{drained, one_short_lease, person, ping, queue_raw, short_lease, stored, waiting},
};
use nearhand_domain::{OrganizationId, clock, ping::Ping};
use nearhand_queue::{Consumer, DecodeError, Entry, Lane, PingRequest};
use nearhand_runner::{RetentionConfig, prepare};
use serde_json::json;
use std::{collections::HashMap, time::Duration};

#[tokio::test]
async fn entries_in_flight_of_a_dead_worker_are_written_once_by_the_next() {
    let mut site = Site::without_worker(short_lease).await;
    {
        let admin = site.set_up().await;
        let (_, phone) = person(&admin).await;
        for lng in [-9.1, -9.2, -9.3, -9.4, -9.5] {
            // Elsewhere each time: two fixes at one place in one millisecond are one.
            phone.send_from(38.7, lng).await.expect(200);
        }
        // A worker reads them all and dies: it neither acknowledges them nor releases its lease.
        for partition in 0..site.queue.config().partitions {
            let mut dead = site.queue.consumer(partition);
            assert!(dead.acquire().await.unwrap());
            dead.read(1_000).await.unwrap();
        }
    }
    assert_eq!(waiting(&site).await, 5);
    site.start_worker().await;
    drained(&site).await;
    assert_eq!(stored(&mut site.database.look().await).await, 5);
}

/// Reads all entries and dies: it neither acknowledges them nor releases its lease.
async fn die_with_all_in_flight(site: &Site, consumer: &mut Consumer) -> Vec<Entry> {
    eventually("the lease is free", async || consumer.acquire().await.unwrap().then_some(())).await;
    let mut entries = consumer.recover(Duration::ZERO, 1_000).await.unwrap();
    if entries.is_empty() {
        entries = consumer.read(1_000).await.unwrap();
    }
    assert!(waiting(site).await > 0);
    entries
}

#[tokio::test]
async fn a_poison_entry_is_processed_alone_and_becomes_a_dead_letter() {
    let mut site = Site::without_worker(one_short_lease).await;
    {
        let admin = site.set_up().await;
        let (_, phone) = person(&admin).await;
        for lng in [-9.1, -9.2, -9.3] {
            phone.send_from(38.7, lng).await.expect(200);
        }
    }
    for death in 1..=3 {
        let mut worker = site.queue.consumer(0);
        let entries = die_with_all_in_flight(&site, &mut worker).await;
        assert_eq!(entries.iter().map(|e| e.deliveries).collect::<Vec<_>>(), [death; 3]);
        assert!(entries.iter().all(|entry| entry.may_be_poison() == (death == 3)));
        if death == 3 {
            // From now on each is processed alone; the attempts of the second one never end.
            for _ in 0..5 {
                worker.count_attempt(&entries[1]).await.unwrap();
            }
        }
    }
    site.start_worker().await;
    drained(&site).await;
    assert_eq!(stored(&mut site.database.look().await).await, 2, "its neighbours are innocent");
    let listed = site.queue.dead_letters().list(10).await.unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert!(listed[0].reason.contains("took the worker down"), "{listed:?}");
}

/// Fixes at so many instants, the last of them one that no calendar holds: the API would have
/// refused it. None is from before now: tracking was perhaps permitted only just then.
fn with_a_bad_one(many: i64) -> Vec<Ping> {
    let now = clock::now().as_millisecond();
    (1..many).map(|n| ping(now + n)).chain([ping(i64::MAX - 1)]).collect()
}

#[tokio::test]
async fn a_bad_request_does_not_fail_the_others_of_its_entry() {
    let mut site = Site::without_worker(one_short_lease).await;
    {
        let admin = site.set_up().await;
        let (staff, phone) = person(&admin).await;
        queue_raw(&site, &phone, &staff, &with_a_bad_one(150)).await;
    }
    assert!(waiting(&site).await < 10, "many requests share an entry");
    site.start_worker().await;
    drained(&site).await;
    assert_eq!(stored(&mut site.database.look().await).await, 149);
    let listed = site.queue.dead_letters().list(10).await.unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    let fixes: Vec<_> = listed[0].contents.iter().map(|c| c.fixes_at_ms.clone()).collect();
    assert_eq!(fixes, [[i64::MAX - 1]]);
}

#[tokio::test]
async fn a_poison_request_is_found_among_the_others_of_its_entry() {
    let mut site = Site::without_worker(one_short_lease).await;
    {
        let admin = site.set_up().await;
        let (staff, phone) = person(&admin).await;
        queue_raw(&site, &phone, &staff, &with_a_bad_one(50)).await;
        for _ in 1..=3 {
            die_with_all_in_flight(&site, &mut site.queue.consumer(0)).await;
        }
        let mut worker = site.queue.consumer(0);
        for entry in die_with_all_in_flight(&site, &mut worker).await {
            assert!(entry.may_be_poison());
            worker.split(&entry, true).await.unwrap();
        }
        assert_eq!(waiting(&site).await, 50);
        let parts = worker.read(1_000).await.unwrap();
        assert!(parts.iter().all(|part| part.may_be_poison() && part.batches().len() == 1));
        // The attempts of the first one never end.
        for _ in 0..5 {
            worker.count_attempt(&parts[0]).await.unwrap();
        }
        let now = clock::now().as_millisecond();
        let others: Vec<Ping> = (1_000..1_060).map(|n| ping(now + n)).collect();
        queue_raw(&site, &phone, &staff, &others).await;
        worker.read(1_000).await.unwrap();
    }
    let added = entries_added(&site).await;
    assert!(added < 50 + 50 + 20, "the others share entries");
    site.start_worker().await;
    drained(&site).await;
    assert_eq!(
        entries_added(&site).await,
        added,
        "an entry read beside a poison entry is not split"
    );
    assert_eq!(stored(&mut site.database.look().await).await, 48 + 60);
    let listed = site.queue.dead_letters().list(10).await.unwrap();
    assert_eq!(listed.len(), 2, "{listed:?}");
}

/// How many entries the first partition's live lane has ever been given.
async fn entries_added(site: &Site) -> u64 {
    let client = redis::Client::open(given("NEARHAND_TEST_REDIS_URL")).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let stream = format!("{}pings:{{0}}:live", site.queue.config().prefix);
    let info: HashMap<String, redis::Value> =
        redis::cmd("XINFO").arg("STREAM").arg(stream).query_async(&mut redis).await.unwrap();
    redis::from_redis_value(info["entries-added"].clone()).unwrap()
}

#[tokio::test]
async fn sending_pings_again_adds_nothing() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (_, phone) = person(&admin).await;
    let fix = json!([{ "fix_at": now(), "lat": 38.7, "lng": -9.1, "key": "a" }]);
    for _ in 0..4 {
        phone.send(fix.clone()).await.expect(200);
    }
    drained(&site).await;
    let mut db = site.database.look().await;
    assert_eq!(stored(&mut db).await, 1);
    let seen: bool = sqlx::query_scalar("SELECT bool_and(last_seen_at IS NOT NULL) FROM devices")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert!(seen, "the phone was heard from");
}

#[tokio::test]
async fn an_entry_the_database_refuses_becomes_a_dead_letter_and_its_neighbours_commit() {
    let mut site = Site::without_worker(short_lease).await;
    {
        let admin = site.set_up().await;
        let (staff, phone) = person(&admin).await;
        phone.send_from(38.7, -9.1).await.expect(200);
        // No calendar holds this instant; the API would have refused it.
        queue_raw(&site, &phone, &staff, &[ping(i64::MAX - 1)]).await;
        phone.send_from(38.8, -9.1).await.expect(200);
        put_raw(&site, "garbage").await;
    }
    site.start_worker().await;
    drained(&site).await;
    assert_eq!(stored(&mut site.database.look().await).await, 2);
    let letters = site.queue.dead_letters();
    let mut listed = letters.list(10).await.unwrap();
    listed.sort_by_key(|letter| letter.contents.len());
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert_eq!(listed[0].contents, []);
    assert!(listed[0].reason.contains("version"), "{listed:?}");
    let content = &listed[1].contents[0];
    assert_eq!(content.fixes_at_ms, [i64::MAX - 1]);
    assert!(!format!("{listed:?}").contains("38.7"), "no coordinate is shown");
    assert_eq!(letters.inspect(&listed[1].id).await.unwrap().as_ref(), Some(&listed[1]));
    assert!(letters.requeue(&listed[1].id).await.unwrap());
    assert!(!letters.requeue(&listed[1].id).await.unwrap(), "it is there no more");
    eventually("it is a dead letter again", || async {
        (letters.count().await.unwrap() == 2 && waiting(&site).await == 0).then_some(())
    })
    .await;
}

/// Puts an entry that nobody can read into the first partition.
async fn put_raw(site: &Site, version: &str) {
    let client = redis::Client::open(given("NEARHAND_TEST_REDIS_URL")).unwrap();
    let mut redis = client.get_multiplexed_async_connection().await.unwrap();
    let stream = format!("{}pings:{{0}}:live", site.queue.config().prefix);
    redis::cmd("XADD")
        .arg(&[stream.as_str(), "*", "v", version, "d", "what is this", "d", "and this"])
        .query_async::<()>(&mut redis)
        .await
        .unwrap();
}

#[tokio::test]
async fn pings_of_a_newer_layout_are_kept_and_an_old_worker_yields() {
    let mut site = Site::without_worker(one_short_lease).await;
    {
        let admin = site.set_up().await;
        let (_, phone) = person(&admin).await;
        put_raw(&site, "99").await;
        phone.send_from(38.7, -9.1).await.expect(200);
    }
    site.start_worker().await;
    drained(&site).await;
    assert_eq!(stored(&mut site.database.look().await).await, 1, "what can be read is stored");
    let listed = site.queue.dead_letters().list(10).await.unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0].reason, DecodeError::Newer.to_string());
    let mut newer = site.queue.consumer(0);
    eventually("the old worker yields", async || newer.acquire().await.unwrap().then_some(()))
        .await;
    newer.release().await;
}

#[tokio::test]
async fn a_newer_worker_requeues_dead_letters_that_an_older_one_could_not_decode() {
    let mut site = Site::without_worker(one_short_lease).await;
    {
        let admin = site.set_up().await;
        let (_, phone) = person(&admin).await;
        for n in 0..120 {
            phone.send_from(38.7, -9.1 - f64::from(n) / 1_000.0).await.expect(200);
        }
    }
    let mut older = site.queue.consumer(0);
    assert!(older.acquire().await.unwrap());
    let entries = older.read(1_000).await.unwrap();
    assert_eq!(entries.len(), 120);
    let (too_new, other) = (DecodeError::Newer.to_string(), "another reason");
    for (nth, entry) in entries.iter().enumerate() {
        older
            .move_to_dead_letters(entry, if nth == 5 { other } else { &too_new }, 0)
            .await
            .unwrap();
    }
    older.release().await;
    site.start_worker().await;
    let mut db = site.database.look().await;
    eventually("they are stored", async || (stored(&mut db).await == 119).then_some(())).await;
    drained(&site).await;
    let listed = site.queue.dead_letters().list(10).await.unwrap();
    let reasons: Vec<&str> = listed.iter().map(|letter| letter.reason.as_str()).collect();
    assert_eq!(reasons, [other], "everything else is an operator's to decide");
}

#[tokio::test]
async fn accepted_pings_are_not_written_when_tracking_has_been_forbidden_since() {
    let mut site = Site::without_worker(short_lease).await;
    {
        let admin = site.set_up().await;
        let (_, phone) = person(&admin).await;
        assert_eq!(phone.send_from(38.7, -9.1).await.expect(200).body["accepted"], 1);
        let mut db = site.database.look().await;
        sqlx::query("DELETE FROM tracking_permissions").execute(&mut db).await.unwrap();
    }
    site.start_worker().await;
    drained(&site).await;
    assert_eq!(stored(&mut site.database.look().await).await, 0);
}

const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Puts so many entries of one ping each into both lanes of a site's only partition.
async fn fill_lanes(site: &Site, many: usize) {
    let admin = site.set_up().await;
    let (staff, phone) = person(&admin).await;
    let fixes = [ping(1)];
    let mut request = PingRequest {
        organization: OrganizationId::generate(),
        device: phone.id.parse().unwrap(),
        staff: staff.parse().unwrap(),
        received_at_ms: 0,
        live: &fixes,
        backlog: &[],
        traceparent: Some(TRACE),
    };
    let producer = site.queue.producer();
    for _ in 0..many {
        producer.send(&request).await.unwrap();
    }
    (request.live, request.backlog) = (&[], &fixes);
    for _ in 0..many {
        producer.send(&request).await.unwrap();
    }
}

/// Reads so many times; from which lanes, a letter each.
async fn read_lanes(consumer: &mut Consumer, times: usize) -> String {
    let mut order = String::new();
    for _ in 0..times {
        let read = consumer.read(1).await.unwrap();
        assert!(read.iter().all(|entry| entry.traceparents().eq(Some(TRACE))));
        order.push_str(if read[0].lane == Lane::Live { "L" } else { "b" });
        consumer.publish_and_ack(&[], &read).await.unwrap();
    }
    order
}

#[tokio::test]
async fn the_live_lane_comes_first_and_the_backlog_keeps_its_share() {
    let site = Site::without_worker(|config| config.partitions = 1).await;
    fill_lanes(&site, 8).await;
    let mut consumer = site.queue.consumer(0);
    assert!(consumer.acquire().await.unwrap());
    assert!(!site.queue.consumer(0).acquire().await.unwrap(), "one consumer a partition");
    assert_eq!(read_lanes(&mut consumer, 8).await, "LLLbLLLb");
    consumer.release().await;
    assert!(site.queue.consumer(0).acquire().await.unwrap(), "given back at once");
}

#[tokio::test]
async fn only_live_pings_are_read_ahead() {
    let site = Site::without_worker(|config| config.partitions = 1).await;
    fill_lanes(&site, 60).await;
    let mut consumer = site.queue.consumer(0);
    assert!(consumer.acquire().await.unwrap());
    // By then it is known that an entry holds one ping.
    assert_eq!(read_lanes(&mut consumer, 48).await, "LLLb".repeat(12));
    for lane in [Lane::Live, Lane::Live, Lane::Live, Lane::Backlog] {
        let read = consumer.read_ahead(1, 4).await.unwrap();
        assert!(read.iter().all(|entry| entry.lane == lane));
        assert_eq!(read.len(), if lane == Lane::Live { 4 } else { 1 });
        consumer.publish_and_ack(&[], &read).await.unwrap();
    }
}

#[tokio::test]
async fn days_that_are_over_are_dropped_and_days_to_come_are_ready() {
    let site = Site::without_worker(|_| {}).await;
    let pool = site.database.worker().await;
    let mut db = site.database.look().await;
    let partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'pings'::regclass";
    let now = clock::now();
    let long = RetentionConfig::default();
    prepare(&pool, long, now).await.unwrap();
    prepare(&pool, long, now).await.unwrap();
    let made: i64 = sqlx::query_scalar(partitions).fetch_one(&mut db).await.unwrap();
    assert_eq!(made, 60 + 1 + 7 + 1, "days before, today, days ahead, and the default one");
    let kept = RetentionConfig { days: 2, ..long };
    prepare(&pool, kept, now).await.unwrap();
    let left: i64 = sqlx::query_scalar(partitions).fetch_one(&mut db).await.unwrap();
    assert_eq!(left, 2 + 1 + 7 + 1);
}

#[tokio::test]
async fn old_reads_and_devices_long_revoked_are_forgotten() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (staff, _) = person(&admin).await;
    let mut db = site.database.look().await;
    // By the day before, on and after which each goes.
    let make = format!(
        "INSERT INTO devices (organization_id, id, staff_id, name, token_hash, revoked_at) \
           SELECT organization_id, gen_random_uuid(), id, d || ' days', \
             sha256(d::text::bytea), now() - d * interval '1 day' \
           FROM staff, unnest(ARRAY[61, 63]) AS d WHERE id = '{staff}'; \
         INSERT INTO position_reads (organization_id, id, at, actor_id, request_id, route, people) \
           SELECT organization_id, gen_random_uuid(), now() - d * interval '1 day', id, \
             d || ' days', '/v1/positions', '{{}}' \
           FROM staff, unnest(ARRAY[364, 366]) AS d WHERE id = '{staff}'"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(make)).execute(&mut db).await.unwrap();
    let pool = site.database.worker().await;
    prepare(&pool, RetentionConfig::default(), clock::now()).await.unwrap();
    let left =
        "SELECT name FROM devices UNION ALL SELECT request_id FROM position_reads ORDER BY 1";
    let left: Vec<String> = sqlx::query_scalar(left).fetch_all(&mut db).await.unwrap();
    assert_eq!(left, ["364 days", "61 days", "a phone"]);
    let shorter = RetentionConfig { read_log_days: 30, ..RetentionConfig::default() };
    prepare(&pool, shorter, clock::now()).await.unwrap();
    let reads: i64 =
        sqlx::query_scalar("SELECT count(*) FROM position_reads").fetch_one(&mut db).await.unwrap();
    assert_eq!(reads, 0);
}

#[tokio::test]
async fn a_day_in_use_is_dropped_another_time_and_keeps_nobody_waiting() {
    let site = Site::without_worker(|_| {}).await;
    let pool = site.database.worker().await;
    let (now, long) = (clock::now(), RetentionConfig::default());
    prepare(&pool, long, now).await.unwrap();
    let partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'pings'::regclass";
    let mut reader = site.database.look().await;
    sqlx::query("BEGIN").execute(&mut reader).await.unwrap();
    sqlx::query("LOCK TABLE pings IN ACCESS SHARE MODE").execute(&mut reader).await.unwrap();
    let kept = RetentionConfig { days: 2, ..long };
    let begun = std::time::Instant::now();
    prepare(&pool, kept, now).await.expect("left to the next time");
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    let mut db = site.database.look().await;
    let left: i64 = sqlx::query_scalar(partitions).fetch_one(&mut db).await.unwrap();
    assert_eq!(left, 60 + 1 + 7 + 1);
    sqlx::query("COMMIT").execute(&mut reader).await.unwrap();
    prepare(&pool, kept, now).await.unwrap();
    let left: i64 = sqlx::query_scalar(partitions).fetch_one(&mut db).await.unwrap();
    assert_eq!(left, 2 + 1 + 7 + 1);
}

#[tokio::test]
async fn an_attempt_can_be_uncounted_after_the_lease_is_lost() {
    let site = Site::without_worker(one_short_lease).await;
    let admin = site.set_up().await;
    let (_, phone) = person(&admin).await;
    phone.send_from(38.7, -9.1).await.expect(200);
    let mut slow = site.queue.consumer(0);
    assert!(slow.acquire().await.unwrap());
    let entries = slow.read(10).await.unwrap();
    assert_eq!(slow.count_attempt(&entries[0]).await.unwrap(), 1);
    let mut next = site.queue.consumer(0);
    eventually("another takes over", || async {
        site.queue.consumer(0).acquire().await.unwrap().then_some(())
    })
    .await;
    eventually("the slow one notices", async || slow.keep_lease().await.err()).await;
    slow.uncount_attempt(&entries[0]).await.expect("the attempt is taken back");
    eventually("the next takes over", async || next.acquire().await.unwrap().then_some(())).await;
    assert_eq!(next.count_attempt(&entries[0]).await.unwrap(), 1, "the first was nobody's");
}
