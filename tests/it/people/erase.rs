//! A person is erased for good: nothing of them is left anywhere, and what their phones send
//! afterwards stays out.

use crate::support::{
    Account, Phone, Site,
    account::{now, seconds_from_now},
    eventually,
    mailbox::Mailbox,
    pictures::png,
    queued::{drained, ping, queue_raw, stored},
    traces::{Needles, files_in, in_redis, in_tables},
};
use nearhand_mail::Kind;
use nearhand_queue::QueueConfig;
use nearhand_runner::{ExportJobs, GeocodeJobs, PhotoJobs};
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

const NAME: &str = "Zephyrine Quillfeather";
const STREET: &str = "Unobtainium Lane 77";

/// The feed is kept for as short a time as it may be.
fn short_feed(config: &mut QueueConfig) {
    config.feed_keep = Duration::from_secs(10);
}

/// A position that nobody else has, of few enough digits to be read from JSON as it was written.
fn place() -> [f64; 2] {
    let drawn = Uuid::now_v7().as_u128();
    let part = |bits: u128| u32::try_from(bits & 0xf_ffff).unwrap();
    [481_234_567 + part(drawn), 117_654_321 + part(drawn >> 20)].map(|n| f64::from(n) / 1e7)
}

async fn erased(admin: &Account<'_>, id: &str, name: &str) -> String {
    let path = format!("/v1/staff/{id}/erase");
    let answer = admin.post(&path, json!({ "confirm": name })).await.expect(202);
    answer.str("/job_id").to_owned()
}

async fn ended(admin: &Account<'_>, job: &str) -> Value {
    eventually("the job has ended", async || {
        let job = admin.get(&format!("/v1/jobs/{job}")).await.expect(200);
        (job.str("/state") == "succeeded").then(|| job.body["result"].clone())
    })
    .await
}

/// Another phone of somebody who may be tracked already.
async fn second_phone<'a>(admin: &Account<'a>, staff: &str) -> Phone<'a> {
    let path = format!("/v1/staff/{staff}/devices");
    let answer = admin.post(&path, json!({ "name": "another" })).await.expect(201);
    let (id, token) = (answer.str("/device/id").to_owned(), answer.str("/token").to_owned());
    Phone { site: admin.site, id, token }
}

/// A person of whom something is everywhere.
async fn known_everywhere<'a>(
    admin: &Account<'a>,
    mailbox: &Mailbox,
    email: &str,
    [lat, lng]: [f64; 2],
) -> (String, Phone<'a>) {
    let body = json!({ "first_name": "Zephyrine", "last_name": "Quillfeather", "email": email,
        "username": "zephyrine-q", "account_code": "ZQ-77", "access_level": "full",
        "admin_role": "scheduler", "birth_date": "1991-07-07", "home": { "lat": lat, "lng": lng },
        "address": { "street": STREET, "city": "Lisbon", "country": "PT" } });
    let id = admin.post_once("/v1/staff", "zq", body).await.expect(201).str("/id").to_owned();
    admin.post(&format!("/v1/staff/{id}/invitation"), json!({})).await.expect(201);
    mailbox.nth(email, Kind::Invitation, 1).await;
    admin.put_photo(&id, "image/png", png(40, 30)).await.expect(200);
    let phone = admin.create_phone(&id).await;
    phone.send_from(lat, lng).await.expect(200);
    let path = format!("/v1/staff/{id}");
    admin.patch(&path, json!({ "signature": format!("{NAME}, {STREET}") })).await.expect(200);
    let case = json!({ "title": "x", "position": { "lat": lat + 0.01, "lng": lng + 0.01 } });
    let case = admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned();
    eventually("they are recommended", async || {
        let body = json!({ "case_id": case });
        let found = admin.post("/v1/recommendations", body).await.expect(200);
        found.text.contains(&id).then_some(())
    })
    .await;
    let assignment = json!({ "staff_id": id, "starts_at": seconds_from_now(3_600) });
    let path = format!("/v1/cases/{case}/assignments");
    admin.post(&path, assignment).await.expect(201);
    admin.export(json!({ "kind": "staff", "format": "csv" })).await;
    admin.check(&format!("email,first_name\n{email},Zephyrina\n")).await;
    (id, phone)
}

