//! Background jobs: they commit with their cause, run once, and survive whatever happens to those who
//! run them.

use crate::support::{Site, database::Database, eventually, wait::within};
use nearhand_domain::{
    OrganizationId, StaffId,
    clock::now,
    jobs::{GeocodeJob, Payload, QUEUES},
};
use nearhand_runner::{Handler, JobContext, Outcome, Schedule};
use nearhand_storage::{
    AppPool, StorageError, WorkerPool,
    jobs::{self, QueuedJob, QueuedState},
};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

/// What the probe does with a job, told by the job's number of the address.
const DONE: i64 = 0;
const PANICS: i64 = 1;
const DEAD: i64 = 2;
const FAILS_TWICE: i64 = 3;
const FAILS_ALWAYS: i64 = 4;
const HANGS: i64 = 5;
/// The first try waits for ever, the second ends.
const HANGS_ONCE: i64 = 6;

/// Notes what it is asked to do: number and attempt of each job.
#[derive(Clone, Default)]
struct Probe {
    begun: Arc<Mutex<Vec<(i64, u32)>>>,
    given_up: Arc<Mutex<Vec<(i64, String)>>>,
}

impl Probe {
    fn begun(&self) -> Vec<(i64, u32)> {
        self.begun.lock().unwrap().clone()
    }

    fn times(&self, number: i64) -> usize {
        self.begun().iter().filter(|(begun, _)| *begun == number).count()
    }
}

impl Handler for Probe {
    type Payload = GeocodeJob;
    const CONCURRENCY: usize = 3;
    const TIMEOUT: Duration = Duration::from_secs(60);
    const SCHEDULE: Schedule = Schedule {
        first: Duration::from_millis(100),
        longest: Duration::from_millis(100),
        attempts: 3,
    };

    async fn handle(&self, job: GeocodeJob, _: &JobContext) -> Result<Outcome, StorageError> {
        let number = job.address_version;
        self.begun.lock().unwrap().push((number, job.attempt));
        match number {
            PANICS => panic!("as it was asked to"),
            DEAD => Ok(Outcome::dead("there is nothing to be done")),
            FAILS_TWICE if job.attempt < 3 => Ok(Outcome::retry("not yet")),
            FAILS_ALWAYS => Ok(Outcome::retry("never")),
            HANGS => std::future::pending().await,
            HANGS_ONCE if self.times(HANGS_ONCE) == 1 => std::future::pending().await,
            _ => Ok(Outcome::Done),
        }
    }

    async fn give_up(
        &self,
        job: &GeocodeJob,
        reason: &str,
        _: &JobContext,
    ) -> Result<(), StorageError> {
        self.given_up.lock().unwrap().push((job.address_version, reason.to_owned()));
        Ok(())
    }
}

fn job(number: i64) -> GeocodeJob {
    GeocodeJob::new(OrganizationId::generate(), StaffId::generate().into(), number)
}

async fn enqueue(app: &AppPool, number: i64) {
    let job = job(number);
    let mut tx = app.tenant(job.organization).await.expect("a transaction");
    jobs::enqueue(&mut tx, &job, None).await.expect("queued");
    tx.commit().await.expect("a commit");
}

async fn all(pool: &WorkerPool, state: QueuedState) -> Vec<QueuedJob> {
    let mut tx = pool.begin().await.expect("a transaction");
    jobs::list(&mut tx, state, None, 1_000).await.expect("jobs")
}

/// Waits until so many jobs are in a state.
async fn until(pool: &WorkerPool, state: QueuedState, count: usize) -> Vec<QueuedJob> {
    within(Duration::from_secs(30), "jobs come to their state", async || {
        let found = all(pool, state).await;
        (found.len() == count).then_some(found)
    })
    .await
}

async fn served() -> (Site, Probe, AppPool, WorkerPool) {
    let mut site = Site::without_worker(|_| {}).await;
    let probe = Probe::default();
    let handler = probe.clone();
    site.start_worker_with(|jobs| jobs.with(handler)).await;
    let (app, worker) = (site.database.app().await, site.database.worker().await);
    (site, probe, app, worker)
}

#[tokio::test]
async fn a_job_lasts_with_its_cause_or_not_at_all() {
    let (_site, probe, app, worker) = served().await;
    let mut tx = app.tenant(OrganizationId::generate()).await.unwrap();
    jobs::enqueue(&mut tx, &job(DONE), None).await.unwrap();
    tx.rollback().await.unwrap();
    for state in QueuedState::ALL {
        assert!(all(&worker, *state).await.is_empty(), "{state:?}");
    }
    for _ in 0..20 {
        enqueue(&app, DONE).await;
    }
    until(&worker, QueuedState::Done, 20).await;
    assert_eq!(probe.begun(), [(DONE, 1); 20]);
}

