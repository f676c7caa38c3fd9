//! The content of a reply: sums, funnel, disclosure, and the rule that no worked case reaches.

#![expect(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test may fail loudly")]

mod golden_cases;

use golden_cases::{Golden, read};
use nearhand_recommend::{Disclosure, Query, Recommendation, Request, Rule, recommend};

fn ask(golden: &Golden, limit: usize, disclosure: Disclosure, funnel: bool) -> Recommendation {
    let request =
        Request { as_of: golden.as_of, shown_at: golden.as_of, limit, disclosure, funnel };
    recommend(&golden.index(), &golden.case, &golden.policy, request, None, None)
}

#[test]
fn a_reply_is_the_worked_order_with_terms_that_add_up() {
    for golden in &read() {
        let reply = ask(golden, 20, Disclosure::Exact, false);
        let staff: Vec<String> = reply.candidates.iter().map(|c| c.staff.to_string()).collect();
        assert_eq!(staff, golden.order, "{}", golden.name);
        assert_eq!(reply.considered, golden.staff.len());
        assert_eq!(reply.funnel.is_some(), staff.len() < 5, "{}", golden.name);
        for (candidate, rank) in reply.candidates.iter().zip(1..) {
            assert_eq!(candidate.rank, rank);
            let sum: u64 = candidate.terms.iter().map(|term| term.micropoints).sum();
            assert_eq!(sum, candidate.score_micropoints);
            assert_eq!(candidate.star, sum >= 80_000_000);
            assert!(candidate.rules_passed.contains(&Rule::Inactive));
        }
        let again = serde_json::to_string(&ask(golden, 20, Disclosure::Exact, false)).unwrap();
        assert_eq!(again, serde_json::to_string(&reply).unwrap());
    }
}

#[test]
fn the_funnel_counts_what_the_rows_say() {
    for golden in &read() {
        let funnel = ask(golden, 20, Disclosure::Exact, true).funnel.unwrap();
        assert_eq!(funnel.considered, golden.rows.len());
        let fails = |row: &serde_json::Value| row["fails"].as_array().unwrap().clone();
        let eligible = golden.rows.iter().filter(|row| fails(row).is_empty()).count();
        assert_eq!(funnel.eligible, eligible);
        for rule in Rule::ALL {
            let word = serde_json::to_value(rule).unwrap();
            let people = golden.rows.iter().filter(|row| fails(row).contains(&word)).count();
            let alone = golden.rows.iter().filter(|row| fails(row) == [word.clone()]).count();
            let found = funnel.removed.iter().find(|removed| removed.rule == rule);
            let found = found.map_or((0, 0), |removed| (removed.people, removed.by_this_alone));
            assert_eq!(found, (people, alone), "{} {word}", golden.name);
        }
    }
}

#[test]
fn callers_without_positions_get_none_and_cannot_compute_them() {
    let (mut moved, mut kept) = (0, 0);
    for golden in &read() {
        let index = golden.index();
        let query =
            |disclosure| Query::new(&index, &golden.case, &golden.policy, golden.as_of, disclosure);
        let (exact, coarse) = (query(Disclosure::Exact), query(Disclosure::Coarse));
        for slot in 0..u32::try_from(golden.staff.len()).unwrap() {
            let (exact, coarse) = (exact.judge(slot), coarse.judge(slot));
            assert_eq!(exact.source(), coarse.source());
            let private = !matches!(
                exact.source(),
                nearhand_recommend::Source::Booking
                    | nearhand_recommend::Source::Base
                    | nearhand_recommend::Source::None
            );
            if private {
                moved += usize::from(exact.eta_milli_min() != coarse.eta_milli_min());
            } else {
                assert_eq!(exact.eta_milli_min(), coarse.eta_milli_min());
                kept += 1;
            }
        }
        for candidate in ask(golden, 200, Disclosure::Coarse, false).candidates {
            assert_eq!(candidate.location.position, None);
        }
    }
    assert!(moved > 300 && kept > 50, "{moved} {kept}");
}

#[test]
fn a_required_panel_leaves_the_others_out() {
    let mut golden = read().into_iter().find(|golden| golden.order.len() > 3).unwrap();
    let chosen = golden.order[2].parse().unwrap();
    golden.case.panel = vec![chosen];
    golden.case.panel_required = true;
    let reply = ask(&golden, 20, Disclosure::Exact, true);
    let staff: Vec<_> = reply.candidates.iter().map(|candidate| candidate.staff).collect();
    assert_eq!(staff, [chosen]);
    let funnel = reply.funnel.unwrap();
    let removed = funnel.removed.iter().find(|r| r.rule == Rule::NotOnRequiredPanel).unwrap();
    assert_eq!(removed.people, golden.staff.len() - 1);
}

#[test]
fn an_empty_list_comes_with_a_funnel() {
    let mut golden = read().into_iter().next().unwrap();
    golden.case.licences.push(nearhand_recommend::LicenceNeed {
        code: "PILOT".into(),
        jurisdiction: "MOON".into(),
    });
    let reply = ask(&golden, 20, Disclosure::Exact, false);
    assert!(reply.candidates.is_empty());
    let funnel = reply.funnel.unwrap();
    assert_eq!(funnel.eligible, 0);
    let missing = funnel.removed.iter().find(|r| r.rule == Rule::LicenceMissing).unwrap();
    assert_eq!(missing.people, golden.staff.len());
}
