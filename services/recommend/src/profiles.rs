//! Bounds by people's profiles, wherever they are, and what a profile must have to reach a score.
//! Must never be below the score, nor ask for more than it takes.

use crate::{
    bounds::Bounds,
    query::{Query, Skill, Term},
    terms::{self, ONE},
};
use nearhand_index::{
    columns::People,
    masks::{Fluency, Gladness, PREFERRED, Profile, UNSTATED, WILLING},
    places::{Group, Placeless},
};

impl Bounds<'_, '_> {
    /// Micro-points of the abilities of anybody with a profile, at most; `None` if they cannot do
    /// the case.
    pub(crate) fn profile(&self, slot: u32, profile: &Profile) -> Option<u64> {
        let query = self.query;
        let mut u = self.told(slot, &profile.signature);
        u[Term::Region as usize] = terms::region(query, |code| profile.region(code));
        u[Term::Language as usize] = terms::language(query, |code| profile.language(code));
        u[Term::Panel as usize] = if self.panel_apart { 0 } else { ONE };
        let asked = query.policy.filter_by_preferences && !query.regions.is_empty();
        let glad = u[Term::Region as usize] > terms::region(query, |_| UNSTATED);
        (glad || !asked).then(|| query.sum(&u).1)
    }

    /// The same of somebody without location.
    pub(crate) fn placeless(&self, person: &Placeless) -> Option<u64> {
        let fit = person.profile.signature.covers(&self.query.needs[0].signature);
        fit.then(|| self.profile(person.slot, &person.profile)).flatten()
    }

    /// Micro-points of the best abilities in a group of people without location, at most; `None`
    /// if none of them can do the case.
    pub(crate) fn beside(&self, group: &Group) -> Option<u64> {
        let works = group.masks.works(&self.query.needs[0].hours);
        works.then(|| self.split_abilities(&group.masks)).flatten().map(|(all, _)| all)
    }

    /// The best rank of somebody beyond the reach.
    pub(crate) fn beyond(&self, abilities: u64) -> u64 {
        self.rank_from(self.reach_km, abilities)
    }

    /// The micro-points of anybody beyond the reach, at most.
    pub(crate) fn most_beyond(&self) -> u64 {
        let (query, lightest) = (self.query, terms::workload(self.query, 0));
        let spared = query.points(Term::Workload, ONE) - query.points(Term::Workload, lightest);
        let panel = if self.panel_apart { query.points(Term::Panel, ONE) } else { 0 };
        self.all_abilities() - spared - panel + self.way(self.reach_km)
    }

    /// Everybody who can do the case from beyond the reach, roughly.
    pub(crate) fn fit_beyond(&self) -> People {
        let query = self.query;
        let mut fit = query.index.columns().covering(&self.needs(self.reach_km).signature);
        if query.policy.filter_by_preferences {
            self.keep_glad(&mut fit, WILLING);
        }
        fit
    }

    /// Leaves only those who can do without so many micro-points of the best imaginable: by each
    /// term alone.
    pub(crate) fn keep_sparing(&self, people: &mut People, spare: u64) {
        let (query, columns) = (self.query, self.query.index.columns());
        let within = |term, u: u32| query.points(term, ONE) - query.points(term, u) <= spare;
        let mut needed = query.needs[0].signature;
        for (nth, &code) in query.services.iter().enumerate() {
            let least = least_gladness(|level| within(Term::Service, service(query, nth, level)));
            if let Some(code) = code.filter(|_| least > UNSTATED) {
                needed.need_gladness(code, least);
            }
        }
        for (nth, skill) in query.skills.iter().enumerate() {
            if let Some(code) = skill.code {
                needed.need_skill(
                    code,
                    least_level(skill, |level| within(Term::Skill, with_skill(query, nth, level))),
                );
            }
        }
        columns.keep_covering(people, &needed);
        let speaks = |level: &Fluency| within(Term::Language, terms::language(query, |_| *level));
        let codes: Vec<u32> = query.languages.iter().flatten().copied().collect();
        if let (Some(least @ 1..), false) = ((0..=4).find(speaks), codes.is_empty()) {
            columns.keep_speakers(people, &codes, least);
        }
        self.keep_glad(
            people,
            least_gladness(|level| within(Term::Region, terms::region(query, |_| level))),
        );
        self.keep_loads(people, spare);
    }

    fn keep_glad(&self, people: &mut People, least: Gladness) {
        let codes: Vec<u32> = self.query.regions.iter().flatten().copied().collect();
        if !codes.is_empty() {
            self.query.index.columns().keep_glad(people, &codes, least);
        }
    }

    fn keep_loads(&self, people: &mut People, spare: u64) {
        let query = self.query;
        let points = |load| query.points(Term::Workload, terms::workload(query, load));
        let fits = |load: &u32| points(0) - points(*load) <= spare;
        // The heaviest class of load that can be spared.
        let heaviest = (0..16).map(|class| class * LOAD_STEP).take_while(fits).last();
        if let Some(most) = heaviest.filter(|_| self.loads_kept) {
            query.index.columns().keep_loads(people, most);
        }
    }
}

/// Loads are tried in steps of so many millionths.
const LOAD_STEP: u32 = 62_500;

fn least_gladness(within: impl Fn(Gladness) -> bool) -> Gladness {
    [UNSTATED, WILLING].into_iter().find(|&level| within(level)).unwrap_or(PREFERRED)
}

fn least_level(skill: &Skill, within: impl Fn(u8) -> bool) -> u8 {
    let levels = skill.required..skill.preferred;
    levels.into_iter().find(|&level| within(level)).unwrap_or(skill.preferred)
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
