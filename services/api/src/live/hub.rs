//! One watcher an organisation of who is live where, shared by its event streams: numbers every
//! change, keeps the last ones for those who come back, and starts and ends by itself.
//!
//! People vanish not only when they move: a pause begins, a shift ends. So besides following the
//! changes it looks at everybody every few seconds. Must know nothing of callers and what they
//! may see.

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
/// How often everybody is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a hub outlives its last stream, for those who come back.
const IDLE: Duration = Duration::from_secs(30);
/// Changes kept for those who come back.
const KEPT: usize = 16_384;
/// Batches a stream may be behind before it is dropped.
const BATCHES_BEHIND: usize = 64;
/// People looked at in one hold of the index.
pub(crate) const PEOPLE_A_HOLD: usize = 1_024;

/// A person appeared, moved or vanished.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Moved {
    /// Dense within the hub.
    pub(crate) sequence: u64,
    pub(crate) staff: StaffId,
    pub(crate) before: Option<LivePosition>,
    pub(crate) after: Option<LivePosition>,
}

/// Changes that were noticed together.
pub(crate) type Batch = Arc<[Moved]>;

/// What a stream begins with.
pub(crate) enum Beginning {
    /// Everybody live, as of a number.
    Snapshot(Vec<LivePosition>),
    /// What has happened since it was last here.
    Changes(Vec<Moved>),
}

/// The hubs that run.
#[derive(Default)]
pub(crate) struct Hubs {
    running: Arc<Mutex<FxHashMap<OrganizationId, Arc<Hub>>>>,
    tasks: TaskTracker,
}

/// The watcher of one organisation.
pub(crate) struct Hub {
    organization: OrganizationId,
    /// Random; another one means that numbers from before are void.
    epoch: String,
    state: Mutex<State>,
    batches: broadcast::Sender<Batch>,
    /// Whether it has looked at everybody; `None` until it is decided.
    ready: watch::Sender<Option<bool>>,
}

/// A stream's place at a hub.
pub(crate) struct Seat {
    pub(crate) hub: Arc<Hub>,
    pub(crate) batches: broadcast::Receiver<Batch>,
}

/// What is known, by the index's numbers.
#[derive(Default)]
struct State {
    people: Vec<(StaffId, Option<LivePosition>)>,
    sequence: u64,
    kept: VecDeque<Moved>,
}

/// The index is another one: what was known of it says nothing.
#[derive(Debug, PartialEq, Eq)]
struct Rebuilt;

impl Hubs {
    /// Tasks of streams and hubs, so that none is lost at shutdown.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// A place at the organisation's hub, which is started if need be. `None` when the hub ended
    /// before it had begun.
    pub(crate) async fn join(
        &self,
        organization: OrganizationId,
        follower: &Follower,
        shutdown: &CancellationToken,
    ) -> Option<Seat> {
        let seat = {
            let mut running = self.running.lock();
            let hub = running.entry(organization).or_insert_with(|| {
                let hub = Arc::new(Hub::new(organization));
                let (follower, shutdown) = (follower.clone(), shutdown.clone());
                let (running, own) = (Arc::clone(&self.running), Arc::clone(&hub));
                self.tasks.spawn(async move { own.run(&running, &follower, &shutdown).await });
                hub
            });
            Seat { batches: hub.batches.subscribe(), hub: Arc::clone(hub) }
        };
        let mut ready = seat.hub.ready.subscribe();
        let begun = ready.wait_for(Option::is_some).await.is_ok_and(|ready| *ready == Some(true));
        begun.then_some(seat)
    }
}

impl Hub {
    fn new(organization: OrganizationId) -> Self {
        let epoch = random_secret().chars().filter(char::is_ascii_alphanumeric).take(12).collect();
        Self {
            organization,
            epoch,
            state: Mutex::default(),
            batches: broadcast::channel(BATCHES_BEHIND).0,
            ready: watch::Sender::new(None),
        }
    }

