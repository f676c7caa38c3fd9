//! What is to be written of a batch. Pure: the same entries in any order and any number of times
//! give the same rows and the same live positions.

use nearhand_domain::{
    DeviceId, OrganizationId, StaffId,
    facts::MockPolicy,
    jumps::{Flagged, TrackFix},
    ping::{PersonGate, Ping, flags},
    skew,
};
use nearhand_queue::PingBatch;
use nearhand_storage::ingest::{LiveRow, PingRow};
use rustc_hash::FxHashMap;
use std::{cmp::Reverse, collections::BTreeMap, ops::Range, sync::Arc};
use uuid::Uuid;

/// What is known of a person when a batch is planned. Unknown people are not in the map.
#[derive(Clone, Debug)]
pub struct Person {
    /// Whose tenant the person belongs to.
    pub organization: OrganizationId,
    /// How the organisation treats mock fixes.
    pub mock_policy: MockPolicy,
    /// When pings may be taken; `None`: the person was deleted.
    pub gate: Option<Arc<PersonGate>>,
    /// Raised by every change of the person's work; 0: there has never been any.
    pub work_version: i64,
    /// Faster than this is a jump, in metres a second.
    pub jump_limit_mps: i16,
    /// The live position, if it is the newest fix of its device that counts for jumps.
    pub newest: Option<(DeviceId, TrackFix)>,
}

impl Person {
    /// Of an erased person: nothing of theirs is kept.
    pub(super) fn erased(organization: OrganizationId) -> Self {
        Self {
            organization,
            mock_policy: MockPolicy::default(),
            gate: None,
            work_version: 0,
            jump_limit_mps: 0,
            newest: None,
        }
    }
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
    /// organisation and person. Jumps are left out once they have been judged.
    pub live: Vec<LiveRow>,
    /// Everybody who sent something that was kept: their live rows go to the feed, moved or not.
    pub people: Vec<(OrganizationId, StaffId)>,
    /// The phones heard from.
    pub devices: BTreeMap<DeviceId, Heard>,
    /// What is not written.
    pub dropped: BTreeMap<Dropped, u64>,
}

/// What the requests of a phone say of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Heard {
    /// When the newest was received, Unix milliseconds.
    pub at_ms: i64,
    /// By how many seconds its clock seems ahead, in the order of the requests.
    pub skews_s: Vec<f64>,
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
    let mut live: FxHashMap<StaffId, Candidate> = FxHashMap::default();
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
        let heard = plan.devices.entry(batch.device).or_default();
        heard.at_ms = batch.received_at_ms.max(heard.at_ms);
        heard.skews_s.extend(skew::sample(batch.received_at_ms, &batch.pings));
        let gate = gate.over(batch.pings.iter().map(|ping| ping.fix_at_ms));
        for ping in &batch.pings {
            if ping.fix_at_ms < now_ms - retention_ms {
                plan.drop_one(Dropped::Retention);
            } else if gate.allows_ms(ping.fix_at_ms) {
                let row = row_of(batch, ping);
                plan.rows.push(row);
                if is_live(ping, person.mock_policy) {
                    let candidate = candidate(&row);
                    live.entry(batch.staff)
                        .and_modify(|best| *best = newer(*best, candidate))
                        .or_insert(candidate);
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

    fn finish(mut self, live: FxHashMap<StaffId, Candidate>) -> Self {
        self.rows.sort_by_key(|row| (row.staff, row.ping.fix_at_ms, row.ping.key));
        self.live = live.into_values().map(|(row, _)| row).collect();
        self.live.sort_unstable_by_key(|row| (row.fact.organization, row.fact.staff));
        self.people = self.rows.iter().map(|row| (row.organization, row.staff)).collect();
        self.people.sort_unstable();
        self.people.dedup();
        self
    }

    /// Adds marks to fixes of a device.
    pub(super) fn flag(&mut self, staff: StaffId, device: DeviceId, marked: &[Flagged]) {
        let marks: FxHashMap<(i64, Uuid), u8> =
            marked.iter().map(|(at_ms, key, marks)| ((*at_ms, *key), *marks)).collect();
        let of = self.range_of(staff);
        for row in self.rows[of].iter_mut().filter(|row| row.device == device) {
            row.flags |= marks.get(&row.ping.identity()).copied().unwrap_or_default();
        }
    }

    /// Chooses a person's live position anew: of their fixes that are no jumps, and of the last good
    /// ones of their devices, some of which may be stored.
    pub(super) fn choose_live(&mut self, staff: StaffId, policy: MockPolicy, good: Vec<LiveRow>) {
        self.live.retain(|row| row.fact.staff != staff);
        let rows = self.rows_of(staff).iter();
        let allowed = rows.filter(|row| is_live(row.ping, policy) && row.flags & flags::JUMP == 0);
        let stored = good.into_iter().map(|row| (row, Uuid::nil()));
        let best = allowed.map(candidate).chain(stored).reduce(newer);
        if let Some((row, _)) = best {
            let key = |row: &LiveRow| (row.fact.organization, row.fact.staff);
            let at = self.live.partition_point(|other| key(other) < key(&row));
            self.live.insert(at, row);
        }
    }

    /// Notes that the newest fix of a device is good: if it becomes the live position, then the next
    /// fix is judged by it alone.
    pub(super) fn is_newest(
        &mut self,
        staff: StaffId,
        device: DeviceId,
        newest: Option<&TrackFix>,
    ) {
        let of_device = |row: &&mut LiveRow| row.fact.staff == staff && row.device == device;
        if let Some((row, newest)) = self.live.iter_mut().find(of_device).zip(newest) {
            let of_row = (row.fact.fix_at_ms, row.fact.position, row.fact.mock);
            row.is_newest = of_row == (newest.at_ms, newest.position, false);
        }
    }

    /// The pings of a person that are kept.
    pub(super) fn rows_of(&self, staff: StaffId) -> &[PingRow<'a>] {
        &self.rows[self.range_of(staff)]
    }

    fn range_of(&self, staff: StaffId) -> Range<usize> {
        let begin = self.rows.partition_point(|row| row.staff < staff);
        let end = self.rows.partition_point(|row| row.staff <= staff);
        begin..end
    }
}

/// A fix that may be live, and its key.
type Candidate = (LiveRow, Uuid);

fn candidate(row: &PingRow<'_>) -> Candidate {
    (row.live_row(), row.ping.key)
}

fn row_of<'a>(batch: &PingBatch, ping: &'a Ping) -> PingRow<'a> {
    PingRow {
        organization: batch.organization,
        device: batch.device,
        staff: batch.staff,
        received_at_ms: batch.received_at_ms,
        flags: ping.flags,
        ping,
    }
}

fn is_live(ping: &Ping, policy: MockPolicy) -> bool {
    ping.may_be_live() && !(ping.mock && policy == MockPolicy::HistoryOnly)
}

/// The one of two fixes of a person that is to be live; of two phones that report the same, either,
/// but always the same.
fn newer(a: Candidate, b: Candidate) -> Candidate {
    let rank = |(row, key): &Candidate| {
        let received = Reverse(row.received_at_ms);
        (row.fact.rank(), row.device, *key, received)
    };
    if rank(&b) > rank(&a) { b } else { a }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
