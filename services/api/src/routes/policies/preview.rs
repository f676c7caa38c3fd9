//! `/v1/policies/preview`: what another policy would change in the cases that are open now. Must
//! store nothing, and records exact reads as a recommendation does.

use super::{
    form::{SettingsForm, read_preset},
    preview_answer::{CasePreview, Preview, PreviewHead},
};
use crate::{
    access::caller::Caller,
    http::{
        body::{Field, Form, JsonBody, Unknown, any, forms, read_list},
        problem::{ApiResult, Problem},
    },
    live::{
        scope::{self, Scope},
        view::{record_read, require_ready},
    },
    routes::recommendations::{PolicyChoice, chosen_policy, open_case},
    state::ApiState,
};
use axum::{Json, extract::State};
use nearhand_domain::{
    CaseId, OrganizationId, StaffId,
    access::{Action, Object},
    clock,
    field::{FieldErrors, Reported},
};
use nearhand_index::OrgIndex;
use nearhand_recommend::{
    Case, Disclosure, Policy, Preset,
    compare::{Comparison, Setting, compare},
};
use nearhand_storage::policies;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// Most cases of one preview.
const MAX_CASES: usize = 50;
/// How many candidates are compared under each policy.
const LISTED: usize = 20;

/// Which policy to try, on which cases.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PolicyPreviewInput, example = json!({ "preset": "fair_share",
    "settings": { "max_travel_km": 40.0 } }))]
pub(crate) struct PreviewForm {
    /// A stored policy to try.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    policy_id: Field<Uuid>,
    /// A version of it; the current one unless given.
    #[serde(default)]
    #[schema(value_type = Option<i64>, minimum = 1)]
    policy_version: Field<i64>,
    /// A preset to try, instead of a stored policy.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "fair_share")]
    preset: Field<String>,
    /// Settings over the policy's or the preset's; over `balanced` without either.
    #[serde(default)]
    #[schema(value_type = Option<SettingsForm>)]
    settings: Field<SettingsForm>,
    /// Up to 50; the 50 newest open cases unless given.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>, max_items = 50)]
    case_ids: Field<Vec<Uuid>>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(PreviewForm);

/// A form that has been read, but for settings, which need the policy that they count over.
struct Ask {
    policy: Option<PolicyChoice>,
    preset: Option<Preset>,
    settings: Field<SettingsForm>,
    cases: Option<Vec<CaseId>>,
}

/// Shows what a policy would change.
///
/// Ranks each case under the present policy and under the one to try, and compares the first 20 of
/// both: who enters, who leaves, whose rank or score changes, and by which terms. The present policy
/// is the organisation's default. Cases that cannot be ranked are listed with the reason.
///
/// Positions count as in recommendations: without `positions:read` everything is computed from the
/// centres of cells, with it the answer is a recorded read of those it lists.
// `Idempotency-Key` is ignored: nothing is created that a repeat could create twice.
#[utoipa::path(post, path = "/v1/policies/preview", operation_id = "preview_policy",
    tag = "policies", responses((status = 200, description = "What would change", body = Preview)))]
pub(crate) async fn preview(
    State(state): State<ApiState>,
    caller: Caller,
    JsonBody(form): JsonBody<PreviewForm>,
) -> ApiResult<Json<Preview>> {
    caller.require(Action::TryPolicies, Object::Organization)?;
    caller.require(Action::ReadCases, Object::Organization)?;
    let ask = form.check(PreviewForm::read)?;
    require_ready(state.follower())?;
    let exact = caller.may(Action::SeeExactPositions, Object::Organization);
    let before = chosen_policy(&state, &caller, PolicyChoice::default()).await?;
    let (after, tried) =
        tried_policy(&state, &caller, ask.policy, ask.preset, ask.settings).await?;
    let cases = cases_of(&state, &caller, ask.cases).await?;
    let head = PreviewHead { as_of: clock::now(), exact, before: before.reference, after: tried };
    let rankings = Rankings {
        organization: caller.organization,
        policies: [before.policy, after],
        as_of: head.as_of.as_second(),
        disclosure: if exact { Disclosure::Exact } else { Disclosure::Coarse },
        scope: scope::of(&state, &caller, Action::Recommend).await?,
    };
    let found = rankings.compare(&state, cases).await?;
    if exact {
        record_read(&state, &caller, "/v1/policies/preview", &located(&found)).await?;
    }
    let name = |staff| state.follower().display_name(staff).map(|name| name.to_string());
    Ok(Json(Preview::new(head, found.into_iter().map(|of| CasePreview::new(of, &name)))))
}

