//! The mails of an offer: what they say, when they are not sent any more, and that each try draws a
//! link of its own.

use crate::support::{
    Account, Site,
    assigned::{case_at, case_with},
    eventually,
    mailbox::{Mailbox, secret},
};
use nearhand_domain::{
    OrganizationId, StaffId, clock,
    mails::MailKind,
    token::{PresentedToken, TokenHash, TokenKind},
};
use nearhand_mail::Kind;
use nearhand_storage::notifications;
use serde_json::json;
use uuid::Uuid;

const GRACE: &str = "grace@harbour.example";
const ADA: &str = "ada@harbour.example";

/// An offer as it is stored.
struct Offered {
    organization: Uuid,
    id: Uuid,
}

impl Offered {
    /// Makes one, which nobody has been asked of yet.
    async fn of(site: &Site, case: &str, author: &str, mode: &str) -> Self {
        let case: Uuid = case.parse().expect("an id");
        let author: Uuid = author.parse().expect("an id");
        let id = Uuid::now_v7();
        let organization = sqlx::query_scalar(
            "INSERT INTO offers (organization_id, id, case_id, mode, most_people, deadline, \
               when_unanswered, message, exact, created_by) \
             SELECT organization_id, $1, id, $3, 5, '2099-12-31T12:00:00Z', 'mark_urgent', \
               'Bring the long lens', true, $4 FROM cases WHERE id = $2 RETURNING organization_id",
        )
        .bind(id)
        .bind(case)
        .bind(mode)
        .bind(author)
        .fetch_one(&mut site.database.look().await)
        .await
        .expect("an offer");
        Self { organization, id }
    }

    /// Asks a person, who must answer before an instant.
    async fn ask(&self, site: &Site, staff: &str, state: &str, respond_by: &str) {
        let staff: Uuid = staff.parse().expect("an id");
        sqlx::query(
            "INSERT INTO offer_people (organization_id, offer_id, staff_id, place, state, \
               asked_at, respond_by, by_app, by_mail) SELECT $1, $2, $3, \
               (SELECT count(*) FROM offer_people WHERE offer_id = $2) + 1, $4, now(), \
               $5::timestamptz, true, true",
        )
        .bind(self.organization)
        .bind(self.id)
        .bind(staff)
        .bind(state)
        .bind(respond_by)
        .execute(&mut site.database.look().await)
        .await
        .expect("a person asked");
    }

    /// Runs a statement about it.
    async fn set(&self, site: &Site, statement: &'static str) {
        let mut db = site.database.look().await;
        sqlx::query(statement).bind(self.id).execute(&mut db).await.expect("a statement");
    }

    /// Queues a mail about it. Returns whether the person wants it.
    async fn mail(&self, site: &Site, kind: MailKind, staff: &str) -> bool {
        let organization = OrganizationId(self.organization);
        let staff: StaffId = staff.parse().expect("an id");
        let mut tx = site.database.app().await.tenant(organization).await.expect("a transaction");
        let queued = notifications::tell(&mut tx, organization, kind, staff, self.id, clock::now());
        let queued = queued.await.expect("a mail");
        tx.commit().await.expect("a commit");
        queued
    }

    /// The hash of the link that a person has.
    async fn hash(&self, site: &Site, staff: &str) -> Option<Vec<u8>> {
        let staff: Uuid = staff.parse().expect("an id");
        let hash = "SELECT secret_hash FROM offer_people WHERE offer_id = $1 AND staff_id = $2";
        let hash = sqlx::query_scalar(hash).bind(self.id).bind(staff);
        hash.fetch_one(&mut site.database.look().await).await.expect("a person asked")
    }
}

async fn grace(admin: &Account<'_>) -> String {
    let fields = json!({ "display_name": "Grace", "email": GRACE, "language": "es",
        "access_level": "limited", "time_zone": "Europe/Madrid" });
    admin.create_staff(fields).await
}

