//! `stored`: recommendations over HTTP that are kept, against the same ones that are not, in turns in
//! one run; and what is kept of a candidate, in bytes.

use crate::{
    Options,
    http::{self, Connection},
    latency::CASES,
    open_cases::drawn_asks,
    report::{self, Target, Times, millis},
    site::Site,
    world::{Mood, World},
};
use anyhow::{Context, ensure};
use serde_json::Value;
use std::{net::SocketAddr, time::Instant};
use tokio::task::JoinSet;

const PEOPLE: usize = 100_000;
/// Callers who ask at the same time, each as fast as it is answered.
const CALLERS: [usize; 2] = [1, 8];
/// What a candidate may take beyond the first twenty.
const CANDIDATE_BYTES: f64 = 240.0;
/// How long an answer may wait to be kept, and a write of its own.
const COMMIT_MS: f64 = 10.0;

/// Times without keeping, and with.
#[derive(Default)]
struct Measured([Times; 2]);

/// Runs the bench.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let world = World::new(options.pick(PEOPLE, PEOPLE / 10), Mood::Drawn);
    let data = format!(
        "{}; API and worker as processes; generator, PostgreSQL (default durability) and Redis on the \
         same machine",
        world.describe(),
    );
    report::describe("stored", &data);
    let site = Site::start(options, &world).await?;
    let measured = measure(options, &site, &world).await;
    site.close().await?;
    measured
}

async fn measure(options: &Options, site: &Site, world: &World) -> anyhow::Result<()> {
    let asks = drawn_asks(site, world, CASES).await?;
    for callers in CALLERS {
        // The first ones warm.
        ask_all(site, &asks, callers, 20).await?;
        let measured = ask_all(site, &asks, callers, options.pick(1_000, 200)).await?;
        report_times(options, callers, measured);
    }
    report_bytes(options, site, &asks).await
}

/// So many questions by each caller, kept and not kept in turns.
async fn ask_all(
    site: &Site,
    asks: &[String],
    callers: usize,
    many: usize,
) -> anyhow::Result<Measured> {
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let (address, admin) = (site.address, site.admin.clone());
        let asks: Vec<String> = asks.iter().cycle().skip(caller).take(many).cloned().collect();
        tasks.spawn(async move { ask_in_turns(address, &admin, &asks).await });
    }
    let mut all = Measured::default();
    while let Some(done) = tasks.join_next().await {
        let mut part = done??;
        all.0.iter_mut().zip(&mut part.0).for_each(|(all, part)| all.append(part));
    }
    Ok(all)
}

async fn ask_in_turns(
    address: SocketAddr,
    admin: &str,
    asks: &[String],
) -> anyhow::Result<Measured> {
    let mut connection = Connection::open(address).await?;
    let (mut measured, mut request) = (Measured::default(), Vec::new());
    for (n, ask) in asks.iter().enumerate() {
        for turn in [n % 2, 1 - n % 2] {
            let body = asked(ask, turn == 1, 20)?;
            http::request(&mut request, "POST", "/v1/recommendations", admin, &body);
            let start = Instant::now();
            let answer = connection.call(&request).await?;
            let time = start.elapsed();
            ensure!(answer.status == 200, "{}", String::from_utf8_lossy(answer.body));
            measured.0[turn].push(time);
        }
    }
    Ok(measured)
}

/// A question, whose answer is kept or not.
fn asked(ask: &str, store: bool, limit: usize) -> anyhow::Result<String> {
    let mut ask: Value = serde_json::from_str(ask)?;
    ask["store"] = store.into();
    ask["limit"] = limit.into();
    Ok(ask.to_string())
}

fn report_times(options: &Options, callers: usize, measured: Measured) {
    let name = |what: &str| format!("stored.{callers}-callers.{what}");
    let [mut without, mut with] = measured.0;
    for (what, times) in [("without", &mut without), ("with", &mut with)] {
        let (p50, p99) = (millis(times.p50()), millis(times.p99()));
        report::value(&name(&format!("{what}.p50")), p50, "ms", Target::None);
        report::value(&name(&format!("{what}.p99")), p99, "ms", Target::None);
    }
    let more = millis(with.p50()) - millis(without.p50());
    let target = options.target(Target::AtMost(COMMIT_MS));
    report::value(&name("keeping.p50"), more, "ms", target);
    let ratio = with.p50().as_secs_f64() / without.p50().as_secs_f64();
    report::ratio(&name("with-against-without"), ratio, Target::None);
}

/// What a candidate takes: the difference of two answers, one with many more candidates.
async fn report_bytes(options: &Options, site: &Site, asks: &[String]) -> anyhow::Result<()> {
    let mut connection = Connection::open(site.address).await?;
    let (mut look, mut request) = (site.look().await?, Vec::new());
    let (mut bytes, mut people, mut first) = (0.0, 0.0, 0.0);
    for ask in asks {
        let mut sizes = Vec::new();
        for limit in [20, 200] {
            let body = asked(ask, true, limit)?;
            http::request(&mut request, "POST", "/v1/recommendations", &site.admin, &body);
            let answer = connection.call(&request).await?.json()?;
            let id: uuid::Uuid = answer["id"].as_str().context("no id")?.parse()?;
            let size: (f64, f64) = sqlx::query_as(
                "SELECT cardinality(people)::float8, (pg_column_size(request) + \
                 octet_length(head) + pg_column_size(people) + pg_column_size(sealed))::float8 \
                 FROM recommendations WHERE id = $1",
            )
            .bind(id)
            .fetch_one(&mut look)
            .await?;
            sizes.push(size);
        }
        bytes += sizes[1].1 - sizes[0].1;
        people += sizes[1].0 - sizes[0].0;
        first += sizes[0].1;
    }
    ensure!(people > 0.0, "no answer had more than twenty candidates");
    let target = options.target(Target::AtMost(CANDIDATE_BYTES));
    report::value("stored_bytes_per_candidate", bytes / people, "bytes", target);
    #[expect(clippy::cast_precision_loss, reason = "a few hundred questions")]
    let answers = asks.len() as f64;
    report::value("stored_bytes_of_twenty", first / answers, "bytes", Target::None);
    Ok(())
}
