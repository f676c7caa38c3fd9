//! Bounds by people's profiles, wherever they are, and what a profile must have to reach a score.
//! Must never be below the score, nor ask for more than it takes.

use crate::{
    bounds::Bounds,
    query::{Query, Skill, Term},
    terms::{self, ONE},
};
use nearhand_index::{
    columns::Test,
    masks::{Gladness, PREFERRED, UNSTATED, WILLING},
    signature::{LOAD_CLASSES, LOAD_UNIT, Profile, Signature},
};

impl Bounds<'_, '_> {
    /// Micro-points of the abilities of anybody with a profile, at most; `None` if they cannot do
    /// the case.
    pub(crate) fn profile(&self, slot: u32, profile: &Profile) -> Option<u64> {
        let query = self.query;
        let gladness = terms::best_gladness(query, |code| profile.region(code));
        if query.policy.filter_by_preferences && gladness.is_some_and(|best| best <= UNSTATED) {
            return None;
        }
        let fluency = terms::best_fluency(query, |code| profile.language(code));
        let words = self.worth.of_words(gladness.unwrap_or(0), fluency.unwrap_or(0));
        Some(self.told(slot, &profile.signature) + words + self.panel_points)
    }

    /// Whether a profile tells more than a signature: of regions or languages that are asked for.
    pub(crate) fn profiles_tell(&self) -> bool {
        self.query.applies(Term::Region) || self.query.applies(Term::Language)
    }

    /// The best rank of somebody beyond the reach.
    pub(crate) fn beyond(&self, abilities: u64) -> u64 {
        self.way(self.reach_km).rank(abilities)
    }

    /// Micro-points of the abilities of anybody, at most, as far as profiles tell.
    pub(crate) fn most_able(&self) -> u64 {
        let (query, lightest) = (self.query, terms::workload(self.query, 0));
        let spared = query.points(Term::Workload, ONE) - query.points(Term::Workload, lightest);
        let panel = if self.panel_apart { query.points(Term::Panel, ONE) } else { 0 };
        self.all_abilities() - spared - panel
    }

    /// What everybody can do who can do the case from beyond the reach, roughly.
    pub(crate) fn fit_beyond(&self) -> Vec<Test> {
        self.fit(&self.needs(self.way(self.reach_km)).signature)
    }

    /// The same of those who need not drive.
    pub(crate) fn fit_nowhere(&self) -> Vec<Test> {
        self.fit(&self.query.needs[0].signature)
    }

    fn fit(&self, needed: &Signature) -> Vec<Test> {
        let regions = codes(&self.query.regions);
        let filtered = self.query.policy.filter_by_preferences && !regions.is_empty();
        let glad = filtered.then(|| Test::glad(&regions, WILLING));
        let most = self.query.max_load_ppm.filter(|_| self.loads_kept);
        let light = most.map(|most| Test::loaded(u32::try_from(most).unwrap_or(u32::MAX)));
        [Test::covering(needed)].into_iter().chain(light).chain(glad).collect()
    }

    /// The terms that profiles tell, each with its classes of people.
    pub(crate) fn facets(&self) -> Vec<Facet> {
        let query = self.query;
        let (regions, languages) = (codes(&query.regions), codes(&query.languages));
        let mut facets = vec![
            self.facet(Term::Continuity, vec![ONE, 0], |spared| {
                (!spared(0)).then(|| Test::among(self.visitors.iter().copied().collect()))
            }),
            self.facet(Term::Region, region_values(query), |spared| {
                let least = least_gladness(|level| spared(terms::region(query, |_| level)));
                let glad = least > UNSTATED && !regions.is_empty();
                glad.then(|| Test::glad(&regions, least))
            }),
            self.facet(Term::Service, service_values(query), |spared| {
                let mut needed = Signature::default();
                for (nth, &code) in query.services.iter().enumerate() {
                    let least = least_gladness(|level| spared(service(query, nth, level)));
                    if let Some(code) = code.filter(|_| least > UNSTATED) {
                        needed.need_gladness(code, least);
                    }
                }
                covering(&needed)
            }),
            self.facet(Term::Skill, skill_values(query), |spared| {
                let mut needed = Signature::default();
                for (nth, skill) in query.skills.iter().enumerate() {
                    let least = least_level(skill, |level| spared(with_skill(query, nth, level)));
                    if let Some(code) = skill.code.filter(|_| least > skill.required) {
                        needed.need_skill(code, least);
                    }
                }
                covering(&needed)
            }),
            self.facet(Term::Language, language_values(query), |spared| {
                let least = (0..=4).find(|&level| spared(terms::language(query, |_| level)))?;
                let asked = least > 0 && !languages.is_empty();
                asked.then(|| Test::speaking(&languages, least))
            }),
        ];
        if self.loads_kept {
            facets.push(self.facet(Term::Workload, workload_values(query), |spared| {
                let most = loads().take_while(|&load| spared(terms::workload(query, load))).last();
                most.filter(|most| *most < HEAVIEST).map(Test::loaded)
            }));
        }
        facets
    }

