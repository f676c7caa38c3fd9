//! Phones that return after days without a network, and phones whose token is revoked.

use crate::{load::draw_app, scene::Scene, settled::within, stack::APIS};
use futures::future::join_all;
use jiff::Timestamp;
use nearhand_domain::clock;
use nearhand_play::apps::Fix;
use std::{
    sync::{Arc, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};

/// Between two fixes that were kept.
const KEPT_EVERY_MS: i64 = 10_000;
/// How often a phone sends whose token is revoked.
const OFTEN: Duration = Duration::from_millis(40);
const REVOKED: usize = 4;

/// All of them send everything they kept, as fast as they are answered.
pub(super) async fn returning(scene: &mut Scene) -> anyhow::Result<String> {
    let (begun, now_ms) = (Instant::now(), clock::now().as_millisecond());
    let mut phones = std::mem::take(&mut scene.returning);
    for phone in &mut phones {
        let (lat, lng) = phone.place();
        for nth in 0..i64::try_from(scene.sizes.kept)? {
            let at = now_ms - (nth + 1) * KEPT_EVERY_MS;
            let step = f64::from(scene.dice.whole(0, 1_000)) * 1e-6;
            phone.keep(Fix {
                at: Timestamp::from_millisecond(at)?,
                lat: lat + step,
                lng: lng - step,
                accuracy_m: Some(12.0),
                key: Some(format!("kept-{now_ms}-{nth}")),
                ..Fix::default()
            });
        }
        // The oldest first.
        phone.waiting.make_contiguous().reverse();
    }
    let (fleet, many) = (Arc::clone(&scene.fleet), phones.len());
    let sent = join_all(phones.iter_mut().map(|phone| phone.send_all(&fleet))).await;
    scene.returning = phones;
    anyhow::ensure!(sent.iter().all(|sent| *sent), "a returning phone could not send all");
    let (kept, seconds) = (scene.sizes.kept, begun.elapsed().as_secs_f64());
    Ok(format!("{many} phones sent {kept} each in {seconds:.1} s"))
}

/// Phones on both APIs send as fast as they can while one API revokes their tokens.
pub(super) async fn revoked(scene: &mut Scene) -> anyhow::Result<String> {
    let mut logs = Vec::new();
    for n in 0..REVOKED {
        let person = scene.admin.enrol(&scene.fleet.urls[n % APIS], &format!("Leaver {n}")).await?;
        let (app, seed) = (draw_app(&mut scene.dice), u64::from(scene.dice.whole(0, u32::MAX)));
        let mut phone = scene.fleet.phone(person, app, seed, false);
        phone.api = n % APIS;
        logs.push(Arc::clone(&phone.log));
        scene.fleet.spawn(phone.run(Arc::clone(&scene.fleet), Some(OFTEN)));
    }
    let sent = |many: usize| logs.iter().all(|log| log.entries().len() >= many);
    within(Duration::from_secs(60), "phones send before they are revoked", async || {
        sent(10).then_some(())
    })
    .await?;
    for log in &logs {
        let by = 0;
        log.revoking.store(true, SeqCst);
        scene.admin.revoke(&scene.fleet.urls[by], log.staff, log.device).await?;
        log.set_revoked(by);
    }
    within(Duration::from_secs(60), "phones learn that they are revoked", async || {
        logs.iter().all(|log| log.is_ended.load(SeqCst)).then_some(())
    })
    .await?;
    let longest = scene.fleet.lags.lock().iter().max().map_or(0, Duration::as_millis);
    Ok(format!("{REVOKED} revoked by one API; the other took pings for {longest} ms more"))
}
