//! A run without faults: finds the peak rate by a short ramp, then sends half of it for long. The memory
//! of our processes and the delay must stay flat.

use crate::{
    chaos::{begin, conclude, seed},
    checker::{self, Findings},
    figures::{line, percentile, table},
    memory::Memory,
    plan::{Options, Sizes},
    scene::Scene,
    settled::within,
};
use hdrhistogram::Histogram;
use std::{
    sync::atomic::Ordering::SeqCst,
    time::{Duration, Instant},
};

/// Phones, and how often each measures at speed 1: 100 pings a second.
const PHONES: usize = 400;
const EVERY: Duration = Duration::from_secs(4);
/// Each step of the ramp is so much faster than the one before.
const FASTER: f64 = 1.5;
const MOST_STEPS: u32 = 14;
/// Before a step is measured, and for how long it is.
const SETTLE: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_secs(6);
const COUNTED: Duration = Duration::from_secs(60);
/// A step holds while nobody waits longer, and this share of what is measured is stored.
const HELD_P99_MS: u64 = 1_000;
const HELD_SHARE: f64 = 0.9;
/// Memory is compared from here on, or from a sixth of a shorter run.
const WARM: Duration = Duration::from_mins(5);
const GROWTH: f64 = 0.05;
/// The last quarter's median delay may be so much above the first one's: a share, and milliseconds
/// below which nobody can tell.
const SLOWER: f64 = 0.5;
const SAME_MS: u64 = 20;
/// How many lines tell of a run.
const LINES: u32 = 12;
/// What is ours; the servers' memory follows what they hold.
const OURS: [&str; 3] = ["API 1", "API 2", "worker"];

/// One stretch of a run.
struct Stretch {
    until: Duration,
    rate: f64,
    delays: Histogram<u64>,
    seen: Histogram<u64>,
    memory: Memory,
}

/// Runs it; true when all is flat and the checker finds nothing.
pub(crate) async fn run(options: &Options) -> anyhow::Result<bool> {
    let (seed, total) = (seed(options), Duration::from_secs(options.flat.unwrap_or_default()));
    let again = options.again(seed);
    line(&format!("Flat for {} s, seed {seed}", total.as_secs()));
    let sizes = Sizes { phones: PHONES, every: EVERY, returning: 0, ..options.sizes() };
    let scene = begin(options, seed, sizes).await?;
    let peak = ramp(&scene).await?;
    let half = peak / 2.0;
    line(&format!("The peak is {peak:.0} pings a second; sending {half:.0}"));
    set_rate(&scene, half);
    let stretches = measure(&scene, total).await;
    show(&stretches);
    let mut findings = Findings::default();
    findings.extend(memory_findings(&stretches, total));
    findings.extend(delay_findings(&stretches));
    scene.fleet.end().await?;
    let history = checker::check(&scene, &mut findings).await?;
    let (acknowledged, stored) = (history.acknowledged, history.stored);
    let (lost, doubled) = (history.lost, history.doubled);
    line(&format!("{acknowledged} acknowledged, {stored} stored, {lost} lost, {doubled} doubled"));
    let is_clean = conclude(&findings, &again);
    scene.stack.stop(options.keep || !is_clean).await?;
    Ok(is_clean)
}

fn set_rate(scene: &Scene, rate: f64) {
    let slowest = 1e9 * EVERY.as_secs_f64();
    *scene.fleet.every.lock() = Duration::from_secs_f64((PHONES as f64 / rate).min(slowest));
}

/// Raises the rate until it no longer holds; the highest rate that was stored.
async fn ramp(scene: &Scene) -> anyhow::Result<f64> {
    let (mut rate, mut peak) = (PHONES as f64 / EVERY.as_secs_f64(), 0.0_f64);
    for _ in 0..MOST_STEPS {
        set_rate(scene, rate);
        tokio::time::sleep(SETTLE).await;
        scene.fleet.delays.take();
        let (before, begun) = stored(scene).await?;
        tokio::time::sleep(STEP).await;
        let delays = scene.fleet.delays.take();
        let (after, ended) = stored(scene).await?;
        let reached = (after - before) / (ended - begun).as_secs_f64();
        let p99 = delays.value_at_quantile(0.99);
        line(&format!(
            "  {rate:.0} pings a second: {reached:.0} stored, acknowledged p99 {p99} ms"
        ));
        peak = peak.max(reached);
        if reached < HELD_SHARE * rate || p99 > HELD_P99_MS {
            break;
        }
        rate *= FASTER;
    }
    anyhow::ensure!(peak > 0.0, "nothing was stored");
    Ok(peak)
}

/// How many pings are stored, with the instant at which they were counted.
async fn stored(scene: &Scene) -> anyhow::Result<(f64, Instant)> {
    let counted = within(COUNTED, "the stored pings are counted", async || {
        scene.stack.servers.count("SELECT count(*) FROM pings").await
    });
    Ok((counted.await? as f64, Instant::now()))
}

