//! `memory`: what the live index of everybody takes in memory.

use crate::{
    Options,
    report::{self, Target},
    world::{Mood, World},
};
use anyhow::Context;

const LIMIT_MB: f64 = 800.0;
const MB: f64 = 1e6;

/// Runs the bench.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let world = World::new(options.people(), Mood::Drawn);
    report::describe("memory", &world.describe());
    let before = status("VmRSS")?;
    let index = world.index();
    let after = status("VmRSS")?;
    report::line(&format!(
        "# {} places in {} leaves; the process peaked at {:.0} MB while loading",
        index.tree().len(),
        index.tree().leaves(),
        status("VmHWM")? / MB,
    ));
    let limit = options.target(Target::AtMost(LIMIT_MB));
    report::value("memory.resident", (after - before) / MB, "MB", limit);
    let counted = u32::try_from(index.approximate_bytes() / 1_000).map_or(f64::NAN, f64::from);
    report::value("memory.counted-by-the-index", counted / 1e3, "MB", Target::None);
    Ok(())
}

/// A size of this process in bytes.
fn status(field: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("needs Linux")?;
    let line = status.lines().find(|line| line.starts_with(field)).context("no such field")?;
    let kib: f64 = line.split_whitespace().nth(1).context("no number")?.parse()?;
    Ok(kib * 1_024.0)
}
