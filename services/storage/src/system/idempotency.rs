//! Answers kept for a day, so that a repeated POST with the same key does nothing twice.

use crate::{StorageError, Tx};
use nearhand_domain::{OrganizationId, StaffId};
use sqlx::FromRow;

/// A kept answer.
#[derive(Clone, Debug, FromRow)]
pub struct KeptAnswer {
    /// SHA-256 of route and body: another payload under the same key is an error.
    pub request_hash: Vec<u8>,
    /// HTTP status.
    pub status: i16,
    /// The resource's address.
    pub location: Option<String>,
    /// The body; none where it held a secret.
    pub body: Option<serde_json::Value>,
}

/// Claims a key for the rest of the transaction: false when another request is using it now.
///
/// # Errors
/// When the database fails.
pub async fn claim(tx: &mut Tx, actor: StaffId, key: &str) -> Result<bool, StorageError> {
    let lock_name = format!("nearhand.idempotency:{actor}:{key}");
    Ok(sqlx::query_scalar("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(lock_name)
        .fetch_one(&mut **tx)
        .await?)
}

/// The answer kept under a key, if it is not older than a day.
///
/// # Errors
/// When the database fails.
pub async fn find(
    tx: &mut Tx,
    actor: StaffId,
    key: &str,
) -> Result<Option<KeptAnswer>, StorageError> {
    Ok(sqlx::query_as(
        "SELECT request_hash, status, location, body FROM idempotency_keys \
         WHERE actor_id = $1 AND key = $2 AND created_at > now() - interval '1 day'",
    )
    .bind(actor.0)
    .bind(key)
    .fetch_optional(&mut **tx)
    .await?)
}

/// Keeps an answer, in the transaction that did the work.
///
/// # Errors
/// When the database fails.
pub async fn keep(
    tx: &mut Tx,
    organization: OrganizationId,
    actor: StaffId,
    key: &str,
    answer: &KeptAnswer,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO idempotency_keys (organization_id, actor_id, key, request_hash, status, \
         location, body) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (organization_id, actor_id, key) DO UPDATE SET \
         request_hash = excluded.request_hash, status = excluded.status, \
         location = excluded.location, body = excluded.body, created_at = now()",
    )
    .bind(organization.0)
    .bind(actor.0)
    .bind(key)
    .bind(&answer.request_hash)
    .bind(answer.status)
    .bind(&answer.location)
    .bind(&answer.body)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
