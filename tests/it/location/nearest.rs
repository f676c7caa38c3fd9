//! The nearest live fixes: the same as PostGIS finds, filtered, within rights and scope, and on
//! record.

use crate::support::{
    Account, Answer, Site,
    account::Phone,
    departments::{department, scoped_account},
    eventually,
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::collections::HashMap;

const PEOPLE: usize = 60;
const POINTS: u64 = 300;
const WORLD: &str = "-180,-90,180,90";

async fn nearest(who: &Account<'_>, query: &str) -> Answer {
    who.get(&format!("/v1/positions/nearest?{query}")).await
}

fn items(answer: &Answer) -> &Vec<Value> {
    answer.body["items"].as_array().expect("items")
}

fn ids(answer: &Answer) -> Vec<&str> {
    items(answer).iter().map(|item| item["staff_id"].as_str().unwrap()).collect()
}

/// Numbers from 0 to 1, the same in every run.
struct Random(u64);

impl Random {
    #[expect(clippy::cast_precision_loss, reason = "53 bits")]
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Anywhere, often near a pole, the antimeridian or the city, sometimes exactly there.
    fn place(&mut self) -> (f64, f64) {
        let (a, b) = (self.next() - 0.5, self.next() - 0.5);
        let wrapped = |lng: f64| (lng + 180.0).rem_euclid(360.0) - 180.0;
        match (self.next() * 7.0).floor() {
            0.0 => (90.0 - a.abs(), wrapped(360.0 * b)),
            1.0 => (a.abs() - 90.0, wrapped(360.0 * b)),
            2.0 => (-17.0 + a, wrapped(180.0 + b)),
            3.0 => (if a < 0.0 { -90.0 } else { 90.0 }, wrapped(360.0 * b)),
            4.0 => (a * 170.0, if b < 0.0 { -180.0 } else { 180.0 }),
            5.0 => (38.7 + a / 10.0, -9.1 + b / 10.0),
            _ => ((2.0 * a).asin().to_degrees(), wrapped(360.0 * b)),
        }
    }
}

/// Distances on the sphere in metres, nearest first, as PostGIS orders them.
async fn by_postgis(db: &mut PgConnection, (lat, lng): (f64, f64)) -> Vec<(String, f64)> {
    sqlx::query_as(
        "WITH here AS (SELECT ST_SetSRID(ST_MakePoint($1, $2), 4326)::geography AS point) \
         SELECT staff_id::text, ST_Distance(position::geography, point, false) \
         FROM positions, here ORDER BY position::geography <-> point",
    )
    .bind(lng)
    .bind(lat)
    .fetch_all(db)
    .await
    .expect("distances")
}

async fn tracked<'a>(admin: &Account<'a>, body: Value, at: (f64, f64)) -> (String, Phone<'a>) {
    let id = admin.create_staff(body).await;
    let phone = admin.create_phone(&id).await;
    phone.send_from(at.0, at.1).await.expect(200);
    (id, phone)
}

