//! `latency`: how soon an acknowledged ping is committed and seen by a recommendation, at steady
//! rates, with recommendations being asked for all the while.

use crate::{
    Options,
    http::{self, Connection},
    open_cases,
    phones::{CONNECTIONS, Pace, Sender, send_all, shared_out},
    report::{self, Target, Times, millis},
    site::Site,
    world::{Mood, World},
};
use anyhow::{Context, ensure};
use nearhand_domain::Position;
use serde_json::{Value, json};
use sqlx::PgConnection;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{task::JoinSet, time::sleep_until};

const PEOPLE: usize = 100_000;
/// Phones that send; each sends every two seconds at 5,000 pings a second.
const PHONES: usize = 10_000;
pub(crate) const CASES: usize = 400;
const RECOMMENDERS: usize = 8;
const RECOMMENDATIONS_A_SECOND: u32 = 200;
/// Phones whose pings are watched; they send nothing else.
const WATCHED: usize = 2;
/// How long a watched ping is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// A steady rate of pings, and what it is held to.
struct Rate {
    name: &'static str,
    pings_a_second: u32,
    committed: f64,
    /// Whether visibility and recommendations are held to their limits here.
    bound: bool,
}

const RATES: [Rate; 2] = [
    Rate { name: "5000-pings-per-second", pings_a_second: 5_000, committed: 50.0, bound: true },
    Rate { name: "20000-pings-per-second", pings_a_second: 20_000, committed: 100.0, bound: false },
];

/// Runs the bench.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let people = options.pick(PEOPLE, PEOPLE / 10);
    let world = World::new(people, Mood::Drawn);
    let data = format!(
        "{}, {PHONES} phones at most; API and worker as processes with authentication, tracing and metrics; generator, \
         PostgreSQL (default durability) and Redis (appendfsync always) on the same machine; {} \
         recommendations a second all the while",
        world.describe(),
        RECOMMENDATIONS_A_SECOND,
    );
    report::describe("latency", &data);
    let site = Site::start(options, &world).await?;
    let measured = measure(options, &site, &world).await;
    site.close().await?;
    measured
}

async fn measure(options: &Options, site: &Site, world: &World) -> anyhow::Result<()> {
    let (mut watched, mut senders) = (Vec::new(), Vec::new());
    for (mut phone, n) in site.phones.iter().cloned().zip(0_u32..) {
        if phone.always && watched.len() < WATCHED {
            // Far from everybody else, so that nobody is nearer to where it is.
            phone.at = Position::new(-48.0, -120.0 + f64::from(n)).unwrap_or(phone.at);
            watched.push(Sender::new(phone, u64::from(n)));
        } else if senders.len() < PHONES {
            senders.push(Sender::new(phone, u64::from(n)));
        }
    }
    // Every phone once, so that its token is known.
    (senders, _) = send_all(site.address, senders, 1, Pace::Once).await?;
    let length = Duration::from_secs(options.pick(20, 6));
    let asks = open_cases::drawn_asks(site, world, CASES).await?;
    for rate in &RATES {
        let (asks, admin) = (asks.clone(), site.admin.clone());
        let mut look = site.look().await?;
        let sending = send_steadily(site.address, senders, rate.pings_a_second, length);
        let asking = recommend_steadily(site.address, admin, asks, length);
        let (for_commit, for_view) = watched.split_at_mut(1);
        let commits = watch_commits(site, &mut for_commit[0], &mut look, length);
        let views = watch_views(site, &mut for_view[0], length);
        let (sent, asked, commits, views) = tokio::join!(sending, asking, commits, views);
        let (back, reached) = sent?;
        senders = back;
        report_rate(options, rate, reached, [commits?, views?, asked?]);
    }
    Ok(())
}

fn report_rate(options: &Options, rate: &Rate, reached: f64, times: [Times; 3]) {
    let name = rate.name;
    report::line(&format!(
        "# {name}: {reached:.0} pings/s were acknowledged; {} pings watched to the commit, {} to a \
         recommendation (both from the acknowledgement on), {} recommendations",
        times[0].len(),
        times[1].len(),
        times[2].len(),
    ));
    let bound = |limit: f64| if rate.bound { Target::AtMost(limit) } else { Target::None };
    let limits = [Target::AtMost(rate.committed), bound(100.0), bound(5.0)];
    let words = ["committed", "visible", "recommendation"];
    for ((mut times, limit), word) in times.into_iter().zip(limits).zip(words) {
        report::value(
            &format!("latency.{name}.{word}.p50"),
            millis(times.p50()),
            "ms",
            Target::None,
        );
        let p99 = millis(times.p99());
        report::value(&format!("latency.{name}.{word}.p99"), p99, "ms", options.target(limit));
    }
}

/// The instants of a steady rate, shared out over several tasks.
struct Beat {
    next: tokio::time::Instant,
    every: Duration,
}

impl Beat {
    fn new(task: usize, tasks: usize, a_second: u32) -> Self {
        let share = u32::try_from(tasks).unwrap_or(1);
        let every = Duration::from_secs(1) * share / a_second;
        let offset = every * u32::try_from(task).unwrap_or(0) / share;
        Self { next: tokio::time::Instant::now() + offset, every }
    }

    /// Waits for the next instant; when it was due, if that is past, else now.
    async fn tick(&mut self) -> Instant {
        let due = self.next;
        self.next += self.every;
        if tokio::time::Instant::now() < due {
            sleep_until(due).await;
            return Instant::now();
        }
        due.into_std()
    }
}

