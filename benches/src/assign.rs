//! `assign`: what a scheduler waits for who gives work to people, beside phones that send, and how
//! soon the next recommendation knows. Peer: one INSERT and COMMIT of such a row.
//!
//! Each round takes the best person for a case, as a scheduler would, and then asks for the next
//! case, of the same place and time, until that person is not listed any more. In turns the person is
//! assigned, or the case is offered to them and they accept.

use crate::{
    Options,
    http::{self, Connection},
    open_cases,
    phones::{Sender, ping_steadily},
    report::{self, Target, Times, millis},
    site::{Site, log_everybody_in},
    world::{Mood, World},
};
use anyhow::{Context, ensure};
use nearhand_domain::{
    CaseId, OrganizationId, StaffId, clock,
    token::{TokenKind, mint},
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::time::{Duration, Instant};
use uuid::Uuid;

const PEOPLE: usize = 100_000;
const PINGS_A_SECOND: u32 = 1_000;
const PHONES: usize = 1_000;
/// Candidates of a recommendation.
const LISTED: usize = 20;
/// A change may take so many INSERTs with their COMMITs.
const MOST_INSERTS: f64 = 5.0;
/// A change is seen by the next recommendation within so many milliseconds.
const SEEN_WITHIN_MS: f64 = 250.0;
/// How long a change is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the bench.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let world = World::new(options.pick(PEOPLE, PEOPLE / 10), Mood::Drawn);
    let data = format!(
        "{}; {PINGS_A_SECOND} pings a second all the while; API and worker as processes; \
         generator, PostgreSQL (default durability) and Redis (appendfsync always) on the same \
         machine",
        world.describe()
    );
    report::describe("assign", &data);
    let site = Site::start(options, &world).await?;
    let measured = measure(options, &site).await;
    site.close().await?;
    measured
}

async fn measure(options: &Options, site: &Site) -> anyhow::Result<()> {
    let cases = create_cases(site, options.pick(2_000, 200)).await?;
    let peer = Peer::new(site).await?;
    let senders = site.phones.iter().take(PHONES).cloned().zip(0_u64..);
    let senders: Vec<Sender> = senders.map(|(phone, n)| Sender::new(phone, n)).collect();
    let length = Duration::from_secs(options.pick(40, 6));
    let pinging = ping_steadily(site.address, senders, PINGS_A_SECOND, length);
    let assigning = assign_one_by_one(site, &cases, peer, length);
    let (pings, measured) = tokio::join!(pinging, assigning);
    let (mut pings, Measured { mut insert, changes }) = (pings?, measured?);
    report::line(&format!("# {} pings and {} INSERTs beside them", pings.len(), insert.len()));
    report::value("assign.ping.p99", millis(pings.p99()), "ms", Target::None);
    report::value("assign.insert.p50", millis(insert.p50()), "ms", Target::None);
    report::value("assign.insert.p99", millis(insert.p99()), "ms", Target::None);
    for change in changes {
        report_change(options, change, insert.p99());
    }
    Ok(())
}

fn report_change(options: &Options, change: Change, insert: Duration) {
    let Change { name, until, mut took, mut seen } = change;
    report::line(&format!("# {}: {} times over HTTP", name, took.len()));
    report::value(&format!("assign.{name}.p50"), millis(took.p50()), "ms", Target::None);
    report::value(&format!("assign.{name}.p99"), millis(took.p99()), "ms", Target::None);
    let ratio = took.p99().as_secs_f64() / insert.as_secs_f64();
    let target = options.target(Target::AtMost(MOST_INSERTS));
    report::ratio(&format!("assign.{name}.p99-against-insert-and-commit"), ratio, target);
    let (word, target) = match until {
        Until::Recommended => ("seen", options.target(Target::AtMost(SEEN_WITHIN_MS))),
        Until::Asked => ("asked", Target::None),
    };
    report::value(&format!("assign.{name}.{word}.p50"), millis(seen.p50()), "ms", Target::None);
    report::value(&format!("assign.{name}.{word}.p99"), millis(seen.p99()), "ms", target);
}

