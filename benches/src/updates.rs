//! `updates`: recommendations on the index in memory while positions stream in, against the same
//! recommendations undisturbed. Must not involve a network or a database.

use crate::{
    Options,
    cases::{self, Set},
    random::Random,
    report::{self, Target, Times, micros},
    world::{Mood, NOW, SEED, World, organization},
};
use nearhand_domain::{
    Position, StaffId,
    facts::{Fact, PositionFact},
};
use nearhand_index::{LiveIndex, OrgIndex};
use nearhand_recommend::{Case, Disclosure, Policy, Query};
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

const LIMIT: usize = 20;
const UPDATES_A_SECOND: u32 = 50_000;
/// Updates handed over at once, as a page of the feed is.
const UPDATES_A_PAGE: u32 = 32;
const ROUNDS: usize = 5;
/// The share of the wanted rate that must be reached.
const LEAST_SHARE: f64 = 0.99;
/// The undisturbed p99 over the disturbed one, at least.
const LEAST_RATIO: f64 = 0.5;

/// Runs the bench.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let world = World::new(options.people(), Mood::Drawn);
    report::describe("updates", &world.describe());
    let live = LiveIndex::new();
    live.insert(world.index());
    let many = options.pick(3_000, 1_000);
    let asks: Vec<(Case, Policy)> = (0..many).map(|n| cases::case(&world, Set::Drawn, n)).collect();
    let mut movers = Movers::new(&live);
    // Rounds are taken in turns, so that whatever else the machine does disturbs both alike.
    let (mut still, mut moving, mut all) = (Vec::new(), Vec::new(), Load::default());
    ask_all(&live, &asks);
    for _ in 0..ROUNDS {
        still.push(ask_all(&live, &asks));
        all.add(movers.under_load(&live, || moving.push(ask_all(&live, &asks))));
    }
    report::line(&format!(
        "# {ROUNDS} rounds of {many} cases each, undisturbed and at {UPDATES_A_SECOND} updates/s, in \
         turns, on one thread each; p99 of the median round"
    ));
    let still = report_rounds("undisturbed", &mut still);
    let moving = report_rounds("moving", &mut moving);
    let ratio = |name: &str, value: f64, least: f64| {
        report::ratio(name, value, options.target(Target::AtLeast(least)));
    };
    ratio("updates.moving.p99-against-undisturbed", still / moving, LEAST_RATIO);
    report::value("updates.page.p50", micros(all.applied.p50()), "us", Target::None);
    report::value("updates.page.p99", micros(all.applied.p99()), "us", Target::None);
    let reached = f64::from(all.sent) / all.length.as_secs_f64();
    report::value("updates.reached", reached, "per second", Target::None);
    ratio("updates.reached-against-50000", reached / f64::from(UPDATES_A_SECOND), LEAST_SHARE);
    Ok(())
}

/// Prints p50 of all and p99 of the median round; returns the latter, in microseconds.
fn report_rounds(name: &str, rounds: &mut [Times]) -> f64 {
    let mut p99s: Vec<Duration> = rounds.iter_mut().map(Times::p99).collect();
    p99s.sort_unstable();
    let mut all = Times::default();
    rounds.iter_mut().for_each(|round| all.append(round));
    let p99 = micros(p99s[p99s.len() / 2]);
    report::value(&format!("updates.{name}.p50"), micros(all.p50()), "us", Target::None);
    report::value(&format!("updates.{name}.p99"), p99, "us", Target::None);
    p99
}

/// Asks for every case, each time taking the readers' lock.
fn ask_all(live: &LiveIndex, asks: &[(Case, Policy)]) -> Times {
    let mut times = Times::default();
    for (case, policy) in asks {
        let search = |index: &OrgIndex| {
            Query::new(index, case, policy, NOW, Disclosure::Exact).search(LIMIT)
        };
        let start = Instant::now();
        let found = live.with_org(organization(), search);
        times.push(start.elapsed());
        std::hint::black_box(found);
    }
    times
}

/// People who send positions, and where they last were.
struct Movers {
    people: Vec<(StaffId, Position)>,
    random: Random,
    /// Positions sent so far, which set the time of the next fix.
    sent: u32,
}

/// What rounds of updates came to.
#[derive(Default)]
struct Load {
    sent: u32,
    length: Duration,
    /// What applying each page took.
    applied: Times,
}

impl Load {
    fn add(&mut self, mut other: Self) {
        self.sent += other.sent;
        self.length += other.length;
        self.applied.append(&mut other.applied);
    }
}

impl Movers {
    fn new(live: &LiveIndex) -> Self {
        let located = |index: &OrgIndex| -> Vec<(StaffId, Position)> {
            let people = index.people().iter().filter(|person| person.is_active());
            people.filter_map(|person| Some((person.id(), person.ping()?.position))).collect()
        };
        let people = live.with_org(organization(), located).unwrap_or_default();
        Self { people, random: Random::new(SEED, 1 << 41), sent: 0 }
    }

    /// Runs `work` while another thread moves people.
    fn under_load(&mut self, live: &LiveIndex, work: impl FnOnce()) -> Load {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| self.keep_moving(live, &stop));
            work();
            stop.store(true, Ordering::Relaxed);
            writer.join().unwrap_or_default()
        })
    }

    fn keep_moving(&mut self, live: &LiveIndex, stop: &AtomicBool) -> Load {
        let (begin, mut load) = (Instant::now(), Load::default());
        while !stop.load(Ordering::Relaxed) {
            let due = begin.elapsed().as_secs_f64() * f64::from(UPDATES_A_SECOND);
            if f64::from(load.sent) > due {
                std::thread::sleep(Duration::from_micros(200));
                continue;
            }
            let page: Vec<Fact> = (0..UPDATES_A_PAGE).map(|_| self.step()).collect();
            let start = Instant::now();
            live.apply(&page, NOW);
            load.applied.push(start.elapsed());
            load.sent += UPDATES_A_PAGE;
        }
        load.length = begin.elapsed();
        load
    }

    /// Each moves up to 300 m at a time, which is 15 seconds' drive.
    fn step(&mut self) -> Fact {
        let at = usize::try_from(self.random.next() >> 1).unwrap_or(0) % self.people.len();
        let (staff, from) = self.people[at];
        let (lat, lng) = from.e7();
        let mut by = || i32::try_from(self.random.below(54_000)).unwrap_or(0) - 27_000;
        let position = Position::from_e7(lat + by(), lng + by()).unwrap_or(from);
        self.people[at].1 = position;
        self.sent += 1;
        Fact::Position(PositionFact {
            organization: organization(),
            staff,
            fix_at_ms: NOW * 1_000 + i64::from(self.sent) / 50,
            position,
            accuracy_m: Some(10.0),
            mock: false,
        })
    }
}
