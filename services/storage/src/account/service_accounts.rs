//! Service accounts and their API keys. Only hashes of keys are stored. Every change that takes
//! rights away is announced, so that no process goes on believing a key.

use crate::{
    Conflict, StorageError, Tx,
    announce::{Changed, announce},
    convert,
    error::OnConstraint,
    staff::{Access, AccessRow, access_columns},
};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    ApiKeyId, OrganizationId, ServiceAccountId, SessionId, StaffId, access::PermissionSet,
    token::TokenHash,
};
use sqlx::FromRow;
use std::collections::HashMap;
use uuid::Uuid;

/// How long keys that are no longer good are kept.
const DEAD_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// A creator without access level `full` could not make an account, and lends it nothing.
macro_rules! select_live {
    ($condition:literal) => {
        concat!(
            "SELECT k.id AS key_id, a.id AS account_id, a.permissions AS given, \
             p.id AS creator_id, k.expires_at, k.last_used_at, ",
            access_columns!(),
            " FROM api_keys AS k JOIN service_accounts AS a ON a.id = k.account_id \
             JOIN staff AS p ON p.id = a.created_by WHERE ",
            $condition,
            " AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > $2) \
             AND a.active AND p.active AND p.deleted_at IS NULL AND p.access_level = 'full'"
        )
    };
}
/// A service account as stored.
#[derive(Clone, Debug)]
pub struct ServiceAccountRecord {
    /// Which.
    pub id: ServiceAccountId,
    /// Raised by every write; also the ETag.
    pub version: i64,
    /// Unique in the organisation without regard to case.
    pub name: String,
    /// What it may do, as far as its creator may.
    pub permissions: PermissionSet,
    /// Whether its keys open anything.
    pub active: bool,
    /// Who made it.
    pub created_by: StaffId,
    /// When.
    pub created_at: Timestamp,
}

/// An API key as stored.
#[derive(Clone, Debug, FromRow)]
pub struct ApiKeyRecord {
    /// Which.
    #[sqlx(try_from = "Uuid")]
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// Who made it.
    #[sqlx(try_from = "Uuid")]
    pub created_by: StaffId,
    /// When.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub created_at: Timestamp,
    expires_at: Option<jiff_sqlx::Timestamp>,
    last_used_at: Option<jiff_sqlx::Timestamp>,
}

impl ApiKeyRecord {
    /// A key that has not been used.
    #[must_use]
    pub fn new(
        name: String,
        created_by: StaffId,
        created_at: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Self {
        let expires_at = expires_at.map(ToSqlx::to_sqlx);
        let id = ApiKeyId::generate();
        Self { id, name, created_by, created_at, expires_at, last_used_at: None }
    }

    /// When it ends by itself.
    #[must_use]
    pub fn expires_at(&self) -> Option<Timestamp> {
        convert::time(self.expires_at)
    }

    /// When it was last used, to the minute.
    #[must_use]
    pub fn last_used_at(&self) -> Option<Timestamp> {
        convert::time(self.last_used_at)
    }
}

/// A good key, with its account and the account's creator as they are now.
#[derive(Clone, Debug)]
pub struct LiveKey {
    /// Which key.
    pub key: ApiKeyId,
    /// Of which account.
    pub account: ServiceAccountId,
    /// What the account was given.
    pub given: PermissionSet,
    /// Who made the account.
    pub creator: StaffId,
    /// What they may do and to whom.
    pub creators: Access,
    /// When the key ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}

impl LiveKey {
    /// What the key opens: what the account was given and its creator still has.
    #[must_use]
    pub fn permissions(&self) -> PermissionSet {
        self.given.intersection(self.creators.permissions)
    }
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    name: String,
    permissions: Vec<String>,
    active: bool,
    created_by: Uuid,
    created_at: jiff_sqlx::Timestamp,
}

impl From<Row> for ServiceAccountRecord {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.into(),
            version: row.version,
            name: row.name,
            permissions: PermissionSet::of_words(row.permissions.iter().map(String::as_str)),
            active: row.active,
            created_by: row.created_by.into(),
            created_at: row.created_at.to_jiff(),
        }
    }
}

macro_rules! columns {
    () => {
        "id, version, name, permissions, active, created_by, created_at"
    };
}

/// Writes a new account.
///
/// # Errors
/// [`Conflict::NameTaken`], or the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &ServiceAccountRecord,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO service_accounts (organization_id, id, name, permissions, active, \
         created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(organization.0)
    .bind(record.id.0)
    .bind(&record.name)
    .bind(words(record.permissions))
    .bind(record.active)
    .bind(record.created_by.0)
    .bind(record.created_at.to_sqlx())
    .execute(&mut **tx)
    .await
    .on_constraint("service_accounts_name_key", Conflict::NameTaken)?;
    Ok(())
}

