//! `ingest`: pings over HTTP into PostGIS by the real processes, against one client that inserts
//! the same rows directly.

use crate::{
    Options,
    phones::{CONNECTIONS, Pace, Sender, send_all},
    random::Random,
    report::{self, Target},
    site::{Phone, Site},
    world::{Mood, World},
};
use anyhow::ensure;
use nearhand_domain::{
    Position, clock,
    ping::{Ping, Source, ping_key},
};
use nearhand_queue::{Lane, Queue};
use nearhand_storage::ingest::{self, LiveRow, PingRow};
use std::time::{Duration, Instant};

const PEOPLE: usize = 20_000;
/// Rows of one of the floor's statements.
const FLOOR_ROWS: usize = 1_000;
/// Time for what is queued to be committed.
const PATIENCE: Duration = Duration::from_secs(120);

/// How pings come.
struct Mix {
    name: &'static str,
    fixes: usize,
    acknowledged: Target,
    committed: Target,
    of_floor: Target,
}

const MIXES: [Mix; 2] = [
    Mix {
        name: "single",
        fixes: 1,
        acknowledged: Target::AtLeast(20_000.0),
        committed: Target::None,
        of_floor: Target::AtLeast(50.0),
    },
    Mix {
        name: "batches-of-100",
        fixes: 100,
        acknowledged: Target::None,
        committed: Target::AtLeast(100_000.0),
        of_floor: Target::AtLeast(75.0),
    },
];

/// Runs the bench.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let people = options.pick(PEOPLE, PEOPLE / 4);
    let data = format!(
        "{people} people, {CONNECTIONS} kept connections without pipelining; API and worker as \
         processes with authentication, tracing and metrics; generator, PostgreSQL (default \
         durability) and Redis (appendfsync always) on the same machine"
    );
    report::describe("ingest", &data);
    let site = Site::start(options, &World::new(people, Mood::Drawn)).await?;
    let measured = measure(options, &site).await;
    site.close().await?;
    measured
}

async fn measure(options: &Options, site: &Site) -> anyhow::Result<()> {
    let mut senders: Vec<Sender> =
        site.phones.iter().cloned().zip(0..).map(|(phone, n)| Sender::new(phone, n)).collect();
    // Every phone once, so that its token is known and its row is there.
    (senders, _) = send_all(site.address, senders, 1, Pace::Once).await?;
    for mix in &MIXES {
        let length = Duration::from_secs(options.pick(15, 4));
        let floor = floor(site, mix.fixes, length / 2).await?;
        let (mut look, queue) = (site.look().await?, site.queue().await?);
        drained(&queue).await?;
        let before = site.stored(&mut look).await?;
        let begin = Instant::now();
        let sent;
        (senders, sent) = send_all(site.address, senders, mix.fixes, Pace::For(length)).await?;
        let acknowledging = begin.elapsed();
        drained(&queue).await?;
        let committing = begin.elapsed();
        let stored = site.stored(&mut look).await? - before;
        ensure!(stored == sent, "{sent} pings acknowledged, {stored} stored");
        report::line(&format!(
            "# {}: {sent} pings acknowledged in {:.1} s and committed in {:.1} s, each stored once",
            mix.name,
            acknowledging.as_secs_f64(),
            committing.as_secs_f64(),
        ));
        report_mix(options, mix, [rate(sent, acknowledging), rate(sent, committing), floor]);
    }
    Ok(())
}

fn report_mix(options: &Options, mix: &Mix, [acknowledged, committed, floor]: [f64; 3]) {
    let value = |name: &str, value: f64, unit: &str, target: Target| {
        let name = format!("ingest.{}.{name}", mix.name);
        report::value(&name, value, unit, options.target(target));
    };
    value("acknowledged", acknowledged, "per second", mix.acknowledged);
    value("committed", committed, "per second", mix.committed);
    value("floor", floor, "per second", Target::None);
    let share = 100.0 * committed / floor;
    value("committed-of-floor", share, "%", mix.of_floor);
}

fn rate(many: u64, time: Duration) -> f64 {
    u32::try_from(many).map_or(f64::NAN, f64::from) / time.as_secs_f64()
}

/// Waits until nothing is queued: an entry leaves its stream only once it is committed.
pub(crate) async fn drained(queue: &Queue) -> anyhow::Result<()> {
    let begin = Instant::now();
    loop {
        let depth = queue.depth().await?;
        if depth.of(Lane::Live) + depth.of(Lane::Backlog) == 0 {
            return Ok(());
        }
        ensure!(begin.elapsed() < PATIENCE, "what was acknowledged was not committed in time");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What one client that inserts the same rows directly reaches: a transaction of 1,000 pings and
/// the positions of their people, one after another.
async fn floor(site: &Site, fixes: usize, length: Duration) -> anyhow::Result<f64> {
    let pool = site.worker_pool().await?;
    let mut random = Random::new(11, 11);
    let (begin, mut rows, mut first) = (Instant::now(), 0, 0);
    while begin.elapsed() < length {
        let people = FLOOR_ROWS / fixes;
        let phones: Vec<&Phone> =
            (first..first + people).map(|n| &site.phones[n % site.phones.len()]).collect();
        first += people;
        let pings: Vec<Ping> = phones
            .iter()
            .flat_map(|phone| (0..fixes).map(|n| (phone.at, n)))
            .map(|(at, n)| ping(&mut random, at, n))
            .collect();
        let row = |n: usize| {
            let phone = phones[n / fixes];
            let received_at_ms = pings[n].fix_at_ms;
            let (device, staff) = (phone.device, phone.staff);
            PingRow {
                organization: site.organization,
                device,
                staff,
                received_at_ms,
                flags: 0,
                ping: &pings[n],
            }
        };
        let all: Vec<PingRow<'_>> = (0..pings.len()).map(row).collect();
        let newest = all.iter().skip(fixes - 1).step_by(fixes).map(PingRow::live_row);
        let mut newest: Vec<LiveRow> = newest.collect();
        newest.sort_unstable_by_key(|row| row.fact.staff);
        let mut tx = pool.begin().await?;
        rows += ingest::insert_new_pings(&mut tx, &all).await?;
        ingest::upsert_positions(&mut tx, &newest).await?;
        tx.commit().await?;
    }
    Ok(rate(rows, begin.elapsed()))
}

fn ping(random: &mut Random, at: Position, n: usize) -> Ping {
    let (lat, lng) = at.e7();
    // Steps of some metres: a phone that jumps would be judged more slowly.
    let mut by = || i32::try_from(random.below(4_000)).unwrap_or(0) - 2_000;
    let position = Position::from_e7(lat + by(), lng + by()).unwrap_or(at);
    Ping {
        fix_at_ms: clock::now().as_millisecond() - 1_000 + i64::try_from(n).unwrap_or(0) * 10,
        key: ping_key(None, position),
        position,
        sent_at_ms: None,
        accuracy_m: Some(8.5),
        altitude_m: None,
        speed_mps: Some(13.0),
        course_deg: Some(120.0),
        battery: Some(0.73),
        charging: None,
        motion: None,
        mock: false,
        flags: 0,
        source: Source::Native,
    }
}
