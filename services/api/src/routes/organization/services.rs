//! `/v1/services`: what the organisation offers, and what people state preferences for.

use crate::{
    access::caller::Caller,
    http::{
        body::{Field, JsonBody, Unknown, refuse_unknown},
        codes::Code,
        problem::{ApiResult, Problem, ProblemDocument},
        query::{PageQuery, PathId, QueryOf, list_name, page_limit},
        reply::{IdempotencyKey, Reply},
    },
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use nearhand_domain::{ServiceId, access::Permission, field::FieldErrors, text::Name};
use nearhand_storage::{
    StorageError, Tx,
    audit::{self, AuditEvent},
    services::{self, ServiceRecord},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Service {
    #[schema(value_type = uuid::Uuid)]
    id: ServiceId,
    /// Unique in the organisation without regard to case.
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A page of services.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServicePage {
    items: Vec<Service>,
    /// For the next page; null at the end.
    next_cursor: Option<String>,
}

/// What may be said about a service. In a change, what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ServiceInput, example = json!({ "name": "Surveillance" }))]
pub(crate) struct ServiceForm {
    /// At most 120 characters; unique without regard to case.
    #[serde(default)]
    #[schema(value_type = String)]
    name: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl From<ServiceRecord> for Service {
    fn from(record: ServiceRecord) -> Self {
        Self { id: record.id, name: record.name, created_at: record.created_at }
    }
}

/// Creates a service.
#[utoipa::path(post, path = "/v1/services", tag = "services", request_body = ServiceForm,
    params(("idempotency-key" = Option<String>, Header, description = "Repeats do nothing twice for 24 h")),
    responses((status = 201, description = "Created", body = Service),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    key: IdempotencyKey,
    JsonBody { value: form, hash }: JsonBody<ServiceForm>,
) -> ApiResult<Reply> {
    caller.require_full(Permission::SettingsEdit)?;
    let mut errors = FieldErrors::default();
    refuse_unknown(&form.unknown, "", &mut errors);
    let name = form.name.required("/name", &mut errors, |v| Name::parse(&v));
    errors.finish()?;
    let name = name.ok_or_else(Problem::internal)?;
    let mut tx = caller.begin(&state).await?;
    if let Some(reply) = key.replay(&mut tx, &caller, hash).await? {
        return Ok(reply);
    }
    let id = ServiceId::generate();
    let record = services::insert(&mut tx, caller.organization, id, name.as_str()).await?;
    record_event(&mut tx, &caller, "service.create", id, &name).await?;
    let reply = Reply::created(format!("/v1/services/{id}"), &Service::from(record))?;
    key.keep(&mut tx, &caller, hash, &reply).await?;
    tx.commit().await.map_err(StorageError::from)?;
    Ok(reply)
}

/// Lists services in order of creation.
#[utoipa::path(get, path = "/v1/services", tag = "services", params(
    ("limit" = Option<i64>, Query, description = "1 to 200, 50 unless given"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page", body = ServicePage),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    QueryOf(query): QueryOf<PageQuery>,
) -> ApiResult<Json<ServicePage>> {
    caller.require(Permission::SettingsView)?;
    let limit = page_limit(query.limit)?;
    let name = list_name(caller.organization, "services", &BTreeMap::new());
    let after = state.cursors().open(&name, query.cursor.as_deref())?.map(ServiceId);
    let mut tx = caller.begin(&state).await?;
    let mut records = services::list(&mut tx, after, limit + 1).await?;
    let more = i64::try_from(records.len()).is_ok_and(|len| len > limit);
    if more {
        records.pop();
    }
    let last = records.last().map(|record| record.id.0).filter(|_| more);
    Ok(Json(ServicePage {
        next_cursor: last.map(|last| state.cursors().seal(&name, last)),
        items: records.into_iter().map(Service::from).collect(),
    }))
}

/// One service.
#[utoipa::path(get, path = "/v1/services/{id}", tag = "services",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The service", body = Service),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ServiceId>,
) -> ApiResult<Json<Service>> {
    caller.require(Permission::SettingsView)?;
    let mut tx = caller.begin(&state).await?;
    let record = services::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(record.into()))
}

/// Renames a service.
#[utoipa::path(patch, path = "/v1/services/{id}", tag = "services", request_body = ServiceForm,
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "Changed", body = Service),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ServiceId>,
    JsonBody { value: form, .. }: JsonBody<ServiceForm>,
) -> ApiResult<Json<Service>> {
    caller.require_full(Permission::SettingsEdit)?;
    let mut errors = FieldErrors::default();
    refuse_unknown(&form.unknown, "", &mut errors);
    let name = form.name.replacement("/name", &mut errors, |v| Name::parse(&v));
    errors.finish()?;
    let mut tx = caller.begin(&state).await?;
    let record = match &name {
        Some(name) => services::rename(&mut tx, id, name.as_str()).await?,
        None => services::get(&mut tx, id).await?,
    };
    let record = record.ok_or_else(Problem::not_found)?;
    if let Some(name) = &name {
        record_event(&mut tx, &caller, "service.update", id, name).await?;
    }
    tx.commit().await.map_err(StorageError::from)?;
    Ok(Json(record.into()))
}

/// Removes a service together with everybody's preference for it.
///
/// While a case asks for it: 409 `in_use`.
#[utoipa::path(delete, path = "/v1/services/{id}", tag = "services",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 204, description = "Removed"),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ServiceId>,
) -> ApiResult<StatusCode> {
    caller.require_full(Permission::SettingsEdit)?;
    let mut tx = caller.begin(&state).await?;
    let removed = services::delete(&mut tx, caller.organization, id).await.map_err(|error| {
        if error.violates("case_services_service_fkey") {
            let detail = "a case asks for this service; take it out of the case first";
            return Problem::new(Code::InUse, detail);
        }
        error.into()
    })?;
    let people = removed.ok_or_else(Problem::not_found)?;
    let event = AuditEvent {
        action: "service.delete",
        subject_kind: "service",
        subject: id.0,
        details: serde_json::json!({ "preferences_removed": people.len() }),
        personal: None,
    };
    audit::record(&mut tx, &caller.audit(), &event).await?;
    tx.commit().await.map_err(StorageError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn record_event(
    tx: &mut Tx,
    caller: &Caller,
    action: &'static str,
    id: ServiceId,
    name: &Name,
) -> ApiResult<()> {
    let event = AuditEvent {
        action,
        subject_kind: "service",
        subject: id.0,
        details: serde_json::json!({ "name": name }),
        personal: None,
    };
    Ok(audit::record(tx, &caller.audit(), &event).await?)
}