/// An account.
///
/// # Errors
/// When the database fails.
pub async fn get(
    tx: &mut Tx,
    id: ServiceAccountId,
) -> Result<Option<ServiceAccountRecord>, StorageError> {
    let statement = concat!("SELECT ", columns!(), " FROM service_accounts WHERE id = $1");
    let row: Option<Row> = sqlx::query_as(statement).bind(id.0).fetch_optional(&mut **tx).await?;
    Ok(row.map(Into::into))
}

/// The same, locked until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(
    tx: &mut Tx,
    id: ServiceAccountId,
) -> Result<Option<ServiceAccountRecord>, StorageError> {
    let statement =
        concat!("SELECT ", columns!(), " FROM service_accounts WHERE id = $1 FOR UPDATE");
    let row: Option<Row> = sqlx::query_as(statement).bind(id.0).fetch_optional(&mut **tx).await?;
    Ok(row.map(Into::into))
}

/// A page of accounts in order of creation.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    after: Option<ServiceAccountId>,
    limit: i64,
) -> Result<Vec<ServiceAccountRecord>, StorageError> {
    let statement =
        concat!("SELECT ", columns!(), " FROM service_accounts WHERE id > $1 ORDER BY id LIMIT $2");
    let after = after.map_or(Uuid::nil(), |id| id.0);
    let rows: Vec<Row> =
        sqlx::query_as(statement).bind(after).bind(limit).fetch_all(&mut **tx).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Writes an account, which must be locked, back, and announces it; returns its new version.
///
/// # Errors
/// [`Conflict::NameTaken`], or the database fails.
pub async fn update(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &ServiceAccountRecord,
) -> Result<i64, StorageError> {
    let version: i64 = sqlx::query_scalar(
        "UPDATE service_accounts SET name = $2, permissions = $3, active = $4, \
         version = version + 1 WHERE id = $1 RETURNING version",
    )
    .bind(record.id.0)
    .bind(&record.name)
    .bind(words(record.permissions))
    .bind(record.active)
    .fetch_one(&mut **tx)
    .await
    .on_constraint("service_accounts_name_key", Conflict::NameTaken)?;
    announce_account(tx, organization, record.id).await?;
    Ok(version)
}

/// Removes an account with its keys, and announces it.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    tx: &mut Tx,
    organization: OrganizationId,
    id: ServiceAccountId,
) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM service_accounts WHERE id = $1").bind(id.0).execute(&mut **tx).await?;
    announce_account(tx, organization, id).await
}

/// What those of these people who still have access may do, and to whom.
///
/// # Errors
/// When the database fails.
pub async fn creators(
    tx: &mut Tx,
    ids: &[StaffId],
) -> Result<HashMap<StaffId, Access>, StorageError> {
    #[derive(FromRow)]
    struct Creator {
        id: Uuid,
        #[sqlx(flatten, try_from = "AccessRow")]
        access: Access,
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows: Vec<Creator> = sqlx::query_as(concat!(
        "SELECT p.id, ",
        access_columns!(),
        " FROM staff AS p WHERE p.id = ANY($1) AND p.active AND p.deleted_at IS NULL \
         AND p.access_level = 'full'"
    ))
    .bind(ids)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (StaffId(row.id), row.access)).collect())
}

/// Writes a new key of an account, which must be locked, unless it has `most` in use; false then.
/// Keys that have long been no good are forgotten.
///
/// # Errors
/// When the database fails.
pub async fn add_key(
    tx: &mut Tx,
    organization: OrganizationId,
    account: ServiceAccountId,
    key: &ApiKeyRecord,
    hash: TokenHash,
    most: i64,
) -> Result<bool, StorageError> {
    sqlx::query(
        "DELETE FROM api_keys WHERE account_id = $1 AND LEAST(revoked_at, expires_at) < $2",
    )
    .bind(account.0)
    .bind((key.created_at - DEAD_KEPT).to_sqlx())
    .execute(&mut **tx)
    .await?;
    let in_use: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM api_keys WHERE account_id = $1 AND revoked_at IS NULL \
         AND (expires_at IS NULL OR expires_at > $2)",
    )
    .bind(account.0)
    .bind(key.created_at.to_sqlx())
    .fetch_one(&mut **tx)
    .await?;
    if in_use >= most {
        return Ok(false);
    }
    sqlx::query(
        "INSERT INTO api_keys (organization_id, id, account_id, name, token_hash, created_by, \
         created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(organization.0)
    .bind(key.id.0)
    .bind(account.0)
    .bind(&key.name)
    .bind(hash.0.as_slice())
    .bind(key.created_by.0)
    .bind(key.created_at.to_sqlx())
    .bind(key.expires_at)
    .execute(&mut **tx)
    .await?;
    Ok(true)
}

