//! Cases as they are shown. Must not change them.

use super::reached;
use crate::{
    access::caller::Caller,
    http::{changes::changes, place::LatLng, problem::ApiResult, query::PathId, reply::versioned},
    routes::{people::staff_form::AddressInput, work::needs_form::NeedsShown},
    state::ApiState,
};
use axum::{extract::State, response::Response};
use jiff::Timestamp;
use nearhand_dispatch::Needs;
use nearhand_domain::{
    CaseId, ClientId, DepartmentId, GroupId, QueueId, RegionId, StaffId,
    access::{Action, Object},
    address::{Address, GeocodePrecision, GeocodeStatus, HomeSource},
};
use nearhand_storage::cases::{self, CaseRecord};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// A case.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Case {
    #[schema(value_type = uuid::Uuid)]
    pub(super) id: CaseId,
    /// Raised by every change; also the ETag. What becomes of assignments does not raise it.
    pub(super) version: i64,
    /// Unique in the organisation without regard to case.
    #[schema(example = "1042")]
    number: String,
    title: String,
    /// As people set it: `open`, `done` or `cancelled`.
    #[schema(example = "open")]
    status: &'static str,
    /// How far it has come: `open` while slots are free, `assigned` when all are taken,
    /// `in_progress` once one is on the way or on site, `done` when everybody who holds it is done
    /// or its status says so, `cancelled`.
    #[schema(example = "open")]
    state: &'static str,
    /// How many people it takes.
    slots: i16,
    /// How many hold it.
    slots_filled: i64,
    #[schema(value_type = Option<uuid::Uuid>)]
    client_id: Option<ClientId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    queue_id: Option<QueueId>,
    /// The people of this group may see it.
    #[schema(value_type = Option<uuid::Uuid>)]
    group_id: Option<GroupId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    department_id: Option<DepartmentId>,
    notes: String,
    /// Null until the address has been found.
    position: Option<LatLng>,
    /// Within this distance of the position people are on site, in metres.
    #[schema(example = 150)]
    arrival_radius_m: i32,
    /// `manual` or `geocoded`.
    #[schema(value_type = Option<String>)]
    position_source: Option<HomeSource>,
    #[schema(value_type = Option<AddressInput>)]
    address: Option<Address>,
    /// `pending`, `ok`, `ambiguous` or `failed`; null unless the address is looked for.
    #[schema(value_type = Option<String>)]
    geocode_status: Option<GeocodeStatus>,
    /// `address`, `postcode` or `locality`, when the status is `ok`.
    #[schema(value_type = Option<String>)]
    geocode_precision: Option<GeocodePrecision>,
    /// With `ok`: `{ "attribution" }`, to be shown beside the place. With `failed`: `{ "reason" }`.
    /// With `ambiguous`: `{ "choices" }`, each with `label`, `position` and `precision`, and
    /// `attribution`; choose one by setting `position` to its position.
    #[schema(value_type = Option<Object>)]
    geocode_detail: Option<Value>,
    #[serde(flatten)]
    needs: NeedsShown,
    /// Who made it.
    #[schema(value_type = uuid::Uuid)]
    created_by: StaffId,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When its status became `done`.
    #[schema(value_type = Option<String>, format = DateTime)]
    done_at: Option<Timestamp>,
    /// When its status became `cancelled`.
    #[schema(value_type = Option<String>, format = DateTime)]
    cancelled_at: Option<Timestamp>,
}

/// A case with what is found out about it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CaseDetails {
    #[serde(flatten)]
    case: Case,
    /// The regions that contain its position.
    #[schema(value_type = Vec<uuid::Uuid>)]
    regions: Vec<RegionId>,
}

impl From<CaseRecord> for Case {
    fn from(record: CaseRecord) -> Self {
        let needs = Needs::from(&record);
        Self {
            id: record.id,
            version: record.version,
            number: record.number.unwrap_or_default(),
            title: record.title,
            status: record.status.as_str(),
            state: record.state.as_str(),
            slots: record.slots,
            slots_filled: record.slots_filled,
            client_id: record.client,
            queue_id: record.queue,
            group_id: record.group,
            department_id: record.department,
            notes: record.notes,
            position: record.position.map(LatLng::from),
            arrival_radius_m: record.arrival_radius_m,
            position_source: record.position_source,
            address: record.address,
            geocode_status: record.geocode_status,
            geocode_precision: record.geocode_precision,
            geocode_detail: record.geocode_detail,
            needs: needs.into(),
            created_by: record.created_by,
            created_at: record.created_at,
            done_at: record.done_at,
            cancelled_at: record.cancelled_at,
        }
    }
}

impl Case {
    /// What differs from before, for the audit trail. Of free texts and addresses it says only that
    /// they differ: they may be about people whom nobody could erase from it.
    pub(super) fn differs(&self, before: Option<&Self>) -> Value {
        let mut changed = changes(before, self);
        for name in ["notes", "address", "geocode_detail"] {
            if let Some(field) = changed.get_mut(name) {
                *field = json!({ "changed": true });
            }
        }
        changed
    }
}

/// One case, with the regions that contain it.
#[utoipa::path(get, path = "/v1/cases/{id}", operation_id = "get_case", tag = "cases",
    responses((status = 200, description = "The case", body = CaseDetails)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<CaseId>,
) -> ApiResult<Response> {
    caller.require(Action::ReadCases, Object::Organization)?;
    let mut tx = caller.read(&state).await?;
    let record = cases::get(&mut tx, id).await?;
    let record = reached(&mut tx, &caller, Action::ReadCases, record).await?;
    let regions = match record.position {
        Some(position) => cases::regions(&mut tx, position).await?,
        None => Vec::new(),
    };
    Ok(versioned(record.version, CaseDetails { case: record.into(), regions }))
}
