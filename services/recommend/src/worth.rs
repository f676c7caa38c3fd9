//! Micro-points of what signatures and profiles tell, worked out once for a case, so that a person
//! takes a look-up a term. Must give what `terms` gives.

use crate::{
    query::{Query, Term},
    terms::{self, FLUENCY, GLADNESS, ONE},
};
use nearhand_index::signature::{LOAD_CLASSES, LOAD_UNIT, Signature, Signed};

/// Points by what somebody can do.
#[derive(Debug)]
pub(crate) struct Worth {
    /// By the gladness for each service, if those are few.
    services: Vec<u64>,
    /// By the level in each skill, if those are few.
    skills: Vec<u64>,
    /// Whether the levels of skills in a signature are the person's own.
    exact_skills: bool,
    /// By class of load; of an hour that is not kept all are taken to be idle.
    loads: [u64; LOAD_CLASSES as usize],
    /// By the best gladness and fluency.
    regions: [u64; GLADNESS.len()],
    languages: [u64; FLUENCY.len()],
    visited: u64,
}

impl Worth {
    /// Cost: a division for every level and combination.
    pub(crate) fn new(query: &Query<'_>, loads_kept: bool) -> Self {
        let of = |term| move |u: u32| query.points(term, u);
        let floor = |class: u32| if loads_kept { class * LOAD_UNIT } else { 0 };
        let load = |class: u32| terms::workload(query, floor(class));
        let services = terms::table(query.services.len(), GLADNESS.len(), |levels| {
            query.points(Term::Service, terms::service_of(levels))
        });
        let region = if query.regions.is_empty() { [0; 5] } else { GLADNESS };
        let language = if query.languages.iter().all(Option::is_none) { [0; 5] } else { FLUENCY };
        Self {
            services,
            skills: query.skill_u.iter().copied().map(of(Term::Skill)).collect(),
            exact_skills: query.index.vocabulary().skills.len() <= Signature::EXACT_SKILLS,
            loads: std::array::from_fn(|class| {
                query.points(Term::Workload, load(u32::try_from(class).unwrap_or(0)))
            }),
            regions: region.map(of(Term::Region)),
            languages: language.map(of(Term::Language)),
            visited: query.points(Term::Continuity, ONE),
        }
    }

    /// Of the terms that a signature tells, at most, and of earlier visits.
    pub(crate) fn told(&self, query: &Query<'_>, signature: &impl Signed, visited: bool) -> u64 {
        let services = self.of_services(query, signature);
        let load = self.loads[signature.load_class()];
        let visits = if visited { self.visited } else { 0 };
        services + self.of_skills(query, signature) + load + visits
    }

    /// Of regions and languages, by the best of them.
    pub(crate) fn of_words(&self, gladness: u8, fluency: u8) -> u64 {
        self.regions[usize::from(gladness)] + self.languages[usize::from(fluency)]
    }

    fn of_services(&self, query: &Query<'_>, signature: &impl Signed) -> u64 {
        let level = |code: u32| signature.service(code);
        if self.services.is_empty() {
            return query.points(Term::Service, terms::service(query, level));
        }
        let levels = query.services.iter().map(|code| terms::stated(*code, level));
        self.services[terms::index_of(levels, GLADNESS.len())]
    }

    fn of_skills(&self, query: &Query<'_>, signature: &impl Signed) -> u64 {
        if !query.applies(Term::Skill) {
            return 0;
        }
        let level = |code: u32| signature.skill(code);
        if self.exact_skills && !self.skills.is_empty() {
            let levels = query.skills.iter().map(|skill| skill.code.map_or(0, level));
            return self.skills[terms::index_of(levels, terms::SKILL_LEVELS)];
        }
        let u = if self.exact_skills {
            terms::skill(query, level)
        } else {
            terms::skill_at_most(query, level)
        };
        query.points(Term::Skill, u)
    }
}
