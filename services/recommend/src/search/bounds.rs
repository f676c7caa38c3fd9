//! Upper bounds of scores: for everybody below an index node, and for the people of a leaf. Must
//! never be below the score; every rounding goes up.

use crate::{
    judge::terms::{self, or_unstated},
    query::{Query, needs::Needs, skills::RequiredSkill},
    search::{
        score_tables::ScoreTables,
        travel_bounds::{TravelBound, TravelBounds},
    },
    term::{ONE, Term},
};
use nearhand_index::{
    abilities::{ReadAbilityBits, ReadMasks, levels::UNSTATED},
    geometry::sphere::arc_km_at_least,
    tree::{ChildEnvelopes, ChildSet, Leaf, members},
};
use rustc_hash::FxHashSet;

/// Bounds for one query, in micro-points. "Abilities" are all terms but travel and availability.
/// Each term is rounded down as in a score, so that far away equal people have equal bounds.
#[derive(Debug)]
pub(super) struct Bounds<'a, 'q> {
    pub(super) query: &'a Query<'q>,
    pub(super) travel: TravelBounds<'a, 'q>,
    pub(super) tables: ScoreTables,
    /// The case's position.
    from: [f32; 3],
    /// Whether the index keeps the loads of the hour.
    pub(super) loads_kept: bool,
    /// Whether the panel is small and its people are judged one by one.
    pub(super) panel_separate: bool,
    /// Points that the panel adds to everybody's bound; 0 if it is judged separately.
    pub(super) panel_points: u64,
    /// The people who visited the client before.
    pub(super) visitors: FxHashSet<u32>,
}

/// The upper bound of a leaf, with its parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct LeafBound {
    /// Micro-points of anybody's abilities, at most.
    abilities: u64,
    /// Those of the terms that neither ability bits nor visits show: region, language, panel.
    hidden: u64,
    /// Whether the whole leaf is far away.
    pub(super) far: bool,
}

/// Panels of up to so many people are judged one by one. Nodes then need not count on the panel.
const SMALL_PANEL: usize = 1_024;

impl<'a, 'q> Bounds<'a, 'q> {
    /// Cost: O(people who visited the client), and the score tables.
    pub(super) fn new(query: &'a Query<'q>) -> Self {
        let panel_separate = query.panel.len() <= SMALL_PANEL;
        let loads_kept = query.index.keeps(query.hour);
        Self {
            query,
            travel: TravelBounds::new(query),
            tables: ScoreTables::new(query, loads_kept),
            from: query.unit.to_f32(),
            loads_kept,
            panel_separate,
            panel_points: if panel_separate { 0 } else { query.points(Term::Panel, ONE) },
            visitors: visitors(query),
        }
    }

    /// Whether nobody can be eligible, because nobody at all has something that is required.
    pub(super) fn nobody_is_eligible(&self) -> bool {
        let query = self.query;
        query.skills.list.iter().any(|skill| skill.code.is_none() && skill.required > 0)
            || query.licences.iter().any(Option::is_none)
            || (query.case.language_required
                && !query.languages.is_empty()
                && query.languages.iter().all(Option::is_none))
    }

    /// Micro-points of the best abilities there can be, panel and earlier visits included.
    pub(super) fn max_abilities(&self) -> u64 {
        let place = [Term::Travel, Term::Availability];
        let others = Term::ALL.into_iter().filter(|term| !place.contains(term));
        others.map(|term| self.query.points(term, ONE)).sum()
    }

    /// What an eligible person must have after such a drive: a longer drive takes more hours.
    pub(super) fn needs(&self, travel: TravelBound) -> &Needs {
        let needs = &self.query.needs;
        &needs[travel.drive_hours().min(needs.len() - 1)]
    }

    /// Calls `add` with the rank key and the bound of each of some children of a node, but not for
    /// children in which nobody is eligible.
    pub(super) fn bound_children(
        &self,
        envelopes: &ChildEnvelopes,
        children: ChildSet,
        mut add: impl FnMut(usize, u64, LeafBound),
    ) {
        let chords = envelopes.chords_at_least(self.from);
        for child in members(children & self.children_with_requirements(envelopes)) {
            let km = arc_km_at_least(f64::from(chords[child]));
            let near = self.travel.is_within_limit(km);
            let masks = envelopes.child(child);
            let travel = self.travel.at(km);
            let busy = self.query.free_hours & !masks.free_hours() != 0;
            if !near || busy || !masks.hours().covers(&self.needs(travel).hours) {
                continue;
            }
            let Some((abilities, hidden)) = self.abilities_below(&masks) else { continue };
            let bound = LeafBound { abilities, hidden, far: km > self.travel.far_km };
            add(child, travel.rank_key(abilities), bound);
        }
    }

