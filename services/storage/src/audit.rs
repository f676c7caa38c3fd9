//! The audit trail: who did what to whom, in the same transaction, with personal values sealed
//! under a key per person. Nothing here changes or deletes a row, and the role could not.

pub mod trail;

use crate::{AppPool, StorageError, Tx, convert::corrupt};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{Aead, Payload},
};
use nearhand_domain::{
    OrganizationId, StaffId,
    access::ActorKind,
    audit::{Action, Subject},
    token::random_bytes,
};
use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

const NONCE_BYTES: usize = 12;

/// Who is acting, and through which request.
#[derive(Clone, Debug)]
pub struct AuditContext {
    /// Tenant.
    pub organization: OrganizationId,
    /// The person or service account; `None` is the installation itself.
    pub actor: Option<StaffId>,
    /// What the actor is.
    pub actor_kind: ActorKind,
    /// As in the response's header and the logs.
    pub request_id: String,
    /// Where the request came from.
    pub remote_addr: Option<String>,
}

/// What happened.
#[derive(Debug)]
pub struct AuditEvent {
    action: &'static str,
    subject_kind: &'static str,
    subject: Uuid,
    details: Value,
    personal: Option<(StaffId, Value)>,
}

impl AuditEvent {
    /// An action upon a subject.
    #[must_use]
    pub fn of<S: Subject>(action: Action<S>, subject: S) -> Self {
        Self {
            action: action.as_str(),
            subject_kind: S::KIND,
            subject: subject.id(),
            details: Value::Object(serde_json::Map::new()),
            personal: None,
        }
    }

    /// With what is nobody's personal value.
    #[must_use]
    pub fn details(self, details: Value) -> Self {
        Self { details, ..self }
    }

    /// With personal values, sealed for this person.
    #[must_use]
    pub fn personal(self, person: StaffId, values: Value) -> Self {
        Self { personal: Some((person, values)), ..self }
    }
}

