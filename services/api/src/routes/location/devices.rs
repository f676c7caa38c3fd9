//! `/v1/staff/{id}/devices`: phones, and the tokens they send pings with.

use crate::{
    access::caller::Caller,
    http::{
        body::{Field, JsonBody, Unknown, refuse_unknown},
        codes::Code,
        problem::{ApiResult, Problem, ProblemDocument},
        query::{PageQuery, PathId, PathIds, QueryOf, list_name, page_limit},
        reply::{IdempotencyKey, Reply},
    },
    routes::people::staff::require_no_more,
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use nearhand_domain::{
    DeviceId, StaffId,
    access::Permission,
    clock,
    field::FieldErrors,
    text::Name,
    token::{TokenKind, mint},
};
use nearhand_storage::{
    StorageError, Tx,
    audit::{self, AuditEvent},
    devices::{self, DeviceCount, DeviceRecord},
    staff,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Most devices of a person that have not been revoked.
const MAX_DEVICES: i64 = 50;
/// Most devices of a person in all. Revoked ones are forgotten with the history.
const MAX_KEPT: i64 = 500;

/// A device to be.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct DeviceForm {
    /// What people call it.
    #[serde(default)]
    #[schema(value_type = String, example = "Grace's phone")]
    name: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// A device.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Device {
    #[schema(value_type = uuid::Uuid)]
    id: DeviceId,
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When a ping of it was last stored, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen_at: Option<Timestamp>,
    /// When its token stopped working.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
}

/// A fresh device with its token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnrolledDevice {
    device: Device,
    /// Shown once: for `authorization: Bearer …` on `POST /v1/pings`.
    token: String,
}

/// A page of a person's devices.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceList {
    items: Vec<Device>,
    /// For the next page; null at the end.
    next_cursor: Option<String>,
}

impl From<DeviceRecord> for Device {
    fn from(record: DeviceRecord) -> Self {
        Self {
            id: record.id,
            staff_id: record.staff,
            name: record.name,
            created_at: record.created_at,
            last_seen_at: record.last_seen_at,
            revoked_at: record.revoked_at,
        }
    }
}

/// Enrols a device of a person; its token is shown once.
#[utoipa::path(post, path = "/v1/staff/{id}/devices", tag = "devices", request_body = DeviceForm,
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 201, description = "Enrolled", body = EnrolledDevice),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn enrol(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    key: IdempotencyKey,
    JsonBody { value: form, hash }: JsonBody<DeviceForm>,
) -> ApiResult<Reply> {
    let mut errors = FieldErrors::default();
    refuse_unknown(&form.unknown, "", &mut errors);
    let name = form.name.required("/name", &mut errors, |v| Name::parse(&v));
    let mut tx = caller.begin(&state).await?;
    require_reach(&mut tx, &caller, id).await?;
    errors.finish()?;
    if let Some(reply) = key.replay(&mut tx, &caller, hash).await? {
        return Ok(reply);
    }
    staff::lock(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    require_room(devices::count(&mut tx, id).await?)?;
    let name = name.map(String::from).unwrap_or_default();
    let device = DeviceId::generate();
    let (token, token_hash) = mint(TokenKind::Device, caller.organization);
    let record =
        devices::insert(&mut tx, caller.organization, device, id, &name, token_hash).await?;
    record_event(&mut tx, &caller, "device.enrol", &record).await?;
    let body = EnrolledDevice { device: record.into(), token };
    let reply = Reply::created(format!("/v1/staff/{id}/devices/{device}"), &body)?.secret();
    key.keep(&mut tx, &caller, hash, &reply).await?;
    tx.commit().await.map_err(StorageError::from)?;
    Ok(reply)
}

/// A person's devices in order of enrolment, revoked ones included.
#[utoipa::path(get, path = "/v1/staff/{id}/devices", tag = "devices",
    params(("id" = uuid::Uuid, Path),
    ("limit" = Option<i64>, Query, description = "1 to 200, 50 unless given"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page", body = DeviceList),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    QueryOf(query): QueryOf<PageQuery>,
) -> ApiResult<Json<DeviceList>> {
    if id != caller.staff {
        caller.require_full(Permission::StaffView)?;
    }
    let limit = page_limit(query.limit)?;
    let name = list_name(caller.organization, &format!("devices/{id}"), &BTreeMap::new());
    let after = state.cursors().open(&name, query.cursor.as_deref())?.map(DeviceId);
    let mut tx = caller.begin(&state).await?;
    staff::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    let mut records = devices::list(&mut tx, id, after, limit + 1).await?;
    let more = i64::try_from(records.len()).is_ok_and(|len| len > limit);
    if more {
        records.pop();
    }
    let last = records.last().map(|record| record.id.0).filter(|_| more);
    Ok(Json(DeviceList {
        next_cursor: last.map(|last| state.cursors().seal(&name, last)),
        items: records.into_iter().map(Device::from).collect(),
    }))
}

/// Revokes a device: its token stops working at once.
#[utoipa::path(delete, path = "/v1/staff/{id}/devices/{device_id}", tag = "devices",
    params(("id" = uuid::Uuid, Path), ("device_id" = uuid::Uuid, Path)), responses(
    (status = 204, description = "Revoked"),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn revoke(
    State(state): State<ApiState>,
    caller: Caller,
    PathIds(id, device): PathIds<StaffId, DeviceId>,
) -> ApiResult<StatusCode> {
    let mut tx = caller.begin(&state).await?;
    require_reach(&mut tx, &caller, id).await?;
    let revoked = devices::revoke(&mut tx, caller.organization, id, device, clock::now()).await?;
    let revoked = revoked.ok_or_else(Problem::not_found)?;
    record_event(&mut tx, &caller, "device.revoke", &revoked).await?;
    tx.commit().await.map_err(StorageError::from)?;
    state.credentials().forget(device.0);
    Ok(StatusCode::NO_CONTENT)
}

fn require_room(count: DeviceCount) -> ApiResult<()> {
    let detail = if count.in_use >= MAX_DEVICES {
        format!("a person has at most {MAX_DEVICES} devices; revoke one first")
    } else if count.kept >= MAX_KEPT {
        format!(
            "a person has at most {MAX_KEPT} devices, revoked ones included; these are forgotten \
             when the history of their time is"
        )
    } else {
        return Ok(());
    };
    Err(Problem::new(Code::LimitReached, detail))
}

/// One's own devices, or those of somebody whose rights are no greater.
async fn require_reach(tx: &mut Tx, caller: &Caller, id: StaffId) -> ApiResult<()> {
    if id != caller.staff {
        caller.require_full(Permission::StaffManage)?;
    }
    let person = staff::get(tx, id).await?.ok_or_else(Problem::not_found)?;
    if id == caller.staff { Ok(()) } else { require_no_more(caller, person.admin_role) }
}

/// What somebody calls their phone is theirs: sealed for them.
async fn record_event(
    tx: &mut Tx,
    caller: &Caller,
    action: &'static str,
    device: &DeviceRecord,
) -> ApiResult<()> {
    let personal = serde_json::json!({ "name": device.name });
    let event = AuditEvent {
        action,
        subject_kind: "device",
        subject: device.id.0,
        details: serde_json::json!({ "staff_id": device.staff }),
        personal: Some((device.staff, &personal)),
    };
    Ok(audit::record(tx, &caller.audit(), &event).await?)
}
