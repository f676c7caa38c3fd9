//! What a preview looks like to the caller. Must say nothing of whereabouts but what scores say.

use super::preview::Compared;
use crate::routes::recommendations::PolicyRef;
use jiff::Timestamp;
use nearhand_domain::{CaseId, StaffId};
use nearhand_recommend::{
    Rule, Term,
    compare::{Comparison, Difference, TermDifference},
};
use serde::Serialize;
use utoipa::ToSchema;

/// What a policy would change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyPreview)]
pub(crate) struct Preview {
    /// The instant both were ranked for.
    #[schema(value_type = String, format = DateTime)]
    as_of: Timestamp,
    /// `exact`, or `coarse`: computed from the centres of H3 cells of resolution 7.
    #[schema(example = "exact")]
    disclosure: &'static str,
    /// The present policy.
    before: PolicyRef,
    /// The policy that was tried; null for settings that are no stored policy.
    after: Option<PolicyRef>,
    summary: Summary,
    /// Newest first, or in the order they were asked for.
    cases: Vec<CasePreview>,
}

/// What is true of the preview as a whole.
pub(super) struct PreviewHead {
    pub(super) as_of: Timestamp,
    pub(super) exact: bool,
    pub(super) before: PolicyRef,
    pub(super) after: Option<PolicyRef>,
}

/// How much would change.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = PolicyPreviewSummary)]
struct Summary {
    cases: usize,
    /// Cases that could be ranked.
    ranked: usize,
    /// Cases where somebody enters or leaves the first 20, or changes rank.
    order_changed: usize,
    /// Cases where somebody else comes first.
    new_first: usize,
}

/// What would change for one case.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyPreviewCase)]
pub(super) struct CasePreview {
    #[schema(value_type = uuid::Uuid)]
    case_id: CaseId,
    /// Why it could not be ranked; null if it was.
    not_ranked: Option<NotRanked>,
    /// Whether somebody else comes first.
    new_first: bool,
    /// Listed only under the new policy, by rank.
    entered: Vec<PersonChange>,
    /// Listed only under the present policy, by rank.
    left: Vec<PersonChange>,
    /// Listed under both, with another rank or other points; by new rank.
    changed: Vec<PersonChange>,
    /// Listed under both, with the same rank and points.
    unchanged: usize,
}

/// Why a case could not be ranked.
#[derive(Debug, Serialize, ToSchema)]
struct NotRanked {
    /// `not_geocoded`, `case_closed`, or another code of a refused recommendation.
    #[schema(example = "not_geocoded")]
    code: &'static str,
    detail: String,
}

/// What would change for one person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyPreviewPerson)]
struct PersonChange {
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    display_name: Option<String>,
    /// From 1; null: not among the first 20.
    rank_before: Option<usize>,
    rank_after: Option<usize>,
    /// Points, 0 to 100; also of those who fail a rule.
    score_before: f64,
    score_after: f64,
    score_change: f64,
    /// Rules they fail under the present policy.
    #[schema(value_type = Vec<String>)]
    failed_before: Vec<Rule>,
    /// Rules they fail under the new policy.
    #[schema(value_type = Vec<String>)]
    failed_after: Vec<Rule>,
    /// The terms whose points change.
    terms: Vec<TermChange>,
}

/// A term whose points change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyPreviewTerm)]
struct TermChange {
    #[schema(value_type = String, example = "travel")]
    term: Term,
    points_before: f64,
    points_after: f64,
    points_change: f64,
}

impl Preview {
    pub(super) fn new(head: PreviewHead, cases: impl Iterator<Item = CasePreview>) -> Self {
        let cases: Vec<CasePreview> = cases.collect();
        let count = |which: fn(&CasePreview) -> bool| cases.iter().filter(|of| which(of)).count();
        let summary = Summary {
            cases: cases.len(),
            ranked: count(|of| of.not_ranked.is_none()),
            order_changed: count(CasePreview::order_changed),
            new_first: count(|of| of.new_first),
        };
        let disclosure = if head.exact { "exact" } else { "coarse" };
        let PreviewHead { as_of, before, after, .. } = head;
        Self { as_of, disclosure, before, after, summary, cases }
    }
}

impl CasePreview {
    pub(super) fn new(of: Compared, name: &impl Fn(StaffId) -> Option<String>) -> Self {
        let (found, not_ranked) = match of.found {
            Ok(found) => (found, None),
            Err(problem) => {
                let (_, code, detail) = problem.summary();
                let detail = detail.to_owned();
                (Comparison::default(), Some(NotRanked { code, detail }))
            }
        };
        let shown = |people: Vec<Difference>| {
            people.into_iter().map(|of| PersonChange::new(of, name)).collect()
        };
        Self {
            case_id: of.id,
            not_ranked,
            new_first: found.new_first,
            entered: shown(found.entered),
            left: shown(found.left),
            changed: shown(found.changed),
            unchanged: found.unchanged,
        }
    }

    fn order_changed(&self) -> bool {
        let moved = |of: &PersonChange| of.rank_before != of.rank_after;
        !self.entered.is_empty() || !self.left.is_empty() || self.changed.iter().any(moved)
    }
}

impl PersonChange {
    fn new(of: Difference, name: &impl Fn(StaffId) -> Option<String>) -> Self {
        let (before, after) = (of.before.score_micropoints, of.after.score_micropoints);
        Self {
            staff_id: of.staff,
            display_name: name(of.staff),
            rank_before: of.before.rank,
            rank_after: of.after.rank,
            score_before: points(before),
            score_after: points(after),
            score_change: change(before, after),
            failed_before: of.before.failed,
            failed_after: of.after.failed,
            terms: of.terms.into_iter().map(TermChange::from).collect(),
        }
    }
}

impl From<TermDifference> for TermChange {
    fn from(TermDifference { term, before, after }: TermDifference) -> Self {
        Self {
            term,
            points_before: points(before),
            points_after: points(after),
            points_change: change(before, after),
        }
    }
}

/// Micro-points as points.
#[expect(clippy::cast_precision_loss, reason = "at most a hundred million micro-points")]
fn points(micropoints: u64) -> f64 {
    micropoints as f64 / 1e6
}

/// The difference, subtracted before it is divided: so it is exact to the last digit.
fn change(before: u64, after: u64) -> f64 {
    if after < before { -points(before - after) } else { points(after - before) }
}
