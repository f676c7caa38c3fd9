//! Answers that are kept: they come back byte for byte, are written many at a time, and go with the
//! people they are about.

use crate::support::{
    Account, Answer, Site,
    account::{log_in, now},
    eventually,
    site::PASSWORD,
};
use nearhand_domain::clock;
use nearhand_runner::{RetentionConfig, prepare};
use serde_json::{Value, json};

/// A case that asks for a service, a skill and a language; two people who can do it, the nearer one
/// first, and one who cannot.
pub(super) struct Scene {
    pub(super) service: String,
    pub(super) case: String,
    pub(super) near: String,
    pub(super) far: String,
    pub(super) unfit: String,
}

impl Scene {
    pub(super) async fn set(admin: &Account<'_>) -> Self {
        let service = admin.create_named("/v1/services", "Photos").await;
        let person = |name: &str, level: u8, lat: f64| {
            json!({ "display_name": name, "home": { "lat": lat, "lng": -9.14 },
                "skills": [{ "code": "camera", "level": level }],
                "languages": [{ "language": "pt", "level": "c1" }] })
        };
        let near = admin.create_staff(person("Near Harbour", 4, 38.722_345_678)).await;
        let far = admin.create_staff(person("Far Away", 4, 38.95)).await;
        let unfit = admin.create_staff(person("Unfit", 1, 38.71)).await;
        let case = json!({ "title": "Shop front", "position": { "lat": 38.71, "lng": -9.14 },
            "services": [service], "languages": ["pt"],
            "skills": [{ "code": "camera", "required": 2, "preferred": 4 }] });
        let case = admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned();
        let scene = Self { service, case, near, far, unfit };
        eventually("all is in the index", async || {
            let answer = ask(admin, scene.question()).await;
            // The admin is one of them.
            let all = answer.body["result"]["considered"] == 4;
            (all && listed(&answer) == [scene.near.clone(), scene.far.clone()]).then_some(())
        })
        .await;
        scene
    }

    pub(super) fn question(&self) -> Value {
        json!({ "case_id": self.case, "store": false })
    }

    /// Asks and has the answer kept.
    pub(super) async fn kept(&self, who: &Account<'_>) -> Answer {
        ask(who, json!({ "case_id": self.case })).await
    }
}

pub(super) async fn ask(who: &Account<'_>, question: Value) -> Answer {
    who.post("/v1/recommendations", question).await.expect(200)
}

pub(super) fn listed(answer: &Answer) -> Vec<String> {
    let candidates = answer.body["result"]["candidates"].as_array().unwrap();
    candidates.iter().map(|one| one["staff_id"].as_str().unwrap().to_owned()).collect()
}

/// The bytes of `result`.
pub(super) fn result(answer: &Answer) -> &str {
    answer.text.split_once("\"result\":").expect("a result").1
}

pub(super) fn address(answer: &Answer) -> String {
    format!("/v1/recommendations/{}", answer.str("/id"))
}

async fn rows(site: &Site) -> i64 {
    let count = "SELECT count(*) FROM recommendations";
    sqlx::query_scalar(count).fetch_one(&mut site.database.look().await).await.unwrap()
}

#[tokio::test]
async fn an_answer_comes_back_byte_for_byte() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    admin.create_phone(&scene.far).await.send_from(38.75, -9.141_234_567).await.expect(200);
    let client = admin.create_named("/v1/clients", "Harbour Insurance").await;
    let people = json!({ "panel": [scene.near], "excluded": [] });
    admin.put(&format!("/v1/clients/{client}/people"), people).await.expect(200);
    let change = json!({ "client_id": client });
    admin.patch(&format!("/v1/cases/{}", scene.case), change).await.expect(200);
    let area = json!({ "type": "Polygon", "coordinates": [[[-9.15, 38.70], [-9.12, 38.70],
        [-9.12, 38.73], [-9.15, 38.73], [-9.15, 38.70]]] });
    admin.post("/v1/regions", json!({ "name": "Old town", "area": area })).await.expect(201);
    eventually("position and region count", async || {
        let answer = ask(&admin, scene.question()).await;
        let all = ["\"ping\"", "\"regions\":[{", "\"on_panel\":true"];
        all.iter().all(|part| answer.text.contains(part)).then_some(())
    })
    .await;
    let coarse = admin.create_account("admin", "full").await;
    let place = json!({ "position": { "lat": 38.707_100_000_000_01, "lng": -9.1355 },
        "starts_at": "2199-01-01T08:00:00Z", "duration_min": 90,
        "licences": [{ "code": "PI", "jurisdiction": "PT" }] });
    let asked = [
        (&admin, json!({ "case_id": scene.case })),
        (&admin, json!({ "case_id": scene.case, "limit": 1, "funnel": true, "as_of": now() })),
        (&admin, json!({ "case_id": scene.case, "bbox": "-9.2,38.7,-9.1,38.8" })),
        (&admin, json!({ "place": place })),
        (&coarse, json!({ "case_id": scene.case })),
    ];
    let mut relaxed = false;
    for (who, question) in asked {
        let answer = ask(who, question).await;
        let again = who.get(&address(&answer)).await.expect(200);
        assert_eq!(again.text, answer.text);
        relaxed |= answer.body["result"]["funnel"]["best_relaxation"].is_object();
    }
    assert!(relaxed, "a relaxation came back as well");
    // A later look says what was answered, not what is so now.
    let before = scene.kept(&admin).await;
    let rename = json!({ "display_name": "Another Name" });
    admin.patch(&format!("/v1/staff/{}", scene.near), rename).await.expect(200);
    eventually("the name has changed", async || {
        scene.kept(&admin).await.text.contains("Another Name").then_some(())
    })
    .await;
    assert_eq!(admin.get(&address(&before)).await.expect(200).text, before.text);
}

