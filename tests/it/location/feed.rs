//! From a change to the live index: nothing is skipped, and whatever is missed is noticed.

use crate::support::{
    Site,
    account::{now, seconds_from_now},
    eventually, given,
};
use nearhand_domain::{
    StaffId,
    facts::{Fact, PositionFact},
};
use nearhand_queue::{FeedItem, FeedReader};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection};
use std::time::{Duration, Instant};

async fn rename(db: &mut PgConnection, staff: &str, name: &str) {
    let sql = format!(
        "UPDATE staff SET display_name = '{name}', version = version + 1 WHERE id = '{staff}'"
    );
    sqlx::query(AssertSqlSafe(sql)).execute(db).await.expect("renamed");
}

async fn announce(db: &mut PgConnection, staff: &str) {
    let sql = format!(
        "INSERT INTO outbox (organization_id, kind, entity_id) \
         SELECT organization_id, 'staff', id FROM staff WHERE id = '{staff}'"
    );
    sqlx::query(AssertSqlSafe(sql)).execute(db).await.expect("announced");
}

async fn is_called(site: &Site, staff: &str, name: &str) {
    let staff: StaffId = staff.parse().expect("a person");
    let known =
        || async { (site.follower.display_name(staff).as_deref() == Some(name)).then_some(()) };
    eventually(&format!("the index knows {name}"), known).await;
}

async fn redis(command: &mut redis::Cmd) {
    let client = redis::Client::open(given("NEARHAND_TEST_REDIS_URL")).expect("a URL");
    let mut redis = client.get_multiplexed_async_connection().await.expect("Redis answers");
    command.query_async::<redis::Value>(&mut redis).await.expect("done");
}

fn feed_keys(site: &Site) -> (String, String) {
    let prefix = &site.queue.config().prefix;
    (format!("{prefix}feed:{{f0}}"), format!("{prefix}feed:{{f0}}:head"))
}

#[tokio::test]
async fn a_change_that_commits_late_is_not_skipped() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let late = admin.create_staff(json!({ "display_name": "Before" })).await;
    let other = admin.create_staff(json!({ "display_name": "Other" })).await;
    is_called(&site, &late, "Before").await;
    let mut db = site.database.look().await;
    sqlx::query("BEGIN").execute(&mut db).await.unwrap();
    rename(&mut db, &late, "Late").await;
    announce(&mut db, &late).await;
    // Announced after, committed before.
    let mut second = site.database.look().await;
    rename(&mut second, &other, "Overtaking").await;
    announce(&mut second, &other).await;
    is_called(&site, &other, "Overtaking").await;
    assert_eq!(site.follower.display_name(late.parse().unwrap()).as_deref(), Some("Before"));
    sqlx::query("COMMIT").execute(&mut db).await.unwrap();
    is_called(&site, &late, "Late").await;
}

#[tokio::test]
async fn a_change_carries_the_trace_of_its_request_to_the_relay() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let mut db = site.database.look().await;
    sqlx::query("DELETE FROM outbox").execute(&mut db).await.unwrap();
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let request = site.http.patch(format!("{}/v1/staff/{staff}", site.url));
    let request = request.bearer_auth(&admin.token).header("if-match", "*");
    let request = request.header("traceparent", trace).json(&json!({ "last_name": "Hopper" }));
    assert_eq!(request.send().await.unwrap().status(), 200);
    // A request that brings no trace is given one, and not that of the request before.
    admin.patch(&format!("/v1/staff/{staff}"), json!({ "last_name": "H" })).await.expect(200);
    let traces: Vec<Option<String>> =
        sqlx::query_scalar("SELECT trace_parent FROM outbox ORDER BY id")
            .fetch_all(&mut db)
            .await
            .unwrap();
    assert_eq!(traces.len(), 2, "{traces:?}");
    assert_eq!(traces[0].as_deref(), Some(trace));
    assert!(traces[1].as_deref().is_some_and(|text| text.len() == trace.len() && text != trace));
}

#[tokio::test]
async fn a_feed_that_vanished_is_noticed_in_silence_and_healed() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    is_called(&site, &staff, "Grace").await;
    let generation = site.follower.generation();
    // A change whose word is lost with the whole feed; nothing else is ever said.
    rename(&mut site.database.look().await, &staff, "Grace Hopper").await;
    let (feed, head) = feed_keys(&site);
    redis(redis::cmd("DEL").arg(&[feed, head])).await;
    is_called(&site, &staff, "Grace Hopper").await;
    eventually("ready again", || async { site.follower.not_ready().is_none().then_some(()) }).await;
    assert!(site.follower.generation() > generation);
    assert!(site.follower.behind_by().as_secs() < 1);
}

#[tokio::test]
async fn a_missing_number_is_noticed_and_healed() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let other = admin.create_staff(json!({ "display_name": "Other" })).await;
    is_called(&site, &staff, "Grace").await;
    is_called(&site, &other, "Other").await;
    let generation = site.follower.generation();
    rename(&mut site.database.look().await, &staff, "Grace Hopper").await;
    let (_, head) = feed_keys(&site);
    redis(redis::cmd("HINCRBY").arg(&head).arg("sequence").arg(3)).await;
    is_called(&site, &staff, "Grace Hopper").await;
    // And what comes after is followed again.
    rename(&mut site.database.look().await, &other, "Still there").await;
    announce(&mut site.database.look().await, &other).await;
    is_called(&site, &other, "Still there").await;
    assert!(site.follower.generation() > generation);
}