/// A page of an account's keys that were not revoked, in order of creation.
///
/// # Errors
/// When the database fails.
pub async fn keys(
    tx: &mut Tx,
    account: ServiceAccountId,
    after: Option<ApiKeyId>,
    limit: i64,
) -> Result<Vec<ApiKeyRecord>, StorageError> {
    let keys = sqlx::query_as(
        "SELECT id, name, created_by, created_at, expires_at, last_used_at FROM api_keys \
         WHERE account_id = $1 AND revoked_at IS NULL AND id > $2 ORDER BY id LIMIT $3",
    )
    .bind(account.0)
    .bind(after.map_or(Uuid::nil(), |id| id.0))
    .bind(limit);
    Ok(keys.fetch_all(&mut **tx).await?)
}

/// Revokes a key and announces it; returns its name, `None` when there is no such key.
///
/// # Errors
/// When the database fails.
pub async fn revoke_key(
    tx: &mut Tx,
    organization: OrganizationId,
    account: ServiceAccountId,
    key: ApiKeyId,
    now: Timestamp,
) -> Result<Option<String>, StorageError> {
    let name: Option<String> = sqlx::query_scalar(
        "UPDATE api_keys SET revoked_at = $3 \
         WHERE id = $1 AND account_id = $2 AND revoked_at IS NULL RETURNING name",
    )
    .bind(key.0)
    .bind(account.0)
    .bind(now.to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    if name.is_some() {
        // To those who hold credentials in memory a key is a login.
        announce(tx, organization, Changed::Session(SessionId(key.0))).await?;
    }
    Ok(name)
}

/// Notes that a key was used, unless that was noted within the last minute.
///
/// # Errors
/// When the database fails.
pub async fn note_use(tx: &mut Tx, key: ApiKeyId, now: Timestamp) -> Result<(), StorageError> {
    sqlx::query(
        "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 \
         AND (last_used_at IS NULL OR last_used_at <= $2 - interval '1 minute')",
    )
    .bind(key.0)
    .bind(now.to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The key behind a token, if key, account and creator are all still good.
///
/// # Errors
/// When the database fails.
pub async fn live(
    tx: &mut Tx,
    hash: TokenHash,
    now: Timestamp,
) -> Result<Option<LiveKey>, StorageError> {
    let row: Option<LiveRow> = sqlx::query_as(select_live!("k.token_hash = $1"))
        .bind(hash.0.as_slice())
        .bind(now.to_sqlx())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.map(Into::into))
}

/// The same by the key's identifier.
///
/// # Errors
/// When the database fails.
pub async fn live_key(
    tx: &mut Tx,
    key: ApiKeyId,
    now: Timestamp,
) -> Result<Option<LiveKey>, StorageError> {
    let row: Option<LiveRow> = sqlx::query_as(select_live!("k.id = $1"))
        .bind(key.0)
        .bind(now.to_sqlx())
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.map(Into::into))
}

#[derive(FromRow)]
struct LiveRow {
    key_id: Uuid,
    account_id: Uuid,
    given: Vec<String>,
    creator_id: Uuid,
    expires_at: Option<jiff_sqlx::Timestamp>,
    last_used_at: Option<jiff_sqlx::Timestamp>,
    #[sqlx(flatten, try_from = "AccessRow")]
    creators: Access,
}

impl From<LiveRow> for LiveKey {
    fn from(row: LiveRow) -> Self {
        Self {
            key: row.key_id.into(),
            account: row.account_id.into(),
            given: PermissionSet::of_words(row.given.iter().map(String::as_str)),
            creator: row.creator_id.into(),
            creators: row.creators,
            expires_at: convert::time(row.expires_at),
            last_used_at: convert::time(row.last_used_at),
        }
    }
}

/// To those who hold credentials in memory an account is known through each of its keys: told as a
/// login, its identifier makes them forget all of these.
async fn announce_account(
    tx: &mut Tx,
    organization: OrganizationId,
    id: ServiceAccountId,
) -> Result<(), StorageError> {
    announce(tx, organization, Changed::Session(SessionId(id.0))).await
}

fn words(permissions: PermissionSet) -> Vec<&'static str> {
    permissions.iter().map(nearhand_domain::access::Permission::as_str).collect()
}
