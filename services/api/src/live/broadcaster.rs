//! Broadcasts the position changes of an organisation to its event streams: one broadcaster per
//! organisation numbers the changes and keeps the last ones for readers who reconnect. It starts with
//! the first stream and ends some time after the last one.
//!
//! A person can vanish without moving: a pause begins, or a shift ends. So a broadcaster follows the
//! index's changes and also scans all people every few seconds. Must know nothing of callers and what
//! they may see.

use nearhand_domain::{OrganizationId, StaffId, clock, token::random_secret};
use nearhand_index::{LivePosition, OrgIndex};
use nearhand_indexer::{Change, Follower};
use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};
use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{broadcast, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How often changes are gathered into a batch.
const BATCH_EVERY: Duration = Duration::from_millis(500);
/// How often all people are scanned.
const SCAN_EVERY: Duration = Duration::from_secs(5);
/// How long a broadcaster outlives its last stream, for readers who reconnect.
const IDLE: Duration = Duration::from_secs(30);
/// Changes kept for readers who reconnect.
const KEPT: usize = 16_384;
/// Batches that a stream may lag behind before it is dropped.
const MAX_LAG_BATCHES: usize = 64;
/// People that are read while the index is locked once.
pub(crate) const PEOPLE_PER_LOCK: usize = 1_024;

/// A person appeared, moved or vanished.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PositionChange {
    /// Its number, without gaps within the broadcaster.
    pub(crate) sequence: u64,
    pub(crate) staff: StaffId,
    pub(crate) before: Option<LivePosition>,
    pub(crate) after: Option<LivePosition>,
}

/// The changes of one scan.
pub(crate) type Batch = Arc<[PositionChange]>;

/// How a stream starts.
pub(crate) enum StreamStart {
    /// With all live positions.
    Snapshot(Vec<LivePosition>),
    /// With the changes that its reader missed.
    Changes(Vec<PositionChange>),
}

/// The broadcasters that are running.
#[derive(Default)]
pub(crate) struct Broadcasters {
    running: Arc<Mutex<FxHashMap<OrganizationId, Arc<Broadcaster>>>>,
    tasks: TaskTracker,
}

/// The broadcaster of one organisation.
pub(crate) struct Broadcaster {
    organization: OrganizationId,
    /// Random. A different epoch invalidates the numbers of the one before.
    epoch: String,
    state: Mutex<State>,
    batches: broadcast::Sender<Batch>,
    /// Whether the first scan has succeeded; `None` until it has ended.
    ready: watch::Sender<Option<bool>>,
}

/// A stream's subscription to a broadcaster.
pub(crate) struct Subscription {
    pub(crate) broadcaster: Arc<Broadcaster>,
    pub(crate) batches: broadcast::Receiver<Batch>,
}

/// The last known positions, in the order of the index's slots, and the last changes.
#[derive(Default)]
struct State {
    people: Vec<(StaffId, Option<LivePosition>)>,
    sequence: u64,
    kept: VecDeque<PositionChange>,
}

/// The index was rebuilt: the state no longer matches its slots.
#[derive(Debug, PartialEq, Eq)]
struct Rebuilt;

impl Broadcasters {
    /// The tasks of streams and broadcasters; a shutdown waits for them.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Subscribes to the organisation's broadcaster, and starts it if it is not running. `None` when
    /// its first scan failed.
    pub(crate) async fn subscribe(
        &self,
        organization: OrganizationId,
        follower: &Follower,
        shutdown: &CancellationToken,
    ) -> Option<Subscription> {
        let subscription = {
            let mut running = self.running.lock();
            let broadcaster = running.entry(organization).or_insert_with(|| {
                let broadcaster = Arc::new(Broadcaster::new(organization));
                let (follower, shutdown) = (follower.clone(), shutdown.clone());
                let (running, own) = (Arc::clone(&self.running), Arc::clone(&broadcaster));
                self.tasks.spawn(async move { own.run(&running, &follower, &shutdown).await });
                broadcaster
            });
            Subscription {
                batches: broadcaster.batches.subscribe(),
                broadcaster: Arc::clone(broadcaster),
            }
        };
        let mut ready = subscription.broadcaster.ready.subscribe();
        let scanned = ready.wait_for(Option::is_some).await.is_ok_and(|ready| *ready == Some(true));
        scanned.then_some(subscription)
    }
}

impl Broadcaster {
    fn new(organization: OrganizationId) -> Self {
        let epoch = random_secret().chars().filter(char::is_ascii_alphanumeric).take(12).collect();
        Self {
            organization,
            epoch,
            state: Mutex::default(),
            batches: broadcast::channel(MAX_LAG_BATCHES).0,
            ready: watch::Sender::new(None),
        }
    }

    /// The epoch of the numbers.
    pub(crate) fn epoch(&self) -> &str {
        &self.epoch
    }

