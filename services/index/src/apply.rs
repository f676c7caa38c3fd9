//! Taking facts in. Must give the same index for any order and any repetition of the same facts:
//! only newer versions replace, and fixes of people not yet known wait for them.
//!
//! One thing is asked of the facts themselves: a person's `positions_valid_from` never falls from
//! one version to the next, so that an erased fix is gone for good.

use crate::{
    OrgIndex, number,
    person::{Ping, flag},
    sphere::Unit,
    version::Entity,
};
use jiff::tz::TimeZone;
use nearhand_domain::{
    OrganizationId,
    facts::{Fact, OrganizationFacts, PositionFact, RegionFacts, StaffFacts},
    zone,
};

/// A fact with what can be computed before the lock is taken.
#[derive(Debug)]
pub(crate) struct Prepared<'a> {
    fact: &'a Fact,
    /// Of a position.
    at: Option<Unit>,
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(fact: &'a Fact) -> Self {
        let at = match fact {
            Fact::Position(fact) => Some(Unit::new(fact.position)),
            _ => None,
        };
        Self { fact, at }
    }

    pub(crate) fn organization(&self) -> OrganizationId {
        organization(self.fact)
    }
}

/// Whose a fact is.
pub(crate) fn organization(fact: &Fact) -> OrganizationId {
    match fact {
        Fact::Staff(fact) => fact.organization,
        Fact::Region(fact) => fact.organization,
        Fact::Organization(fact) => fact.organization,
        Fact::Position(fact) => fact.organization,
    }
}

impl OrgIndex {
    /// Takes one fact in; anything not newer than what is known changes nothing. Facts of other
    /// organisations are not checked for.
    ///
    /// Cost: about a microsecond for a move, some for a person,
    /// O(people) for an organisation whose base, zone or mock policy changes.
    pub fn apply(&mut self, fact: &Fact, now: i64) {
        self.apply_prepared(&Prepared::new(fact), now);
    }

    pub(crate) fn apply_prepared(&mut self, prepared: &Prepared<'_>, now: i64) {
        match (prepared.fact, prepared.at) {
            (Fact::Position(fact), Some(at)) => self.apply_position(fact, at),
            (Fact::Staff(facts), _) => self.apply_staff(facts, now),
            (Fact::Region(facts), _) => self.apply_region(facts),
            (Fact::Organization(facts), _) => self.apply_organization(facts),
            (Fact::Position(_), None) => {}
        }
    }

    fn apply_position(&mut self, fact: &PositionFact, at: Unit) {
        if let Some(slot) = self.whose_newer(fact) {
            self.move_ping(slot, ping_of(fact), at);
        }
    }

    /// The person whose newest fix this is, if they are known; else it is kept for them.
    pub(crate) fn whose_newer(&mut self, fact: &PositionFact) -> Option<u32> {
        let Some(slot) = self.slot(fact.staff) else {
            let early = self.early.entry(fact.staff).or_insert(*fact);
            if fact.rank() > early.rank() {
                *early = *fact;
            }
            return None;
        };
        let person = self.person(slot);
        let newer = person.ping.is_none_or(|ping| fact.rank() > ping.rank());
        (newer && fact.fix_at_ms.div_euclid(1_000) >= person.valid_from).then_some(slot)
    }

    fn apply_staff(&mut self, facts: &StaffFacts, now: i64) {
        if let Some(parts) = self.newer_staff(facts) {
            self.put(parts, now);
        }
    }

    /// The person of a record that is newer than the one known, with the fix that is.
    pub(crate) fn newer_staff(&mut self, facts: &StaffFacts) -> Option<crate::PersonParts> {
        let known = self.slot(facts.staff);
        if known.is_some_and(|slot| self.person(slot).version >= facts.version) {
            return None;
        }
        let ping = match known {
            Some(slot) => self.person(slot).ping,
            None => self.early.remove(&facts.staff).as_ref().map(ping_of),
        };
        let mut parts = crate::PersonParts::from_facts(facts, &self.zone);
        parts.ping = ping.filter(|p| p.fix_at_ms.div_euclid(1_000) >= facts.positions_valid_from);
        Some(parts)
    }

    fn apply_region(&mut self, facts: &RegionFacts) {
        if let Ok(replaced) = self.regions.apply(facts) {
            if let Some(old) = replaced {
                self.sum.remove(Entity::Region, facts.region.0, old);
            }
            self.sum.add(Entity::Region, facts.region.0, facts.version);
        }
    }

    fn apply_organization(&mut self, facts: &OrganizationFacts) {
        if self.version.is_some_and(|known| known >= facts.version) {
            return;
        }
        if let Some(old) = self.version.replace(facts.version) {
            self.sum.remove(Entity::Organization, self.id.0, old);
        }
        self.sum.add(Entity::Organization, self.id.0, facts.version);
        let zone = zone::get(&facts.time_zone).unwrap_or(TimeZone::UTC);
        let old_zone = std::mem::replace(&mut self.zone, zone.clone());
        let based = self.base != facts.base;
        // Whether fixes from a mock provider count changes with this policy alone.
        let mocked = self.mock_policy != facts.mock_policy;
        (self.base, self.mock_policy) = (facts.base, facts.mock_policy);
        if old_zone != zone {
            let by_day = |flags: u8| flags & flag::LICENCES_BY_DAY != 0;
            for person in self.people.iter_mut().filter(|person| by_day(person.flags)) {
                for licence in &mut person.licences {
                    *licence = licence.moved(&old_zone, &zone);
                }
            }
        }
        for slot in 0..number(self.people.len()) {
            let person = self.person(slot);
            let moved = based && !person.has(flag::START_IS_OWN)
                || mocked && person.ping().is_some_and(|ping| ping.mock);
            if moved {
                self.unplace(slot);
                self.place(slot);
            }
        }
    }
}

pub(crate) fn ping_of(fact: &PositionFact) -> Ping {
    Ping {
        fix_at_ms: fact.fix_at_ms,
        position: fact.position,
        accuracy_m: fact.accuracy_m,
        mock: fact.mock,
    }
}