#[tokio::test]
async fn what_is_not_to_be_kept_has_no_id() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    let before = rows(&site).await;
    let answer = ask(&admin, scene.question()).await;
    assert_eq!(answer.body["id"], Value::Null);
    assert_eq!(rows(&site).await, before);
    // A repeat is another answer.
    let question = json!({ "case_id": scene.case });
    let repeat = || admin.post_once("/v1/recommendations", "k-1", question.clone());
    let (one, other) = (repeat().await.expect(200), repeat().await.expect(200));
    assert_ne!(one.str("/id"), other.str("/id"));
    assert_eq!(rows(&site).await, before + 2);
    let wrong = json!({ "case_id": scene.case, "store": "yes" });
    let refused = admin.post("/v1/recommendations", wrong).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/store"]);
    let nobody = format!("/v1/recommendations/{}", uuid::Uuid::now_v7());
    admin.get(&nobody).await.refused(404, "not_found");
    admin.get("/v1/recommendations/none").await.refused(404, "not_found");
    admin.post(&format!("{nobody}/replay"), json!({})).await.refused(404, "not_found");
    let why = format!("{nobody}/why-not/{}", scene.far);
    admin.get(&why).await.refused(404, "not_found");
}

#[tokio::test]
async fn what_is_about_a_person_is_sealed_and_small() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    let answer = scene.kept(&admin).await;
    assert!(answer.text.contains("Near Harbour"));
    let mut database = site.database.look().await;
    let (bytes, people, sealed): (Vec<u8>, i32, i64) = sqlx::query_as(
        "SELECT head || convert_to(request::text, 'UTF8') || \
         (SELECT decode(string_agg(encode(part, 'hex'), ''), 'hex') FROM unnest(sealed) AS part), \
         cardinality(people), (SELECT sum(16 + octet_length(part)) FROM unnest(sealed) AS part) \
         FROM recommendations WHERE id = $1::uuid",
    )
    .bind(answer.str("/id"))
    .fetch_one(&mut database)
    .await
    .unwrap();
    let near_lat = answer.body["result"]["candidates"][0]["location"]["position"]["lat"].as_f64();
    let lat = near_lat.unwrap().to_le_bytes();
    for part in [b"Harbour".as_slice(), &lat] {
        assert!(!bytes.windows(part.len()).any(|window| window == part), "{part:?}");
    }
    assert!(sealed <= 240 * i64::from(people), "{sealed} bytes for {people} people");
}

#[tokio::test]
async fn an_answer_is_gone_with_a_person_it_lists() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    let lists = scene.kept(&admin).await;
    let mut of_one = ask(&admin, json!({ "case_id": scene.case, "limit": 1 })).await;
    assert_eq!(listed(&of_one), [scene.near.as_str()]);
    admin.delete(&format!("/v1/staff/{}", scene.far)).await.expect(204);
    // Whoever is deleted may come back: so does what is about them.
    assert_eq!(admin.get(&address(&lists)).await.expect(200).text, lists.text);
    sqlx::query("UPDATE staff SET deleted_at = now() - interval '31 days' WHERE id = $1::uuid")
        .bind(&scene.far)
        .execute(&mut site.database.look().await)
        .await
        .unwrap();
    maintain(&site, clock::now()).await;
    admin.get(&address(&lists)).await.refused(410, "recommendation_erased");
    let replay = format!("{}/replay", address(&lists));
    admin.post(&replay, json!({})).await.refused(410, "recommendation_erased");
    let why = format!("{}/why-not/{}", address(&lists), scene.near);
    admin.get(&why).await.refused(410, "recommendation_erased");
    let kept = admin.get(&address(&of_one)).await.expect(200);
    of_one.text.truncate(kept.text.len());
    assert_eq!(kept.text, of_one.text, "an answer that does not list them stays");
}

