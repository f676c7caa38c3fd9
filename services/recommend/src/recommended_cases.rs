//! Ranking turned round: the cases that fit one person best. Must judge the person for each case
//! exactly as a recommendation for that case does.

use crate::{
    case::Case, explain::Candidate, judge::judgement::Judgement, policy::Policy, query::Query,
    recommend::Request, rule::Rule,
};
use nearhand_domain::StaffId;
use nearhand_index::OrgIndex;
use serde::Serialize;

/// The cases that fit a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecommendedCases {
    /// The version of the index that was read, 32 hexadecimal digits.
    pub index_version: String,
    /// Best first: the number of the case among those given, and the person as a candidate for it.
    /// The rank is that among the cases.
    pub fits: Vec<(usize, Candidate)>,
    /// The rules that remove some case, in table order.
    pub removed: Vec<RemovedCases>,
}

/// The cases that one rule removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RemovedCases {
    /// The rule.
    pub rule: Rule,
    /// Cases for which the person fails it.
    pub cases: usize,
}

/// Ranks cases for a person, whose disclosure and instants are the request's; its `limit` counts
/// cases. Cases are ordered as candidates are: score, drive, tie break. Somebody unknown fits none.
///
/// Cost: some 20 microseconds a case.
#[must_use]
pub fn recommend_cases(
    index: &OrgIndex,
    cases: &[Case],
    policy: &Policy,
    request: Request,
    staff: StaffId,
) -> RecommendedCases {
    let query = |case| {
        let query = Query::new(index, case, policy, request.as_of, request.disclosure);
        query.shown_at(request.shown_at)
    };
    let mut removed = Rule::ALL.map(|rule| RemovedCases { rule, cases: 0 });
    let mut fits: Vec<(usize, Judgement)> = Vec::new();
    let slot = index.slot(staff).filter(|&slot| !index.person(slot).is_deleted());
    for (number, case) in cases.iter().enumerate() {
        let Some(slot) = slot else { break };
        let judgement = query(case).judge(slot);
        if judgement.failed().is_empty() {
            fits.push((number, judgement));
        } else {
            judgement.failed().iter().for_each(|rule| removed[rule as usize].cases += 1);
        }
    }
    fits.sort_by(|(_, one), (_, other)| one.order(other));
    fits.truncate(request.limit);
    let ranked = fits.iter().zip(1..);
    RecommendedCases {
        index_version: index.index_version().to_string(),
        fits: ranked
            .map(|((number, of), rank)| (*number, query(&cases[*number]).explain(rank, of)))
            .collect(),
        removed: removed.into_iter().filter(|removed| removed.cases > 0).collect(),
    }
}
