//! Does what is due with an offer: times people out, asks the next, ends it. Each job is one step in
//! one transaction; a step that comes twice, or too early, finds nothing to do.
//!
//! Only asking needs the live index. While the index is not current, answers still run out and
//! offers still end.

mod index;
mod late;
mod search;

pub use index::OfferIndex;

use self::search::{Found, find};
use super::{Handler, JobContext, JobsConfig, Outcome, Schedule};
use crate::supervise::Task;
use jiff::{SignedDuration, Timestamp};
use nearhand_dispatch::offers::{concerns_author, lock, save, situation};
use nearhand_domain::{
    OrganizationId, StaffId, clock, jobs::OfferJob, mails::MailKind, offer::Situation,
};
use nearhand_storage::{
    StorageError, Tx,
    cases::{self, CaseRecord, CaseStatus},
    notifications,
    offers::{self, OfferPerson, OfferRecord, Reach},
};
use std::time::Duration;

/// An offer so young does not end because too few people are found: the index hears of changes a
/// moment after they were made.
const YOUNG: SignedDuration = SignedDuration::from_secs(3);
/// How soon a step is tried again that could not look at everybody.
const SOON: Duration = Duration::from_secs(1);

/// Does the steps of all offers.
#[derive(Clone, Debug)]
pub struct OfferJobs {
    index: OfferIndex,
}

impl OfferJobs {
    /// People are ranked by this index.
    #[must_use]
    pub fn new(index: OfferIndex) -> Self {
        Self { index }
    }

    /// The tasks beside the queue: the index, and the search for lost jobs.
    pub(super) fn tasks(&self, config: &JobsConfig) -> [Task; 2] {
        [self.index.task(), late::task(config.store.clone())]
    }
}

impl Handler for OfferJobs {
    type Payload = OfferJob;
    /// Many answers may run out at the same minute, and nobody should wait for the next.
    const WORKERS: usize = 4;
    const CONCURRENCY: usize = 2;
    const TIMEOUT: Duration = Duration::from_mins(1);
    /// For as long as an offer may last: nothing else ends it.
    const SCHEDULE: Schedule = Schedule {
        first: Duration::from_secs(1),
        longest: Duration::from_mins(1),
        attempts: 20_000,
    };

    async fn handle(&self, job: OfferJob, context: &JobContext) -> Result<Outcome, StorageError> {
        let mut tx = context.begin().await?;
        let Some(case) = offers::case_of(&mut tx, job.offer).await? else {
            return Ok(Outcome::Done);
        };
        let case = cases::lock(&mut tx, case).await?;
        let seen = offers::get(&mut tx, job.offer).await?;
        let Some((case, seen)) = case.zip(seen).filter(|(_, seen)| seen.offer.state.is_open())
        else {
            return Ok(Outcome::Done);
        };
        let (now, organization) = (clock::now(), context.organization());
        let at = of_case(&case, now);
        let found = find(&self.index, &mut tx, organization, (&case, &seen), at).await?;
        let besides = besides(&seen, &found, at);
        let locked = lock(&mut tx, job.offer, &besides).await?;
        let Some(before) = locked.map(|locked| locked.record) else { return Ok(Outcome::Done) };
        let mut after = before.clone();
        let wanted = after.offer.advance(at);
        let left = ask_all(&mut tx, organization, &mut after, &found, wanted, now).await?;
        let settled = left == 0 || (found.covers(wanted) && !is_young(&before, now));
        if settled {
            after.offer.settle();
        }
        save(&mut tx, organization, &before, after, now).await?;
        tx.commit().await?;
        // Without a position nobody can be ranked; the case's next change brings the next step.
        if settled || case.position.is_none() {
            return Ok(Outcome::Done);
        }
        let reason = "not everybody could be looked at yet".to_owned();
        Ok(Outcome::Retry { after: Some(SOON), reason })
    }
}

fn of_case(case: &CaseRecord, now: Timestamp) -> Situation {
    situation(now, case.status == CaseStatus::Open, case.slots, case.slots_filled)
}

/// Whether the index may not know everybody yet who could be asked.
fn is_young(record: &OfferRecord, now: Timestamp) -> bool {
    let age = now.duration_since(record.created_at);
    (SignedDuration::ZERO..YOUNG).contains(&age)
}

/// Who must be locked besides those who wait: those who may be asked, and the author, if the step
/// looks as if they had to be told.
fn besides(seen: &OfferRecord, found: &Found, at: Situation) -> Vec<StaffId> {
    let mut people = found.people.clone();
    let mut ahead = seen.offer.clone();
    ahead.advance(at);
    if people.is_empty() {
        ahead.settle();
    }
    if concerns_author(&ahead) {
        people.push(seen.created_by);
    }
    people
}

/// Asks the best of those found until as many are asked as are wanted. Returns how many more are
/// wanted. Who was found is read again: somebody may have left before the lock was to be had.
async fn ask_all(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &mut OfferRecord,
    found: &Found,
    mut wanted: usize,
    now: Timestamp,
) -> Result<usize, StorageError> {
    let reach = offers::reach(tx, &found.people, now).await?;
    for staff in &found.people {
        if wanted == 0 {
            break;
        }
        let Some(reach) = reach.iter().find(|reach| reach.staff == *staff) else { continue };
        if ask(tx, organization, record, *reach, now).await? {
            wanted -= 1;
        }
    }
    Ok(wanted)
}

/// Asks somebody: by mail if they want that, in the app if they have it. Returns whether anything
/// reaches them.
async fn ask(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &mut OfferRecord,
    reach: Reach,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let (id, staff) = (record.id, reach.staff);
    let reachable = reach.by_app || reach.by_mail;
    if !record.offer.ask(staff, reachable, now) {
        return Ok(false);
    }
    let by_mail = reach.by_mail
        && notifications::tell(tx, organization, MailKind::Offered, staff, id.0, now).await?;
    record.people.push(OfferPerson {
        staff,
        name: String::new(),
        asked_at: now,
        answered_at: None,
        decline_reason: None,
        by_app: reach.by_app,
        by_mail,
        assignment: None,
    });
    Ok(reachable)
}
