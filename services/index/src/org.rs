//! The index of one organisation: people by slot, their places, abilities and loads, and regions.
//! Must leave locking to [`crate::live`] and scores to the crate that ranks.

use crate::{
    abilities::AbilityIndex,
    numbers::number,
    people::{
        booked_cases::BookedCases,
        free_hours::{touched_hours, window_from},
        load::{self, RunningMean, parity},
        person::{Person, Ping, flag},
        person_input::PersonInput,
        schedules::Schedules,
        vocabulary::Vocabulary,
        work::Work,
    },
    regions::Regions,
    tree::CellTree,
    updates::{IndexVersion, version::Entity},
};
use hashbrown::HashTable;
use jiff::tz::TimeZone;
use nearhand_domain::{
    CaseId, OrganizationId, Position, RegionId, StaffId,
    facts::{MockPolicy, PositionFact},
    time::Interval,
    tracking::tracking_allowed,
};
use rustc_hash::{FxBuildHasher, FxHashMap};
use std::hash::BuildHasher;

/// About how many people are looked at to estimate memory.
const SAMPLED_PEOPLE: usize = 4_096;

/// The hour whose loads are kept, and their mean.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeptHour {
    pub(crate) hour: i64,
    /// False while people are still at the hour kept before.
    pub(crate) ready: bool,
    /// People below this number are already at `hour`.
    pub(crate) done: usize,
    pub(crate) mean: RunningMean,
}

/// Everything ranking reads of one organisation.
#[derive(Debug)]
pub struct OrgIndex {
    pub(crate) id: OrganizationId,
    pub(crate) version: Option<i64>,
    pub(crate) zone: TimeZone,
    pub(crate) base: Option<Position>,
    pub(crate) mock_policy: MockPolicy,
    pub(crate) vocabulary: Vocabulary,
    pub(crate) schedules: Schedules,
    pub(crate) people: Vec<Person>,
    pub(crate) slots: HashTable<u32>,
    pub(crate) tree: CellTree,
    pub(crate) abilities: AbilityIndex,
    /// The hours for which everybody's free hours are right: from, until.
    pub(crate) free_hours_valid: (i64, i64),
    /// People by the cases they are booked for.
    pub(crate) booked: BookedCases,
    /// People by the clients they have visited.
    pub(crate) visitors: FxHashMap<u32, Vec<u32>>,
    pub(crate) regions: Regions,
    /// The newest fixes of people who are not known yet.
    pub(crate) pending_fixes: FxHashMap<StaffId, PositionFact>,
    /// The newest work of people who are not known yet, or not loaded yet.
    pub(crate) pending_work: FxHashMap<StaffId, Work>,
    pub(crate) sum: IndexVersion,
    pub(crate) kept: [KeptHour; 2],
    pub(crate) considered: usize,
}

impl OrgIndex {
    /// An organisation about which nothing is known; loads are kept for the hours around `now`.
    #[must_use]
    pub fn new(id: OrganizationId, now: i64) -> Self {
        let mut kept =
            [KeptHour { hour: 0, ready: true, done: 0, mean: RunningMean::default() }; 2];
        for hour in load::kept_hours(now) {
            kept[parity(hour)].hour = hour;
        }
        Self {
            id,
            version: None,
            zone: TimeZone::UTC,
            base: None,
            mock_policy: MockPolicy::default(),
            vocabulary: Vocabulary::default(),
            schedules: Schedules::default(),
            people: Vec::new(),
            slots: HashTable::new(),
            tree: CellTree::default(),
            abilities: AbilityIndex::default(),
            free_hours_valid: window_from(load::kept_hours(now)[0]),
            booked: BookedCases::default(),
            visitors: FxHashMap::default(),
            regions: Regions::default(),
            pending_fixes: FxHashMap::default(),
            pending_work: FxHashMap::default(),
            sum: IndexVersion::of(id),
            kept,
            considered: 0,
        }
    }

    /// Puts a person in. Replaces the record of the same id whatever its version, and the known fix
    /// and work by those of `input`.
    pub fn put(&mut self, input: PersonInput, now: i64) -> u32 {
        let person = input.into_person(&mut self.vocabulary, &mut self.schedules, now);
        self.put_person(person)
    }

    /// The slot of a person: the number of the record.
    #[must_use]
    pub fn slot(&self, id: StaffId) -> Option<u32> {
        self.slots.find(hash(id), |&slot| self.people[slot as usize].id == id).copied()
    }