/// Makes the key of a new person.
///
/// # Errors
/// When the database fails.
pub async fn create_person_key(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
) -> Result<(), StorageError> {
    sqlx::query("INSERT INTO person_keys (organization_id, staff_id, key) VALUES ($1, $2, $3)")
        .bind(organization.0)
        .bind(staff.0)
        .bind(random_bytes::<32>().as_slice())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Writes one event.
///
/// # Errors
/// When the database fails, or the person's key has been destroyed.
pub async fn record(
    tx: &mut Tx,
    context: &AuditContext,
    event: &AuditEvent,
) -> Result<(), StorageError> {
    let id = Uuid::now_v7();
    let sealed = match &event.personal {
        Some((staff, values)) => Some(seal(tx, *staff, id.as_bytes(), values).await?),
        None => None,
    };
    sqlx::query(
        "INSERT INTO audit_log (organization_id, id, actor_id, action, subject_kind, subject_id, \
         request_id, remote_addr, details, sealed, sealed_for, actor_kind) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
    )
    .bind(context.organization.0)
    .bind(id)
    .bind(context.actor.map(|actor| actor.0))
    .bind(event.action)
    .bind(event.subject_kind)
    .bind(event.subject)
    .bind(&context.request_id)
    .bind(&context.remote_addr)
    .bind(&event.details)
    .bind(sealed)
    .bind(event.personal.as_ref().map(|(staff, _)| staff.0))
    .bind(context.actor_kind.as_str())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Makes the keys of new people.
///
/// # Errors
/// When the database fails.
pub async fn create_person_keys(
    tx: &mut Tx,
    organization: OrganizationId,
    people: &[StaffId],
) -> Result<(), StorageError> {
    let keys: Vec<Vec<u8>> = people.iter().map(|_| random_bytes::<32>().to_vec()).collect();
    sqlx::query(
        "INSERT INTO person_keys (organization_id, staff_id, key) \
         SELECT $1, * FROM unnest($2::uuid[], $3::bytea[])",
    )
    .bind(organization.0)
    .bind(people.iter().map(|id| id.0).collect::<Vec<_>>())
    .bind(keys)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Writes many events, in two statements.
///
/// # Errors
/// When the database fails, or the key of one of the people has been destroyed.
pub async fn record_many(
    tx: &mut Tx,
    context: &AuditContext,
    events: &[AuditEvent],
) -> Result<(), StorageError> {
    if events.is_empty() {
        return Ok(());
    }
    let people = events.iter().filter_map(|event| event.personal.as_ref());
    let people: Vec<Uuid> = people.map(|(staff, _)| staff.0).collect();
    let keys: Vec<(Uuid, Vec<u8>)> =
        sqlx::query_as("SELECT staff_id, key FROM person_keys WHERE staff_id = ANY($1)")
            .bind(people)
            .fetch_all(&mut **tx)
            .await?;
    let keys: HashMap<Uuid, Vec<u8>> = keys.into_iter().collect();
    let ids: Vec<Uuid> = events.iter().map(|_| Uuid::now_v7()).collect();
    let mut sealed = Vec::with_capacity(events.len());
    for (event, id) in events.iter().zip(&ids) {
        sealed.push(match &event.personal {
            None => None,
            Some((staff, values)) => {
                let key = keys.get(&staff.0).ok_or_else(|| corrupt("person key", "is gone"))?;
                Some(seal_under(&cipher_with(key)?, id.as_bytes(), values)?)
            }
        });
    }
    let sealed_for = events.iter().map(|e| e.personal.as_ref().map(|(staff, _)| staff.0));
    sqlx::query(
        "INSERT INTO audit_log (organization_id, actor_id, request_id, remote_addr, actor_kind, id, \
         action, subject_kind, subject_id, details, sealed, sealed_for) \
         SELECT $1, $2, $3, $4, $5, * FROM unnest($6::uuid[], $7::text[], $8::text[], $9::uuid[], \
         $10::jsonb[], $11::bytea[], $12::uuid[])",
    )
    .bind(context.organization.0)
    .bind(context.actor.map(|actor| actor.0))
    .bind(&context.request_id)
    .bind(&context.remote_addr)
    .bind(context.actor_kind.as_str())
    .bind(ids)
    .bind(events.iter().map(|event| event.action).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.subject_kind).collect::<Vec<_>>())
    .bind(events.iter().map(|event| event.subject).collect::<Vec<_>>())
    .bind(events.iter().map(|event| &event.details).collect::<Vec<_>>())
    .bind(sealed)
    .bind(sealed_for.collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Seals values under a person's key: nonce and ciphertext. `bound_to` must be given again to read
/// them.
///
/// # Errors
/// When the database fails, or the person's key has been destroyed.
pub(crate) async fn seal(
    tx: &mut Tx,
    staff: StaffId,
    bound_to: &[u8],
    values: &Value,
) -> Result<Vec<u8>, StorageError> {
    let cipher = cipher_of(tx, staff).await?.ok_or_else(|| corrupt("person key", "is gone"))?;
    seal_under(&cipher, bound_to, values)
}

fn seal_under(
    cipher: &ChaCha20Poly1305,
    bound_to: &[u8],
    values: &Value,
) -> Result<Vec<u8>, StorageError> {
    seal_bytes(cipher, bound_to, values.to_string().as_bytes())
}

/// Seals bytes: nonce and ciphertext, 28 bytes more.
pub(crate) fn seal_bytes(
    cipher: &ChaCha20Poly1305,
    bound_to: &[u8],
    bytes: &[u8],
) -> Result<Vec<u8>, StorageError> {
    let nonce = random_bytes::<NONCE_BYTES>();
    let sealed = cipher
        .encrypt(&nonce.into(), Payload { msg: bytes, aad: bound_to })
        .map_err(|_| corrupt("sealed value", "could not be sealed"))?;
    Ok([nonce.as_slice(), &sealed].concat())
}

/// What [`seal`] sealed; `None` once the person's key has been destroyed.
///
/// # Errors
/// When the database fails, or the bytes were not sealed so.
pub(crate) async fn unseal(
    tx: &mut Tx,
    staff: StaffId,
    bound_to: &[u8],
    sealed: &[u8],
) -> Result<Option<Value>, StorageError> {
    let Some(cipher) = cipher_of(tx, staff).await? else { return Ok(None) };
    open(&cipher, bound_to, sealed).map(Some)
}

fn open(cipher: &ChaCha20Poly1305, bound_to: &[u8], sealed: &[u8]) -> Result<Value, StorageError> {
    let text = open_bytes(cipher, bound_to, sealed)?;
    serde_json::from_slice(&text).map_err(|_| cannot_be_opened())
}

/// What [`seal_bytes`] sealed.
pub(crate) fn open_bytes(
    cipher: &ChaCha20Poly1305,
    bound_to: &[u8],
    sealed: &[u8],
) -> Result<Vec<u8>, StorageError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(cannot_be_opened)?;
    let payload = Payload { msg: sealed, aad: bound_to };
    cipher.decrypt(&(*nonce).into(), payload).map_err(|_| cannot_be_opened())
}

fn cannot_be_opened() -> StorageError {
    corrupt("sealed value", "cannot be opened")
}

async fn cipher_of(tx: &mut Tx, staff: StaffId) -> Result<Option<ChaCha20Poly1305>, StorageError> {
    let key: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT key FROM person_keys WHERE staff_id = $1")
            .bind(staff.0)
            .fetch_optional(&mut **tx)
            .await?;
    key.map(|key| cipher_with(&key)).transpose()
}

/// The cipher of a person's key.
pub(crate) fn cipher_with(key: &[u8]) -> Result<ChaCha20Poly1305, StorageError> {
    ChaCha20Poly1305::new_from_slice(key).map_err(|_| corrupt("person key", "is not 32 bytes"))
}

/// Records who read whose exact position: one row a request, in a transaction of its own.
///
/// Every recommendation waits for this, so it is one round trip: the statement itself binds its
/// transaction to the tenant, and commits without waiting for the disk (a crash of the server may
/// lose the last half second).
///
/// # Errors
/// When the database fails; the positions must not be shown then.
pub async fn record_position_read(
    pool: &AppPool,
    context: &AuditContext,
    actor: StaffId,
    route: &'static str,
    people: &[StaffId],
) -> Result<(), StorageError> {
    let people: Vec<Uuid> = people.iter().map(|staff| staff.0).collect();
    sqlx::query(
        "WITH bound AS MATERIALIZED (SELECT set_config('app.organization_id', $1::text, true), \
         set_config('synchronous_commit', 'off', true)) \
         INSERT INTO position_reads (organization_id, id, actor_id, request_id, route, people) \
         SELECT $1::uuid, $2, $3, $4, $5, $6 FROM bound",
    )
    .bind(context.organization.0)
    .bind(Uuid::now_v7())
    .bind(actor.0)
    .bind(&context.request_id)
    .bind(route)
    .bind(people)
    .execute(pool.pool())
    .await?;
    Ok(())
}

/// The same in the transaction of a change that uses an exact position: it is recorded if the
/// change is made.
///
/// # Errors
/// When the database fails.
pub async fn note_position_read(
    tx: &mut Tx,
    context: &AuditContext,
    actor: StaffId,
    route: &'static str,
    people: &[StaffId],
) -> Result<(), StorageError> {
    let people: Vec<Uuid> = people.iter().map(|staff| staff.0).collect();
    sqlx::query(
        "INSERT INTO position_reads (organization_id, id, actor_id, request_id, route, people) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(context.organization.0)
    .bind(Uuid::now_v7())
    .bind(actor.0)
    .bind(&context.request_id)
    .bind(route)
    .bind(people)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
