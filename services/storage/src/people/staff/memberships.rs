//! A person's memberships and grants: departments, groups, tags, queues, roles and modules. Each list is
//! replaced as a whole where it differs. Must not check permissions.

use super::record::StaffRecord;
use crate::{StorageError, Tx};
use nearhand_domain::{
    DepartmentId, OrganizationId,
    access::{Module, ModuleLevel, PermissionSet},
};
use uuid::Uuid;

/// What a person can be a member of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MembershipKind {
    /// Departments.
    Departments,
    /// Groups.
    Groups,
    /// Tags.
    Tags,
    /// Queues.
    Queues,
    /// Roles of the organisation's own.
    Roles,
}

/// Returns those of `ids` that exist, and locks them against removal until the transaction ends. Call it
/// before people are locked: that is the order of all locks.
///
/// # Errors
/// When the database fails.
pub async fn hold(
    tx: &mut Tx,
    kind: MembershipKind,
    ids: &[Uuid],
) -> Result<Vec<Uuid>, StorageError> {
    let statement = match kind {
        // Waits for a change that makes the department inactive, so that nobody is added to it.
        MembershipKind::Departments => {
            "SELECT id FROM departments WHERE id = ANY($1) ORDER BY id FOR SHARE"
        }
        MembershipKind::Groups => {
            "SELECT id FROM groups WHERE id = ANY($1) ORDER BY id FOR KEY SHARE"
        }
        MembershipKind::Tags => "SELECT id FROM tags WHERE id = ANY($1) ORDER BY id FOR KEY SHARE",
        MembershipKind::Queues => {
            "SELECT id FROM queues WHERE id = ANY($1) ORDER BY id FOR KEY SHARE"
        }
        // Waits for a change of the role, so that nobody is granted its old permissions.
        MembershipKind::Roles => "SELECT id FROM roles WHERE id = ANY($1) ORDER BY id FOR SHARE",
    };
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_scalar(statement).bind(ids).fetch_all(&mut **tx).await?)
}

/// The inactive departments among these: nobody can be added to them.
///
/// # Errors
/// When the database fails.
pub async fn inactive_departments(
    tx: &mut Tx,
    ids: &[DepartmentId],
) -> Result<Vec<DepartmentId>, StorageError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let statement = "SELECT id FROM departments WHERE id = ANY($1) AND NOT active";
    let found: Vec<Uuid> = sqlx::query_scalar(statement).bind(ids).fetch_all(&mut **tx).await?;
    Ok(found.into_iter().map(DepartmentId).collect())
}

/// The union of these roles' permissions.
///
/// # Errors
/// When the database fails.
pub async fn permissions_of(tx: &mut Tx, roles: &[Uuid]) -> Result<PermissionSet, StorageError> {
    if roles.is_empty() {
        return Ok(PermissionSet::NONE);
    }
    let words: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT unnest(permissions) FROM roles WHERE id = ANY($1)")
            .bind(roles)
            .fetch_all(&mut **tx)
            .await?;
    Ok(PermissionSet::of_words(words.iter().map(String::as_str)))
}

/// Takes one department or role from the people who are deleted and could be restored: the first
/// statement locks and names them, the second takes it from them.
///
/// # Errors
/// When the database fails.
pub(crate) async fn take_from_the_deleted(
    tx: &mut Tx,
    (deleted, take): (&'static str, &'static str),
    id: Uuid,
) -> Result<(), StorageError> {
    // A restore holds the row of its person: wait, then look whether they still are deleted.
    let deleted: Vec<Uuid> = sqlx::query_scalar(deleted).bind(id).fetch_all(&mut **tx).await?;
    sqlx::query(take).bind(id).bind(deleted).execute(&mut **tx).await?;
    Ok(())
}

