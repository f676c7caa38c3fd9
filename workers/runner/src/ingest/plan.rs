//! What is to be written of a batch. Pure: the same entries in any order and any number of times
//! give the same rows and the same live positions.

use nearhand_domain::{
    DeviceId, OrganizationId, StaffId,
    facts::MockPolicy,
    ping::{PersonGate, Ping},
};
use nearhand_queue::PingBatch;
use nearhand_storage::ingest::PingRow;
use rustc_hash::FxHashMap;
use std::{cmp::Reverse, collections::BTreeMap, sync::Arc};

/// What is known of a person when a batch is planned. Unknown people are not in the map.
#[derive(Clone, Debug)]
pub struct Person {
    /// Whose tenant the person belongs to.
    pub organization: OrganizationId,
    /// How the organisation treats mock fixes.
    pub mock_policy: MockPolicy,
    /// When pings may be taken; `None`: the person was deleted.
    pub gate: Option<Arc<PersonGate>>,
}

/// Why a queued ping is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dropped {
    /// Nobody knows the person, or in that organisation.
    Unknown,
    /// The person was deleted or erased meanwhile.
    Erased,
    /// The location may not be taken at that time.
    TrackingOff,
    /// It waited until it was too old.
    Retention,
}

impl Dropped {
    /// The word in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown_person",
            Self::Erased => "erased",
            Self::TrackingOff => "tracking_off",
            Self::Retention => "retention",
        }
    }
}

/// What is to be written.
#[derive(Debug, Default)]
pub struct Plan<'a> {
    /// Every ping that is kept, by person.
    pub rows: Vec<PingRow<'a>>,
    /// The newest fix of each person that may be shown live, at most one a person, by
    /// organisation and person.
    pub live: Vec<PingRow<'a>>,
    /// Everybody who sent something that was kept: their live rows go to the feed, moved or not.
    pub people: Vec<(OrganizationId, StaffId)>,
    /// The phones heard from, with the time of their newest request.
    pub devices: BTreeMap<DeviceId, i64>,
    /// What is not written.
    pub dropped: BTreeMap<Dropped, u64>,
}

/// Plans a batch. O(n log n).
#[must_use]
pub fn plan<'a>(
    batches: impl IntoIterator<Item = &'a PingBatch>,
    people: &FxHashMap<StaffId, Person>,
    now_ms: i64,
    retention_ms: i64,
) -> Plan<'a> {
    let mut plan = Plan::default();
    let mut live: FxHashMap<StaffId, PingRow<'a>> = FxHashMap::default();
    for batch in batches {
        let known = people.get(&batch.staff).filter(|p| p.organization == batch.organization);
        let Some(person) = known else {
            plan.drop_all(Dropped::Unknown, batch);
            continue;
        };
        let Some(gate) = &person.gate else {
            plan.drop_all(Dropped::Erased, batch);
            continue;
        };
        let seen = plan.devices.entry(batch.device).or_insert(batch.received_at_ms);
        *seen = batch.received_at_ms.max(*seen);
        let gate = gate.over(batch.pings.iter().map(|ping| ping.fix_at_ms));
        for ping in &batch.pings {
            if ping.fix_at_ms < now_ms - retention_ms {
                plan.drop_one(Dropped::Retention);
            } else if gate.allows_ms(ping.fix_at_ms) {
                let row = row_of(batch, ping);
                plan.rows.push(row);
                if is_live(ping, person.mock_policy) {
                    live.entry(batch.staff)
                        .and_modify(|best| *best = newer(*best, row))
                        .or_insert(row);
                }
            } else {
                plan.drop_one(Dropped::TrackingOff);
            }
        }
    }
    plan.finish(live)
}

impl<'a> Plan<'a> {
    fn drop_all(&mut self, why: Dropped, batch: &PingBatch) {
        *self.dropped.entry(why).or_default() += batch.pings.len() as u64;
    }

    fn drop_one(&mut self, why: Dropped) {
        *self.dropped.entry(why).or_default() += 1;
    }

    fn finish(mut self, live: FxHashMap<StaffId, PingRow<'a>>) -> Self {
        self.rows.sort_by_key(|row| (row.staff, row.ping.fix_at_ms, row.ping.key));
        self.live = live.into_values().collect();
        self.live.sort_unstable_by_key(|row| (row.organization, row.staff));
        self.people = self.rows.iter().map(|row| (row.organization, row.staff)).collect();
        self.people.sort_unstable();
        self.people.dedup();
        self
    }
}

fn row_of<'a>(batch: &PingBatch, ping: &'a Ping) -> PingRow<'a> {
    PingRow {
        organization: batch.organization,
        device: batch.device,
        staff: batch.staff,
        received_at_ms: batch.received_at_ms,
        ping,
    }
}

fn is_live(ping: &Ping, policy: MockPolicy) -> bool {
    ping.may_be_live() && !(ping.mock && policy == MockPolicy::HistoryOnly)
}

/// The one of two fixes of a person that is to be live; of two phones that report the same, either,
/// but always the same.
fn newer<'a>(a: PingRow<'a>, b: PingRow<'a>) -> PingRow<'a> {
    let rank = |row: &PingRow<'_>| {
        let received = Reverse(row.received_at_ms);
        (row.position_fact().rank(), row.device, row.ping.key, received)
    };
    if rank(&b) > rank(&a) { b } else { a }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
