//! Single changes of an eligible person that would list them. Must rank with each change made before
//! it is claimed. Nobody else's score depends on the person; the mean load is taken as it is.

use crate::{
    explain::change::Change,
    judge::{
        judgement::Judgement,
        terms::{self, FLUENCY_VALUES, WILLINGNESS_VALUES, or_unstated},
    },
    query::Query,
    rounding::from_milli,
    term::{ONE, Term},
};
use nearhand_domain::preference::{LanguageLevel, Preference};
use nearhand_index::{
    Person,
    abilities::levels::{BEST_LEVEL, UNSTATED},
};
use serde::Serialize;

/// A change that would list somebody.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WouldList {
    /// The change of the person.
    pub change: Change,
    /// The same in English words.
    pub detail: String,
    /// The score with the change made.
    pub score_micropoints: u64,
    /// The place with the change made.
    pub rank: usize,
}

/// A change, and the person judged with it made.
type Tried = (Change, Judgement);

impl Query<'_> {
    /// The changes that would list a person who is not on a full list.
    pub(crate) fn would_list(&self, of: &Judgement, list: &[Judgement]) -> Vec<WouldList> {
        let Some(last) = list.last() else { return Vec::new() };
        let person = self.index.person(of.slot);
        let enough = |judged: &Judgement| judged.failed.is_empty() && judged.order(last).is_lt();
        let mut tried: Vec<Tried> = Vec::new();
        tried.extend(self.shorter_drive(of, enough));
        tried.extend(self.less_work(of, enough));
        tried.extend(self.other_services(person, of, enough));
        tried.extend(self.other_regions(person, of, enough));
        tried.extend(self.higher_skills(person, of, enough));
        tried.extend(self.spoken(person, of, enough));
        if self.applies(Term::Panel) && of.u[Term::Panel as usize] == 0 {
            tried.push((Change::OnPanel, self.valued(of, Term::Panel, ONE)));
        }
        tried.retain(|(_, judged)| enough(judged));
        tried.sort_by_key(|(_, judged)| judged.score);
        let would_list = tried.into_iter().map(|(change, judged)| WouldList {
            detail: change.detail(),
            change,
            score_micropoints: judged.score,
            rank: 1 + list.iter().filter(|one| one.order(&judged).is_lt()).count(),
        });
        would_list.collect()
    }

    /// The person with another value of one term.
    fn valued(&self, of: &Judgement, term: Term, u: u32) -> Judgement {
        let mut judged = of.clone();
        judged.u[term as usize] = u;
        (judged.points, judged.score) = self.points_and_sum(&judged.u);
        judged
    }

    /// The longest drive that is enough. A shorter one never lowers the score.
    fn shorter_drive(&self, of: &Judgement, enough: impl Fn(&Judgement) -> bool) -> Option<Tried> {
        let has = of.eta_milli_min().filter(|&eta| eta > 0)?;
        let mut question = self.variant(self.case, self.policy);
        let mut within = |eta: i64| {
            question.longest_eta = eta;
            question.judge(of.slot)
        };
        // What counts beside the primary place may be farther away.
        let at = [of.at.ping, of.at.fallback].into_iter().flatten().map(|from| from.eta_milli_min);
        let farthest = at.fold(has, i64::max);
        let at_most = last_true(farthest, |eta| enough(&within(eta)))?;
        let judged = within(at_most);
        let (at_most, has) = (from_milli(at_most), from_milli(farthest));
        Some((Change::EtaMin { at_most, has }, judged))
    }

    /// The most work that is little enough.
    fn less_work(&self, of: &Judgement, enough: impl Fn(&Judgement) -> bool) -> Option<Tried> {
        let has = of.load.committed_min;
        let with = |committed: i64| {
            let mut judged = of.clone();
            judged.load.committed_min = u32::try_from(committed).unwrap_or(0);
            let u = terms::workload(self, judged.load.ppm());
            judged.u[Term::Workload as usize] = u;
            (judged.points, judged.score) = self.points_and_sum(&judged.u);
            judged
        };
        let most = last_true(i64::from(has), |committed| enough(&with(committed)))?;
        let at_most = u32::try_from(most).unwrap_or(0);
        Some((Change::CommittedMin { at_most, has }, with(most)))
    }

    /// Each service for which a higher preference is enough, with the lowest one.
    fn other_services(
        &self,
        person: &Person,
        of: &Judgement,
        enough: impl Fn(&Judgement) -> bool,
    ) -> Vec<Tried> {
        let services = self.case.services.iter().zip(&self.services).enumerate();
        let tried = services.filter_map(|(at, (&service, code))| {
            let has = or_unstated(*code, |code| person.service(code));
            higher(has).into_iter().find_map(|(level, to)| {
                let u = self.service_with(person, at, level);
                let judged = self.valued(of, Term::Service, u);
                let services = vec![service];
                let change = Change::Services { services, to: to.as_str() };
                enough(&judged).then_some((change, judged))
            })
        });
        tried.collect()
    }

    /// The service term with another willingness for the service at one place of the case.
    fn service_with(&self, person: &Person, at: usize, level: u8) -> u32 {
        let levels = self.services.iter().enumerate().map(|(nth, code)| {
            let same = *code == self.services[at] && (code.is_some() || nth == at);
            if same { level } else { or_unstated(*code, |code| person.service(code)) }
        });
        terms::service_of_levels(&levels.collect::<Vec<u8>>())
    }

    /// Each region for which a higher preference is enough, with the lowest one. The best counts.
    fn other_regions(
        &self,
        person: &Person,
        of: &Judgement,
        enough: impl Fn(&Judgement) -> bool,
    ) -> Vec<Tried> {
        let best = terms::best_region_willingness(self, |code| person.region(code)).unwrap_or(0);
        let tried = self.case.regions.iter().filter_map(|&region| {
            higher(best).into_iter().find_map(|(level, to)| {
                let u = WILLINGNESS_VALUES[usize::from(level)];
                let judged = self.valued(of, Term::Region, u);
                let regions = vec![region];
                let change = Change::Regions { regions, to: to.as_str() };
                enough(&judged).then_some((change, judged))
            })
        });
        tried.collect()
    }

    /// Each skill in which a higher level is enough, with the lowest one.
    fn higher_skills(
        &self,
        person: &Person,
        of: &Judgement,
        enough: impl Fn(&Judgement) -> bool,
    ) -> Vec<Tried> {
        let needs = self.case.skills.iter().zip(&self.skills.list);
        let tried = needs.filter_map(|(need, skill)| {
            let changed = skill.code?;
            let has = person.skill(changed);
            (has + 1..=skill.preferred.min(BEST_LEVEL)).find_map(|to| {
                let level = |code: u32| if code == changed { to } else { person.skill(code) };
                let judged = self.valued(of, Term::Skill, self.skills.value(level));
                let change = Change::SkillHeld { skill: need.skill.clone(), to, has };
                enough(&judged).then_some((change, judged))
            })
        });
        tried.collect()
    }

    /// Each language in which a higher level is enough, with the lowest one. The best counts.
    fn spoken(
        &self,
        person: &Person,
        of: &Judgement,
        enough: impl Fn(&Judgement) -> bool,
    ) -> Vec<Tried> {
        let best = terms::best_fluency(self, |code| person.language(code)).unwrap_or(0);
        let levels = [LanguageLevel::B1, LanguageLevel::B2, LanguageLevel::C1, LanguageLevel::C2];
        let tried = self.case.languages.iter().filter_map(|tag| {
            let above = (1_usize..).zip(levels).skip(usize::from(best));
            above.into_iter().find_map(|(fluency, to)| {
                let judged = self.valued(of, Term::Language, FLUENCY_VALUES[fluency]);
                let change = Change::LanguageSpoken { language: tag.clone(), to: to.as_str() };
                enough(&judged).then_some((change, judged))
            })
        });
        tried.collect()
    }
}

/// The preferences above a willingness, the lowest first, each with its own.
fn higher(than: u8) -> Vec<(u8, Preference)> {
    let (willing, preferred) = (Preference::Willing, Preference::Preferred);
    let mut levels = vec![(UNSTATED + 1, willing), (UNSTATED + 2, preferred)];
    levels.retain(|&(level, _)| level > than);
    levels
}

/// The largest number from 0 up to but without `end` for which something holds that holds for all
/// smaller ones, too; `None` if it does not hold for 0.
fn last_true(end: i64, mut holds: impl FnMut(i64) -> bool) -> Option<i64> {
    if end <= 0 || !holds(0) {
        return None;
    }
    let (mut least, mut above) = (0, end);
    while above - least > 1 {
        let middle = least + (above - least) / 2;
        if holds(middle) {
            least = middle;
        } else {
            above = middle;
        }
    }
    Some(least)
}
