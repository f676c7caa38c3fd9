//! Why-not must report every failed rule, and each change it names must do what it says: it is made
//! here in the case, the policy or the person's record, and the question is asked again.

use crate::{World, organization, population, population::NOW, world};
use nearhand_domain::{
    StaffId,
    preference::{LanguageLevel, Preference},
};
use nearhand_index::{OrgIndex, PersonInput, people::person_input::LicenceInput};
use nearhand_recommend::{Case, Change, Disclosure, Policy, Query, Rule, WhyNot};
use proptest::prelude::*;

fn load(people: &[PersonInput]) -> OrgIndex {
    OrgIndex::bulk_load(organization(), people.iter().cloned(), NOW)
}

/// Makes a change in a record or the case; `None` for one that is not in them.
fn make(change: &Change, person: &mut PersonInput, case: &mut Case) -> Option<()> {
    fn state<Id: PartialEq + Copy>(all: &mut Vec<(Id, Preference)>, ids: &[Id], to: &str) {
        all.retain(|(id, _)| !ids.contains(id));
        all.extend(ids.iter().map(|&id| (id, Preference::parse(to).unwrap())));
    }
    match change {
        Change::Active => person.active = true,
        Change::Services { services, to } => state(&mut person.services, services, to),
        Change::Regions { regions, to } => state(&mut person.regions, regions, to),
        Change::LicencesHeld { licences, from, until } => {
            person.licences.extend(licences.iter().map(|licence| LicenceInput {
                code: licence.code.clone(),
                jurisdiction: licence.jurisdiction.clone(),
                valid_from: from.as_second(),
                valid_to: until.as_second(),
            }));
        }
        Change::OwnMaxTravelKm { to } => person.max_travel_km = Some(*to),
        Change::SkillHeld { skill, to, .. } => {
            person.skills.retain(|(code, _)| code != skill);
            person.skills.push((skill.clone(), *to));
        }
        Change::LanguageSpoken { language, to } => {
            person.languages.retain(|(tag, _)| tag != language);
            person.languages.push((language.clone(), LanguageLevel::parse(to).unwrap()));
        }
        Change::OnPanel => case.panel.push(person.id),
        _ => return None,
    }
    Some(())
}

/// Judges a person with a change made. `None`: the change is in neither.
fn failed_with(
    world: &World,
    question: (&Case, &Policy),
    (staff, change): (StaffId, &Change),
) -> Option<Vec<Rule>> {
    let (mut case, mut policy) = (question.0.clone(), question.1.clone());
    let mut people = world.people.clone();
    if !change.apply(&mut case, &mut policy) {
        let person = people.iter_mut().find(|person| person.id == staff).unwrap();
        make(change, person, &mut case)?;
    }
    let index = load(&people);
    let query = Query::new(&index, &case, &policy, NOW, Disclosure::Exact);
    Some(query.judge(index.slot(staff).unwrap()).failed().iter().collect())
}

/// Whether a person is listed with a change made in their record.
fn listed_with(
    world: &World,
    (case, policy, limit): (&Case, &Policy, usize),
    staff: StaffId,
    change: &Change,
) -> Option<bool> {
    let (mut people, mut case) = (world.people.clone(), case.clone());
    let person = people.iter_mut().find(|person| person.id == staff).unwrap();
    make(change, person, &mut case)?;
    let index = load(&people);
    let query = Query::new(&index, &case, policy, NOW, Disclosure::Exact);
    Some(query.search(limit).iter().any(|listed| listed.staff() == staff))
}

/// Asks about everybody. Returns how many changes of each kind were tried: for rules, for the list.
fn check(world: &mut World) -> Result<(usize, usize), TestCaseError> {
    let staff: Vec<StaffId> = world.people.iter().map(|person| person.id).collect();
    let case = population::case(&mut world.random, world.centre, world.case, &staff);
    let policy = population::policy(&mut world.random);
    let index = load(&world.people);
    let query = Query::new(&index, &case, &policy, NOW, Disclosure::Exact);
    let order: Vec<StaffId> =
        query.scan(usize::MAX).iter().map(nearhand_recommend::Judgement::staff).collect();
    let limit = (order.len() / 2).max(1);
    let (mut for_rules, mut for_list) = (0, 0);
    for person in &world.people {
        let Some(answer) = query.why_not(person.id, limit) else {
            prop_assert!(person.deleted);
            continue;
        };
        let failed: Vec<Rule> = answer.failed.iter().map(|failed| failed.rule).collect();
        let judged = query.judge(index.slot(person.id).unwrap());
        prop_assert_eq!(&failed, &judged.failed().iter().collect::<Vec<_>>());
        for rule in &answer.failed {
            prop_assert!(!rule.items.is_empty(), "{:?}", rule);
            let tried = failed_with(world, (&case, &policy), (person.id, &rule.change)).unwrap();
            prop_assert!(!tried.contains(&rule.rule), "{:?} {:?}", rule, case);
            for_rules += usize::from(!matches!(rule.change, Change::RuleOff { .. }));
        }
        for_list += standing(world, (&case, &policy, limit), &order, &answer)?;
    }
    Ok((for_rules, for_list))
}

