//! A database that an earlier release has filled, brought up to today's schema and used.
//!
//! `fixtures/filled_at_0011.sql` comes from the program as it was with migrations 1 to 11 (commit
//! fa842ae): `nearhand servers --ephemeral --fast --migrate` with `serve` and `work` of that commit,
//! filled over HTTP only. Setup, base, two services, two regions of which one was deleted; five
//! people, one with every field and a login of their own; preferences, an absence, consent that was
//! given, withdrawn and given again, a pause that was ended, two devices of which one was revoked,
//! three fixes in two requests; an open and a closed case, a recommendation, POSTs with keys. Then
//! the worker was stopped and Mary was changed once more, so that a row waits in the outbox; the
//! empty partitions of days gone by were dropped (`drop_ping_partitions`), and
//! `pg_dump --inserts --exclude-table=public.spatial_ref_sys` wrote the rest. The comments of
//! pg_dump and its `\restrict` lines, which only psql knows, were taken out.
//!
//! What later migrations must keep is added as a further dump; this one never changes.

use crate::support::{Account, Answer, Site, account::log_in, database::Database, eventually};
use nearhand_domain::{DeviceId, access::AdminRole, facts::Fact, preference::Preference};
use nearhand_storage::{
    Tx, cases,
    cases::{CaseFilter, CaseStatus},
    devices,
    facts::Snapshot,
    organizations, outbox, preferences, regions, services, staff,
    staff::{StaffFilter, StaffRecord},
    time_off, tracking,
};
use serde_json::json;

const FILLED: &str = include_str!("../../fixtures/filled_at_0011.sql");

/// The newest migration that the dump knows.
const FILLED_AT: i64 = 11;

async fn count(database: &Database, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut database.look().await).await.unwrap()
}

/// A transaction of the dump's one organisation.
async fn tenant(database: &Database) -> Tx {
    let app = database.app().await;
    let mut tx = app.tenantless().await.unwrap();
    let found = organizations::find(&mut tx, Some("harbour-investigations")).await.unwrap();
    app.tenant(found.expect("the organisation")).await.unwrap()
}

async fn people(tx: &mut Tx) -> Vec<StaffRecord> {
    staff::list(
        tx,
        &StaffFilter::default(),
        nearhand_domain::access::PeopleScope::Everybody,
        None,
        50,
    )
    .await
    .unwrap()
}

fn called<'a>(people: &'a [StaffRecord], name: &str) -> &'a StaffRecord {
    people.iter().find(|person| person.display_name == name).expect(name)
}

#[tokio::test]
async fn every_migration_is_applied_and_nothing_is_lost() {
    let database = Database::upgraded(FILLED).await;
    let newest = count(&database, "SELECT max(version) FROM _sqlx_migrations WHERE success").await;
    assert_eq!(newest, nearhand_migrations::latest_version());
    assert!(newest > FILLED_AT, "there is something to migrate");
    for (sql, rows) in [
        ("SELECT count(*) FROM staff", 5),
        ("SELECT count(*) FROM pings", 3),
        ("SELECT count(*) FROM positions", 1),
        ("SELECT count(*) FROM sessions", 3),
        ("SELECT count(*) FROM session_tokens", 8),
        ("SELECT count(*) FROM stream_tickets", 1),
        ("SELECT count(*) FROM credentials", 2),
        ("SELECT count(*) FROM idempotency_keys", 5),
        ("SELECT count(*) FROM position_reads", 2),
        ("SELECT count(*) FROM audit_log", 31),
        ("SELECT count(*) FROM audit_log WHERE sealed IS NOT NULL", 17),
        ("SELECT count(*) FROM person_keys", 5),
        ("SELECT count(*) FROM tracking_permissions", 3),
        ("SELECT count(*) FROM tracking_pauses", 1),
        ("SELECT count(*) FROM regions WHERE deleted_at IS NOT NULL", 1),
        ("SELECT count(*) FROM outbox", 2),
    ] {
        assert_eq!(count(&database, sql).await, rows, "{sql}");
    }
}

