//! The funnel's best relaxation must bring back exactly what it promises, and more than any other
//! single change. Each change is found here anew, by counting with it made.

use crate::{World, organization, population, population::NOW, world};
use nearhand_domain::StaffId;
use nearhand_index::OrgIndex;
use nearhand_recommend::{Case, Change, Disclosure, Policy, Query, Rule, explain::change::SkillTo};
use proptest::prelude::*;

struct Question<'a> {
    index: &'a OrgIndex,
    case: Case,
    policy: Policy,
    limit: usize,
}

impl Question<'_> {
    fn eligible(&self, change: Option<&Change>) -> usize {
        let (mut case, mut policy) = (self.case.clone(), self.policy.clone());
        if let Some(change) = change {
            assert!(change.apply(&mut case, &mut policy), "{change:?}");
        }
        let query = Query::new(self.index, &case, &policy, NOW, Disclosure::Exact);
        query.funnel(self.limit).eligible
    }

    fn gain(&self, change: &Change) -> usize {
        self.eligible(Some(change)) - self.eligible(None)
    }

    /// The change whose number moves just far enough, by halving: the smallest of `0..=most` steps.
    fn moved(&self, missing: usize, most: u64, change: impl Fn(u64) -> Change) -> usize {
        let wanted = missing.min(self.gain(&change(most)));
        let (mut below, mut enough) = (0, most);
        while enough - below > 1 {
            let middle = below + (enough - below) / 2;
            if self.gain(&change(middle)) >= wanted { enough = middle } else { below = middle }
        }
        self.gain(&change(if self.gain(&change(below)) >= wanted { below } else { enough }))
    }

    /// What the best single change brings back.
    fn best(&self, missing: usize) -> usize {
        let mut gains = Vec::new();
        for rule in Rule::ALL {
            let change = match rule {
                Rule::Inactive
                | Rule::AlreadyAssigned
                | Rule::RegionNotPreferred
                | Rule::MissingSkill
                | Rule::TooLate
                | Rule::BeyondMaxTravel
                | Rule::AtCapacity => continue,
                Rule::ServiceNotPreferred => Change::FilterByPreferencesOff,
                Rule::NotOnRequiredPanel => Change::PanelNotRequired,
                Rule::LanguageMissing => Change::LanguageNotRequired,
                Rule::NoLocation => Change::LocationNotRequired,
                _ => Change::RuleOff { rule },
            };
            gains.push(self.gain(&change));
        }
        let late = self.policy.max_late_min;
        let later = |by: u64| Change::MaxLateMin { to: late + by as f64 / 1e3 };
        gains.push(self.moved(missing, 900_000_000, later));
        if let Some(limit) = self.policy.max_travel_km {
            let farther = |by: u64| Change::MaxTravelKm { to: limit + by as f64 / 1e3 };
            gains.push(self.moved(missing, 30_000_000, farther));
        }
        if let Some(most) = self.policy.max_utilisation {
            let fuller = |by: u64| Change::MaxUtilisation { to: most + by as f64 / 1e6 };
            gains.push(self.moved(missing, 1_000_000_000, fuller));
        }
        for need in &self.case.skills {
            let lower = |by: u64| {
                let to = need.required - u8::try_from(by).unwrap();
                let skills = vec![SkillTo { skill: need.skill.clone(), to }];
                Change::RequiredSkills { skills }
            };
            gains.push(self.moved(missing, need.required.into(), lower));
        }
        gains.into_iter().max().unwrap()
    }
}

/// Asks one question. Returns the rule of the best relaxation.
fn check(
    world: &mut World,
    index: &OrgIndex,
    staff: &[StaffId],
) -> Result<Option<Rule>, TestCaseError> {
    let case = population::case(&mut world.random, world.centre, world.case, staff);
    let policy = population::policy(&mut world.random);
    let question = Question { index, case, policy, limit: world.random.pick(&[1, 3, 20]) };
    let query = Query::new(index, &question.case, &question.policy, NOW, Disclosure::Exact);
    let funnel = query.funnel(question.limit);
    let missing = question.limit.min(5).saturating_sub(funnel.eligible);
    let most = if missing == 0 { 0 } else { question.best(missing) };
    let Some(best) = funnel.best_relaxation else {
        prop_assert_eq!(most, 0, "{:?} {:?}", question.case, question.policy);
        return Ok(None);
    };
    prop_assert_eq!(question.gain(&best.change), best.brings_back, "{:?}", best);
    prop_assert_eq!(best.brings_back, most, "{:?} {:?}", best, question.case);
    Ok(Some(best.rule))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_best_relaxation_keeps_its_promise_and_no_other_brings_more(seed: u64, people in 1usize..50) {
        let mut world = world(seed, people, 0);
        let index = OrgIndex::bulk_load(organization(), world.people.clone(), NOW);
        let staff: Vec<StaffId> = world.people.iter().map(|person| person.id).collect();
        for _ in 0..4 {
            check(&mut world, &index, &staff)?;
        }
    }
}

#[test]
fn many_rules_are_relaxed_in_random_worlds() {
    let mut found = std::collections::HashSet::new();
    for seed in 0..60 {
        let mut world = world(seed, 25, 0);
        let index = OrgIndex::bulk_load(organization(), world.people.clone(), NOW);
        let staff: Vec<StaffId> = world.people.iter().map(|person| person.id).collect();
        for _ in 0..4 {
            found.extend(check(&mut world, &index, &staff).unwrap());
        }
    }
    assert!(found.len() > 8, "{found:?}");
}
