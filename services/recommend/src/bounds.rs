//! Upper bounds of scores: of everybody below a node, at a place, and of a person before their
//! way is worked out. Must never be below the score; every rounding goes up.

use crate::{
    query::{Disclosure, Needs, Query, Skill, Term, minutes, whole},
    terms::{self, ONE},
    worth::Worth,
};
use nearhand_index::{
    Person,
    cells::COARSE_RADIUS_KM,
    leaf::Leaf,
    masks::{Able, UNSTATED},
    siblings::{Parts, Siblings, each},
    signature::Signed,
    sphere::{Unit, arc_km_at_least},
};
use rustc_hash::FxHashSet;
use std::sync::LazyLock;

/// 2^(−x) at steps of 1/8. The function is convex, so that the line between two neighbours lies
/// above it.
static HALVINGS: LazyLock<Vec<f64>> =
    LazyLock::new(|| (0..=STEPS).map(|step| libm::exp2(-f64::from(step) / STEPS_A_UNIT)).collect());
const STEPS: u32 = 192;
const STEPS_A_UNIT: f64 = 8.0;
const LAST_STEP: i64 = STEPS as i64 - 1;
/// Added to a share before it is rounded to millionths, for the last digits of doubles.
const ROUNDING: f64 = 1e-9;
/// Bits of a rank that hold the drive.
pub(crate) const DRIVE_BITS: u32 = 20;
const LONGEST_DRIVE_MIN: u64 = (1 << DRIVE_BITS) - 1;
/// So many halvings of the travel term away is far: it leaves a 256th.
const FAR: f64 = 8.0;

/// Bounds for one query, in micro-points, each term rounded down as in a score, so that far ties
/// are seen to be ties. A rank holds points and, for ties, the drive.
#[derive(Debug)]
pub(crate) struct Bounds<'a, 'q> {
    pub(crate) query: &'a Query<'q>,
    from: [f32; 3],
    /// Micro-points of full availability.
    available_points: u64,
    /// What a private place may be nearer than it seems.
    shrink_km: f64,
    /// Nobody further than this is eligible: the policy's limit, or the latest arrival.
    pub(crate) limit_km: f64,
    /// Halvings of the travel term per kilometre, and where they begin.
    per_km: f64,
    begin: f64,
    pub(crate) loads_kept: bool,
    pub(crate) worth: Worth,
    /// Of those who may be on the panel, unless they are judged one by one.
    pub(crate) panel_points: u64,
    /// Micro-points of travel for a millionth of it, rounded up.
    travel_points: f64,
    halvings: &'static [f64],
    min_per_km: f64,
    /// Kilometres beyond which the drive leaves next to nothing of the travel term.
    pub(crate) reach_km: f64,
    /// Minutes from now to a fixed start.
    spare_min: Option<f64>,
    /// Whether people on the panel are few and judged one by one.
    pub(crate) panel_apart: bool,
    /// Who has visited the client before.
    pub(crate) visitors: FxHashSet<u32>,
}

/// What visiting a leaf is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note {
    /// Micro-points of abilities, at most.
    all: u64,
    /// Those of them that a signature cannot tell.
    others: u64,
    /// Whether all of it is further away than the reach.
    pub(crate) far: bool,
}

/// Micro-points by term.
pub(crate) struct ByTerm([u64; 9]);

impl ByTerm {
    /// Of the terms that a signature tells.
    fn told(&self) -> u64 {
        [Term::Service, Term::Skill, Term::Workload].map(|term| self.0[term as usize]).iter().sum()
    }
}

/// What the distance leaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    /// Micro-points of travel and availability, at most.
    points: u64,
    /// The drive in whole minutes, at least.
    drive_min: u64,
}

impl Way {
    /// The best rank with such a way and such abilities.
    pub(crate) fn rank(self, abilities: u64) -> u64 {
        rank(abilities + self.points, self.drive_min)
    }

    /// Whole hours of drive.
    fn hours(self) -> usize {
        usize::try_from(self.drive_min / 60).unwrap_or(usize::MAX)
    }
}

/// Chords are told to less than a kilometre.
const CHORD_HALVINGS: u32 = 14;

/// As many people on a panel are judged one by one, so that nodes need not count on the panel.
const PANEL_APART: usize = 1_024;