#[tokio::test]
async fn storage_reads_what_the_earlier_release_wrote() {
    let database = Database::upgraded(FILLED).await;
    let mut tx = tenant(&database).await;
    let organization = organizations::get(&mut tx, false).await.unwrap();
    assert_eq!((organization.version, organization.time_zone.as_str()), (2, "Europe/Lisbon"));
    assert!(organization.base.is_some());
    let offered = services::list(&mut tx, None, 50).await.unwrap();
    let shown: Vec<_> = offered.iter().map(|service| (&*service.name, service.version)).collect();
    assert_eq!(shown, [("Surveillance", 1), ("Interviews", 1)], "a version for each");
    let (areas, more) = regions::list(&mut tx, None, 50).await.unwrap();
    assert_eq!((areas.len(), more, areas[0].name.as_str()), (1, false, "Old town"));
    let people = people(&mut tx).await;
    assert_eq!(people.len(), 5);
    let grace = called(&people, "Grace Hopper");
    assert_eq!(grace.email.as_deref(), Some("Grace@Harbour.example"));
    assert_eq!((grace.admin_role, grace.tracked), (AdminRole::Scheduler, true));
    assert_eq!(grace.working_hours.as_ref().map(Vec::len), Some(7));
    assert_eq!((grace.skills.len(), grace.licences.len(), grace.languages.len()), (2, 1, 2));
    assert!(grace.home.is_some() && grace.birth_date.is_some());
    let found = staff::find_login(&mut tx, "grace").await.unwrap();
    assert_eq!(found.map(|person| person.id), Some(grace.id), "by user name, in any case");
    let stated = preferences::get(&mut tx, grace.id).await.unwrap();
    let services: Vec<_> = stated.services.iter().map(|(_, preference)| *preference).collect();
    assert_eq!(services, [Preference::Preferred, Preference::Avoid]);
    assert_eq!(stated.regions, [(areas[0].id, Preference::Preferred)]);
    let absences = time_off::count(&mut tx, grace.id, grace.created_at).await.unwrap();
    assert_eq!(absences, (0, 1));
    let phones = devices::list(&mut tx, grace.id, None::<DeviceId>, 50).await.unwrap();
    let revoked: Vec<_> = phones.iter().map(|phone| phone.revoked_at.is_some()).collect();
    assert_eq!(revoked, [false, true]);
    let consent = tracking::consent(&mut tx, called(&people, "Alan").id).await.unwrap();
    assert_eq!(consent.unwrap().legal_basis, "written consent, again");
    let cases = cases::list(&mut tx, &CaseFilter::default(), None, 50).await.unwrap();
    let statuses: Vec<_> = cases.iter().map(|case| (&*case.title, case.status)).collect();
    let wanted = [("Watch the harbour office", CaseStatus::Open), ("Done", CaseStatus::Done)];
    assert_eq!(statuses, wanted);
    assert_eq!(cases[0].services, [offered[0].id]);
    assert!(cases[0].requirements.language_required && cases[1].urgent);
}

#[tokio::test]
async fn a_snapshot_of_it_holds_everybody_and_the_live_position() {
    let database = Database::upgraded(FILLED).await;
    let tx = database.worker().await.begin().await.unwrap();
    let mut snapshot = Snapshot::begin(tx).await.unwrap();
    let mut facts = Vec::new();
    while let Some(page) = snapshot.next(2).await.unwrap() {
        facts.extend(page);
    }
    snapshot.finish().await.unwrap();
    let many = |fits: fn(&Fact) -> bool| facts.iter().filter(|fact| fits(fact)).count();
    assert_eq!(many(|fact| matches!(fact, Fact::Staff(_))), 5);
    assert_eq!(many(|fact| matches!(fact, Fact::Position(_))), 1);
    assert_eq!(many(|fact| matches!(fact, Fact::Organization(_))), 1);
    let mut tx = database.worker().await.begin().await.unwrap();
    let waiting = outbox::claim(&mut tx, 10, &[]).await.unwrap();
    assert_eq!(waiting.len(), 2, "what was not told waits for a relay of today");
}

