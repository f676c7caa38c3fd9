//! The memberships and grants of a person's form: lists of ids, the primary department, levels of
//! modules. Only [`ReferencedMemberships`] may ask the database, whether the ids exist.

use super::StaffForm;
use crate::http::body::{Field, Patch, any};
use nearhand_domain::{
    DepartmentId, RoleId,
    access::{Module, ModuleLevel, RoleRef, module_permissions},
    field::FieldErrors,
};
use nearhand_storage::{
    StorageError, Tx,
    staff::{self, MembershipKind, StaffRecord},
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Most ids of one list.
const MAX_IDS: usize = 100;

/// The departments, groups, tags, queues and roles that a form names. They must exist.
#[derive(Debug, Default)]
pub(crate) struct ReferencedMemberships(Vec<(MembershipKind, &'static str, Vec<Uuid>)>);

impl ReferencedMemberships {
    /// Those that a form names.
    pub(crate) fn of(form: &StaffForm) -> Self {
        let lists = [
            (MembershipKind::Departments, "/departments", &form.departments),
            (MembershipKind::Groups, "/groups", &form.groups),
            (MembershipKind::Tags, "/tags", &form.tags),
            (MembershipKind::Queues, "/queues", &form.queues),
        ];
        let mut referenced = Self::default();
        for (kind, pointer, field) in lists {
            if let Field::Value(ids) = field {
                referenced.add(kind, pointer, ids.clone());
            }
        }
        // A list that names a role that cannot be given is refused for that reason.
        if let Field::Value(roles) = &form.roles
            && let Some(ids) = roles.iter().map(custom).collect::<Option<Vec<_>>>()
        {
            referenced.add(MembershipKind::Roles, "/roles", ids);
        }
        referenced
    }

    /// Adds more of them.
    pub(crate) fn add(&mut self, kind: MembershipKind, pointer: &'static str, mut ids: Vec<Uuid>) {
        ids.truncate(MAX_IDS);
        self.0.push((kind, pointer, ids));
    }

    /// Locks them against removal; returns an error for each that does not exist. Call it before people
    /// are locked: that is the order of all locks.
    pub(crate) async fn hold(&self, tx: &mut Tx) -> Result<FieldErrors, StorageError> {
        let mut errors = FieldErrors::default();
        for (kind, pointer, ids) in &self.0 {
            let there = staff::hold(tx, *kind, ids).await?;
            for (i, _) in ids.iter().enumerate().filter(|(_, id)| !there.contains(id)) {
                let what = match kind {
                    MembershipKind::Departments => "department",
                    MembershipKind::Groups => "group",
                    MembershipKind::Tags => "tag",
                    MembershipKind::Queues => "queue",
                    MembershipKind::Roles => "role",
                };
                errors.push(
                    format!("{pointer}/{i}"),
                    "unknown",
                    format!("there is no such {what}"),
                );
            }
        }
        Ok(errors)
    }
}

/// Replaces a list of ids; null empties it. A repeated id counts once.
pub(crate) fn apply_ids<T: From<Uuid> + Ord>(
    field: Field<Vec<Uuid>>,
    pointer: &str,
    e: &mut FieldErrors,
    target: &mut Vec<T>,
) {
    match field.patch(pointer, e, any) {
        Patch::Keep => {}
        Patch::Clear => target.clear(),
        Patch::Set(ids) if ids.len() > MAX_IDS => {
            e.push(pointer, "too_many", format!("holds more than {MAX_IDS} entries"));
        }
        Patch::Set(ids) => {
            let unique: BTreeSet<T> = ids.into_iter().map(T::from).collect();
            *target = unique.into_iter().collect();
        }
    }
}

/// The same for departments, which stay in the order they were named in: the first may become the
/// primary one, and what is wrong is said of its place.
pub(super) fn apply_departments(
    field: Field<Vec<Uuid>>,
    e: &mut FieldErrors,
    target: &mut Vec<DepartmentId>,
) {
    let named = match &field {
        Field::Value(ids) if ids.len() <= MAX_IDS => Some(ids.clone()),
        _ => None,
    };
    apply_ids(field, "/departments", e, target);
    if let Some(named) = named {
        target.clear();
        for id in named.into_iter().map(DepartmentId) {
            if !target.contains(&id) {
                target.push(id);
            }
        }
    }
}

/// The same for roles, of which only the organisation's own can be given so.
pub(super) fn apply_roles(
    field: Field<Vec<RoleRef>>,
    e: &mut FieldErrors,
    target: &mut Vec<RoleId>,
) {
    if let Field::Value(roles) = &field {
        for (i, role) in roles.iter().enumerate().take(MAX_IDS) {
            let pointer = format!("/roles/{i}");
            match role {
                RoleRef::Computed(_) => {
                    e.push(pointer, "computed_role", COMPUTED);
                }
                RoleRef::BuiltIn(_) => {
                    e.push(pointer, "built_in_role", "is built in: give it as `admin_role`");
                }
                RoleRef::Custom(_) => {}
            }
        }
    }
    let ids = match field {
        Field::Absent => Field::Absent,
        Field::Null => Field::Null,
        Field::Wrong => {
            let detail = "is of the wrong type; a list of ids of GET /v1/roles is expected";
            e.push("/roles", "wrong_type", detail);
            return;
        }
        Field::Value(roles) => Field::Value(roles.iter().filter_map(custom).collect()),
    };
    apply_ids(ids, "/roles", e, target);
}

/// Why a computed role cannot be given.
pub(super) const COMPUTED: &str = "is a computed role: people have it by what they are, and \
    nobody gives it; see GET /v1/roles";

fn custom(role: &RoleRef) -> Option<Uuid> {
    match role {
        RoleRef::Custom(id) => Some(id.0),
        RoleRef::BuiltIn(_) | RoleRef::Computed(_) => None,
    }
}

/// The primary department is one of the departments: the one that is named, else the one it was,
/// else the first that was named.
pub(super) fn apply_primary(field: Field<Uuid>, e: &mut FieldErrors, record: &mut StaffRecord) {
    if let Patch::Set(id) = field.patch("/primary_department", e, any) {
        let id = DepartmentId(id);
        if record.departments.contains(&id) {
            record.primary_department = Some(id);
        } else {
            e.push("/primary_department", "invalid", "must be one of `departments`");
        }
    }
    settle_primary(record);
}

/// Keeps the primary department among the departments.
pub(crate) fn settle_primary(record: &mut StaffRecord) {
    let kept = record.primary_department.filter(|id| record.departments.contains(id));
    record.primary_department = kept.or_else(|| record.departments.first().copied());
}

/// Changes the levels that are named; `none` takes one away, null all of them.
pub(super) fn apply_modules(
    field: Field<BTreeMap<String, String>>,
    e: &mut FieldErrors,
    target: &mut Vec<(Module, ModuleLevel)>,
) {
    let named = match field.patch("/modules", e, any) {
        Patch::Keep => return,
        Patch::Clear => return target.clear(),
        Patch::Set(named) => named,
    };
    for (module, level) in named {
        let pointer = format!("/modules/{}", crate::http::json::escaped(&module));
        let Some(module) = Module::parse(&module) else {
            let detail =
                "is no module; there are staff, cases, tracking, recommendations, settings";
            e.push(pointer, "unknown_field", detail);
            continue;
        };
        let Some(level) = ModuleLevel::parse(&level) else {
            e.push(pointer, "invalid", "must be `none`, `view`, `edit` or `manage`");
            continue;
        };
        target.retain(|(one, _)| *one != module);
        if level != ModuleLevel::None {
            target.push((module, level));
        }
    }
    target.sort_unstable();
}

/// Refuses levels that the person's roles grant already: those are shown, and change with the role.
pub(crate) fn check_modules(
    before: Option<&StaffRecord>,
    after: &StaffRecord,
    e: &mut FieldErrors,
) {
    let by_roles = nearhand_domain::access::granted(after.admin_role, after.role_permissions, &[]);
    for (module, level) in &after.modules {
        let unchanged = before.is_some_and(|before| before.modules.contains(&(*module, *level)));
        if !unchanged && module_permissions(*module, *level).is_subset_of(by_roles) {
            let detail = "a role of theirs grants this level already; change the role instead";
            e.push(format!("/modules/{module}"), "granted_by_role", detail);
        }
    }
}
