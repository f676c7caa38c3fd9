//! The follower's handle, through which the API reads the index. Cheap to clone. Must not read the feed;
//! `run` does.

use crate::{
    directory::Directory,
    health::Health,
    watches::{Watches, WorkWatch},
};
use nearhand_domain::{
    OrganizationId, StaffId,
    facts::{Fact, PositionFact},
};
use nearhand_index::LiveIndex;
use parking_lot::RwLock;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::broadcast;
use uuid::Uuid;

/// The index is ready while the end of the feed was reached within this time.
const READY_LAG: Duration = Duration::from_secs(2);
/// Changes that a slow reader may lag behind before it is dropped.
const CHANGES_KEPT: usize = 8_192;

/// Which cached credentials must be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forget {
    /// Those of a session, a device or a person.
    Subject(Uuid),
    /// All: entries of the feed were missed.
    All,
}

/// Called with every [`Forget`].
pub type ForgetFn = Box<dyn Fn(Forget) + Send + Sync>;

/// A change that the live view may have to show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// A person moved.
    Moved(PositionFact),
    /// A person changed: they may have become visible or invisible.
    Person(OrganizationId, StaffId),
    /// The index was rebuilt: everything may be different.
    Rebuilt,
}

pub(crate) struct Inner {
    pub(crate) index: LiveIndex,
    pub(crate) directory: RwLock<Directory>,
    pub(crate) health: Health,
    pub(crate) changes: broadcast::Sender<Change>,
    pub(crate) forget: ForgetFn,
    watches: Watches,
    generation: AtomicU64,
}

/// The live index, and how current it is.
#[derive(Clone)]
pub struct Follower(pub(crate) Arc<Inner>);

impl Follower {
    /// A follower that is not running yet; see [`Follower::run`].
    #[must_use]
    pub fn new(forget: ForgetFn) -> Self {
        Self(Arc::new(Inner {
            index: LiveIndex::new(),
            directory: RwLock::default(),
            health: Health::new(),
            changes: broadcast::channel(CHANGES_KEPT).0,
            forget,
            watches: Watches::default(),
            generation: AtomicU64::new(0),
        }))
    }

    /// The index. It answers from the first snapshot on, also during a rebuild.
    #[must_use]
    pub fn index(&self) -> &LiveIndex {
        &self.0.index
    }

    /// Why the index is not current; `None` when it is.
    #[must_use]
    pub fn not_ready(&self) -> Option<String> {
        if let Some(reason) = self.0.health.reason() {
            return Some(reason);
        }
        let behind = self.behind_by();
        (behind > READY_LAG)
            .then(|| format!("the end of the feed was last seen {} ms ago", behind.as_millis()))
    }

    /// Time since everything in the feed had been applied.
    #[must_use]
    pub fn behind_by(&self) -> Duration {
        self.0.health.behind_by()
    }

    /// Time since the last heartbeat of a relay. Without heartbeats, changes made elsewhere may be
    /// missing from the feed, however current the index is.
    #[must_use]
    pub fn relay_silent_for(&self) -> Duration {
        self.0.health.relay_silent_for()
    }

    /// A person's display name.
    #[must_use]
    pub fn display_name(&self, staff: StaffId) -> Option<Arc<str>> {
        self.0.directory.read().name(staff)
    }

    /// The display name that a person has in a version which the index has now. Ask while the index is
    /// being read: then names and index agree.
    #[must_use]
    pub fn display_name_at(&self, staff: StaffId, version: i64) -> Option<Arc<str>> {
        self.0.directory.read().name_at(staff, version)
    }

    /// Changes from now on. A receiver that lags gets an error and should start again.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.0.changes.subscribe()
    }

    /// Watches one person's work from now on.
    #[must_use]
    pub fn watch_work(&self, staff: StaffId) -> WorkWatch {
        self.0.watches.watch(staff)
    }

    /// Increases with every rebuild of the index.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    /// Replaces the index by a new one; returns the old one, because dropping it takes long.
    pub(crate) fn swap(&self, index: LiveIndex, directory: Directory) -> (LiveIndex, Directory) {
        let index = self.0.index.replace(index);
        let directory = std::mem::replace(&mut *self.0.directory.write(), directory);
        self.0.generation.fetch_add(1, Ordering::Release);
        self.notify(Change::Rebuilt);
        self.0.watches.wake_all();
        (index, directory)
    }

    /// Applies facts to the index and notifies the subscribers.
    pub(crate) fn take(&self, facts: &[Fact], now: i64) {
        update_names(&mut self.0.directory.write(), facts);
        self.0.index.apply(facts, now);
        for fact in facts {
            match fact {
                Fact::Position(position) => self.notify(Change::Moved(*position)),
                Fact::Staff(staff) => {
                    (self.0.forget)(Forget::Subject(staff.staff.0));
                    self.notify(Change::Person(staff.organization, staff.staff));
                }
                // An organisation's change affects all of its people: drop all credentials.
                Fact::Organization(_) => (self.0.forget)(Forget::All),
                // It shows or hides nobody in the live view.
                Fact::Work(work) => self.0.watches.wake(work.staff),
                Fact::Region(_) => {}
            }
        }
    }

    /// Sends a change to the subscribers. There may be none.
    fn notify(&self, change: Change) {
        drop(self.0.changes.send(change));
    }
}

/// Updates the display names from the facts about people, before the index takes these facts.
pub(crate) fn update_names(directory: &mut Directory, facts: &[Fact]) {
    directory.begin();
    for fact in facts {
        if let Fact::Staff(staff) = fact {
            directory.take(staff);
        }
    }
}
