//! Building an index of facts that come in pages, in any order, as fast and as compact as from
//! people at hand. Must give the index that applying the facts one by one gives.

use crate::{
    LiveIndex, OrgIndex,
    apply::{organization, ping_of},
    bulk::Loading,
    sphere::Unit,
};
use nearhand_domain::{
    OrganizationId,
    facts::{Fact, OrganizationFacts},
};
use rustc_hash::FxHashMap;

/// Takes a snapshot's facts in, and is an index when all are there.
#[derive(Debug, Default)]
pub struct Builder {
    organizations: FxHashMap<OrganizationId, Gathered>,
}

/// The facts of one organisation so far.
#[derive(Debug)]
struct Gathered {
    loading: Loading,
    /// What was told of the organisation after some of its people.
    late: Vec<OrganizationFacts>,
}

impl Builder {
    /// Takes facts in, in any order and any number of times; `now` in Unix seconds.
    pub fn take(&mut self, facts: &[Fact], now: i64) {
        for fact in facts {
            let id = organization(fact);
            let gathered = self.organizations.entry(id).or_insert_with(|| Gathered {
                loading: Loading::new(OrgIndex::new(id, now)),
                late: Vec::new(),
            });
            gathered.take(fact, now);
        }
    }

    /// The index of everything taken in. O(n log n) in the people of an organisation.
    #[must_use]
    pub fn finish(self, now: i64) -> LiveIndex {
        let live = LiveIndex::new();
        for gathered in self.organizations.into_values() {
            live.insert(gathered.finish(now));
        }
        live
    }
}

impl Gathered {
    fn take(&mut self, fact: &Fact, now: i64) {
        let index = &mut self.loading.index;
        match fact {
            Fact::Staff(facts) => {
                if let Some(parts) = index.newer_staff(facts) {
                    self.loading.put(parts, now);
                }
            }
            Fact::Position(fact) => {
                if let Some(slot) = index.whose_newer(fact) {
                    let person = &mut index.people[slot as usize];
                    person.ping_at = Unit::new(fact.position);
                    person.ping = Some(ping_of(fact));
                }
            }
            // What changes with it is whatever refers to people, which nothing does yet.
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
