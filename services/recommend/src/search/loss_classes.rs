//! Loss classes: people grouped by the points they lose of a term, and the predicates that find
//! each group in the bitmap index. Must never ask for more than a score takes.

use crate::{
    judge::terms,
    query::{Query, skills::RequiredSkill},
    search::bounds::Bounds,
    term::{ONE, Term},
};
use nearhand_index::abilities::{
    AbilityBits, LOAD_CLASSES, LOAD_UNIT, Predicate,
    levels::{PREFERRED, UNSTATED, WILLING, Willingness},
};

/// The loss classes of one term, the smallest loss first. The last class is everybody.
#[derive(Debug)]
pub(super) struct TermLosses(pub(super) Vec<LossClass>);

/// The people who lose at most so many points of a term.
#[derive(Debug)]
pub(super) struct LossClass {
    /// Micro-points below the best value. People in none of the classes before lose at least so
    /// many.
    pub(super) lost: u64,
    /// Finds the people; `None`: everybody.
    pub(super) predicate: Option<Predicate>,
}

/// Loads from here on are in one class.
const HEAVIEST: u32 = (LOAD_CLASSES - 1) * LOAD_UNIT;

impl Bounds<'_, '_> {
    /// Micro-points of the best abilities a profile can show: the least load, and no panel if that
    /// is judged separately.
    pub(super) fn max_profile_abilities(&self) -> u64 {
        let (query, idle) = (self.query, terms::workload(self.query, 0));
        let unreachable = query.points(Term::Workload, ONE) - query.points(Term::Workload, idle);
        let panel = if self.panel_separate { query.points(Term::Panel, ONE) } else { 0 };
        self.max_abilities() - unreachable - panel
    }

    /// Predicates that every eligible person passes who is far away. They are necessary conditions
    /// only.
    pub(super) fn far_predicates(&self) -> Vec<Predicate> {
        let far = self.travel.at(self.travel.far_km);
        self.eligible_predicates(&self.needs(far).bits)
    }

    /// The same for people without location, who are taken not to drive.
    pub(super) fn no_location_predicates(&self) -> Vec<Predicate> {
        self.eligible_predicates(&self.query.needs[0].bits)
    }

    /// The loss classes of each term that profiles and visits show.
    pub(super) fn loss_classes(&self) -> Vec<TermLosses> {
        let query = self.query;
        let (regions, languages) = (codes(&query.regions), codes(&query.languages));
        let mut losses = vec![
            self.term_losses(Term::Continuity, vec![ONE, 0], |within| {
                (!within(0)).then(|| Predicate::at_slots(self.visitors.iter().copied().collect()))
            }),
            self.term_losses(Term::Region, region_values(query), |within| {
                let least = least_willingness(|level| within(terms::region(query, |_| level)));
                let asked = least > UNSTATED && !regions.is_empty();
                asked.then(|| Predicate::willing_in_one_of(&regions, least))
            }),
            self.term_losses(Term::Service, service_values(query), |within| {
                self.service_predicate(within)
            }),
            self.term_losses(Term::Skill, skill_values(query), |within| {
                self.skill_predicate(within)
            }),
            self.term_losses(Term::Language, language_values(query), |within| {
                let least = (0..=4).find(|&level| within(terms::language(query, |_| level)))?;
                let asked = least > 0 && !languages.is_empty();
                asked.then(|| Predicate::speaks_one_of(&languages, least))
            }),
        ];
        if self.loads_kept {
            losses.push(self.term_losses(Term::Workload, workload_values(query), |within| {
                let most = loads().take_while(|&load| within(terms::workload(query, load))).last();
                most.filter(|most| *most < HEAVIEST).map(Predicate::load_at_most)
            }));
        }
        losses
    }

    fn eligible_predicates(&self, needed: &AbilityBits) -> Vec<Predicate> {
        let regions = codes(&self.query.regions);
        let filtered = self.query.policy.filter_by_preferences && !regions.is_empty();
        let willing = filtered.then(|| Predicate::willing_in_one_of(&regions, WILLING));
        let most = self.query.max_load_ppm.filter(|_| self.loads_kept);
        let light =
            most.map(|most| Predicate::load_at_most(u32::try_from(most).unwrap_or(u32::MAX)));
        let free = Predicate::free_in(self.query.free_hours);
        [Predicate::has_all(needed), free].into_iter().chain(light).chain(willing).collect()
    }