async fn measure(scene: &Scene, total: Duration) -> Vec<Stretch> {
    // What the ramp left is sent first.
    tokio::time::sleep(SETTLE).await;
    scene.fleet.delays.take();
    scene.fleet.seen.take();
    let (begun, mut stretches) = (Instant::now(), Vec::new());
    for nth in 1..=LINES {
        let before = scene.fleet.totals.acknowledged.load(SeqCst);
        let (since, until) = (begun.elapsed(), total * nth / LINES);
        tokio::time::sleep(until.saturating_sub(since)).await;
        let many = scene.fleet.totals.acknowledged.load(SeqCst) - before;
        stretches.push(Stretch {
            until,
            rate: many as f64 / (begun.elapsed() - since).as_secs_f64(),
            delays: scene.fleet.delays.take(),
            seen: scene.fleet.seen.take(),
            memory: Memory::of(&scene.stack),
        });
    }
    stretches
}

fn show(stretches: &[Stretch]) {
    let rows = stretches.iter().map(|stretch| {
        let mut row = vec![
            stretch.until.as_secs().to_string(),
            format!("{:.0}", stretch.rate),
            percentile(&stretch.delays, 0.5),
            percentile(&stretch.delays, 0.99),
            percentile(&stretch.seen, 0.5),
            percentile(&stretch.seen, 0.99),
        ];
        row.extend(stretch.memory.0.iter().map(|(_, mib)| format!("{mib:.1}")));
        row
    });
    let head = [
        "s",
        "pings/s",
        "ack p50 ms",
        "p99",
        "on map p50 ms",
        "p99",
        "API 1 MiB",
        "API 2",
        "worker",
        "Redis",
        "PostgreSQL",
    ];
    table(&head, &rows.collect::<Vec<_>>());
}

/// Each of our processes holds at the end what it held when it was warm.
fn memory_findings(stretches: &[Stretch], total: Duration) -> Vec<String> {
    let warm = WARM.min(total / 6);
    let first = stretches.iter().find(|stretch| stretch.until >= warm);
    let (Some(first), Some(last)) = (first, stretches.last()) else { return Vec::new() };
    let grown = first.memory.0.iter().zip(&last.memory.0).filter_map(|((name, from), (_, to))| {
        let share = (to - from) / from.max(1.0);
        let percent = share * 100.0;
        let finding =
            format!("the memory of {name} went from {from:.1} to {to:.1} MiB: {percent:+.1} %");
        line(&format!("  {finding}"));
        (OURS.contains(name) && share > GROWTH).then_some(finding)
    });
    grown.collect()
}

/// The median delay of the last quarter is that of the first.
fn delay_findings(stretches: &[Stretch]) -> Vec<String> {
    let quarter = stretches.len() / 4;
    type Delays = fn(&Stretch) -> &Histogram<u64>;
    let median = |part: &[Stretch], of: Delays| {
        let mut all = crate::figures::empty();
        for stretch in part {
            // Both grow by themselves.
            let _ = all.add(of(stretch));
        }
        all.value_at_quantile(0.5)
    };
    let kinds: [(&str, Delays); 2] =
        [("acknowledgement", |stretch| &stretch.delays), ("map", |stretch| &stretch.seen)];
    let mut findings = Vec::new();
    for (name, of) in kinds {
        let first = median(&stretches[..quarter], of);
        let last_ones = &stretches[stretches.len() - quarter..];
        if last_ones.iter().all(|stretch| of(stretch).is_empty()) {
            findings.push(format!("there was no {name} in the last quarter"));
            continue;
        }
        let last = median(last_ones, of);
        let finding = format!("the median delay to the {name} went from {first} to {last} ms");
        line(&format!("  {finding}"));
        if last as f64 > first as f64 * (1.0 + SLOWER) && last > first + SAME_MS {
            findings.push(finding);
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(second: u64, delay_ms: u64, mib: f64) -> Stretch {
        let mut delays = crate::figures::empty();
        delays.record(delay_ms).unwrap();
        let memory = Memory(vec![("API 1", mib), ("PostgreSQL", mib * mib)]);
        let seen = delays.clone();
        Stretch { until: Duration::from_secs(second), rate: 1.0, delays, seen, memory }
    }

    #[test]
    fn growth_beyond_a_twentieth_is_found_in_our_processes() {
        let run = |last: f64| {
            let stretches = [stretch(100, 5, 90.0), stretch(300, 5, 100.0), stretch(600, 5, last)];
            memory_findings(&stretches, Duration::from_mins(30)).len()
        };
        assert_eq!([run(104.0), run(106.0), run(50.0)], [0, 1, 0]);
    }

    #[test]
    fn a_delay_that_grows_is_found() {
        let run = |last_ms: u64| {
            let of = |nth: u64| stretch(nth, if nth < 6 { 10 } else { last_ms }, 1.0);
            delay_findings(&(0..8).map(of).collect::<Vec<_>>()).len()
        };
        assert_eq!([run(10), run(25), run(200)], [0, 0, 2]);
    }
}
