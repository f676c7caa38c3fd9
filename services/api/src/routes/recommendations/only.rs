//! Narrowing a ranking to people of some tags, groups and departments. Memberships are read anew for
//! every request; they widen nobody's view scope.

use crate::http::{
    body::{Field, Unknown, any, forms, read_list},
    problem::ApiResult,
};
use nearhand_domain::{
    StaffId,
    field::{FieldErrors, Reported},
};
use nearhand_storage::{
    Tx,
    staff::{self, MembershipKind},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Most entries of one list.
const MAX_ENTRIES: usize = 50;

/// The only people who may be candidates: those with one of the tags, or of one of the groups or
/// departments.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OnlyInput)]
pub(crate) struct OnlyForm {
    /// At most 50.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>, max_items = 50)]
    tags: Field<Vec<Uuid>>,
    /// At most 50.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>, max_items = 50)]
    groups: Field<Vec<Uuid>>,
    /// At most 50.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>, max_items = 50)]
    departments: Field<Vec<Uuid>>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// What a ranking is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Only {
    tags: Vec<Uuid>,
    groups: Vec<Uuid>,
    departments: Vec<Uuid>,
}

forms!(OnlyForm);

impl OnlyForm {
    /// Reads what stands at `/only`; at least one entry is needed.
    pub(crate) fn read(self, e: &mut FieldErrors) -> Result<Only, Reported> {
        let mut list = |field: Field<Vec<Uuid>>, at: &str| {
            let ids = field.optional(at, e, any).unwrap_or_default();
            read_list(ids, at, MAX_ENTRIES, e, |id, _, _| Ok(id), |id| *id)
        };
        let only = Only {
            tags: list(self.tags, "/only/tags"),
            groups: list(self.groups, "/only/groups"),
            departments: list(self.departments, "/only/departments"),
        };
        if only == Only::default() {
            let detail = "name at least one tag, group or department, or leave `only` out";
            return Err(e.push("/only", "required", detail));
        }
        Ok(only)
    }
}

impl Only {
    /// The people in it. Entries that there are not are errors.
    pub(crate) async fn members(&self, tx: &mut Tx) -> ApiResult<Vec<StaffId>> {
        let mut errors = FieldErrors::default();
        let lists = [
            (MembershipKind::Tags, &self.tags, "tags", "there is no such tag"),
            (MembershipKind::Groups, &self.groups, "groups", "there is no such group"),
            (
                MembershipKind::Departments,
                &self.departments,
                "departments",
                "there is no such department",
            ),
        ];
        for (kind, ids, name, detail) in lists {
            let there = staff::existing(tx, kind, ids).await?;
            for (i, _) in ids.iter().enumerate().filter(|(_, id)| !there.contains(id)) {
                errors.push(format!("/only/{name}/{i}"), "unknown", detail);
            }
        }
        errors.conclude(Ok(()))?;
        Ok(staff::in_any(tx, &self.tags, &self.groups, &self.departments).await?)
    }
}
