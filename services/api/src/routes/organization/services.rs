//! `/v1/services`: what the organisation offers, and what people state preferences for.

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Posted, Updated},
    http::{
        body::{Field, Form, Unknown, forms},
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
        query::PathId,
        reply::{Reply, versioned},
    },
    state::ApiState,
};
use axum::{Json, extract::State, response::Response};
use jiff::Timestamp;
use nearhand_domain::{
    ServiceId,
    access::{Action, Object},
    audit,
    text::Name,
};
use nearhand_storage::{
    audit::AuditEvent,
    services::{self, ServiceRecord},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Service {
    #[schema(value_type = uuid::Uuid)]
    id: ServiceId,
    /// Raised by every change; also the ETag.
    version: i64,
    /// Unique in the organisation without regard to case.
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// What may be said about a service. In a change, what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ServiceInput, example = json!({ "name": "Surveillance" }))]
pub(crate) struct ServiceForm {
    /// At most 120 characters; unique without regard to case.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 1, max_length = 120)]
    name: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(ServiceForm);

impl From<ServiceRecord> for Service {
    fn from(record: ServiceRecord) -> Self {
        let ServiceRecord { id, version, name, created_at } = record;
        Self { id, version, name, created_at }
    }
}

/// Creates a service.
#[utoipa::path(post, path = "/v1/services", operation_id = "create_service", tag = "services",
    responses((status = 201, description = "Created", body = Service)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<ServiceForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditSettings, Object::Organization)?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let name = form.check(|form, e| form.name.required("/name", e, |v| Name::parse(&v)))?;
    let id = ServiceId::generate();
    let record = services::insert(change.tx(), caller.organization, id, name.as_str()).await?;
    let event = AuditEvent::of(audit::SERVICE_CREATE, id).details(named(&record));
    let version = record.version;
    let reply = Reply::created(format!("/v1/services/{id}"), &Service::from(record))?;
    let reply = reply.etag(version);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Lists services in order of creation.
#[utoipa::path(get, path = "/v1/services", operation_id = "list_services", tag = "services",
    responses((status = 200, description = "A page", body = Page<Service>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf,
) -> ApiResult<Json<Page<Service>>> {
    caller.require(Action::ReadSettings, Object::Organization)?;
    let (paging, _) = list.open(&state, caller.organization)?;
    let mut tx = caller.read(&state).await?;
    let records = services::list(&mut tx, paging.after(), paging.rows()).await?;
    Ok(paging.page(records, |record| record.id.0, Service::from))
}

/// One service.
#[utoipa::path(get, path = "/v1/services/{id}", operation_id = "get_service", tag = "services",
    responses((status = 200, description = "The service", body = Service)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ServiceId>,
) -> ApiResult<Response> {
    caller.require(Action::ReadSettings, Object::Organization)?;
    let mut tx = caller.read(&state).await?;
    let record = services::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    Ok(versioned(record.version, Service::from(record)))
}

/// Changes a service.
#[utoipa::path(patch, path = "/v1/services/{id}", operation_id = "update_service",
    tag = "services", responses((status = 200, description = "Changed", body = Service)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ServiceId>,
    update: Updated<ServiceForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditSettings, Object::Organization)?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let before = services::lock(change.tx(), id).await?.ok_or_else(Problem::not_found)?;
    let form = update.matching(before.version)?;
    let name = form.check(|form, e| Ok(form.name.replacement("/name", e, |v| Name::parse(&v))))?;
    let name = name.map_or(before.name, String::from);
    let record = services::rename(change.tx(), id, &name).await?;
    let event = AuditEvent::of(audit::SERVICE_UPDATE, id).details(named(&record));
    let reply = Reply::ok(&Service::from(record.clone()))?.etag(record.version);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Removes a service together with everybody's preference for it.
///
/// While a case asks for it: 409 `in_use`.
#[utoipa::path(delete, path = "/v1/services/{id}", operation_id = "delete_service",
    tag = "services", responses((status = 204, description = "Removed")))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ServiceId>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditSettings, Object::Organization)?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    services::lock(change.tx(), id).await?.ok_or_else(Problem::not_found)?;
    let people = services::delete(change.tx(), caller.organization, id).await?;
    let details = serde_json::json!({ "preferences_removed": people.len() });
    let event = AuditEvent::of(audit::SERVICE_DELETE, id).details(details);
    let reply = Reply::no_content();
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

fn named(record: &ServiceRecord) -> serde_json::Value {
    serde_json::json!({ "name": record.name })
}
