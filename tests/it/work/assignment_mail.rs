//! People hear by mail that they are assigned, that it changes, and that it is taken back: as far
//! as they want to.

use crate::support::{
    Site,
    assigned::{assign, case_at, path},
    eventually,
    mailbox::Mailbox,
};
use nearhand_mail::Kind;
use serde_json::{Value, json};

const GRACE: &str = "grace@harbour.example";

fn grace() -> Value {
    json!({ "display_name": "Grace", "email": GRACE, "language": "de", "access_level": "limited",
        "time_zone": "Europe/Lisbon" })
}

#[tokio::test]
async fn each_kind_of_news_comes_in_the_persons_language_and_zone() {
    let mut site = Site::without_worker(|_| {}).await;
    let mailbox = Mailbox::start(&mut site).await;
    let admin = site.set_up().await;
    let id = admin.create_staff(grace()).await;
    let case = case_at(&admin, 8, 1).await;
    let made = assign(&admin, &case, &id).await.expect(201);
    let mail = mailbox.nth(GRACE, Kind::Assignment, 1).await;
    assert_eq!(mail.subject, "Neuer Einsatz bei Harbour Investigations: Watch");
    for said in
        ["Fall: Watch (1)", "1. Januar 2100, 08:00 Uhr (Europe/Lisbon)", "38.71000, -9.14000"]
    {
        assert!(mail.text.contains(said), "{said}: {}", mail.text);
    }
    let later = json!({ "starts_at": "2100-01-02T08:00:00Z" });
    admin.patch(&path(&made), later).await.expect(200);
    let mail = mailbox.nth(GRACE, Kind::Assignment, 2).await;
    assert!(mail.subject.contains("geändert") && mail.text.contains("2. Januar 2100"));
    // What only moves on is no news.
    admin.patch(&path(&made), json!({ "state": "en_route" })).await.expect(200);
    admin.delete(&format!("{}?reason=rain", path(&made))).await.expect(204);
    let mail = mailbox.nth(GRACE, Kind::Assignment, 3).await;
    assert!(mail.subject.contains("zurückgezogen") && mail.text.contains("Grund: rain"));
    // Giving it to somebody else and cancelling the case withdraw it, too.
    let again = assign(&admin, &case, &id).await.expect(201);
    mailbox.nth(GRACE, Kind::Assignment, 4).await;
    admin.patch(&path(&again), json!({ "staff_id": admin.id })).await.expect(200);
    mailbox.nth(GRACE, Kind::Assignment, 5).await;
    let other = case_at(&admin, 20, 1).await;
    assign(&admin, &other, &id).await.expect(201);
    mailbox.nth(GRACE, Kind::Assignment, 6).await;
    let cancel = json!({ "status": "cancelled" });
    admin.patch(&format!("/v1/cases/{other}"), cancel).await.expect(200);
    let mail = mailbox.nth(GRACE, Kind::Assignment, 7).await;
    assert!(mail.subject.contains("zurückgezogen"));
    let own = mailbox.mails("ada@harbour.example", Kind::Assignment).await;
    assert!(own.is_empty(), "nobody is told what they did themselves");
}

/// How many mails about assignments have been queued.
async fn queued(site: &Site) -> i64 {
    let count = "SELECT count(*) FROM mails WHERE kind IN ('assigned', 'assignment_changed', \
        'withdrawn')";
    sqlx::query_scalar(count).fetch_one(&mut site.database.look().await).await.unwrap()
}

#[tokio::test]
async fn each_switch_turns_its_kind_off() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let settings = grace.get("/v1/me/notifications").await.expect(200);
    let all = json!({ "assigned": true, "changed": true, "withdrawn": true, "offered": true,
        "mail": true });
    assert_eq!((settings.header("etag"), &settings.body), ("\"0\"", &all));
    let set = async |body: Value| grace.patch("/v1/me/notifications", body).await;
    let wrong = set(json!({ "assigned": "no", "mail": null, "sms": true })).await;
    assert_eq!(wrong.refused(422, "invalid").pointers(), ["/sms", "/assigned", "/mail"]);
    let off = set(json!({ "assigned": false, "changed": false })).await.expect(200);
    assert_eq!((off.header("etag"), &off.body["withdrawn"]), ("\"1\"", &json!(true)));
    let case = case_at(&admin, 8, 1).await;
    let made = assign(&admin, &case, &grace.id).await.expect(201);
    admin.patch(&path(&made), json!({ "duration_min": 30 })).await.expect(200);
    assert_eq!(queued(&site).await, 0);
    admin.delete(&path(&made)).await.expect(204);
    assert_eq!(queued(&site).await, 1);
    set(json!({ "assigned": true, "mail": false })).await.expect(200);
    let made = assign(&admin, &case, &grace.id).await.expect(201);
    assert_eq!(queued(&site).await, 1, "no mail at all");
    set(json!({ "mail": true })).await.expect(200);
    admin.patch(&path(&made), json!({ "state": "cancelled" })).await.expect(200);
    assert_eq!(queued(&site).await, 2);
    let nobody = admin.create_staff(json!({ "display_name": "No address" })).await;
    assign(&admin, &case, &nobody).await.expect(201);
    assert_eq!(queued(&site).await, 2);
}

#[tokio::test]
async fn news_that_is_no_longer_true_is_not_sent() {
    let mut site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let id = admin.create_staff(grace()).await;
    let case = case_at(&admin, 8, 1).await;
    let made = assign(&admin, &case, &id).await.expect(201);
    admin.delete(&path(&made)).await.expect(204);
    let mailbox = Mailbox::start(&mut site).await;
    let mail = mailbox.nth(GRACE, Kind::Assignment, 1).await;
    assert!(mail.subject.contains("zurückgezogen"));
    eventually("the older mail has been given up", async || {
        let failed = "SELECT count(*) FROM mails WHERE kind = 'assigned' AND state = 'failed'";
        let mut db = site.database.look().await;
        let failed: i64 = sqlx::query_scalar(failed).fetch_one(&mut db).await.ok()?;
        (failed == 1).then_some(())
    })
    .await;
    assert_eq!(mailbox.mails(GRACE, Kind::Assignment).await.len(), 1);
}
