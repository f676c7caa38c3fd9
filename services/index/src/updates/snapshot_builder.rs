//! Builds an index from the facts of a snapshot, which come in pages and in any order. Must give the
//! same index as applying the facts one by one.
//!
//! The people enter the tree only at the end, sorted by their cells. A million people take a third
//! of the time that they take one by one. Until then what they own on the heap is held twice, and
//! the index needs a third more memory than afterwards.

use super::{
    bulk_load::BulkLoad,
    facts::{organization, ping_of},
};
use crate::{LiveIndex, OrgIndex, geometry::IndexPoint};
use nearhand_domain::{
    OrganizationId,
    facts::{Fact, OrganizationFacts},
};
use rustc_hash::FxHashMap;

/// Takes the facts of a snapshot; becomes an index when all are there.
#[derive(Debug, Default)]
pub struct SnapshotBuilder {
    organizations: FxHashMap<OrganizationId, PendingOrganization>,
}

/// The facts of one organisation so far.
#[derive(Debug)]
struct PendingOrganization {
    loading: BulkLoad,
    /// Facts of the organisation that came after some of its people.
    late: Vec<OrganizationFacts>,
}

impl SnapshotBuilder {
    /// Takes facts in, in any order and any number of times; `now` in Unix seconds.
    pub fn take(&mut self, facts: &[Fact], now: i64) {
        for fact in facts {
            let id = organization(fact);
            let pending = self.organizations.entry(id).or_insert_with(|| PendingOrganization {
                loading: BulkLoad::new(OrgIndex::new(id, now)),
                late: Vec::new(),
            });
            pending.take(fact, now);
        }
    }

    /// The index of everything taken in. O(n log n) in the people of an organisation.
    #[must_use]
    pub fn finish(self, now: i64) -> LiveIndex {
        let live = LiveIndex::new();
        for pending in self.organizations.into_values() {
            live.insert(pending.finish(now));
        }
        live
    }
}

impl PendingOrganization {
    fn take(&mut self, fact: &Fact, now: i64) {
        let index = &mut self.loading.index;
        match fact {
            Fact::Staff(facts) => {
                if let Some(input) = index.input_if_newer(facts) {
                    self.loading.put(input, now);
                }
            }
            Fact::Position(fact) => {
                if let Some(slot) = index.slot_if_newer(fact) {
                    let person = &mut index.people[slot as usize];
                    person.ping_at = IndexPoint::of(fact.position);
                    person.ping = Some(ping_of(fact));
                }
            }
            Fact::Work(facts) => index.keep_work(facts),
            // It changes what refers to people, and nothing refers to them yet.
            Fact::Organization(facts) if !index.people.is_empty() => self.late.push(facts.clone()),
            Fact::Organization(_) | Fact::Region(_) => index.apply(fact, now),
        }
    }

    fn finish(self, now: i64) -> OrgIndex {
        let mut index = self.loading.finish();
        for facts in self.late {
            index.apply(&Fact::Organization(facts), now);
        }
        index
    }
}
