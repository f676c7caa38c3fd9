//! `POST /v1/staff/{id}/password`: a temporary password for somebody else, generated or given.

use super::change::require_other_account_admin;
use crate::{
    access::caller::Caller,
    change::{ChangeResult, Forget, OptionalForm, Outcome, Posted},
    http::{
        body::{Field, Form, Unknown, any, forms},
        codes::Code,
        problem::{ApiResult, Problem},
        query::PathId,
        reply::Reply,
    },
    routes::people::reach,
    state::ApiState,
};
use axum::extract::State;
use jiff::Timestamp;
use nearhand_domain::{
    StaffId,
    access::{AccessLevel, Action, AdminRole, Object},
    audit, clock,
    password::{check_password, generate_password},
};
use nearhand_storage::{
    audit::AuditEvent, email_changes, invitations, organizations, resets, sessions,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A password for somebody else.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = TemporaryPasswordInput)]
pub(crate) struct GivenPasswordForm {
    /// At least 15 characters; one is generated unless given.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "eleven slow ferry boats", min_length = 15)]
    password: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// A temporary password, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemporaryPassword {
    /// Must be changed at the first login. Null: it was given.
    password: Option<String>,
    /// After this it no longer works.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

forms!(GivenPasswordForm);

/// Sets a temporary password, which is generated and shown once, or given; every session of the
/// person ends.
///
/// With a given one `Idempotency-Key` is ignored: to set it twice changes nothing.
#[utoipa::path(post, path = "/v1/staff/{id}/password", operation_id = "reset_staff_password",
    tag = "staff", responses((status = 201, description = "Set", body = TemporaryPassword)))]
pub(crate) async fn reset_password(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    posted: Posted<OptionalForm<GivenPasswordForm>>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageStaff, Object::staff(id))?;
    caller.require_person()?;
    if id == caller.staff {
        let detail = "it needs your present one: use POST /v1/me/password";
        return Err(Problem::new(Code::OwnPassword, detail).into());
    }
    // Hashed first: a transaction must not wait for its turn to hash.
    let given = match posted.ahead()? {
        Some(form) => read_given(&state, &caller, id, form).await?,
        None => None,
    };
    // What is kept under a key is a plain hash of the body, which no password may be in.
    let posted = if given.is_some() { posted.without_key() } else { posted };
    let is_given = given.is_some();
    let password = given.unwrap_or_else(generate_password);
    let hash = state.passwords().hash(password.clone()).await?;
    let mut change = posted.begin_read(&state, &caller, allowed).await?;
    let record = reach::lock(change.tx(), &caller, Action::ManageStaff, id).await?;
    if record.access_level == AccessLevel::Disabled {
        let detail = "they cannot log in; raise access_level first";
        return Err(Problem::field("/access_level", "access_disabled", detail).into());
    }
    if record.admin_role == AdminRole::AccountAdmin {
        // A temporary password dies, and with it could the last way in.
        require_other_account_admin(&mut change, &caller, id).await?;
    }
    let now = clock::now();
    let expires_at = now + state.config().temporary_password_ttl;
    let (organization, tx) = (caller.organization, change.tx());
    sessions::set_password(tx, organization, id, &hash, Some(expires_at), now).await?;
    sessions::end_all(tx, organization, id).await?;
    // Links that would replace it, or move the login.
    resets::end_open(tx, id, now).await?;
    invitations::revoke_open(tx, id, now).await?;
    email_changes::cancel_open(tx, id, now).await?;
    let details = serde_json::json!({ "given": is_given });
    let event = AuditEvent::of(audit::STAFF_PASSWORD_RESET, id).details(details);
    let body = TemporaryPassword { password: (!is_given).then_some(password), expires_at };
    let reply = Reply::created(format!("/v1/staff/{id}"), &body)?.secret();
    change.commit(Outcome { event: Some(event), forget: Forget::Person(id), reply }).await
}

/// A password that was given, if it is one that nobody can guess from what is known of the person.
async fn read_given(
    state: &ApiState,
    caller: &Caller,
    id: StaffId,
    form: GivenPasswordForm,
) -> ApiResult<Option<String>> {
    let mut tx = caller.read(state).await?;
    let person = reach::read(&mut tx, caller, Action::ManageStaff, id).await?;
    let organization = organizations::get(&mut tx, false).await?;
    drop(tx);
    let context = [
        organization.name.as_str(),
        person.display_name.as_str(),
        person.email.as_deref().unwrap_or(""),
        person.username.as_deref().unwrap_or(""),
    ];
    form.check(|form, e| {
        let Some(password) = form.password.optional("/password", e, any) else { return Ok(None) };
        e.check("/password", "weak_password", check_password(&password, &context))?;
        Ok(Some(password))
    })
}