#[tokio::test]
async fn an_entry_of_a_newer_layout_costs_a_snapshot_and_loses_nothing() {
    // No relay beats in between.
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let (feed, head) = feed_keys(&site);
    let generation = site.follower.generation();
    let tail = site.queue.feed_tail().await.unwrap();
    let number = (tail.sequence + 1).to_string();
    redis(redis::cmd("HSET").arg(&[&head, "sequence", &number])).await;
    let entry = [feed.as_str(), "*", "e", &tail.epoch, "s", &number, "v", "99", "d", "?"];
    redis(redis::cmd("XADD").arg(&entry)).await;
    is_called(&site, &staff, "Grace").await;
    assert!(site.follower.generation() > generation);
    // And what it can read after that it follows again.
    eventually("the relay is heard", || async {
        site.queue.feed_writer().append(&[FeedItem::Heartbeat]).await.unwrap();
        let heard = site.follower.relay_silent_for() < Duration::from_millis(500);
        (heard && site.follower.not_ready().is_none()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_entry_of_the_layout_before_is_read_and_costs_nothing() {
    let site = Site::without_worker(|_| {}).await;
    let (feed, head) = feed_keys(&site);
    let generation = site.follower.generation();
    assert_eq!(site.follower.relay_silent_for(), Duration::MAX, "no relay runs");
    // One that comes before the feed's end was seen says nothing about when it was added.
    eventually("a heartbeat is heard", || async {
        let tail = site.queue.feed_tail().await.unwrap();
        let number = (tail.sequence + 1).to_string();
        redis(redis::cmd("HSET").arg(&[&head, "sequence", &number])).await;
        let beat = [feed.as_str(), "*", "e", &tail.epoch, "s", &number, "v", "3", "d", "\u{2}"];
        redis(redis::cmd("XADD").arg(&beat)).await;
        (site.follower.relay_silent_for() < Duration::MAX).then_some(())
    })
    .await;
    assert_eq!(site.follower.generation(), generation);
}

#[tokio::test]
async fn a_person_whose_position_stays_is_in_the_feed_all_the_same() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&staff).await;
    let staff: StaffId = staff.parse().unwrap();
    let mut reader = site.queue.feed_reader(site.queue.feed_tail().await.unwrap());
    // Ahead by less than two minutes, so that what comes after is older and yet permitted.
    let newest = seconds_from_now(60);
    phone.send(json!([{ "fix_at": newest, "lat": 38.7, "lng": -9.1 }])).await.expect(200);
    let first = next_position(&mut reader, staff).await;
    // Older than the live position: it is stored as history, and the feed carries the live
    // position once more.
    phone.send(json!([{ "fix_at": now(), "lat": 38.9, "lng": -9.1 }])).await.expect(200);
    assert_eq!(next_position(&mut reader, staff).await, first);
    let pings = crate::support::queued::stored(&mut site.database.look().await).await;
    assert_eq!(pings, 2, "both fixes are in the history");
}

/// The next position of this person in the feed.
async fn next_position(reader: &mut FeedReader, staff: StaffId) -> PositionFact {
    eventually("the feed says where they are", async || {
        let read = reader.next().await.unwrap();
        let facts = read.entries.into_iter().flat_map(|entry| match entry.item {
            FeedItem::Facts(facts) => facts,
            FeedItem::Credential(_) | FeedItem::Heartbeat => Vec::new(),
        });
        facts.into_iter().find_map(|fact| match fact {
            Fact::Position(position) if position.staff == staff => Some(position),
            _ => None,
        })
    })
    .await
}

#[tokio::test]
async fn a_change_that_cannot_be_told_silences_nothing_else() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    is_called(&site, &staff, "Grace").await;
    let mut db = site.database.look().await;
    // A word that no program knows and the API would refuse.
    let corrupt = format!(
        "ALTER TABLE staff_languages DROP CONSTRAINT IF EXISTS staff_languages_level_check; \
         INSERT INTO staff_languages (organization_id, staff_id, language, level) \
         SELECT organization_id, id, 'pt', 'unheard-of' FROM staff WHERE id = '{staff}'"
    );
    sqlx::raw_sql(AssertSqlSafe(corrupt)).execute(&mut db).await.expect("corrupted");
    announce(&mut db, &staff).await;
    let waits = "SELECT count(*) FROM outbox WHERE created_at < now() - interval '2 s'";
    eventually("the row waits, and the relay is heard all the same", || async {
        let waits: i64 =
            sqlx::query_scalar(waits).fetch_one(&mut site.database.look().await).await.unwrap();
        let heard = site.follower.relay_silent_for() < Duration::from_millis(500);
        (waits == 1 && heard).then_some(())
    })
    .await;
    let other = admin.create_staff(json!({ "display_name": "Other" })).await;
    is_called(&site, &other, "Other").await;
}

#[tokio::test]
async fn a_reader_knows_after_when_an_entry_was_added() {
    let site = Site::without_worker(|_| {}).await;
    let mut reader = site.queue.feed_reader(site.queue.feed_tail().await.unwrap());
    let begun = Instant::now();
    let empty = reader.next().await.unwrap();
    assert!(empty.entries.is_empty() && empty.added_after.is_none(), "{empty:?}");
    let writer = site.queue.feed_writer();
    let asked = Instant::now();
    writer.append(&[FeedItem::Heartbeat]).await.unwrap();
    let read = eventually("it arrives", async || {
        let read = reader.next().await.unwrap();
        (!read.entries.is_empty()).then_some(read)
    })
    .await;
    let after = read.added_after.expect("the read before saw the end");
    assert!(begun <= after && after <= asked, "not from when it came");
}