/// What was measured.
struct Measured {
    /// One INSERT and COMMIT.
    insert: Times,
    /// Each way to change who does what.
    changes: Vec<Change>,
}

/// One way to change who does what.
struct Change {
    name: &'static str,
    until: Until,
    /// From the request to its answer.
    took: Times,
    /// From the answer until what `until` says.
    seen: Times,
}

/// When a change has arrived.
#[derive(Clone, Copy)]
enum Until {
    /// The next recommendation knows of it.
    Recommended,
    /// The person is asked.
    Asked,
}

/// Cases of one hour, at one place and one time: who has one of them has no time for another.
async fn create_cases(site: &Site, many: usize) -> anyhow::Result<Vec<String>> {
    let at = site.phones.first().context("no phones")?.at;
    let starts_at = clock::now() + jiff::SignedDuration::from_hours(2);
    let body = json!({
        "title": "one of many",
        "position": { "lat": at.lat(), "lng": at.lng() },
        "starts_at": starts_at.to_string(),
        "duration_min": 60,
    });
    open_cases::create(site, std::iter::repeat_n(body, many)).await
}

async fn assign_one_by_one(
    site: &Site,
    cases: &[String],
    mut peer: Peer,
    length: Duration,
) -> anyhow::Result<Measured> {
    let mut scheduler = Scheduler::new(site).await?;
    let mut insert = Times::default();
    let mut assign = Change::of("assign", Until::Recommended);
    let mut offer = Change::of("offer", Until::Asked);
    let mut accept = Change::of("accept", Until::Recommended);
    let begin = Instant::now();
    for (turn, pair) in cases.windows(2).enumerate() {
        let [case, next] = pair else { continue };
        if begin.elapsed() >= length {
            break;
        }
        let listed = scheduler.candidates(case, LISTED).await?;
        let staff = listed.first().context("nobody is left")?;
        if turn % 2 == 0 {
            assign.took.push(scheduler.assign(case, staff).await?);
            assign.seen.push(scheduler.await_gone(next, staff).await?);
        } else {
            let (id, took) = scheduler.offer(case, staff).await?;
            offer.took.push(took);
            offer.seen.push(scheduler.await_asked(&id).await?);
            let token = peer.draw_link(&id, staff).await?;
            accept.took.push(scheduler.accept(&token).await?);
            accept.seen.push(scheduler.await_gone(next, staff).await?);
        }
        insert.push(peer.insert(case, staff).await?);
    }
    Ok(Measured { insert, changes: vec![assign, offer, accept] })
}

impl Change {
    fn of(name: &'static str, until: Until) -> Self {
        Self { name, until, took: Times::default(), seen: Times::default() }
    }
}

/// Somebody who works over HTTP.
pub(crate) struct Scheduler<'a> {
    connection: Connection,
    request: Vec<u8>,
    token: &'a str,
}

impl<'a> Scheduler<'a> {
    pub(crate) async fn new(site: &'a Site) -> anyhow::Result<Self> {
        let connection = Connection::open(site.address).await?;
        Ok(Self { connection, request: Vec::new(), token: &site.admin })
    }

    async fn post(&mut self, path: &str, body: &Value) -> anyhow::Result<(Value, Duration)> {
        http::request(&mut self.request, "POST", path, self.token, &body.to_string());
        let begin = Instant::now();
        let answer = self.connection.call(&self.request).await?;
        let took = begin.elapsed();
        Ok((answer.json()?, took))
    }

    /// Who is recommended, the best first.
    pub(crate) async fn candidates(
        &mut self,
        case: &str,
        limit: usize,
    ) -> anyhow::Result<Vec<String>> {
        let body = json!({ "case_id": case, "limit": limit, "store": false });
        let (answer, _) = self.post("/v1/recommendations", &body).await?;
        let listed = answer.pointer("/result/candidates").and_then(Value::as_array);
        let listed = listed.context("an answer of another form")?;
        let name = |one: &Value| one["staff_id"].as_str().map(str::to_owned);
        listed.iter().map(|one| name(one).context("a candidate without id")).collect()
    }

