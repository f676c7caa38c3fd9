//! `/v1/organization`: the caller's organisation and its settings.

use crate::{
    access::caller::Caller,
    change::{ChangeResult, Forget, Outcome, Updated},
    http::{
        body::{Field, Form, Unknown, any, forms, read_list},
        changes::changes,
        place::{LatLng, PlaceForm},
        problem::{ApiResult, Problem},
        reply::{Reply, versioned},
    },
    state::ApiState,
};
use axum::{extract::State, response::Response};
use nearhand_domain::{
    OrganizationId, PolicyId,
    access::{Action, Object},
    audit,
    facts::MockPolicy,
    field::FieldErrors,
    text::{LanguageTag, Name, ZoneName},
};
use nearhand_storage::{
    Tx,
    audit::AuditEvent,
    organizations::{self, OrganizationRecord},
    policies,
};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;
use utoipa::ToSchema;
use uuid::Uuid;

/// Most languages of an organisation.
const MAX_LANGUAGES: usize = 20;
/// Longest margin of tracking around working hours.
const MAX_MARGIN_MIN: i16 = 720;

/// What may count as a jump, in metres a second.
const JUMP_LIMITS_MPS: RangeInclusive<i16> = 10..=30_000;

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
    /// A fix that a phone could reach only faster than this is a jump: it is kept, flagged, and not
    /// shown live until two more agree with it. In metres a second.
    jump_limit_mps: i16,
    /// BCP 47; the first is given to people whose language is not said.
    languages: Vec<String>,
    /// Whether new people are sent a word of welcome.
    welcome_mail: bool,
    /// People without a margin of their own are tracked only in their working hours, widened by
    /// these minutes; null: at any hour.
    tracking_hours_margin_min: Option<i16>,
    /// The policy of recommendations that name none; null: the built-in `balanced`.
    #[schema(value_type = Option<uuid::Uuid>)]
    default_policy_id: Option<PolicyId>,
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
            jump_limit_mps: record.jump_limit_mps,
            languages: record.languages,
            welcome_mail: record.welcome_mail,
            tracking_hours_margin_min: record.tracking_hours_margin_min,
            default_policy_id: record.default_policy,
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
    /// A fix that a phone could reach only faster than this is a jump. In metres a second.
    #[serde(default)]
    #[schema(value_type = i16, minimum = 10, maximum = 30000)]
    jump_limit_mps: Field<i16>,
    /// BCP 47, 1 to 20; the first is given to people whose language is not said.
    #[serde(default)]
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 20)]
    languages: Field<Vec<String>>,
    /// Whether new people are sent a word of welcome.
    #[serde(default)]
    #[schema(value_type = bool)]
    welcome_mail: Field<bool>,
    /// People without a margin of their own are tracked only in their working hours, widened by
    /// these minutes; null: at any hour.
    #[serde(default)]
    #[schema(value_type = Option<i16>, minimum = 0, maximum = 720)]
    tracking_hours_margin_min: Field<i16>,
    /// The policy of recommendations that name none; null: the built-in `balanced`.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    default_policy_id: Field<Uuid>,
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
    require_policy(change.tx(), before.default_policy_id, record.default_policy).await?;
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
        let limit = self.jump_limit_mps.replacement("/jump_limit_mps", e, |limit| {
            if JUMP_LIMITS_MPS.contains(&limit) { Ok(limit) } else { Err("must be 10 to 30000") }
        });
        record.jump_limit_mps = limit.unwrap_or(record.jump_limit_mps);
        if let Some(languages) = self.languages.replacement("/languages", e, any) {
            record.languages = read_languages(languages, e);
        }
        let welcome = self.welcome_mail.replacement("/welcome_mail", e, any);
        record.welcome_mail = welcome.unwrap_or(record.welcome_mail);
        self.tracking_hours_margin_min
            .patch("/tracking_hours_margin_min", e, |minutes| {
                let fits = (0..=MAX_MARGIN_MIN).contains(&minutes);
                if fits { Ok(minutes) } else { Err("must be 0 to 720") }
            })
            .apply(&mut record.tracking_hours_margin_min);
        self.default_policy_id
            .patch("/default_policy_id", e, |id| any(PolicyId(id)))
            .apply(&mut record.default_policy);
    }
}

/// Refuses a new default policy that is not there, or is archived. The organisation is locked, so
/// that nobody archives the policy meanwhile.
async fn require_policy(
    tx: &mut Tx,
    before: Option<PolicyId>,
    after: Option<PolicyId>,
) -> ApiResult<()> {
    let Some(id) = after.filter(|_| before != after) else { return Ok(()) };
    let found = policies::get(tx, id).await?.filter(|policy| policy.archived_at.is_none());
    let unknown = || Problem::field("/default_policy_id", "unknown", "there is no such policy");
    found.map(|_| ()).ok_or_else(unknown)
}

/// In the given order; the first is the default.
fn read_languages(tags: Vec<String>, e: &mut FieldErrors) -> Vec<String> {
    if tags.is_empty() {
        e.push("/languages", "required", "must name at least one language");
    }
    let read = |tag: String, at: &str, e: &mut FieldErrors| {
        e.check(at, "invalid", LanguageTag::parse(&tag)).map(String::from)
    };
    read_list(tags, "/languages", MAX_LANGUAGES, e, read, |tag| tag.to_lowercase())
}
