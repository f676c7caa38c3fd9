//! Clients: those whom cases are done for, with the people on their panels and the people they do
//! not want. Must not read cases.

use crate::{Conflict, StorageError, Tx, error::OnConstraint};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{ClientId, OrganizationId, StaffId};
use sqlx::FromRow;
use uuid::Uuid;

/// A client as stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct ClientRecord {
    /// Which.
    #[sqlx(try_from = "Uuid")]
    pub id: ClientId,
    /// Raised by every write; also the ETag.
    pub version: i64,
    /// Unique in the organisation without regard to case.
    pub name: String,
    /// What people should know about it.
    pub notes: String,
    /// Whether only people on the panel may work for it.
    pub panel_required: bool,
    /// Whether new cases may name it.
    pub active: bool,
    /// When it was made.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub created_at: Timestamp,
}

/// How people stand with a client, by id; those who are deleted are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientPeople {
    /// On its panel.
    pub panel: Vec<StaffId>,
    /// Not wanted.
    pub excluded: Vec<StaffId>,
}

/// Which clients a list shows.
#[derive(Clone, Debug, Default)]
pub struct ClientFilter {
    /// Only those whose names begin so, without regard to case.
    pub name_prefix: Option<String>,
    /// Only those that are active, or are not.
    pub active: Option<bool>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, version, name, notes, panel_required, active, created_at FROM clients ",
            $rest
        )
    };
}

/// Writes a new client.
///
/// # Errors
/// [`Conflict::NameTaken`], or the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &ClientRecord,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO clients (organization_id, id, version, name, notes, panel_required, active, \
         created_at) VALUES ($1, $2, 1, $3, $4, $5, $6, $7)",
    )
    .bind(organization.0)
    .bind(record.id.0)
    .bind(&record.name)
    .bind(&record.notes)
    .bind(record.panel_required)
    .bind(record.active)
    .bind(record.created_at.to_sqlx())
    .execute(&mut **tx)
    .await
    .on_constraint("clients_name_key", Conflict::NameTaken)?;
    Ok(())
}

/// A client.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: ClientId) -> Result<Option<ClientRecord>, StorageError> {
    Ok(sqlx::query_as(select!("WHERE id = $1")).bind(id.0).fetch_optional(&mut **tx).await?)
}

/// The same, locked until the transaction ends: no case can come to name it meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: ClientId) -> Result<Option<ClientRecord>, StorageError> {
    let statement = select!("WHERE id = $1 FOR UPDATE");
    Ok(sqlx::query_as(statement).bind(id.0).fetch_optional(&mut **tx).await?)
}

/// A client that cannot be removed or changed until the transaction ends. Call before locking cases
/// or people.
///
/// # Errors
/// When the database fails.
pub async fn hold(tx: &mut Tx, id: ClientId) -> Result<Option<ClientRecord>, StorageError> {
    let statement = select!("WHERE id = $1 FOR SHARE");
    Ok(sqlx::query_as(statement).bind(id.0).fetch_optional(&mut **tx).await?)
}

/// A page of clients in order of creation.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    filter: &ClientFilter,
    after: Option<ClientId>,
    limit: i64,
) -> Result<Vec<ClientRecord>, StorageError> {
    let statement = select!(
        "WHERE id > $1 AND ($2::text IS NULL OR starts_with(lower(name), lower($2))) \
         AND ($3::boolean IS NULL OR active = $3) ORDER BY id LIMIT $4"
    );
    Ok(sqlx::query_as(statement)
        .bind(after.map_or(Uuid::nil(), |id| id.0))
        .bind(&filter.name_prefix)
        .bind(filter.active)
        .bind(limit)
        .fetch_all(&mut **tx)
        .await?)
}