impl<'a, 'q> Bounds<'a, 'q> {
    pub(crate) fn new(query: &'a Query<'q>) -> Self {
        let policy = query.policy;
        let min_per_km = policy.circuity / policy.speed_kmh * 60.0;
        let spare_min = query.case.starts_at.map(|_| minutes(query.start - query.as_of));
        let latest_km = spare_min
            .map_or(f64::INFINITY, |spare| (spare + policy.max_late_min + 0.01) / min_per_km);
        let limit_km = policy.max_travel_km.unwrap_or(f64::INFINITY).min(latest_km);
        let coarse = query.disclosure == Disclosure::Coarse;
        let shrink_km = if coarse { COARSE_RADIUS_KM } else { 0.0 };
        let per_km = min_per_km / policy.travel_scale_min;
        // Driving times are rounded to thousandths of a minute.
        let begin = (policy.travel_offset_min + 0.001) / policy.travel_scale_min;
        let panel_apart = query.panel.len() <= PANEL_APART;
        let loads_kept = query.index.keeps(query.hour);
        Self {
            query,
            from: query.unit.to_f32(),
            available_points: query.points(Term::Availability, ONE),
            shrink_km,
            reach_km: (FAR + begin) / per_km + shrink_km,
            limit_km: limit_km * (1.0 + 1e-9),
            per_km,
            begin,
            loads_kept,
            worth: Worth::new(query, loads_kept),
            panel_points: if panel_apart { 0 } else { query.points(Term::Panel, ONE) },
            travel_points: query.points_each(Term::Travel) * (1.0 + 1e-12),
            halvings: &HALVINGS,
            min_per_km,
            spare_min,
            panel_apart,
            visitors: visitors(query),
        }
    }

    /// What a rank must reach to come before somebody: their score, and at a tie a drive not
    /// longer.
    pub(crate) fn to_beat(&self, score: u64, eta_milli_min: Option<i64>) -> u64 {
        let drive = eta_milli_min.map_or(LONGEST_DRIVE_MIN, |eta| (eta / 1_000).unsigned_abs());
        rank(score, drive)
    }

    /// Whether nobody at all can be eligible: something is needed that nobody has.
    pub(crate) fn hopeless(&self) -> bool {
        let query = self.query;
        query.skills.iter().any(|skill| skill.code.is_none() && skill.required > 0)
            || query.licences.iter().any(Option::is_none)
            || (query.case.language_required
                && !query.languages.is_empty()
                && query.languages.iter().all(Option::is_none))
    }

    /// D of anything at least so far away, at most.
    fn nearness(&self, km: f64) -> f64 {
        let x = (km - self.shrink_km) * self.per_km - self.begin;
        if x <= 0.0 {
            return 1.0;
        }
        let step = (x * STEPS_A_UNIT).min(f64::from(STEPS));
        let below = u32::try_from(whole(step).min(LAST_STEP)).unwrap_or(0);
        let at = below as usize;
        let (high, low) = (self.halvings[at], self.halvings[at + 1]);
        high + (low - high) * (step - f64::from(below))
    }

    /// What anything at least so far away can still be worth.
    pub(crate) fn way(&self, km: f64) -> Way {
        let drive_min = self.drive_min(km);
        let travel = f64::from(micro_up(self.nearness(km))) * self.travel_points;
        let points = natural(travel) + self.available(drive_min);
        Way { points, drive_min: natural(drive_min) }
    }

    /// The chord in Earth radii beyond which such abilities are not worth a rank.
    pub(crate) fn chord_within(&self, abilities: u64, rank: u64) -> f64 {
        let reaches = |chord: f64| self.way(arc_km_at_least(chord)).rank(abilities) >= rank;
        let (mut within, mut beyond) = (0.0, 2.0);
        for _ in 0..CHORD_HALVINGS {
            let half = (within + beyond) / 2.0;
            if reaches(half) {
                within = half;
            } else {
                beyond = half;
            }
        }
        beyond
    }

    /// Whether somebody has a start, no place but that and the fix, and both are so far away.
    pub(crate) fn is_beyond(&self, person: &Person, chord: f64) -> bool {
        let far = |at: Unit| self.query.unit.chord_at_least(at) > chord;
        person.has_little()
            && person.start().is_some()
            && far(person.start_unit())
            && (person.ping().is_none() || far(person.ping_unit()))
    }

    /// The drive in minutes from anything at least so far away, at least.
    fn drive_min(&self, km: f64) -> f64 {
        (km - self.shrink_km).max(0.0) * self.min_per_km - 0.001
    }

    /// What the fit need who have such a way: the longer the drive, the more hours.
    pub(crate) fn needs(&self, way: Way) -> &Needs {
        let needs = &self.query.needs;
        &needs[way.hours().min(needs.len() - 1)]
    }