#[tokio::test]
async fn a_job_waits_until_it_is_due() {
    let (_site, probe, app, worker) = served().await;
    let mut tx = app.tenant(OrganizationId::generate()).await.unwrap();
    let later = now() + jiff::SignedDuration::from_hours(1);
    jobs::enqueue(&mut tx, &job(DONE), Some(later)).await.unwrap();
    tx.commit().await.unwrap();
    enqueue(&app, DONE).await;
    until(&worker, QueuedState::Done, 1).await;
    let waiting = until(&worker, QueuedState::Waiting, 1).await;
    assert_eq!(waiting[0].run_at.as_second(), later.as_second());
    assert_eq!(probe.begun().len(), 1);
    let mut tx = worker.begin().await.unwrap();
    let states = jobs::queue_states(&mut tx, QUEUES).await.unwrap();
    let of = |queue| states.iter().find(|state| state.queue == queue).unwrap();
    let state = of(GeocodeJob::QUEUE);
    assert_eq!((state.due, state.scheduled, state.running, state.dead), (0, 1, 0, 0));
    assert_eq!(states.len(), QUEUES.len(), "empty queues are told, too");
}

#[tokio::test]
async fn failures_are_tried_again_or_kept_with_their_reason() {
    let (_site, probe, app, worker) = served().await;
    for number in [PANICS, DEAD, FAILS_TWICE, FAILS_ALWAYS, DONE] {
        enqueue(&app, number).await;
    }
    let dead = until(&worker, QueuedState::Dead, 3).await;
    let mut reasons: Vec<String> = dead.into_iter().map(|job| job.reason.unwrap()).collect();
    reasons.sort();
    assert_eq!(
        reasons,
        ["after 3 tries: never", "it panicked: as it was asked to", "there is nothing to be done"]
    );
    eventually("the one that fails twice is done", async || {
        probe.begun().contains(&(FAILS_TWICE, 3)).then_some(())
    })
    .await;
    // Three tries of each of the two that fail, the last of one a dead letter.
    until(&worker, QueuedState::Done, 1 + 3 + 2).await;
    assert_eq!((probe.times(FAILS_TWICE), probe.times(FAILS_ALWAYS)), (3, 3));
    let mut told: Vec<(i64, String)> = probe.given_up.lock().unwrap().clone();
    told.sort();
    assert_eq!(told.len(), 3);
    assert_eq!(told[2], (FAILS_ALWAYS, "after 3 tries: never".to_owned()));
    enqueue(&app, DONE).await;
    eventually("the worker goes on", async || (probe.times(DONE) == 2).then_some(())).await;
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_and_stops_nobody() {
    let (site, probe, app, worker) = served().await;
    let mut db = site.database.look().await;
    for (id, payload) in [("newer", r#"{"v":2}"#), ("broken", "\u{1}")] {
        sqlx::query(
            "INSERT INTO apalis.jobs (id, job_type, job, max_attempts, metadata) \
             VALUES ($1, $2, $3, 1, '')",
        )
        .bind(format!("01ARZ3NDEKTSV4RRFFQ69G5FA{}", &id[..1].to_uppercase()))
        .bind(GeocodeJob::QUEUE)
        .bind(payload.as_bytes())
        .execute(&mut db)
        .await
        .expect("a job");
    }
    enqueue(&app, DONE).await;
    let dead = until(&worker, QueuedState::Dead, 2).await;
    let reasons: Vec<&str> = dead.iter().filter_map(|job| job.reason.as_deref()).collect();
    assert!(reasons.iter().any(|reason| reason.starts_with("layout 2 is newer")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("cannot be read")), "{reasons:?}");
    eventually("the worker goes on", async || (probe.times(DONE) == 1).then_some(())).await;
}

#[tokio::test]
async fn a_slow_job_keeps_none_waiting_that_has_room() {
    let (_site, probe, app, worker) = served().await;
    enqueue(&app, HANGS).await;
    enqueue(&app, HANGS).await;
    eventually("both run", async || (probe.times(HANGS) == 2).then_some(())).await;
    for _ in 0..10 {
        enqueue(&app, DONE).await;
    }
    until(&worker, QueuedState::Done, 10).await;
    assert_eq!(until(&worker, QueuedState::Running, 2).await.len(), 2);
}

#[tokio::test]
async fn the_heartbeat_goes_on_while_all_places_are_taken() {
    let (_site, probe, app, worker) = served().await;
    for _ in 0..3 {
        enqueue(&app, HANGS).await;
    }
    enqueue(&app, DONE).await;
    eventually("all places are taken", async || (probe.times(HANGS) == 3).then_some(())).await;
    let began: String =
        sqlx::query_scalar("SELECT now()::text").fetch_one(worker.pool()).await.unwrap();
    // Longer than what makes an orphan: a heartbeat that rests would never come so far.
    let beat =
        "SELECT count(*) FROM apalis.workers WHERE last_seen > $1::timestamptz + interval '8 s'";
    within(Duration::from_secs(60), "the heart goes on beating", async || {
        let alive: i64 =
            sqlx::query_scalar(beat).bind(&began).fetch_one(worker.pool()).await.ok()?;
        (alive == 1).then_some(())
    })
    .await;
    assert_eq!(probe.times(HANGS), 3, "nobody began them once more");
}

#[tokio::test]
async fn a_worker_that_loses_its_connections_goes_on() {
    let (site, probe, app, worker) = served().await;
    enqueue(&app, HANGS_ONCE).await;
    eventually("it is begun", async || (probe.times(HANGS_ONCE) == 1).then_some(())).await;
    let mut db = site.database.look().await;
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND usename = 'nearhand_worker'",
    )
    .execute(&mut db)
    .await
    .unwrap();
    // The test's own connections were of the same role.
    drop(worker);
    let worker = site.database.worker().await;
    // What it had in hand is given back, and begun again.
    eventually("it is begun again", async || (probe.times(HANGS_ONCE) == 2).then_some(())).await;
    until(&worker, QueuedState::Done, 1).await;
    enqueue(&app, DONE).await;
    until(&worker, QueuedState::Done, 2).await;
    assert_eq!(probe.times(HANGS_ONCE), 2);
}

#[tokio::test]
async fn a_worker_that_ends_gives_its_jobs_back() {
    let (site, probe, app, worker) = served().await;
    enqueue(&app, HANGS).await;
    eventually("it is begun", async || (probe.times(HANGS) == 1).then_some(())).await;
    site.stop();
    // Running jobs are given ten seconds first.
    let waiting = until(&worker, QueuedState::Waiting, 1).await;
    assert_eq!(waiting[0].deliveries, 1);
}

#[tokio::test]
async fn operators_retry_and_discard() {
    let (_site, probe, app, worker) = served().await;
    enqueue(&app, DEAD).await;
    enqueue(&app, DEAD).await;
    let dead = until(&worker, QueuedState::Dead, 2).await;
    let mut tx = worker.begin().await.unwrap();
    assert!(jobs::retry(&mut tx, &dead[0].id).await.unwrap());
    assert!(!jobs::retry(&mut tx, "nothing").await.unwrap());
    tx.commit().await.unwrap();
    eventually("it is begun again", async || (probe.times(DEAD) == 3).then_some(())).await;
    until(&worker, QueuedState::Dead, 2).await;
    let mut tx = worker.begin().await.unwrap();
    assert!(jobs::discard(&mut tx, &dead[1].id).await.unwrap());
    assert!(!jobs::discard(&mut tx, &dead[1].id).await.unwrap());
    assert_eq!(jobs::retry_all(&mut tx, Some("mail")).await.unwrap(), 0);
    tx.commit().await.unwrap();
    assert_eq!(until(&worker, QueuedState::Dead, 1).await[0].id, dead[0].id);
}

#[tokio::test]
async fn done_jobs_and_old_workers_are_forgotten_and_dead_letters_stay() {
    let database = Database::create().await;
    let (app, worker) = (database.app().await, database.worker().await);
    for _ in 0..3 {
        enqueue(&app, DONE).await;
    }
    let mut db = database.look().await;
    let old = "INSERT INTO apalis.workers (id, worker_type, storage_name, last_seen) \
        VALUES ('old', 'geocode', 'x', now() - interval '2 days')";
    sqlx::query(old).execute(&mut db).await.unwrap();
    for (status, offset) in [("Done", 0), ("Failed", 1)] {
        sqlx::query(
            "UPDATE apalis.jobs SET status = $1, done_at = now() - interval '2 days' \
             WHERE id = (SELECT id FROM apalis.jobs ORDER BY id OFFSET $2 LIMIT 1)",
        )
        .bind(status)
        .bind(offset)
        .execute(&mut db)
        .await
        .unwrap();
    }
    let retention = nearhand_runner::RetentionConfig::default();
    nearhand_runner::prepare(&worker, retention, now()).await.expect("maintenance");
    let left = async |state| all(&worker, state).await.len();
    assert_eq!(
        (left(QueuedState::Done).await, left(QueuedState::Dead).await),
        (0, 1),
        "done ones go, dead ones stay"
    );
    assert_eq!(left(QueuedState::Waiting).await, 1);
    let workers: i64 =
        sqlx::query_scalar("SELECT count(*) FROM apalis.workers").fetch_one(&mut db).await.unwrap();
    assert_eq!(workers, 0);
}

#[tokio::test]
async fn a_job_is_watched_by_its_author_and_by_those_who_manage() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let general = admin.create_account("general", "full").await;
    let other = site.create_another_organization().await;
    let id = scheduler.queue_export().await;
    let path = format!("/v1/jobs/{id}");
    for who in [&scheduler, &admin] {
        let job = who.get(&path).await.expect(200);
        assert_eq!((job.str("/state"), job.str("/kind")), ("queued", "export"));
        assert_eq!(job.body["total"], 40);
    }
    for stranger in [&general, &other] {
        stranger.get(&path).await.refused(404, "not_found");
        let cancel = format!("{path}/cancel");
        stranger.post(&cancel, serde_json::json!({})).await.refused(404, "not_found");
    }
}

