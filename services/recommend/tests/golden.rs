//! The worked cases of the ranking contract: every rule, place, term, score and order.

#![expect(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test may fail loudly")]

mod golden_cases;

use golden_cases::{Golden, read};
use nearhand_recommend::{Disclosure, Judgement, Query, Rule, Source};

/// The largest difference of a term, in millionths.
const U_TOLERANCE: u32 = 2;
/// The largest difference of a term's points, in micro-points.
const POINTS_TOLERANCE: u64 = 250;
/// The largest difference of minutes, in thousandths, and of a ping's weight, in millionths.
const MILLI_TOLERANCE: f64 = 1.0;

fn word<T: serde::Serialize>(of: T) -> String {
    serde_json::to_value(of).unwrap().as_str().unwrap().to_owned()
}

fn check_row(golden: &Golden, query: &Query<'_>, at: usize, found: &Judgement) {
    let row = &golden.rows[at];
    let context = format!("{} / {}", golden.name, row["staff"]);
    assert_eq!(found.staff().to_string(), row["staff"].as_str().unwrap(), "{context}");
    let fails: Vec<String> = found.failed().iter().map(word).collect();
    assert_eq!(serde_json::json!(fails), row["fails"], "{context}");
    assert_eq!(row["eligible"], found.failed().is_empty(), "{context}");
    assert_eq!(word(found.source()), row["source"], "{context}");
    let eta = row["eta_min"].as_f64();
    assert_eq!(found.eta_milli_min().is_some(), eta.is_some(), "{context}");
    if let (Some(found), Some(eta)) = (found.eta_milli_min(), eta) {
        assert!(
            (found as f64 - eta * 1e3).abs() <= MILLI_TOLERANCE + 1e-6,
            "{context} {found} {eta}"
        );
    }
    let weight = row["ping_weight"].as_f64().unwrap();
    assert!((found.ping_weight() - weight).abs() <= 2e-6, "{context} {weight}");
    assert_eq!(u64::from(found.load_ppm()), row["load_ppm"].as_u64().unwrap(), "{context}");
    let late = row["late_by_min"].as_f64().unwrap();
    assert!(
        (found.late_ms() as f64 / 60.0 - late * 1e3).abs() <= MILLI_TOLERANCE + 1e-6,
        "{context}"
    );
    let (mut terms, mut sum, mut slack) = (0, 0, 0);
    for (term, u, points) in found.terms(query) {
        let term = word(term);
        let (expected, expected_points) =
            (row["u"][&term].as_u64().unwrap(), row["points"][&term].as_u64().unwrap());
        assert!(
            u.abs_diff(u32::try_from(expected).unwrap()) <= U_TOLERANCE,
            "{context} {term} {u}"
        );
        assert!(points.abs_diff(expected_points) <= POINTS_TOLERANCE, "{context} {term} {points}");
        (terms, sum, slack) = (terms + 1, sum + points, slack + POINTS_TOLERANCE);
    }
    assert_eq!(terms, row["u"].as_object().unwrap().len(), "{context}");
    assert_eq!(found.score(), sum, "{context}: the parts add up");
    assert!(found.score().abs_diff(row["score"].as_u64().unwrap()) <= slack, "{context}");
}

#[test]
fn every_row_is_as_worked_out() {
    let cases = read();
    assert_eq!(cases.len(), 38);
    let mut rows = 0;
    for golden in &cases {
        let index = golden.index();
        let query =
            Query::new(&index, &golden.case, &golden.policy, golden.as_of, Disclosure::Exact);
        for (at, parts) in golden.staff.iter().enumerate() {
            let slot = index.slot(parts.id).unwrap();
            check_row(golden, &query, at, &query.judge(slot));
            rows += 1;
        }
    }
    assert_eq!(rows, 561);
}

#[test]
fn scan_and_search_list_them_in_order() {
    for golden in &read() {
        let index = golden.index();
        let query =
            Query::new(&index, &golden.case, &golden.policy, golden.as_of, Disclosure::Exact);
        for found in [query.scan(20), query.search(20)] {
            let found: Vec<String> = found.iter().map(|j| j.staff().to_string()).collect();
            assert_eq!(found, golden.order, "{}", golden.name);
        }
    }
}

#[test]
fn the_cases_reach_every_source_and_most_rules() {
    let (mut sources, mut rules) = (Vec::new(), Vec::new());
    for golden in &read() {
        let index = golden.index();
        let query =
            Query::new(&index, &golden.case, &golden.policy, golden.as_of, Disclosure::Exact);
        for parts in &golden.staff {
            let found = query.judge(index.slot(parts.id).unwrap());
            sources.push(found.source());
            rules.extend(found.failed().iter());
        }
    }
    for source in [Source::Booking, Source::Ping, Source::LastJob, Source::Home, Source::Base] {
        assert!(sources.contains(&source), "{source:?}");
    }
    let unseen: Vec<Rule> = Rule::ALL.into_iter().filter(|rule| !rules.contains(rule)).collect();
    assert_eq!(unseen, [Rule::NotOnRequiredPanel, Rule::NotInGroup]);
}
