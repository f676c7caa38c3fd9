//! `mixed`: phones that speak all formats over HTTP, one fix a request; peer: the same phones with our
//! own format, made by the same generator. In turns, so that what disturbs the machine disturbs both.

use crate::{
    Options,
    http::Connection,
    ingest::drained,
    phones::{Sender, shared_out},
    report::{self, Target},
    site::Site,
    world::{Mood, World},
};
use anyhow::ensure;
use nearhand_play::apps::App;
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

const PEOPLE: usize = 4_000;
/// The mixed rate is at least this share of the native one.
const TARGET: f64 = 0.85;
/// Turns of both.
const TURNS: usize = 4;

/// Runs the bench.
pub(crate) async fn run(options: &Options) -> anyhow::Result<()> {
    let people = options.pick(PEOPLE, PEOPLE / 4);
    let data = format!(
        "{people} phones that send one fix a request, a phone in eight each format; API and worker \
         as processes; generator, PostgreSQL and Redis on the same machine"
    );
    report::describe("mixed", &data);
    let site = Site::start(options, &World::new(people, Mood::Drawn)).await?;
    let measured = measure(options, &site).await;
    site.close().await?;
    measured
}

async fn measure(options: &Options, site: &Site) -> anyhow::Result<()> {
    let mut senders: Vec<Sender> =
        site.phones.iter().cloned().zip(0..).map(|(phone, n)| Sender::new(phone, n)).collect();
    let (length, queue) = (Duration::from_secs(options.pick(5, 1)), site.queue().await?);
    // The first turn only makes the tokens known.
    let (mut native, mut mixed) = (0, 0);
    for turn in 0..=2 * TURNS {
        let apps: &'static [App] = if turn % 2 == 1 { &[App::Native] } else { &App::ALL };
        let sent;
        (senders, sent) = send_all(site.address, senders, apps, length).await?;
        drained(&queue).await?;
        match (turn, apps.len()) {
            (0, _) => {}
            (_, 1) => native += sent,
            _ => mixed += sent,
        }
    }
    ensure!(native > 0, "nothing was acknowledged");
    let rate = |many: u32| {
        f64::from(many) / (length.as_secs_f64() * f64::from(u32::try_from(TURNS).unwrap_or(1)))
    };
    report::value("mixed.native", rate(native), "per second", Target::None);
    report::value("mixed.all-formats", rate(mixed), "per second", Target::None);
    let target = options.target(Target::AtLeast(TARGET));
    report::ratio("mixed.all-formats-against-native", rate(mixed) / rate(native), target);
    Ok(())
}

/// Lets all phones send for a while, each phone as one of these apps; how many were acknowledged.
async fn send_all(
    address: SocketAddr,
    senders: Vec<Sender>,
    apps: &'static [App],
    length: Duration,
) -> anyhow::Result<(Vec<Sender>, u32)> {
    let mut tasks = JoinSet::new();
    for mut part in shared_out(senders) {
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            let (mut sent, mut request, begin) = (0, Vec::new(), Instant::now());
            'all: loop {
                for (sender, app) in part.iter_mut().zip(apps.iter().cycle()) {
                    if begin.elapsed() >= length {
                        break 'all;
                    }
                    sender.report(&mut request, *app);
                    let answer = connection.call(&request).await?;
                    ensure!(matches!(answer.status, 200 | 503), "{app}: {}", answer.status);
                    sent += u32::from(answer.status == 200);
                }
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
    Ok((senders, sent))
}
