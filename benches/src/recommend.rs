//! `recommend`: complete recommendations, against the scan they equal and the same in SQL.

use crate::{
    Options,
    cases::{self, Set},
    peer::Peer,
    report::{self, Target, Times, micros, millis},
    sql,
    world::{Mood, NOW, World},
};
use anyhow::{Context, ensure};
use nearhand_domain::StaffId;
use nearhand_index::OrgIndex;
use nearhand_recommend::{Disclosure, Judgement, Query};
use sqlx::{AssertSqlSafe, PgPool, Row};
use std::time::{Duration, Instant};

const LIMIT: usize = 20;
const LIMIT_MICROS: f64 = 1_000.0;
/// Points of a score that rounding in another language may cost, in micro-points.
const SAME_SCORE: u64 = 2_500;

/// Runs the bench.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let world = World::new(options.people(), Mood::Drawn);
    report::describe("recommend", &world.describe());
    let index = world.index();
    let many = options.pick(3_000, 500);
    let mut drawn = search_all(&world, &index, Set::Drawn, many);
    report_set(options, Set::Drawn, &mut drawn, Target::AtMost(LIMIT_MICROS));
    scans(options, &world, &index, drawn.times.p99())?;
    let mut unlike = search_all(&world, &index, Set::Unlike, many / 10);
    report_set(options, Set::Unlike, &mut unlike, Target::None);
    match &options.database_url {
        Some(url) => against_sql(options, url, &world, &index).await?,
        None => report::line("# no PostGIS given: run under `nearhand servers --ephemeral -- …`"),
    }
    drop(index);
    let busy = World::new(options.people(), Mood::Busy);
    let index = busy.index();
    for set in [Set::Night, Set::Booked] {
        let mut measured = search_all(&busy, &index, set, many / 10);
        report_set(options, set, &mut measured, Target::None);
    }
    Ok(())
}

/// What a set of cases took.
#[derive(Default)]
struct Measured {
    times: Times,
    judged: usize,
    most_judged: usize,
    short: usize,
}

fn search_all(world: &World, index: &OrgIndex, set: Set, many: usize) -> Measured {
    let mut measured = Measured::default();
    let warming = many / 10;
    for n in 0..many + warming {
        let (case, policy) = cases::case(world, set, n);
        let start = Instant::now();
        let query = Query::new(index, &case, &policy, NOW, Disclosure::Exact);
        let (found, judged) = query.search_counting(LIMIT);
        let time = start.elapsed();
        if n >= warming {
            measured.times.push(time);
            measured.judged += judged;
            measured.most_judged = measured.most_judged.max(judged);
            measured.short += usize::from(found.len() < LIMIT);
        }
    }
    measured
}

fn report_set(options: &Options, set: Set, measured: &mut Measured, target: Target) {
    let (name, many) = (set.name(), measured.times.len());
    report::line(&format!(
        "# {name}: {many} cases on one core, {} people judged on average and {} at most; {} cases \
         had fewer than {LIMIT} eligible",
        measured.judged / many.max(1),
        measured.most_judged,
        measured.short,
    ));
    let times = &mut measured.times;
    report::value(&format!("recommend.{name}.p50"), micros(times.p50()), "us", Target::None);
    let p99 = micros(times.p99());
    report::value(&format!("recommend.{name}.p99"), p99, "us", options.target(target));
}

/// The scan's times, and that it lists the same.
fn scans(options: &Options, world: &World, index: &OrgIndex, p99: Duration) -> anyhow::Result<()> {
    let (mut scanned, mut searched) = (Times::default(), Times::default());
    for n in 0..options.pick(100, 20) {
        let (case, policy) = cases::case(world, Set::Drawn, n * 7 + 1);
        let query = Query::new(index, &case, &policy, NOW, Disclosure::Exact);
        let start = Instant::now();
        let scan = query.scan(LIMIT);
        scanned.push(start.elapsed());
        let start = Instant::now();
        let search = query.search(LIMIT);
        searched.push(start.elapsed());
        ensure!(key(&scan) == key(&search), "case {n}: search and scan differ");
    }
    let (theirs, many) = (scanned.p99(), scanned.len());
    report::line(&format!(
        "# the scan listed the same people with the same scores in all {many} of {many} cases"
    ));
    report::value("recommend.scan.p50", millis(scanned.p50()), "ms", Target::None);
    report::value("recommend.scan.p99", millis(theirs), "ms", Target::None);
    let ratio = theirs.as_secs_f64() / p99.as_secs_f64();
    report::ratio("recommend.p99-against-scan", ratio, options.target(Target::AtLeast(100.0)));
    Ok(())
}

