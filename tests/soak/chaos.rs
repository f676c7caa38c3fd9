//! A run with faults: brings up the scene, injects one fault after another as the seed draws them, and
//! lets the checker look at what is left.

use crate::{
    admin::Admin,
    checker::{self, Findings, History},
    faults::Fault,
    figures::{empty, line, percentile, table},
    load::{Fleet, draw_app},
    memory::Memory,
    people,
    phone::Phone,
    plan::{Options, Sizes},
    scene::Scene,
    settled::within,
    stack::Stack,
    witness,
};
use anyhow::Context;
use clap::ValueEnum;
use hdrhistogram::Histogram;
use nearhand_domain::clock;
use nearhand_play::demo::dice::Dice;
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, atomic::Ordering::SeqCst},
    time::{Duration, Instant},
};

/// Phones whose fixes are looked for on the map.
const WITNESSES: usize = 2;
/// After a fault pings must be acknowledged again within this.
const RECOVERED: Duration = Duration::from_secs(120);
/// Acknowledgements that show it.
const RECOVERED_PINGS: u64 = 50;
/// So often witnesses are seen on the map before the next fault.
const SIGHTINGS: u64 = 3;

/// What was seen of a fault, over all its turns.
struct Row {
    turns: u32,
    took: Duration,
    acknowledged: u64,
    delays: Histogram<u64>,
    seen: Histogram<u64>,
    said: String,
}

/// What a run has seen.
#[derive(Default)]
struct Seen {
    rows: BTreeMap<String, Row>,
    memory: Vec<Memory>,
    findings: Findings,
}

/// Runs it; true when the checker finds nothing.
pub(crate) async fn run(options: &Options) -> anyhow::Result<bool> {
    let seed = seed(options);
    let (seconds, again) = (options.seconds, options.again(seed));
    line(&format!("Soak of {seconds} s, seed {seed}; the same again: {again}"));
    let mut scene = begin(options, seed, options.sizes()).await?;
    let mut seen = Seen::default();
    let outcome = injected(&mut scene, options, &mut seen).await;
    if let Err(error) = outcome {
        seen.findings.add(format!("{error:#}"));
        // What can be checked is checked all the same.
        scene.stack.start_all().await?;
    }
    seen.memory.push(Memory::of(&scene.stack));
    scene.fleet.end().await?;
    let history = checker::check(&scene, &mut seen.findings).await?;
    show(&scene, &seen, &history);
    let is_clean = conclude(&seen.findings, &again);
    scene.stack.stop(options.keep || !is_clean).await?;
    Ok(is_clean)
}

/// The seed that is given, or one of the clock.
pub(crate) fn seed(options: &Options) -> u64 {
    let drawn = clock::now().as_millisecond().unsigned_abs() % 1_000_000;
    options.seed.unwrap_or(drawn)
}

/// Says what was found; true when nothing was.
pub(crate) fn conclude(findings: &Findings, again: &str) -> bool {
    if findings.is_clean() {
        line(
            "soak: nothing lost, nothing doubled; live positions newest, every index equal to PostGIS",
        );
        return true;
    }
    line("soak: the checker found:");
    findings.lines().iter().for_each(|finding| line(&format!("  {finding}")));
    line(&format!("The same again: {again}"));
    false
}

/// Starts the installation, makes the people, and lets their phones send.
pub(crate) async fn begin(options: &Options, seed: u64, sizes: Sizes) -> anyhow::Result<Scene> {
    let begun = Instant::now();
    let stack = Stack::start(options).await?;
    let admin = Arc::new(Admin::set_up(&stack.urls[0]).await?);
    let count = sizes.phones + sizes.returning + WITNESSES + 1;
    let mut enrolled = people::enrol(&stack.servers, admin.organization, count).await?;
    let fleet = Fleet::new(&stack.urls, sizes.every)?;
    let mut dice = Dice::new(seed);
    let mut draw = |is_counted: bool| -> anyhow::Result<Phone> {
        let person = enrolled.pop().context("too few people")?;
        let (app, seed) = (draw_app(&mut dice), u64::from(dice.whole(0, u32::MAX)));
        Ok(fleet.phone(person, app, seed, is_counted))
    };
    let returning = (0..sizes.returning).map(|_| draw(false)).collect::<Result<_, _>>()?;
    let (poisoned, mut phones) = (draw(false)?, Vec::new());
    for _ in 0..WITNESSES {
        let phone = draw(false)?;
        let (fleet, admin) = (Arc::clone(&fleet), Arc::clone(&admin));
        phones.push(witness::watch(phone, Arc::clone(&fleet), admin));
    }
    for _ in 0..sizes.phones {
        fleet.spawn(draw(true)?.run(Arc::clone(&fleet), None));
    }
    phones.into_iter().for_each(|witness| fleet.spawn(witness));
    line(&format!(
        "{count} people and phones are there after {:.0} s",
        begun.elapsed().as_secs_f64()
    ));
    Ok(Scene {
        stack,
        fleet,
        admin,
        dice,
        sizes,
        returning,
        poisoned,
        emptied: HashSet::new(),
        unreadable: 0,
    })
}

