//! A role as callers see it. Built-in and computed roles are stored nowhere: what is said of them
//! is the domain's.

use jiff::Timestamp;
use nearhand_domain::{
    RoleId,
    access::{AdminRole, ComputedRole, Permission, PermissionSet, module_levels, role_permissions},
};
use nearhand_storage::roles::{Headcount, RoleRecord};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// A role.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Role {
    /// Of a role that the organisation made: to be listed in a person's `roles`. Else null.
    #[schema(value_type = Option<uuid::Uuid>)]
    id: Option<RoleId>,
    /// Of a built-in role: to be given as a person's `admin_role`. Of a computed role: its name in
    /// documents. Else null.
    key: Option<&'static str>,
    /// `built_in`, `computed` or `custom`. Only `custom` ones can be changed.
    kind: &'static str,
    name: String,
    description: String,
    /// What it allows, as `module:action`.
    permissions: Vec<&'static str>,
    /// The level of each module that it allows in full: `none`, `view`, `edit` or `manage`.
    modules: BTreeMap<&'static str, &'static str>,
    /// How many of the people you see have it; null without `staff:view`.
    people: Option<i64>,
    /// Raised by every change; also the ETag. Null unless `custom`.
    version: Option<i64>,
    /// Null unless `custom`.
    #[schema(value_type = Option<String>, format = DateTime)]
    created_at: Option<Timestamp>,
}

/// A role that is stored nowhere.
#[derive(Clone, Copy)]
pub(super) enum Fixed {
    BuiltIn(AdminRole),
    Computed(ComputedRole),
}

/// The roles that are stored nowhere, each with the key that its place in the list is known by.
/// The keys come before every identifier.
pub(super) fn fixed() -> impl Iterator<Item = (Uuid, Fixed)> {
    let built_in = AdminRole::ALL.iter().copied().map(Fixed::BuiltIn);
    let computed = ComputedRole::ALL.iter().copied().map(Fixed::Computed);
    (1..).map(Uuid::from_u128).zip(built_in.chain(computed))
}

impl Role {
    /// A role of the organisation's own.
    pub(super) fn own(record: RoleRecord, people: Option<&Headcount>) -> Self {
        Self {
            id: Some(record.id),
            key: None,
            kind: "custom",
            people: people.map(|people| people.custom(record.id)),
            version: Some(record.version),
            created_at: Some(record.created_at),
            ..Self::of(record.name, record.description, record.permissions)
        }
    }

    /// One that is stored nowhere.
    pub(super) fn fixed(role: Fixed, people: Option<&Headcount>) -> Self {
        match role {
            Fixed::BuiltIn(role) => Self {
                key: Some(role.as_str()),
                kind: "built_in",
                people: people.map(|people| people.built_in(role)),
                ..Self::of(
                    role.name().to_owned(),
                    role.description().to_owned(),
                    role_permissions(role),
                )
            },
            Fixed::Computed(role) => Self {
                key: Some(role.as_str()),
                kind: "computed",
                people: people.map(|people| people.computed(role)),
                ..Self::of(
                    role.name().to_owned(),
                    role.description().to_owned(),
                    PermissionSet::NONE,
                )
            },
        }
    }

    fn of(name: String, description: String, permissions: PermissionSet) -> Self {
        Self {
            id: None,
            key: None,
            kind: "built_in",
            name,
            description,
            permissions: permissions.iter().map(Permission::as_str).collect(),
            modules: levels(permissions),
            people: None,
            version: None,
            created_at: None,
        }
    }
}

/// The level of each module that a set of permissions holds in full.
pub(crate) fn levels(permissions: PermissionSet) -> BTreeMap<&'static str, &'static str> {
    module_levels(permissions).map(|(module, level)| (module.as_str(), level.as_str())).collect()
}
