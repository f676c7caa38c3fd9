//! `nearest`: the filtered 20 nearest, undisturbed and while positions stream in, against PostGIS.

use crate::{
    Options,
    peer::{Peer, language_number, skill_number},
    random::Random,
    report::{self, Target, Times, micros},
    world::{Mood, NOW, SEED, World, organization},
};
use anyhow::{Context, ensure};
use nearhand_domain::{
    Position, StaffId,
    facts::{Fact, PositionFact},
    preference::LanguageLevel,
};
use nearhand_index::{Filter, LiveIndex, Near, OrgIndex};
use sqlx::{AssertSqlSafe, Executor, PgPool, Row};
use std::{
    fmt::Write,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

const K: usize = 20;
const UPDATES_A_SECOND: u32 = 50_000;
const LIMIT_MICROS: f64 = 30.0;
const ROUNDS: usize = 5;
/// The longest that two computations of one great-circle distance may differ, in kilometres.
const SAME_KM: f64 = 1e-5;

/// A filter and how many people pass it.
struct Asked {
    name: &'static str,
    skills: &'static [(&'static str, u8)],
    languages: &'static [(&'static str, LanguageLevel)],
    /// Ours under the limit?
    bound: bool,
    /// How many times better than the peer at least.
    ratio: Target,
}

/// One skill of the wanted rarity; and, as a harder set without target, conjunctions of common
/// abilities, which no summary of a group of people can tell.
const ASKED: [Asked; 7] = {
    const PLAIN: Asked =
        Asked { name: "", skills: &[], languages: &[], bound: true, ratio: Target::None };
    const MIXED: Asked = Asked { bound: false, ..PLAIN };
    const BEST: &[(&str, u8)] = &[("camera", 5), ("driving", 5), ("spanish_interview", 5)];
    [
        Asked { name: "100%", ..PLAIN },
        Asked { name: "10%", skills: &[("drone", 2)], ratio: Target::AtLeast(30.0), ..PLAIN },
        Asked { name: "1%", skills: &[("diving", 2)], ..PLAIN },
        Asked { name: "0.1%", skills: &[("blasting", 2)], ratio: Target::AtLeast(300.0), ..PLAIN },
        Asked {
            name: "mixed-10%",
            skills: &[("camera", 5)],
            languages: &[("es", LanguageLevel::A2)],
            ..MIXED
        },
        Asked { name: "mixed-1%", skills: BEST, ..MIXED },
        Asked {
            name: "mixed-0.1%",
            skills: BEST,
            languages: &[("es", LanguageLevel::B2), ("zh", LanguageLevel::B2)],
            ..MIXED
        },
    ]
};

impl Asked {
    fn filter(&self) -> Filter {
        Filter {
            skills: self.skills.iter().map(|&(skill, level)| (skill.into(), level)).collect(),
            languages: self.languages.iter().map(|&(tag, level)| (tag.into(), level)).collect(),
            ..Filter::default()
        }
    }

    /// The same as numbers an array must contain.
    fn numbers(&self) -> Vec<u32> {
        let skills = self.skills.iter().filter_map(|(skill, level)| skill_number(skill, *level));
        let tags = self.languages.iter().filter_map(|(tag, level)| language_number(tag, *level));
        skills.chain(tags).collect()
    }
}

/// Runs the bench.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let world = World::new(options.people(), Mood::Drawn);
    report::describe("nearest", &world.describe());
    let index = world.index();
    let points = points(&world, options.pick(20_000, 5_000));
    let asked = &points[..options.pick(220, 66)];
    let mut peers = Vec::new();
    match &options.database_url {
        Some(url) => peers = measure_peer(url, &world, &index, asked).await?,
        None => report::line("# no PostGIS given: run under `nearhand servers --ephemeral -- …`"),
    }
    let live = LiveIndex::new();
    live.insert(index);
    let mut still = ask_everything(&live, &points);
    let mut moving = Vec::new();
    let reached = under_load(&world, &live, || moving = ask_everything(&live, &points));
    report::line(&format!(
        "# ours: {ROUNDS} rounds of {} questions each, at {UPDATES_A_SECOND} updates/s and \
         undisturbed; p99 of the median round (of the worst round in brackets)",
        points.len() / ROUNDS
    ));
    let moving = report_ours(options, ".moving", &mut moving, Some(LIMIT_MICROS));
    let still = report_ours(options, ".undisturbed", &mut still, None);
    if !peers.is_empty() {
        report_peers(options, (&still, &moving), &mut peers);
    }
    report::value(
        "nearest.updates",
        reached,
        "per second",
        options.target(Target::AtLeast(49_500.0)),
    );
    Ok(())
}

