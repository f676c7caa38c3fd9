//! Whom an offer asks next: the best who have not been asked in it yet, ranked anew each time. Must
//! not ask anybody.

use crate::question::{Needs, case_of, with_people};
use jiff::Timestamp;
use nearhand_domain::{StaffId, access::PeopleScope};
use nearhand_index::OrgIndex;
use nearhand_recommend::{Case, Disclosure, Judgement, Policy, Query};
use nearhand_storage::{
    StorageError, Tx, case_people,
    cases::CaseRecord,
    offers::OfferRecord,
    policies,
    staff::{self, StaffFilter},
};
use rustc_hash::FxHashSet;

/// What to ask the ranking for the next step of an offer.
#[derive(Debug)]
pub struct CandidateSearch {
    case: Case,
    policy: Policy,
    disclosure: Disclosure,
    scope: Option<FxHashSet<StaffId>>,
    now: i64,
}

impl CandidateSearch {
    /// Reads what the ranking needs; `None` for a case without a position. People who were asked
    /// before count as if they had declined.
    ///
    /// # Errors
    /// When the database fails, or the policy cannot be read.
    pub async fn of(
        tx: &mut Tx,
        record: &CaseRecord,
        offer: &OfferRecord,
        now: Timestamp,
    ) -> Result<Option<Self>, StorageError> {
        let Some(position) = record.position else { return Ok(None) };
        let people = case_people::get(tx, record.id).await?.unwrap_or_default();
        let mut case = with_people(case_of(record.id, position, Needs::from(record)), people);
        case.declined_by.extend(offer.offer.asked.iter().map(|asked| asked.staff));
        case.only.clone_from(&offer.only);
        let scope = match &offer.departments {
            None => None,
            Some(of) => {
                let scope = PeopleScope::Departments { of, or: offer.created_by };
                let ids = staff::ids(tx, &StaffFilter::default(), scope, i64::MAX).await?;
                Some(ids.into_iter().collect())
            }
        };
        let disclosure = if offer.exact { Disclosure::Exact } else { Disclosure::Coarse };
        let policy = policy_of(tx, offer).await?;
        Ok(Some(Self { case, policy, disclosure, scope, now: now.as_second() }))
    }

    /// The best, at most so many, best first. Cost: one search of the index.
    #[must_use]
    pub fn best(&mut self, index: &OrgIndex, most: usize) -> Vec<StaffId> {
        self.case.regions = index.regions_containing(self.case.position);
        let query = Query::new(index, &self.case, &self.policy, self.now, self.disclosure)
            .within(self.scope.as_ref());
        query.search(most).iter().map(Judgement::staff).collect()
    }
}

/// The current version of the policy, which is noted as used. One that is archived meanwhile is still
/// read.
async fn policy_of(tx: &mut Tx, offer: &OfferRecord) -> Result<Policy, StorageError> {
    let Some(id) = offer.policy else { return Ok(Policy::default()) };
    let Some(record) = policies::get(tx, id).await? else { return Ok(Policy::default()) };
    policies::mark_used(tx, id, record.version).await?;
    serde_json::from_value(record.settings).map_err(|error| StorageError::Corrupt {
        what: "settings of a policy",
        why: error.to_string(),
    })
}
