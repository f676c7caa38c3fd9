//! Access: the vocabulary of permissions, and who may do what to whom.

mod decide;
mod rights;
mod roles;
mod vocabulary;

pub use decide::{
    Action, Actor, CaseTie, Denial, Object, decide, decide_list, may_grant, may_move_within,
};
pub use rights::{PeopleScope, Rights, granted};
pub use roles::{ComputedRole, RoleRef, module_levels};
pub(crate) use vocabulary::words;
pub use vocabulary::{
    AccessLevel, ActorKind, AdminRole, EditScope, Module, ModuleLevel, Permission, PermissionSet,
    UnknownWord, ViewScope, module_permissions, role_permissions,
};