/// Returns p99s.
fn report_ours(options: &Options, name: &str, ours: &mut [Rounds], limit: Option<f64>) -> Vec<f64> {
    let mut p99s = Vec::new();
    for (asked, rounds) in ASKED.iter().zip(ours) {
        let (p50, p99, worst) = rounds.summary();
        let name = format!("nearest.{}{name}", asked.name);
        report::line(&format!("# {name}: p50 {p50:.1} µs, p99 {p99:.1} ({worst:.1}) µs"));
        let limit = limit.filter(|_| asked.bound).map_or(Target::None, Target::AtMost);
        report::value(&format!("{name}.p50"), p50, "us", Target::None);
        report::value(&format!("{name}.p99"), p99, "us", options.target(limit));
        p99s.push(p99);
    }
    p99s
}

/// Like is held against like, so targets hold without updates, and against the better way of the
/// two; ratios while people move are reported.
fn report_peers(options: &Options, (still, moving): (&[f64], &[f64]), peers: &mut [Vec<Times>]) {
    report::line(
        "# PostGIS <-> on geography, warmed, undisturbed by updates, as owner without row-level \
         security; `postgis`: GiST on places with the filter afterwards, or GIN on abilities and a \
         sort, as the planner chooses; `postgis-one-tree`: one GiST over places and abilities \
         (intarray); every distance equal to ours",
    );
    for (at, asked) in ASKED.iter().enumerate() {
        let theirs: Vec<f64> = peers.iter_mut().map(|way| micros(way[at].p99())).collect();
        let least = theirs.iter().copied().fold(f64::INFINITY, f64::min);
        for ((way, _), theirs) in WAYS.iter().zip(theirs) {
            let name = format!("nearest.{}.{way}", asked.name);
            report::value(&format!("{name}.p99"), theirs, "us", Target::None);
            let target = if theirs > least { Target::None } else { asked.ratio };
            let ratio = |state: &str, ours: f64, target| {
                let name = format!("nearest.{}{state}.p99-against-{way}", asked.name);
                report::ratio(&name, theirs / ours, target);
            };
            ratio(".undisturbed", still[at], options.target(target));
            ratio(".moving", moving[at], Target::None);
        }
    }
}

/// Times of the same questions, round by round.
#[derive(Default)]
struct Rounds(Vec<Times>);

impl Rounds {
    /// p50, p99 of the median round, and p99 of the worst, in microseconds.
    fn summary(&mut self) -> (f64, f64, f64) {
        let mut p99s: Vec<Duration> = self.0.iter_mut().map(Times::p99).collect();
        p99s.sort_unstable();
        let mut all = Times::default();
        self.0.iter_mut().for_each(|round| all.append(round));
        let (median, worst) = (p99s[p99s.len() / 2], p99s[p99s.len() - 1]);
        (micros(all.p50()), micros(median), micros(worst))
    }
}

fn points(world: &World, many: usize) -> Vec<Position> {
    let mut random = Random::new(SEED, 1 << 40);
    (0..many)
        .map(|_| {
            let n = usize::try_from(random.next() >> 1).unwrap_or(0) % world.people;
            world.near(&mut random, world.city_of(n))
        })
        .collect()
}

/// Every filter's rounds, taken in turns.
fn ask_everything(live: &LiveIndex, points: &[Position]) -> Vec<Rounds> {
    let mut rounds: Vec<Rounds> = ASKED.iter().map(|_| Rounds::default()).collect();
    for round in points.chunks(points.len() / ROUNDS) {
        for (asked, times) in ASKED.iter().zip(&mut rounds) {
            times.0.push(ask_all(live, &asked.filter(), round));
        }
    }
    rounds
}

fn ask_all(live: &LiveIndex, filter: &Filter, points: &[Position]) -> Times {
    let mut times = Times::default();
    for &point in points {
        let start = Instant::now();
        let near = live.with_org(organization(), |index| index.nearest(point, filter, K, NOW));
        times.push(start.elapsed());
        std::hint::black_box(near);
    }
    times
}

/// Runs `work` while another thread moves people; how many moves a second were applied.
fn under_load(world: &World, live: &LiveIndex, work: impl FnOnce()) -> f64 {
    let movers = Movers::new(world, live);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| movers.keep_moving(live, &stop));
        work();
        stop.store(true, Ordering::Relaxed);
        writer.join().unwrap_or(0.0)
    })
}

/// People who send positions, and where they last were.
struct Movers {
    people: Vec<(StaffId, Position)>,
    random: Random,
}