    /// What the numbers belong to.
    pub(crate) fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Where a stream begins: with what it missed since `last`, if that is still kept, else with
    /// everybody. With the number of the last change it holds. O(people) for a snapshot.
    pub(crate) fn begin(&self, last: Option<u64>) -> (u64, Beginning) {
        let state = self.state.lock();
        let beginning = match last.and_then(|last| state.since(last)) {
            Some(changes) => Beginning::Changes(changes),
            None => Beginning::Snapshot(state.people.iter().filter_map(|known| known.1).collect()),
        };
        (state.sequence, beginning)
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
        let (mut looked, mut watched) = (None, Instant::now());
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
                    // Whatever was missed is seen by looking at everybody.
                    Err(broadcast::error::RecvError::Lagged(_)) => looked = None,
                },
                _ = batch.tick() => {
                    let full = looked.is_none_or(|at: Instant| at.elapsed() >= LOOK_EVERY);
                    if full {
                        looked = Some(Instant::now());
                    }
                    let whom = (!full).then(|| std::mem::take(&mut dirty));
                    dirty.clear();
                    if self.look(follower, whom).await.is_err() {
                        break;
                    }
                    self.ready.send_replace(Some(true));
                    if self.batches.receiver_count() > 0 {
                        watched = Instant::now();
                    } else if watched.elapsed() >= IDLE && self.leave(running) {
                        return;
                    }
                }
            }
        }
        running.lock().retain(|_, hub| !Arc::ptr_eq(hub, &self));
        self.end();
    }

    /// Leaves the list unless a stream has joined meanwhile.
    fn leave(self: &Arc<Self>, running: &Mutex<FxHashMap<OrganizationId, Arc<Self>>>) -> bool {
        let mut running = running.lock();
        if self.batches.receiver_count() > 0 {
            return false;
        }
        running.retain(|_, hub| !Arc::ptr_eq(hub, self));
        true
    }

    /// Looks at some people or at everybody, off the async threads.
    async fn look(
        self: &Arc<Self>,
        follower: &Follower,
        whom: Option<FxHashSet<StaffId>>,
    ) -> Result<(), Rebuilt> {
        if whom.as_ref().is_some_and(FxHashSet::is_empty) {
            return Ok(());
        }
        let (hub, follower) = (Arc::clone(self), follower.clone());
        let now = clock::now().as_second();
        let look = move || match whom {
            Some(staff) => hub.look_at(&follower, &staff, now),
            None => hub.look_at_all(&follower, now),
        };
        tokio::task::spawn_blocking(look).await.unwrap_or(Err(Rebuilt))
    }

    fn look_at(
        &self,
        follower: &Follower,
        staff: &FxHashSet<StaffId>,
        now: i64,
    ) -> Result<(), Rebuilt> {
        let mut state = self.state.lock();
        let staff: Vec<StaffId> = staff.iter().copied().collect();
        let mut moved = Vec::new();
        for chunk in staff.chunks(PEOPLE_A_HOLD) {
            let seen = follower.index().with_org(self.organization, |index| {
                let mut slots = chunk.iter().filter_map(|&id| index.slot(id));
                slots.try_for_each(|slot| state.see(index, slot, now, &mut moved))
            });
            seen.unwrap_or(Ok(()))?;
        }
        self.publish(&mut state, moved);
        Ok(())
    }

    fn look_at_all(&self, follower: &Follower, now: i64) -> Result<(), Rebuilt> {
        let mut state = self.state.lock();
        let (mut moved, mut next) = (Vec::new(), 0);
        loop {
            let seen = follower.index().with_org(self.organization, |index| {
                let end = (next + PEOPLE_A_HOLD).min(index.people().len());
                let mut slots = (next..end).map(|slot| u32::try_from(slot).unwrap_or(u32::MAX));
                let seen: Result<(), Rebuilt> =
                    slots.try_for_each(|slot| state.see(index, slot, now, &mut moved));
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

    /// Numbers and tells changes while the state is held, so that a stream that begins meanwhile
    /// finds each either in its beginning or in a later batch.
    fn publish(&self, state: &mut State, moved: Vec<Moved>) {
        if moved.is_empty() {
            return;
        }
        let batch = state.number(moved);
        // Nobody listening is no error.
        drop(self.batches.send(batch));
    }

    /// Tells the streams that there is nothing more to come.
    fn end(&self) {
        self.ready.send_replace(Some(false));
        drop(self.batches.send(Arc::from([])));
    }
}

impl State {
    /// Notes where a person is, and the change if there is one.
    fn see(
        &mut self,
        index: &OrgIndex,
        slot: u32,
        now: i64,
        moved: &mut Vec<Moved>,
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
            moved.push(Moved { sequence: 0, staff, before, after });
        }
        Ok(())
    }

    fn number(&mut self, mut moved: Vec<Moved>) -> Batch {
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
    fn since(&self, last: u64) -> Option<Vec<Moved>> {
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
    use nearhand_index::{PersonParts, person::Ping};

    fn tracked(until: i64, fix_at: i64) -> PersonParts {
        let permissions = vec![Interval { start: 0, end: OPEN_END }];
        let pauses = vec![Interval { start: until, end: OPEN_END }];
        let position = Position::new(38.7, -9.1).unwrap();
        let ping = Ping { fix_at_ms: fix_at * 1_000, position, accuracy_m: None, mock: false };
        PersonParts {
            tracking: TrackingGate { permissions, pauses, hours_margin_min: None },
            ping: Some(ping),
            ..PersonParts::new(StaffId::generate())
        }
    }

    #[test]
    fn whoever_pauses_vanishes_without_moving() {
        let mut index = OrgIndex::new(OrganizationId::generate(), 1_000);
        let slot = index.put(tracked(2_000, 900), 1_000);
        let (mut state, mut moved) = (State::default(), Vec::new());
        for now in [1_000, 1_001, 2_000] {
            state.see(&index, slot, now, &mut moved).unwrap();
        }
        let seen: Vec<_> = moved.iter().map(|m| (m.before.is_some(), m.after.is_some())).collect();
        assert_eq!(seen, [(false, true), (true, false)]);
    }

    #[test]
    fn another_index_is_noticed() {
        let mut state = State::default();
        for (round, expected) in [Ok(()), Err(Rebuilt)].into_iter().enumerate() {
            let mut index = OrgIndex::new(OrganizationId::generate(), 1_000);
            let slot = index.put(tracked(2_000, 900), 1_000);
            assert_eq!(state.see(&index, slot, 1_000, &mut Vec::new()), expected, "{round}");
        }
    }

    #[test]
    fn those_who_come_back_get_what_they_missed_or_begin_anew() {
        let change = Moved { sequence: 0, staff: StaffId::generate(), before: None, after: None };
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
        assert!(state.since(9).is_none(), "one is no longer kept");
        assert!(state.since(last + 1).is_none(), "from the future");
    }
}