    /// The loss classes of a term. `values` are all millionths to distinguish. `predicate` gets a
    /// function that says whether a value is within a class, and returns the predicate of that
    /// class, or `None` for everybody.
    fn term_losses(
        &self,
        term: Term,
        values: Vec<u32>,
        predicate: impl Fn(&dyn Fn(u32) -> bool) -> Option<Predicate>,
    ) -> TermLosses {
        let query = self.query;
        let best = if term == Term::Workload { terms::workload(query, 0) } else { ONE };
        let full = query.points(term, best);
        let loss = |u: u32| full.saturating_sub(query.points(term, u));
        let mut losses: Vec<u64> = values.into_iter().map(loss).collect();
        losses.sort_unstable();
        losses.dedup();
        let mut classes = Vec::new();
        for lost in losses {
            let predicate = predicate(&|u| loss(u) <= lost);
            let everybody = predicate.is_none();
            classes.push(LossClass { lost, predicate });
            if everybody {
                break;
            }
        }
        TermLosses(classes)
    }

    /// People who are willing enough for each service, if they prefer all the others.
    fn service_predicate(&self, within: &dyn Fn(u32) -> bool) -> Option<Predicate> {
        let (query, mut needed) = (self.query, AbilityBits::default());
        for (nth, &code) in query.services.iter().enumerate() {
            let least = least_willingness(|level| within(service_with(query, nth, level)));
            if let Some(code) = code.filter(|_| least > UNSTATED) {
                needed.need_willingness(code, least);
            }
        }
        covering(&needed)
    }

    /// People who have a high enough level of each skill, if they have the best of all the others.
    fn skill_predicate(&self, within: &dyn Fn(u32) -> bool) -> Option<Predicate> {
        let (query, mut needed) = (self.query, AbilityBits::default());
        for (nth, skill) in query.skills.list.iter().enumerate() {
            let least = least_level(skill, |level| within(skill_with(query, nth, level)));
            if let Some(code) = skill.code.filter(|_| least > skill.required) {
                needed.need_skill(code, least);
            }
        }
        covering(&needed)
    }
}

/// The lowest load of each class.
fn loads() -> impl Iterator<Item = u32> {
    (0..LOAD_CLASSES).map(|class| class * LOAD_UNIT)
}

fn covering(needed: &AbilityBits) -> Option<Predicate> {
    (*needed != AbilityBits::default()).then(|| Predicate::has_all(needed))
}

/// The codes that anybody has.
fn codes(words: &[Option<u32>]) -> Vec<u32> {
    words.iter().flatten().copied().collect()
}

fn region_values(query: &Query<'_>) -> Vec<u32> {
    [PREFERRED, WILLING, UNSTATED].map(|level| terms::region(query, |_| level)).to_vec()
}

fn service_values(query: &Query<'_>) -> Vec<u32> {
    let levels = [PREFERRED, WILLING, UNSTATED];
    let values = |nth| levels.map(|level| service_with(query, nth, level));
    (0..query.services.len()).flat_map(values).chain([ONE]).collect()
}

fn skill_values(query: &Query<'_>) -> Vec<u32> {
    let values = |(nth, skill): (usize, &RequiredSkill)| {
        (skill.required..=skill.preferred).map(move |level| skill_with(query, nth, level))
    };
    query.skills.list.iter().enumerate().flat_map(values).chain([ONE]).collect()
}

fn language_values(query: &Query<'_>) -> Vec<u32> {
    (0..=4).map(|level| terms::language(query, |_| level)).collect()
}

fn workload_values(query: &Query<'_>) -> Vec<u32> {
    loads().map(|load| terms::workload(query, load)).collect()
}

fn least_willingness(within: impl Fn(Willingness) -> bool) -> Willingness {
    [UNSTATED, WILLING].into_iter().find(|&level| within(level)).unwrap_or(PREFERRED)
}

fn least_level(skill: &RequiredSkill, within: impl Fn(u8) -> bool) -> u8 {
    (skill.required..skill.preferred).find(|&level| within(level)).unwrap_or(skill.preferred)
}

/// The service term of a person who has a willingness for the `nth` service and prefers all others.
fn service_with(query: &Query<'_>, nth: usize, level: Willingness) -> u32 {
    let this = query.services[nth];
    terms::service(query, |code| if Some(code) == this { level } else { PREFERRED })
}

/// The skill term of a person who has a level of the `nth` skill and the best of all others, at
/// most.
fn skill_with(query: &Query<'_>, nth: usize, level: u8) -> u32 {
    let this = query.skills.list[nth].code;
    query.skills.value_at_most(|code| if Some(code) == this { level } else { 5 })
}
