//! `POST /v1/me/password`: changing one's own password.

use super::opened_session::{self, Wanted};
use crate::{
    access::{
        browser::Browser,
        caller::{AnyCaller, Caller},
        throttle::Key,
    },
    change::{Change, ChangeResult, Forget, Outcomes},
    http::{
        body::{Field, Form, JsonBody, Unknown, any, forms},
        codes::Code,
        problem::{ApiResult, Problem},
        reply::Reply,
    },
    state::ApiState,
};
use axum::extract::State;
use nearhand_domain::{
    access::{Action, Object},
    audit, clock,
    field::{FieldErrors, Reported},
    password::check_password,
};
use nearhand_storage::{
    audit::AuditEvent,
    email_changes, invitations, organizations, resets, sessions,
    staff::{self, StaffRecord},
};
use serde::Deserialize;
use std::time::Instant;
use utoipa::ToSchema;

/// A new password.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PasswordForm {
    /// The present one, temporary or not.
    #[serde(default)]
    #[schema(value_type = String, example = "seven tall lighthouses", required)]
    current_password: Field<String>,
    /// At least 15 characters.
    #[serde(default)]
    #[schema(value_type = String, example = "nine quiet harbour cranes", required, min_length = 15)]
    new_password: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(PasswordForm);

/// Changes one's password; every session ends, this one too.
///
/// A browser with a cookie gets another, of a new session, and stays logged in.
/// `Idempotency-Key` is ignored: a repeat would need the old password, which no longer counts.
#[utoipa::path(post, path = "/v1/me/password", operation_id = "change_own_password", tag = "me",
    responses((status = 204, description = "Changed; log in again, unless by a cookie")))]
pub(crate) async fn change(
    State(state): State<ApiState>,
    AnyCaller(caller): AnyCaller,
    browser: Browser,
    JsonBody(form): JsonBody<PasswordForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ActForOneself, Object::staff(caller.staff))?;
    let mut tx = caller.read(&state).await?;
    let organization = organizations::get(&mut tx, false).await?;
    let person = staff::get(&mut tx, caller.staff).await?.ok_or_else(Problem::not_found)?;
    let stored = sessions::credential(&mut tx, caller.staff).await?;
    drop(tx);
    let context = [
        organization.name.as_str(),
        person.display_name.as_str(),
        person.email.as_deref().unwrap_or(""),
        person.username.as_deref().unwrap_or(""),
    ];
    let (current, new) = form.check(|form, e| form.read(&context, e))?;
    let stored = stored.filter(|c| c.expires_at.is_none_or(|end| end > clock::now()));
    let unchanged = stored.map(|credential| credential.password_hash);
    if !verify_once(&state, &caller, current, unchanged.clone()).await? {
        let detail = "is not your password";
        return Err(Problem::field("/current_password", "wrong_password", detail).into());
    }
    let hash = state.passwords().hash(new).await?;
    let (staff_id, organization) = (caller.staff, caller.organization);
    let mut change = Change::begin(&state, &caller, allowed).await?;
    let locked = staff::lock(change.tx(), staff_id).await?.ok_or_else(Problem::not_found)?;
    // Somebody may have reset it while this was being hashed; theirs counts.
    let now_stored = sessions::credential(change.tx(), staff_id).await?.map(|c| c.password_hash);
    if now_stored != unchanged {
        let detail = "your password was just changed; log in again";
        return Err(Problem::new(Code::Unauthorized, detail).into());
    }
    let now = clock::now();
    sessions::set_password(change.tx(), organization, staff_id, &hash, None, now).await?;
    let epoch = sessions::end_all(change.tx(), organization, staff_id).await?;
    // They have come in: links that were mailed before would replace the new password.
    invitations::revoke_open(change.tx(), staff_id, now).await?;
    resets::end_open(change.tx(), staff_id, now).await?;
    // Nor does a login move that somebody else has asked for.
    email_changes::cancel_open(change.tx(), staff_id, now).await?;
    let mut events = vec![AuditEvent::of(audit::OWN_PASSWORD, staff_id)];
    let mut reply = Reply::no_content();
    if let Some(own) = &caller.browser {
        let wanted = Wanted::Cookie { remember: own.remembered };
        let person = StaffRecord { session_epoch: epoch, ..locked };
        let as_what = (wanted, &browser);
        let opened =
            opened_session::open(change.tx(), &state, as_what, organization, &person, false)
                .await?;
        events.push(AuditEvent::of(audit::SESSION_OPEN, opened.session.id()));
        reply = reply.cookie(opened.cookie);
    }
    let forget = vec![Forget::Person(staff_id)];
    change.commit(Outcomes { events, forget, reply }).await
}

impl PasswordForm {
    /// The present password and the new one.
    fn read(self, context: &[&str], e: &mut FieldErrors) -> Result<(String, String), Reported> {
        let current = self.current_password.required("/current_password", e, any);
        let new = self.new_password.required("/new_password", e, any);
        let (current, new) = (current?, new?);
        if current == new {
            e.push("/new_password", "unchanged", "choose another than the present one");
        }
        e.check("/new_password", "weak_password", check_password(&new, context))?;
        Ok((current, new))
    }
}

/// Verifies a password as one attempt of the caller's, which counts unless it is right.
pub(super) async fn verify_once(
    state: &ApiState,
    caller: &Caller,
    password: String,
    stored: Option<String>,
) -> ApiResult<bool> {
    let key = Key::password_of(caller.staff);
    state
        .throttle()
        .reserve(&[&key], Instant::now())
        .map_err(|wait| Problem::throttled("too many wrong passwords", wait.left))?;
    let right = state.passwords().verify(password, stored).await;
    match right {
        Ok(true) => state.throttle().succeeded(&key, Instant::now()),
        Ok(false) => state.throttle().failed(&key, Instant::now()),
        Err(_) => state.throttle().refund(&key, Instant::now()),
    }
    right
}
