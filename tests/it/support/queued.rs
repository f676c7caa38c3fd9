//! Pings in the queue of a site, and what became of them.

use super::{Account, Phone, Site, eventually};
use nearhand_domain::{
    DeviceId, OrganizationId, Position, StaffId, clock,
    ping::{Ping, Source, ping_key},
};
use nearhand_queue::{Lane, PingRequest, QueueConfig};
use serde_json::json;
use sqlx::PgConnection;
use std::time::Duration;
use uuid::Uuid;

/// A lease that is soon over, as after a killed worker, and yet long enough for a test that is
/// starved between two of its steps.
pub(crate) fn short_lease(config: &mut QueueConfig) {
    config.block = Duration::from_millis(20);
    config.lease = Duration::from_secs(1);
}

/// The same, and everything in one partition.
pub(crate) fn one_short_lease(config: &mut QueueConfig) {
    short_lease(config);
    config.partitions = 1;
}

pub(crate) async fn stored(db: &mut PgConnection) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM pings").fetch_one(db).await.expect("a count")
}

pub(crate) async fn waiting(site: &Site) -> u64 {
    let depth = site.queue.depth().await.expect("the depth");
    depth.of(Lane::Live) + depth.of(Lane::Backlog)
}

pub(crate) async fn drained(site: &Site) {
    eventually("the queue is empty", || async { (waiting(site).await == 0).then_some(()) }).await;
}

pub(crate) fn ping(fix_at_ms: i64) -> Ping {
    let position = Position::new(38.7, -9.1).expect("a position");
    Ping {
        fix_at_ms,
        key: ping_key(None, position),
        position,
        sent_at_ms: None,
        accuracy_m: Some(5.0),
        altitude_m: None,
        speed_mps: None,
        course_deg: None,
        battery: None,
        charging: None,
        motion: None,
        mock: false,
        flags: 0,
        source: Source::Native,
    }
}

/// Puts pings into the queue, past the API, each as if a request had brought it, all at a time.
pub(crate) async fn queue_raw(site: &Site, phone: &Phone<'_>, staff: &str, pings: &[Ping]) {
    queue_requests(site, phone, staff, pings.chunks(1)).await;
}

/// The same, several pings a request.
pub(crate) async fn queue_requests(
    site: &Site,
    phone: &Phone<'_>,
    staff: &str,
    requests: impl Iterator<Item = &[Ping]>,
) {
    let mut db = site.database.look().await;
    let organization: Uuid = sqlx::query_scalar("SELECT organization_id FROM organizations")
        .fetch_one(&mut db)
        .await
        .expect("the organisation");
    let producer = site.queue.producer();
    let requests: Vec<PingRequest<'_>> = requests
        .map(|live| PingRequest {
            organization: OrganizationId(organization),
            device: phone.id.parse::<DeviceId>().expect("a device"),
            staff: staff.parse::<StaffId>().expect("a person"),
            received_at_ms: clock::now().as_millisecond(),
            live,
            backlog: &[],
            traceparent: None,
        })
        .collect();
    let sent = requests.iter().map(|request| producer.send(request));
    futures::future::try_join_all(sent).await.expect("queued");
}

pub(crate) async fn person<'a>(admin: &Account<'a>) -> (String, Phone<'a>) {
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&staff).await;
    (staff, phone)
}
