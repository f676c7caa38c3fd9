//! Ranking policies and their versions. Must never change a version once it is written: each
//! change writes the next one.
//!
//! Settings are JSON here; only ranking knows what they mean.

use crate::{AppPool, Conflict, StorageError, Tx, convert, error::OnConstraint};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{CaseId, OrganizationId, PolicyId, StaffId};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

/// A policy with the settings of its current version.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyRecord {
    /// Which.
    pub id: PolicyId,
    /// The current version; raised by every change, also the ETag.
    pub version: i64,
    /// Unique among those not archived, without regard to case.
    pub name: String,
    /// The preset its settings were first taken from.
    pub preset: Option<String>,
    /// The current version's.
    pub settings: serde_json::Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was archived, if it was.
    pub archived_at: Option<Timestamp>,
}

/// One version of a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyVersion {
    /// From 1.
    pub version: i64,
    /// What the policy was called.
    pub name: String,
    /// Its settings.
    pub settings: serde_json::Value,
    /// Who made it.
    pub created_by: StaffId,
    /// When.
    pub created_at: Timestamp,
    /// When a recommendation first used it, if one did.
    pub used_at: Option<Timestamp>,
}

/// A policy as a recommendation finds it.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyFound {
    /// Which.
    pub id: PolicyId,
    /// Whether it is archived.
    pub archived: bool,
    /// The version asked for, or the current one; `None`: there is no such version.
    pub version: Option<PolicyVersion>,
}

/// What a preview must know of a case before it is ranked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreviewCase {
    /// Which.
    pub id: CaseId,
    /// Whether it has a position.
    pub located: bool,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    name: String,
    preset: Option<String>,
    settings: Json<serde_json::Value>,
    created_at: jiff_sqlx::Timestamp,
    archived_at: Option<jiff_sqlx::Timestamp>,
}

#[derive(FromRow)]
struct VersionRow {
    version: i64,
    name: String,
    settings: Json<serde_json::Value>,
    created_by: Uuid,
    created_at: jiff_sqlx::Timestamp,
    used_at: Option<jiff_sqlx::Timestamp>,
}

#[derive(FromRow)]
struct FoundRow {
    policy_id: Uuid,
    archived: bool,
    version: Option<i64>,
    name: Option<String>,
    settings: Option<Json<serde_json::Value>>,
    created_by: Option<Uuid>,
    created_at: Option<jiff_sqlx::Timestamp>,
    used_at: Option<jiff_sqlx::Timestamp>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.version, p.name, p.preset, v.settings, p.created_at, p.archived_at \
             FROM policies AS p JOIN policy_versions AS v \
             ON v.policy_id = p.id AND v.version = p.version ",
            $rest
        )
    };
}

impl From<Row> for PolicyRecord {
    fn from(row: Row) -> Self {
        Self {
            id: PolicyId(row.id),
            version: row.version,
            name: row.name,
            preset: row.preset,
            settings: row.settings.0,
            created_at: row.created_at.to_jiff(),
            archived_at: convert::time(row.archived_at),
        }
    }
}

impl From<VersionRow> for PolicyVersion {
    fn from(row: VersionRow) -> Self {
        Self {
            version: row.version,
            name: row.name,
            settings: row.settings.0,
            created_by: StaffId(row.created_by),
            created_at: row.created_at.to_jiff(),
            used_at: convert::time(row.used_at),
        }
    }
}

impl FoundRow {
    fn into_found(self) -> PolicyFound {
        let version = || {
            Some(PolicyVersion {
                version: self.version?,
                name: self.name?,
                settings: self.settings?.0,
                created_by: StaffId(self.created_by?),
                created_at: self.created_at?.to_jiff(),
                used_at: convert::time(self.used_at),
            })
        };
        PolicyFound { id: PolicyId(self.policy_id), archived: self.archived, version: version() }
    }
}

/// Writes a new policy and its first version.
///
/// # Errors
/// [`Conflict::NameTaken`], or the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &PolicyRecord,
    by: StaffId,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO policies (organization_id, id, version, name, preset, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(organization.0)
    .bind(record.id.0)
    .bind(record.version)
    .bind(&record.name)
    .bind(&record.preset)
    .bind(record.created_at.to_sqlx())
    .execute(&mut **tx)
    .await
    .on_constraint("policies_name_key", Conflict::NameTaken)?;
    insert_version(tx, organization, record, by).await
}

/// A policy, also an archived one.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: PolicyId) -> Result<Option<PolicyRecord>, StorageError> {
    let row: Option<Row> =
        sqlx::query_as(select!("WHERE p.id = $1")).bind(id.0).fetch_optional(&mut **tx).await?;
    Ok(row.map(PolicyRecord::from))
}

/// The same, locked until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: PolicyId) -> Result<Option<PolicyRecord>, StorageError> {
    // First the lock, then the read: a waiter must see the version that the other wrote.
    sqlx::query("SELECT 1 FROM policies WHERE id = $1 FOR UPDATE")
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    get(tx, id).await
}

/// A page of policies in order of creation; with `archived`, those that are.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    archived: bool,
    after: Option<PolicyId>,
    limit: i64,
) -> Result<Vec<PolicyRecord>, StorageError> {
    let rows: Vec<Row> = sqlx::query_as(select!(
        "WHERE p.id > $1 AND (p.archived_at IS NOT NULL) = $2 ORDER BY p.id LIMIT $3"
    ))
    .bind(after.map_or(Uuid::nil(), |id| id.0))
    .bind(archived)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(PolicyRecord::from).collect())
}

