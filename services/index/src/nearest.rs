//! The nearest people who meet a filter. Must be exact: distances are the haversine's, whatever
//! the tree's boxes say.

use crate::{
    OrgIndex, Person,
    envelope::Envelope,
    masks::{HourSet, Masks},
    person::PlaceKind,
    places::{Bound, Place},
    signature::Signature,
    sphere::{Origin, Unit, box_chord_at_least},
    vocabulary::{language_word, licence_word},
};
use nearhand_domain::{Position, ServiceId, StaffId, preference::LanguageLevel};
use std::{cmp::Ordering, collections::BinaryHeap};

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
}

/// Places seen, and those of them that count, nearest first. People are looked at only when
/// nothing nearer is left, so that few are.
struct Found<'a> {
    k: usize,
    pending: BinaryHeap<Pending<'a>>,
    near: Vec<(u64, &'a Place)>,
}

struct Pending<'a> {
    closeness: u64,
    place: &'a Place,
}

impl<'a> Found<'a> {
    /// Looks at the places at least so close.
    fn settle(&mut self, closeness: u64, counts: impl Fn(&Place) -> bool) {
        while let Some(next) = self.pending.peek() {
            if next.closeness < closeness.max(self.threshold()) {
                break;
            }
            if counts(next.place) {
                self.near.push((next.closeness, next.place));
            }
            self.pending.pop();
        }
    }

    /// How close a place must be to matter: as the k-th, give or take the quantisation.
    fn threshold(&self) -> u64 {
        let kth = self.near.get(self.k - 1);
        kth.map_or(0, |kth| closeness(f64::from_bits(!kth.0) + SLACK))
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
        let (unit, low) = (Unit::new(from), Unit::new(from).to_f32());
        let mut found = Found { k, pending: BinaryHeap::with_capacity(256), near: Vec::new() };
        let bound = |envelope: &Envelope| {
            needs.met_below(&envelope.masks).then(|| {
                let best = closeness(box_chord_at_least(&envelope.bounds, low));
                Bound { best, note: best }
            })
        };
        self.places.best_first(0, bound, |places, best| {
            // What is nearer than this leaf and all after it can be settled.
            found.settle(best, |place| self.is_shown(place, at) && self.meets(place, &needs));
            let threshold = found.threshold();
            for place in places.iter().filter(|place| place.signature.covers(&needs.signature)) {
                let closeness = closeness(unit.chord(place.at));
                if closeness >= threshold {
                    found.pending.push(Pending { closeness, place });
                }
            }
            threshold
        });
        found.settle(0, |place| self.is_shown(place, at) && self.meets(place, &needs));
        self.measured(from, &found.near, k)
    }

    fn meets(&self, place: &Place, needs: &Needs) -> bool {
        needs.met_by(self.person(place.slot()))
    }

    /// Whether a place is the one a person is shown at.
    fn is_shown(&self, place: &Place, at: i64) -> bool {
        match place.kind() {
            PlaceKind::Ping => self.tracking_allowed(self.person(place.slot()), at),
            PlaceKind::Start if place.is_current() => true,
            PlaceKind::Start => !self.tracking_allowed(self.person(place.slot()), at),
            PlaceKind::LastJob | PlaceKind::Booking => false,
        }
    }

    fn measured(&self, from: Position, found: &[(u64, &Place)], k: usize) -> Vec<Near> {
        let origin = Origin::new(from);
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
        Some(needs)
    }
}

impl Needs {
    fn met_below(&self, masks: &Masks) -> bool {
        self.services.iter().all(|&code| masks.service(code) > 0)
            && self.skills.iter().all(|&(code, level)| masks.has_skill(code, level))
            && self.licences.iter().all(|&code| masks.licence(code))
            && self
                .languages
                .iter()
                .all(|&(code, level)| masks.language(code) >= crate::person::fluency(level as u8))
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
        self.closeness == other.closeness
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
        self.closeness.cmp(&other.closeness)
    }
}

/// A number that falls as a chord grows.
fn closeness(chord: f64) -> u64 {
    !chord.max(0.0).to_bits()
}
