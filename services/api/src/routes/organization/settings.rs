//! `/v1/organization`: the caller's organisation and its settings.

use crate::{
    access::caller::Caller,
    http::{
        body::{Field, JsonBody, Patch, Unknown, any, refuse_unknown},
        changes::changes,
        problem::{ApiResult, ProblemDocument},
        reply::{require_match, versioned},
    },
    routes::location::place::{LatLng, PlaceForm},
    state::ApiState,
};
use axum::{extract::State, http::HeaderMap, response::Response};
use nearhand_domain::{
    OrganizationId,
    access::Permission,
    facts::MockPolicy,
    field::FieldErrors,
    text::{Name, ZoneName},
};
use nearhand_storage::{
    StorageError,
    audit::{self, AuditEvent},
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
    #[schema(value_type = Option<String>)]
    name: Field<String>,
    /// IANA time zone.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    time_zone: Field<String>,
    /// Where everyone without a home starts from.
    #[serde(default)]
    #[schema(value_type = Option<LatLng>)]
    base: Field<PlaceForm>,
    /// How mock fixes count.
    #[serde(default)]
    #[schema(value_type = Option<MockPolicyWord>)]
    mock_policy: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// The caller's organisation.
#[utoipa::path(get, path = "/v1/organization", tag = "organization", responses(
    (status = 200, description = "The organisation", body = Organization),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn get(State(state): State<ApiState>, caller: Caller) -> ApiResult<Response> {
    caller.require(Permission::SettingsView)?;
    let mut tx = caller.begin(&state).await?;
    let record = organizations::get(&mut tx, false).await?;
    Ok(versioned(record.version, Organization::from(record)))
}

/// Changes the caller's organisation.
#[utoipa::path(patch, path = "/v1/organization", tag = "organization",
    request_body = OrganizationPatch, params(("if-match" = String, Header, description = "The ETag last read, or `*`")),
    responses((status = 200, description = "Changed", body = Organization),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    headers: HeaderMap,
    JsonBody { value: form, .. }: JsonBody<OrganizationPatch>,
) -> ApiResult<Response> {
    caller.require_full(Permission::SettingsManage)?;
    let mut tx = caller.begin(&state).await?;
    let mut record = organizations::get(&mut tx, true).await?;
    require_match(&headers, record.version)?;
    let before = Organization::from(record.clone());
    apply(form, &mut record)?;
    record.version = organizations::update(&mut tx, &record).await?;
    let after = Organization::from(record);
    let event = AuditEvent {
        action: "organization.update",
        subject_kind: "organization",
        subject: after.id.0,
        details: changes(Some(&before), &after),
        personal: None,
    };
    audit::record(&mut tx, &caller.audit(), &event).await?;
    tx.commit().await.map_err(StorageError::from)?;
    Ok(versioned(after.version, after))
}

fn apply(form: OrganizationPatch, record: &mut OrganizationRecord) -> ApiResult<()> {
    let mut errors = FieldErrors::default();
    refuse_unknown(&form.unknown, "", &mut errors);
    if let Some(name) = form.name.replacement("/name", &mut errors, |v| Name::parse(&v)) {
        record.name = name.into();
    }
    let zone = form.time_zone.replacement("/time_zone", &mut errors, |v| ZoneName::parse(&v));
    if let Some(zone) = zone {
        record.time_zone = zone.into();
    }
    match form.base.patch("/base", &mut errors, any) {
        Patch::Keep => {}
        Patch::Clear => record.base = None,
        Patch::Set(place) => record.base = place.read("/base", &mut errors).or(record.base),
    }
    let policy = form.mock_policy.replacement("/mock_policy", &mut errors, |word| {
        MockPolicy::parse(&word).ok_or("must be `accept`, `penalise` or `history_only`")
    });
    record.mock_policy = policy.unwrap_or(record.mock_policy);
    Ok(errors.finish()?)
}