/// A page of a policy's versions, newest first, from before the given one.
///
/// # Errors
/// When the database fails.
pub async fn versions(
    tx: &mut Tx,
    id: PolicyId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<PolicyVersion>, StorageError> {
    let rows: Vec<VersionRow> = sqlx::query_as(
        "SELECT version, name, settings, created_by, created_at, used_at FROM policy_versions \
         WHERE policy_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3",
    )
    .bind(id.0)
    .bind(before.unwrap_or(i64::MAX))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(PolicyVersion::from).collect())
}

/// Writes the next version of a policy, which must be locked; `after` has its number.
///
/// # Errors
/// [`Conflict::NameTaken`], or the database fails.
pub async fn update(
    tx: &mut Tx,
    organization: OrganizationId,
    after: &PolicyRecord,
    by: StaffId,
) -> Result<(), StorageError> {
    sqlx::query("UPDATE policies SET version = $2, name = $3, preset = $4 WHERE id = $1")
        .bind(after.id.0)
        .bind(after.version)
        .bind(&after.name)
        .bind(&after.preset)
        .execute(&mut **tx)
        .await
        .on_constraint("policies_name_key", Conflict::NameTaken)?;
    insert_version(tx, organization, after, by).await
}

/// Archives a policy, which must be locked and not be the organisation's default.
///
/// # Errors
/// When the database fails.
pub async fn archive(tx: &mut Tx, id: PolicyId) -> Result<(), StorageError> {
    sqlx::query(
        "UPDATE policies SET archived_at = date_trunc('milliseconds', now()) WHERE id = $1",
    )
    .bind(id.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whether another policy that is not archived has this name.
///
/// # Errors
/// When the database fails.
pub async fn name_is_taken(
    tx: &mut Tx,
    name: &str,
    except: Option<PolicyId>,
) -> Result<bool, StorageError> {
    let taken = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM policies WHERE lower(name) = lower($1) \
         AND archived_at IS NULL AND id IS DISTINCT FROM $2)",
    );
    Ok(taken.bind(name).bind(except.map(|id| id.0)).fetch_one(&mut **tx).await?)
}

/// The policy to rank by, in one round trip: the one asked for, or the organisation's default, in
/// this version or the current one. `None`: there is no such policy, or no default. The statement
/// binds its own transaction to the tenant, as [`crate::cases::look`] does.
///
/// # Errors
/// When the database fails.
pub async fn look(
    pool: &AppPool,
    organization: OrganizationId,
    id: Option<PolicyId>,
    version: Option<i64>,
) -> Result<Option<PolicyFound>, StorageError> {
    let row: Option<FoundRow> = sqlx::query_as(
        "WITH bound AS MATERIALIZED (SELECT set_config('app.organization_id', $1::text, true) \
         AS organization_id) SELECT found.* FROM bound CROSS JOIN LATERAL ( \
           SELECT p.id AS policy_id, p.archived_at IS NOT NULL AS archived, v.version, v.name, \
             v.settings, v.created_by, v.created_at, v.used_at \
           FROM organizations AS o JOIN policies AS p ON p.organization_id = o.organization_id \
             AND p.id = coalesce($2, o.default_policy_id) \
           LEFT JOIN policy_versions AS v ON v.organization_id = o.organization_id \
             AND v.policy_id = p.id AND v.version = coalesce($3, p.version) \
           WHERE o.organization_id = bound.organization_id::uuid OFFSET 0) AS found",
    )
    .bind(organization.0)
    .bind(id.map(|id| id.0))
    .bind(version)
    .fetch_optional(pool.pool())
    .await?;
    Ok(row.map(FoundRow::into_found))
}

/// Notes that a recommendation uses a version. Costs a write only the first time; whoever has read
/// that it was used need not ask.
///
/// # Errors
/// When the database fails.
pub async fn mark_used(tx: &mut Tx, id: PolicyId, version: i64) -> Result<(), StorageError> {
    sqlx::query(
        "UPDATE policy_versions SET used_at = date_trunc('milliseconds', now()) \
         WHERE policy_id = $1 AND version = $2 AND used_at IS NULL",
    )
    .bind(id.0)
    .bind(version)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The newest open cases, newest first; or, of these, those that are there, in their order.
///
/// # Errors
/// When the database fails.
pub async fn cases_to_preview(
    tx: &mut Tx,
    among: Option<&[CaseId]>,
    limit: i64,
) -> Result<Vec<PreviewCase>, StorageError> {
    let among: Option<Vec<Uuid>> = among.map(|ids| ids.iter().map(|id| id.0).collect());
    let rows: Vec<(Uuid, bool)> = sqlx::query_as(
        "SELECT id, position IS NOT NULL FROM cases \
         WHERE CASE WHEN $1::uuid[] IS NULL THEN status = 'open' ELSE id = ANY($1) END \
         ORDER BY array_position($1, id), id DESC LIMIT $2",
    )
    .bind(among)
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    let case = |(id, located)| PreviewCase { id: CaseId(id), located };
    Ok(rows.into_iter().map(case).collect())
}

async fn insert_version(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &PolicyRecord,
    by: StaffId,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO policy_versions (organization_id, policy_id, version, name, settings, \
         created_by) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(organization.0)
    .bind(record.id.0)
    .bind(record.version)
    .bind(&record.name)
    .bind(Json(&record.settings))
    .bind(by.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