    async fn assign(&mut self, case: &str, staff: &str) -> anyhow::Result<Duration> {
        let path = format!("/v1/cases/{case}/assignments");
        let (_, took) = self.post(&path, &json!({ "staff_id": staff })).await?;
        Ok(took)
    }

    /// Offers a case to one person; the offer's id.
    async fn offer(&mut self, case: &str, staff: &str) -> anyhow::Result<(String, Duration)> {
        let path = format!("/v1/cases/{case}/offers");
        let (made, took) = self.post(&path, &json!({ "staff_ids": [staff] })).await?;
        Ok((made["id"].as_str().context("an offer without id")?.to_owned(), took))
    }

    /// From now until somebody is asked.
    async fn await_asked(&mut self, offer: &str) -> anyhow::Result<Duration> {
        let begin = Instant::now();
        let path = format!("/v1/offers/{offer}");
        loop {
            http::request(&mut self.request, "GET", &path, self.token, "");
            let offer = self.connection.call(&self.request).await?.json()?;
            if offer.pointer("/people/0/state").and_then(Value::as_str) == Some("asked") {
                return Ok(begin.elapsed());
            }
            ensure!(begin.elapsed() < PATIENCE, "nobody is asked: {offer}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Accepts by the link of a mail.
    async fn accept(&mut self, token: &str) -> anyhow::Result<Duration> {
        let body = json!({ "token": token, "answer": "accept" });
        let (answer, took) = self.post("/v1/offer-links/answer", &body).await?;
        ensure!(answer["state"] == "accepted", "{answer}");
        Ok(took)
    }

    /// From now until a recommendation for another case of that time does not list them.
    async fn await_gone(&mut self, case: &str, staff: &str) -> anyhow::Result<Duration> {
        let begin = Instant::now();
        while self.candidates(case, LISTED).await?.iter().any(|listed| listed == staff) {
            ensure!(begin.elapsed() < PATIENCE, "a recommendation does not know of a change");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(begin.elapsed())
    }
}

/// One client that inserts such rows directly, into a table with the same columns, checks and
/// indexes.
struct Peer {
    connection: PgConnection,
    organization: Uuid,
}

impl Peer {
    async fn new(site: &Site) -> anyhow::Result<Self> {
        let mut connection = site.look().await?;
        sqlx::query("CREATE TABLE bench_assignments (LIKE assignments INCLUDING ALL)")
            .execute(&mut connection)
            .await?;
        log_everybody_in(&mut connection).await?;
        Ok(Self { connection, organization: site.organization.0 })
    }

    /// Draws the link of a mail, as its job does.
    async fn draw_link(&mut self, offer: &str, staff: &str) -> anyhow::Result<String> {
        let (token, hash) = mint(TokenKind::Offer, OrganizationId(self.organization));
        let statement = "UPDATE offer_people SET secret_hash = $3 \
             WHERE offer_id = $1 AND staff_id = $2";
        let drawn = sqlx::query(statement).bind(offer.parse::<Uuid>()?);
        let drawn = drawn.bind(staff.parse::<Uuid>()?).bind(hash.0.as_slice());
        let drawn = drawn.execute(&mut self.connection).await?;
        ensure!(drawn.rows_affected() == 1, "nobody was asked");
        Ok(token)
    }

    /// One INSERT, which commits by itself.
    async fn insert(&mut self, case: &str, staff: &str) -> anyhow::Result<Duration> {
        let (case, staff): (CaseId, StaffId) = (case.parse()?, staff.parse()?);
        let statement = sqlx::query(
            "INSERT INTO bench_assignments (organization_id, id, case_id, staff_id, state, \
             starts_at, ends_at, assigned_at, assigned_by) \
             VALUES ($1, $2, $3, $4, 'assigned', now(), now() + interval '1 h', now(), $4)",
        );
        let statement = statement.bind(self.organization).bind(Uuid::now_v7());
        let statement = statement.bind(case.0).bind(staff.0);
        let begin = Instant::now();
        statement.execute(&mut self.connection).await?;
        Ok(begin.elapsed())
    }
}
