//! The people of offers: who can be reached, who leaves, and who declined a case in words.

use super::write::queue_step_of;
use crate::{StorageError, Tx, facts};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{CaseId, OfferId, OrganizationId, StaffId};
use sqlx::FromRow;
use uuid::Uuid;

/// How an offer can reach a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Who.
    pub staff: StaffId,
    /// They are logged in. A phone that only sends pings shows nothing.
    pub by_app: bool,
    /// They have an address, and want mails of this kind.
    pub by_mail: bool,
}

#[derive(FromRow)]
struct ReachRow {
    id: Uuid,
    by_app: bool,
    by_mail: bool,
}

/// How each of these people can be reached. Those who are deleted or inactive are left out.
///
/// # Errors
/// When the database fails.
pub async fn reach(
    tx: &mut Tx,
    people: &[StaffId],
    now: Timestamp,
) -> Result<Vec<Reach>, StorageError> {
    let ids: Vec<Uuid> = people.iter().map(|id| id.0).collect();
    let rows: Vec<ReachRow> = sqlx::query_as(
        "SELECT s.id, \
           EXISTS (SELECT FROM sessions AS l WHERE l.staff_id = s.id \
             AND l.ended_at IS NULL AND l.expires_at > $2) AS by_app, \
           s.email IS NOT NULL AND COALESCE(n.mail AND n.offered, true) AS by_mail \
         FROM staff AS s LEFT JOIN notification_settings AS n ON n.staff_id = s.id \
         WHERE s.id = ANY($1) AND s.active AND s.deleted_at IS NULL",
    )
    .bind(ids)
    .bind(now.to_sqlx())
    .fetch_all(&mut **tx)
    .await?;
    let read =
        |row: ReachRow| Reach { staff: StaffId(row.id), by_app: row.by_app, by_mail: row.by_mail };
    Ok(rows.into_iter().map(read).collect())
}

/// Takes open offers back from people who leave and are locked, and has the offers go on.
///
/// # Errors
/// When the database fails.
pub async fn withdraw_people(
    tx: &mut Tx,
    organization: OrganizationId,
    people: &[StaffId],
    now: Timestamp,
) -> Result<(), StorageError> {
    let ids: Vec<Uuid> = people.iter().map(|id| id.0).collect();
    // In the order of their ids: others who leave may be in the same offers.
    sqlx::query(
        "SELECT 1 FROM offers WHERE id IN (SELECT offer_id FROM offer_people \
         WHERE staff_id = ANY($1) AND state IN ('asked', 'available')) ORDER BY id \
         FOR NO KEY UPDATE",
    )
    .bind(&ids)
    .execute(&mut **tx)
    .await?;
    let offers: Vec<Uuid> = sqlx::query_scalar(
        "WITH gone AS (UPDATE offer_people SET state = 'withdrawn', answered_at = $2 \
           WHERE staff_id = ANY($1) AND state IN ('asked', 'available') RETURNING offer_id) \
         UPDATE offers SET version = version + 1 WHERE id IN (SELECT offer_id FROM gone) \
         RETURNING id",
    )
    .bind(ids)
    .bind(now.to_sqlx())
    .fetch_all(&mut **tx)
    .await?;
    for offer in &offers {
        queue_step_of(tx, organization, OfferId(*offer)).await?;
    }
    if !offers.is_empty() {
        facts::work::touch(tx, organization, people).await?;
    }
    Ok(())
}

/// Remembers that a person declined a case in words: nobody offers it to them again.
///
/// # Errors
/// When the database fails.
pub async fn remember_decline(
    tx: &mut Tx,
    organization: OrganizationId,
    case: CaseId,
    staff: StaffId,
    reason: Option<&str>,
    now: Timestamp,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO case_declines (organization_id, case_id, staff_id, reason, declined_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (case_id, staff_id) DO UPDATE \
         SET reason = excluded.reason, declined_at = excluded.declined_at",
    )
    .bind(organization.0)
    .bind(case.0)
    .bind(staff.0)
    .bind(reason)
    .bind(now.to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(())
}
