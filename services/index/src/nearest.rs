//! The nearest people who meet a filter. Must be exact: distances are the haversine's, whatever
//! the tree's boxes say.

use crate::{
    OrgIndex, Person,
    columns::{Test, ones},
    leaf::Leaf,
    person::{BEST_LEVEL, PlaceKind, TOGETHER, flag},
    places::{Place, Shown, Visit},
    placing::shown_places,
    postings::{List, ROW, Reaches, Row, at_least, at_most},
    siblings::{Parts, Siblings, each},
    signature::Signature,
    sphere::{Origin, Unit},
    vocabulary::{language_word, licence_word},
};
use nearhand_domain::{Position, ServiceId, StaffId, preference::LanguageLevel};

mod found;
use found::{Found, distance_key};

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
    /// The same without languages.
    unspoken: Signature,
    /// Whether whoever's signature covers the needed one has all of it.
    told: bool,
}

impl OrgIndex {
    /// The `k` nearest active people who meet a filter, nearest first, then by id.
    ///
    /// A person is where their fix is, if it may be used at `at` (Unix seconds), else where they
    /// start from. Cost: some microseconds; grows with `k`, and with how rare the fit are unless
    /// they are listed.
    #[must_use]
    pub fn nearest(&self, from: Position, filter: &Filter, k: usize, at: i64) -> Vec<Near> {
        self.nearest_going_by_abilities(from, filter, k, at, FEW_OF_SEVERAL)
    }

    /// The same, where people are found by their abilities if not even one in `few` is fit: only
    /// the cost depends on it.
    #[must_use]
    pub fn nearest_going_by_abilities(
        &self,
        from: Position,
        filter: &Filter,
        k: usize,
        at: i64,
        few: f64,
    ) -> Vec<Near> {
        let Some(needs) = self.needs(filter).filter(|_| k > 0) else { return Vec::new() };
        let search = Search { index: self, needs: &needs, from: Unit::new(from), at };
        let mut found = Found::new(k);
        let list = needs.only_skill().filter(|_| self.knows_shown(at));
        if let Some(list) = list.and_then(|skill| self.postings.list(skill)) {
            search.by_list(list, k, &mut found);
            return self.measured(from, &found.near, k);
        }
        let tests = needs.tests();
        // What a node knows of one ability is all there is to know; of several, it does not know
        // whether anybody has them all.
        let several = tests.iter().map(Test::abilities).sum::<usize>() > 1;
        let rare = self.columns.expected(&tests) * few < f64::from(self.columns.present());
        if several && rare {
            search.by_abilities(&tests, &mut found);
        } else {
            search.by_places(&mut found);
        }
        found.settle(u64::MAX, |place| search.counts(place));
        self.measured(from, &found.near, k)
    }

    /// Whether places tell where people are shown at an instant: it may be too early.
    fn knows_shown(&self, at: i64) -> bool {
        self.tracked_since.is_none_or(|since| since <= at)
    }

