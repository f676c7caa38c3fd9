//! Entries of the queue that always fail. The rest must go on, and an operator must be able to mend it.

use crate::{scene::Scene, settled::within};
use jiff::Timestamp;
use nearhand_domain::clock;
use nearhand_play::apps::Fix;
use nearhand_queue::{Queue, QueueConfig};
use sqlx::Connection;
use std::time::Duration;

/// The altitude that PostgreSQL is made to refuse.
const REFUSED_M: f64 = 8_848.5;
const REFUSE: &str = "ALTER TABLE pings ADD CONSTRAINT soak_poison \
    CHECK (altitude_m IS DISTINCT FROM 8848.5) NOT VALID";
const ALLOW: &str = "ALTER TABLE pings DROP CONSTRAINT soak_poison";
const LIMIT: Duration = Duration::from_secs(120);

/// One entry that PostgreSQL refuses, one that nobody can read. Both become dead letters while others
/// go on; once its cause is mended, the first is put back and stored.
pub(super) async fn poison(scene: &mut Scene) -> anyhow::Result<String> {
    let queue = open(scene).await?;
    let before = queue.dead_letters().count().await?;
    run_sql(scene, REFUSE).await?;
    let now = clock::now().as_millisecond();
    scene.poisoned.keep(Fix {
        at: Timestamp::from_millisecond(now)?,
        lat: 38.61,
        lng: -9.21,
        altitude_m: Some(REFUSED_M),
        key: Some(format!("poison-{now}")),
        ..Fix::default()
    });
    scene.poisoned.send_all(&scene.fleet).await;
    let mut redis = scene.stack.servers.redis().await?;
    let mut garbage = redis::cmd("XADD");
    garbage.arg("nh:pings:{0}:live").arg("*").arg("v").arg("2").arg("d").arg("no payload");
    garbage.exec_async(&mut redis).await?;
    scene.unreadable += 1;
    within(LIMIT, "both entries are dead letters", async || {
        (queue.dead_letters().count().await.ok()? >= before + 2).then_some(())
    })
    .await?;
    scene.fleet.progress(20, LIMIT).await?;
    run_sql(scene, ALLOW).await?;
    let said = scene.stack.run(&["dead-letters", "requeue", "--all"]).await?;
    Ok(format!("2 dead letters, {}", said.trim()))
}

async fn run_sql(scene: &Scene, sql: &'static str) -> anyhow::Result<()> {
    let mut db = scene.stack.servers.sql().await?;
    sqlx::query(sql).execute(&mut db).await?;
    Ok(db.close().await?)
}

/// The queue, to look at it.
pub(crate) async fn open(scene: &Scene) -> anyhow::Result<Queue> {
    Ok(Queue::connect(QueueConfig::new(scene.stack.servers.setting("NEARHAND_REDIS_URL")?)).await?)
}
