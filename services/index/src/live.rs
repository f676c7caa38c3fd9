//! Every organisation's index behind its own lock. Must hold a lock for a few updates only, so
//! that readers never wait long.
//!
//! The lock is `parking_lot`'s, which lets a waiting writer go before new readers. Two things were
//! measured beside 50,000 updates a second among a million people: spinning before the lock, and
//! reading what an update needs under the readers' lock first. Neither shortened the 99th percentile
//! of readers or of updates, and both cost the median reader some percent.

use crate::{
    OrgIndex,
    updates::{LoadWindowProgress, facts::Prepared, version::LOW_48_BITS},
};
use nearhand_domain::{OrganizationId, facts::Fact};
use parking_lot::RwLock;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Updates applied in one hold of an organisation's lock.
pub const UPDATES_A_HOLD: usize = 8;

type Shared = Arc<RwLock<OrgIndex>>;

/// The live indexes of all organisations this process serves.
#[derive(Debug, Default)]
pub struct LiveIndex {
    organizations: RwLock<FxHashMap<OrganizationId, Shared>>,
}

/// How large the index is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Organisations.
    pub organizations: usize,
    /// People who are not deleted.
    pub people: usize,
    /// Places they can count from.
    pub places: usize,
    /// Leaves holding those.
    pub leaves: usize,
    /// Memory held, in bytes, roughly.
    pub approximate_bytes: usize,
    /// All organisations' versions summed up, the lowest 48 bits: equal on processes that hold
    /// the same, and exact as a double.
    pub version: u64,
}

impl LiveIndex {
    /// An index of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies facts, in any order and any number of times, a few in one hold of the lock.
    pub fn apply(&self, facts: &[Fact], now: i64) {
        for chunk in facts.chunks(UPDATES_A_HOLD) {
            let prepared: Vec<Prepared<'_>> = chunk.iter().map(Prepared::new).collect();
            let mut rest = &prepared[..];
            while let Some(first) = rest.first() {
                let organization = first.organization();
                let same = rest.iter().take_while(|f| f.organization() == organization).count();
                let (run, others) = rest.split_at(same);
                let shared = self.get_or_create(organization, now);
                let mut index = shared.write();
                run.iter().for_each(|fact| index.apply_prepared(fact, now));
                rest = others;
            }
        }
    }

    /// Puts a whole organisation in, replacing its old index at once.
    pub fn insert(&self, index: OrgIndex) {
        let id = index.id();
        let old = self.organizations.write().insert(id, Arc::new(RwLock::new(index)));
        // Dropped after the lock is released: giving back so much memory takes long.
        drop(old);
    }

    /// Replaces everything by a new index at once; readers of the old one finish undisturbed.
    /// Returns the old one, because dropping it takes long.
    #[must_use = "drop it where nobody waits"]
    pub fn replace(&self, fresh: Self) -> Self {
        let fresh = fresh.organizations.into_inner();
        let old = std::mem::replace(&mut *self.organizations.write(), fresh);
        Self { organizations: RwLock::new(old) }
    }

    /// Reads one organisation. Its updates wait meanwhile, so `read` must be short.
    pub fn with_org<T>(
        &self,
        organization: OrganizationId,
        read: impl FnOnce(&OrgIndex) -> T,
    ) -> Option<T> {
        let shared = self.organizations.read().get(&organization).cloned()?;
        let index = shared.read();
        Some(read(&index))
    }

    /// Moves horizons and hourly loads on to `now`, in small lock holds. Call once a minute or so;
    /// costs little while the hour is the same.
    pub fn advance_load_windows(&self, now: i64) {
        for shared in self.all() {
            let mut progress = LoadWindowProgress::default();
            while !shared.write().advance_load_window(&mut progress, now) {}
        }
    }

    /// The organisations known, in no order.
    #[must_use]
    pub fn organizations(&self) -> Vec<OrganizationId> {
        self.organizations.read().keys().copied().collect()
    }

    /// How large everything is. O(people).
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        let mut sizes = Sizes::default();
        for shared in self.all() {
            let index = shared.read();
            sizes.organizations += 1;
            sizes.people += index.considered();
            sizes.places += index.tree().len();
            sizes.leaves += index.tree().leaves();
            sizes.approximate_bytes += index.approximate_bytes();
            sizes.version = (sizes.version + index.index_version().low_48_bits()) & LOW_48_BITS;
        }
        sizes
    }

    fn all(&self) -> Vec<Shared> {
        self.organizations.read().values().cloned().collect()
    }

    fn get_or_create(&self, organization: OrganizationId, now: i64) -> Shared {
        if let Some(shared) = self.organizations.read().get(&organization) {
            return shared.clone();
        }
        let mut all = self.organizations.write();
        all.entry(organization)
            .or_insert_with(|| Arc::new(RwLock::new(OrgIndex::new(organization, now))))
            .clone()
    }
}
