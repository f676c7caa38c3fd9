//! What policies mean: exchange rates hold between two people who are scored, and a comparison of
//! two policies tells what two recommendations show.

#![expect(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test may fail loudly")]

mod golden_cases;

use golden_cases::read;
use nearhand_domain::{
    CaseId, ClientId, OrganizationId, Position, RegionId, ServiceId, StaffId,
    preference::{LanguageLevel, Preference},
};
use nearhand_index::{OrgIndex, PersonInput, people::load::LoadInputs};
use nearhand_recommend::{
    Case, Disclosure, Policy, Preset, Query, Request, SkillNeed, Term,
    compare::{Setting, compare},
    exchange_rates::worth_in_minutes,
    recommend,
};
use uuid::Uuid;

const NOW: i64 = 1_800_000_000;
const SERVICE: ServiceId = ServiceId(Uuid::from_u128(11));
const REGION: RegionId = RegionId(Uuid::from_u128(12));
const CLIENT: ClientId = ClientId(Uuid::from_u128(13));

/// Somebody so many minutes north of the case, neither good nor bad.
fn person(policy: &Policy, n: u128, eta_min: f64) -> PersonInput {
    let km = eta_min / 60.0 * policy.speed_kmh / policy.circuity;
    let mut person = PersonInput::new(StaffId(Uuid::from_u128(n)));
    person.active = true;
    person.home = Position::new(1.0 + (km / 6_371.008_8).to_degrees(), 1.0).ok();
    person.skills = vec![("camera".to_owned(), 2)];
    person.languages = vec![("en".to_owned(), LanguageLevel::B2)];
    person.load = Some(LoadInputs { committed_min: 1_200, capacity_min: 2_400 });
    person
}

fn case() -> Case {
    Case {
        services: vec![SERVICE],
        regions: vec![REGION],
        skills: vec![SkillNeed { skill: "camera".to_owned(), required: 2, preferred: 4 }],
        languages: vec!["en".to_owned()],
        client: Some(CLIENT),
        panel: vec![StaffId(Uuid::from_u128(2))],
        ..Case::at(CaseId(Uuid::nil()), Position::new(1.0, 1.0).unwrap())
    }
}

/// Each step, as a change to somebody who would be the same as another otherwise.
type Step = (Term, (u32, u32), fn(&mut PersonInput));

const STEPS: [Step; 6] = [
    (Term::Service, (500_000, 1_000_000), |person| {
        person.services = vec![(SERVICE, Preference::Preferred)];
    }),
    (Term::Region, (500_000, 750_000), |person| {
        person.regions = vec![(REGION, Preference::Willing)];
    }),
    (Term::Skill, (500_000, 1_000_000), |person| person.skills[0].1 = 4),
    (Term::Language, (750_000, 1_000_000), |person| person.languages[0].1 = LanguageLevel::Native),
    (Term::Continuity, (0, 500_000), |person| person.visits = vec![(CLIENT, NOW)]),
    (Term::Workload, (500_000, 600_000), |_| {}),
];

/// Scores of two people: one at `eta_min`, the other farther away and one step better.
fn scores(policy: &Policy, eta_min: f64, worth: f64, step: &Step) -> [u64; 2] {
    let mut case = case();
    let mut better = person(policy, 2, eta_min + worth);
    let mut plain = person(policy, 1, eta_min);
    // The panel is the second's alone; it is no step of these tests.
    case.panel.clear();
    (step.2)(&mut better);
    if step.0 == Term::Workload {
        // Loads of 55 and 45 per cent around a mean of 50: 10 points apart, one at 0.45.
        plain.load = Some(LoadInputs { committed_min: 1_320, capacity_min: 2_400 });
        better.load = Some(LoadInputs { committed_min: 1_080, capacity_min: 2_400 });
    }
    let people = [plain, better];
    let index =
        OrgIndex::bulk_load(OrganizationId(Uuid::from_u128(9)), people.iter().cloned(), NOW);
    let query = Query::new(&index, &case, policy, NOW, Disclosure::Exact);
    people.map(|person| query.judge(index.slot(person.id).unwrap()).score())
}