fn key(found: &[Judgement]) -> Vec<(StaffId, u64, Option<i64>)> {
    found.iter().map(|j| (j.staff(), j.score(), j.eta_milli_min())).collect()
}

async fn against_sql(
    options: &Options,
    url: &str,
    world: &World,
    index: &OrgIndex,
) -> anyhow::Result<()> {
    let peer = Peer::new(url).await?;
    let measured = async {
        peer.load(world, index).await?;
        measure_sql(peer.pool(), world, index, options.pick(20, 10)).await
    }
    .await;
    peer.close().await?;
    let (mut theirs, mut ours) = measured?;
    report::line(&format!(
        "# SQL: one statement over indexed tables of the same people, warmed, as owner without \
         row-level security, {} cases; the lists agreed",
        theirs.len()
    ));
    report::value("recommend.sql.p50", millis(theirs.p50()), "ms", Target::None);
    report::value("recommend.sql.worst", millis(theirs.p99()), "ms", Target::None);
    let ratio = theirs.sum().as_secs_f64() / ours.sum().as_secs_f64();
    report::ratio("recommend.against-sql", ratio, options.target(Target::AtLeast(50.0)));
    let least = theirs.permille(0).as_secs_f64() / ours.p99().as_secs_f64();
    report::ratio("recommend.fastest-sql-against-our-slowest", least, Target::None);
    Ok(())
}

/// Times of the same cases in SQL and here.
async fn measure_sql(
    pool: &PgPool,
    world: &World,
    index: &OrgIndex,
    many: usize,
) -> anyhow::Result<(Times, Times)> {
    let (mut theirs, mut ours) = (Times::default(), Times::default());
    let mut connection = pool.acquire().await?;
    for n in 0..many + 1 {
        let (case, policy) = cases::case(world, Set::Drawn, n * 7 + 1);
        let query = Query::new(index, &case, &policy, NOW, Disclosure::Exact);
        let statement = sql::ranking(index, &case, &policy, NOW);
        let start = Instant::now();
        let rows = sqlx::raw_sql(AssertSqlSafe(statement)).fetch_all(&mut *connection).await?;
        let time = start.elapsed();
        let start = Instant::now();
        let found = query.search(LIMIT);
        let our_time = start.elapsed();
        let rows = rows
            .iter()
            .map(|row| anyhow::Ok((StaffId(row.try_get("id")?), row.try_get::<i64, _>("score")?)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        same(&found, &rows).with_context(|| format!("case {n}: {case:?} {policy:?}"))?;
        // The first one warms.
        if n > 0 {
            theirs.push(time);
            ours.push(our_time);
        }
    }
    Ok((theirs, ours))
}

/// Whether two lists agree: scores place by place, and people but for near-ties.
fn same(ours: &[Judgement], theirs: &[(StaffId, i64)]) -> anyhow::Result<()> {
    ensure!(ours.len() == theirs.len(), "{} people against {}", ours.len(), theirs.len());
    let last = ours.last().map_or(0, Judgement::score);
    for (ours, (_, score)) in ours.iter().zip(theirs) {
        let score = u64::try_from(*score)?;
        ensure!(ours.score().abs_diff(score) <= SAME_SCORE, "{} against {score}", ours.score());
    }
    for judgement in ours {
        let listed = theirs.iter().any(|(staff, _)| *staff == judgement.staff());
        let tied = judgement.score().abs_diff(last) <= SAME_SCORE;
        ensure!(listed || tied, "somebody is missing");
    }
    Ok(())
}