async fn log_in_as<'a>(site: &'a Site, login: &str, password: &str) -> Account<'a> {
    let session = log_in(site, login, password).await.expect(201);
    Account::from_session(site, &session.body)
}

#[tokio::test]
async fn people_log_in_and_work_goes_on() {
    let mut site = Site::of(Database::upgraded(FILLED).await, |_| {}).await;
    site.start_worker().await;
    let admin = log_in_as(&site, "ada@harbour.example", "seven tall lighthouses").await;
    let grace = log_in_as(&site, "GRACE", "nine quiet harbour cranes").await;
    let listed = grace.get("/v1/staff?q=gra").await.expect(200);
    assert_eq!(listed.body["items"][0]["id"], grace.id.as_str());
    let cases = grace.get("/v1/cases?status=open").await.expect(200);
    let case = cases.str("/items/0/id").to_owned();
    assert_eq!(cases.body["items"].as_array().unwrap().len(), 1);
    let answer = eventually("both who can are listed", async || {
        let ask = json!({ "case_id": case, "funnel": true });
        let answer = grace.post("/v1/recommendations", ask).await.expect(200);
        (answer.body["result"]["candidates"].as_array()?.len() == 2).then_some(answer)
    })
    .await;
    assert_eq!(answer.str("/result/candidates/0/staff_id"), grace.id);
    assert_eq!(answer.str("/result/candidates/1/display_name"), "Alan");
    assert!(answer.text.contains("service_never"), "the preference counts: {}", answer.text);
    // What had no version has one now, and it moves.
    let services = admin.get("/v1/services").await.expect(200);
    let service = format!("/v1/services/{}", services.str("/items/0/id"));
    let rename = json!({ "name": "Watching" });
    let change = |version: &'static str| {
        admin.update(reqwest::Method::PATCH, &service, Some(version), rename.clone())
    };
    change("\"1\"").await.expect(200);
    change("\"1\"").await.refused(412, "precondition_failed");
    // A phone that comes now, beside what was stored before.
    let phone = admin.create_phone(&admin.id).await;
    phone.send_from(38.71, -9.13).await.expect(200);
    eventually("the fix is stored, and nothing waits to be told", async || {
        let pings = "SELECT count(*) FROM pings WHERE staff_id = \
            (SELECT staff_id FROM devices ORDER BY created_at DESC LIMIT 1)";
        let stored = count(&site.database, pings).await;
        let waiting = count(&site.database, "SELECT count(*) FROM outbox").await;
        (stored == 1 && waiting == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_answer_kept_by_the_earlier_release_is_given_again() {
    let site = Site::of(Database::upgraded(FILLED).await, |_| {}).await;
    // It is kept for a day, and the dump is older.
    let today = "UPDATE idempotency_keys SET created_at = now()";
    sqlx::query(today).execute(&mut site.database.look().await).await.unwrap();
    let admin = log_in_as(&site, "ada@harbour.example", "seven tall lighthouses").await;
    let post = async |body: &'static str| {
        let request = site.http.post(format!("{}/v1/services", site.url));
        let request = request.bearer_auth(&admin.token).header("idempotency-key", "service-1");
        let request = request.header("content-type", "application/json").body(body);
        Answer::read(request.send().await.unwrap()).await
    };
    // To the byte as it was sent then.
    let again = post(r#"{"name": "Surveillance"}"#).await.expect(201);
    let services = admin.get("/v1/services").await.expect(200);
    assert_eq!(services.str("/items/0/id"), again.str("/id"));
    assert_eq!(services.body["items"].as_array().unwrap().len(), 2);
    post(r#"{"name": "Another"}"#).await.refused(422, "idempotency_mismatch");
}
