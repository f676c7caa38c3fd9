//! `/v1/staff/{id}/work-preferences`: which services and regions a person prefers, is willing to
//! do, avoids, or never does.

use crate::{
    access::caller::Caller,
    http::{
        body::{Field, JsonBody, Unknown, any, refuse_unknown},
        problem::{ApiResult, Problem, ProblemDocument},
        query::PathId,
        reply::{require_match, versioned},
    },
    routes::people::{staff::require_no_more, staff_form::read_list},
    state::ApiState,
};
use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::Response,
};
use nearhand_domain::{
    RegionId, ServiceId, StaffId, access::Permission, field::FieldErrors, preference::Preference,
};
use nearhand_storage::{
    StorageError, Tx,
    audit::{self, AuditEvent},
    preferences::{self, WorkPreferences},
    regions, services, staff,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Most entries of one list.
const MAX_ENTRIES: usize = 500;

/// A person's preferences; what is not listed is unstated.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WorkPreferences)]
pub(crate) struct WorkPreferencesShown {
    services: Vec<ServicePreference>,
    regions: Vec<RegionPreference>,
}

/// A preference for a service.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ServicePreference {
    #[schema(value_type = uuid::Uuid)]
    service_id: ServiceId,
    #[schema(value_type = String, example = "preferred")]
    preference: Preference,
}

/// A preference for a region.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegionPreference {
    #[schema(value_type = uuid::Uuid)]
    region_id: RegionId,
    #[schema(value_type = String, example = "avoid")]
    preference: Preference,
}

/// A person's preferences, all of them: what was stated before is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = WorkPreferencesInput, example = json!({ "services": [], "regions": [] }))]
pub(crate) struct WorkPreferencesForm {
    /// Each `never`, `avoid`, `willing` or `preferred`.
    #[serde(default)]
    #[schema(value_type = Vec<ServicePreference>)]
    services: Field<Vec<ServiceEntry>>,
    /// Each `never`, `avoid`, `willing` or `preferred`.
    #[serde(default)]
    #[schema(value_type = Vec<RegionPreference>)]
    regions: Field<Vec<RegionEntry>>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

#[derive(Debug, Deserialize)]
struct ServiceEntry {
    #[serde(default)]
    service_id: Field<Uuid>,
    #[serde(default)]
    preference: Field<String>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Debug, Deserialize)]
struct RegionEntry {
    #[serde(default)]
    region_id: Field<Uuid>,
    #[serde(default)]
    preference: Field<String>,
    #[serde(flatten)]
    unknown: Unknown,
}

impl From<&WorkPreferences> for WorkPreferencesShown {
    fn from(stored: &WorkPreferences) -> Self {
        let services = stored.services.iter();
        let regions = stored.regions.iter();
        Self {
            services: services
                .map(|&(service_id, preference)| ServicePreference { service_id, preference })
                .collect(),
            regions: regions
                .map(|&(region_id, preference)| RegionPreference { region_id, preference })
                .collect(),
        }
    }
}

/// A person's preferences. The ETag is the person's.
#[utoipa::path(get, path = "/v1/staff/{id}/work-preferences", tag = "staff",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "By id", body = WorkPreferencesShown),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ApiResult<Response> {
    if id != caller.staff {
        caller.require_full(Permission::StaffView)?;
    }
    let mut tx = caller.begin(&state).await?;
    let person = staff::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    let stored = preferences::get(&mut tx, id).await?;
    Ok(versioned(person.version, WorkPreferencesShown::from(&stored)))
}

