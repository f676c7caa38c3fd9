//! Which policy a recommendation is ranked by: the one it names, else the organisation's default,
//! else the built-in one. Must note that a version was used before anything is ranked by it.

use crate::{
    access::caller::Caller,
    http::{
        body::{Field, any},
        problem::{ApiResult, Problem},
    },
    routes::policies::policy_of_settings,
    state::ApiState,
};
use nearhand_domain::{
    PolicyId,
    access::{Action, Object},
    field::FieldErrors,
};
use nearhand_recommend::{Policy, Preset};
use nearhand_storage::policies::{self, PolicyVersion};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// The policy that a request names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PolicyChoice {
    id: Option<PolicyId>,
    version: Option<i64>,
}

/// The policy of an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct PolicyRef {
    /// Null: a built-in policy, or one that is only tried.
    #[schema(value_type = Option<uuid::Uuid>)]
    id: Option<PolicyId>,
    /// A version never changes; 0 for the built-in policy.
    version: i64,
    /// What that version was called.
    #[schema(example = "balanced")]
    name: String,
}

impl PolicyRef {
    /// A policy that is not stored.
    pub(super) fn unstored(name: &str) -> Self {
        Self { id: None, version: 0, name: name.to_owned() }
    }
}

/// A policy, and whether a recommendation has used this version before.
pub(crate) struct ChosenPolicy {
    pub(crate) policy: Policy,
    pub(crate) reference: PolicyRef,
    used: bool,
}

impl PolicyChoice {
    /// Reads which policy is meant.
    pub(crate) fn read(id: Field<Uuid>, version: Field<i64>, e: &mut FieldErrors) -> Self {
        if version.is_given() && !id.is_given() {
            e.push("/policy_version", "invalid", "a version needs its `policy_id`");
        }
        let allowed = "a whole number from 1";
        let version = version.expecting("/policy_version", e, allowed);
        let version = version.optional("/policy_version", e, |version| {
            if version >= 1 { Ok(version) } else { Err("must be at least 1") }
        });
        Self { id: id.optional("/policy_id", e, |id| any(PolicyId(id))), version }
    }
}

/// The policy to rank by, which is noted as used.
pub(crate) async fn policy_of(
    state: &ApiState,
    caller: &Caller,
    choice: PolicyChoice,
) -> ApiResult<(Policy, PolicyRef)> {
    noted(state, caller, chosen_policy(state, caller, choice).await?).await
}

/// The same for a request that was answered before: nobody chooses now, and a policy that is archived
/// still explains.
pub(crate) async fn policy_again(
    state: &ApiState,
    caller: &Caller,
    choice: PolicyChoice,
) -> ApiResult<(Policy, PolicyRef)> {
    noted(state, caller, found_policy(state, caller, choice, true).await?).await
}

async fn noted(
    state: &ApiState,
    caller: &Caller,
    chosen: ChosenPolicy,
) -> ApiResult<(Policy, PolicyRef)> {
    let ChosenPolicy { policy, reference, used } = chosen;
    if let Some(id) = reference.id.filter(|_| !used) {
        let mut tx = caller.read(state).await?;
        policies::mark_used(&mut tx, id, reference.version).await?;
        tx.commit().await?;
    }
    Ok((policy, reference))
}

/// The policy a request means, without noting anything.
pub(crate) async fn chosen_policy(
    state: &ApiState,
    caller: &Caller,
    choice: PolicyChoice,
) -> ApiResult<ChosenPolicy> {
    if choice.id.is_some() {
        caller.require(Action::TryPolicies, Object::Organization)?;
    }
    found_policy(state, caller, choice, false).await
}

async fn found_policy(
    state: &ApiState,
    caller: &Caller,
    choice: PolicyChoice,
    archived_too: bool,
) -> ApiResult<ChosenPolicy> {
    let (app, organization) = (state.app(), caller.organization);
    let found = policies::look(app, organization, choice.id, choice.version).await?;
    let Some(found) = found else {
        return if choice.id.is_some() { Err(unknown_policy()) } else { Ok(built_in()) };
    };
    if found.archived && !archived_too {
        return Err(archived_policy());
    }
    let PolicyVersion { version, name, settings, used_at, .. } =
        found.version.ok_or_else(|| {
            Problem::field("/policy_version", "unknown", "the policy has no such version")
        })?;
    let reference = PolicyRef { id: Some(found.id), version, name };
    Ok(ChosenPolicy { policy: policy_of_settings(&settings)?, reference, used: used_at.is_some() })
}

/// There is no policy of the id that a request names.
pub(crate) fn unknown_policy() -> Problem {
    Problem::field("/policy_id", "unknown", "there is no such policy")
}

/// The policy that a request names is archived.
pub(crate) fn archived_policy() -> Problem {
    let detail = "the policy is archived; choose another, or none for the default";
    Problem::field("/policy_id", "archived", detail)
}

/// What organisations without a default policy rank by.
fn built_in() -> ChosenPolicy {
    let reference = PolicyRef::unstored(Preset::Balanced.as_str());
    ChosenPolicy { policy: Policy::default(), reference, used: true }
}
