//! The follower's handle: what the API reads. Cheap to clone.

use crate::{directory::Directory, health::Health};
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

/// The index counts as ready while the end of the feed was seen within this time.
const READY_LAG: Duration = Duration::from_secs(2);
/// Changes a slow reader may be behind before it is dropped.
const CHANGES_KEPT: usize = 8_192;

/// Which cached credentials must be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forget {
    /// Those of a session, a device or a person.
    Subject(Uuid),
    /// All: what the feed would have said was missed.
    All,
}

/// Told of every [`Forget`].
pub type ForgetFn = Box<dyn Fn(Forget) + Send + Sync>;

/// Something readers of the live view may want to show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// A person moved.
    Moved(PositionFact),
    /// A person changed: they may have become visible or invisible.
    Person(OrganizationId, StaffId),
    /// The index was built anew: everything may be different.
    Rebuilt,
}

pub(crate) struct Inner {
    pub(crate) index: LiveIndex,
    pub(crate) directory: RwLock<Directory>,
    pub(crate) health: Health,
    pub(crate) changes: broadcast::Sender<Change>,
    pub(crate) forget: ForgetFn,
    generation: AtomicU64,
}

/// The live index, and how current it is.
#[derive(Clone)]
pub struct Follower(pub(crate) Arc<Inner>);

impl Follower {
    /// A follower that has not begun; see [`Follower::run`].
    #[must_use]
    pub fn new(forget: ForgetFn) -> Self {
        Self(Arc::new(Inner {
            index: LiveIndex::new(),
            directory: RwLock::default(),
            health: Health::new(),
            changes: broadcast::channel(CHANGES_KEPT).0,
            forget,
            generation: AtomicU64::new(0),
        }))
    }

    /// The index. It answers from the first snapshot on, also while a fresh one is being built.
    #[must_use]
    pub fn index(&self) -> &LiveIndex {
        &self.0.index
    }

    /// Why the index is not caught up; `None` when it is.
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

    /// Time since the feed last said that a relay is at work. While it is silent, changes made
    /// elsewhere may not be in the feed however current the index is.
    #[must_use]
    pub fn relay_silent_for(&self) -> Duration {
        self.0.health.relay_silent_for()
    }

    /// A person's display name.
    #[must_use]
    pub fn display_name(&self, staff: StaffId) -> Option<Arc<str>> {
        self.0.directory.read().name(staff)
    }

    /// Changes from now on. A receiver that lags is told so and should begin anew.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.0.changes.subscribe()
    }

    /// Moves whenever the index is built anew.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Acquire)
    }

    /// Puts a freshly built index in place of the old one, and gives that back: dropping it takes
    /// long.
    pub(crate) fn swap(&self, index: LiveIndex, directory: Directory) -> (LiveIndex, Directory) {
        let index = self.0.index.replace(index);
        let directory = std::mem::replace(&mut *self.0.directory.write(), directory);
        self.0.generation.fetch_add(1, Ordering::Release);
        self.tell(Change::Rebuilt);
        (index, directory)
    }

    /// Takes facts into the index and tells whoever watches.
    pub(crate) fn take(&self, facts: &[Fact], now: i64) {
        note_names(&mut self.0.directory.write(), facts);
        self.0.index.apply(facts, now);
        for fact in facts {
            match fact {
                Fact::Position(position) => self.tell(Change::Moved(*position)),
                Fact::Staff(staff) => {
                    (self.0.forget)(Forget::Subject(staff.staff.0));
                    self.tell(Change::Person(staff.organization, staff.staff));
                }
                // Whose gate follows the organisation is not told one by one here.
                Fact::Organization(_) => (self.0.forget)(Forget::All),
                Fact::Region(_) => {}
            }
        }
    }

    /// Nobody watching is no error.
    fn tell(&self, change: Change) {
        drop(self.0.changes.send(change));
    }
}

/// Takes the names of people among the facts.
pub(crate) fn note_names(directory: &mut Directory, facts: &[Fact]) {
    for fact in facts {
        if let Fact::Staff(staff) = fact {
            directory.take(staff);
        }
    }
}