#[tokio::test]
async fn a_limited_scope_ends_at_ones_own_jobs() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let mine = admin.create_named("/v1/departments", "Mine").await;
    let scoped = serde_json::json!({ "departments": [mine], "view_scope": "departments",
        "edit_scope": "departments" });
    let narrow = admin.create_account_with("user_admin", "full", scoped).await;
    let wide = admin.create_account("user_admin", "full").await;
    let path = format!("/v1/jobs/{}", admin.queue_export().await);
    let cancel = format!("{path}/cancel");
    narrow.get(&path).await.refused(404, "not_found");
    narrow.post(&cancel, serde_json::json!({})).await.refused(404, "not_found");
    assert_eq!(wide.get(&path).await.expect(200).str("/state"), "queued");
    wide.post(&cancel, serde_json::json!({})).await.expect(200);
    let own = format!("/v1/jobs/{}", narrow.queue_export().await);
    narrow.get(&own).await.expect(200);
    narrow.post(&format!("{own}/cancel"), serde_json::json!({})).await.expect(200);
}

#[tokio::test]
async fn a_job_is_cancelled_once_and_stays_so() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let id = admin.queue_export().await;
    let cancel = format!("/v1/jobs/{id}/cancel");
    for _ in 0..2 {
        let job = admin.post(&cancel, serde_json::json!({})).await.expect(200);
        assert_eq!(job.str("/state"), "cancelled");
        assert_eq!(job.body["finished_at"], job.body["cancel_requested_at"]);
    }
    let mut db = site.database.look().await;
    let audited: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE action = 'job.cancel'")
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!(audited, 1);
}

