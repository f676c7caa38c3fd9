//! Writes a batch in one transaction. The privacy gate is read inside the transaction. Must not store a
//! ping that is forbidden by the time it is stored.

use super::{
    arrivals::SiteCache,
    gates::GateCache,
    jumps,
    plan::{Dropped, Heard, Plan, plan},
};
use nearhand_domain::{DeviceId, StaffId, facts::PositionFact, skew::ClockSkew};
use nearhand_queue::PingBatch;
use nearhand_storage::{
    StorageError, Tx, WorkerPool, arrivals,
    ingest::{self, HeardFrom},
    jumps::{flag, newer_waits},
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// A phone's `last seen` time is written at most this often.
const TOUCH_EVERY_MS: i64 = 60_000;
/// The most phones in [`LastSeen`]; beyond that it is cleared.
const MAX_LAST_SEEN: usize = 200_000;

/// After a duplicate the next batches are checked for duplicates, this many. Duplicates come in
/// waves, after phones or a worker restart.
const CHECKED_BATCHES: u32 = 500;

/// The `last seen` time of phones, as this task wrote it last, and how far their clocks are off.
#[derive(Default)]
pub(super) struct LastSeen(FxHashMap<DeviceId, (i64, ClockSkew)>);

/// Whether to check for pings that are stored already. Looking one up costs as much as writing it. So
/// a batch is first written without the check, and written again with it if there was a duplicate.
#[derive(Default)]
pub(super) struct DuplicateCheck {
    remaining_batches: u32,
}

/// The result of writing a batch.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// Pings that are new in the history.
    pub(super) inserted: u64,
    /// Pings that were stored already.
    pub(super) duplicates: u64,
    /// Pings that were not written, by reason.
    pub(super) dropped: BTreeMap<Dropped, u64>,
    /// The live position of each person in the batch, as committed.
    pub(super) positions: Vec<PositionFact>,
    /// New pings that are jumps.
    pub(super) jumps: u64,
    /// By how many seconds phones' clocks seem ahead, request by request.
    pub(super) skews_s: Vec<f64>,
}

/// What is kept from one batch to the next.
#[derive(Default)]
pub(super) struct BatchCache {
    gates: GateCache,
    sites: SiteCache,
    last_seen: LastSeen,
    duplicates: DuplicateCheck,
}

/// Writes these batches and commits.
pub(super) async fn apply(
    pool: &WorkerPool,
    cache: &mut BatchCache,
    batches: &[&PingBatch],
    now_ms: i64,
    retention_ms: i64,
) -> Result<Applied, StorageError> {
    let remaining = cache.duplicates.remaining_batches;
    let check_duplicates = remaining > 0;
    cache.duplicates.remaining_batches = remaining.saturating_sub(1);
    match write(pool, cache, batches, now_ms, retention_ms, check_duplicates).await {
        Err(StorageError::Constraint(_)) if !check_duplicates => {
            cache.duplicates.remaining_batches = CHECKED_BATCHES;
            write(pool, cache, batches, now_ms, retention_ms, true).await
        }
        done => done,
    }
}

async fn write(
    pool: &WorkerPool,
    cache: &mut BatchCache,
    batches: &[&PingBatch],
    now_ms: i64,
    retention_ms: i64,
    check_duplicates: bool,
) -> Result<Applied, StorageError> {
    let BatchCache { gates, last_seen, sites, .. } = cache;
    let mut staff: Vec<StaffId> = batches.iter().map(|batch| batch.staff).collect();
    staff.sort_unstable();
    staff.dedup();
    let mut tx = pool.begin_ingest().await?;
    let people = gates.people(&mut tx, &staff).await?;
    let mut plan = plan(batches.iter().copied(), &people, now_ms, retention_ms);
    let changes = jumps::judge_all(&mut tx, &mut plan, &people).await?;
    let inserted = if check_duplicates {
        ingest::insert_pings(&mut tx, &plan.rows).await?
    } else {
        ingest::insert_new_pings(&mut tx, &plan.rows).await?
    };
    flag(&mut tx, &changes.stored).await?;
    let positions = update_positions(&mut tx, &plan).await?;
    newer_waits(&mut tx, &changes.newer_waits).await?;
    let arrived = sites.changed(&mut tx, &plan, &people, now_ms).await?;
    arrivals::queue_checks(&mut tx, &arrived).await?;
    let due = last_seen.due(&plan.devices);
    if !due.is_empty() {
        ingest::touch_devices(&mut tx, &due).await?;
    }
    tx.commit().await?;
    last_seen.update(&due);
    let duplicates = plan.rows.len() as u64 - inserted;
    let jumps = jumps::count(&plan);
    let skews_s = plan.devices.into_values().flat_map(|heard| heard.skews_s).collect();
    Ok(Applied { inserted, duplicates, dropped: plan.dropped, positions, jumps, skews_s })
}

/// Updates live positions; returns the live position of each person in the plan. Positions that this
/// updated are known and locked until the commit, so only the others are read.
async fn update_positions(tx: &mut Tx, plan: &Plan<'_>) -> Result<Vec<PositionFact>, StorageError> {
    let moved = ingest::upsert_positions(tx, &plan.live).await?;
    let moved: FxHashSet<StaffId> = moved.into_iter().collect();
    let is_still = |(_, staff): &(_, StaffId)| !moved.contains(staff);
    let still: Vec<_> = plan.people.iter().copied().filter(is_still).collect();
    let mut positions = ingest::live_positions(tx, &still).await?;
    let facts = plan.live.iter().map(|row| row.fact);
    positions.extend(facts.filter(|fact| moved.contains(&fact.staff)));
    Ok(positions)
}

impl LastSeen {
    /// The phones whose `last seen` time was not written within the last minute.
    fn due(&mut self, devices: &BTreeMap<DeviceId, Heard>) -> Vec<HeardFrom> {
        if self.0.len() + devices.len() > MAX_LAST_SEEN {
            self.0.clear();
        }
        let mut due = Vec::new();
        for (device, heard) in devices {
            let (written, skew) = self.0.entry(*device).or_insert((i64::MIN, ClockSkew::default()));
            heard.skews_s.iter().for_each(|sample| skew.add(*sample));
            if heard.at_ms.saturating_sub(*written) >= TOUCH_EVERY_MS {
                let clock_skew_s = skew.median_s();
                due.push(HeardFrom { device: *device, at_ms: heard.at_ms, clock_skew_s });
            }
        }
        due
    }

    fn update(&mut self, written: &[HeardFrom]) {
        for heard in written {
            if let Some((at_ms, _)) = self.0.get_mut(&heard.device) {
                *at_ms = heard.at_ms;
            }
        }
    }
}
