//! Answers kept for a day, so that a repeated POST with the same key does nothing twice. Personal
//! values in them are sealed: erasing a person makes them unreadable.

use crate::{StorageError, Tx, audit};
use nearhand_domain::{OrganizationId, StaffId};
use serde_json::Value;
use uuid::Uuid;

/// A kept answer.
#[derive(Clone, Debug)]
pub struct KeptAnswer {
    /// SHA-256 of route and body: another payload under the same key is an error.
    pub request_hash: Vec<u8>,
    /// HTTP status.
    pub status: i16,
    /// The resource's address.
    pub location: Option<String>,
    /// The body.
    pub body: KeptBody,
}

/// The body of a kept answer.
#[derive(Clone, Debug)]
pub enum KeptBody {
    /// It held a secret and is not kept.
    Secret,
    /// Nobody's personal values.
    Open(Value),
    /// Personal values of this person, stored under their key.
    About(StaffId, Value),
    /// It was sealed under a key that has been destroyed.
    Erased,
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

type Row = (Vec<u8>, i16, Option<String>, Option<Value>, Option<Vec<u8>>, Option<Uuid>);

/// The answer kept under a key, if it is not older than a day.
///
/// # Errors
/// When the database fails.
pub async fn find(
    tx: &mut Tx,
    actor: StaffId,
    key: &str,
) -> Result<Option<KeptAnswer>, StorageError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT request_hash, status, location, body, sealed, sealed_for FROM idempotency_keys \
         WHERE actor_id = $1 AND key = $2 AND created_at > now() - interval '1 day'",
    )
    .bind(actor.0)
    .bind(key)
    .fetch_optional(&mut **tx)
    .await?;
    let Some((request_hash, status, location, open, sealed, person)) = row else { return Ok(None) };
    let body = match (open, sealed.zip(person)) {
        (Some(body), _) => KeptBody::Open(body),
        (None, None) => KeptBody::Secret,
        (None, Some((sealed, person))) => {
            let person = StaffId(person);
            let body = audit::unseal(tx, person, key.as_bytes(), &sealed).await?;
            body.map_or(KeptBody::Erased, |body| KeptBody::About(person, body))
        }
    };
    Ok(Some(KeptAnswer { request_hash, status, location, body }))
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
    let (open, sealed, person) = match &answer.body {
        KeptBody::Secret | KeptBody::Erased => (None, None, None),
        KeptBody::Open(body) => (Some(body), None, None),
        KeptBody::About(person, body) => {
            let sealed = audit::seal(tx, *person, key.as_bytes(), body).await?;
            (None, Some(sealed), Some(person.0))
        }
    };
    sqlx::query(
        "INSERT INTO idempotency_keys (organization_id, actor_id, key, request_hash, status, \
         location, body, sealed, sealed_for) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
         ON CONFLICT (organization_id, actor_id, key) DO UPDATE SET \
         request_hash = excluded.request_hash, status = excluded.status, \
         location = excluded.location, body = excluded.body, sealed = excluded.sealed, \
         sealed_for = excluded.sealed_for, created_at = now()",
    )
    .bind(organization.0)
    .bind(actor.0)
    .bind(key)
    .bind(&answer.request_hash)
    .bind(answer.status)
    .bind(&answer.location)
    .bind(open)
    .bind(sealed)
    .bind(person)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