    /// The person at a slot that the index has given out.
    ///
    /// # Panics
    /// When it has not given out the slot.
    #[must_use]
    pub fn person(&self, slot: u32) -> &Person {
        &self.people[slot as usize]
    }

    /// All records by slot, with those of deleted people.
    #[must_use]
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// The slots of the people who have visited a client, by the client's code.
    #[must_use]
    pub fn visitors(&self, client: u32) -> &[u32] {
        self.visitors.get(&client).map_or(&[], Vec::as_slice)
    }

    /// Slots of the people who are booked for a case, with cancelled bookings; a few others may be
    /// among them.
    pub fn booked_for(&self, case: CaseId) -> impl Iterator<Item = u32> {
        self.booked.people(case)
    }

    /// The coming hours that an interval in Unix seconds touches, by the hour's number modulo 64. Hours
    /// for which the index does not know who is free are left out.
    #[must_use]
    pub fn coming_hours(&self, interval: Interval) -> u64 {
        touched_hours(interval, self.free_hours_valid)
    }

    /// All places people can count from.
    #[must_use]
    pub fn tree(&self) -> &CellTree {
        &self.tree
    }

    /// Who can do what.
    #[must_use]
    pub fn abilities(&self) -> &AbilityIndex {
        &self.abilities
    }

    /// The codes of words.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Working hours.
    #[must_use]
    pub fn schedules(&self) -> &Schedules {
        &self.schedules
    }

    /// The version of the organisation's settings; 0 before the first is known.
    #[must_use]
    pub fn settings_version(&self) -> i64 {
        self.version.unwrap_or(0)
    }

    /// The organisation.
    #[must_use]
    pub fn id(&self) -> OrganizationId {
        self.id
    }

    /// How fixes from mock providers count.
    #[must_use]
    pub fn mock_policy(&self) -> MockPolicy {
        self.mock_policy
    }

    /// How many people are not deleted.
    #[must_use]
    pub fn considered(&self) -> usize {
        self.considered
    }

    /// One number for everything that ranking reads.
    #[must_use]
    pub fn index_version(&self) -> IndexVersion {
        self.sum
    }

    /// Memory held, in bytes, roughly. O(people).
    #[must_use]
    pub fn approximate_bytes(&self) -> usize {
        // A sample of people: looking at all would hold the lock for long.
        let every = self.people.len() / SAMPLED_PEOPLE + 1;
        let sampled = self.people.iter().step_by(every).map(Person::heap_bytes).sum::<usize>();
        let samples = self.people.len().div_ceil(every).max(1);
        self.people.capacity() * size_of::<Person>()
            + sampled * self.people.len() / samples
            + self.slots.capacity() * 6
            + self.tree.approximate_bytes()
            + self.abilities.approximate_bytes()
            + self.booked.approximate_bytes()
            + self.schedules.approximate_bytes()
    }

    /// The regions that contain a position, boundary included, by id.
    #[must_use]
    pub fn regions_containing(&self, position: Position) -> Vec<RegionId> {
        self.regions.containing(position)
    }

    /// Whether a person may be located at `at` (Unix seconds), by the privacy gate.
    #[must_use]
    pub fn tracking_allowed(&self, person: &Person, at: i64) -> bool {
        let Some(gate) = person.rare.as_ref().and_then(|rare| rare.gate.as_ref()) else {
            return person.permitted.contains(at);
        };
        match (gate.hours_margin_min, person.hours) {
            (Some(margin), Some(hours)) => {
                let margin = i64::from(margin) * 60 + 1;
                let around =
                    Interval { start: at.saturating_sub(margin), end: at.saturating_add(margin) };
                self.schedules.with(hours, around, |hours| tracking_allowed(gate, Some(hours), at))
            }
            _ => tracking_allowed(gate, None, at),
        }
    }