/// Injects faults until the time is over and each has had its turn.
async fn injected(scene: &mut Scene, options: &Options, seen: &mut Seen) -> anyhow::Result<()> {
    scene.fleet.progress(RECOVERED_PINGS, RECOVERED).await?;
    let (begun, limit) = (Instant::now(), Duration::from_secs(options.seconds));
    seen.memory.push(Memory::of(&scene.stack));
    let before = turn(scene, Duration::ZERO, 0, String::new());
    seen.add("(none)", before);
    let all = if options.only.is_empty() { Fault::value_variants() } else { &options.only };
    let mut bag: Vec<Fault> = Vec::new();
    while begun.elapsed() < limit || !seen.had_all(all) {
        if bag.is_empty() {
            bag = all.to_vec();
        }
        let nth = scene.dice.whole(0, u32::try_from(bag.len() - 1)?);
        let fault = bag.swap_remove(nth as usize);
        inject(scene, fault, seen).await.with_context(|| format!("after {}", fault.name()))?;
        if seen.memory.len() == 1 && begun.elapsed() >= limit / 2 {
            seen.memory.push(Memory::of(&scene.stack));
        }
    }
    if seen.memory.len() == 1 {
        seen.memory.push(Memory::of(&scene.stack));
    }
    Ok(())
}

async fn inject(scene: &mut Scene, fault: Fault, seen: &mut Seen) -> anyhow::Result<()> {
    let (begun, before) = (Instant::now(), scene.fleet.totals.acknowledged());
    let said = fault.inject(scene).await?;
    scene.stack.start_all().await?;
    scene.fleet.progress(RECOVERED_PINGS, RECOVERED).await?;
    // After the fault, and more than once: the first may have been on its way before.
    let sightings = scene.fleet.seen.count() + SIGHTINGS;
    within(RECOVERED, "witnesses are seen again", async || {
        (scene.fleet.seen.count() >= sightings).then_some(())
    })
    .await?;
    line(&format!("{:>5.1} s  {}: {said}", begun.elapsed().as_secs_f64(), fault.name()));
    let row = turn(scene, begun.elapsed(), before, said);
    seen.add(&fault.name(), row);
    Ok(())
}

/// What was seen since the last turn.
fn turn(scene: &Scene, took: Duration, before: u64, said: String) -> Row {
    let fleet = &scene.fleet;
    Row {
        turns: 1,
        took,
        acknowledged: fleet.totals.acknowledged() - before,
        delays: fleet.delays.take(),
        seen: fleet.seen.take(),
        said,
    }
}

impl Seen {
    fn add(&mut self, name: &str, row: Row) {
        let known = self.rows.entry(name.to_owned()).or_insert_with(|| Row {
            turns: 0,
            took: Duration::ZERO,
            acknowledged: 0,
            delays: empty(),
            seen: empty(),
            said: String::new(),
        });
        known.turns += row.turns;
        known.took += row.took;
        known.acknowledged += row.acknowledged;
        known.said = row.said;
        // Both grow by themselves.
        let _ = known.delays.add(row.delays);
        let _ = known.seen.add(row.seen);
    }

    fn had_all(&self, faults: &[Fault]) -> bool {
        faults.iter().all(|fault| self.rows.contains_key(&fault.name()))
    }
}

/// Prints all figures.
fn show(scene: &Scene, seen: &Seen, history: &History) {
    line("");
    let rows = seen.rows.iter().map(|(name, row)| {
        let of = |histogram, quantile| percentile(histogram, quantile);
        vec![
            name.clone(),
            row.turns.to_string(),
            format!("{:.0}", row.took.as_secs_f64()),
            row.acknowledged.to_string(),
            of(&row.delays, 0.5),
            of(&row.delays, 0.99),
            of(&row.seen, 0.5),
            of(&row.seen, 0.99),
            row.said.clone(),
        ]
    });
    let head =
        ["fault", "turns", "s", "acked", "ack p50 ms", "p99", "on map p50 ms", "p99", "last turn"];
    table(&head, &rows.collect::<Vec<_>>());
    show_memory(&seen.memory);
    show_totals(scene, history, seen);
}

/// One line a process, one column a time.
pub(crate) fn show_memory(memory: &[Memory]) {
    line("");
    let Some(first) = memory.first() else { return };
    let rows = first.0.iter().enumerate().map(|(n, (name, _))| {
        let at = memory.iter().filter_map(|memory| memory.0.get(n));
        let cells = at.map(|(_, mib)| format!("{mib:.0}"));
        std::iter::once((*name).to_owned()).chain(cells).collect()
    });
    let head = ["memory MiB", "start", "middle", "end"];
    table(&head[..=memory.len().min(3)], &rows.collect::<Vec<_>>());
}

fn show_totals(scene: &Scene, history: &History, seen: &Seen) {
    line("");
    let injected: u32 =
        seen.rows.iter().filter(|(n, _)| *n != "(none)").map(|(_, r)| r.turns).sum();
    let totals = &scene.fleet.totals;
    let rows = [
        ("faults injected", injected.into()),
        ("requests", totals.requests.load(SeqCst)),
        ("of them to be repeated", totals.repeated.load(SeqCst)),
        ("acknowledged, to be stored", history.acknowledged),
        ("acknowledged, to be kept out", history.kept_out),
        ("stored", history.stored),
        ("waited when Redis was emptied", scene.emptied.len() as u64),
        ("of them gone", history.emptied),
        ("lost", history.lost),
        ("doubled", history.doubled),
        ("otherwise wrong", history.wrong),
    ];
    let rows: Vec<_> = rows.map(|(name, many)| vec![name.to_owned(), many.to_string()]).into();
    table(&["fixes", ""], &rows);
}
