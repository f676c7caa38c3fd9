//! Phones in trouble are listed with what is wrong and how to mend it, to those who may see their
//! people, and counted for operators.

use crate::support::{Account, Phone, Site, eventually};
use jiff::SignedDuration;
use nearhand_domain::clock;
use serde_json::{Value, json};

fn ago(minutes: i64) -> String {
    (clock::now() - SignedDuration::from_mins(minutes)).to_string()
}

/// A person with a phone.
async fn phone<'a>(admin: &Account<'a>, name: &str) -> Phone<'a> {
    let staff = admin.create_staff(json!({ "display_name": name })).await;
    admin.create_phone(&staff).await
}

async fn make_older(site: &Site, phone: &Phone<'_>, set: &'static str) {
    let id: uuid::Uuid = phone.id.parse().expect("an id");
    let changed = sqlx::query(set).bind(id).execute(&mut site.database.look().await).await;
    assert_eq!(changed.expect("it is older").rows_affected(), 1);
}

/// The troubles of the phones that are listed, by id.
async fn troubles(who: &Account<'_>, query: &str) -> Vec<(String, Vec<String>)> {
    let page = who.get(&format!("/v1/devices{query}")).await.expect(200);
    let codes = |device: &Value| {
        let troubles = device["troubles"].as_array().expect("troubles");
        troubles.iter().map(|one| one["code"].as_str().expect("a code").to_owned()).collect()
    };
    let devices = page.body["items"].as_array().expect("devices");
    devices.iter().map(|one| (one["id"].as_str().expect("an id").to_owned(), codes(one))).collect()
}

/// Whose phone it is.
async fn whose(admin: &Account<'_>, phone: &Phone<'_>) -> String {
    let page = admin.get("/v1/devices").await.expect(200);
    let devices = page.body["items"].as_array().expect("devices");
    let found = devices.iter().find(|one| one["id"] == phone.id.as_str()).expect("the phone");
    found["staff_id"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn each_phone_is_listed_with_what_is_wrong_with_it() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (well, weak, silent, never) = (
        phone(&admin, "Well").await,
        phone(&admin, "Weak").await,
        phone(&admin, "Silent").await,
        phone(&admin, "Never").await,
    );
    well.consent_since_yesterday().await;
    well.send_from(38.7, -9.1).await.expect(200);
    let low = json!([{ "fix_at": ago(0), "lat": 38.7, "lng": -9.1, "accuracy_m": 8,
        "battery": 0.09 }]);
    weak.send(low).await.expect(200);
    silent.send_from(38.7, -9.1).await.expect(200);
    eventually("all three were heard", async || {
        let mut look = site.database.look().await;
        let heard = "SELECT count(*) FROM devices WHERE last_seen_at IS NOT NULL";
        let heard: i64 = sqlx::query_scalar(heard).fetch_one(&mut look).await.unwrap();
        (heard == 3).then_some(())
    })
    .await;
    let old = "UPDATE devices SET last_seen_at = now() - interval '2 h' WHERE id = $1";
    make_older(&site, &silent, old).await;
    let old = "UPDATE devices SET created_at = now() - interval '2 h' WHERE id = $1";
    make_older(&site, &never, old).await;
    let code = |code: &str| vec![code.to_owned()];
    let expected = [
        (well.id.clone(), Vec::new()),
        (weak.id.clone(), code("low_battery")),
        (silent.id.clone(), code("silent")),
        (never.id.clone(), code("never_heard")),
    ];
    assert_eq!(troubles(&admin, "").await, expected);
    assert_eq!(troubles(&admin, "?trouble=any").await, expected[1..]);
    assert_eq!(troubles(&admin, "?trouble=silent").await, expected[2..3]);
    let one = format!("?staff={}", whose(&admin, &weak).await);
    assert_eq!(troubles(&admin, &one).await, expected[1..2], "one person's");
    assert!(troubles(&admin, &format!("{one}&trouble=silent")).await.is_empty());
    let first = admin.get("/v1/devices?trouble=any&limit=1").await.expect(200);
    let next = first.str("/next_cursor");
    let rest = troubles(&admin, &format!("?trouble=any&limit=1&cursor={next}")).await;
    assert_eq!(rest, expected[2..3], "pages follow each other");
    admin.get("/v1/devices?trouble=bad").await.refused(400, "malformed_query");
    let shown = admin.get("/v1/devices?trouble=low_battery").await.expect(200);
    assert!(!shown.text.contains("38.7"), "no place is told: {}", shown.text);
    assert!((0.08..0.1).contains(&shown.body["items"][0]["battery"].as_f64().unwrap()));
}

#[tokio::test]
async fn patterns_tell_what_an_app_is_denied() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let (vague, visits) = (phone(&admin, "Vague").await, phone(&admin, "Visits").await);
    vague.consent_since_yesterday().await;
    let fix = |minutes: i64, accuracy_m: i64| {
        json!({ "fix_at": ago(minutes), "lat": 38.7,
        "lng": -9.1, "accuracy_m": accuracy_m, "key": minutes.to_string() })
    };
    let wide: Vec<Value> = (0..12).map(|n| fix(n, 3_000)).collect();
    let bursts: Vec<Value> = (0..6).flat_map(|n| [fix(n * 60, 8), fix(n * 60 + 1, 8)]).collect();
    vague.send(json!(wide)).await.expect(200);
    visits.send(json!(bursts)).await.expect(200);
    eventually("both are seen through", async || {
        let found = troubles(&admin, "?trouble=any").await;
        let expected = [
            (vague.id.clone(), vec!["approximate".to_owned()]),
            (visits.id.clone(), vec!["only_when_open".to_owned()]),
        ];
        (found == expected).then_some(())
    })
    .await;
}

#[tokio::test]
async fn departments_bound_which_phones_are_listed() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let north = admin.post("/v1/departments", json!({ "name": "North" })).await.expect(201);
    let inside = admin
        .create_staff(json!({ "display_name": "In", "departments": [north.str("/id")] }))
        .await;
    let (inside, outside) = (admin.create_phone(&inside).await, phone(&admin, "Out").await);
    let scheduler = admin
        .create_account_with(
            "user_admin",
            "full",
            json!({ "departments": [north.str("/id")], "view_scope": "departments" }),
        )
        .await;
    let listed = troubles(&scheduler, "").await;
    assert_eq!(listed.iter().map(|(id, _)| id).collect::<Vec<_>>(), [&inside.id]);
    let other = format!("?staff={}", whose(&admin, &outside).await);
    assert!(troubles(&scheduler, &other).await.is_empty());
    assert_eq!(troubles(&admin, &other).await.len(), 1);
    assert_eq!(troubles(&admin, "").await.len(), 2);
    let general = admin.create_account("general", "limited").await;
    general.get("/v1/devices").await.refused(403, "forbidden");
}
