//! `/v1/policies`: named settings of the ranking. A change writes another version and leaves the
//! earlier ones as they are.

use super::{
    form::{Draft, PolicyForm},
    shown::{PolicyShown, PresetsShown, VersionShown, WithRates, policy_of_settings},
};
use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Posted, Updated},
    http::{
        body::Form,
        changes::changes,
        codes::Code,
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
        query::{PathId, QueryOf},
        reply::{Reply, versioned},
    },
    state::ApiState,
};
use axum::{Json, extract::State, response::Response};
use nearhand_domain::{
    PolicyId,
    access::{Action, Object},
    audit, clock,
    text::Name,
};
use nearhand_recommend::{Preset, exchange_rates::USUAL_ETA_MIN};
use nearhand_storage::{
    Tx,
    audit::AuditEvent,
    organizations,
    policies::{self, PolicyRecord},
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

/// The longest driving time to give rates at.
const MOST_ETA_MIN: f64 = 600.0;

/// Which policies to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PolicyQuery {
    /// True: those that are archived; else those that are not.
    archived: Option<bool>,
}

/// At which driving time to give exchange rates.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RatesQuery {
    /// Driving time for the exchange rates, 0 to 600; 25 unless given.
    #[param(minimum = 0, maximum = 600)]
    eta_min: Option<f64>,
}

/// Creates a policy from a preset and settings over it.
///
/// With `validate_only` nothing is stored: 200 with what would be.
#[utoipa::path(post, path = "/v1/policies", operation_id = "create_policy", tag = "policies",
    responses((status = 201, description = "Created", body = WithRates),
        (status = 200, description = "Only checked", body = WithRates)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<PolicyForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManagePolicies, Object::Organization)?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let draft = form.check(|form, e| form.read(None, e))?;
    let validate_only = draft.validate_only;
    let record = draft.into_record(None)?;
    let shown = WithRates::new(&record, USUAL_ETA_MIN)?;
    if validate_only {
        require_free_name(change.tx(), &record.name, None).await?;
        return finish(change, None, Reply::ok(&shown.without_id())?).await;
    }
    policies::insert(change.tx(), caller.organization, &record, caller.staff).await?;
    let details = changes(None::<&PolicyShown>, &PolicyShown::new(&record)?);
    let event = AuditEvent::of(audit::POLICY_CREATE, record.id).details(details);
    let reply = Reply::created(format!("/v1/policies/{}", record.id), &shown)?;
    finish(change, Some(event), reply.etag(record.version)).await
}

/// Lists policies in order of creation.
#[utoipa::path(get, path = "/v1/policies", operation_id = "list_policies", tag = "policies",
    responses((status = 200, description = "A page", body = Page<PolicyShown>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf<PolicyQuery>,
) -> ApiResult<Json<Page<PolicyShown>>> {
    caller.require(Action::ReadPolicies, Object::Organization)?;
    let (paging, query) = list.open(&state, caller.organization)?;
    let archived = query.archived.unwrap_or(false);
    let mut tx = caller.read(&state).await?;
    let records = policies::list(&mut tx, archived, paging.after(), paging.rows()).await?;
    let shown: ApiResult<Vec<PolicyShown>> = records.iter().map(PolicyShown::new).collect();
    Ok(paging.page(shown?, |policy| policy.id.map_or(Uuid::nil(), |id| id.0), |policy| policy))
}

/// The presets a policy can begin with.
///
/// Weights of each add up to 100: a weight is the most points its term can give in a case to which
/// all terms apply.
#[utoipa::path(get, path = "/v1/policies/presets", operation_id = "list_policy_presets",
    tag = "policies",
    responses((status = 200, description = "All presets", body = PresetsShown)))]
pub(crate) async fn presets(
    State(_): State<ApiState>,
    caller: Caller,
    QueryOf(query): QueryOf<RatesQuery>,
) -> ApiResult<Json<PresetsShown>> {
    caller.require(Action::ReadPolicies, Object::Organization)?;
    Ok(Json(PresetsShown::new(query.eta_min()?)))
}

/// One policy, with what its weights mean in driving minutes.
#[utoipa::path(get, path = "/v1/policies/{id}", operation_id = "get_policy", tag = "policies",
    responses((status = 200, description = "The policy", body = WithRates)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<PolicyId>,
    QueryOf(query): QueryOf<RatesQuery>,
) -> ApiResult<Response> {
    caller.require(Action::ReadPolicies, Object::Organization)?;
    let eta_min = query.eta_min()?;
    let mut tx = caller.read(&state).await?;
    let record = policies::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    Ok(versioned(record.version, WithRates::new(&record, eta_min)?))
}

/// Changes a policy: writes its next version, which counts from then on.
///
/// Earlier versions stay as they are. With `validate_only` nothing is stored. An archived policy
/// cannot be changed: 409 `policy_archived`.
#[utoipa::path(patch, path = "/v1/policies/{id}", operation_id = "update_policy", tag = "policies",
    responses((status = 200, description = "Changed, or only checked", body = WithRates)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<PolicyId>,
    update: Updated<PolicyForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManagePolicies, Object::Organization)?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let before = policies::lock(change.tx(), id).await?.ok_or_else(Problem::not_found)?;
    let form = update.matching(before.version)?;
    let stored = stored(&before)?;
    let draft = form.check(|form, e| form.read(Some(stored), e))?;
    if before.archived_at.is_some() {
        return Err(archived().into());
    }
    let validate_only = draft.validate_only;
    let after = draft.into_record(Some(&before))?;
    let reply = Reply::ok(&WithRates::new(&after, USUAL_ETA_MIN)?)?;
    if validate_only {
        require_free_name(change.tx(), &after.name, Some(id)).await?;
        return finish(change, None, reply).await;
    }
    let reply = reply.etag(after.version);
    if after == before {
        return finish(change, None, reply).await;
    }
    policies::update(change.tx(), caller.organization, &after, caller.staff).await?;
    let details = changes(Some(&PolicyShown::new(&before)?), &PolicyShown::new(&after)?);
    let event = AuditEvent::of(audit::POLICY_UPDATE, id).details(details);
    finish(change, Some(event), reply).await
}