    /// The rank of the best imaginable person in each of some parts of a cube, but for those where
    /// nobody is eligible.
    pub(crate) fn rank(
        &self,
        siblings: &Siblings,
        parts: Parts,
        mut add: impl FnMut(usize, u64, Note),
    ) {
        let chords = siblings.chords_at_least(self.from);
        for part in each(parts & self.able_in(siblings)) {
            let km = arc_km_at_least(f64::from(chords[part]));
            let near = km - self.shrink_km <= self.limit_km;
            let masks = siblings.part(part);
            let way = self.way(km);
            if !near || !masks.hours().covers(&self.needs(way).hours) {
                continue;
            }
            let Some((all, points)) = self.split_abilities(&masks) else { continue };
            let others = all - points.told() - points.0[Term::Continuity as usize];
            let note = Note { all, others, far: km > self.reach_km };
            add(part, way.rank(all), note);
        }
    }

    /// Micro-points of the best imaginable abilities among `masks`, in all and by term.
    pub(crate) fn split_abilities(&self, masks: &impl Able) -> Option<(u64, ByTerm)> {
        let query = self.query;
        if self.ruled_out(masks) {
            return None;
        }
        let mut u = [0; 9];
        u[Term::Service as usize] = terms::service(query, |code| masks.service(code));
        u[Term::Region as usize] = terms::region(query, |code| masks.region(code));
        if query.applies(Term::Skill) {
            u[Term::Skill as usize] = terms::skill_at_most(query, |code| masks.skill(code));
        }
        u[Term::Language as usize] = terms::language(query, |code| masks.language(code));
        let load = if self.loads_kept { masks.load_floor() } else { 0 };
        u[Term::Workload as usize] = terms::workload(query, load);
        u[Term::Panel as usize] = if self.panel_apart { 0 } else { ONE };
        let visited = query.client.is_some_and(|client| masks.has_visited(client));
        u[Term::Continuity as usize] = if visited { ONE } else { 0 };
        let (points, all) = self.query.sum(&u);
        Some((all, ByTerm(points)))
    }

    /// The parts of a cube in which somebody may have all that is required and no matter of
    /// degree.
    pub(crate) fn able_in(&self, siblings: &Siblings) -> Parts {
        let query = self.query;
        let licences = query.licences.iter().flatten().map(|&code| siblings.with_licence(code));
        let skill = |skill: &Skill| Some(siblings.with_skill(skill.code?, skill.required));
        let skills = query.skills.iter().filter_map(skill);
        skills.chain(licences).fold(Parts::MAX, |all, of| all & of)
    }

    fn ruled_out(&self, masks: &impl Able) -> bool {
        let query = self.query;
        let least = if query.policy.filter_by_preferences { UNSTATED + 1 } else { 1 };
        let service = |code: &Option<u32>| terms::stated(*code, |code| masks.service(code));
        let region = |code: &Option<u32>| terms::stated(*code, |code| masks.region(code));
        query.services.iter().any(|code| service(code) < least)
            || (!query.regions.is_empty() && query.regions.iter().all(|code| region(code) < least))
            || (query.case.language_required
                && !query.languages.is_empty()
                && query.languages.iter().flatten().all(|&code| masks.language(code) < 2))
    }

    /// Micro-points of a person's abilities by their signature, given their leaf's note.
    fn abilities_of(&self, slot: u32, signature: &impl Signed, note: Note) -> u64 {
        (self.told(slot, signature) + note.others).min(note.all)
    }

    /// Micro-points of the terms that a signature and the client's visitors tell, at most.
    pub(crate) fn told(&self, slot: u32, signature: &impl Signed) -> u64 {
        let visited = !self.visitors.is_empty() && self.visitors.contains(&slot);
        self.worth.told(self.query, signature, visited)
    }

    /// What somebody's load is at least, in millionths.
    pub(crate) fn load_floor(&self, signature: &impl Signed) -> u32 {
        if self.loads_kept { signature.load_floor() } else { 0 }
    }

