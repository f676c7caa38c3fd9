//! `/v1/organization`: the caller's organisation and its settings.

use crate::{
    access::caller::Caller,
    change::{ChangeResult, Forget, Outcome, Updated},
    http::{
        body::{Field, Form, Unknown, forms},
        changes::changes,
        place::{LatLng, PlaceForm},
        problem::ApiResult,
        reply::{Reply, versioned},
    },
    state::ApiState,
};
use axum::{extract::State, response::Response};
use nearhand_domain::{
    OrganizationId,
    access::{Action, Object},
    audit,
    facts::MockPolicy,
    field::FieldErrors,
    text::{Name, ZoneName},
};
use nearhand_storage::{
    audit::AuditEvent,
    organizations::{self, OrganizationRecord},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Organization {
    /// Tenant.
    #[schema(value_type = uuid::Uuid)]
    id: OrganizationId,
    /// Raised by every change; also the ETag.
    version: i64,
    /// What people call it.
    name: String,
    /// What logins call it.
    slug: String,
    /// IANA time zone.
    time_zone: String,
    /// Where everyone without a home starts from.
    base: Option<LatLng>,
    /// How mock fixes count: `accept`, `penalise` or `history_only`.
    mock_policy: MockPolicyWord,
}

/// How mock fixes count.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MockPolicy)]
pub(crate) enum MockPolicyWord {
    /// Like any other fix.
    Accept,
    /// With half the weight.
    Penalise,
    /// History only.
    HistoryOnly,
}

impl From<OrganizationRecord> for Organization {
    fn from(record: OrganizationRecord) -> Self {
        Self {
            id: record.id,
            version: record.version,
            name: record.name,
            slug: record.slug,
            time_zone: record.time_zone,
            base: record.base.map(LatLng::from),
            mock_policy: match record.mock_policy {
                MockPolicy::Accept => MockPolicyWord::Accept,
                MockPolicy::Penalise => MockPolicyWord::Penalise,
                MockPolicy::HistoryOnly => MockPolicyWord::HistoryOnly,
            },
        }
    }
}

/// A change to the organisation: what is left out stays, null clears.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "base": { "lat": 38.7071, "lng": -9.1355 },
    "mock_policy": "history_only" }))]
pub(crate) struct OrganizationPatch {
    /// What people call it.
    #[serde(default)]
    #[schema(value_type = String)]
    name: Field<String>,
    /// IANA time zone.
    #[serde(default)]
    #[schema(value_type = String)]
    time_zone: Field<String>,
    /// Where everyone without a home starts from.
    #[serde(default)]
    #[schema(value_type = Option<LatLng>)]
    base: Field<PlaceForm>,
    /// How mock fixes count.
    #[serde(default)]
    #[schema(value_type = MockPolicyWord)]
    mock_policy: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(OrganizationPatch);

/// The caller's organisation.
#[utoipa::path(get, path = "/v1/organization", operation_id = "get_organization",
    tag = "organization",
    responses((status = 200, description = "The organisation", body = Organization)))]
pub(crate) async fn get(State(state): State<ApiState>, caller: Caller) -> ApiResult<Response> {
    caller.require(Action::ReadSettings, Object::Organization)?;
    let mut tx = caller.read(&state).await?;
    let record = organizations::get(&mut tx, false).await?;
    Ok(versioned(record.version, Organization::from(record)))
}

/// Changes the caller's organisation.
#[utoipa::path(patch, path = "/v1/organization", operation_id = "update_organization",
    tag = "organization",
    responses((status = 200, description = "Changed", body = Organization)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    update: Updated<OrganizationPatch>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageSettings, Object::Organization)?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let mut record = organizations::get(change.tx(), true).await?;
    let form = update.matching(record.version)?;
    let before = Organization::from(record.clone());
    form.check(|form, e| {
        form.apply(&mut record, e);
        Ok(())
    })?;
    record.version = organizations::update(change.tx(), &record).await?;
    let after = Organization::from(record);
    let details = changes(Some(&before), &after);
    let event = AuditEvent::of(audit::ORGANIZATION_UPDATE, after.id).details(details);
    let reply = Reply::ok(&after)?.etag(after.version);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

impl OrganizationPatch {
    fn apply(self, record: &mut OrganizationRecord, e: &mut FieldErrors) {
        if let Some(name) = self.name.replacement("/name", e, |v| Name::parse(&v)) {
            record.name = name.into();
        }
        if let Some(zone) = self.time_zone.replacement("/time_zone", e, |v| ZoneName::parse(&v)) {
            record.time_zone = zone.into();
        }
        PlaceForm::patch(self.base, "/base", e, &mut record.base);
        let policy = self.mock_policy.replacement("/mock_policy", e, |word| {
            MockPolicy::parse(&word).ok_or("must be `accept`, `penalise` or `history_only`")
        });
        record.mock_policy = policy.unwrap_or(record.mock_policy);
    }
}