#[tokio::test]
async fn an_answer_that_cannot_be_kept_is_none() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    let mut database = site.database.look().await;
    sqlx::raw_sql(
        "CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         RAISE EXCEPTION 'no space' USING ERRCODE = '53100'; END $$; \
         CREATE TRIGGER disk_full BEFORE INSERT ON recommendations \
         FOR EACH ROW EXECUTE FUNCTION disk_full()",
    )
    .execute(&mut database)
    .await
    .unwrap();
    let question = json!({ "case_id": scene.case });
    let refused = admin.post("/v1/recommendations", question).await.refused(503, "unavailable");
    assert!(!refused.header("retry-after").is_empty());
    ask(&admin, scene.question()).await;
    sqlx::raw_sql("DROP TRIGGER disk_full ON recommendations")
        .execute(&mut database)
        .await
        .unwrap();
    let answer = scene.kept(&admin).await;
    admin.get(&address(&answer)).await.expect(200);
    // Somebody listed was forgotten, and the index does not know it yet.
    sqlx::query("DELETE FROM person_keys WHERE staff_id = $1::uuid")
        .bind(&scene.far)
        .execute(&mut database)
        .await
        .unwrap();
    let before = rows(&site).await;
    let question = json!({ "case_id": scene.case });
    admin.post("/v1/recommendations", question).await.refused(503, "unavailable");
    assert_eq!(rows(&site).await, before);
}

#[tokio::test]
async fn answers_that_arrive_during_a_write_are_written_together() {
    const MANY: usize = 20;
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    let other = site.create_another_organization().await;
    let place = json!({ "position": { "lat": 1, "lng": 2 } });
    let mut database = site.database.look().await;
    let reads = "SELECT count(*) FROM position_reads";
    let before: i64 = sqlx::query_scalar(reads).fetch_one(&mut database).await.unwrap();
    // Nothing can be written until this ends.
    let hold = "BEGIN; LOCK TABLE recommendations IN SHARE MODE";
    sqlx::raw_sql(hold).execute(&mut database).await.unwrap();
    let asks = futures::future::join_all((0..MANY).map(|_| scene.kept(&admin)));
    let theirs = ask(&other, json!({ "place": place }));
    let release = async {
        let wanted = before + i64::try_from(MANY).unwrap();
        let mut look = site.database.look().await;
        eventually("all wait for the write", async || {
            let found: i64 = sqlx::query_scalar(reads).fetch_one(&mut look).await.unwrap();
            (found >= wanted).then_some(())
        })
        .await;
        sqlx::raw_sql("COMMIT").execute(&mut database).await.unwrap();
    };
    let (answers, theirs, ()) = tokio::join!(asks, theirs, release);
    for answer in &answers {
        assert_eq!(admin.get(&address(answer)).await.expect(200).text, answer.text);
        other.get(&address(answer)).await.refused(404, "not_found");
    }
    other.get(&address(&theirs)).await.expect(200);
    admin.get(&address(&theirs)).await.refused(404, "not_found");
    let ids: Vec<uuid::Uuid> = answers.iter().map(|one| one.str("/id").parse().unwrap()).collect();
    let writes: i64 = sqlx::query_scalar(
        "SELECT count(DISTINCT xmin::text) FROM recommendations WHERE id = ANY($1)",
    )
    .bind(ids)
    .fetch_one(&mut site.database.look().await)
    .await
    .unwrap();
    assert!(writes <= 2, "{MANY} answers in {writes} transactions");
}

async fn maintain(site: &Site, now: jiff::Timestamp) {
    let pool = site.database.worker().await;
    prepare(&pool, RetentionConfig::default(), now).await.expect("maintenance");
}

#[tokio::test]
async fn answers_are_kept_as_long_as_pings() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let place = json!({ "position": { "lat": 38.7, "lng": -9.1 } });
    let answer = ask(&admin, json!({ "place": place })).await;
    let mut database = site.database.look().await;
    let stands = "SELECT tableoid::regclass::text FROM recommendations";
    let of = async |database: &mut sqlx::PgConnection| -> Option<String> {
        sqlx::query_scalar(stands).fetch_optional(database).await.unwrap()
    };
    assert_eq!(of(&mut database).await.as_deref(), Some("recommendations_default"));
    let now = clock::now();
    maintain(&site, now).await;
    let day = now.strftime("recommendations_%Y%m%d").to_string();
    assert_eq!(of(&mut database).await, Some(day), "it has moved into the partition of its day");
    assert_eq!(admin.get(&address(&answer)).await.expect(200).text, answer.text);
    let later = |days: i64| now + jiff::SignedDuration::from_hours(24 * days);
    // Sessions have ended by then.
    let again = async || {
        let session = log_in(&site, "ada@harbour.example", PASSWORD).await.expect(201);
        Account::from_session(&site, &session.body)
    };
    maintain(&site, later(60)).await;
    again().await.get(&address(&answer)).await.expect(200);
    maintain(&site, later(62)).await;
    let admin = again().await;
    admin.get(&address(&answer)).await.refused(404, "not_found");
    // One that came after its partition went, and is too old when that is looked at again.
    let late = ask(&admin, json!({ "place": { "position": { "lat": 1, "lng": 2 } } })).await;
    assert_eq!(of(&mut database).await.as_deref(), Some("recommendations_default"));
    maintain(&site, later(70)).await;
    again().await.get(&address(&late)).await.refused(404, "not_found");
}
