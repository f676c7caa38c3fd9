//! A Redis that stalls, is full, is emptied, or whose disk is full.

use super::kills::await_server;
use crate::{
    ledger::Totals,
    scene::Scene,
    servers::{Server, Servers},
    settled::within,
    stack::Process,
};
use anyhow::Context;
use nearhand_queue::{PingBatch, decode};
use nix::unistd::Pid;
use redis::aio::MultiplexedConnection;
use std::{
    fs, os::unix::fs::MetadataExt, path::Path, sync::atomic::Ordering::SeqCst, time::Duration,
};
use tokio::process::Command;

/// The streams that pings wait in, at the default prefix and number of partitions.
const LANES: [&str; 4] =
    ["nh:pings:{0}:live", "nh:pings:{0}:backlog", "nh:pings:{1}:live", "nh:pings:{1}:backlog"];
const DEAD_LETTERS: [&str; 2] = ["nh:pings:{0}:dead", "nh:pings:{1}:dead"];
/// How much the file may still grow before its disk is full.
const LEFT_BYTES: u64 = 8_192;
/// How long what waits may gather before a queue is emptied.
const GATHER: Duration = Duration::from_millis(1_500);

/// Redis answers nobody for a while.
pub(super) async fn stalled(scene: &mut Scene) -> anyhow::Result<String> {
    let before = scene.fleet.totals.repeated.load(SeqCst);
    let mut redis = scene.stack.servers.redis().await?;
    let millis = u64::try_from(scene.sizes.fault.as_millis())?;
    redis::cmd("CLIENT").arg("PAUSE").arg(millis).arg("ALL").exec_async(&mut redis).await?;
    tokio::time::sleep(scene.sizes.fault).await;
    await_server(scene, Server::Redis).await?;
    let many = repeated(&scene.fleet.totals, before);
    anyhow::ensure!(many > 0, "no request had to be repeated although Redis answered nobody");
    Ok(format!("for {millis} ms, {many} requests repeated"))
}

/// First the API refuses because the queue nears Redis' limit, and the worker drains it all the same;
/// then Redis itself refuses every write.
pub(super) async fn full(scene: &mut Scene) -> anyhow::Result<String> {
    let before = scene.fleet.totals.repeated.load(SeqCst);
    let mut redis = scene.stack.servers.redis().await?;
    scene.stack.freeze(Process::Worker, true)?;
    let near = used_memory(&mut redis).await?;
    // Three quarters of this are in use already: from there on the API takes nothing.
    set_limit(&mut redis, near + near / 4).await?;
    tokio::time::sleep(scene.sizes.fault / 2).await;
    let refused_near = repeated(&scene.fleet.totals, before);
    scene.stack.freeze(Process::Worker, false)?;
    tokio::time::sleep(scene.sizes.fault / 2).await;
    let used = used_memory(&mut redis).await?;
    set_limit(&mut redis, used.saturating_sub(65_536)).await?;
    tokio::time::sleep(scene.sizes.fault / 2).await;
    set_limit(&mut redis, 0).await?;
    let refused = repeated(&scene.fleet.totals, before);
    anyhow::ensure!(refused_near > 0, "nothing was refused although Redis was nearly full");
    anyhow::ensure!(refused > refused_near, "nothing was refused although Redis was full");
    Ok(format!("{refused_near} requests repeated near the limit, {refused} in all"))
}

async fn used_memory(redis: &mut MultiplexedConnection) -> anyhow::Result<u64> {
    let info: String = redis::cmd("INFO").arg("memory").query_async(redis).await?;
    let line = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
    Ok(line.context("INFO without used_memory")?.trim().parse()?)
}

async fn set_limit(redis: &mut MultiplexedConnection, bytes: u64) -> anyhow::Result<()> {
    let mut call = redis::cmd("CONFIG");
    call.arg("SET").arg("maxmemory").arg(bytes);
    Ok(call.exec_async(redis).await?)
}

