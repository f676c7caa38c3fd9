//! The nearest people who meet a filter. Must be exact: distances are the haversine's, whatever
//! the tree's boxes say.

use crate::{
    OrgIndex, Person,
    masks::HourSet,
    person::{PlaceKind, flag},
    places::{Place, Shown},
    siblings::{Parts, Siblings, each},
    signature::Signature,
    sphere::{Origin, Unit},
    vocabulary::{language_word, licence_word},
};
use nearhand_domain::{Position, ServiceId, StaffId, preference::LanguageLevel};
use std::{
    cmp::{Ordering, Reverse},
    collections::BinaryHeap,
};

/// What the people looked for must have. The default asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Services that must not be `never`.
    pub services: Vec<ServiceId>,
    /// Skills with their least levels, 1 to 5.
    pub skills: Vec<(String, u8)>,
    /// Licences by code and jurisdiction, held whatever their dates.
    pub licences: Vec<(String, String)>,
    /// Languages with their least levels.
    pub languages: Vec<(String, LanguageLevel)>,
}

/// Somebody near.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// Who.
    pub staff: StaffId,
    /// Their number.
    pub slot: u32,
    /// Where they are shown: at their fix, or else where they start from.
    pub position: Position,
    /// Whether it is a fix.
    pub live: bool,
    /// Great-circle distance.
    pub km: f64,
}

/// A filter in numbers.
#[derive(Debug, Default)]
struct Needs {
    services: Vec<u32>,
    skills: Vec<(u32, u8)>,
    licences: Vec<u32>,
    languages: Vec<(u32, LanguageLevel)>,
    signature: Signature,
    /// Whether whoever's signature covers the needed one has all of it.
    told: bool,
}

/// Places seen, nearest first: those that count, and those of which only their person's record
/// tells. Records are read only when nothing nearer is left, so that few are.
struct Found<'a> {
    k: usize,
    near: Vec<(u64, &'a Place)>,
    /// The farthest that matters: the k-th, give or take the quantisation.
    limit: u64,
    pending: BinaryHeap<Reverse<Pending<'a>>>,
}

struct Pending<'a> {
    distance: u64,
    place: &'a Place,
}

impl<'a> Found<'a> {
    fn new(k: usize) -> Self {
        let near = Vec::with_capacity(2 * k.min(100));
        Self { k, near, limit: u64::MAX, pending: BinaryHeap::new() }
    }

    fn add(&mut self, distance: u64, place: &'a Place) {
        if distance > self.limit {
            return;
        }
        let at = self.near.partition_point(|&(other, _)| other <= distance);
        self.near.insert(at, (distance, place));
        if let Some(&(kth, _)) = self.near.get(self.k - 1) {
            self.limit = as_key(square(f64::from_bits(kth).sqrt() + SLACK));
            while self.near.last().is_some_and(|&(last, _)| last > self.limit) {
                self.near.pop();
            }
        }
    }

    /// Looks at the records of those nearer than `distance`.
    fn settle(&mut self, distance: u64, counts: impl Fn(&Place) -> bool) {
        while let Some(Reverse(next)) = self.pending.peek() {
            let Pending { distance: this, place } = *next;
            if this > distance.min(self.limit) {
                break;
            }
            self.pending.pop();
            if counts(place) {
                self.add(this, place);
            }
        }
    }
}

/// What quantised unit vectors may be off against each other, in Earth radii.
const SLACK: f64 = 2e-8;

impl OrgIndex {
    /// The `k` nearest active people who meet a filter, nearest first, then by id.
    ///
    /// A person is where their fix is, if it may be used at `at` (Unix seconds), else where they
    /// start from. Cost: some microseconds; grows with `k` and with how rare the fit are.
    #[must_use]
    pub fn nearest(&self, from: Position, filter: &Filter, k: usize, at: i64) -> Vec<Near> {
        let Some(needs) = self.needs(filter).filter(|_| k > 0) else { return Vec::new() };
        let unit = Unit::new(from);
        let low = unit.to_f32();
        let mut found = Found::new(k);
        let counts = |place: &Place| self.is_shown(place, at) && self.meets(place, &needs);
        self.places.best_first(
            0,
            |siblings, parts, ranking| {
                let chords = siblings.chords_at_least(low);
                for part in each(parts & needs.met_in(siblings)) {
                    // Bounds grow with distance here, and ranks fall.
                    let nearest = as_key(square(f64::from(chords[part])));
                    ranking.add(part, !nearest, nearest);
                }
            },
            |leaf, nearest| {
                // What is nearer than this leaf and all after it can be settled.
                found.settle(nearest, counts);
                for nth in leaf.covering(&needs.signature) {
                    let place = &leaf.places()[nth];
                    let distance = as_key(square(unit.chord(place.at)));
                    match self.shown(place, at) {
                        _ if distance > found.limit => {}
                        Shown::Never => {}
                        Shown::Always if needs.told => found.add(distance, place),
                        _ => found.pending.push(Reverse(Pending { distance, place })),
                    }
                }
                !found.limit
            },
        );
        found.settle(u64::MAX, counts);
        self.measured(from, &found.near, k)
    }

