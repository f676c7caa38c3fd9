//! Roles that an organisation made for itself, who holds them, and how many people have which role.
//! Must not end a holder's sessions by itself: `sessions::end_all_of` does.

use crate::{
    Conflict, StorageError, Tx,
    error::OnConstraint,
    staff::take_from_the_deleted,
    staff::{Access, AccessRow, access_columns, push_scope},
};
use jiff::Timestamp;
use nearhand_domain::{
    OrganizationId, RoleId, StaffId,
    access::{AdminRole, ComputedRole, PeopleScope, PermissionSet},
};
use sqlx::{FromRow, Postgres, QueryBuilder};
use std::collections::HashMap;
use uuid::Uuid;

/// A role as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRecord {
    /// Which.
    pub id: RoleId,
    /// Raised by every write; also the ETag.
    pub version: i64,
    /// Unique in the organisation without regard to case.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it allows.
    pub permissions: PermissionSet,
    /// When it was made.
    pub created_at: Timestamp,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    name: String,
    description: String,
    permissions: Vec<String>,
    created_at: jiff_sqlx::Timestamp,
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, version, name, description, permissions, created_at FROM roles ", $rest)
    };
}

impl From<Row> for RoleRecord {
    fn from(row: Row) -> Self {
        Self {
            id: row.id.into(),
            version: row.version,
            name: row.name,
            description: row.description,
            permissions: PermissionSet::of_words(row.permissions.iter().map(String::as_str)),
            created_at: row.created_at.to_jiff(),
        }
    }
}

/// Writes a new role.
///
/// # Errors
/// [`Conflict::NameTaken`], or the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &RoleRecord,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO roles (organization_id, id, name, description, permissions, created_at, \
         version) VALUES ($1, $2, $3, $4, $5, $6, 1)",
    )
    .bind(organization.0)
    .bind(record.id.0)
    .bind(&record.name)
    .bind(&record.description)
    .bind(words(record.permissions))
    .bind(jiff_sqlx::ToSqlx::to_sqlx(record.created_at))
    .execute(&mut **tx)
    .await
    .on_constraint("roles_name_key", Conflict::NameTaken)?;
    Ok(())
}

/// A role.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: RoleId) -> Result<Option<RoleRecord>, StorageError> {
    let row: Option<Row> =
        sqlx::query_as(select!("WHERE id = $1")).bind(id.0).fetch_optional(&mut **tx).await?;
    Ok(row.map(RoleRecord::from))
}

/// The same, locked until the transaction ends: nobody can be given it meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: RoleId) -> Result<Option<RoleRecord>, StorageError> {
    let row: Option<Row> = sqlx::query_as(select!("WHERE id = $1 FOR UPDATE"))
        .bind(id.0)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(row.map(RoleRecord::from))
}

/// These roles, by name.
///
/// # Errors
/// When the database fails.
pub async fn of_ids(tx: &mut Tx, ids: &[RoleId]) -> Result<Vec<RoleRecord>, StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows: Vec<Row> = sqlx::query_as(select!("WHERE id = ANY($1) ORDER BY name"))
        .bind(ids)
        .fetch_all(&mut **tx)
        .await?;
    Ok(rows.into_iter().map(RoleRecord::from).collect())
}

/// A page of roles in order of creation.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<RoleRecord>, StorageError> {
    let rows: Vec<Row> = sqlx::query_as(select!("WHERE id > $1 ORDER BY id LIMIT $2"))
        .bind(after.unwrap_or_default())
        .bind(limit)
        .fetch_all(&mut **tx)
        .await?;
    Ok(rows.into_iter().map(RoleRecord::from).collect())
}

/// Writes a role, which must be locked, back; returns its new version.
///
/// # Errors
/// [`Conflict::NameTaken`], or the database fails.
pub async fn update(tx: &mut Tx, record: &RoleRecord) -> Result<i64, StorageError> {
    sqlx::query_scalar(
        "UPDATE roles SET name = $2, description = $3, permissions = $4, version = version + 1 \
         WHERE id = $1 RETURNING version",
    )
    .bind(record.id.0)
    .bind(&record.name)
    .bind(&record.description)
    .bind(words(record.permissions))
    .fetch_one(&mut **tx)
    .await
    .on_constraint("roles_name_key", Conflict::NameTaken)
}