    /// How a stream starts: with the changes since `last` if all of them are kept, else with a
    /// snapshot. Also the number of the last change in it. O(people) for a snapshot.
    pub(crate) fn stream_start(&self, last: Option<u64>) -> (u64, StreamStart) {
        let state = self.state.lock();
        let start = match last.and_then(|last| state.since(last)) {
            Some(changes) => StreamStart::Changes(changes),
            None => {
                StreamStart::Snapshot(state.people.iter().filter_map(|known| known.1).collect())
            }
        };
        (state.sequence, start)
    }

    async fn run(
        self: Arc<Self>,
        running: &Mutex<FxHashMap<OrganizationId, Arc<Self>>>,
        follower: &Follower,
        shutdown: &CancellationToken,
    ) {
        let mut changes = follower.changes();
        let mut batch = tokio::time::interval(BATCH_EVERY);
        let mut dirty = FxHashSet::default();
        let (mut scanned_at, mut subscribed_at) = (None, Instant::now());
        loop {
            tokio::select! {
                () = shutdown.cancelled() => break,
                change = changes.recv() => match change {
                    Ok(Change::Moved(fact)) if fact.organization == self.organization => {
                        dirty.insert(fact.staff);
                    }
                    Ok(Change::Person(organization, staff)) if organization == self.organization => {
                        dirty.insert(staff);
                    }
                    Ok(Change::Moved(_) | Change::Person(..)) => {}
                    Ok(Change::Rebuilt) | Err(broadcast::error::RecvError::Closed) => break,
                    // A full scan finds the changes that were missed.
                    Err(broadcast::error::RecvError::Lagged(_)) => scanned_at = None,
                },
                _ = batch.tick() => {
                    let full = scanned_at.is_none_or(|at: Instant| at.elapsed() >= SCAN_EVERY);
                    if full {
                        scanned_at = Some(Instant::now());
                    }
                    let people = (!full).then(|| std::mem::take(&mut dirty));
                    dirty.clear();
                    if self.scan(follower, people).await.is_err() {
                        break;
                    }
                    self.ready.send_replace(Some(true));
                    if self.batches.receiver_count() > 0 {
                        subscribed_at = Instant::now();
                    } else if subscribed_at.elapsed() >= IDLE && self.unregister(running) {
                        return;
                    }
                }
            }
        }
        running.lock().retain(|_, other| !Arc::ptr_eq(other, &self));
        self.end();
    }

    /// Removes itself from the running broadcasters, unless a stream has subscribed meanwhile.
    fn unregister(self: &Arc<Self>, running: &Mutex<FxHashMap<OrganizationId, Arc<Self>>>) -> bool {
        let mut running = running.lock();
        if self.batches.receiver_count() > 0 {
            return false;
        }
        running.retain(|_, other| !Arc::ptr_eq(other, self));
        true
    }

    /// Scans these people, or all, off the async threads.
    async fn scan(
        self: &Arc<Self>,
        follower: &Follower,
        people: Option<FxHashSet<StaffId>>,
    ) -> Result<(), Rebuilt> {
        if people.as_ref().is_some_and(FxHashSet::is_empty) {
            return Ok(());
        }
        let (broadcaster, follower) = (Arc::clone(self), follower.clone());
        let now = clock::now().as_second();
        let scan = move || match people {
            Some(staff) => broadcaster.scan_people(&follower, &staff, now),
            None => broadcaster.scan_all(&follower, now),
        };
        tokio::task::spawn_blocking(scan).await.unwrap_or(Err(Rebuilt))
    }

    fn scan_people(
        &self,
        follower: &Follower,
        staff: &FxHashSet<StaffId>,
        now: i64,
    ) -> Result<(), Rebuilt> {
        let mut state = self.state.lock();
        let staff: Vec<StaffId> = staff.iter().copied().collect();
        let mut moved = Vec::new();
        for chunk in staff.chunks(PEOPLE_PER_LOCK) {
            let seen = follower.index().with_org(self.organization, |index| {
                let mut slots = chunk.iter().filter_map(|&id| index.slot(id));
                slots.try_for_each(|slot| state.update(index, slot, now, &mut moved))
            });
            seen.unwrap_or(Ok(()))?;
        }
        self.publish(&mut state, moved);
        Ok(())
    }

    fn scan_all(&self, follower: &Follower, now: i64) -> Result<(), Rebuilt> {
        let mut state = self.state.lock();
        let (mut moved, mut next) = (Vec::new(), 0);
        loop {
            let seen = follower.index().with_org(self.organization, |index| {
                let end = (next + PEOPLE_PER_LOCK).min(index.people().len());
                let mut slots = (next..end).map(|slot| u32::try_from(slot).unwrap_or(u32::MAX));
                let seen: Result<(), Rebuilt> =
                    slots.try_for_each(|slot| state.update(index, slot, now, &mut moved));
                let fewer = index.people().len() < state.people.len();
                seen.and(if fewer { Err(Rebuilt) } else { Ok(end) })
            });
            let end = seen.unwrap_or(Ok(next))?;
            if end == next {
                break;
            }
            next = end;
        }
        self.publish(&mut state, moved);
        Ok(())
    }

