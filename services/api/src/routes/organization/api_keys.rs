//! `/v1/service-accounts/{id}/keys`: tokens of the organisation's own software. A key is shown
//! once; only its hash is stored.

use super::service_accounts::lock;
use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Posted},
    http::{
        body::{Field, Form, Unknown, forms},
        codes::Code,
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
        query::{PathId, PathIds},
        reply::Reply,
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::Timestamp;
use nearhand_domain::{
    ApiKeyId, ServiceAccountId, StaffId,
    access::{Action, Object},
    audit, clock,
    text::Name,
    token::{TokenKind, mint},
};
use nearhand_storage::{
    audit::AuditEvent,
    service_accounts::{self, ApiKeyRecord},
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// Most keys of an account that are in use.
const MAX_KEYS: i64 = 20;

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKey {
    #[schema(value_type = uuid::Uuid)]
    id: ApiKeyId,
    /// What it is for.
    name: String,
    #[schema(value_type = uuid::Uuid)]
    created_by: StaffId,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Null: it ends only when it is revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// To the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

/// A fresh API key with its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedApiKey {
    api_key: ApiKey,
    /// Shown once: for `authorization: Bearer …`.
    key: String,
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ApiKeyInput, example = json!({ "name": "Production" }))]
pub(crate) struct ApiKeyForm {
    /// At most 120 characters.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 1, max_length = 120)]
    name: Field<String>,
    /// When it ends by itself, to the second; it lies ahead.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Field<Timestamp>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(ApiKeyForm);

impl From<ApiKeyRecord> for ApiKey {
    fn from(record: ApiKeyRecord) -> Self {
        let (expires_at, last_used_at) = (record.expires_at(), record.last_used_at());
        let ApiKeyRecord { id, name, created_by, created_at, .. } = record;
        Self { id, name, created_by, created_at, expires_at, last_used_at }
    }
}

/// Makes an API key of a service account; it is shown once.
#[utoipa::path(post, path = "/v1/service-accounts/{id}/keys", operation_id = "create_api_key",
    tag = "service accounts",
    responses((status = 201, description = "Created", body = CreatedApiKey)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ServiceAccountId>,
    posted: Posted<ApiKeyForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageServiceAccounts, Object::Organization)?;
    caller.require_person()?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let now = clock::now();
    let (name, expires_at) = form.check(|form, e| {
        let name = form.name.required("/name", e, |v| Name::parse(&v));
        // To the second, as credentials in memory end.
        let to_second = |at: Timestamp| Timestamp::from_second(at.as_second()).ok();
        let expires_at = form.expires_at.optional("/expires_at", e, |at| {
            to_second(at).filter(|at| *at > now).ok_or("must lie ahead")
        });
        Ok((name?, expires_at))
    })?;
    lock(change.tx(), &caller, id).await?;
    let (key, hash) = mint(TokenKind::ApiKey, caller.organization);
    let record = ApiKeyRecord::new(name.into(), caller.staff, now, expires_at);
    let (tx, organization) = (change.tx(), caller.organization);
    if !service_accounts::add_key(tx, organization, id, &record, hash, MAX_KEYS).await? {
        let detail = format!("an account has at most {MAX_KEYS} keys in use; revoke one first");
        return Err(Problem::new(Code::LimitReached, detail).into());
    }
    let event = AuditEvent::of(audit::API_KEY_CREATE, record.id).details(json!({
        "service_account_id": id, "name": record.name, "expires_at": expires_at,
    }));
    let body = CreatedApiKey { api_key: record.into(), key };
    let reply = Reply::created(format!("/v1/service-accounts/{id}/keys"), &body)?.secret();
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Lists the keys of a service account that were not revoked, in order of creation.
#[utoipa::path(get, path = "/v1/service-accounts/{id}/keys", operation_id = "list_api_keys",
    tag = "service accounts",
    responses((status = 200, description = "A page", body = Page<ApiKey>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ServiceAccountId>,
    list: ListOf,
) -> ApiResult<Json<Page<ApiKey>>> {
    caller.require(Action::ManageServiceAccounts, Object::Organization)?;
    let (paging, _) = list.open(&state, caller.organization)?;
    let mut tx = caller.read(&state).await?;
    service_accounts::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    let keys = service_accounts::keys(&mut tx, id, paging.after(), paging.rows()).await?;
    Ok(paging.page(keys, |key| key.id.0, ApiKey::from))
}

/// Revokes an API key: it stops working at once.
#[utoipa::path(delete, path = "/v1/service-accounts/{id}/keys/{key_id}",
    operation_id = "revoke_api_key", tag = "service accounts",
    responses((status = 204, description = "Revoked")))]
pub(crate) async fn revoke(
    State(state): State<ApiState>,
    caller: Caller,
    PathIds(id, key): PathIds<ServiceAccountId, ApiKeyId>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageServiceAccounts, Object::Organization)?;
    caller.require_person()?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    lock(change.tx(), &caller, id).await?;
    let (tx, organization) = (change.tx(), caller.organization);
    let name = service_accounts::revoke_key(tx, organization, id, key, clock::now()).await?;
    let name = name.ok_or_else(Problem::not_found)?;
    let event = AuditEvent::of(audit::API_KEY_REVOKE, key)
        .details(json!({ "service_account_id": id, "name": name }));
    let (forget, reply) = (Forget::ApiKey(key), Reply::no_content());
    change.commit(Outcome { event: Some(event), forget, reply }).await
}
