//! `/v1/service-accounts`: the organisation's own software, as far as it may act.
//!
//! An account never does what its creator may not do at that moment, and nobody makes, changes or
//! gives keys to one that may do more than they may.

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Posted, Updated},
    http::{
        body::{Field, Form, Unknown, any, forms},
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
    ServiceAccountId, StaffId,
    access::{Action, Denial, Object, Permission, PermissionSet, Rights, may_grant},
    audit, clock,
    field::{FieldErrors, Reported},
    text::Name,
};
use nearhand_storage::{
    Tx,
    audit::AuditEvent,
    service_accounts::{self, ServiceAccountRecord},
    staff::Access,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// A service account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServiceAccount {
    #[schema(value_type = uuid::Uuid)]
    id: ServiceAccountId,
    /// Raised by every change; also the ETag.
    version: i64,
    /// Unique in the organisation without regard to case.
    name: String,
    /// What it was given.
    permissions: Vec<String>,
    /// What its keys open at present: what it was given and its creator may do. Nothing while it is
    /// not active, or its creator cannot log in.
    effective_permissions: Vec<String>,
    /// While it is not, its keys open nothing.
    active: bool,
    /// Whose view and edit scope it has.
    #[schema(value_type = uuid::Uuid)]
    created_by: StaffId,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// What may be said about a service account. In a change, what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ServiceAccountInput,
    example = json!({ "name": "Case system", "permissions": ["cases:view", "cases:edit"] }))]
pub(crate) struct ServiceAccountForm {
    /// At most 120 characters; unique without regard to case.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 1, max_length = 120)]
    name: Field<String>,
    /// Each `module:action`, of those you have yourself.
    #[serde(default)]
    #[schema(value_type = Vec<String>, required)]
    permissions: Field<Vec<String>>,
    /// Unless given, true.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    active: Field<bool>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(ServiceAccountForm);

/// Creates a service account. It may do nothing that you may not.
#[utoipa::path(post, path = "/v1/service-accounts", operation_id = "create_service_account",
    tag = "service accounts",
    responses((status = 201, description = "Created", body = ServiceAccount)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<ServiceAccountForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageServiceAccounts, Object::Organization)?;
    caller.require_person()?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let record = form.check(|form, e| {
        let name = form.name.required("/name", e, |v| Name::parse(&v));
        let words = form.permissions.required("/permissions", e, any);
        let permissions = words.map(|words| read_permissions(words, e));
        let active = form.active.optional("/active", e, any).unwrap_or(true);
        Ok(ServiceAccountRecord {
            id: ServiceAccountId::generate(),
            version: 1,
            name: name?.into(),
            permissions: permissions?,
            active,
            created_by: caller.staff,
            created_at: clock::now(),
        })
    })?;
    if !may_grant(&caller.actor(), record.permissions) {
        return Err(Problem::from(Denial::BeyondOwnRights).into());
    }
    service_accounts::insert(change.tx(), caller.organization, &record).await?;
    let event = AuditEvent::of(audit::SERVICE_ACCOUNT_CREATE, record.id)
        .details(json!({ "before": null, "after": described(&record) }));
    let address = format!("/v1/service-accounts/{}", record.id);
    let body = shown(change.tx(), vec![record]).await?.pop();
    let reply = Reply::created(address, &body)?.etag(1);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Lists service accounts in order of creation.
#[utoipa::path(get, path = "/v1/service-accounts", operation_id = "list_service_accounts",
    tag = "service accounts",
    responses((status = 200, description = "A page", body = Page<ServiceAccount>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf,
) -> ApiResult<Json<Page<ServiceAccount>>> {
    caller.require(Action::ManageServiceAccounts, Object::Organization)?;
    let (paging, _) = list.open(&state, caller.organization)?;
    let mut tx = caller.read(&state).await?;
    let records = service_accounts::list(&mut tx, paging.after(), paging.rows()).await?;
    let accounts = shown(&mut tx, records).await?;
    Ok(paging.page(accounts, |account| account.id.0, |account| account))
}

/// One service account.
#[utoipa::path(get, path = "/v1/service-accounts/{id}", operation_id = "get_service_account",
    tag = "service accounts",
    responses((status = 200, description = "The account", body = ServiceAccount)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ServiceAccountId>,
) -> ApiResult<Response> {
    caller.require(Action::ManageServiceAccounts, Object::Organization)?;
    let mut tx = caller.read(&state).await?;
    let record = service_accounts::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    let (version, account) = (record.version, shown(&mut tx, vec![record]).await?.pop());
    Ok(versioned(version, account))
}

/// Changes a service account; its keys follow at once.
#[utoipa::path(patch, path = "/v1/service-accounts/{id}",
    operation_id = "update_service_account", tag = "service accounts",
    responses((status = 200, description = "Changed", body = ServiceAccount)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ServiceAccountId>,
    update: Updated<ServiceAccountForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageServiceAccounts, Object::Organization)?;
    caller.require_person()?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let before = lock(change.tx(), &caller, id).await?;
    let form = update.matching(before.version)?;
    let mut after = before.clone();
    form.check(|form, e| {
        if let Some(name) = form.name.replacement("/name", e, |v| Name::parse(&v)) {
            after.name = name.into();
        }
        if let Some(words) = form.permissions.replacement("/permissions", e, any) {
            after.permissions = read_permissions(words, e);
        }
        if let Some(active) = form.active.replacement("/active", e, any) {
            after.active = active;
        }
        Ok(())
    })?;
    guard(change.tx(), &caller, &after).await?;
    after.version = service_accounts::update(change.tx(), caller.organization, &after).await?;
    let event = AuditEvent::of(audit::SERVICE_ACCOUNT_UPDATE, id)
        .details(json!({ "before": described(&before), "after": described(&after) }));
    let version = after.version;
    let body = shown(change.tx(), vec![after]).await?.pop();
    let reply = Reply::ok(&body)?.etag(version);
    change.commit(Outcome { event: Some(event), forget: Forget::ServiceAccount(id), reply }).await
}

/// Deletes a service account with its keys; they stop working at once.
#[utoipa::path(delete, path = "/v1/service-accounts/{id}",
    operation_id = "delete_service_account", tag = "service accounts",
    responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ServiceAccountId>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageServiceAccounts, Object::Organization)?;
    caller.require_person()?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    let before = lock(change.tx(), &caller, id).await?;
    service_accounts::delete(change.tx(), caller.organization, id).await?;
    let event = AuditEvent::of(audit::SERVICE_ACCOUNT_DELETE, id)
        .details(json!({ "before": described(&before), "after": null }));
    let (forget, reply) = (Forget::ServiceAccount(id), Reply::no_content());
    change.commit(Outcome { event: Some(event), forget, reply }).await
}