/// Waits until so many mails of a kind have been given up.
async fn given_up(site: &Site, kind: MailKind, expected: i64) {
    eventually("the mail is given up", async || {
        let failed = "SELECT count(*) FROM mails WHERE kind = $1 AND state = 'failed'";
        let failed: i64 = sqlx::query_scalar(failed)
            .bind(kind.as_str())
            .fetch_one(&mut site.database.look().await)
            .await
            .ok()?;
        (failed == expected).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_offer_comes_in_the_persons_language_and_zone_with_a_link_of_its_own() {
    let mut site = Site::without_worker(|_| {}).await;
    let mailbox = Mailbox::start(&mut site).await;
    let admin = site.set_up().await;
    let id = grace(&admin).await;
    let case = case_at(&admin, 8, 1).await;
    let offer = Offered::of(&site, &case, &admin.id, "sequential").await;
    offer.ask(&site, &id, "asked", "2099-12-31T10:30:00Z").await;
    assert!(offer.mail(&site, MailKind::Offered, &id).await);
    let first = mailbox.nth(GRACE, Kind::Offer, 1).await;
    assert_eq!(first.subject, "Se le ofrece un caso en Harbour Investigations: Watch");
    for said in [
        "Caso: Watch (1)",
        "Inicio: 1 de enero de 2100, 09:00\u{a0}h (Europe/Madrid)",
        "Duración: 1\u{a0}h",
        "Lugar: 38.71000, -9.14000",
        "Mensaje de la planificación: Bring the long lens",
        "Responda antes del 31 de diciembre de 2099, 11:30\u{a0}h (Europe/Madrid).",
        "Abrir el enlace no decide nada",
    ] {
        assert!(first.text.contains(said), "{said}: {}", first.text);
    }
    let token = secret(&first, "/offer");
    assert_eq!(offer.hash(&site, &id).await.as_deref(), Some(TokenHash::of(&token).0.as_slice()));
    let read = PresentedToken::parse(&token).expect("one of our tokens");
    assert_eq!((read.kind, read.organization.0), (TokenKind::Offer, offer.organization));
    // A second mail has another link, and only that one opens anything.
    assert!(offer.mail(&site, MailKind::Offered, &id).await);
    let second = secret(&mailbox.nth(GRACE, Kind::Offer, 2).await, "/offer");
    assert_ne!(second, token);
    assert_eq!(offer.hash(&site, &id).await.as_deref(), Some(TokenHash::of(&second).0.as_slice()));
}

#[tokio::test]
async fn a_question_about_availability_is_worded_as_one_and_may_have_no_time() {
    let mut site = Site::without_worker(|_| {}).await;
    let mailbox = Mailbox::start(&mut site).await;
    let admin = site.set_up().await;
    let id = grace(&admin).await;
    let address = json!({ "street": "Cais do Sodré 4", "city": "Lisboa" });
    let case = case_with(&admin, json!({ "urgent": true, "address": address })).await;
    let offer = Offered::of(&site, &case, &admin.id, "availability").await;
    offer.ask(&site, &id, "asked", "2099-12-31T10:30:00Z").await;
    assert!(offer.mail(&site, MailKind::Offered, &id).await);
    let mail = mailbox.nth(GRACE, Kind::Offer, 1).await;
    assert!(mail.subject.starts_with("¿Podría encargarse de esto en Harbour"), "{}", mail.subject);
    for said in ["le pregunta si podría", "Este caso es urgente.", "Inicio: lo antes posible"] {
        assert!(mail.text.contains(said), "{said}: {}", mail.text);
    }
    assert!(
        mail.text.contains("Lugar: Cais do Sodré 4, Lisboa") && !mail.text.contains("38.71"),
        "{}",
        mail.text
    );
}

#[tokio::test]
async fn a_mail_whose_answer_is_not_wanted_any_more_is_not_sent() {
    let mut site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let id = grace(&admin).await;
    let mut failed = 0;
    for (state, respond_by, change) in [
        ("declined", "2099-12-31T10:30:00Z", None),
        ("asked", "2020-12-31T10:30:00Z", None),
        (
            "asked",
            "2099-12-31T10:30:00Z",
            Some("UPDATE offers SET state = 'cancelled', ended_at = now() WHERE id = $1"),
        ),
    ] {
        let case = case_at(&admin, 8, 1).await;
        let offer = Offered::of(&site, &case, &admin.id, "broadcast").await;
        offer.ask(&site, &id, state, respond_by).await;
        if let Some(change) = change {
            offer.set(&site, change).await;
        }
        assert!(offer.mail(&site, MailKind::Offered, &id).await);
        failed += 1;
    }
    let mailbox = Mailbox::start(&mut site).await;
    given_up(&site, MailKind::Offered, failed).await;
    assert!(mailbox.mails(GRACE, Kind::Offer).await.is_empty());
    let links = "SELECT count(*) FROM offer_people WHERE secret_hash IS NOT NULL";
    let mut db = site.database.look().await;
    let links: i64 = sqlx::query_scalar(links).fetch_one(&mut db).await.expect("a count");
    assert_eq!(links, 0, "no link was drawn");
}

#[tokio::test]
async fn the_author_hears_what_came_of_an_offer_that_ended_with_free_slots() {
    let mut site = Site::without_worker(|_| {}).await;
    let mailbox = Mailbox::start(&mut site).await;
    let admin = site.set_up().await;
    let case = case_at(&admin, 8, 1).await;
    let offer = Offered::of(&site, &case, &admin.id, "broadcast").await;
    for (number, state) in
        ["declined", "declined", "timed_out", "unreachable", "accepted"].iter().enumerate()
    {
        let name = json!({ "display_name": format!("Person {number}") });
        let person = admin.create_staff(name).await;
        offer.ask(&site, &person, state, "2099-12-31T10:30:00Z").await;
    }
    // It is open still: a mail that would say otherwise is given up.
    assert!(offer.mail(&site, MailKind::OfferUnanswered, &admin.id).await);
    given_up(&site, MailKind::OfferUnanswered, 1).await;
    let end = "UPDATE offers SET state = 'partly_filled', ended_at = now() WHERE id = $1";
    offer.set(&site, end).await;
    assert!(offer.mail(&site, MailKind::OfferUnanswered, &admin.id).await);
    let mail = mailbox.nth(ADA, Kind::OfferUnanswered, 1).await;
    assert!(mail.subject.ends_with("was accepted only in part: Watch"), "{}", mail.subject);
    for said in [
        "Case: Watch (1)",
        "The case is now marked as urgent.",
        "Asked: 4\nAccepted: 1\nDeclined: 2\nDid not answer in time: 1\nCould not be reached: 1",
    ] {
        assert!(mail.text.contains(said), "{said}: {}", mail.text);
    }
    // Another that nobody was asked of.
    let case = case_at(&admin, 12, 1).await;
    let offer = Offered::of(&site, &case, &admin.id, "broadcast").await;
    let end = "UPDATE offers SET state = 'unanswered', when_unanswered = 'notify', \
        ended_at = now() WHERE id = $1";
    offer.set(&site, end).await;
    assert!(offer.mail(&site, MailKind::OfferUnanswered, &admin.id).await);
    let mail = mailbox.nth(ADA, Kind::OfferUnanswered, 2).await;
    assert!(mail.subject.starts_with("Nobody accepted your offer"), "{}", mail.subject);
    assert!(mail.text.contains("Asked: 0\n") && !mail.text.contains("urgent"), "{}", mail.text);
}

#[tokio::test]
async fn mails_that_offer_cases_have_a_switch_of_their_own() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let case = case_at(&admin, 8, 1).await;
    let offer = Offered::of(&site, &case, &admin.id, "sequential").await;
    offer.ask(&site, &grace.id, "asked", "2099-12-31T10:30:00Z").await;
    let set = async |body| grace.patch("/v1/me/notifications", body).await.expect(200);
    let off = set(json!({ "offered": false })).await;
    assert_eq!((&off.body["offered"], &off.body["assigned"]), (&json!(false), &json!(true)));
    assert_eq!(grace.get("/v1/me/notifications").await.expect(200).body, off.body);
    assert!(!offer.mail(&site, MailKind::Offered, &grace.id).await);
    assert!(offer.mail(&site, MailKind::OfferUnanswered, &grace.id).await, "that is another kind");
    set(json!({ "offered": true, "mail": false })).await;
    assert!(!offer.mail(&site, MailKind::Offered, &grace.id).await);
    set(json!({ "mail": true, "assigned": false })).await;
    assert!(offer.mail(&site, MailKind::Offered, &grace.id).await);
}