    /// Whether a place is the one a person is shown at, as far as the place tells.
    fn shown(&self, place: &Place, at: i64) -> Shown {
        match place.kind() {
            PlaceKind::LastJob | PlaceKind::Booking => Shown::Never,
            _ if self.knows_shown(at) => place.shown(),
            _ => Shown::Sometimes,
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

    fn measured(&self, from: Position, found: &[(u64, Place)], k: usize) -> Vec<Near> {
        let origin = Origin::new(from);
        // Read together, they are waited for once.
        let persons = found.iter().map(|(_, place)| self.person(place.slot()));
        std::hint::black_box(persons.fold(0, |sum, person| sum ^ person.glimpse()));
        let measure = |(_, place): &(u64, Place)| {
            let person = self.person(place.slot());
            let live = place.kind() == PlaceKind::Ping;
            let ping = person.ping.filter(|_| live).map(|ping| ping.position);
            let (slot, position) = (place.slot(), ping.or(person.start)?);
            Some(Near { staff: person.id, slot, position, live, km: origin.km_to(position) })
        };
        let mut near = Vec::with_capacity(found.len());
        near.extend(found.iter().filter_map(measure));
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
            let code = words.skills.code(skill.as_str()).filter(|_| *level <= BEST_LEVEL)?;
            needs.skills.push((code, *level));
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
        needs.unspoken = signature;
        let fluent = needs.languages.iter().filter(|(_, level)| *level >= LanguageLevel::B2);
        fluent.for_each(|&(code, _)| signature.need_language(code));
        needs.signature = signature;
        needs.told = needs.licences.is_empty()
            && needs.languages.is_empty()
            && (needs.skills.is_empty() || words.skills.len() <= Signature::EXACT_SKILLS)
            && needs
                .services
                .iter()
                .all(|&code| Signature::tells_service(code, words.services.len()));
        Some(needs)
    }
}

/// So many more than needed are looked at first, for single precision may take the wrong ones, and
/// some may not count.
const SPARE: usize = 4;
/// If not even one in so many is fit, the fit are found by their abilities rather than by place.
const FEW_OF_SEVERAL: f64 = 256.0;

/// One search.
struct Search<'a> {
    index: &'a OrgIndex,
    needs: &'a Needs,
    from: Unit,
    at: i64,
}

impl Search<'_> {
    /// Looks at the nearest places first, for as long as they matter.
    fn by_places(&self, found: &mut Found) {
        let from = self.from.to_f32();
        self.index.places.best_first(
            0,
            |siblings, parts, ranking| {
                let chords = siblings.chords_at_least(from);
                for part in each(parts & self.needs.met_in(siblings)) {
                    // Bounds grow with distance here, and ranks fall.
                    ranking.add(part, !distance_key(chords[part].into()), ());
                }
            },
            |Visit { leaf, best, next, .. }| {
                // What is nearer than this leaf and all after it can be settled.
                found.settle(!best, |place| self.counts(place));
                // The next leaf is waited for beside this one's people.
                std::hint::black_box(next.map(|next| next.glance(self.suited(next))));
                ones(self.suited(leaf)).for_each(|at| self.consider(leaf.places()[at], found));
                !found.limit()
            },
        );
    }

    /// Those of a leaf who may be fit and shown there.
    fn suited(&self, leaf: &Leaf) -> u64 {
        let known = self.index.knows_shown(self.at);
        let some = if known { leaf.shown() } else { leaf.everybody() };
        leaf.covering_of(some, &self.needs.signature)
    }

    /// Looks at those listed who are near. Cost: some instructions for a row of the list, and more
    /// for the few rows that are near.
    fn by_list(&self, list: &List, k: usize, found: &mut Found) {
        let Reaches { mut nearest, mut farthest } = list.reaches(self.from);
        // Small rows close by set a limit that most others need not be opened for.
        for _ in 0..nearest.len() {
            if found.reach().is_finite() {
                break;
            }
            let row = least(&farthest);
            (nearest[row], farthest[row]) = (f32::INFINITY, f32::INFINITY);
            self.by_row(list.row(row), k, found);
            found.settle(u64::MAX, |place| self.counts(place));
        }
        let limit = at_most(found.reach()).min(f32::MAX);
        let rest = nearest.into_iter().enumerate().filter(|(_, bound)| *bound <= limit);
        let mut rest: Vec<(usize, f32)> = rest.collect();
        rest.sort_unstable_by(|a, b| a.1.total_cmp(&b.1));
        for (row, bound) in rest {
            // What is nearer than this row and all after it can be settled.
            found.settle(distance_key(at_least(bound)), |place| self.counts(place));
            if bound > at_most(found.reach()) {
                break;
            }
            self.by_row(list.row(row), k, found);
        }
        found.settle(u64::MAX, |place| self.counts(place));
    }

