//! Jumps by HTTP: what a phone cannot have reached is kept, flagged and not shown live, whatever the
//! order in which its fixes arrive; and how far a phone's clock is off.

use crate::support::{
    Account, Site,
    account::{Phone, seconds_from_now},
    eventually,
    queued::{drained, person, stored},
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A fix of so many seconds from now, so many kilometres to the north.
fn fix(seconds: i64, km: f64) -> Value {
    json!({ "fix_at": seconds_from_now(seconds), "lat": 38.7 + km / 111.2, "lng": -9.1,
        "accuracy_m": 10 })
}

async fn flags(site: &Site, phone: &Phone<'_>) -> Vec<i16> {
    let device: Uuid = phone.id.parse().unwrap();
    let flags = sqlx::query_scalar("SELECT flags FROM pings WHERE device_id = $1 ORDER BY fix_at");
    flags.bind(device).fetch_all(&mut site.database.look().await).await.unwrap()
}

/// How far to the north the person is shown live, in kilometres.
async fn live(admin: &Account<'_>) -> Option<i64> {
    // On a busy machine the index may be behind for a moment.
    let answer = eventually("the map is ready", async || {
        let answer = admin.get("/v1/positions?bbox=-10,38,-8,89").await;
        (answer.code() != "not_ready").then_some(answer)
    })
    .await
    .expect(200);
    let lat = answer.body["items"][0]["position"]["lat"].as_f64()?;
    #[expect(clippy::cast_possible_truncation, reason = "some kilometres")]
    Some(((lat - 38.7) * 111.2).round() as i64)
}

async fn is_live_at(admin: &Account<'_>, km: i64) {
    eventually("the live position", async || (live(admin).await == Some(km)).then_some(())).await;
}

#[tokio::test]
async fn a_bad_fix_is_flagged_and_the_good_one_after_it_is_live() {
    let site = Site::start().await;
    let admin = site.set_up_with_jumps().await;
    let (_, phone) = person(&admin).await;
    phone.consent_since_yesterday().await;
    phone.send(json!([fix(-120, 0.0)])).await.expect(200);
    is_live_at(&admin, 0).await;
    phone.send(json!([fix(-90, 300.0)])).await.expect(200);
    eventually("it is stored", async || {
        (stored(&mut site.database.look().await).await == 2).then_some(())
    })
    .await;
    assert_eq!(flags(&site, &phone).await, [0, 2]);
    assert_eq!(live(&admin).await, Some(0), "the newest is not live");
    phone.send(json!([fix(-60, 2.0)])).await.expect(200);
    is_live_at(&admin, 2).await;
    assert_eq!(flags(&site, &phone).await, [0, 2, 0]);
}

#[tokio::test]
async fn the_newest_is_live_once_two_more_agree() {
    let site = Site::start().await;
    let admin = site.set_up_with_jumps().await;
    let (_, phone) = person(&admin).await;
    phone.consent_since_yesterday().await;
    phone.send(json!([fix(-120, 0.0)])).await.expect(200);
    is_live_at(&admin, 0).await;
    phone.send(json!([fix(-90, 300.0), fix(-60, 301.0)])).await.expect(200);
    eventually("both are stored", async || (flags(&site, &phone).await == [0, 2, 2]).then_some(()))
        .await;
    assert_eq!(live(&admin).await, Some(0));
    phone.send(json!([fix(-30, 302.0)])).await.expect(200);
    is_live_at(&admin, 302).await;
    assert_eq!(flags(&site, &phone).await, [0, 4, 4, 0]);
    // And on from there, by the live position alone.
    phone.send(json!([fix(0, 303.0)])).await.expect(200);
    is_live_at(&admin, 303).await;
    assert_eq!(flags(&site, &phone).await, [0, 4, 4, 0, 0]);
}

#[tokio::test]
async fn the_order_of_arrival_does_not_matter() {
    let site = Site::start().await;
    let admin = site.set_up_with_jumps().await;
    let kms = [0.0, 1.0, 400.0, 2.0, 3.0, 400.0, 401.0, 402.0, 403.0, 9.0, 404.0, 405.0];
    let track: Vec<Value> = (-12..0).zip(kms).map(|(n, km)| fix(n * 60, km)).collect();
    let (_, whole) = person(&admin).await;
    whole.consent_since_yesterday().await;
    whole.send(json!(track)).await.expect(200);
    let (_, backwards) = person(&admin).await;
    backwards.consent_since_yesterday().await;
    for fix in track.iter().rev() {
        backwards.send(json!([fix])).await.expect(200);
        drained(&site).await;
    }
    let (_, mixed) = person(&admin).await;
    mixed.consent_since_yesterday().await;
    for step in [5, 0, 3] {
        let part = (0..4).map(|n| track[(step + n * 3) % 12].clone());
        mixed.send(json!(part.collect::<Vec<_>>())).await.expect(200);
        drained(&site).await;
    }
    for step in [1, 7] {
        let part = track[step..].iter().step_by(3).cloned();
        mixed.send(json!(part.collect::<Vec<_>>())).await.expect(200);
        drained(&site).await;
    }
    drained(&site).await;
    let expected = [0, 0, 2, 0, 0, 4, 4, 0, 0, 2, 0, 0];
    assert_eq!(flags(&site, &whole).await, expected);
    assert_eq!(flags(&site, &backwards).await, expected);
    let seen: Vec<i16> = flags(&site, &mixed).await;
    assert_eq!(seen.len(), 12, "each part has fixes of its own, and some come twice");
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn an_organisation_sets_its_own_limit() {
    let site = Site::start().await;
    let admin = site.set_up_with_jumps().await;
    let path = "/v1/organization";
    assert_eq!(admin.get(path).await.expect(200).body["jump_limit_mps"], 70);
    for wrong in [json!(9), json!(30_001), json!(null)] {
        let refused = admin.patch(path, json!({ "jump_limit_mps": wrong })).await;
        assert_eq!(refused.refused(422, "invalid").pointers(), ["/jump_limit_mps"]);
    }
    let raised = admin.patch(path, json!({ "jump_limit_mps": 2_000 })).await.expect(200);
    assert_eq!(raised.body["jump_limit_mps"], 2_000);
    let (_, phone) = person(&admin).await;
    phone.consent_since_yesterday().await;
    phone.send(json!([fix(-120, 0.0)])).await.expect(200);
    is_live_at(&admin, 0).await;
    phone.send(json!([fix(-60, 100.0)])).await.expect(200);
    is_live_at(&admin, 100).await;
    assert_eq!(flags(&site, &phone).await, [0, 0]);
}

#[tokio::test]
async fn a_clock_that_is_off_shows_and_its_times_stay() {
    let site = Site::start().await;
    let admin = site.set_up_with_jumps().await;
    let (staff, phone) = person(&admin).await;
    phone.consent_since_yesterday().await;
    let path = format!("/v1/staff/{staff}/devices");
    let skew =
        async || admin.get(&path).await.expect(200).body["items"][0]["clock_skew_s"].as_f64();
    assert_eq!(skew().await, None, "nothing is known yet");
    let at = seconds_from_now(300);
    phone
        .send(json!([{ "fix_at": at, "sent_at": at, "lat": 38.7, "lng": -9.1 }]))
        .await
        .expect(200);
    let ahead = eventually("the skew is known", async || skew().await).await;
    assert!((280.0..=300.0).contains(&ahead), "{ahead}");
    assert_eq!(flags(&site, &phone).await, [1], "stored and flagged");
    assert_eq!(live(&admin).await, None, "not live");
}