/// Locks an account whose rights do not exceed the caller's.
pub(super) async fn lock(
    tx: &mut Tx,
    caller: &Caller,
    id: ServiceAccountId,
) -> ApiResult<ServiceAccountRecord> {
    let record = service_accounts::lock(tx, id).await?.ok_or_else(Problem::not_found)?;
    guard(tx, caller, &record).await?;
    Ok(record)
}

/// Refuses those whose rights the account's exceed, scope included: its keys reach as far as its
/// creator.
async fn guard(tx: &mut Tx, caller: &Caller, account: &ServiceAccountRecord) -> ApiResult<()> {
    let creators = service_accounts::creators(tx, &[account.created_by]).await?;
    let holds = match creators.get(&account.created_by) {
        Some(Access { view, edit, departments, .. }) => {
            Rights { permissions: account.permissions, view: *view, edit: *edit, departments }
        }
        None => Rights::unlimited(account.permissions),
    };
    if holds.is_subset_of(&caller.rights()) {
        return Ok(());
    }
    Err(Denial::BeyondOwnRights.into())
}

/// Accounts as they are shown, with what their keys open.
async fn shown(tx: &mut Tx, records: Vec<ServiceAccountRecord>) -> ApiResult<Vec<ServiceAccount>> {
    let creators: Vec<StaffId> = records.iter().map(|record| record.created_by).collect();
    let creators = service_accounts::creators(tx, &creators).await?;
    let show = |record: ServiceAccountRecord| {
        let creator = creators.get(&record.created_by).filter(|_| record.active);
        let lent = creator.map_or(PermissionSet::NONE, |access| access.permissions);
        ServiceAccount {
            id: record.id,
            version: record.version,
            name: record.name,
            permissions: words(record.permissions),
            effective_permissions: words(record.permissions.intersection(lent)),
            active: record.active,
            created_by: record.created_by,
            created_at: record.created_at,
        }
    };
    Ok(records.into_iter().map(show).collect())
}

fn read_permissions(words: Vec<String>, e: &mut FieldErrors) -> PermissionSet {
    let read = |(i, word): (usize, String)| {
        let unknown = "is none of the vocabulary; GET /v1/me lists yours";
        let known: Result<Permission, Reported> = e.check(
            &format!("/permissions/{i}"),
            "invalid",
            Permission::parse(&word).ok_or(unknown),
        );
        known.ok()
    };
    words.into_iter().enumerate().filter_map(read).collect()
}

fn words(permissions: PermissionSet) -> Vec<String> {
    permissions.iter().map(|permission| permission.to_string()).collect()
}

fn described(record: &ServiceAccountRecord) -> serde_json::Value {
    json!({
        "name": record.name,
        "permissions": words(record.permissions),
        "active": record.active,
    })
}
