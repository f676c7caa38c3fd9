//! `GET /v1/devices`: the phones in use of everybody in view, and what is wrong with them. Says
//! nothing about places.

use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::Timestamp;
use nearhand_domain::{
    DeviceId, StaffId,
    access::{Action, PeopleScope},
    clock,
    device_health::Trouble,
    ping::PersonGate,
};
use nearhand_storage::{
    StorageError, Tx,
    device_health::{self, WatchedDevice},
    facts,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// Devices looked at in one statement.
const AT_A_TIME: i64 = 500;

/// Which devices.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DevicesQuery {
    /// Only those with this trouble, or with `any`: `never_heard`, `silent`, `low_battery`,
    /// `approximate`, `only_when_open`, `mock`, `clock_ahead`.
    #[param(example = "any")]
    trouble: Option<String>,
    /// Only those of this person.
    #[param(value_type = Option<uuid::Uuid>)]
    staff: Option<StaffId>,
}

/// A phone in use.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeviceHealth {
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
    /// Whether its position is wanted now; see `/v1/pings/wanted`.
    wanted: bool,
    /// 0 to 1, as its newest fix of the last two days says.
    battery: Option<f32>,
    /// Being charged, as that fix says.
    charging: Option<bool>,
    /// What is wrong with it, as far as its fixes tell.
    troubles: Vec<TroubleShown>,
}

/// A trouble.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TroubleShown {
    /// Which.
    #[schema(example = "silent")]
    code: &'static str,
    /// What it is and how to mend it.
    detail: &'static str,
}

/// A device with what was found.
struct Found {
    device: WatchedDevice,
    wanted: bool,
    troubles: Vec<Trouble>,
}

/// The phones in use of everybody in view, in order of enrolment, with what is wrong with them.
///
/// A guess from the newest 30 fixes of two days: apps do not say what their users deny them. With
/// `trouble` all devices are looked through, some 10,000 a second.
#[utoipa::path(get, path = "/v1/devices", operation_id = "list_device_health", tag = "devices",
    responses((status = 200, description = "A page", body = Page<DeviceHealth>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf<DevicesQuery>,
) -> ApiResult<Json<Page<DeviceHealth>>> {
    let scope = caller.people_scope(Action::ListStaff)?;
    let (paging, query) = list.open(&state, caller.organization)?;
    let wanted = Wanted::parse(query.trouble.as_deref())?;
    let mut tx = caller.read(&state).await?;
    let rows = usize::try_from(paging.rows()).unwrap_or(usize::MAX);
    let whose = (scope, query.staff);
    let found = look_through(&mut tx, whose, paging.after(), wanted, rows).await?;
    Ok(paging.page(found, |found| found.device.id.0, DeviceHealth::from))
}

/// Which devices are listed.
#[derive(Clone, Copy)]
enum Wanted {
    All,
    Any,
    One(Trouble),
}

impl Wanted {
    fn parse(word: Option<&str>) -> ApiResult<Self> {
        match word {
            None => Ok(Self::All),
            Some("any") => Ok(Self::Any),
            Some(word) => Trouble::parse(word).map(Self::One).ok_or_else(|| {
                let words = Trouble::ALL.map(Trouble::as_str).join(", ");
                Problem::new(Code::MalformedQuery, format!("`trouble` must be any, {words}"))
            }),
        }
    }

    fn has(self, troubles: &[Trouble]) -> bool {
        match self {
            Self::All => true,
            Self::Any => !troubles.is_empty(),
            Self::One(trouble) => troubles.contains(&trouble),
        }
    }
}

/// The first of those that are wanted, at most so many.
async fn look_through(
    tx: &mut Tx,
    (scope, staff): (PeopleScope<'_>, Option<StaffId>),
    mut after: Option<DeviceId>,
    wanted: Wanted,
    most: usize,
) -> Result<Vec<Found>, StorageError> {
    let (mut listed, now) = (Vec::new(), clock::now());
    let at_a_time = match wanted {
        // Every one is listed.
        Wanted::All => i64::try_from(most).unwrap_or(AT_A_TIME),
        Wanted::Any | Wanted::One(_) => AT_A_TIME,
    };
    loop {
        let devices = device_health::list(tx, scope, staff, after, at_a_time, now).await?;
        let Some(last) = devices.last() else { return Ok(listed) };
        after = Some(last.id);
        let mut people: Vec<StaffId> = devices.iter().map(|device| device.staff).collect();
        people.sort_unstable();
        people.dedup();
        let gates: HashMap<StaffId, PersonGate> =
            facts::gates(tx, &people).await?.into_iter().collect();
        for device in devices {
            let Some(gate) = gates.get(&device.staff) else { continue };
            let troubles = device.signs.troubles(gate, now.as_second());
            if wanted.has(&troubles) {
                let wanted = gate.wanted(now.as_second()).is_wanted();
                listed.push(Found { device, wanted, troubles });
            }
            if listed.len() >= most {
                return Ok(listed);
            }
        }
    }
}

impl From<Found> for DeviceHealth {
    fn from(found: Found) -> Self {
        let Found { device, wanted, troubles } = found;
        let newest = device.signs.fixes.first();
        let shown =
            |trouble: &Trouble| TroubleShown { code: trouble.as_str(), detail: trouble.detail() };
        Self {
            battery: newest.and_then(|fix| fix.battery),
            charging: newest.and_then(|fix| fix.charging),
            troubles: troubles.iter().map(shown).collect(),
            id: device.id,
            staff_id: device.staff,
            name: device.name,
            created_at: device.created_at,
            last_seen_at: device.last_seen_at,
            wanted,
        }
    }
}
