//! Compares what was acknowledged with what is stored, and what is stored with what the APIs show.
//! Reads only. Its findings name no place.

mod history;
mod live;

use crate::{faults::open_queue, scene::Scene, settled::within};
use nearhand_queue::Lane;
use std::time::Duration;

pub(crate) use history::History;

/// Until all that was acknowledged is stored.
const DRAINED: Duration = Duration::from_secs(600);
/// The most findings that are printed.
const MOST_SHOWN: usize = 20;

/// What the checker found.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<String>);

impl Findings {
    pub(crate) fn add(&mut self, finding: String) {
        self.0.push(finding);
    }

    pub(crate) fn extend(&mut self, findings: impl IntoIterator<Item = String>) {
        self.0.extend(findings);
    }

    /// Whether there is nothing.
    pub(crate) fn is_clean(&self) -> bool {
        self.0.is_empty()
    }

    /// Lines for people, not too many.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.0.iter().take(MOST_SHOWN).cloned().collect();
        if self.0.len() > MOST_SHOWN {
            lines.push(format!("… and {} more", self.0.len() - MOST_SHOWN));
        }
        lines
    }
}

/// Waits until nothing is under way any more, then compares everything.
pub(crate) async fn check(scene: &Scene, findings: &mut Findings) -> anyhow::Result<History> {
    let queue = open_queue(scene).await?;
    let drained = within(DRAINED, "the queue is empty and all changes are told", async || {
        let depth = queue.depth().await.ok()?;
        let waiting = depth.of(Lane::Live) + depth.of(Lane::Backlog);
        let untold = scene.stack.servers.count("SELECT count(*) FROM outbox").await?;
        (waiting == 0 && untold == 0).then_some(())
    });
    if let Err(error) = drained.await {
        findings.add(error.to_string());
    }
    let dead = queue.dead_letters().count().await?;
    if dead != scene.unreadable {
        let unreadable = scene.unreadable;
        findings.add(format!("{dead} dead letters in place of {unreadable} that nobody can read"));
    }
    let history = history::check(scene, findings).await?;
    live::check(scene, &history, findings).await?;
    findings.extend(scene.fleet.totals.all_strange());
    findings.extend(scene.stack.panics());
    Ok(history)
}