/// Checks where an eligible person stands. Returns how many changes were tried.
fn standing(
    world: &World,
    question: (&Case, &Policy, usize),
    order: &[StaffId],
    answer: &WhyNot,
) -> Result<usize, TestCaseError> {
    let at = order.iter().position(|&staff| staff == answer.staff);
    prop_assert_eq!(answer.standing.as_ref().map(|standing| standing.rank), at.map(|at| at + 1));
    let Some(standing) = &answer.standing else { return Ok(0) };
    prop_assert_eq!(standing.listed, standing.rank <= question.2);
    let last = standing.last.as_ref().unwrap();
    let gaps: i64 = last.gaps.iter().map(|gap| gap.gap_micropoints).sum();
    prop_assert_eq!(gaps, last.gap_micropoints);
    let mut tried = 0;
    for would in &standing.would_list {
        prop_assert!(would.score_micropoints >= last.score_micropoints);
        prop_assert!(would.rank <= question.2, "{:?}", would);
        if let Some(listed) = listed_with(world, question, answer.staff, &would.change) {
            // A person put on an empty panel makes the term applicable to all.
            prop_assert!(listed, "{:?} {:?}", would, question.0);
            tried += 1;
        }
    }
    Ok(tried)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_change_that_is_named_does_what_it_says(seed: u64, people in 1usize..30) {
        check(&mut world(seed, people, 0))?;
    }
}

#[test]
fn changes_of_every_kind_are_tried_in_random_worlds() {
    let (mut for_rules, mut for_list) = (0, 0);
    for seed in 0..60 {
        let tried = check(&mut world(seed, 25, 0)).unwrap();
        (for_rules, for_list) = (for_rules + tried.0, for_list + tried.1);
    }
    assert!(for_rules > 500 && for_list > 20, "{for_rules} {for_list}");
}

#[test]
fn the_longest_drive_and_the_most_work_are_just_enough() {
    let (mut drives, mut works) = (0, 0);
    for seed in 0..120 {
        let mut world = world(seed, 25, 0);
        let case = population::case(&mut world.random, world.centre, world.case, &[]);
        let (policy, index) = (Policy::default(), load(&world.people));
        let query = Query::new(&index, &case, &policy, NOW, Disclosure::Exact);
        for person in &world.people {
            let Some(standing) = query.why_not(person.id, 2).and_then(|found| found.standing)
            else {
                continue;
            };
            for would in &standing.would_list {
                match would.change {
                    Change::EtaMin { at_most, has } => {
                        assert!(at_most < has, "{would:?}");
                        drives += 1;
                    }
                    Change::CommittedMin { at_most, has } => {
                        assert!(at_most < has, "{would:?}");
                        works += 1;
                    }
                    _ => {}
                }
            }
        }
    }
    assert!(drives > 5 && works > 5, "{drives} {works}");
}

#[test]
fn nobody_outside_the_scope_is_explained() {
    let world = world(3, 20, 0);
    let (case, policy) = (
        Case::at(
            world.case,
            world.people[0]
                .base
                .unwrap_or_else(|| nearhand_domain::Position::new(37.77, -122.42).unwrap()),
        ),
        Policy::default(),
    );
    let index = load(&world.people);
    let seen = world.people.iter().find(|person| !person.deleted).unwrap().id;
    let scope = std::iter::once(seen).collect();
    let query = Query::new(&index, &case, &policy, NOW, Disclosure::Exact).within(Some(&scope));
    for person in &world.people {
        let explained = query.why_not(person.id, 5).is_some();
        assert_eq!(explained, person.id == seen);
    }
    assert!(query.why_not(StaffId::generate(), 5).is_none());
}
