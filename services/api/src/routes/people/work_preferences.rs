//! `/v1/staff/{id}/work-preferences`: which services and regions a person prefers, is willing to
//! do, avoids, or never does.

use crate::{
    access::caller::Caller,
    change::{ChangeResult, Forget, Outcome, Updated},
    http::{
        body::{Field, Form, Unknown, any, forms, read_forms},
        problem::ApiResult,
        query::PathId,
        reply::{Reply, versioned},
    },
    routes::people::reach,
    state::ApiState,
};
use axum::{extract::State, response::Response};
use nearhand_domain::{
    RegionId, ServiceId, StaffId,
    access::{Action, Object},
    audit,
    field::{FieldErrors, Reported},
    preference::Preference,
};
use nearhand_storage::{
    StorageError, Tx,
    audit::AuditEvent,
    preferences::{self, WorkPreferences},
    regions, services,
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
    #[schema(value_type = Vec<ServicePreference>, required, max_items = 500)]
    services: Field<Vec<ServiceEntry>>,
    /// Each `never`, `avoid`, `willing` or `preferred`.
    #[serde(default)]
    #[schema(value_type = Vec<RegionPreference>, required, max_items = 500)]
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

forms!(WorkPreferencesForm, ServiceEntry, RegionEntry);

/// A person's preferences. The ETag is the person's.
#[utoipa::path(get, path = "/v1/staff/{id}/work-preferences",
    operation_id = "get_work_preferences", tag = "staff",
    responses((status = 200, description = "By id", body = WorkPreferencesShown)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ApiResult<Response> {
    caller.require(Action::ReadStaff, Object::staff(id))?;
    let mut tx = caller.read(&state).await?;
    let person = reach::read(&mut tx, &caller, Action::ReadStaff, id).await?;
    let stored = preferences::get(&mut tx, id).await?;
    Ok(versioned(person.version, WorkPreferencesShown::from(&stored)))
}

/// Replaces a person's preferences. The ETag is the person's.
#[utoipa::path(put, path = "/v1/staff/{id}/work-preferences",
    operation_id = "replace_work_preferences", tag = "staff",
    responses((status = 200, description = "Replaced", body = WorkPreferencesShown)))]
pub(crate) async fn put(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    update: Updated<WorkPreferencesForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditWorkProfile, Object::staff(id))?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    // What is preferred is held before the person is locked: that is the order of all locks.
    let (form, precondition) = update.ahead()?;
    let wanted = form.check(WorkPreferencesForm::read)?;
    let missing = hold(change.tx(), &wanted).await?;
    let person = reach::lock(change.tx(), &caller, Action::EditWorkProfile, id).await?;
    precondition.require(person.version)?;
    missing.conclude(Ok(()))?;
    let wanted = sorted(wanted);
    let before = WorkPreferencesShown::from(&preferences::get(change.tx(), id).await?);
    let version = preferences::replace(change.tx(), caller.organization, id, &wanted).await?;
    let after = WorkPreferencesShown::from(&wanted);
    let counts = serde_json::json!({
        "services": after.services.len(),
        "regions": after.regions.len(),
    });
    let personal = serde_json::json!({ "before": before, "after": after });
    let event =
        AuditEvent::of(audit::STAFF_WORK_PREFERENCES, id).details(counts).personal(id, personal);
    let reply = Reply::ok(&after)?.etag(version);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

impl WorkPreferencesForm {
    fn read(self, e: &mut FieldErrors) -> Result<WorkPreferences, Reported> {
        let level = |v: String| {
            Preference::parse(&v).ok_or("must be `never`, `avoid`, `willing` or `preferred`")
        };
        let service = |entry: ServiceEntry, at: &str, e: &mut FieldErrors| {
            let id = entry.service_id.required(&format!("{at}/service_id"), e, any);
            let preference = entry.preference.required(&format!("{at}/preference"), e, level);
            Ok((ServiceId(id?), preference?))
        };
        let region = |entry: RegionEntry, at: &str, e: &mut FieldErrors| {
            let id = entry.region_id.required(&format!("{at}/region_id"), e, any);
            let preference = entry.preference.required(&format!("{at}/preference"), e, level);
            Ok((RegionId(id?), preference?))
        };
        let services = self.services.required("/services", e, any);
        let services = services
            .map(|list| read_forms(list, "/services", MAX_ENTRIES, e, service, |(id, _)| *id));
        let regions = self.regions.required("/regions", e, any);
        let regions =
            regions.map(|list| read_forms(list, "/regions", MAX_ENTRIES, e, region, |(id, _)| *id));
        Ok(WorkPreferences { services: services?, regions: regions? })
    }
}

/// Holds what is preferred, so that it cannot be removed meanwhile; says what there is not.
async fn hold(tx: &mut Tx, wanted: &WorkPreferences) -> Result<FieldErrors, StorageError> {
    let mut errors = FieldErrors::default();
    let ids: Vec<ServiceId> = wanted.services.iter().map(|(id, _)| *id).collect();
    let there = services::hold(tx, &ids).await?;
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