    /// The people of a leaf who may be eligible from their place there and may reach the threshold,
    /// each with an upper bound of their abilities in micro-points.
    pub(super) fn leaf_candidates<'l>(
        &'l self,
        leaf: &'l Leaf,
        bound: LeafBound,
        threshold: u64,
    ) -> impl Iterator<Item = (u32, u64)> + 'l {
        leaf.covering(&self.query.needs[0].bits).filter_map(move |at| {
            let (place, person_at) = (&leaf.places()[at], leaf.person_at(at));
            let km = self.query.unit.km_at_least(place.at);
            let near = self.travel.is_within_limit(km);
            let travel = self.travel.at(km);
            if !near || travel.rank_key(bound.abilities) < threshold {
                return None;
            }
            let shown = self.ability_points(place.slot(), &person_at);
            let abilities = (shown + bound.hidden).min(bound.abilities);
            let has_needs =
                || travel.drive_hours() == 0 || person_at.covers(&self.needs(travel).bits);
            (travel.rank_key(abilities) >= threshold && has_needs())
                .then_some((place.slot(), abilities))
        })
    }

    /// Micro-points of service, skill, workload and continuity of a person, by their ability bits
    /// and earlier visits, at most.
    pub(super) fn ability_points(&self, slot: u32, bits: &impl ReadAbilityBits) -> u64 {
        let visited = !self.visitors.is_empty() && self.visitors.contains(&slot);
        self.tables.ability_points(self.query, bits, visited)
    }

    /// The children of a node in which somebody may have all skills and licences required.
    fn children_with_requirements(&self, envelopes: &ChildEnvelopes) -> ChildSet {
        let query = self.query;
        let licences = query.licences.iter().flatten().map(|&code| envelopes.with_licence(code));
        let skill = |skill: &RequiredSkill| Some(envelopes.with_skill(skill.code?, skill.required));
        let skills = query.skills.list.iter().filter_map(skill);
        skills.chain(licences).fold(ChildSet::MAX, |all, of| all & of)
    }

    /// Micro-points of the best abilities below a node, and those of region, language and panel
    /// among them; `None` if nobody below is eligible.
    fn abilities_below(&self, masks: &impl ReadMasks) -> Option<(u64, u64)> {
        let query = self.query;
        if self.excludes_everybody(masks) {
            return None;
        }
        let mut u = [0; 9];
        u[Term::Service as usize] = terms::service(query, |code| masks.service(code));
        u[Term::Region as usize] = terms::region(query, |code| masks.region(code));
        if query.applies(Term::Skill) {
            u[Term::Skill as usize] = query.skills.value_at_most(|code| masks.skill(code));
        }
        u[Term::Language as usize] = terms::language(query, |code| masks.language(code));
        let load = if self.loads_kept { masks.load_floor() } else { 0 };
        u[Term::Workload as usize] = terms::workload(query, load);
        u[Term::Panel as usize] = if self.panel_separate { 0 } else { ONE };
        let visited = query.client.is_some_and(|client| masks.has_visited(client));
        u[Term::Continuity as usize] = if visited { ONE } else { 0 };
        let (points, abilities) = query.points_and_sum(&u);
        let shown = [Term::Service, Term::Skill, Term::Workload, Term::Continuity];
        let shown: u64 = shown.map(|term| points[term as usize]).iter().sum();
        Some((abilities, abilities - shown))
    }

    /// Whether everybody below a node fails a rule about preferences or languages.
    fn excludes_everybody(&self, masks: &impl ReadMasks) -> bool {
        let query = self.query;
        let least = if query.policy.filter_by_preferences { UNSTATED + 1 } else { 1 };
        let service = |code: &Option<u32>| or_unstated(*code, |code| masks.service(code));
        let region = |code: &Option<u32>| or_unstated(*code, |code| masks.region(code));
        query.services.iter().any(|code| service(code) < least)
            || (!query.regions.is_empty() && query.regions.iter().all(|code| region(code) < least))
            || (query.case.language_required
                && !query.languages.is_empty()
                && query.languages.iter().flatten().all(|&code| masks.language(code) < 2))
    }
}

/// The people who visited the case's client before.
fn visitors(query: &Query<'_>) -> FxHashSet<u32> {
    let visitors = query.client.map_or(&[][..], |client| query.index.visitors(client));
    visitors.iter().copied().collect()
}
