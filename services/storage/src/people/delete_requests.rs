//! Requests to delete several people, which their author confirms by typing a number.

use crate::{StorageError, Tx, convert};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{DeleteRequestId, OrganizationId, StaffId};
use uuid::Uuid;

/// A request.
#[derive(Clone, Debug)]
pub struct DeleteRequest {
    /// Which.
    pub id: DeleteRequestId,
    /// Whose: nobody else can confirm it.
    pub actor: StaffId,
    /// What must be typed.
    pub number: i32,
    /// Whom it would delete.
    pub people: Vec<StaffId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be confirmed.
    pub expires_at: Timestamp,
    /// How often a wrong number was typed.
    pub attempts: i16,
    /// When it was confirmed.
    pub confirmed_at: Option<Timestamp>,
}

/// Keeps a request.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    request: &DeleteRequest,
) -> Result<(), StorageError> {
    let people: Vec<Uuid> = request.people.iter().map(|id| id.0).collect();
    sqlx::query(
        "INSERT INTO delete_requests (organization_id, id, actor_id, number, people, created_at, \
         expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(organization.0)
    .bind(request.id.0)
    .bind(request.actor.0)
    .bind(request.number)
    .bind(people)
    .bind(request.created_at.to_sqlx())
    .bind(request.expires_at.to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

type Row = (
    Uuid,
    Uuid,
    i32,
    Vec<Uuid>,
    jiff_sqlx::Timestamp,
    jiff_sqlx::Timestamp,
    i16,
    Option<jiff_sqlx::Timestamp>,
);

/// A request of this person, locked until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(
    tx: &mut Tx,
    id: DeleteRequestId,
    actor: StaffId,
) -> Result<Option<DeleteRequest>, StorageError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT id, actor_id, number, people, created_at, expires_at, attempts, confirmed_at \
         FROM delete_requests WHERE id = $1 AND actor_id = $2 FOR UPDATE",
    )
    .bind(id.0)
    .bind(actor.0)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| DeleteRequest {
        id: row.0.into(),
        actor: row.1.into(),
        number: row.2,
        people: row.3.into_iter().map(StaffId).collect(),
        created_at: row.4.to_jiff(),
        expires_at: row.5.to_jiff(),
        attempts: row.6,
        confirmed_at: convert::time(row.7),
    }))
}

/// Counts a wrong number.
///
/// # Errors
/// When the database fails.
pub async fn count_attempt(tx: &mut Tx, id: DeleteRequestId) -> Result<(), StorageError> {
    sqlx::query("UPDATE delete_requests SET attempts = attempts + 1 WHERE id = $1")
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Uses a request up.
///
/// # Errors
/// When the database fails.
pub async fn confirm(tx: &mut Tx, id: DeleteRequestId, now: Timestamp) -> Result<(), StorageError> {
    sqlx::query("UPDATE delete_requests SET confirmed_at = $2 WHERE id = $1")
        .bind(id.0)
        .bind(now.to_sqlx())
        .execute(&mut **tx)
        .await?;
    Ok(())
}