#[tokio::test]
async fn running_work_hears_that_it_is_to_stop() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let id: nearhand_domain::JobId = admin.queue_export().await.parse().unwrap();
    let organization: uuid::Uuid = sqlx::query_scalar("SELECT organization_id FROM jobs")
        .fetch_one(&mut site.database.look().await)
        .await
        .unwrap();
    let app = site.database.app().await;
    let mut tx = app.tenant(OrganizationId(organization)).await.unwrap();
    assert!(jobs::start(&mut tx, id, now()).await.unwrap().is_some());
    assert!(!jobs::progress(&mut tx, id, 10, None).await.unwrap());
    tx.commit().await.unwrap();
    let cancel = format!("/v1/jobs/{id}/cancel");
    let job = admin.post(&cancel, serde_json::json!({})).await.expect(200);
    assert_eq!((job.str("/state"), &job.body["done"]), ("running", &serde_json::json!(10)));
    let mut tx = app.tenant(OrganizationId(organization)).await.unwrap();
    assert!(jobs::is_cancelled(&mut tx, id).await.unwrap());
    assert!(jobs::progress(&mut tx, id, 11, None).await.unwrap());
    let ending = jobs::Ending::Cancelled(serde_json::json!({ "rows": 11 }));
    assert!(jobs::finish(&mut tx, id, now(), &ending).await.unwrap());
    assert!(!jobs::finish(&mut tx, id, now(), &ending).await.unwrap(), "it has ended");
    assert!(jobs::start(&mut tx, id, now()).await.unwrap().is_none(), "nothing is left to do");
    tx.commit().await.unwrap();
    let job = admin.get(&format!("/v1/jobs/{id}")).await.expect(200);
    assert_eq!(
        (job.str("/state"), &job.body["result"]["rows"]),
        ("cancelled", &serde_json::json!(11))
    );
}
