//! Counts the phones in use with each trouble, for operators. Must not say which.

use crate::backoff::rest;
use nearhand_domain::{
    DeviceId, StaffId, access::PeopleScope, clock, device_health::Trouble, ping::PersonGate,
};
use nearhand_storage::{StorageError, WorkerPool, device_health, facts, outage};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How often they are counted. It reads at most 30 pings a device.
const EVERY: Duration = Duration::from_mins(5);
/// Devices looked at in one transaction.
const AT_A_TIME: i64 = 500;

/// Counts now and again and again.
pub(crate) async fn run(pool: WorkerPool, stop: CancellationToken) {
    loop {
        match count(&pool, &stop).await {
            Ok(counts) => publish(&counts),
            Err(error) if error.is_outage() => outage::failed(&error),
            Err(error) => tracing::warn!(%error, "the health of devices could not be counted"),
        }
        if !rest(EVERY, &stop).await {
            return;
        }
    }
}

/// How many devices are in use, and with which trouble.
#[derive(Default)]
struct Counts {
    in_use: u64,
    troubled: BTreeMap<Trouble, u64>,
}

async fn count(pool: &WorkerPool, stop: &CancellationToken) -> Result<Counts, StorageError> {
    let (mut counts, mut after) = (Counts::default(), None::<DeviceId>);
    while !stop.is_cancelled() {
        let (mut tx, now) = (pool.begin().await?, clock::now());
        let scope = PeopleScope::Everybody;
        let devices = device_health::list(&mut tx, scope, None, after, AT_A_TIME, now).await?;
        let Some(last) = devices.last() else { break };
        after = Some(last.id);
        let people: Vec<StaffId> = devices.iter().map(|device| device.staff).collect();
        let gates: HashMap<StaffId, PersonGate> =
            facts::gates(&mut tx, &people).await?.into_iter().collect();
        tx.rollback().await?;
        counts.in_use += devices.len() as u64;
        for device in &devices {
            let Some(gate) = gates.get(&device.staff) else { continue };
            for trouble in device.signs.troubles(gate, now.as_second()) {
                *counts.troubled.entry(trouble).or_default() += 1;
            }
        }
    }
    Ok(counts)
}

#[expect(clippy::cast_precision_loss, reason = "gauges are doubles")]
fn publish(counts: &Counts) {
    metrics::gauge!("nearhand_devices_in_use").set(counts.in_use as f64);
    for trouble in Trouble::ALL {
        let many = counts.troubled.get(&trouble).copied().unwrap_or(0);
        metrics::gauge!("nearhand_devices_troubled", "trouble" => trouble.as_str())
            .set(many as f64);
    }
}
