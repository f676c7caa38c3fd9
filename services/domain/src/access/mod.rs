//! Access: the vocabulary of permissions, and who may do what to whom.

mod decide;
mod vocabulary;

pub use decide::{Action, Actor, Denial, Object, decide};
pub use vocabulary::{
    AccessLevel, AdminRole, Module, ModuleLevel, Permission, PermissionSet, UnknownWord,
    module_permissions, role_permissions,
};
