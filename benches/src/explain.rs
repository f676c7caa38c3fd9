//! `explain`: why-not and the full funnel with its best relaxation, against the linear scan of the
//! same questions in the same run.

use crate::{
    Options,
    cases::{self, Limit, Set},
    report::{self, Target, Times, millis},
    world::{Mood, NOW, World},
};
use anyhow::ensure;
use nearhand_index::OrgIndex;
use nearhand_recommend::{Disclosure, Judgement, Query};
use std::time::Instant;

const LIMIT: usize = 20;
/// Both may cost so many scans.
const MOST_SCANS: f64 = 1.5;

/// What the questions took.
#[derive(Default)]
struct Measured {
    scan: Times,
    funnel: Times,
    why_not: Times,
    relaxed: usize,
    ranked: usize,
}

/// Runs the bench.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let sizes: &[usize] = options.pick(&[100_000, 1_000_000], &[100_000]);
    for &people in sizes {
        let world = World::new(people, Mood::Drawn);
        report::describe("explain", &world.describe());
        let index = world.index();
        let measured = ask(&world, &index, options.pick(60, 20))?;
        report_at(options, people, measured);
        for limit in Limit::ALL {
            let measured = relax(&world, &index, limit, options.pick(20, 10))?;
            report_relaxed(options, people, limit, measured);
        }
    }
    Ok(())
}

fn ask(world: &World, index: &OrgIndex, many: usize) -> anyhow::Result<Measured> {
    let mut measured = Measured::default();
    for n in 0..=many {
        let (case, policy) = cases::case(world, Set::Drawn, n * 7 + 1);
        let query = Query::new(index, &case, &policy, NOW, Disclosure::Exact);
        let start = Instant::now();
        let scan = query.scan(LIMIT * 10);
        let scan_time = start.elapsed();
        let start = Instant::now();
        let funnel = query.funnel(LIMIT);
        let funnel_time = start.elapsed();
        ensure!(funnel.eligible >= scan.len(), "case {n}: scan and funnel differ");
        // Somebody who is eligible and not listed: their rank takes a look at everybody.
        let person = scan.last().filter(|_| scan.len() > LIMIT).map(Judgement::staff);
        let start = Instant::now();
        let answer = person.and_then(|person| query.why_not(person, LIMIT));
        let why_not_time = start.elapsed();
        let rank = answer.and_then(|answer| answer.standing).map(|standing| standing.rank);
        ensure!(rank.is_none_or(|rank| rank == scan.len()), "case {n}: scan and why-not differ");
        // The first one warms.
        if n > 0 {
            measured.scan.push(scan_time);
            measured.funnel.push(funnel_time);
            measured.relaxed += usize::from(funnel.best_relaxation.is_some());
            if person.is_some() {
                measured.why_not.push(why_not_time);
                measured.ranked += 1;
            }
        }
    }
    Ok(measured)
}

/// The scan and the funnel of cases that have fewer than five candidates left, so that the best
/// relaxation is looked for.
#[derive(Default)]
struct Relaxed {
    scan: Times,
    funnel: Times,
    /// People brought back, over all cases.
    brought_back: usize,
}

fn relax(world: &World, index: &OrgIndex, limit: Limit, many: usize) -> anyhow::Result<Relaxed> {
    let mut measured = Relaxed::default();
    // The first one warms.
    for n in 0..=many {
        let (case, policy) = cases::case(world, Set::Few(limit), n * 7 + 1);
        let query = Query::new(index, &case, &policy, NOW, Disclosure::Exact);
        let start = Instant::now();
        let scan = query.scan(LIMIT * 10);
        let scan_time = start.elapsed();
        let start = Instant::now();
        let funnel = query.funnel(LIMIT);
        let funnel_time = start.elapsed();
        ensure!(funnel.eligible == scan.len(), "case {n}: scan and funnel differ");
        // Now and then enough are left, or nobody is brought back.
        if let Some(relaxation) = funnel.best_relaxation.filter(|_| n > 0) {
            measured.scan.push(scan_time);
            measured.funnel.push(funnel_time);
            measured.brought_back += relaxation.brings_back;
        }
    }
    let counted = measured.scan.len();
    ensure!(2 * counted > many, "{}: {counted} of {many} cases are relaxed", limit.name());
    Ok(measured)
}

fn report_relaxed(options: &Options, people: usize, limit: Limit, mut measured: Relaxed) {
    let name = format!("explain.{people}.relaxed-{}", limit.name());
    report::line(&format!(
        "# {people} people, {} cases with fewer than five candidates by {}: {} people brought back",
        measured.scan.len(),
        limit.name(),
        measured.brought_back
    ));
    let (scan, funnel) = (measured.scan.p50(), measured.funnel.p50());
    report::value(&format!("{name}.scan.p50"), millis(scan), "ms", Target::None);
    let ratio = funnel.as_secs_f64() / scan.as_secs_f64();
    let target = options.target(Target::AtMost(MOST_SCANS));
    report::ratio(&format!("{name}.funnel-against-scan"), ratio, target);
}

fn report_at(options: &Options, people: usize, mut measured: Measured) {
    report::line(&format!(
        "# {people} people, {} cases: {} funnels with a relaxation, {} ranks of people not listed",
        measured.scan.len(),
        measured.relaxed,
        measured.ranked
    ));
    let scan = measured.scan.p50();
    report::value(&format!("explain.{people}.scan.p50"), millis(scan), "ms", Target::None);
    for (name, times) in [("funnel", &mut measured.funnel), ("why-not", &mut measured.why_not)] {
        if times.len() > 0 {
            let ratio = times.p50().as_secs_f64() / scan.as_secs_f64();
            let target = options.target(Target::AtMost(MOST_SCANS));
            report::ratio(&format!("explain.{people}.{name}-against-scan"), ratio, target);
        }
    }
}