/// Single pings at a steady rate; the rate of acknowledgements reached.
async fn send_steadily(
    address: SocketAddr,
    senders: Vec<Sender>,
    a_second: u32,
    length: Duration,
) -> anyhow::Result<(Vec<Sender>, f64)> {
    let (begin, mut tasks) = (Instant::now(), JoinSet::new());
    for (task, mut part) in shared_out(senders).into_iter().enumerate() {
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut beat = Beat::new(task, CONNECTIONS, a_second);
            let (mut request, mut sent) = (Vec::new(), 0_u32);
            while begin.elapsed() < length {
                beat.tick().await;
                let at = sent as usize % part.len();
                part[at].request(&mut request, 1);
                let answer = connection.call(&request).await?;
                ensure!(answer.status == 200, "{}", String::from_utf8_lossy(answer.body));
                sent += 1;
            }
            anyhow::Ok((part, sent))
        });
    }
    let (mut senders, mut sent) = (Vec::new(), 0);
    while let Some(done) = tasks.join_next().await {
        let (mut part, many) = done??;
        senders.append(&mut part);
        sent += many;
    }
    Ok((senders, f64::from(sent) / begin.elapsed().as_secs_f64()))
}

async fn recommend_steadily(
    address: SocketAddr,
    admin: String,
    asks: Vec<String>,
    length: Duration,
) -> anyhow::Result<Times> {
    let (begin, mut tasks) = (Instant::now(), JoinSet::new());
    for task in 0..RECOMMENDERS {
        let (admin, asks) = (admin.clone(), asks.clone());
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let mut beat = Beat::new(task, RECOMMENDERS, RECOMMENDATIONS_A_SECOND);
            let (mut request, mut times) = (Vec::new(), Times::default());
            for body in asks.iter().cycle().skip(task * asks.len() / RECOMMENDERS) {
                if begin.elapsed() >= length {
                    break;
                }
                http::request(&mut request, "POST", "/v1/recommendations", &admin, body);
                let due = beat.tick().await;
                let answer = connection.call(&request).await?;
                times.push(due.elapsed());
                ensure!(answer.status == 200, "{}", String::from_utf8_lossy(answer.body));
            }
            anyhow::Ok(times)
        });
    }
    let mut all = Times::default();
    while let Some(done) = tasks.join_next().await {
        all.append(&mut done??);
    }
    Ok(all)
}

/// From the acknowledgement of a ping until a reader sees its row.
async fn watch_commits(
    site: &Site,
    sender: &mut Sender,
    look: &mut PgConnection,
    length: Duration,
) -> anyhow::Result<Times> {
    let mut connection = Connection::open(site.address).await?;
    let (begin, mut times, mut request) = (Instant::now(), Times::default(), Vec::new());
    while begin.elapsed() < length {
        let fix_at_ms = sender.request(&mut request, 1);
        let answer = connection.call(&request).await?;
        let acknowledged = Instant::now();
        ensure!(answer.status == 200, "{}", String::from_utf8_lossy(answer.body));
        loop {
            let seen: Option<i64> = sqlx::query_scalar(
                "SELECT (extract(epoch FROM fix_at) * 1000)::bigint FROM positions \
                 WHERE organization_id = $1 AND staff_id = $2",
            )
            .bind(site.organization.0)
            .bind(sender.phone().staff.0)
            .fetch_optional(&mut *look)
            .await?;
            if seen == Some(fix_at_ms) {
                times.push(acknowledged.elapsed());
                break;
            }
            ensure!(acknowledged.elapsed() < PATIENCE, "an acknowledged ping was not committed");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    Ok(times)
}

/// From the acknowledgement of a ping until a recommendation at its place shows it.
async fn watch_views(site: &Site, sender: &mut Sender, length: Duration) -> anyhow::Result<Times> {
    let mut connection = Connection::open(site.address).await?;
    let (begin, mut times, mut request) = (Instant::now(), Times::default(), Vec::new());
    let staff = sender.phone().staff.to_string();
    while begin.elapsed() < length {
        sender.request(&mut request, 1);
        let answer = connection.call(&request).await?;
        let acknowledged = Instant::now();
        ensure!(answer.status == 200, "{}", String::from_utf8_lossy(answer.body));
        let at = sender.phone().at;
        let place = json!({ "position": { "lat": at.lat(), "lng": at.lng() } });
        let body = json!({ "place": place, "limit": 50, "store": false }).to_string();
        loop {
            http::request(&mut request, "POST", "/v1/recommendations", &site.admin, &body);
            let reply = connection.call(&request).await?.json()?;
            if shows(&reply, &staff, (at.lat(), at.lng())).context("an answer of another form")? {
                times.push(acknowledged.elapsed());
                break;
            }
            ensure!(acknowledged.elapsed() < PATIENCE, "an acknowledged ping was not seen");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(times)
}

/// Whether a recommendation lists somebody at a place.
fn shows(reply: &Value, staff: &str, (lat, lng): (f64, f64)) -> Option<bool> {
    let candidates = reply.pointer("/result/candidates")?.as_array()?;
    let found = candidates.iter().find(|candidate| candidate["staff_id"] == staff);
    let at = found.and_then(|candidate| candidate.pointer("/location/position"));
    let close = |name: &str, wanted: f64| {
        let number = at.and_then(|at| at[name].as_f64());
        number.is_some_and(|number| (number - wanted).abs() < 1e-9)
    };
    Some(close("lat", lat) && close("lng", lng))
}