#[tokio::test]
async fn nothing_is_left_of_an_erased_person() {
    let mut site = Site::without_worker(short_feed).await;
    let photos = PhotoJobs::new(site.objects.clone().unwrap());
    let geocoder = nearhand_geocode::Geocoder::new(
        &"gazetteer".parse().unwrap(),
        &nearhand_geocode::Options::default(),
    );
    let geocode = GeocodeJobs::new(geocoder.unwrap());
    let add = |jobs: nearhand_runner::JobsConfig| jobs.with(photos).with(ExportJobs).with(geocode);
    let mailbox = Mailbox::start_erasing(&mut site, add).await;
    let admin = site.set_up().await;
    let colleague = admin.create_staff(json!({ "display_name": "Ada" })).await;
    let email = format!("zephyrine-{}@harbour.example", Uuid::now_v7().simple());
    let place = place();
    let (id, phone) = known_everywhere(&admin, &mailbox, &email, place).await;
    // One request that can never be stored, with the position of the others.
    queue_raw(&site, &phone, &id, &[ping(i64::MAX - 1)]).await;
    eventually("there is a dead letter", async || {
        (site.queue.dead_letters().count().await.unwrap() == 1).then_some(())
    })
    .await;
    let needles = Needles::new(&["quillfeather", "zephyrin", &email, "unobtainium"], place);
    let mut db = site.database.look().await;
    eventually("their fix is stored", async || (stored(&mut db).await == 1).then_some(())).await;
    let before = in_tables(&mut db, &needles).await;
    assert!(before.len() >= 7, "they are in many places: {before:?}");
    assert!(!in_redis(&site, &needles).await.is_empty());
    assert!(mailbox.files().iter().any(|file| needles.are_in(file.as_bytes())));
    assert!(!files_in(site.objects_folder()).is_empty());

    let path = format!("/v1/staff/{id}");
    let wrong = json!({ "confirm": "Zephyrine" });
    let mismatch = admin.post(&format!("{path}/erase"), wrong).await;
    mismatch.refused(422, "confirmation_mismatch");
    let job = erased(&admin, &id, NAME).await;
    admin.get(&path).await.refused(404, "not_found");
    admin.get(&format!("{path}?deleted=with")).await.refused(404, "not_found");
    admin.post(&format!("{path}/undelete"), json!({})).await.refused(404, "not_found");
    admin
        .post(&format!("{path}/erase"), json!({ "confirm": NAME }))
        .await
        .refused(404, "not_found");
    let result = ended(&admin, &job).await;
    assert_eq!(result["pings"], 1);
    assert_eq!(site.queue.dead_letters().count().await.unwrap(), 0);
    assert_eq!(in_tables(&mut db, &needles).await, [], "{before:?} before");
    assert!(!mailbox.files().iter().any(|file| needles.are_in(file.as_bytes())));
    eventually("the photo's files are gone", async || {
        files_in(site.objects_folder()).is_empty().then_some(())
    })
    .await;
    eventually("the feed has forgotten them", async || {
        in_redis(&site, &needles).await.is_empty().then_some(())
    })
    .await;
    let left = "SELECT remains IS NULL FROM erased_people WHERE staff_id = $1::uuid";
    let left: bool = sqlx::query_scalar(left).bind(&id).fetch_one(&mut db).await.unwrap();
    assert!(left, "the tombstone keeps identifiers only");
    admin.get(&format!("/v1/staff/{colleague}")).await.expect(200);
    let trail = admin.get("/v1/audit?action=staff.create&limit=50").await.expect(200);
    let entry = trail.body["items"].as_array().unwrap().iter().find(|e| e["subject"]["id"] == id);
    assert_eq!(entry.expect("what happened stays")["erased"], true);
}

#[tokio::test]
async fn what_their_phones_send_afterwards_stays_out() {
    let mut site = Site::without_worker(|_| {}).await;
    let queue = site.queue.clone();
    {
        let admin = site.set_up().await;
        let id = admin.create_staff(json!({ "display_name": NAME })).await;
        let phone = admin.create_phone(&id).await;
        let revoked = second_phone(&admin, &id).await;
        admin.delete(&format!("/v1/staff/{id}/devices/{}", revoked.id)).await.expect(204);
        // It is in the queue when the person is erased.
        phone.send_from(1.5, 1.5).await.expect(200);
        erased(&admin, &id, NAME).await;
        let fix = json!([{ "fix_at": now(), "lat": 1.5, "lng": 1.5 },
            { "fix_at": now(), "lat": 91.0, "lng": 1.5 }]);
        let answer = phone.send(fix).await.expect(200);
        assert_eq!(answer.body["accepted"], 0);
        assert_eq!(answer.body["discarded"], json!({ "erased": 1 }));
        assert_eq!(answer.body["rejected"][0]["index"], 1);
        let traccar = format!("/ingest/traccar/{}?lat=1.5&lon=1.5", phone.token);
        site.call(reqwest::Method::GET, &traccar, None, None).await.expect(200);
        revoked.send_from(1.5, 1.5).await.refused(401, "unauthorized");
    }
    site.start_worker_with(|jobs| jobs.with(nearhand_runner::EraseJobs::new(&queue, None))).await;
    drained(&site).await;
    let mut db = site.database.look().await;
    assert_eq!(stored(&mut db).await, 0);
    let live: i64 =
        sqlx::query_scalar("SELECT count(*) FROM positions").fetch_one(&mut db).await.unwrap();
    assert_eq!(live, 0);
}

#[tokio::test]
async fn after_thirty_days_their_phones_are_unknown() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let id = admin.create_staff(json!({ "display_name": NAME })).await;
    let phone = admin.create_phone(&id).await;
    erased(&admin, &id, NAME).await;
    let mut db = site.database.look().await;
    sqlx::query("UPDATE erased_devices SET expires_at = now()").execute(&mut db).await.unwrap();
    phone.send_from(1.5, 1.5).await.refused(401, "unauthorized");
}

#[tokio::test]
async fn the_deleted_can_be_erased_and_the_mighty_cannot_by_others() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let id = admin.create_staff(json!({ "display_name": NAME })).await;
    admin.delete(&format!("/v1/staff/{id}")).await.expect(204);
    erased(&admin, &id, NAME).await;
    let own = format!("/v1/staff/{}/erase", admin.id);
    let body = json!({ "confirm": "Ada Lovelace" });
    admin.post(&own, body.clone()).await.refused(422, "own_account");
    let clerk = admin.create_account("user_admin", "full").await;
    clerk.post(&own, body).await.refused(403, "beyond_own_rights");
    let nobody = admin.create_staff(json!({ "display_name": "Nobody" })).await;
    let path = format!("/v1/staff/{nobody}/erase");
    clerk.post(&path, json!({})).await.refused(422, "invalid");
    clerk.post(&path, json!({ "confirm": "Nobody" })).await.expect(202);
}