/// Replaces a person's preferences.
///
/// `if-match` with the person's ETag is honoured when sent.
#[utoipa::path(put, path = "/v1/staff/{id}/work-preferences", tag = "staff",
    request_body = WorkPreferencesForm,
    params(("id" = uuid::Uuid, Path), ("if-match" = Option<String>, Header, description = "The person's ETag")),
    responses((status = 200, description = "Replaced", body = WorkPreferencesShown),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn put(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    headers: HeaderMap,
    JsonBody { value: form, .. }: JsonBody<WorkPreferencesForm>,
) -> ApiResult<Response> {
    if id != caller.staff {
        caller.require_full(Permission::StaffEdit)?;
    }
    let wanted = read(form)?;
    let mut tx = caller.begin(&state).await?;
    let missing = hold(&mut tx, &wanted).await?;
    let person = staff::lock(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    if id != caller.staff {
        require_no_more(&caller, person.admin_role)?;
    }
    if headers.contains_key(header::IF_MATCH) {
        require_match(&headers, person.version)?;
    }
    missing.finish()?;
    let wanted = sorted(wanted);
    let before = WorkPreferencesShown::from(&preferences::get(&mut tx, id).await?);
    let version = preferences::replace(&mut tx, caller.organization, id, &wanted).await?;
    let shown = WorkPreferencesShown::from(&wanted);
    record_event(&mut tx, &caller, id, &before, &shown).await?;
    tx.commit().await.map_err(StorageError::from)?;
    Ok(versioned(version, shown))
}

fn read(form: WorkPreferencesForm) -> ApiResult<WorkPreferences> {
    let mut errors = FieldErrors::default();
    let e = &mut errors;
    refuse_unknown(&form.unknown, "", e);
    let level = |v: String| {
        Preference::parse(&v).ok_or("must be `never`, `avoid`, `willing` or `preferred`")
    };
    let service = |entry: ServiceEntry, at: &str, e: &mut FieldErrors| {
        refuse_unknown(&entry.unknown, at, e);
        let id = entry.service_id.required(&format!("{at}/service_id"), e, any);
        let preference = entry.preference.required(&format!("{at}/preference"), e, level);
        Some((ServiceId(id?), preference?))
    };
    let region = |entry: RegionEntry, at: &str, e: &mut FieldErrors| {
        refuse_unknown(&entry.unknown, at, e);
        let id = entry.region_id.required(&format!("{at}/region_id"), e, any);
        let preference = entry.preference.required(&format!("{at}/preference"), e, level);
        Some((RegionId(id?), preference?))
    };
    let services = form.services.required("/services", e, any).unwrap_or_default();
    let services = read_list(services, "/services", MAX_ENTRIES, e, service, |(id, _)| *id);
    let regions = form.regions.required("/regions", e, any).unwrap_or_default();
    let regions = read_list(regions, "/regions", MAX_ENTRIES, e, region, |(id, _)| *id);
    errors.finish()?;
    Ok(WorkPreferences { services, regions })
}

/// Holds what is preferred, so that it cannot be removed meanwhile; says what there is not.
async fn hold(tx: &mut Tx, wanted: &WorkPreferences) -> ApiResult<FieldErrors> {
    let ids: Vec<ServiceId> = wanted.services.iter().map(|(id, _)| *id).collect();
    let there = services::hold(tx, &ids).await?;
    let mut errors = FieldErrors::default();
    for (i, _) in ids.iter().enumerate().filter(|(_, id)| !there.contains(id)) {
        errors.push(format!("/services/{i}/service_id"), "unknown", "there is no such service");
    }
    let ids: Vec<RegionId> = wanted.regions.iter().map(|(id, _)| *id).collect();
    let there = regions::hold(tx, &ids).await?;
    for (i, _) in ids.iter().enumerate().filter(|(_, id)| !there.contains(id)) {
        errors.push(format!("/regions/{i}/region_id"), "unknown", "there is no such region");
    }
    Ok(errors)
}

/// By id, as they are read back.
fn sorted(mut preferences: WorkPreferences) -> WorkPreferences {
    preferences.services.sort_unstable();
    preferences.regions.sort_unstable();
    preferences
}

async fn record_event(
    tx: &mut Tx,
    caller: &Caller,
    id: StaffId,
    before: &WorkPreferencesShown,
    after: &WorkPreferencesShown,
) -> ApiResult<()> {
    let personal = serde_json::json!({ "before": before, "after": after });
    let event = AuditEvent {
        action: "staff.work_preferences",
        subject_kind: "staff",
        subject: id.0,
        details: serde_json::json!({
            "services": after.services.len(),
            "regions": after.regions.len(),
        }),
        personal: Some((id, &personal)),
    };
    Ok(audit::record(tx, &caller.audit(), &event).await?)
}
