//! Services the organisation offers. Must raise the version of everybody whose stated preference
//! goes with a removed service.

use crate::{StorageError, Tx, preferences};
use jiff::Timestamp;
use nearhand_domain::{OrganizationId, ServiceId, StaffId};
use sqlx::FromRow;
use uuid::Uuid;

/// A service as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRecord {
    /// Which.
    pub id: ServiceId,
    /// What people call it; unique in the organisation without regard to case.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    name: String,
    created_at: jiff_sqlx::Timestamp,
}

impl From<Row> for ServiceRecord {
    fn from(row: Row) -> Self {
        Self { id: ServiceId(row.id), name: row.name, created_at: row.created_at.to_jiff() }
    }
}

/// Writes a new service; returns when it was made. Violates `services_name_key` when the name is
/// taken.
///
/// # Errors
/// When the name is taken or the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    id: ServiceId,
    name: &str,
) -> Result<ServiceRecord, StorageError> {
    let row: Row = sqlx::query_as(
        "INSERT INTO services (organization_id, id, name) VALUES ($1, $2, $3) \
         RETURNING id, name, created_at",
    )
    .bind(organization.0)
    .bind(id.0)
    .bind(name)
    .fetch_one(&mut **tx)
    .await?;
    Ok(row.into())
}

/// A service.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: ServiceId) -> Result<Option<ServiceRecord>, StorageError> {
    let row: Option<Row> =
        sqlx::query_as("SELECT id, name, created_at FROM services WHERE id = $1")
            .bind(id.0)
            .fetch_optional(&mut **tx)
            .await?;
    Ok(row.map(ServiceRecord::from))
}

/// A page of services in order of creation.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    after: Option<ServiceId>,
    limit: i64,
) -> Result<Vec<ServiceRecord>, StorageError> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT id, name, created_at FROM services WHERE id > $1 ORDER BY id LIMIT $2",
    )
    .bind(after.map_or(Uuid::nil(), |id| id.0))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(ServiceRecord::from).collect())
}

/// Gives a service another name; `None` when there is no such service. Violates
/// `services_name_key` when the name is taken.
///
/// # Errors
/// When the name is taken or the database fails.
pub async fn rename(
    tx: &mut Tx,
    id: ServiceId,
    name: &str,
) -> Result<Option<ServiceRecord>, StorageError> {
    let row: Option<Row> = sqlx::query_as(
        "UPDATE services SET name = $2 WHERE id = $1 RETURNING id, name, created_at",
    )
    .bind(id.0)
    .bind(name)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(ServiceRecord::from))
}

/// Removes a service with everybody's preference for it, and raises those people's versions.
/// Violates `case_services_service_fkey` while a case asks for it. Returns who preferred it, or
/// `None` when there is no such service.
///
/// # Errors
/// When a case asks for it or the database fails.
pub async fn delete(
    tx: &mut Tx,
    organization: OrganizationId,
    id: ServiceId,
) -> Result<Option<Vec<StaffId>>, StorageError> {
    // Held alone first: from here on nobody can come to prefer it.
    let there: Option<i32> = sqlx::query_scalar("SELECT 1 FROM services WHERE id = $1 FOR UPDATE")
        .bind(id.0)
        .fetch_optional(&mut **tx)
        .await?;
    if there.is_none() {
        return Ok(None);
    }
    let people: Vec<Uuid> =
        sqlx::query_scalar("SELECT staff_id FROM staff_services WHERE service_id = $1")
            .bind(id.0)
            .fetch_all(&mut **tx)
            .await?;
    preferences::raise_all(tx, organization, &people).await?;
    sqlx::query("DELETE FROM services WHERE id = $1").bind(id.0).execute(&mut **tx).await?;
    Ok(Some(people.into_iter().map(StaffId).collect()))
}

/// Which of these services there are; those cannot be removed until the transaction ends. Call
/// before locking people, as removing a service does.
///
/// # Errors
/// When the database fails.
pub async fn hold(tx: &mut Tx, ids: &[ServiceId]) -> Result<Vec<ServiceId>, StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let found: Vec<Uuid> =
        sqlx::query_scalar("SELECT id FROM services WHERE id = ANY($1) ORDER BY id FOR KEY SHARE")
            .bind(ids)
            .fetch_all(&mut **tx)
            .await?;
    Ok(found.into_iter().map(ServiceId).collect())
}
