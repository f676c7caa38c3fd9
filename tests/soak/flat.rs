//! A run without faults: finds the peak rate by a short ramp, then sends half of it for long. Memory and
//! delay must stay flat.

use crate::plan::Options;

/// Runs it; true when both are flat and the checker finds nothing.
pub(crate) async fn run(_options: &Options) -> anyhow::Result<bool> {
    anyhow::bail!("not there")
}
