//! What every change of an offer has in common: what must be locked, and how it is written. The
//! decisions are `domain::offer`'s.
//!
//! Lock the case first, then with [`lock`] the people, among them all who wait for an answer: the
//! end of an offer changes them, too.

use jiff::Timestamp;
use nearhand_domain::{
    OfferId, OrganizationId, StaffId,
    mails::MailKind,
    offer::{AskedState, Offer, OfferState, Situation, WhenUnanswered},
};
use nearhand_storage::{
    StorageError, Tx,
    cases::{self, CaseRecord},
    facts, notifications,
    offers::{self, OfferRecord},
    staff::{self, StaffRecord},
};

/// An offer and the people concerned, all locked.
#[derive(Debug)]
pub struct LockedOffer {
    /// As it is.
    pub record: OfferRecord,
    /// Everybody who waits in it, and those besides who were asked for; without those who are
    /// deleted.
    pub people: Vec<StaffRecord>,
}

impl LockedOffer {
    /// One of the people.
    #[must_use]
    pub fn person(&self, id: StaffId) -> Option<&StaffRecord> {
        self.people.iter().find(|person| person.id == id)
    }
}

/// Locks everybody who waits in an offer, and `besides`, and reads it then. Its case must be locked.
///
/// # Errors
/// When the database fails.
pub async fn lock(
    tx: &mut Tx,
    id: OfferId,
    besides: &[StaffId],
) -> Result<Option<LockedOffer>, StorageError> {
    let Some(seen) = offers::get(tx, id).await? else { return Ok(None) };
    let mut people = seen.waiting();
    people.extend(besides);
    let people = staff::lock_all(tx, &people).await?;
    // Somebody who waited may have left before the lock was to be had.
    let record = offers::get(tx, id).await?;
    Ok(record.map(|record| LockedOffer { record, people }))
}

/// What an offer must know of its case.
#[must_use]
pub fn situation(now: Timestamp, case_open: bool, slots: i16, taken: i64) -> Situation {
    let free_slots = usize::try_from(i64::from(slots) - taken).unwrap_or(0);
    Situation { now, case_open, free_slots }
}

/// Stamps what has changed, queues what is due next and writes it. If the offer ends with free slots,
/// it does what the offer says for this. The author hears of that, and of having to choose: lock them
/// too where that may happen ([`concerns_author`]). Returns the offer as it is now.
///
/// # Errors
/// When the database fails.
pub async fn save(
    tx: &mut Tx,
    organization: OrganizationId,
    before: &OfferRecord,
    mut after: OfferRecord,
    now: Timestamp,
) -> Result<OfferRecord, StorageError> {
    for (asked, person) in after.offer.asked.iter().zip(&mut after.people) {
        let was = before.offer.find(asked.staff).map(|asked| asked.state);
        let ended = !matches!(asked.state, AskedState::Asked | AskedState::Unreachable);
        if ended && was != Some(asked.state) {
            person.answered_at = Some(now);
        }
    }
    let ends = before.offer.state.is_open() && !after.offer.state.is_open();
    if ends {
        after.ended_at = Some(now);
    }
    offers::schedule(tx, organization, &mut after, now).await?;
    after.version = offers::save(tx, organization, before, &after).await?;
    if ends && ends_short(&after.offer) {
        ended_short(tx, organization, &after, now).await?;
    } else if before.offer.state == OfferState::Open && after.offer.state == OfferState::Deciding {
        tell_author(tx, organization, &after, now).await?;
    }
    Ok(after)
}

/// Whether an offer has ended with free slots.
fn ends_short(offer: &Offer) -> bool {
    matches!(offer.state, OfferState::Unanswered | OfferState::PartlyFilled)
}

/// Whether the author of an offer that has come so far may have to be told.
#[must_use]
pub fn concerns_author(offer: &Offer) -> bool {
    ends_short(offer) || offer.state == OfferState::Deciding
}

async fn ended_short(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &OfferRecord,
    now: Timestamp,
) -> Result<(), StorageError> {
    if record.when_unanswered == WhenUnanswered::Close {
        return Ok(());
    }
    if record.when_unanswered == WhenUnanswered::MarkUrgent
        && let Some(case) = cases::get(tx, record.case.id).await?.filter(|case| !case.urgent)
    {
        let urgent = CaseRecord { urgent: true, ..case.clone() };
        cases::update(tx, organization, &case, &urgent).await?;
    }
    tell_author(tx, organization, record, now).await
}

async fn tell_author(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &OfferRecord,
    now: Timestamp,
) -> Result<(), StorageError> {
    let (kind, author) = (MailKind::OfferUnanswered, record.created_by);
    notifications::tell(tx, organization, kind, author, record.id.0, now).await?;
    Ok(())
}

/// A case has changed, and is locked. The people asked hear of it; where they would accept another
/// time, length or place than they were shown, the offer ends.
///
/// # Errors
/// When the database fails.
pub async fn case_changed(
    tx: &mut Tx,
    organization: OrganizationId,
    (before, after): (&CaseRecord, &CaseRecord),
    now: Timestamp,
) -> Result<(), StorageError> {
    let shown = |case: &CaseRecord| {
        (case.starts_at, case.duration_min, case.position, case.address.clone())
    };
    let moved = shown(before) != shown(after);
    let words = (&before.title, &before.number, before.urgent);
    if !moved && words == (&after.title, &after.number, after.urgent) {
        return Ok(());
    }
    let Some(id) = offers::open_of(tx, after.id).await? else { return Ok(()) };
    let Some(locked) = lock(tx, id, &[]).await? else { return Ok(()) };
    if !moved {
        return facts::work::touch(tx, organization, &locked.record.waiting()).await;
    }
    let reason = Some("the time or place of the case has changed".to_owned());
    let mut ended = OfferRecord { cancel_reason: reason, ..locked.record.clone() };
    ended.offer.cancel();
    save(tx, organization, &locked.record, ended, now).await.map(drop)
}
