//! The names of all departments, groups, tags, queues and roles, for tables of people. Must not read
//! people.

use crate::{StorageError, Tx};
use nearhand_domain::{DepartmentId, access::PermissionSet};
use uuid::Uuid;

/// The names of all departments, groups, tags, queues and roles of an organisation.
#[derive(Clone, Debug, Default)]
pub struct MembershipNames {
    /// Departments.
    pub departments: Vec<(Uuid, String)>,
    /// Departments that nobody can be added to.
    pub inactive: Vec<DepartmentId>,
    /// Groups.
    pub groups: Vec<(Uuid, String)>,
    /// Tags.
    pub tags: Vec<(Uuid, String)>,
    /// Queues.
    pub queues: Vec<(Uuid, String)>,
    /// Roles of the organisation's own.
    pub roles: Vec<(Uuid, String)>,
    /// The permissions of each of those roles.
    pub permissions: Vec<(Uuid, PermissionSet)>,
}

impl MembershipNames {
    /// The union of these roles' permissions.
    #[must_use]
    pub fn permissions_of(&self, roles: impl Iterator<Item = Uuid>) -> PermissionSet {
        roles.fold(PermissionSet::NONE, |set, id| {
            let role = self.permissions.iter().find(|(role, _)| *role == id);
            role.map_or(set, |(_, permissions)| set.union(*permissions))
        })
    }
}

/// Reads them, in one statement.
///
/// # Errors
/// When the database fails.
pub async fn read(tx: &mut Tx) -> Result<MembershipNames, StorageError> {
    let rows: Vec<(String, Uuid, String, Vec<String>)> = sqlx::query_as(
        "SELECT CASE WHEN active THEN 'department' ELSE 'inactive' END, id, name, '{}'::text[] \
         FROM departments \
         UNION ALL SELECT 'group', id, name, '{}' FROM groups \
         UNION ALL SELECT 'tag', id, name, '{}' FROM tags \
         UNION ALL SELECT 'queue', id, name, '{}' FROM queues \
         UNION ALL SELECT 'role', id, name, permissions FROM roles",
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut names = MembershipNames::default();
    for (kind, id, name, permissions) in rows {
        match kind.as_str() {
            "department" => names.departments.push((id, name)),
            "inactive" => {
                names.inactive.push(DepartmentId(id));
                names.departments.push((id, name));
            }
            "group" => names.groups.push((id, name)),
            "tag" => names.tags.push((id, name)),
            "queue" => names.queues.push((id, name)),
            _ => {
                names.roles.push((id, name));
                let words = permissions.iter().map(String::as_str);
                names.permissions.push((id, PermissionSet::of_words(words)));
            }
        }
    }
    Ok(names)
}