/// Empties Redis while something waits in it, and notes what that was. Dead letters go, too.
pub(super) async fn emptied(scene: &mut Scene) -> anyhow::Result<String> {
    let mut redis = scene.stack.servers.redis().await?;
    // What waits in flight counts, too: it is deleted from its stream only when it is stored.
    scene.stack.freeze(Process::Worker, true)?;
    tokio::time::sleep(GATHER).await;
    let mut pipe = redis::pipe();
    pipe.atomic();
    for stream in LANES.iter().chain(&DEAD_LETTERS) {
        pipe.cmd("XRANGE").arg(stream).arg("-").arg("+");
    }
    pipe.cmd("FLUSHALL").ignore();
    let waiting: Vec<Vec<Waiting>> = pipe.query_async(&mut redis).await?;
    let mut many = 0;
    for (_, fields) in waiting.into_iter().flatten() {
        for batch in batches(&fields) {
            many += batch.pings.len();
            let device = batch.device.0;
            let identities = batch.pings.iter().map(|ping| (device, ping.fix_at_ms, ping.key));
            scene.emptied.extend(identities);
        }
    }
    scene.unreadable = 0;
    scene.stack.freeze(Process::Worker, false)?;
    Ok(format!("{many} fixes waited"))
}

/// An entry's id, and its fields with their values.
type Waiting = (String, Vec<Vec<u8>>);

/// The batches of an entry; none of one that nobody can read.
fn batches(fields: &[Vec<u8>]) -> Vec<PingBatch> {
    let field = |name: &[u8]| {
        let at = fields.iter().step_by(2).position(|field| field == name)?;
        fields.get(2 * at + 1)
    };
    let payload = field(b"v").zip(field(b"d"));
    payload.and_then(|(version, data)| decode(version, data).ok()).unwrap_or_default()
}

/// Whatever Redis writes beyond a limit ends it; it is started again and limited again.
pub(super) async fn disk_full(scene: &mut Scene) -> anyhow::Result<String> {
    let begun = std::time::Instant::now();
    let (mut limited, mut deaths) = (None, 0_u32);
    while begun.elapsed() < scene.sizes.fault * 2 {
        let pid = scene.stack.servers.pid(Server::Redis);
        // It may be started again only after all this: the supervisor waits longer each time.
        if limited.is_some() && pid != limited {
            deaths += 1;
            limited = None;
        }
        if limited.is_none()
            && let Some(pid) = pid
            && limit_files(&scene.stack.servers, pid).await
        {
            limited = Some(pid);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let was_limited = deaths > 0 || limited.is_some();
    anyhow::ensure!(was_limited, "Redis could not be limited; is prlimit installed?");
    anyhow::ensure!(deaths > 0, "Redis wrote less than its limit in all the time");
    if let Some(limited) = limited
        && scene.stack.servers.pid(Server::Redis) == Some(limited)
    {
        // It may have died in this instant.
        prlimit(limited, "unlimited").await;
    }
    await_server(scene, Server::Redis).await?;
    within(Duration::from_secs(60), "Redis writes again", async || {
        let mut redis = scene.stack.servers.redis().await.ok()?;
        let mut call = redis::cmd("SET");
        call.arg("soak").arg(1).exec_async(&mut redis).await.ok()
    })
    .await?;
    Ok(format!("Redis ended {deaths} times"))
}

/// Leaves the process a few bytes; false if it has ended meanwhile.
async fn limit_files(servers: &Servers, pid: Pid) -> bool {
    let largest = largest_file(&servers.redis_folder().join("appendonlydir"));
    prlimit(pid, &(largest + LEFT_BYTES).to_string()).await
}

/// Sets how large files may become, as the process' own user, who alone may do that in a container;
/// softly, so that it can be lifted.
async fn prlimit(pid: Pid, bytes: &str) -> bool {
    let Ok(owner) = fs::metadata(format!("/proc/{pid}")) else { return false };
    let mut command = Command::new("prlimit");
    command.uid(owner.uid()).gid(owner.gid());
    command.arg("--pid").arg(pid.to_string()).arg(format!("--fsize={bytes}:"));
    command.stderr(std::process::Stdio::null());
    command.status().await.is_ok_and(|status| status.success())
}

fn largest_file(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some(entry.metadata().ok()?.len())).max().unwrap_or(0)
}

fn repeated(totals: &Totals, before: u64) -> u64 {
    totals.repeated.load(SeqCst) - before
}