    /// A person's fix as far as it may be used at `at`: permitted at its time and now, precise to
    /// 1 km, and not from a mock provider where those are history only.
    #[must_use]
    pub fn live_ping<'a>(&self, person: &'a Person, at: i64) -> Option<&'a Ping> {
        let ping = person.ping().filter(|ping| self.may_count(ping))?;
        self.tracking_allowed(person, at).then_some(ping)
    }

    pub(crate) fn may_count(&self, ping: &Ping) -> bool {
        let mock = ping.mock && self.mock_policy == MockPolicy::HistoryOnly;
        !mock && ping.grade().is_some()
    }

    pub(crate) fn permits(&self, slot: u32) -> bool {
        let person = &self.people[slot as usize];
        person.ping.as_ref().is_some_and(|ping| {
            let at = ping.fix_at_ms.div_euclid(1_000);
            at >= person.valid_from && self.tracking_allowed(person, at)
        })
    }

    pub(crate) fn put_person(&mut self, person: Person) -> u32 {
        if let Some(slot) = self.slot(person.id) {
            self.replace(slot, |_| person);
            return slot;
        }
        let slot = self.push(person);
        self.attach(slot);
        slot
    }

    /// Replaces the record at a slot by one that may take parts of it over.
    pub(crate) fn replace(&mut self, slot: u32, by: impl FnOnce(&mut Person) -> Person) {
        self.detach(slot);
        let known = &mut self.people[slot as usize];
        let fresh = by(known);
        let old = std::mem::replace(known, fresh);
        old.hours.into_iter().for_each(|hours| self.schedules.release(hours));
        self.attach(slot);
    }

    /// Adds a record that nothing refers to yet.
    pub(crate) fn push(&mut self, person: Person) -> u32 {
        let slot = number(self.people.len());
        self.people.push(person);
        self.number(slot);
        slot
    }

    /// Makes a person findable by id.
    pub(crate) fn number(&mut self, slot: u32) {
        let people = &self.people;
        let id = |slot: u32| hash(people[slot as usize].id);
        self.slots.insert_unique(id(slot), slot, |&slot| id(slot));
    }

    /// The first of the hours whose loads and free hours are kept.
    pub(crate) fn first_kept_hour(&self) -> i64 {
        self.kept[0].hour.min(self.kept[1].hour)
    }

    /// Takes a record out of everything that refers to it.
    pub(crate) fn detach(&mut self, slot: u32) {
        self.unplace(slot);
        let person = &self.people[slot as usize];
        self.sum.remove(Entity::Staff, person.id.0, person.version);
        if let Some(ping) = &person.ping {
            self.sum.remove(Entity::Position, person.id.0, ping.version());
        }
        if person.work_version() > 0 {
            self.sum.remove(Entity::Work, person.id.0, person.work_version());
        }
        self.considered -= usize::from(!person.is_deleted());
        if person.is_active() {
            for kept in self.kept.iter_mut().filter(|k| k.ready || (slot as usize) < k.done) {
                kept.mean.remove(person.loads[parity(kept.hour)]);
            }
        }
        for client in person.clients() {
            let visitors = self.visitors.entry(client).or_default();
            if let Some(at) = visitors.iter().position(|&visitor| visitor == slot) {
                visitors.swap_remove(at);
            }
        }
        for case in person.booked_cases() {
            self.booked.remove(case, slot);
        }
    }

    /// Puts a record into everything that refers to it.
    pub(crate) fn attach(&mut self, slot: u32) {
        let (permitted, first_hour) = (self.permits(slot), self.first_kept_hour());
        let at = slot as usize;
        let loads = self.kept.map(|kept| self.load_inputs(&self.people[at], kept.hour));
        let person = &mut self.people[at];
        person.set(flag::PING_PERMITTED, permitted);
        person.keep_free_hours(first_hour);
        for (kept, load) in self.kept.iter_mut().zip(loads) {
            person.loads[parity(kept.hour)] = load;
            if person.flags & (flag::ACTIVE | flag::DELETED) == flag::ACTIVE
                && (kept.ready || at < kept.done)
            {
                kept.mean.add(load);
            }
        }
        self.sum.add(Entity::Staff, person.id.0, person.version);
        if let Some(ping) = &person.ping {
            self.sum.add(Entity::Position, person.id.0, ping.version());
        }
        if person.work_version() > 0 {
            self.sum.add(Entity::Work, person.id.0, person.work_version());
        }
        self.considered += usize::from(!person.is_deleted());
        for client in person.clients() {
            self.visitors.entry(client).or_default().push(slot);
        }
        for case in person.booked_cases() {
            self.booked.add(case, slot);
        }
        self.place(slot);
    }
}

pub(crate) fn hash(id: StaffId) -> u64 {
    FxBuildHasher.hash_one(id)
}