    /// The classes of people by what they lose of a term: `values` are all the millionths there
    /// are to be told apart, `test` finds those who have at least so many.
    fn facet(
        &self,
        term: Term,
        values: Vec<u32>,
        test: impl Fn(&dyn Fn(u32) -> bool) -> Option<Test>,
    ) -> Facet {
        let query = self.query;
        let best = if term == Term::Workload { terms::workload(query, 0) } else { ONE };
        let full = query.points(term, best);
        let loss = |u: u32| full.saturating_sub(query.points(term, u));
        let mut losses: Vec<u64> = values.into_iter().map(loss).collect();
        losses.sort_unstable();
        losses.dedup();
        let mut classes = Vec::new();
        for lost in losses {
            let test = test(&|u| loss(u) <= lost);
            let everybody = test.is_none();
            classes.push(Class { lost, test });
            if everybody {
                break;
            }
        }
        Facet(classes)
    }
}

/// People told apart by what they lose of one term, those who lose least first. The last class is
/// everybody.
#[derive(Debug)]
pub(crate) struct Facet(pub(crate) Vec<Class>);

/// People who lose no more of a term.
#[derive(Debug)]
pub(crate) struct Class {
    /// Micro-points below the best imaginable that those lose at least who are in no class before.
    pub(crate) lost: u64,
    /// Who they are; `None`: everybody.
    pub(crate) test: Option<Test>,
}

/// From here on loads are alike.
const HEAVIEST: u32 = (LOAD_CLASSES - 1) * LOAD_UNIT;

fn loads() -> impl Iterator<Item = u32> {
    (0..LOAD_CLASSES).map(|class| class * LOAD_UNIT)
}

fn covering(needed: &Signature) -> Option<Test> {
    (*needed != Signature::default()).then(|| Test::covering(needed))
}

fn codes(words: &[Option<u32>]) -> Vec<u32> {
    words.iter().flatten().copied().collect()
}

fn region_values(query: &Query<'_>) -> Vec<u32> {
    [PREFERRED, WILLING, UNSTATED].map(|level| terms::region(query, |_| level)).to_vec()
}

fn service_values(query: &Query<'_>) -> Vec<u32> {
    let levels = [PREFERRED, WILLING, UNSTATED];
    let of = |nth| levels.map(|level| service(query, nth, level));
    (0..query.services.len()).flat_map(of).chain([ONE]).collect()
}

fn skill_values(query: &Query<'_>) -> Vec<u32> {
    let of = |(nth, skill): (usize, &Skill)| {
        (skill.required..=skill.preferred).map(move |level| with_skill(query, nth, level))
    };
    query.skills.iter().enumerate().flat_map(of).chain([ONE]).collect()
}

fn language_values(query: &Query<'_>) -> Vec<u32> {
    (0..=4).map(|level| terms::language(query, |_| level)).collect()
}

fn workload_values(query: &Query<'_>) -> Vec<u32> {
    loads().map(|load| terms::workload(query, load)).collect()
}

fn least_gladness(within: impl Fn(Gladness) -> bool) -> Gladness {
    [UNSTATED, WILLING].into_iter().find(|&level| within(level)).unwrap_or(PREFERRED)
}

fn least_level(skill: &Skill, within: impl Fn(u8) -> bool) -> u8 {
    (skill.required..skill.preferred).find(|&level| within(level)).unwrap_or(skill.preferred)
}

/// The service term of somebody who prefers all services but the `nth`.
fn service(query: &Query<'_>, nth: usize, level: Gladness) -> u32 {
    let this = query.services[nth];
    terms::service(query, |code| if Some(code) == this { level } else { PREFERRED })
}

/// The skill term of somebody who has the preferred level of all skills but the `nth`, at most.
fn with_skill(query: &Query<'_>, nth: usize, level: u8) -> u32 {
    let this = query.skills[nth].code;
    terms::skill_at_most(query, |code| if Some(code) == this { level } else { 5 })
}
