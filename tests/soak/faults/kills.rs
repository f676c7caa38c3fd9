//! Processes killed at random under load, and started again.

use crate::{
    scene::Scene,
    servers::Server,
    settled::within,
    stack::{APIS, Process},
};
use std::time::Duration;

/// Kills of the same process, one after another.
const MOST_KILLS: u32 = 3;
/// Until a server has been started again.
const BACK: Duration = Duration::from_secs(120);

/// A drawn pause, so that kills meet every phase of the work.
async fn pause(scene: &mut Scene) {
    let millis = scene.dice.whole(50, 1_200);
    tokio::time::sleep(Duration::from_millis(millis.into())).await;
}

/// Kills the worker a few times, some of them as soon as it has been started.
pub(super) async fn worker(scene: &mut Scene) -> anyhow::Result<String> {
    let kills = scene.dice.whole(1, MOST_KILLS);
    for _ in 0..kills {
        scene.stack.kill(Process::Worker).await?;
        pause(scene).await;
        scene.stack.spawn(Process::Worker)?;
        pause(scene).await;
    }
    Ok(format!("killed {kills} times"))
}

/// Kills one API or both.
pub(super) async fn api(scene: &mut Scene) -> anyhow::Result<String> {
    let first = if scene.dice.chance(0.5) { 0 } else { 1 };
    let killed = if scene.dice.chance(0.3) { APIS } else { 1 };
    for n in (first..APIS + first).take(killed) {
        scene.stack.kill(Process::Api(n % APIS)).await?;
    }
    pause(scene).await;
    scene.stack.start_all().await?;
    Ok(format!("{killed} of {APIS} killed"))
}

/// Kills a server a few times; its keeper starts it again.
pub(super) async fn server(scene: &mut Scene, server: Server) -> anyhow::Result<String> {
    let kills = scene.dice.whole(1, MOST_KILLS - 1);
    for _ in 0..kills {
        within(BACK, "the server is there to be killed", async || {
            scene.stack.servers.kill(server).then_some(())
        })
        .await?;
        pause(scene).await;
    }
    await_server(scene, server).await?;
    Ok(format!("killed {kills} times"))
}

/// Kills PostgreSQL and keeps it away. Known phones must be heard all the same.
pub(super) async fn postgres_away(scene: &mut Scene) -> anyhow::Result<String> {
    scene.stack.servers.keep_postgres_away(true)?;
    // What was under way when it was killed is over by half of the time.
    tokio::time::sleep(scene.sizes.outage / 2).await;
    let before = scene.fleet.totals.acknowledged();
    tokio::time::sleep(scene.sizes.outage / 2).await;
    let meanwhile = scene.fleet.totals.acknowledged() - before;
    scene.stack.servers.keep_postgres_away(false)?;
    await_server(scene, Server::Postgres).await?;
    let seconds = scene.sizes.outage.as_secs();
    anyhow::ensure!(meanwhile > 0, "no ping was acknowledged while PostgreSQL was away");
    Ok(format!("away {seconds} s, {meanwhile} acknowledged in its second half"))
}

/// Waits until a server answers.
pub(super) async fn await_server(scene: &Scene, server: Server) -> anyhow::Result<()> {
    let servers = &scene.stack.servers;
    within(BACK, "the server answers again", async || match server {
        Server::Postgres => servers.count("SELECT 1::bigint").await.map(drop),
        Server::Redis => {
            let mut redis = servers.redis().await.ok()?;
            ::redis::cmd("PING").query_async::<String>(&mut redis).await.ok().map(drop)
        }
    })
    .await
}