impl Movers {
    fn new(world: &World, live: &LiveIndex) -> Self {
        let located = |index: &OrgIndex| -> Vec<(StaffId, Position)> {
            let people = index.people().iter().filter(|person| person.is_active());
            people.filter_map(|person| Some((person.id(), person.ping()?.position))).collect()
        };
        let people = live.with_org(organization(), located).unwrap_or_default();
        Self { people, random: Random::new(SEED, (1 << 41) + world.people as u64) }
    }

    /// Each moves up to 300 m at a time, which is 15 seconds' drive.
    fn step(&mut self, fix_at_ms: i64) -> Fact {
        let at = usize::try_from(self.random.next() >> 1).unwrap_or(0) % self.people.len();
        let (staff, from) = self.people[at];
        let (lat, lng) = from.e7();
        let mut by = || i32::try_from(self.random.below(54_000)).unwrap_or(0) - 27_000;
        let position = Position::from_e7(lat + by(), lng + by()).unwrap_or(from);
        self.people[at].1 = position;
        Fact::Position(PositionFact {
            organization: organization(),
            staff,
            fix_at_ms,
            position,
            accuracy_m: Some(10.0),
            mock: false,
        })
    }

    fn keep_moving(mut self, live: &LiveIndex, stop: &AtomicBool) -> f64 {
        let (begin, mut sent) = (Instant::now(), 0_u32);
        while !stop.load(Ordering::Relaxed) {
            let due = begin.elapsed().as_secs_f64() * f64::from(UPDATES_A_SECOND);
            if f64::from(sent) > due {
                std::thread::sleep(Duration::from_micros(200));
                continue;
            }
            let fix_at_ms = NOW * 1_000 + i64::from(sent) / 50;
            let facts: Vec<Fact> = (0..32).map(|_| self.step(fix_at_ms)).collect();
            live.apply(&facts, NOW);
            sent += 32;
        }
        f64::from(sent) / begin.elapsed().as_secs_f64()
    }
}

/// Ways for the peer to find an index, as names and as indexes to do without.
const WAYS: [(&str, &str); 2] =
    [("postgis", "people_both"), ("postgis-one-tree", "people_shown, people_abilities")];

/// The peer's times for every way and filter; its answers must be ours.
async fn measure_peer(
    url: &str,
    world: &World,
    index: &OrgIndex,
    points: &[Position],
) -> anyhow::Result<Vec<Vec<Times>>> {
    let peer = Peer::new(url).await?;
    let measured = async {
        peer.load(world, index).await?;
        let mut ways = Vec::new();
        for (_, without) in WAYS {
            let mut all = Vec::new();
            for asked in &ASKED {
                all.push(measure_filter(peer.pool(), without, asked, index, points).await?);
            }
            ways.push(all);
        }
        anyhow::Ok(ways)
    }
    .await;
    peer.close().await?;
    measured
}

/// In a transaction that drops indexes, to be rolled back.
async fn measure_filter(
    pool: &PgPool,
    without: &str,
    asked: &Asked,
    index: &OrgIndex,
    points: &[Position],
) -> anyhow::Result<Times> {
    let mut sql =
        String::from("SELECT id, shown <-> $1::geography AS metres FROM people WHERE active");
    let numbers = asked.numbers();
    if !numbers.is_empty() {
        let list: Vec<String> = numbers.iter().map(u32::to_string).collect();
        write!(sql, " AND abilities @> '{{{}}}'", list.join(","))?;
    }
    write!(sql, " ORDER BY shown <-> $1::geography LIMIT {K}")?;
    let mut transaction = pool.begin().await?;
    transaction.execute(AssertSqlSafe(format!("DROP INDEX {without}"))).await?;
    let mut times = Times::default();
    let warming = points.len() / 11;
    for (n, &point) in points.iter().enumerate() {
        let (x, y) = point.xy();
        let place = format!("SRID=4326;POINT({x} {y})");
        let start = Instant::now();
        let rows = sqlx::query(AssertSqlSafe(sql.clone()))
            .bind(place)
            .fetch_all(&mut *transaction)
            .await?;
        if n >= warming {
            times.push(start.elapsed());
        }
        let near = index.nearest(point, &asked.filter(), K, NOW);
        ensure!(near.len() == rows.len(), "{}: {} against {}", asked.name, near.len(), rows.len());
        for (ours, theirs) in near.iter().zip(&rows) {
            check(ours, theirs.try_get("metres")?).context(asked.name)?;
        }
    }
    transaction.rollback().await?;
    Ok(times)
}

fn check(ours: &Near, theirs_m: f64) -> anyhow::Result<()> {
    let theirs = theirs_m / 1_000.0;
    let off = (ours.km - theirs).abs();
    ensure!(off <= SAME_KM + ours.km * 1e-8, "{} km against {theirs} km", ours.km);
    Ok(())
}
