//! Who is in any of some tags, groups and departments. Must read memberships anew each time: they
//! change at any moment.

use super::MembershipKind;
use crate::{StorageError, Tx};
use nearhand_domain::StaffId;
use uuid::Uuid;

/// Those of `ids` that exist. Nothing is locked.
///
/// # Errors
/// When the database fails.
pub async fn existing(
    tx: &mut Tx,
    kind: MembershipKind,
    ids: &[Uuid],
) -> Result<Vec<Uuid>, StorageError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let statement = match kind {
        MembershipKind::Departments => "SELECT id FROM departments WHERE id = ANY($1)",
        MembershipKind::Groups => "SELECT id FROM groups WHERE id = ANY($1)",
        MembershipKind::Tags => "SELECT id FROM tags WHERE id = ANY($1)",
        MembershipKind::Queues => "SELECT id FROM queues WHERE id = ANY($1)",
        MembershipKind::Roles => "SELECT id FROM roles WHERE id = ANY($1)",
    };
    Ok(sqlx::query_scalar(statement).bind(ids).fetch_all(&mut **tx).await?)
}

/// The people who have one of these tags or belong to one of these groups or departments, by id,
/// each once. Deleted people have no memberships that count.
///
/// # Errors
/// When the database fails.
pub async fn in_any(
    tx: &mut Tx,
    tags: &[Uuid],
    groups: &[Uuid],
    departments: &[Uuid],
) -> Result<Vec<StaffId>, StorageError> {
    let people: Vec<Uuid> = sqlx::query_scalar(
        "SELECT staff_id FROM staff_tags WHERE tag_id = ANY($1) \
         UNION SELECT staff_id FROM staff_groups WHERE group_id = ANY($2) \
         UNION SELECT staff_id FROM staff_departments WHERE department_id = ANY($3) ORDER BY 1",
    )
    .bind(tags)
    .bind(groups)
    .bind(departments)
    .fetch_all(&mut **tx)
    .await?;
    Ok(people.into_iter().map(StaffId).collect())
}
