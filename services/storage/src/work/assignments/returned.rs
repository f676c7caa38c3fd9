//! Gives a restored person their assignments back, as far as the slots are still free.

use super::{AssignmentRecord, get, lock_case, slots_taken};
use crate::{StorageError, Tx, cases::CaseStatus, facts, offers};
use nearhand_domain::{
    AssignmentId, CaseId, OrganizationId, StaffId,
    assignment::{AssignmentState, Progress},
};
use sqlx::types::Json;
use uuid::Uuid;

/// What came of the assignments that a deletion released.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Returned {
    /// Those that they hold again.
    pub given_back: Vec<AssignmentRecord>,
    /// Those that they do not.
    pub lost: Vec<(AssignmentId, NotReturned)>,
}

/// Why an assignment was not given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReturned {
    /// It, or its case, is gone, or was changed meanwhile.
    Gone,
    /// The case is not open any more.
    CaseClosed,
    /// Somebody else has the slot.
    NoSlotFree,
}

impl NotReturned {
    /// The word on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::CaseClosed => "case_closed",
            Self::NoSlotFree => "no_slot_free",
        }
    }
}

/// Locks the cases of the assignments that were released with a person's deletion. Cases are
/// locked before people: call it before the person is locked.
///
/// # Errors
/// When the database fails.
pub async fn lock_cases_of_note(tx: &mut Tx, staff: StaffId) -> Result<(), StorageError> {
    sqlx::query(
        "SELECT 1 FROM cases WHERE id IN (SELECT a.case_id FROM staff AS s \
         CROSS JOIN jsonb_array_elements_text(s.released) AS r (id) \
         JOIN assignments AS a ON a.id = r.id::uuid WHERE s.id = $1) ORDER BY id FOR UPDATE",
    )
    .bind(staff.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Gives a person, who must be locked, back what was noted at their deletion and is still free,
/// and clears the note. The cases must be locked by [`lock_cases_of_note`].
///
/// # Errors
/// When the database fails.
pub async fn give_back(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    wanted: bool,
) -> Result<Returned, StorageError> {
    let note: Option<Json<Vec<Uuid>>> =
        sqlx::query_scalar("SELECT released FROM staff WHERE id = $1")
            .bind(staff.0)
            .fetch_one(&mut **tx)
            .await?;
    sqlx::query("UPDATE staff SET released = NULL WHERE id = $1")
        .bind(staff.0)
        .execute(&mut **tx)
        .await?;
    let mut returned = Returned::default();
    for id in note.filter(|_| wanted).map(|note| note.0).unwrap_or_default() {
        let id = AssignmentId(id);
        match restore(tx, staff, id).await? {
            Ok(record) => returned.given_back.push(record),
            Err(why) => returned.lost.push((id, why)),
        }
    }
    if !returned.given_back.is_empty() {
        facts::work::touch(tx, organization, &[staff]).await?;
    }
    for record in &returned.given_back {
        offers::queue_step(tx, organization, record.case).await?;
    }
    Ok(returned)
}

async fn restore(
    tx: &mut Tx,
    staff: StaffId,
    id: AssignmentId,
) -> Result<Result<AssignmentRecord, NotReturned>, StorageError> {
    let Some(record) = get(tx, id).await? else { return Ok(Err(NotReturned::Gone)) };
    let untouched = record.staff == staff && record.progress.state == AssignmentState::Cancelled;
    if !untouched {
        return Ok(Err(NotReturned::Gone));
    }
    if let Err(why) = require_free(tx, record.case).await? {
        return Ok(Err(why));
    }
    let changed = sqlx::query(
        "UPDATE assignments AS a SET state = 'assigned', cancelled_at = NULL, \
         cancel_reason = NULL, en_route_at = NULL, on_site_at = NULL, version = version + 1 \
         WHERE id = $1 AND NOT EXISTS (SELECT FROM assignments AS b WHERE b.case_id = a.case_id \
           AND b.staff_id = a.staff_id AND b.state <> 'cancelled')",
    )
    .bind(id.0)
    .execute(&mut **tx)
    .await?;
    if changed.rows_affected() == 0 {
        return Ok(Err(NotReturned::Gone));
    }
    let progress = Progress::assigned(record.progress.assigned_at);
    let version = record.version + 1;
    Ok(Ok(AssignmentRecord { version, progress, cancel_reason: None, ..record }))
}

async fn require_free(tx: &mut Tx, case: CaseId) -> Result<Result<(), NotReturned>, StorageError> {
    let Some(case) = lock_case(tx, case).await? else { return Ok(Err(NotReturned::Gone)) };
    if case.status != CaseStatus::Open {
        return Ok(Err(NotReturned::CaseClosed));
    }
    let taken = slots_taken(tx, case.id).await?;
    Ok(if taken < i64::from(case.slots) { Ok(()) } else { Err(NotReturned::NoSlotFree) })
}
