//! The audit trail: who did what to whom, in the same transaction, with personal values sealed
//! under a key per person. Nothing here changes or deletes a row, and the role could not.

use crate::{AppPool, StorageError, Tx, convert::corrupt};
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{Aead, Payload},
};
use nearhand_domain::{
    OrganizationId, StaffId,
    audit::{Action, Subject},
    token::random_bytes,
};
use serde_json::Value;
use uuid::Uuid;

const NONCE_BYTES: usize = 12;

/// Who is acting, and through which request.
#[derive(Clone, Debug)]
pub struct AuditContext {
    /// Tenant.
    pub organization: OrganizationId,
    /// The person; `None` is the installation itself.
    pub actor: Option<StaffId>,
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
         request_id, remote_addr, details, sealed, sealed_for) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
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
    let nonce = random_bytes::<NONCE_BYTES>();
    let text = values.to_string();
    let sealed = cipher
        .encrypt(&nonce.into(), Payload { msg: text.as_bytes(), aad: bound_to })
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
    let broken = || corrupt("sealed value", "cannot be opened");
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(broken)?;
    let payload = Payload { msg: sealed, aad: bound_to };
    let text = cipher.decrypt(&(*nonce).into(), payload).map_err(|_| broken())?;
    serde_json::from_slice(&text).map(Some).map_err(|_| broken())
}

async fn cipher_of(tx: &mut Tx, staff: StaffId) -> Result<Option<ChaCha20Poly1305>, StorageError> {
    let key: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT key FROM person_keys WHERE staff_id = $1")
            .bind(staff.0)
            .fetch_optional(&mut **tx)
            .await?;
    let Some(key) = key else { return Ok(None) };
    let cipher = ChaCha20Poly1305::new_from_slice(&key);
    cipher.map(Some).map_err(|_| corrupt("person key", "is not 32 bytes"))
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