/// Archives a policy: nobody can rank by it any more, and its versions stay.
///
/// While it is the organisation's default: 409 `in_use`.
#[utoipa::path(delete, path = "/v1/policies/{id}", operation_id = "archive_policy",
    tag = "policies", responses((status = 204, description = "Archived")))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<PolicyId>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManagePolicies, Object::Organization)?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    // The organisation before the policy, as where the default is set.
    let organization = organizations::get(change.tx(), true).await?;
    let record = policies::lock(change.tx(), id).await?.ok_or_else(Problem::not_found)?;
    if organization.default_policy == Some(id) {
        let detail = "it is the organisation's default; choose another `default_policy_id` first";
        return Err(Problem::new(Code::InUse, detail).into());
    }
    if record.archived_at.is_some() {
        return finish(change, None, Reply::no_content()).await;
    }
    policies::archive(change.tx(), id).await?;
    let details = serde_json::json!({ "name": record.name, "version": record.version });
    let event = AuditEvent::of(audit::POLICY_ARCHIVE, id).details(details);
    finish(change, Some(event), Reply::no_content()).await
}

/// The versions of a policy, newest first. A version never changes.
#[utoipa::path(get, path = "/v1/policies/{id}/versions", operation_id = "list_policy_versions",
    tag = "policies",
    responses((status = 200, description = "A page", body = Page<VersionShown>)))]
pub(crate) async fn versions(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<PolicyId>,
    list: ListOf,
) -> ApiResult<Json<Page<VersionShown>>> {
    caller.require(Action::ReadPolicies, Object::Organization)?;
    let (paging, _) = list.open(&state, caller.organization)?;
    let mut tx = caller.read(&state).await?;
    policies::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    // A cursor holds an id: here the number of a version stands in its place.
    let before = paging.before().and_then(|last| i64::try_from(last.as_u128()).ok());
    let found = policies::versions(&mut tx, id, before, paging.rows()).await?;
    let shown: ApiResult<Vec<VersionShown>> = found.into_iter().map(VersionShown::new).collect();
    let number = |of: &VersionShown| Uuid::from_u128(u128::from(of.version().unsigned_abs()));
    Ok(paging.page(shown?, number, |version| version))
}

impl RatesQuery {
    fn eta_min(&self) -> ApiResult<f64> {
        let eta_min = self.eta_min.unwrap_or(USUAL_ETA_MIN);
        let fits = (0.0..=MOST_ETA_MIN).contains(&eta_min);
        let wrong = || Problem::new(Code::MalformedQuery, "`eta_min` must be 0 to 600");
        fits.then_some(eta_min).ok_or_else(wrong)
    }
}

impl Draft {
    /// The record to store: of a new policy, or the next version of one. Without a change it is
    /// the record as it was.
    fn into_record(self, before: Option<&PolicyRecord>) -> ApiResult<PolicyRecord> {
        let settings = serde_json::to_value(&self.policy).map_err(|error| {
            tracing::error!(error = %error, "the settings of a policy cannot be written");
            Problem::internal()
        })?;
        let preset = self.preset.map(|preset| preset.as_str().to_owned());
        let name = String::from(self.name);
        let Some(before) = before else {
            let (id, created_at) = (PolicyId::generate(), clock::now());
            let (version, archived_at) = (1, None);
            return Ok(PolicyRecord {
                id,
                version,
                name,
                preset,
                settings,
                created_at,
                archived_at,
            });
        };
        let same = policy_of_settings(&before.settings)? == self.policy;
        if same && before.name == name && before.preset == preset {
            return Ok(before.clone());
        }
        let version = before.version + 1;
        Ok(PolicyRecord { version, name, preset, settings, ..before.clone() })
    }
}

/// What a change of a policy starts from.
fn stored(record: &PolicyRecord) -> ApiResult<(Name, Option<Preset>, nearhand_recommend::Policy)> {
    let name = Name::parse(&record.name).map_err(|error| {
        tracing::error!(error = %error, "the name of a policy cannot be read");
        Problem::internal()
    })?;
    let preset = record.preset.as_deref().and_then(Preset::parse);
    Ok((name, preset, policy_of_settings(&record.settings)?))
}

async fn require_free_name(tx: &mut Tx, name: &str, except: Option<PolicyId>) -> ApiResult<()> {
    if policies::name_is_taken(tx, name, except).await? {
        return Err(Problem::new(Code::NameTaken, "choose another"));
    }
    Ok(())
}

fn archived() -> Problem {
    Problem::new(Code::PolicyArchived, "create another one from its settings")
}

async fn finish(change: Change, event: Option<AuditEvent>, reply: Reply) -> ChangeResult {
    change.commit(Outcome { event, forget: Forget::Nothing, reply }).await
}