    fn meets(&self, place: &Place, needs: &Needs) -> bool {
        needs.told || needs.met_by(self.person(place.slot()))
    }

    /// Whether a place is the one a person is shown at, as far as the place tells.
    fn shown(&self, place: &Place, at: i64) -> Shown {
        match place.kind() {
            PlaceKind::LastJob | PlaceKind::Booking => Shown::Never,
            _ if self.tracked_since.is_some_and(|since| at < since) => Shown::Sometimes,
            _ => place.shown(),
        }
    }

    fn is_shown(&self, place: &Place, at: i64) -> bool {
        match self.shown(place, at) {
            Shown::Never => false,
            Shown::Always => true,
            Shown::Sometimes => {
                let person = self.person(place.slot());
                let by_fix = person.has(flag::PING_PLACED) && self.tracking_allowed(person, at);
                by_fix == (place.kind() == PlaceKind::Ping)
            }
        }
    }

    fn measured(&self, from: Position, found: &[(u64, &Place)], k: usize) -> Vec<Near> {
        let origin = Origin::new(from);
        // Read together, they are waited for once.
        let persons = found.iter().map(|(_, place)| self.person(place.slot()));
        std::hint::black_box(persons.fold(0, |sum, person| sum ^ person.glimpse()));
        let measure = |&(_, place): &(u64, &Place)| {
            let person = self.person(place.slot());
            let live = place.kind() == PlaceKind::Ping;
            let ping = person.ping.filter(|_| live).map(|ping| ping.position);
            let (slot, position) = (place.slot(), ping.or(person.start)?);
            Some(Near { staff: person.id, slot, position, live, km: origin.km_to(position) })
        };
        let mut near: Vec<Near> = found.iter().filter_map(measure).collect();
        near.sort_unstable_by(|a, b| a.km.total_cmp(&b.km).then(a.staff.cmp(&b.staff)));
        near.truncate(k);
        near
    }

    /// `None` when something is asked for that nobody has.
    fn needs(&self, filter: &Filter) -> Option<Needs> {
        let words = &self.vocabulary;
        let mut needs = Needs::default();
        // A service nobody speaks of is nobody's `never`.
        needs.services.extend(filter.services.iter().filter_map(|id| words.services.code(id)));
        for (skill, level) in filter.skills.iter().filter(|(_, level)| *level > 0) {
            needs.skills.push((words.skills.code(skill.as_str())?, *level));
        }
        for (code, jurisdiction) in &filter.licences {
            let word = licence_word(code, jurisdiction);
            needs.licences.push(words.licences.code(word.as_str())?);
        }
        for (tag, level) in &filter.languages {
            needs.languages.push((words.languages.code(language_word(tag).as_str())?, *level));
        }
        let mut signature = Signature::default();
        needs.services.iter().for_each(|&code| signature.need_service(code));
        needs.skills.iter().for_each(|&(code, level)| signature.need_skill(code, level));
        needs.licences.iter().for_each(|&code| signature.need_licence(code));
        let fluent = needs.languages.iter().filter(|(_, level)| *level >= LanguageLevel::B2);
        fluent.for_each(|&(code, _)| signature.need_language(code));
        signature.need_hours(&HourSet::EMPTY);
        needs.signature = signature;
        needs.told = needs.licences.is_empty()
            && needs.languages.is_empty()
            && (needs.skills.is_empty() || words.skills.len() <= Signature::EXACT_SKILLS)
            && needs.services.iter().all(|&code| Signature::tells_service(code));
        Some(needs)
    }
}

impl Needs {
    /// In which parts of a cube somebody may meet each of them.
    fn met_in(&self, siblings: &Siblings) -> Parts {
        let services = self.services.iter().map(|&code| siblings.with_service(code));
        let skills = self.skills.iter().map(|&(code, level)| siblings.with_skill(code, level));
        let licences = self.licences.iter().map(|&code| siblings.with_licence(code));
        let languages = self.languages.iter().map(|&(code, level)| {
            siblings.with_language(code, crate::person::fluency(level as u8))
        });
        skills.chain(languages).chain(licences).chain(services).fold(Parts::MAX, |all, of| all & of)
    }

    fn met_by(&self, person: &Person) -> bool {
        self.services.iter().all(|&code| person.service(code) > 0)
            && self.skills.iter().all(|&(code, level)| person.skill(code) >= level)
            && self.licences.iter().all(|&code| person.licences(code).next().is_some())
            && self.languages.iter().all(|&(code, least)| {
                person.language_level(code).is_some_and(|level| level >= least)
            })
    }
}

impl PartialEq for Pending<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.distance == other.distance
    }
}

impl Eq for Pending<'_> {}

impl PartialOrd for Pending<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Pending<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.distance.cmp(&other.distance)
    }
}

fn square(chord: f64) -> f64 {
    chord * chord
}

/// A squared distance, not negative, as a number of the same order.
fn as_key(squared: f64) -> u64 {
    squared.to_bits()
}
