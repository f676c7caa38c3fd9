//! Phones whose every fix is looked for on the map: how long it takes from the measurement until
//! somebody can see it.

use crate::{admin::Admin, load::Fleet, phone::Phone, stack::APIS};
use nearhand_domain::clock;
use serde_json::Value;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// Between two fixes of a witness.
const EVERY: Duration = Duration::from_millis(500);
/// Between two looks at the map.
const LOOK: Duration = Duration::from_millis(20);
/// A fix that is not seen for so long is followed by another: the queue may have been emptied.
const AGAIN: Duration = Duration::from_secs(1);
/// Half the side of the viewport that is looked at, degrees.
const AROUND_DEG: f64 = 0.02;

/// Measures, sends and looks, until the fleet stops.
pub(crate) async fn watch(mut phone: Phone, fleet: Arc<Fleet>, admin: Arc<Admin>) {
    let mut tick = tokio::time::interval(EVERY);
    let mut looks = 0;
    while !fleet.stop.is_cancelled() {
        tick.tick().await;
        // With a clock that is off by days, the server takes nothing.
        if !fleet.clock.is_right() {
            continue;
        }
        let (made, first_ms) = (Instant::now(), clock::now().as_millisecond());
        phone.measure(first_ms);
        let mut sent = Instant::now();
        if !phone.send_all(&fleet).await {
            return;
        }
        while !fleet.stop.is_cancelled() && fleet.clock.is_right() {
            looks += 1;
            let url = &fleet.urls[looks % APIS];
            let seen = tokio::select! {
                seen = newest(&admin, url, &phone) => seen,
                () = fleet.stop.cancelled() => break,
            };
            if seen.is_some_and(|at_ms| at_ms >= first_ms) {
                fleet.seen.record(made.elapsed());
                break;
            }
            if sent.elapsed() >= AGAIN {
                phone.measure(clock::now().as_millisecond());
                sent = Instant::now();
                if !phone.send_all(&fleet).await {
                    return;
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// The time of the phone's live fix, as this API shows it.
async fn newest(admin: &Admin, url: &str, phone: &Phone) -> Option<i64> {
    let (lat, lng) = phone.place();
    let [west, south] = [lng - AROUND_DEG, lat - AROUND_DEG];
    let [east, north] = [lng + AROUND_DEG, lat + AROUND_DEG];
    let path = format!("/v1/positions?bbox={west:.6},{south:.6},{east:.6},{north:.6}");
    let answer = admin.get_once(url, &path).await?;
    let staff = phone.log.staff.to_string();
    let items = answer["items"].as_array()?;
    let mine = items.iter().find(|item| item["staff_id"] == Value::String(staff.clone()))?;
    let at: jiff::Timestamp = mine["fix_at"].as_str()?.parse().ok()?;
    Some(at.as_millisecond())
}
