//! A viewport limits the candidates, and changes nobody's score: search and scan agree, and both
//! list the people of an unlimited scan who are shown inside.

use crate::{
    CENTRES, listed, organization,
    population::{self, NOW},
    world,
};
use nearhand_domain::StaffId;
use nearhand_index::{OrgIndex, Rectangle, cells};
use nearhand_recommend::{
    Case, Disclosure, Query, Request, Source, Viewport, recommend, recommend_cases,
};
use proptest::prelude::*;
use rustc_hash::FxHashSet;

fn rectangle(around: (f64, f64), (north, east): (f64, f64), size: f64) -> Rectangle {
    let wrapped = |lng: f64| (lng + 180.0).rem_euclid(360.0) - 180.0;
    let (lat, lng) = (around.0 + north, around.1 + east);
    Rectangle {
        south: (lat - size).clamp(-90.0, 90.0),
        north: (lat + size).clamp(-90.0, 90.0),
        west: wrapped(lng - size),
        east: wrapped(lng + size),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..Default::default() })]

    #[test]
    fn those_inside_are_listed_as_if_there_were_no_viewport(
        seed: u64,
        many in 1usize..250,
        centre in 0..CENTRES.len(),
        size in 0.01..0.6_f64,
        offset in (-0.3..0.3_f64, -0.3..0.3_f64),
        exact_homes: bool,
        scoped: bool,
    ) {
        let mut world = world(seed, many, centre);
        let index = OrgIndex::bulk_load(organization(), world.people.iter().cloned(), NOW);
        let staff: Vec<StaffId> = world.people.iter().map(|person| person.id).collect();
        let case = population::case(&mut world.random, world.centre, world.case, &staff);
        let policy = population::policy(&mut world.random);
        let within = rectangle(world.centre, offset, size);
        let viewport = Viewport { within, exact_homes };
        let scope: FxHashSet<StaffId> = staff.iter().step_by(2).copied().collect();
        let scope = scoped.then_some(&scope);
        let limit = 7;
        let everywhere = Query::new(&index, &case, &policy, NOW, Disclosure::Exact).within(scope);
        let all = everywhere.scan(many);
        let inside = all.iter().zip(1..).filter(|(judgement, rank)| {
            let location = everywhere.explain(*rank, judgement).location;
            location.position.is_some_and(|[lat, lng]| {
                let at = nearhand_domain::Position::new(lat, lng).unwrap();
                let blurred = location.source == Source::Home && !exact_homes;
                within.contains(if blurred { cells::coarse(at) } else { at })
            })
        });
        let mut expected: Vec<_> = inside.map(|(judgement, _)| judgement.clone()).collect();
        expected.truncate(limit);
        let query = || {
            let query = Query::new(&index, &case, &policy, NOW, Disclosure::Exact);
            query.within(scope).inside(Some(viewport))
        };
        prop_assert_eq!(listed(&query().scan(limit)), listed(&expected));
        prop_assert_eq!(listed(&query().search(limit)), listed(&expected));
        for far_leaves in [1, 64] {
            let through_the_tree = query().search_with_budget(limit, far_leaves).0;
            prop_assert_eq!(listed(&through_the_tree), listed(&expected));
        }
        let request = Request {
            as_of: NOW,
            shown_at: NOW,
            limit,
            disclosure: Disclosure::Exact,
            funnel: true,
        };
        let answer = recommend(&index, &case, &policy, request, scope, Some(viewport));
        prop_assert_eq!(answer.funnel.unwrap().considered, answer.considered);
        let left_out = answer.outside_viewport.unwrap() + answer.out_of_scope.unwrap_or(0);
        prop_assert_eq!(answer.considered + left_out, index.considered());
        prop_assert!(answer.considered >= expected.len());
    }

    #[test]
    fn cases_for_a_person_are_judged_as_candidates_are(
        seed: u64,
        many in 1usize..40,
        centre in 0..CENTRES.len(),
        limit in 1usize..12,
        coarse: bool,
    ) {
        let mut world = world(seed, many, centre);
        let index = OrgIndex::bulk_load(organization(), world.people.iter().cloned(), NOW);
        let staff: Vec<StaffId> = world.people.iter().map(|person| person.id).collect();
        let cases: Vec<Case> = (0..10)
            .map(|_| {
                let id = world.random.uuid().into();
                population::case(&mut world.random, world.centre, id, &staff)
            })
            .collect();
        let policy = population::policy(&mut world.random);
        let disclosure = if coarse { Disclosure::Coarse } else { Disclosure::Exact };
        let request = Request { as_of: NOW, shown_at: NOW, limit, disclosure, funnel: false };
        for &person in staff.iter().take(5) {
            let slot = index.slot(person).unwrap();
            let found = recommend_cases(&index, &cases, &policy, request, person);
            let mut scores: Vec<u64> = Vec::new();
            let mut failed = 0;
            for case in &cases {
                let judgement = Query::new(&index, case, &policy, NOW, disclosure).judge(slot);
                failed += judgement.failed().iter().count();
                if judgement.failed().is_empty() {
                    scores.push(judgement.score());
                }
            }
            scores.sort_unstable_by(|a, b| b.cmp(a));
            scores.truncate(limit);
            let listed: Vec<u64> = found.fits.iter().map(|fit| fit.1.score_micropoints).collect();
            prop_assert_eq!(listed, scores);
            if index.person(slot).is_deleted() {
                prop_assert!(found.removed.is_empty());
            } else {
                prop_assert_eq!(found.removed.iter().map(|r| r.cases).sum::<usize>(), failed);
            }
            for (number, candidate) in &found.fits {
                let again = Query::new(&index, &cases[*number], &policy, NOW, disclosure);
                let again = again.explain(candidate.rank, &again.judge(slot));
                prop_assert_eq!(&again, candidate);
                prop_assert!(!coarse || candidate.location.position.is_none());
            }
        }
    }
}
