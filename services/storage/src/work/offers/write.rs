//! How offers are written, and how their next step is queued. Must run under the locks of the case
//! and of everybody whose state changes.

use super::record::{OfferPerson, OfferRecord};
use crate::{Conflict, StorageError, Tx, error::OnConstraint, facts, jobs};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    CaseId, OfferId, OrganizationId, StaffId,
    jobs::OfferJob,
    offer::{Asked, AskedState},
};
use sqlx::FromRow;
use uuid::Uuid;

/// Most offers whose lost jobs are queued anew at a time.
const MOST_LATE: i64 = 1_000;

/// Writes a new offer, of which nobody has been asked yet, and queues its first step.
///
/// # Errors
/// [`Conflict::OfferOpen`], or the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &OfferRecord,
) -> Result<(), StorageError> {
    let terms = &record.offer.terms;
    let within = terms.answer_within.and_then(|within| i32::try_from(within.as_secs()).ok());
    let only = record.only.as_ref().map(|ids| ids.iter().map(|id| id.0).collect::<Vec<Uuid>>());
    let departments = record.departments.as_ref();
    sqlx::query(
        "INSERT INTO offers (organization_id, id, case_id, mode, most_people, answer_within_s, \
         deadline, when_unanswered, message, only_staff, policy_id, exact, departments, \
         created_by, created_at, step_due_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15)",
    )
    .bind(organization.0)
    .bind(record.id.0)
    .bind(record.case.id.0)
    .bind(terms.mode.as_str())
    .bind(i16::try_from(terms.most_people).unwrap_or(i16::MAX))
    .bind(within)
    .bind(terms.deadline.to_sqlx())
    .bind(record.when_unanswered.as_str())
    .bind(&record.message)
    .bind(only)
    .bind(record.policy.map(|id| id.0))
    .bind(record.exact)
    .bind(departments.map(|ids| ids.iter().map(|id| id.0).collect::<Vec<Uuid>>()))
    .bind(record.created_by.0)
    .bind(record.created_at.to_sqlx())
    .execute(&mut **tx)
    .await
    .on_constraint("offers_open_case", Conflict::OfferOpen)?;
    queue_step_of(tx, organization, record.id).await
}

/// Writes what has changed, and tells the live indexes about the people whom it concerns, so that
/// those who listen hear of it. Returns the new version.
///
/// # Errors
/// When the database fails.
pub async fn save(
    tx: &mut Tx,
    organization: OrganizationId,
    before: &OfferRecord,
    after: &OfferRecord,
) -> Result<i64, StorageError> {
    if before == after {
        return Ok(before.version);
    }
    sqlx::query(
        "UPDATE offers SET version = version + 1, state = $3, ended_at = $4, cancel_reason = $5, \
         step_due_at = $6 WHERE organization_id = $1 AND id = $2",
    )
    .bind(organization.0)
    .bind(after.id.0)
    .bind(after.offer.state.as_str())
    .bind(after.ended_at.map(ToSqlx::to_sqlx))
    .bind(&after.cancel_reason)
    .bind(after.step_due_at.map(ToSqlx::to_sqlx))
    .execute(&mut **tx)
    .await?;
    let mut concerned: Vec<StaffId> = Vec::new();
    for (place, (asked, person)) in after.offer.asked.iter().zip(&after.people).enumerate() {
        let was = before.offer.asked.get(place).zip(before.people.get(place));
        if was == Some((asked, person)) {
            continue;
        }
        let place = i32::try_from(place + 1).unwrap_or(i32::MAX);
        save_person(tx, organization, after.id, place, asked, person).await?;
        if asked.state != AskedState::Unreachable {
            concerned.push(asked.staff);
        }
    }
    concerned.sort_unstable();
    facts::work::touch(tx, organization, &concerned).await?;
    Ok(before.version + 1)
}

async fn save_person(
    tx: &mut Tx,
    organization: OrganizationId,
    offer: OfferId,
    place: i32,
    asked: &Asked,
    person: &OfferPerson,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO offer_people (organization_id, offer_id, staff_id, place, state, asked_at, \
         respond_by, answered_at, decline_reason, by_app, by_mail, assignment_id) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (offer_id, staff_id) DO UPDATE SET state = $5, answered_at = $8, \
         decline_reason = $9, assignment_id = $12",
    )
    .bind(organization.0)
    .bind(offer.0)
    .bind(asked.staff.0)
    .bind(place)
    .bind(asked.state.as_str())
    .bind(person.asked_at.to_sqlx())
    .bind(asked.respond_by.to_sqlx())
    .bind(person.answered_at.map(ToSqlx::to_sqlx))
    .bind(&person.decline_reason)
    .bind(person.by_app)
    .bind(person.by_mail)
    .bind(person.assignment.map(|id| id.0))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Queues the job for what is due next, unless one is queued that comes earlier: that one looks
/// again. To be saved with the record afterwards.
///
/// # Errors
/// When the database fails.
pub async fn schedule(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &mut OfferRecord,
    now: Timestamp,
) -> Result<(), StorageError> {
    let Some(next) = record.offer.next_at() else {
        record.step_due_at = None;
        return Ok(());
    };
    if record.step_due_at.is_some_and(|due| due > now && due <= next) {
        return Ok(());
    }
    jobs::enqueue(tx, &OfferJob::new(organization, record.id), Some(next)).await?;
    record.step_due_at = Some(next);
    Ok(())
}

/// Has the open offer of a case, if there is one, go on at once: the case or its assignments have
/// changed.
///
/// # Errors
/// When the database fails.
pub async fn queue_step(
    tx: &mut Tx,
    organization: OrganizationId,
    case: CaseId,
) -> Result<(), StorageError> {
    match super::open_of(tx, case).await? {
        Some(offer) => queue_step_of(tx, organization, offer).await,
        None => Ok(()),
    }
}

/// The same for one offer.
pub(super) async fn queue_step_of(
    tx: &mut Tx,
    organization: OrganizationId,
    offer: OfferId,
) -> Result<(), StorageError> {
    jobs::enqueue(tx, &OfferJob::new(organization, offer), None).await
}

/// Queues the jobs of open offers anew whose step was due before an instant and has not come: their
/// jobs were lost or given up. It notes that, so that each is queued once. Returns how many there
/// were. For the worker's role, which sees all tenants.
///
/// # Errors
/// When the database fails.
pub async fn requeue_late(
    tx: &mut Tx,
    due_before: Timestamp,
    now: Timestamp,
) -> Result<u64, StorageError> {
    #[derive(FromRow)]
    struct Late {
        organization_id: Uuid,
        id: Uuid,
    }
    let late: Vec<Late> = sqlx::query_as(
        "UPDATE offers SET step_due_at = $3 WHERE id IN (SELECT id FROM offers \
         WHERE state = 'open' AND step_due_at < $1 ORDER BY step_due_at LIMIT $2 \
         FOR UPDATE SKIP LOCKED) RETURNING organization_id, id",
    )
    .bind(due_before.to_sqlx())
    .bind(MOST_LATE)
    .bind(now.to_sqlx())
    .fetch_all(&mut **tx)
    .await?;
    let jobs: Vec<OfferJob> = late
        .iter()
        .map(|late| OfferJob::new(OrganizationId(late.organization_id), OfferId(late.id)))
        .collect();
    jobs::enqueue_many(tx, &jobs).await?;
    Ok(jobs.len().try_into().unwrap_or(u64::MAX))
}
