//! Whom a step may ask: the best of the ranking, and enough of them that as many can be reached as
//! are wanted. Must not ask anybody.

use super::OfferIndex;
use nearhand_dispatch::candidates::CandidateSearch;
use nearhand_domain::{OrganizationId, StaffId, offer::Situation};
use nearhand_storage::{
    StorageError, Tx,
    cases::CaseRecord,
    offers::{self, OfferRecord},
};

/// People who are looked at besides those who are to be asked, since some may be unreachable.
const SPARE: usize = 20;
/// Most people of a ranking who are looked at in one step.
const MOST: usize = 400;

/// Whom a step may ask.
pub(super) struct Found {
    /// The best, best first: no more than are needed to reach as many as were wanted.
    pub(super) people: Vec<StaffId>,
    /// For how many it was looked.
    wanted: usize,
    /// Whether nobody else could be asked.
    is_all: bool,
}

impl Found {
    fn nobody(wanted: usize, is_all: bool) -> Self {
        Self { people: Vec::new(), wanted, is_all }
    }

    /// Whether it says that nobody else could be asked, although so many are wanted.
    pub(super) fn covers(&self, wanted: usize) -> bool {
        self.is_all && wanted <= self.wanted
    }
}

/// Looks for people.
pub(super) async fn find(
    index: &OfferIndex,
    tx: &mut Tx,
    organization: OrganizationId,
    (case, seen): (&CaseRecord, &OfferRecord),
    at: Situation,
) -> Result<Found, StorageError> {
    let wanted = seen.offer.clone().advance(at);
    if wanted == 0 {
        return Ok(Found::nobody(0, true));
    }
    let Some(mut search) = CandidateSearch::of(tx, case, seen, at.now).await? else {
        return Ok(Found::nobody(wanted, false));
    };
    let mut most = wanted.saturating_add(SPARE);
    loop {
        let Some(mut people) = index.best(organization, &mut search, most) else {
            return Ok(Found::nobody(wanted, false));
        };
        let reach = offers::reach(tx, &people, at.now).await?;
        let reached = |staff: &StaffId| {
            reach.iter().any(|reach| reach.staff == *staff && (reach.by_app || reach.by_mail))
        };
        let last = people.iter().enumerate().filter(|(_, staff)| reached(staff)).nth(wanted - 1);
        if let Some((last, _)) = last {
            people.truncate(last + 1);
            return Ok(Found { people, wanted, is_all: false });
        }
        if people.len() < most {
            return Ok(Found { people, wanted, is_all: true });
        }
        if most >= MOST {
            return Ok(Found { people, wanted, is_all: false });
        }
        most = most.saturating_mul(4).min(MOST);
    }
}
