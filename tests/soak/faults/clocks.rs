//! Clocks that are off: those of the servers by `faketime`, those of phones by what they report.

use crate::scene::Scene;
use anyhow::{Context, ensure};
use nearhand_domain::clock;
use std::{
    fs,
    path::PathBuf,
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// How far phones are off: flagged, refused, old, older than a day.
const SKEWS_MS: [i64; 4] = [10 * MINUTE_MS, 30 * HOUR_MS, -3 * HOUR_MS, -48 * HOUR_MS];
/// How long an answer may take until its clock is read.
const MOST_OFF_S: i64 = 30;
/// Until as many pings as there are phones are acknowledged by the clock that is off.
const RECOVERED: Duration = Duration::from_secs(120);
/// Of so many phones one is off.
const ONE_IN: usize = 5;

/// API and worker run with a clock that is off by two minutes, then by two days, either way.
pub(super) async fn server(scene: &mut Scene) -> anyhow::Result<String> {
    let Some(library) = faketime() else {
        return Ok("left out: faketime is not installed".to_owned());
    };
    let mut said = Vec::new();
    for magnitude_s in [120, 172_800] {
        let offset_s: i64 = if scene.dice.chance(0.5) { magnitude_s } else { -magnitude_s };
        let clock = vec![
            ("LD_PRELOAD", library.display().to_string()),
            ("FAKETIME", format!("{offset_s:+}")),
            // Pauses and deadlines go on as ever.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
        ];
        set(scene, clock, offset_s * 1_000).await?;
        show_the_hour(scene, offset_s).await?;
        tokio::time::sleep(scene.sizes.fault).await;
        scene.fleet.progress(scene.sizes.phones as u64, RECOVERED).await?;
        said.push(format!("{offset_s:+} s"));
    }
    set(scene, Vec::new(), 0).await?;
    Ok(format!("off by {}", said.join(", ")))
}

/// Starts all processes anew with this clock. Until they run, either clock may judge.
async fn set(
    scene: &mut Scene,
    clock: Vec<(&'static str, String)>,
    offset_ms: i64,
) -> anyhow::Result<()> {
    scene.fleet.clock.may_be(offset_ms);
    scene.stack.restart_with_clock(clock).await?;
    scene.fleet.clock.is(offset_ms);
    Ok(())
}

/// Fails unless each API's clock is off as wanted, by the `date` of its answers.
async fn show_the_hour(scene: &Scene, offset_s: i64) -> anyhow::Result<()> {
    for url in &scene.fleet.urls {
        let answer = scene.fleet.http.get(format!("{url}/healthz")).send().await?;
        let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
        let date = date.context("an answer without a date")?;
        let at = jiff::fmt::rfc2822::parse(date)?.timestamp().as_second();
        let off_s = at - clock::now().as_second();
        let is_wanted = (off_s - offset_s).abs() <= MOST_OFF_S;
        ensure!(is_wanted, "an API's clock is off by {off_s} s in place of {offset_s} s");
    }
    Ok(())
}

/// The library that the package `faketime` brings.
fn faketime() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?.flatten();
    folders
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.exists())
}

/// The clocks of some phones are off for a while.
pub(super) async fn phones(scene: &mut Scene) -> anyhow::Result<String> {
    let logs = scene.fleet.logs();
    let chosen: Vec<_> = logs.iter().step_by(ONE_IN).map(Arc::clone).collect();
    for (log, skew_ms) in chosen.iter().zip(SKEWS_MS.iter().cycle()) {
        log.skew_ms.store(*skew_ms, SeqCst);
    }
    tokio::time::sleep(scene.sizes.fault.max(scene.sizes.every * 2)).await;
    chosen.iter().for_each(|log| log.skew_ms.store(0, SeqCst));
    Ok(format!("{} phones off by +10 min, +30 h, -3 h, -48 h", chosen.len()))
}
