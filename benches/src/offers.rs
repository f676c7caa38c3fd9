//! `offers`: ten thousand offers open at once, each with a deadline of its own; how late each is acted
//! on. The worker ranks by an index of its own, and does a step for each offer when it is made and one
//! at its deadline.

use crate::{
    Options,
    assign::Scheduler,
    http::{self, Connection},
    open_cases,
    report::{self, Target, Times, millis},
    site::{Site, log_everybody_in},
    world::{Mood, World},
};
use anyhow::{Context, ensure};
use jiff::{SignedDuration, Timestamp};
use nearhand_domain::clock;
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const PEOPLE: usize = 20_000;
const OFFERS: usize = 10_000;
/// How many people are asked in turn.
const ASKED: usize = 200;
/// Callers who make cases and offers at the same time.
const CALLERS: usize = 4;
/// Deadlines are spread evenly over this time.
const SPREAD: SignedDuration = SignedDuration::from_secs(60);
/// For making the offers and asking the first, before the first deadline.
const AHEAD: SignedDuration = SignedDuration::from_secs(240);
/// A deadline is acted on within so many milliseconds.
const LATE_MS: f64 = 2_000.0;
const PATIENCE: Duration = Duration::from_secs(600);

/// Runs the bench.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let world = World::new(PEOPLE, Mood::Drawn);
    let many = options.pick(OFFERS, OFFERS / 20);
    let data = format!(
        "{}; {many} offers open at once, their deadlines spread over {} s; API and worker as \
         processes, PostgreSQL (default durability) on the same machine",
        world.describe(),
        SPREAD.as_secs()
    );
    report::describe("offers", &data);
    let site = Site::start(options, &world).await?;
    let measured = measure(options, &site, many).await;
    site.close().await?;
    measured
}

async fn measure(options: &Options, site: &Site, many: usize) -> anyhow::Result<()> {
    let first = clock::now() + options.pick(AHEAD, SignedDuration::from_secs(60));
    let begun = Instant::now();
    offer_all(site, many, first).await?;
    let made = begun.elapsed();
    let mut look = site.look().await?;
    await_count(&mut look, many, "SELECT count(*) FROM offer_people WHERE state = 'asked'").await?;
    let asked = begun.elapsed();
    ensure!(clock::now() < first, "the first deadline came before all were asked");
    report::line(&format!(
        "# made in {:.1} s, all asked after {:.1} s",
        made.as_secs_f64(),
        asked.as_secs_f64()
    ));
    let steps = f64::from(u32::try_from(many)?) / asked.as_secs_f64();
    report::value("offers.first-steps-while-made", steps, "per s", Target::None);
    await_count(&mut look, many, "SELECT count(*) FROM offers WHERE state = 'unanswered'").await?;
    let late: Vec<f64> =
        sqlx::query_scalar("SELECT extract(epoch FROM ended_at - deadline)::float8 FROM offers")
            .fetch_all(&mut look)
            .await?;
    let early = late.iter().filter(|late| **late < 0.0).count();
    ensure!(early == 0, "{early} offers ended before their deadline");
    let mut times = Times::default();
    late.iter().for_each(|late| times.push(Duration::from_secs_f64(*late)));
    report::value("offers.late.p50", millis(times.p50()), "ms", Target::None);
    report::value("offers.late.p99", millis(times.p99()), "ms", Target::None);
    let target = options.target(Target::AtMost(LATE_MS));
    report::value("offers.late.max", millis(times.permille(1_000)), "ms", target);
    Ok(())
}

/// Makes the cases and offers each to one of the people recommended, until a deadline of its own.
async fn offer_all(site: &Site, many: usize, first: Timestamp) -> anyhow::Result<()> {
    let mut look = site.look().await?;
    log_everybody_in(&mut look).await?;
    let at = site.phones.first().context("no phones")?.at;
    let case = json!({ "title": "one of many",
        "position": { "lat": at.lat(), "lng": at.lng() } });
    let staff = recommended(site, &case).await?;
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let (address, token) = (site.address, site.admin.clone());
        let (case, staff) = (case.to_string(), staff.clone());
        let mine: Vec<usize> = (0..many).filter(|n| n % CALLERS == caller).collect();
        callers.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut request = Vec::new();
            for n in mine {
                http::request(&mut request, "POST", "/v1/cases", &token, &case);
                let made = connection.call(&request).await?.json()?;
                let path = format!("/v1/cases/{}/offers", open_cases::id_of(&made)?);
                let body = terms(n, many, first, &staff[n % staff.len()]);
                http::request(&mut request, "POST", &path, &token, &body.to_string());
                let answer = connection.call(&request).await?;
                ensure!(answer.status == 201, "{}", String::from_utf8_lossy(answer.body));
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    Ok(())
}

/// The people who can be ranked for such a case.
async fn recommended(site: &Site, case: &Value) -> anyhow::Result<Vec<String>> {
    let made = open_cases::create(site, std::iter::once(case.clone())).await?;
    let mut scheduler = Scheduler::new(site).await?;
    let listed = scheduler.candidates(&made[0], ASKED).await?;
    ensure!(!listed.is_empty(), "nobody can be asked");
    Ok(listed)
}

fn terms(n: usize, many: usize, first: Timestamp, staff: &str) -> Value {
    let share = i32::try_from(n).unwrap_or(0) * i32::try_from(SPREAD.as_secs()).unwrap_or(0);
    let after = SignedDuration::from_secs(i64::from(share / i32::try_from(many).unwrap_or(1)));
    json!({ "mode": "broadcast", "staff_ids": [staff], "when_unanswered": "close",
        "deadline_at": (first + after).to_string() })
}

async fn await_count(
    look: &mut PgConnection,
    many: usize,
    statement: &'static str,
) -> anyhow::Result<()> {
    let begin = Instant::now();
    loop {
        let count: i64 = sqlx::query_scalar(statement).fetch_one(&mut *look).await?;
        if usize::try_from(count)? >= many {
            return Ok(());
        }
        ensure!(begin.elapsed() < PATIENCE, "only {count} of {many}: {statement}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
