//! `/v1/departments`: where people belong. A caller whose view scope is `departments` finds only
//! their own.

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Posted, Updated},
    http::{
        body::{Field, Form, Unknown, any, forms},
        changes::changes,
        pages::{ListOf, Page},
        place::{LatLng, PlaceForm},
        problem::{ApiResult, Problem},
        query::PathId,
        reply::{Reply, versioned},
    },
    state::ApiState,
};
use axum::{Json, extract::State, response::Response};
use jiff::Timestamp;
use nearhand_domain::{
    DepartmentId,
    access::{Action, Object, ViewScope},
    audit, clock,
    field::{FieldErrors, Reported},
    text::Name,
};
use nearhand_storage::{
    audit::AuditEvent,
    departments::{self, DepartmentRecord},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A department.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Department {
    #[schema(value_type = uuid::Uuid)]
    id: DepartmentId,
    /// Raised by every change; also the ETag.
    version: i64,
    /// Unique in the organisation without regard to case.
    name: String,
    /// Where those start from whose primary department it is and who have no home.
    base: Option<LatLng>,
    /// Nobody can newly be put into an inactive department; who belongs to it stays.
    active: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// What may be said about a department. In a change, what is left out stays and null clears.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = DepartmentInput, example = json!({ "name": "Lisbon",
    "base": { "lat": 38.7071, "lng": -9.1355 } }))]
pub(crate) struct DepartmentForm {
    /// At most 120 characters; unique without regard to case.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 1, max_length = 120)]
    name: Field<String>,
    /// Where those start from whose primary department it is and who have no home.
    #[serde(default)]
    #[schema(value_type = Option<LatLng>)]
    base: Field<PlaceForm>,
    /// True unless given.
    #[serde(default)]
    #[schema(value_type = bool)]
    active: Field<bool>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(DepartmentForm);

impl From<DepartmentRecord> for Department {
    fn from(record: DepartmentRecord) -> Self {
        let DepartmentRecord { id, version, name, base, active, created_at } = record;
        Self { id, version, name, base: base.map(LatLng::from), active, created_at }
    }
}

impl DepartmentForm {
    /// The record with what was said of it; `stored` is the name it has, if it is there already.
    fn apply(
        self,
        mut record: DepartmentRecord,
        stored: Option<Name>,
        e: &mut FieldErrors,
    ) -> Result<DepartmentRecord, Reported> {
        let name = self.name.required_unless(stored, "/name", e, |v| Name::parse(&v));
        PlaceForm::patch(self.base, "/base", e, &mut record.base);
        record.active = self.active.replacement("/active", e, any).unwrap_or(record.active);
        record.name = name?.into();
        Ok(record)
    }
}

/// Creates a department. Callers whose scopes end at their departments cannot.
#[utoipa::path(post, path = "/v1/departments", operation_id = "create_department",
    tag = "departments", responses((status = 201, description = "Created", body = Department)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<DepartmentForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::CreateDepartments, Object::Organization)?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let blank = DepartmentRecord {
        id: DepartmentId::generate(),
        version: 1,
        name: String::new(),
        base: None,
        active: true,
        created_at: clock::now(),
    };
    let record = form.check(|form, e| form.apply(blank, None, e))?;
    departments::insert(change.tx(), caller.organization, &record).await?;
    let shown = Department::from(record);
    let details = changes(None::<&Department>, &shown);
    let event = AuditEvent::of(audit::DEPARTMENT_CREATE, shown.id).details(details);
    let reply = Reply::created(format!("/v1/departments/{}", shown.id), &shown)?.etag(1);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Lists departments in order of creation.
///
/// A caller whose view scope is `departments` finds only their own.
#[utoipa::path(get, path = "/v1/departments", operation_id = "list_departments",
    tag = "departments",
    responses((status = 200, description = "A page", body = Page<Department>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf,
) -> ApiResult<Json<Page<Department>>> {
    caller.require(Action::ReadSettings, Object::Organization)?;
    let (paging, _) = list.open(&state, caller.organization)?;
    let mut tx = caller.read(&state).await?;
    let own = (caller.view == ViewScope::Departments).then_some(caller.departments.as_slice());
    let records = departments::list(&mut tx, own, paging.after(), paging.rows()).await?;
    Ok(paging.page(records, |record| record.id.0, Department::from))
}

/// One department.
#[utoipa::path(get, path = "/v1/departments/{id}", operation_id = "get_department",
    tag = "departments",
    responses((status = 200, description = "The department", body = Department)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<DepartmentId>,
) -> ApiResult<Response> {
    caller.require(Action::ReadSettings, Object::Department(id))?;
    let mut tx = caller.read(&state).await?;
    let record = departments::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    Ok(versioned(record.version, Department::from(record)))
}

/// Changes a department.
///
/// Everybody without a home whose primary department it is starts from its new base.
#[utoipa::path(patch, path = "/v1/departments/{id}", operation_id = "update_department",
    tag = "departments", responses((status = 200, description = "Changed", body = Department)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<DepartmentId>,
    update: Updated<DepartmentForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageDepartments, Object::Organization)?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let before = departments::lock(change.tx(), id).await?.ok_or_else(Problem::not_found)?;
    caller.require(Action::ManageDepartments, Object::Department(id))?;
    let form = update.matching(before.version)?;
    let stored = Name::parse(&before.name).ok();
    let mut after = form.check(|form, e| form.apply(before.clone(), stored, e))?;
    after.version = departments::update(change.tx(), caller.organization, &before, &after).await?;
    let (before, after) = (Department::from(before), Department::from(after));
    let event =
        AuditEvent::of(audit::DEPARTMENT_UPDATE, id).details(changes(Some(&before), &after));
    let reply = Reply::ok(&after)?.etag(after.version);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Removes a department.
///
/// While somebody belongs to it: 409 `in_use`; set `active` to false instead.
#[utoipa::path(delete, path = "/v1/departments/{id}", operation_id = "delete_department",
    tag = "departments", responses((status = 204, description = "Removed")))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<DepartmentId>,
) -> ChangeResult {
    // What a caller cannot see is not there, even for those who could remove nothing.
    caller.require(Action::ManageDepartments, Object::Department(id))?;
    let allowed = caller.allow(Action::CreateDepartments, Object::Department(id))?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    let record = departments::lock(change.tx(), id).await?.ok_or_else(Problem::not_found)?;
    departments::delete(change.tx(), id).await?;
    let details = serde_json::json!({ "name": record.name });
    let event = AuditEvent::of(audit::DEPARTMENT_DELETE, id).details(details);
    let reply = Reply::no_content();
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}