/// Removes a role, which must be locked, also from deleted people.
///
/// # Errors
/// [`Conflict::RoleInUse`] while somebody who is not deleted has it, or the database fails.
pub async fn delete(tx: &mut Tx, id: RoleId) -> Result<(), StorageError> {
    let statements = (
        "SELECT s.id FROM staff AS s JOIN staff_roles AS m ON m.staff_id = s.id \
         WHERE m.role_id = $1 AND s.deleted_at IS NOT NULL ORDER BY s.id FOR UPDATE OF s",
        "DELETE FROM staff_roles WHERE role_id = $1 AND staff_id = ANY($2)",
    );
    take_from_the_deleted(tx, statements, id.0).await?;
    sqlx::query("DELETE FROM roles WHERE id = $1")
        .bind(id.0)
        .execute(&mut **tx)
        .await
        .on_constraint("staff_roles_role_fkey", Conflict::RoleInUse)?;
    Ok(())
}

/// Locks everybody not deleted who has a role, which must be locked itself, in the order of their
/// ids.
///
/// # Errors
/// When the database fails.
pub async fn lock_holders(tx: &mut Tx, id: RoleId) -> Result<(), StorageError> {
    sqlx::query(
        "SELECT 1 FROM staff AS p JOIN staff_roles AS m ON m.staff_id = p.id \
         WHERE m.role_id = $1 AND p.deleted_at IS NULL ORDER BY p.id FOR UPDATE OF p",
    )
    .bind(id.0)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct HolderRow {
    id: Uuid,
    #[sqlx(flatten, try_from = "AccessRow")]
    access: Access,
}

/// Everybody not deleted who has a role, with what they may do as things are now.
///
/// # Errors
/// When the database fails.
pub async fn holders(tx: &mut Tx, id: RoleId) -> Result<Vec<(StaffId, Access)>, StorageError> {
    let rows: Vec<HolderRow> = sqlx::query_as(concat!(
        "SELECT p.id, ",
        access_columns!(),
        " FROM staff AS p JOIN staff_roles AS held ON held.staff_id = p.id \
         WHERE held.role_id = $1 AND p.deleted_at IS NULL ORDER BY p.id"
    ))
    .bind(id.0)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id.into(), row.access)).collect())
}

/// How many people who are not deleted have which role.
#[derive(Clone, Debug, Default)]
pub struct Headcount {
    built_in: HashMap<String, i64>,
    custom: HashMap<Uuid, i64>,
    registered: i64,
    verified: i64,
}

impl Headcount {
    /// Of an administrative role.
    #[must_use]
    pub fn built_in(&self, role: AdminRole) -> i64 {
        self.built_in.get(role.as_str()).copied().unwrap_or(0)
    }

    /// Of a computed role.
    #[must_use]
    pub fn computed(&self, role: ComputedRole) -> i64 {
        match role {
            ComputedRole::Everyone => self.built_in.values().sum(),
            ComputedRole::Registered => self.registered,
            ComputedRole::VerifiedEmail => self.verified,
        }
    }

    /// Of a role of the organisation's own.
    #[must_use]
    pub fn custom(&self, role: RoleId) -> i64 {
        self.custom.get(&role.0).copied().unwrap_or(0)
    }
}

/// Counts the people in `scope` by role. O(people).
///
/// # Errors
/// When the database fails.
pub async fn count(tx: &mut Tx, scope: PeopleScope<'_>) -> Result<Headcount, StorageError> {
    let mut query = QueryBuilder::<Postgres>::new(
        "SELECT s.admin_role, count(*), \
         count(*) FILTER (WHERE EXISTS (SELECT FROM credentials AS c WHERE c.staff_id = s.id \
           AND NOT c.temporary)), \
         count(*) FILTER (WHERE s.email IS NOT NULL AND ( \
           EXISTS (SELECT FROM invitations AS i WHERE i.staff_id = s.id \
             AND i.accepted_at IS NOT NULL) OR \
           EXISTS (SELECT FROM email_changes AS e WHERE e.staff_id = s.id \
             AND e.confirmed_at IS NOT NULL))) \
         FROM staff AS s WHERE s.deleted_at IS NULL",
    );
    push_scope(&mut query, scope);
    query.push(" GROUP BY s.admin_role");
    let rows: Vec<(String, i64, i64, i64)> = query.build_query_as().fetch_all(&mut **tx).await?;
    let mut counted = Headcount::default();
    for (role, people, registered, verified) in rows {
        counted.built_in.insert(role, people);
        counted.registered += registered;
        counted.verified += verified;
    }
    let mut query = QueryBuilder::<Postgres>::new(
        "SELECT m.role_id, count(*) FROM staff_roles AS m JOIN staff AS s ON s.id = m.staff_id \
         WHERE s.deleted_at IS NULL",
    );
    push_scope(&mut query, scope);
    query.push(" GROUP BY m.role_id");
    let rows: Vec<(Uuid, i64)> = query.build_query_as().fetch_all(&mut **tx).await?;
    counted.custom = rows.into_iter().collect();
    Ok(counted)
}

fn words(permissions: PermissionSet) -> Vec<&'static str> {
    permissions.iter().map(nearhand_domain::access::Permission::as_str).collect()
}
