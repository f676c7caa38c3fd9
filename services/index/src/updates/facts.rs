//! Applies facts of the feed, one by one. Must give the same index for any order and any repetition
//! of the same facts: only newer versions replace, and fixes and work of unknown people wait for them.
//!
//! One thing is required of the facts: a person's `positions_valid_from` never falls from one
//! version to the next, so that an erased fix never comes back.

use super::version::Entity;
use crate::{
    OrgIndex, PersonInput,
    geometry::IndexPoint,
    numbers::number,
    people::{
        person::{Ping, flag},
        work::Work,
    },
};
use jiff::tz::TimeZone;
use nearhand_domain::{
    OrganizationId,
    facts::{Fact, OrganizationFacts, PositionFact, RegionFacts, StaffFacts, WorkFacts},
    zone,
};

/// A fact with what can be computed before the lock is taken.
#[derive(Debug)]
pub(crate) struct Prepared<'a> {
    fact: &'a Fact,
    /// The point of a position fact.
    at: Option<IndexPoint>,
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(fact: &'a Fact) -> Self {
        let at = match fact {
            Fact::Position(fact) => Some(IndexPoint::of(fact.position)),
            _ => None,
        };
        Self { fact, at }
    }

    pub(crate) fn organization(&self) -> OrganizationId {
        organization(self.fact)
    }
}

/// The organisation of a fact.
pub(crate) fn organization(fact: &Fact) -> OrganizationId {
    match fact {
        Fact::Staff(fact) => fact.organization,
        Fact::Region(fact) => fact.organization,
        Fact::Organization(fact) => fact.organization,
        Fact::Position(fact) => fact.organization,
        Fact::Work(fact) => fact.organization,
    }
}

impl OrgIndex {
    /// Applies one fact. A fact that is not newer than the known one changes nothing. That it is a
    /// fact of this organisation is not checked.
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
            (Fact::Work(facts), _) => self.apply_work(facts),
            (Fact::Region(facts), _) => self.apply_region(facts),
            (Fact::Organization(facts), _) => self.apply_organization(facts),
            (Fact::Position(_), None) => {}
        }
    }

    fn apply_position(&mut self, fact: &PositionFact, at: IndexPoint) {
        if let Some(slot) = self.slot_if_newer(fact) {
            self.move_ping(slot, ping_of(fact), at);
        }
    }

    /// The slot of the person, if this is their newest fix. The fix of an unknown person is kept until
    /// the person is known.
    pub(crate) fn slot_if_newer(&mut self, fact: &PositionFact) -> Option<u32> {
        let Some(slot) = self.slot(fact.staff) else {
            let pending = self.pending_fixes.entry(fact.staff).or_insert(*fact);
            if fact.rank() > pending.rank() {
                *pending = *fact;
            }
            return None;
        };
        let person = self.person(slot);
        let newer = person.ping.is_none_or(|ping| fact.rank() > ping.rank());
        (newer && fact.fix_at_ms.div_euclid(1_000) >= person.valid_from).then_some(slot)
    }

    fn apply_staff(&mut self, facts: &StaffFacts, now: i64) {
        let Some(input) = self.input_if_newer(facts) else { return };
        let mut person = input.into_person(&mut self.vocabulary, &mut self.schedules, now);
        if let Some(slot) = self.slot(facts.staff) {
            self.replace(slot, |known| {
                person.set_work(known.take_work());
                person
            });
        } else {
            person.set_work(self.pending_work.remove(&facts.staff).unwrap_or_default());
            self.put_person(person);
        }
    }

    /// Replaces a person's bookings, last job and visits.
    fn apply_work(&mut self, facts: &WorkFacts) {
        let Some(slot) = self.slot(facts.staff) else { return self.keep_work(facts) };
        if self.person(slot).work_version() >= facts.version {
            return;
        }
        let work = Work::of(facts, &mut self.vocabulary);
        self.detach(slot);
        self.people[slot as usize].set_work(work);
        self.attach(slot);
    }

    /// Keeps the newest work of a person until the person is known.
    pub(crate) fn keep_work(&mut self, facts: &WorkFacts) {
        let known = self.pending_work.get(&facts.staff);
        if known.is_none_or(|work| work.version < facts.version) {
            let work = Work::of(facts, &mut self.vocabulary);
            self.pending_work.insert(facts.staff, work);
        }
    }

    /// The person of a record, with the known fix, if the record is newer than the known one.
    pub(crate) fn input_if_newer(&mut self, facts: &StaffFacts) -> Option<PersonInput> {
        let known = self.slot(facts.staff);
        if known.is_some_and(|slot| self.person(slot).version >= facts.version) {
            return None;
        }
        let ping = match known {
            Some(slot) => self.person(slot).ping,
            None => self.pending_fixes.remove(&facts.staff).as_ref().map(ping_of),
        };
        let mut input = PersonInput::from_facts(facts, &self.zone);
        input.ping = ping.filter(|p| p.fix_at_ms.div_euclid(1_000) >= facts.positions_valid_from);
        Some(input)
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
        let base_changed = self.base != facts.base;
        // Only this policy decides whether fixes of mock providers count.
        let mock_changed = self.mock_policy != facts.mock_policy;
        (self.base, self.mock_policy) = (facts.base, facts.mock_policy);
        if old_zone != zone {
            let by_day = |flags: u16| flags & flag::LICENCES_BY_DAY != 0;
            for person in self.people.iter_mut().filter(|person| by_day(person.flags)) {
                for licence in &mut person.licences {
                    *licence = licence.moved(&old_zone, &zone);
                }
            }
        }
        for slot in 0..number(self.people.len()) {
            let person = self.person(slot);
            let moved = base_changed && !person.has(flag::START_IS_OWN)
                || mock_changed && person.ping().is_some_and(|ping| ping.mock);
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