impl PreviewForm {
    fn read(self, e: &mut FieldErrors) -> Result<Ask, Reported> {
        let named = self.policy_id.is_given();
        if named && self.preset.is_given() {
            e.push("/preset", "invalid", "give a policy_id or a preset, not both");
        }
        let anything = named || self.preset.is_given() || self.settings.is_given();
        if !anything {
            let detail = "give a policy_id, a preset or settings to try";
            return Err(e.push("/settings", "required", detail));
        }
        let policy = PolicyChoice::read(self.policy_id, self.policy_version, e);
        let preset = self.preset.optional("/preset", e, |word| read_preset(&word));
        let cases = self.case_ids.optional("/case_ids", e, any).map(|ids| {
            let read = |id, _: &str, _: &mut FieldErrors| Ok(CaseId(id));
            read_list(ids, "/case_ids", MAX_CASES, e, read, |id| *id)
        });
        Ok(Ask { policy: named.then_some(policy), preset, settings: self.settings, cases })
    }
}

/// The policy to try, and what it is called if it is one that has a name.
async fn tried_policy(
    state: &ApiState,
    caller: &Caller,
    choice: Option<PolicyChoice>,
    preset: Option<Preset>,
    settings: Field<SettingsForm>,
) -> ApiResult<(Policy, Option<crate::routes::recommendations::PolicyRef>)> {
    let as_it_is = !settings.is_given();
    let (base, reference) = match choice {
        Some(choice) => {
            let chosen = chosen_policy(state, caller, choice).await?;
            (chosen.policy, Some(chosen.reference))
        }
        None => (preset.unwrap_or(Preset::Balanced).policy(), None),
    };
    let mut errors = FieldErrors::default();
    let settings = if as_it_is { Field::Absent } else { settings };
    let policy = SettingsForm::over(settings, base, "/settings", &mut errors);
    Ok((errors.conclude(policy)?, reference.filter(|_| as_it_is)))
}

/// A case to rank, or why it cannot be ranked.
pub(super) struct Loaded {
    id: CaseId,
    case: Result<Case, Problem>,
}

/// What came of one case.
pub(super) struct Compared {
    pub(super) id: CaseId,
    pub(super) found: Result<Comparison, Problem>,
}

/// The cases to rank. Each is read as a recommendation reads it.
async fn cases_of(
    state: &ApiState,
    caller: &Caller,
    ids: Option<Vec<CaseId>>,
) -> ApiResult<Vec<Loaded>> {
    let most = i64::try_from(MAX_CASES).unwrap_or(i64::MAX);
    let mut tx = caller.read(state).await?;
    let there = policies::cases_to_preview(&mut tx, ids.as_deref(), most).await?;
    drop(tx);
    let mut errors = FieldErrors::default();
    for (i, id) in ids.iter().flatten().enumerate() {
        if !there.iter().any(|case| case.id == *id) {
            errors.push(format!("/case_ids/{i}"), "unknown", "there is no such case");
        }
    }
    errors.conclude(Ok(()))?;
    let mut cases = Vec::with_capacity(there.len());
    for case in there {
        let id = case.id;
        let case =
            if case.located { open_case(state, caller, id).await } else { Err(no_position()) };
        match case {
            Err(problem) if !problem.is_refusal() => return Err(problem),
            case => cases.push(Loaded { id, case }),
        }
    }
    Ok(cases)
}

fn no_position() -> Problem {
    let detail = "the address has no position yet; give the case a position";
    Problem::field("/position", "not_geocoded", detail)
}

/// What all comparisons have in common.
struct Rankings {
    organization: OrganizationId,
    policies: [Policy; 2],
    as_of: i64,
    disclosure: Disclosure,
    scope: Option<Scope>,
}

impl Rankings {
    /// Ranks every case under both policies, off the async threads and in turn with other long
    /// work. The index is let go of between cases, so that it is not held up.
    async fn compare(self, state: &ApiState, cases: Vec<Loaded>) -> ApiResult<Vec<Compared>> {
        let follower = state.follower().clone();
        let turn = state.full_scans().acquire_owned().await.ok();
        let work = move || {
            let _turn = turn;
            let one = |Loaded { id, case }: Loaded| {
                let found = case.map(|mut case| {
                    let mut rank = |index: &OrgIndex| {
                        case.regions = index.regions_containing(case.position);
                        self.compare_in(index, &case)
                    };
                    let found = follower.index().with_org(self.organization, &mut rank);
                    let empty = || OrgIndex::new(self.organization, self.as_of);
                    found.unwrap_or_else(|| rank(&empty()))
                });
                Compared { id, found }
            };
            cases.into_iter().map(one).collect()
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!(error = %error, "a preview failed");
            Problem::internal()
        })
    }

    fn compare_in(&self, index: &OrgIndex, case: &Case) -> Comparison {
        let setting = Setting {
            index,
            case,
            as_of: self.as_of,
            disclosure: self.disclosure,
            scope: self.scope.as_deref(),
            limit: LISTED,
        };
        compare(setting, &self.policies[0], &self.policies[1])
    }
}

/// Everybody whose scores tell where they are, each once.
fn located(found: &[Compared]) -> Vec<StaffId> {
    let comparisons = found.iter().filter_map(|of| of.found.as_ref().ok());
    let people = comparisons.flat_map(|of| of.entered.iter().chain(&of.left).chain(&of.changed));
    let mut people: Vec<StaffId> = people.filter(|of| of.located).map(|of| of.staff).collect();
    people.sort_unstable();
    people.dedup();
    people
}
