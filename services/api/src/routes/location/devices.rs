//! `/v1/staff/{id}/devices`: phones, and the tokens they send pings with.

use super::device_setup::DeviceSetup;
use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Posted},
    http::{
        body::{Field, Form, Unknown, forms},
        codes::Code,
        origin::PublicUrl,
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
        query::{PathId, PathIds},
        reply::Reply,
    },
    routes::people::reach,
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::Timestamp;
use nearhand_domain::{
    DeviceId, StaffId,
    access::{Action, Object},
    audit, clock,
    text::Name,
    token::{TokenHash, TokenKind, mint},
};
use nearhand_storage::{
    Tx,
    audit::AuditEvent,
    devices::{self, DeviceCount, DeviceRecord},
};
use nearhand_trackers::setup::Setup;
use serde::{Deserialize, Serialize};
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
    #[schema(value_type = String, example = "Grace's phone", required, min_length = 1, max_length = 120)]
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
    /// By how many seconds its clock is ahead of ours, negative: behind; to the minute. Null until a
    /// request has shown it. Times are stored as the device gives them.
    #[schema(example = -0.4)]
    clock_skew_s: Option<f64>,
}

/// A fresh device with its token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EnrolledDevice {
    device: Device,
    /// Shown once: for `authorization: Bearer …` on `POST /v1/pings`, and in the addresses and
    /// passwords of apps on `/ingest/…`.
    token: String,
    /// What to set in each app that exists; see `docs/phones.md`.
    setup: DeviceSetup,
}

forms!(DeviceForm);

impl From<DeviceRecord> for Device {
    fn from(record: DeviceRecord) -> Self {
        Self {
            id: record.id,
            staff_id: record.staff,
            name: record.name,
            created_at: record.created_at,
            last_seen_at: record.last_seen_at,
            revoked_at: record.revoked_at,
            clock_skew_s: record.clock_skew_s,
        }
    }
}

/// Enrols a device of a person; its token is shown once, with what to set in each app.
#[utoipa::path(post, path = "/v1/staff/{id}/devices", operation_id = "enrol_device",
    tag = "devices", responses((status = 201, description = "Enrolled", body = EnrolledDevice)))]
pub(crate) async fn enrol(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    PublicUrl(base): PublicUrl,
    posted: Posted<DeviceForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageDevices, Object::staff(id))?;
    let new = NewDevice::mint(&caller);
    let (new, setup) = new.set_up(base).await?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let name = form.check(|form, e| form.name.required("/name", e, |v| Name::parse(&v)))?;
    let (device, event) = new.insert(change.tx(), &caller, id, &name).await?;
    let body = EnrolledDevice { device, token: new.token, setup };
    let reply = Reply::created(address(id, new.id), &body)?.secret();
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// A device that is being enrolled.
pub(super) struct NewDevice {
    pub(super) id: DeviceId,
    pub(super) token: String,
    hash: TokenHash,
}

impl NewDevice {
    /// With a token of its own.
    pub(super) fn mint(caller: &Caller) -> Self {
        let (token, hash) = mint(TokenKind::Device, caller.organization);
        Self { id: DeviceId::generate(), token, hash }
    }

    /// Draws the codes to scan. Takes milliseconds, so it is done aside, and before anything is
    /// locked.
    pub(super) async fn set_up(self, base: String) -> ApiResult<(Self, DeviceSetup)> {
        let drawing = tokio::task::spawn_blocking(move || {
            let label = self.id.to_string();
            let setup = Setup { base: &base, device: &label, token: &self.token };
            let setup = DeviceSetup::of(&setup)?;
            Ok((self, setup))
        });
        drawing.await.map_err(|_| Problem::internal())?
    }

    /// Stores it for a person whom the caller reaches.
    pub(super) async fn insert(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        person: StaffId,
        name: &Name,
    ) -> ApiResult<(Device, AuditEvent)> {
        reach::lock(tx, caller, Action::ManageDevices, person).await?;
        require_room(devices::count(tx, person).await?)?;
        let (organization, name, now) = (caller.organization, name.as_str(), clock::now());
        let record =
            devices::insert(tx, organization, self.id, person, name, self.hash, now).await?;
        let event = sealed(AuditEvent::of(audit::DEVICE_ENROL, self.id), &record);
        Ok((record.into(), event))
    }
}

/// Where a device is found.
pub(super) fn address(person: StaffId, device: DeviceId) -> String {
    format!("/v1/staff/{person}/devices/{device}")
}

/// A person's devices in order of enrolment, revoked ones included.
#[utoipa::path(get, path = "/v1/staff/{id}/devices", operation_id = "list_devices",
    tag = "devices", responses((status = 200, description = "A page", body = Page<Device>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    list: ListOf,
) -> ApiResult<Json<Page<Device>>> {
    page(&state, &caller, id, list, Device::from).await
}

/// A page of a person's devices.
pub(super) async fn page<T: ToSchema>(
    state: &ApiState,
    caller: &Caller,
    person: StaffId,
    list: ListOf,
    show: impl FnMut(DeviceRecord) -> T,
) -> ApiResult<Json<Page<T>>> {
    caller.require(Action::ReadStaff, Object::staff(person))?;
    let (paging, _) = list.open(state, caller.organization)?;
    let mut tx = caller.read(state).await?;
    reach::read(&mut tx, caller, Action::ReadStaff, person).await?;
    let records = devices::list(&mut tx, person, paging.after(), paging.rows()).await?;
    Ok(paging.page(records, |record| record.id.0, show))
}

/// Revokes a device: its token stops working at once.
#[utoipa::path(delete, path = "/v1/staff/{id}/devices/{device_id}",
    operation_id = "revoke_device", tag = "devices",
    responses((status = 204, description = "Revoked")))]
pub(crate) async fn revoke(
    State(state): State<ApiState>,
    caller: Caller,
    PathIds(id, device): PathIds<StaffId, DeviceId>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageDevices, Object::staff(id))?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    reach::lock(change.tx(), &caller, Action::ManageDevices, id).await?;
    let event = revoke_one(change.tx(), &caller, id, device).await?;
    let (forget, reply) = (Forget::Device(device), Reply::no_content());
    change.commit(Outcome { event, forget, reply }).await
}

/// Revokes a device of a person whom the caller reaches. One that was revoked before stays as it is:
/// nothing is recorded a second time.
pub(crate) async fn revoke_one(
    tx: &mut Tx,
    caller: &Caller,
    person: StaffId,
    device: DeviceId,
) -> ApiResult<Option<AuditEvent>> {
    let now = clock::now();
    let revoked = devices::revoke(tx, caller.organization, person, device, now).await?;
    let revoked = revoked.ok_or_else(Problem::not_found)?;
    let is_new = revoked.revoked_at == Some(now);
    Ok(is_new.then(|| sealed(AuditEvent::of(audit::DEVICE_REVOKE, device), &revoked)))
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

/// What a person calls their phone is personal: sealed for them.
fn sealed(event: AuditEvent, device: &DeviceRecord) -> AuditEvent {
    let personal = serde_json::json!({ "name": device.name });
    event.details(serde_json::json!({ "staff_id": device.staff })).personal(device.staff, personal)
}