    /// Whoever counts from a leaf's places and can do the case from there and reach the threshold,
    /// and what their abilities are worth at most, in micro-points.
    pub(crate) fn able_at<'l>(
        &'l self,
        leaf: &'l Leaf,
        note: Note,
        threshold: u64,
    ) -> impl Iterator<Item = (u32, u64)> + 'l {
        leaf.covering(&self.query.needs[0].signature).filter_map(move |at| {
            let (place, occupant) = (&leaf.places()[at], leaf.occupant(at));
            let km = self.query.unit.km_at_least(place.at);
            let near = km - self.shrink_km <= self.limit_km;
            let way = self.way(km);
            if !near || way.rank(note.all) < threshold {
                return None;
            }
            let abilities = self.abilities_of(place.slot(), &occupant, note);
            let fit = || way.hours() == 0 || occupant.covers(&self.needs(way).signature);
            (way.rank(abilities) >= threshold && fit()).then_some((place.slot(), abilities))
        })
    }

    /// The best rank of somebody with a travel term of at most `travel` millionths and everything
    /// but travel and availability worth at most `abilities`.
    pub(crate) fn person(&self, abilities: u64, travel: u32) -> u64 {
        rank(self.points_of_person(abilities, travel), 0)
    }

    /// The same of somebody without location.
    pub(crate) fn nowhere(&self, abilities: u64) -> u64 {
        rank(self.points_of_person(abilities, 0), LONGEST_DRIVE_MIN)
    }

    fn points_of_person(&self, abilities: u64, travel: u32) -> u64 {
        abilities + self.query.points(Term::Travel, travel) + self.available(0.0)
    }

    /// Points for availability after a drive of at least so many minutes, at most.
    fn available(&self, drive_min: f64) -> u64 {
        match self.spare_min.map(|spare| spare - drive_min) {
            Some(spare) if spare < 60.0 => {
                let u = micro_up(spare.max(0.0) / 60.0);
                self.query.points(Term::Availability, u)
            }
            _ => self.available_points,
        }
    }

    /// Micro-points of the best imaginable abilities, the panel and earlier visits among them.
    pub(crate) fn all_abilities(&self) -> u64 {
        let place = [Term::Travel, Term::Availability];
        let others = Term::ALL.into_iter().filter(|term| !place.contains(term));
        others.map(|term| self.query.points(term, ONE)).sum()
    }

    /// The best rank of somebody by the nearest place that may count.
    pub(crate) fn glance(&self, slot: u32, abilities: u64) -> u64 {
        let (query, person) = (self.query, self.query.index.person(slot));
        let km = |at: Unit| query.unit.km_at_least(at);
        let job = person.last_job().map(|job| job.position);
        let booked = query.holding_booking(person).and_then(|booking| booking.position);
        let extra = job.into_iter().chain(booked).map(|at| km(Unit::new(at)));
        let start = person.start().map(|_| km(person.start_unit()));
        let ping = person.ping().map(|_| km(person.ping_unit()));
        let places = start.into_iter().chain(ping).chain(extra);
        let km = places.fold(f64::INFINITY, f64::min);
        let signature = &query.index.columns().profile(slot).signature;
        let way = self.way(km);
        let fit =
            km - self.shrink_km <= self.limit_km && signature.covers(&self.needs(way).signature);
        let located = if fit { way.rank(abilities) } else { 0 };
        // Without a start, and with a fix that may not count, they may have no location.
        if person.start().is_some() { located } else { located.max(self.nowhere(abilities)) }
    }

    /// The travel term of a person in millionths, at most. No haversine, at most one power of two.
    pub(crate) fn travel_at_most(&self, person: &Person) -> u32 {
        let query = self.query;
        if query.holding_booking(person).is_some() {
            return ONE;
        }
        let near = |at: Unit| self.nearness(query.unit.km_at_least(at));
        let ping = query.counted_ping(person);
        let fallback = if person.last_job().is_some() {
            1.0
        } else if person.start().is_some() {
            near(person.start_unit())
        } else {
            0.0
        };
        let weight = ping.map_or(0.0, |ping| query.ping_weight(ping));
        if weight <= 0.0 {
            return micro_up(fallback);
        }
        micro_up(weight * near(person.ping_unit()) + (1.0 - weight) * fallback)
    }
}

/// Who has visited the case's client.
fn visitors(query: &Query<'_>) -> FxHashSet<u32> {
    let visitors = query.client.map_or(&[][..], |client| query.index.visitors(client));
    visitors.iter().copied().collect()
}

/// Bounds in the order of candidates: micro-points, then the shorter drive in whole minutes.
fn rank(points: u64, drive_min: u64) -> u64 {
    points << DRIVE_BITS | (LONGEST_DRIVE_MIN - drive_min.min(LONGEST_DRIVE_MIN))
}

/// The whole part of a number; 0 below it.
fn natural(number: f64) -> u64 {
    whole(number).max(0).unsigned_abs()
}

/// Rounding is monotonous, so that a share not below the true one gives millionths not below.
fn micro_up(share: f64) -> u32 {
    terms::micro(share + ROUNDING)
}
