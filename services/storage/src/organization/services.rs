//! Services the organisation offers. Must raise the version of everybody whose stated preference
//! goes with a removed service.

use crate::{Conflict, StorageError, Tx, error::OnConstraint, preferences};
use jiff::Timestamp;
use nearhand_domain::{OrganizationId, ServiceId, StaffId};
use sqlx::FromRow;
use uuid::Uuid;

/// A service as stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct ServiceRecord {
    /// Which.
    #[sqlx(try_from = "Uuid")]
    pub id: ServiceId,
    /// Raised by every write; also the ETag.
    pub version: i64,
    /// What people call it; unique in the organisation without regard to case.
    pub name: String,
    /// When it was made.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub created_at: Timestamp,
}

/// Writes a new service.
///
/// # Errors
/// [`Conflict::NameTaken`], or the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    id: ServiceId,
    name: &str,
) -> Result<ServiceRecord, StorageError> {
    sqlx::query_as(
        "INSERT INTO services (organization_id, id, name) VALUES ($1, $2, $3) \
         RETURNING id, version, name, created_at",
    )
    .bind(organization.0)
    .bind(id.0)
    .bind(name)
    .fetch_one(&mut **tx)
    .await
    .on_constraint("services_name_key", Conflict::NameTaken)
}

/// A service.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: ServiceId) -> Result<Option<ServiceRecord>, StorageError> {
    let statement = "SELECT id, version, name, created_at FROM services WHERE id = $1";
    Ok(sqlx::query_as(statement).bind(id.0).fetch_optional(&mut **tx).await?)
}

/// The same, locked until the transaction ends: nobody can come to prefer it meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: ServiceId) -> Result<Option<ServiceRecord>, StorageError> {
    let statement = "SELECT id, version, name, created_at FROM services WHERE id = $1 FOR UPDATE";
    Ok(sqlx::query_as(statement).bind(id.0).fetch_optional(&mut **tx).await?)
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
    let statement =
        "SELECT id, version, name, created_at FROM services WHERE id > $1 ORDER BY id LIMIT $2";
    let after = after.map_or(Uuid::nil(), |id| id.0);
    Ok(sqlx::query_as(statement).bind(after).bind(limit).fetch_all(&mut **tx).await?)
}

/// Gives a service, which must be locked, another name.
///
/// # Errors
/// [`Conflict::NameTaken`], or the database fails.
pub async fn rename(tx: &mut Tx, id: ServiceId, name: &str) -> Result<ServiceRecord, StorageError> {
    sqlx::query_as(
        "UPDATE services SET name = $2, version = version + 1 WHERE id = $1 \
         RETURNING id, version, name, created_at",
    )
    .bind(id.0)
    .bind(name)
    .fetch_one(&mut **tx)
    .await
    .on_constraint("services_name_key", Conflict::NameTaken)
}

/// Removes a service, which must be locked, with everybody's preference for it, and raises those
/// people's versions. Returns who preferred it.
///
/// # Errors
/// [`Conflict::ServiceInUse`] while a case asks for it, or the database fails.
pub async fn delete(
    tx: &mut Tx,
    organization: OrganizationId,
    id: ServiceId,
) -> Result<Vec<StaffId>, StorageError> {
    let people: Vec<Uuid> =
        sqlx::query_scalar("SELECT staff_id FROM staff_services WHERE service_id = $1")
            .bind(id.0)
            .fetch_all(&mut **tx)
            .await?;
    preferences::raise_all(tx, organization, &people).await?;
    sqlx::query("DELETE FROM services WHERE id = $1")
        .bind(id.0)
        .execute(&mut **tx)
        .await
        .on_constraint("case_services_service_fkey", Conflict::ServiceInUse)?;
    Ok(people.into_iter().map(StaffId).collect())
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
