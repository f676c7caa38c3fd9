//! Score tables: micro-points by ability bits and profiles, computed once for a case, so that a
//! person takes one look-up for each term. Must give what `judge::terms` gives, or more.

use crate::{
    judge::terms::{self, FLUENCY_VALUES, WILLINGNESS_VALUES, or_unstated},
    query::{
        Query,
        combinations::{combination_index, combination_table},
        skills::SKILL_LEVELS,
    },
    term::{ONE, Term},
};
use nearhand_index::abilities::{AbilityBits, LOAD_CLASSES, LOAD_UNIT, ReadAbilityBits};

/// Micro-points by abilities.
#[derive(Debug)]
pub(super) struct ScoreTables {
    /// By the willingness for each service; empty for many services.
    services: Vec<u64>,
    /// By the level in each skill; empty for many skills.
    skills: Vec<u64>,
    /// Whether ability bits hold the exact levels of skills.
    exact_skills: bool,
    /// By class of load. When the index does not keep the loads of the hour, everybody counts as
    /// idle.
    loads: [u64; LOAD_CLASSES as usize],
    /// By the best willingness for a region.
    regions: [u64; WILLINGNESS_VALUES.len()],
    /// By the best fluency in a language.
    languages: [u64; FLUENCY_VALUES.len()],
    /// Points of a person who visited the client before, at most.
    visited: u64,
}

impl ScoreTables {
    /// Cost: a division for every level and every combination of levels.
    pub(super) fn new(query: &Query<'_>, loads_kept: bool) -> Self {
        let points = |term| move |u: u32| query.points(term, u);
        let load_floor = |class: u32| if loads_kept { class * LOAD_UNIT } else { 0 };
        let load = |class: u32| terms::workload(query, load_floor(class));
        let services =
            combination_table(query.services.len(), WILLINGNESS_VALUES.len(), |levels| {
                query.points(Term::Service, terms::service_of_levels(levels))
            });
        let region = if query.regions.is_empty() { [0; 5] } else { WILLINGNESS_VALUES };
        let nobody_speaks = query.languages.iter().all(Option::is_none);
        let language = if nobody_speaks { [0; 5] } else { FLUENCY_VALUES };
        Self {
            services,
            skills: query.skills.values.iter().copied().map(points(Term::Skill)).collect(),
            exact_skills: query.index.vocabulary().skills.len() <= AbilityBits::EXACT_SKILLS,
            loads: std::array::from_fn(|class| {
                query.points(Term::Workload, load(u32::try_from(class).unwrap_or(0)))
            }),
            regions: region.map(points(Term::Region)),
            languages: language.map(points(Term::Language)),
            visited: query.points(Term::Continuity, ONE),
        }
    }

    /// Service, skill and workload by a person's ability bits, and continuity, at most.
    pub(super) fn ability_points(
        &self,
        query: &Query<'_>,
        bits: &impl ReadAbilityBits,
        visited: bool,
    ) -> u64 {
        let services = self.service_points(query, bits);
        let load = self.loads[bits.load_class()];
        let visits = if visited { self.visited } else { 0 };
        services + self.skill_points(query, bits) + load + visits
    }

    /// Region and language, by the best willingness and the best fluency.
    pub(super) fn region_and_language_points(&self, willingness: u8, fluency: u8) -> u64 {
        self.regions[usize::from(willingness)] + self.languages[usize::from(fluency)]
    }

    fn service_points(&self, query: &Query<'_>, bits: &impl ReadAbilityBits) -> u64 {
        let level = |code: u32| bits.service(code);
        if self.services.is_empty() {
            return query.points(Term::Service, terms::service(query, level));
        }
        let levels = query.services.iter().map(|code| or_unstated(*code, level));
        self.services[combination_index(levels, WILLINGNESS_VALUES.len())]
    }

    fn skill_points(&self, query: &Query<'_>, bits: &impl ReadAbilityBits) -> u64 {
        if !query.applies(Term::Skill) {
            return 0;
        }
        let level = |code: u32| bits.skill(code);
        if self.exact_skills && !self.skills.is_empty() {
            let levels = query.skills.list.iter().map(|skill| skill.code.map_or(0, level));
            return self.skills[combination_index(levels, SKILL_LEVELS)];
        }
        let u = if self.exact_skills {
            query.skills.value(level)
        } else {
            query.skills.value_at_most(level)
        };
        query.points(Term::Skill, u)
    }
}