async fn all_live(admin: &Account<'_>, people: usize) {
    eventually("everybody is live", async || {
        let answer = admin.get(&format!("/v1/positions?bbox={WORLD}")).await.expect(200);
        (items(&answer).len() == people).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_order_is_that_of_postgis_everywhere_on_earth() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let mut random = Random(0x2026_1128);
    for _ in 0..PEOPLE {
        let at = random.place();
        tracked(&admin, json!({ "display_name": "P" }), at).await;
    }
    all_live(&admin, PEOPLE).await;
    let mut db = site.database.look().await;
    for point in 0..POINTS {
        let (lat, lng) = random.place();
        let expected = by_postgis(&mut db, (lat, lng)).await;
        assert_eq!(expected.len(), PEOPLE);
        let metres: HashMap<&str, f64> = expected.iter().map(|(id, m)| (id.as_str(), *m)).collect();
        let limit = if point % 2 == 0 { 200 } else { 7 };
        let answer = nearest(&admin, &format!("lat={lat}&lng={lng}&limit={limit}")).await;
        let answer = answer.expect(200);
        assert_eq!(items(&answer).len(), limit.min(PEOPLE));
        for (item, (id, far)) in items(&answer).iter().zip(&expected) {
            let own = item["staff_id"].as_str().unwrap();
            // Of two at one distance either may come first.
            let tie = (metres[own] - far).abs() < 0.01;
            assert!(own == id || tie, "{lat},{lng}: {own}, {id} at {far} m: {item}");
            let shown = item["distance_m"].as_f64().unwrap();
            assert!((shown - metres[own]).abs() < 0.1, "{lat},{lng}: {item} {}", metres[own]);
        }
    }
}

#[tokio::test]
async fn people_count_by_skill_service_and_region() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let service = admin.create_named("/v1/services", "Photos").await;
    let area = json!({ "type": "Polygon", "coordinates":
        [[[-9.2, 38.6], [-9.0, 38.6], [-9.0, 38.8], [-9.2, 38.8], [-9.2, 38.6]]] });
    let region = json!({ "name": "Harbour", "area": area });
    let region = admin.post("/v1/regions", region).await.expect(201).str("/id").to_owned();
    let person = async |level: u8, lat: f64, preference: Option<&str>| {
        let body = json!({ "display_name": "P", "skills": [{ "code": "camera", "level": level }] });
        let (id, _) = tracked(&admin, body, (lat, -9.1)).await;
        if let Some(preference) = preference {
            let of = |name: &str, id: &str| json!([{ name: id, "preference": preference }]);
            let preferences = json!({ "services": of("service_id", &service),
                "regions": of("region_id", &region) });
            let path = format!("/v1/staff/{id}/work-preferences");
            admin.put(&path, preferences).await.expect(200);
        }
        id
    };
    let unstated = person(5, 38.71, None).await;
    let never = person(4, 38.72, Some("never")).await;
    let willing = person(2, 38.73, Some("willing")).await;
    let preferred = person(3, 38.74, Some("preferred")).await;
    let ask = async |filter: &str| nearest(&admin, &format!("lat=38.7&lng=-9.1{filter}")).await;
    eventually("the preferences are known", async || {
        let some = ask(&format!("&service_id={service}:willing")).await.expect(200);
        let not_never = ask(&format!("&region_id={region}")).await.expect(200);
        (ids(&some).len() == 2 && ids(&not_never).len() == 3).then_some(())
    })
    .await;
    let found = async |filter: &str| {
        let answer = ask(filter).await.expect(200);
        ids(&answer).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("").await, [&*unstated, &never, &willing, &preferred]);
    assert_eq!(found("&limit=1").await, [&*unstated]);
    assert_eq!(found("&skill=CAMERA:3").await, [&*unstated, &never, &preferred]);
    assert_eq!(found("&skill=sewing").await, [""; 0]);
    for (name, id) in [("service_id", &service), ("region_id", &region)] {
        assert_eq!(found(&format!("&{name}={id}")).await, [&*unstated, &willing, &preferred]);
        assert_eq!(found(&format!("&{name}={id}:willing")).await, [&*willing, &preferred]);
        assert_eq!(found(&format!("&{name}={id}:preferred")).await, [&*preferred]);
        let unknown = uuid::Uuid::now_v7();
        let refused = ask(&format!("&{name}={unknown}")).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), [format!("/{name}")]);
    }
    let both = format!("&skill=camera:3&service_id={service}:willing");
    assert_eq!(found(&both).await, [&*preferred]);
    for bad in ["&skill=camera:9", "&limit=0", "&limit=201", "&service_id=x", "&surplus=1"] {
        ask(bad).await.refused(400, "malformed_query");
    }
    for bad in ["lat=91&lng=0", "lat=38.7", "lat=NaN&lng=1", "lat=0&lng=0"] {
        nearest(&admin, bad).await.refused(400, "malformed_query");
    }
}

#[tokio::test]
async fn only_those_who_may_see_exactly_ask_and_it_is_recorded() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let north = department(&site, "North", None).await;
    let coarse = admin.create_account("admin", "full").await;
    let narrow = scoped_account(&admin, "scheduler", &[&north]).await;
    let body = json!({ "display_name": "Grace" });
    let (out, _) = tracked(&admin, body, (38.7071, -9.1355)).await;
    let body = json!({ "display_name": "Ines", "departments": [north] });
    let (inside, phone) = tracked(&admin, body, (38.7171, -9.1355)).await;
    all_live(&admin, 2).await;
    nearest(&coarse, "lat=38.7&lng=-9.1").await.refused(403, "forbidden");
    let answer = nearest(&narrow, "lat=38.7071&lng=-9.1355").await.expect(200);
    assert_eq!(ids(&answer), [inside.as_str()], "nobody out of scope");
    let item = &items(&answer)[0];
    assert_eq!(item["display_name"], "Ines");
    assert_eq!(item["position"], json!({ "lat": 38.7171, "lng": -9.1355 }));
    assert_eq!((&item["accuracy_m"], &item["grade"]), (&json!(8.0), &json!("live")));
    let metres = item["distance_m"].as_f64().unwrap();
    assert!((metres - 1_111.95).abs() < 0.1 && item["age_s"].is_u64(), "{item}");
    let people: Vec<Vec<String>> = sqlx::query_scalar(
        "SELECT people::text[] FROM position_reads \
         WHERE route = '/v1/positions/nearest' ORDER BY at",
    )
    .fetch_all(&mut site.database.look().await)
    .await
    .unwrap();
    assert_eq!(people, [[inside.clone()]]);
    let both = nearest(&admin, "lat=38.7071&lng=-9.1355").await.expect(200);
    assert_eq!(ids(&both), [out.as_str(), inside.as_str()]);
    assert_eq!(items(&both)[0]["distance_m"], 0.0);
    // Who may not be located any more is not near anything.
    admin.delete(&format!("/v1/staff/{inside}/tracking")).await.expect(204);
    phone.send_from(38.7072, -9.1355).await;
    eventually("they are hidden", async || {
        let left = nearest(&admin, "lat=38.7071&lng=-9.1355").await.expect(200);
        (ids(&left) == [out.as_str()]).then_some(())
    })
    .await;
}