    /// Numbers and sends changes while the state is locked. So a stream that starts meanwhile gets each
    /// change exactly once: in its start or in a later batch.
    fn publish(&self, state: &mut State, moved: Vec<PositionChange>) {
        if moved.is_empty() {
            return;
        }
        let batch = state.number(moved);
        // There may be no subscriber.
        drop(self.batches.send(batch));
    }

    /// Ends all streams: an empty batch is the last one.
    fn end(&self) {
        self.ready.send_replace(Some(false));
        drop(self.batches.send(Arc::from([])));
    }
}

impl State {
    /// Stores a person's position, and adds the change if there is one.
    fn update(
        &mut self,
        index: &OrgIndex,
        slot: u32,
        now: i64,
        moved: &mut Vec<PositionChange>,
    ) -> Result<(), Rebuilt> {
        let at = slot as usize;
        while self.people.len() <= at {
            let new = u32::try_from(self.people.len()).unwrap_or(u32::MAX);
            self.people.push((index.person(new).id(), None));
        }
        let (staff, before) = self.people[at];
        if staff != index.person(slot).id() {
            return Err(Rebuilt);
        }
        let after = index.live(slot, now);
        if before != after {
            self.people[at].1 = after;
            moved.push(PositionChange { sequence: 0, staff, before, after });
        }
        Ok(())
    }

    fn number(&mut self, mut moved: Vec<PositionChange>) -> Batch {
        for change in &mut moved {
            self.sequence += 1;
            change.sequence = self.sequence;
        }
        self.kept.extend(&moved);
        let surplus = self.kept.len().saturating_sub(KEPT);
        self.kept.drain(..surplus);
        moved.into()
    }

    /// The changes after `last`, if all of them are still kept.
    fn since(&self, last: u64) -> Option<Vec<PositionChange>> {
        let missed = self.sequence.checked_sub(last)?;
        let missed = usize::try_from(missed).ok().filter(|missed| *missed <= self.kept.len())?;
        Some(self.kept.iter().skip(self.kept.len() - missed).copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_domain::{
        Position,
        time::Interval,
        tracking::{OPEN_END, TrackingGate},
    };
    use nearhand_index::{PersonInput, people::person::Ping};

    fn tracked(until: i64, fix_at: i64) -> PersonInput {
        let permissions = vec![Interval { start: 0, end: OPEN_END }];
        let pauses = vec![Interval { start: until, end: OPEN_END }];
        let position = Position::new(38.7, -9.1).unwrap();
        let ping = Ping { fix_at_ms: fix_at * 1_000, position, accuracy_m: None, mock: false };
        PersonInput {
            tracking: TrackingGate { permissions, pauses, hours_margin_min: None },
            ping: Some(ping),
            ..PersonInput::new(StaffId::generate())
        }
    }

    #[test]
    fn a_person_who_pauses_vanishes_without_moving() {
        let mut index = OrgIndex::new(OrganizationId::generate(), 1_000);
        let slot = index.put(tracked(2_000, 900), 1_000);
        let (mut state, mut moved) = (State::default(), Vec::new());
        for now in [1_000, 1_001, 2_000] {
            state.update(&index, slot, now, &mut moved).unwrap();
        }
        let seen: Vec<_> = moved.iter().map(|m| (m.before.is_some(), m.after.is_some())).collect();
        assert_eq!(seen, [(false, true), (true, false)]);
    }

    #[test]
    fn a_rebuilt_index_is_detected() {
        let mut state = State::default();
        for (round, expected) in [Ok(()), Err(Rebuilt)].into_iter().enumerate() {
            let mut index = OrgIndex::new(OrganizationId::generate(), 1_000);
            let slot = index.put(tracked(2_000, 900), 1_000);
            assert_eq!(state.update(&index, slot, 1_000, &mut Vec::new()), expected, "{round}");
        }
    }

    #[test]
    fn readers_who_reconnect_get_the_changes_they_missed_or_a_snapshot() {
        let change =
            PositionChange { sequence: 0, staff: StaffId::generate(), before: None, after: None };
        let mut state = State::default();
        state.number(vec![change; KEPT + 10]);
        let last = state.sequence;
        assert_eq!(state.since(last).unwrap(), []);
        let missed = state.since(last - 3).unwrap();
        assert_eq!(
            missed.iter().map(|m| m.sequence).collect::<Vec<_>>(),
            [last - 2, last - 1, last]
        );
        assert_eq!(state.since(10).unwrap().len(), KEPT);
        assert!(state.since(9).is_none(), "one change is no longer kept");
        assert!(state.since(last + 1).is_none(), "from the future");
    }
}
