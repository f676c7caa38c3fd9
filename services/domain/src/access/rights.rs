//! What a person may do, and to whom: the permissions of their role, their custom roles and their
//! modules together, and two scopes that narrow them.

use super::vocabulary::{
    AdminRole, EditScope, Module, ModuleLevel, Permission, PermissionSet, ViewScope,
    module_permissions, role_permissions,
};
use crate::{DepartmentId, StaffId};

/// Permissions and how far they reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rights<'a> {
    /// What they may do.
    pub permissions: PermissionSet,
    /// Whom they see.
    pub view: ViewScope,
    /// Whom they may change.
    pub edit: EditScope,
    /// Where they belong.
    pub departments: &'a [DepartmentId],
}

/// The people a list is narrowed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeopleScope<'a> {
    /// All of the organisation.
    Everybody,
    /// The people of these departments, and one more.
    Departments {
        /// Which.
        of: &'a [DepartmentId],
        /// The actor, who always sees themselves.
        or: StaffId,
    },
}

/// Permissions that reach as far as the scopes.
fn scoped() -> PermissionSet {
    use Permission as P;
    [
        P::StaffView,
        P::StaffEdit,
        P::StaffManage,
        P::StaffPiiRead,
        P::TrackingView,
        P::TrackingEdit,
        P::TrackingManage,
        P::PositionsRead,
        P::AuditRead,
    ]
    .into_iter()
    .collect()
}

impl<'a> Rights<'a> {
    /// Permissions without any limit of scope.
    #[must_use]
    pub fn unlimited(permissions: PermissionSet) -> Rights<'static> {
        Rights { permissions, view: ViewScope::All, edit: EditScope::All, departments: &[] }
    }

    /// Whether they belong to a department of the other's.
    #[must_use]
    pub fn shares_department(&self, other: &Rights<'_>) -> bool {
        self.departments.iter().any(|one| other.departments.contains(one))
    }

    /// Whether these rights reach no further than the other's. Scopes count only for those who have
    /// a permission that they narrow.
    #[must_use]
    pub fn is_subset_of(&self, other: &Rights<'a>) -> bool {
        if !self.permissions.is_subset_of(other.permissions) {
            return false;
        }
        if !self.permissions.meets(scoped()) {
            return true;
        }
        let inside = || self.departments.iter().all(|one| other.departments.contains(one));
        let sees = match (self.view, other.view) {
            (_, ViewScope::All) => true,
            (ViewScope::All, ViewScope::Departments) => false,
            (ViewScope::Departments, ViewScope::Departments) => inside(),
        };
        let changes = match (self.edit, other.edit) {
            (EditScope::None, _) | (_, EditScope::All) => true,
            (EditScope::Departments, EditScope::Departments) => inside(),
            (EditScope::All, _) | (EditScope::Departments, EditScope::None) => false,
        };
        sees && changes
    }
}

/// What a role, custom roles and modules allow together.
#[must_use]
pub fn granted(
    role: AdminRole,
    custom: PermissionSet,
    modules: &[(Module, ModuleLevel)],
) -> PermissionSet {
    let modules = modules.iter().map(|(module, level)| module_permissions(*module, *level));
    modules.fold(role_permissions(role).union(custom), PermissionSet::union)
}
