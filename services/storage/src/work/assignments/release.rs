//! Takes open assignments back: all of a case that is given up, or all of people who leave.

use crate::{StorageError, Tx, facts, notifications, offers};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{AssignmentId, CaseId, OrganizationId, StaffId, mails::MailKind};
use std::collections::BTreeSet;
use uuid::Uuid;

/// An assignment that was taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Released {
    /// Which.
    pub id: AssignmentId,
    /// The case.
    pub case: CaseId,
    /// Who held it.
    pub staff: StaffId,
}

type Row = (Uuid, Uuid, Uuid);

fn released(rows: Vec<Row>) -> Vec<Released> {
    let read = |(id, case, staff): Row| Released {
        id: AssignmentId(id),
        case: CaseId(case),
        staff: StaffId(staff),
    };
    rows.into_iter().map(read).collect()
}

/// Cancels all open assignments of a case, which must be locked, and tells those who held them by
/// mail, except whoever does it.
///
/// # Errors
/// When the database fails.
pub async fn release_case(
    tx: &mut Tx,
    organization: OrganizationId,
    case: CaseId,
    by: StaffId,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<Vec<Released>, StorageError> {
    lock_holders(tx, case).await?;
    let rows: Vec<Row> = sqlx::query_as(
        "UPDATE assignments SET state = 'cancelled', cancelled_at = GREATEST($2, assigned_at), \
         cancel_reason = $3, version = version + 1 WHERE case_id = $1 \
         AND state IN ('assigned', 'en_route', 'on_site') RETURNING id, case_id, staff_id",
    )
    .bind(case.0)
    .bind(now.to_sqlx())
    .bind(reason)
    .fetch_all(&mut **tx)
    .await?;
    let mut all = released(rows);
    all.sort_unstable_by_key(|one| one.staff);
    let people: Vec<StaffId> = all.iter().map(|one| one.staff).collect();
    facts::work::touch(tx, organization, &people).await?;
    for one in all.iter().filter(|one| one.staff != by) {
        let kind = MailKind::Withdrawn;
        notifications::tell(tx, organization, kind, one.staff, one.id.0, now).await?;
    }
    Ok(all)
}

/// Locks those who hold an open assignment of the case, in the order of their ids. Assignments are
/// locked after it.
pub(super) async fn lock_holders(tx: &mut Tx, case: CaseId) -> Result<(), StorageError> {
    sqlx::query(
        "SELECT 1 FROM staff WHERE id IN (SELECT staff_id FROM assignments WHERE case_id = $1 \
         AND state IN ('assigned', 'en_route', 'on_site')) ORDER BY id FOR NO KEY UPDATE",
    )
    .bind(case.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Cancels all open assignments of people, who must be locked. Nobody is told: they leave.
///
/// # Errors
/// When the database fails.
pub async fn release_people(
    tx: &mut Tx,
    organization: OrganizationId,
    people: &[StaffId],
    now: Timestamp,
) -> Result<Vec<Released>, StorageError> {
    let ids: Vec<Uuid> = people.iter().map(|id| id.0).collect();
    let rows: Vec<Row> = sqlx::query_as(
        "UPDATE assignments SET state = 'cancelled', cancelled_at = GREATEST($2, assigned_at), \
         cancel_reason = 'the person was deleted', version = version + 1 \
         WHERE staff_id = ANY($1) AND state IN ('assigned', 'en_route', 'on_site') \
         RETURNING id, case_id, staff_id",
    )
    .bind(&ids)
    .bind(now.to_sqlx())
    .fetch_all(&mut **tx)
    .await?;
    let mut all = released(rows);
    all.sort_unstable_by_key(|one| (one.staff, one.id));
    let mut held: Vec<StaffId> = all.iter().map(|one| one.staff).collect();
    held.dedup();
    facts::work::touch(tx, organization, &held).await?;
    let cases: BTreeSet<CaseId> = all.iter().map(|one| one.case).collect();
    for case in cases {
        offers::queue_step(tx, organization, case).await?;
    }
    Ok(all)
}