/// Writes a client, which must be locked, back, and returns its new version.
///
/// # Errors
/// [`Conflict::NameTaken`], or the database fails.
pub async fn update(tx: &mut Tx, record: &ClientRecord) -> Result<i64, StorageError> {
    sqlx::query_scalar(
        "UPDATE clients SET name = $2, notes = $3, panel_required = $4, active = $5, \
         version = version + 1 WHERE id = $1 RETURNING version",
    )
    .bind(record.id.0)
    .bind(&record.name)
    .bind(&record.notes)
    .bind(record.panel_required)
    .bind(record.active)
    .fetch_one(&mut **tx)
    .await
    .on_constraint("clients_name_key", Conflict::NameTaken)
}

/// Removes a client, which must be locked, with its panel and exclusions.
///
/// # Errors
/// [`Conflict::ClientInUse`] while a case names it, or the database fails.
pub async fn delete(tx: &mut Tx, id: ClientId) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM clients WHERE id = $1")
        .bind(id.0)
        .execute(&mut **tx)
        .await
        .on_constraint("cases_client_fkey", Conflict::ClientInUse)?;
    Ok(())
}

/// The panel and the exclusions of a client.
///
/// # Errors
/// When the database fails.
pub async fn people(tx: &mut Tx, id: ClientId) -> Result<ClientPeople, StorageError> {
    let rows: Vec<(Uuid, bool)> = sqlx::query_as(
        "SELECT p.staff_id, p.standing = 'panel' FROM client_staff AS p \
         JOIN staff AS s ON s.id = p.staff_id \
         WHERE p.client_id = $1 AND s.deleted_at IS NULL ORDER BY p.staff_id",
    )
    .bind(id.0)
    .fetch_all(&mut **tx)
    .await?;
    let (panel, excluded): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, panel)| *panel);
    let ids = |rows: Vec<(Uuid, bool)>| rows.into_iter().map(|(id, _)| StaffId(id)).collect();
    Ok(ClientPeople { panel: ids(panel), excluded: ids(excluded) })
}

/// Which of these people there are; those cannot be purged until the transaction ends. Call after
/// locking the client.
///
/// # Errors
/// When the database fails.
pub async fn hold_people(tx: &mut Tx, people: &[StaffId]) -> Result<Vec<StaffId>, StorageError> {
    let ids: Vec<Uuid> = people.iter().map(|id| id.0).collect();
    let found: Vec<Uuid> = sqlx::query_scalar(
        "SELECT id FROM staff WHERE id = ANY($1) AND deleted_at IS NULL ORDER BY id FOR KEY SHARE",
    )
    .bind(ids)
    .fetch_all(&mut **tx)
    .await?;
    Ok(found.into_iter().map(StaffId).collect())
}

/// Replaces panel and exclusions of a client, which must be locked and the people held, and returns
/// its new version. Nobody may be in both lists. How deleted people stood with it is kept, as they
/// may be restored.
///
/// # Errors
/// When the database fails.
pub async fn replace_people(
    tx: &mut Tx,
    organization: OrganizationId,
    id: ClientId,
    people: &ClientPeople,
) -> Result<i64, StorageError> {
    sqlx::query(
        "DELETE FROM client_staff AS p USING staff AS s \
         WHERE p.client_id = $1 AND s.id = p.staff_id AND s.deleted_at IS NULL",
    )
    .bind(id.0)
    .execute(&mut **tx)
    .await?;
    let ids: Vec<Uuid> = people.panel.iter().chain(&people.excluded).map(|id| id.0).collect();
    let panel = people.panel.iter().map(|_| "panel");
    let standings: Vec<&str> = panel.chain(people.excluded.iter().map(|_| "excluded")).collect();
    sqlx::query(
        "INSERT INTO client_staff (organization_id, client_id, staff_id, standing) \
         SELECT $1, $2, * FROM unnest($3::uuid[], $4::text[]) \
         ON CONFLICT (client_id, staff_id) DO UPDATE SET standing = EXCLUDED.standing",
    )
    .bind(organization.0)
    .bind(id.0)
    .bind(ids)
    .bind(standings)
    .execute(&mut **tx)
    .await?;
    Ok(sqlx::query_scalar(
        "UPDATE clients SET version = version + 1 WHERE id = $1 RETURNING version",
    )
    .bind(id.0)
    .fetch_one(&mut **tx)
    .await?)
}