    /// Looks at those of a row who are within the limit; while there is none, at the nearest first,
    /// for they may set it.
    fn by_row(&self, row: &Row, k: usize, found: &mut Found) {
        let chords = row.squared_chords(self.from);
        let mut beyond = -1.0;
        let enough = if found.reach().is_finite() {
            f32::MAX
        } else {
            nth(&chords, k.saturating_add(SPARE))
        };
        for within in [enough, f32::MAX] {
            let within = within.min(at_most(found.reach())).min(f32::MAX);
            let some = seats(&chords, beyond, within);
            ones(some).for_each(|at| self.consider(row.place(at), found));
            beyond = within;
        }
    }

    /// Looks at everybody who is fit. Cost: a word for every 64 people and every ability, and a
    /// record for each of the fit.
    fn by_abilities(&self, tests: &[Test], found: &mut Found) {
        let fit: Vec<u32> = self.index.columns.everybody().passing(tests).iter().collect();
        for some in fit.chunks(TOGETHER) {
            let people = some.iter().map(|&slot| self.index.person(slot));
            std::hint::black_box(people.fold(0, |sum, person| sum ^ person.glimpse()));
            for &slot in some {
                let places = shown_places(self.index.person(slot), slot).into_iter().flatten();
                places.for_each(|place| self.consider(place, found));
            }
        }
    }

    fn consider(&self, place: Place, found: &mut Found) {
        let distance = distance_key(self.from.chord(place.at));
        match self.index.shown(&place, self.at) {
            _ if distance > found.limit() => {}
            Shown::Never => {}
            Shown::Always if self.needs.told => found.add(distance, place),
            _ => found.wait(distance, place),
        }
    }

    /// Whether a place's person is fit and shown there.
    fn counts(&self, place: &Place) -> bool {
        let person = self.index.person(place.slot());
        self.index.is_shown(place, self.at) && (self.needs.told || self.needs.met_by(person))
    }
}

impl Needs {
    /// The bit of the one level of a skill that is all that is needed, if it tells exactly.
    fn only_skill(&self) -> Option<usize> {
        let [(code, level)] = self.skills[..] else { return None };
        let only = self.told && self.services.is_empty();
        Signature::skill_bit(code, level).filter(|_| only)
    }

    /// In which parts of a cube somebody may meet each of them.
    fn met_in(&self, siblings: &Siblings) -> Parts {
        let services = self.services.iter().map(|&code| siblings.with_service(code));
        let skills = self.skills.iter().map(|&(code, level)| siblings.with_skill(code, level));
        let licences = self.licences.iter().map(|&code| siblings.with_licence(code));
        let languages = self
            .languages
            .iter()
            .map(|&(code, level)| siblings.with_language(code, fluency(level)));
        skills.chain(languages).chain(licences).chain(services).fold(Parts::MAX, |all, of| all & of)
    }

    /// The same of people, roughly; each ability once, so that shares may be multiplied.
    fn tests(&self) -> Vec<Test> {
        let fluent = |&(code, level)| Test::speaking(&[code], fluency(level));
        let spoken = self.languages.iter().filter(|(_, level)| fluency(*level) > 0).map(fluent);
        [Test::covering(&self.unspoken)].into_iter().chain(spoken).collect()
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

/// Which of some are least.
fn least(bounds: &[f32]) -> usize {
    let lesser = |one: f32, &other: &f32| if other < one { other } else { one };
    let least = bounds.iter().fold(f32::INFINITY, lesser);
    bounds.iter().position(|&bound| bound <= least).unwrap_or(0)
}

/// What so many do not exceed; what nobody exceeds, if they are not so many.
fn nth(chords: &[f32; ROW], many: usize) -> f32 {
    let mut chords = *chords;
    let nth = (many - 1).min(ROW - 1);
    *chords.select_nth_unstable_by(nth, f32::total_cmp).1
}

/// Those beyond one distance and within another, a bit each.
fn seats(chords: &[f32; ROW], beyond: f32, within: f32) -> u64 {
    let is_between = |chord: f32| chord > beyond && chord <= within;
    chords.iter().rev().fold(0, |some, &chord| some << 1 | u64::from(is_between(chord)))
}

fn fluency(level: LanguageLevel) -> u8 {
    crate::person::fluency(level as u8)
}