/// Writes what differs from `before`, or everything.
///
/// # Errors
/// When the database fails.
pub(super) async fn write(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &StaffRecord,
    before: Option<&StaffRecord>,
) -> Result<(), StorageError> {
    let was = |same: fn(&StaffRecord, &StaffRecord) -> bool| {
        before.is_some_and(|before| same(before, record))
    };
    if !was(|a, b| (&a.departments, a.primary_department) == (&b.departments, b.primary_department))
    {
        replace_departments(tx, organization, record, before.is_some()).await?;
    }
    if !was(|a, b| a.groups == b.groups) {
        let ids = record.groups.iter().map(|id| id.0).collect();
        replace(tx, organization, record, before, GROUPS, ids).await?;
    }
    if !was(|a, b| a.tags == b.tags) {
        let ids = record.tags.iter().map(|id| id.0).collect();
        replace(tx, organization, record, before, TAGS, ids).await?;
    }
    if !was(|a, b| a.queues == b.queues) {
        let ids = record.queues.iter().map(|id| id.0).collect();
        replace(tx, organization, record, before, QUEUES, ids).await?;
    }
    if !was(|a, b| a.roles == b.roles) {
        let ids = record.roles.iter().map(|id| id.0).collect();
        replace(tx, organization, record, before, ROLES, ids).await?;
    }
    if !was(|a, b| a.modules == b.modules) {
        replace_modules(tx, organization, record, before.is_some()).await?;
    }
    Ok(())
}

type Statements = (&'static str, &'static str);

const GROUPS: Statements = (
    "DELETE FROM staff_groups WHERE staff_id = $1",
    "INSERT INTO staff_groups (organization_id, staff_id, group_id) \
     SELECT $1, $2, * FROM unnest($3::uuid[])",
);
const TAGS: Statements = (
    "DELETE FROM staff_tags WHERE staff_id = $1",
    "INSERT INTO staff_tags (organization_id, staff_id, tag_id) \
     SELECT $1, $2, * FROM unnest($3::uuid[])",
);
const QUEUES: Statements = (
    "DELETE FROM staff_queues WHERE staff_id = $1",
    "INSERT INTO staff_queues (organization_id, staff_id, queue_id) \
     SELECT $1, $2, * FROM unnest($3::uuid[])",
);
const ROLES: Statements = (
    "DELETE FROM staff_roles WHERE staff_id = $1",
    "INSERT INTO staff_roles (organization_id, staff_id, role_id) \
     SELECT $1, $2, * FROM unnest($3::uuid[])",
);

async fn replace(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &StaffRecord,
    before: Option<&StaffRecord>,
    (clear, insert): Statements,
    ids: Vec<Uuid>,
) -> Result<(), StorageError> {
    if before.is_some() {
        sqlx::query(clear).bind(record.id.0).execute(&mut **tx).await?;
    }
    if !ids.is_empty() {
        let insert = sqlx::query(insert).bind(organization.0).bind(record.id.0).bind(ids);
        insert.execute(&mut **tx).await?;
    }
    Ok(())
}

async fn replace_departments(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &StaffRecord,
    clear: bool,
) -> Result<(), StorageError> {
    if clear {
        sqlx::query("DELETE FROM staff_departments WHERE staff_id = $1")
            .bind(record.id.0)
            .execute(&mut **tx)
            .await?;
    }
    if record.departments.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = record.departments.iter().map(|DepartmentId(id)| *id).collect();
    sqlx::query(
        "INSERT INTO staff_departments (organization_id, staff_id, department_id, is_primary) \
         SELECT $1, $2, id, id IS NOT DISTINCT FROM $4 FROM unnest($3::uuid[]) AS id",
    )
    .bind(organization.0)
    .bind(record.id.0)
    .bind(ids)
    .bind(record.primary_department.map(|id| id.0))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn replace_modules(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &StaffRecord,
    clear: bool,
) -> Result<(), StorageError> {
    if clear {
        sqlx::query("DELETE FROM staff_modules WHERE staff_id = $1")
            .bind(record.id.0)
            .execute(&mut **tx)
            .await?;
    }
    let kept = record.modules.iter().filter(|(_, level)| *level != ModuleLevel::None);
    let (modules, levels): (Vec<&str>, Vec<&str>) = kept
        .map(|(module, level): &(Module, ModuleLevel)| (module.as_str(), level.as_str()))
        .unzip();
    if modules.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO staff_modules (organization_id, staff_id, module, level) \
         SELECT $1, $2, * FROM unnest($3::text[], $4::text[])",
    )
    .bind(organization.0)
    .bind(record.id.0)
    .bind(modules)
    .bind(levels)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