#[test]
fn a_step_is_worth_the_minutes_that_are_said() {
    let mut checked = 0;
    for preset in Preset::ALL {
        let policy = preset.policy();
        for step in &STEPS {
            for eta_min in [3.0, 25.0, 60.0] {
                let Some(worth) = worth_in_minutes(&policy, step.0, step.1, eta_min) else {
                    // Nobody is so far away that the step does not win.
                    let [plain, better] = scores(&policy, eta_min, 10_000.0, step);
                    assert!(better > plain, "{preset:?} {:?} {eta_min}", step.0);
                    continue;
                };
                let [plain, better] = scores(&policy, eta_min, worth, step);
                // Driving times are rounded to thousandths of minutes.
                let context = format!("{preset:?} {:?} {eta_min} {worth}", step.0);
                assert!(plain.abs_diff(better) < 10_000, "{context}: {plain} {better}");
                let [plain, better] = scores(&policy, eta_min, worth + 1.0, step);
                assert!(plain > better, "{context}: a minute more is too much");
                checked += 1;
            }
        }
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn a_comparison_tells_what_two_recommendations_show() {
    let mut seen = [0; 3];
    for golden in &read() {
        let index = golden.index();
        for preset in Preset::ALL {
            let mut after = preset.policy();
            after.max_travel_km = Some(15.0);
            let limit = 5;
            let request = Request {
                as_of: golden.as_of,
                shown_at: golden.as_of,
                limit,
                disclosure: Disclosure::Exact,
                funnel: false,
            };
            let list = |policy: &Policy| {
                recommend(&index, &golden.case, policy, request, None, None).candidates
            };
            let (old, new) = (list(&golden.policy), list(&after));
            let worked = golden.order.iter().take(limit);
            assert!(old.iter().map(|c| c.staff.to_string()).eq(worked.cloned()), "{}", golden.name);
            assert!(old.len().max(new.len()) <= golden.rows.len());
            let setting = Setting {
                index: &index,
                case: &golden.case,
                as_of: golden.as_of,
                disclosure: Disclosure::Exact,
                scope: None,
                limit,
            };
            let found = compare(setting, &golden.policy, &after);
            assert_eq!(found.entered.len() + found.changed.len() + found.unchanged, new.len());
            assert_eq!(found.left.len() + found.changed.len() + found.unchanged, old.len());
            seen[0] += found.entered.len();
            seen[1] += found.left.len();
            seen[2] += found.changed.len();
            for of in found.entered.iter().chain(&found.left).chain(&found.changed) {
                let was = old.iter().find(|candidate| candidate.staff == of.staff);
                let is = new.iter().find(|candidate| candidate.staff == of.staff);
                assert_eq!(of.before.rank, was.map(|candidate| candidate.rank));
                assert_eq!(of.after.rank, is.map(|candidate| candidate.rank));
                for (standing, candidate) in [(&of.before, was), (&of.after, is)] {
                    let Some(candidate) = candidate else { continue };
                    assert_eq!(standing.score_micropoints, candidate.score_micropoints);
                    assert!(standing.failed.is_empty());
                }
                let sum = |side: fn(&nearhand_recommend::compare::TermDifference) -> u64| {
                    of.terms.iter().map(side).sum::<u64>()
                };
                let (before, after) = (sum(|term| term.before), sum(|term| term.after));
                let scores = (of.before.score_micropoints, of.after.score_micropoints);
                assert_eq!(before + scores.1, after + scores.0, "the terms explain the change");
            }
            let same = compare(setting, &after, &after);
            assert_eq!((same.unchanged, same.new_first), (new.len(), false));
        }
    }
    assert!(seen.iter().all(|&count| count > 10), "{seen:?}");
}
