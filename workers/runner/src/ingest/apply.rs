//! Writes a batch: one transaction with the privacy gate inside it, so that nothing is stored that
//! was forbidden by the time it is stored.

use super::{
    gates::GateCache,
    plan::{Dropped, Plan, plan},
};
use nearhand_domain::{DeviceId, StaffId, facts::PositionFact};
use nearhand_queue::PingBatch;
use nearhand_storage::{
    StorageError, Tx, WorkerPool,
    ingest::{self, PingRow},
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeMap;

/// A phone that is heard from is noted at most this often.
const TOUCH_EVERY_MS: i64 = 60_000;
/// Most phones remembered as noted.
const MOST_HEARD: usize = 200_000;

/// For how many batches repeats are looked for after one was met: they come in waves, when phones
/// or a worker begin anew.
const WARY_BATCHES: u32 = 500;

/// When phones were last noted as heard from.
#[derive(Default)]
pub(super) struct Heard(FxHashMap<DeviceId, i64>);

/// Whether pings that are stored already are to be expected. Looking for each costs as much as
/// writing it, so a batch is first written as if there were none, and again if there was one.
#[derive(Default)]
pub(super) struct Repeats {
    wary: u32,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// New in the history.
    pub(super) inserted: u64,
    /// There already.
    pub(super) duplicates: u64,
    /// Not written.
    pub(super) dropped: BTreeMap<Dropped, u64>,
    /// The live row of everybody in the batch, as committed.
    pub(super) positions: Vec<PositionFact>,
}

/// What is kept from batch to batch.
#[derive(Default)]
pub(super) struct Memory {
    gates: GateCache,
    heard: Heard,
    repeats: Repeats,
}

/// Writes these batches and commits.
pub(super) async fn apply(
    pool: &WorkerPool,
    memory: &mut Memory,
    batches: &[&PingBatch],
    now_ms: i64,
    retention_ms: i64,
) -> Result<Applied, StorageError> {
    let wary = memory.repeats.wary > 0;
    memory.repeats.wary = memory.repeats.wary.saturating_sub(1);
    match write(pool, memory, batches, now_ms, retention_ms, wary).await {
        Err(StorageError::Constraint(_)) if !wary => {
            memory.repeats.wary = WARY_BATCHES;
            write(pool, memory, batches, now_ms, retention_ms, true).await
        }
        done => done,
    }
}

async fn write(
    pool: &WorkerPool,
    memory: &mut Memory,
    batches: &[&PingBatch],
    now_ms: i64,
    retention_ms: i64,
    wary: bool,
) -> Result<Applied, StorageError> {
    let Memory { gates, heard, .. } = memory;
    let mut staff: Vec<StaffId> = batches.iter().map(|batch| batch.staff).collect();
    staff.sort_unstable();
    staff.dedup();
    let mut tx = pool.begin().await?;
    let people = gates.people(&mut tx, &staff).await?;
    let plan = plan(batches.iter().copied(), &people, now_ms, retention_ms);
    let inserted = if wary {
        ingest::insert_pings(&mut tx, &plan.rows).await?
    } else {
        ingest::insert_new_pings(&mut tx, &plan.rows).await?
    };
    let positions = move_on(&mut tx, &plan).await?;
    let silent = heard.silent(&plan.devices);
    if !silent.is_empty() {
        ingest::touch_devices(&mut tx, &silent).await?;
    }
    tx.commit().await?;
    heard.note(&silent);
    let duplicates = plan.rows.len() as u64 - inserted;
    Ok(Applied { inserted, duplicates, dropped: plan.dropped, positions })
}

/// Moves live positions on; returns the live row of everybody in the plan. Those that moved are
/// known and locked until the commit; only the others are read.
async fn move_on(tx: &mut Tx, plan: &Plan<'_>) -> Result<Vec<PositionFact>, StorageError> {
    let moved = ingest::upsert_positions(tx, &plan.live).await?;
    let moved: FxHashSet<StaffId> = moved.into_iter().collect();
    let is_still = |(_, staff): &(_, StaffId)| !moved.contains(staff);
    let still: Vec<_> = plan.people.iter().copied().filter(is_still).collect();
    let mut positions = ingest::live_positions(tx, &still).await?;
    let rows = plan.live.iter().filter(|row| moved.contains(&row.staff));
    positions.extend(rows.map(PingRow::position_fact));
    Ok(positions)
}

impl Heard {
    /// Those not noted within the last minute.
    fn silent(&self, devices: &BTreeMap<DeviceId, i64>) -> Vec<(DeviceId, i64)> {
        let is_due = |device: &DeviceId, at: i64| {
            self.0.get(device).is_none_or(|noted| at - noted >= TOUCH_EVERY_MS)
        };
        devices.iter().map(|(d, at)| (*d, *at)).filter(|(d, at)| is_due(d, *at)).collect()
    }

    fn note(&mut self, devices: &[(DeviceId, i64)]) {
        if self.0.len() + devices.len() > MOST_HEARD {
            self.0.clear();
        }
        self.0.extend(devices.iter().copied());
    }
}
