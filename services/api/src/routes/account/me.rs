//! `/v1/me`: what everybody may do for themselves.

use crate::{
    access::caller::{AnyCaller, Caller},
    http::{
        body::{Field, JsonBody, Unknown, any, refuse_unknown},
        codes::Code,
        problem::{ApiResult, Problem, ProblemDocument},
        reply::{IdempotencyKey, Reply},
    },
    routes::people::staff::{Staff, record_change},
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use jiff::{SignedDuration, Timestamp};
use nearhand_domain::{clock, field::FieldErrors, password::check_password};
use nearhand_storage::{
    StorageError,
    audit::{self, AuditEvent},
    devices, organizations, sessions, staff,
};
use serde::{Deserialize, Serialize};
use std::time::Instant;
use utoipa::ToSchema;

/// Longest pause of tracking.
const MAX_PAUSE_MIN: i64 = 720;

/// Oneself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    /// As others see it, with everything.
    staff: Staff,
    /// What one may do.
    permissions: Vec<String>,
    /// Only the password may be changed.
    must_change_password: bool,
}

/// A new password.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PasswordForm {
    /// The present one, temporary or not.
    #[serde(default)]
    #[schema(value_type = String, example = "seven tall lighthouses")]
    current_password: Field<String>,
    /// At least 15 characters.
    #[serde(default)]
    #[schema(value_type = String, example = "nine quiet harbour cranes")]
    new_password: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// A pause.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PauseForm {
    /// 1 to 720.
    #[serde(default)]
    #[schema(value_type = i64, example = 30)]
    minutes: Field<i64>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// A running pause.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pause {
    /// Ends by itself then.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

/// Oneself, and what one may do.
#[utoipa::path(get, path = "/v1/me", tag = "me", responses(
    (status = 200, description = "Oneself", body = Me),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    AnyCaller(caller): AnyCaller,
) -> ApiResult<Json<Me>> {
    let mut tx = caller.begin(&state).await?;
    let record = staff::get(&mut tx, caller.staff).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(Me {
        permissions: caller.permissions.iter().map(|p| p.to_string()).collect(),
        must_change_password: caller.restricted,
        staff: Staff::shown_to(&caller, record),
    }))
}

/// Changes one's password; every session ends, this one too.
#[utoipa::path(post, path = "/v1/me/password", tag = "me", request_body = PasswordForm, responses(
    (status = 204, description = "Changed; log in again"),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn change_password(
    State(state): State<ApiState>,
    AnyCaller(caller): AnyCaller,
    JsonBody { value: form, .. }: JsonBody<PasswordForm>,
) -> ApiResult<StatusCode> {
    let mut tx = caller.begin(&state).await?;
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
    let (current, new) = read_passwords(form, &context)?;
    let stored = stored.filter(|c| c.expires_at.is_none_or(|end| end > clock::now()));
    let unchanged = stored.as_ref().map(|c| c.password_hash.clone());
    if !verify_once(&state, &caller, current, unchanged.clone()).await? {
        return Err(Problem::field("/current_password", "wrong_password", "is not your password"));
    }
    let hash = state.passwords().hash(new).await?;
    let mut tx = caller.begin(&state).await?;
    staff::lock(&mut tx, caller.staff).await?.ok_or_else(Problem::not_found)?;
    // Somebody may have reset it while this was being hashed; theirs counts.
    let now_stored = sessions::credential(&mut tx, caller.staff).await?.map(|c| c.password_hash);
    if now_stored != unchanged {
        return Err(Problem::new(
            Code::Unauthorized,
            "your password was just changed; log in again",
        ));
    }
    sessions::set_password(&mut tx, caller.organization, caller.staff, &hash, None, clock::now())
        .await?;
    sessions::end_all(&mut tx, caller.organization, caller.staff).await?;
    record_change(&mut tx, &caller, "me.password", Some(&person), &person).await?;
    tx.commit().await.map_err(StorageError::from)?;
    state.credentials().forget(caller.staff.0);
    Ok(StatusCode::NO_CONTENT)
}

fn guess_key(caller: &Caller) -> String {
    format!("password:{}", caller.staff)
}

/// Verifies a password as one attempt of the caller's, which counts unless it is right.
async fn verify_once(
    state: &ApiState,
    caller: &Caller,
    password: String,
    stored: Option<String>,
) -> ApiResult<bool> {
    let key = guess_key(caller);
    state
        .throttle()
        .reserve(&[&key], Instant::now())
        .map_err(|wait| Problem::throttled("too many wrong passwords", wait))?;
    let right = state.passwords().verify(password, stored).await;
    match right {
        Ok(true) => state.throttle().succeeded(&key),
        Ok(false) => state.throttle().failed(&key, Instant::now()),
        Err(_) => state.throttle().refund(&key, Instant::now()),
    }
    right
}

fn read_passwords(form: PasswordForm, context: &[&str]) -> ApiResult<(String, String)> {
    let mut errors = FieldErrors::default();
    refuse_unknown(&form.unknown, "", &mut errors);
    let current = form.current_password.required("/current_password", &mut errors, any);
    let new = form.new_password.required("/new_password", &mut errors, any);
    if let Some(new) = &new {
        errors.check("/new_password", "weak_password", check_password(new, context));
        if current.as_ref() == Some(new) {
            errors.push("/new_password", "unchanged", "choose another than the present one");
        }
    }
    errors.finish()?;
    Ok((current.unwrap_or_default(), new.unwrap_or_default()))
}

/// Pauses tracking of oneself: pings of that time are acknowledged and dropped, nobody sees one.
#[utoipa::path(post, path = "/v1/me/tracking/pause", tag = "me", request_body = PauseForm,
    params(("idempotency-key" = Option<String>, Header, description = "Repeats do nothing twice for 24 h")),
    responses((status = 200, description = "Paused", body = Pause),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn pause_tracking(
    State(state): State<ApiState>,
    caller: Caller,
    key: IdempotencyKey,
    JsonBody { value: form, hash }: JsonBody<PauseForm>,
) -> ApiResult<Reply> {
    let mut errors = FieldErrors::default();
    refuse_unknown(&form.unknown, "", &mut errors);
    let minutes = form.minutes.required("/minutes", &mut errors, |minutes| {
        if (1..=MAX_PAUSE_MIN).contains(&minutes) { Ok(minutes) } else { Err("must be 1 to 720") }
    });
    errors.finish()?;
    let mut tx = caller.begin(&state).await?;
    if let Some(reply) = key.replay(&mut tx, &caller, hash).await? {
        return Ok(reply);
    }
    let now = clock::now();
    let ends_at = now + SignedDuration::from_mins(minutes.unwrap_or(0));
    let (organization, kept_since) = (caller.organization, now - state.config().retention);
    let span = (now, ends_at);
    if !devices::pause_tracking(&mut tx, organization, caller.staff, span, kept_since).await? {
        let detail = "you have paused too often lately; make one pause longer instead";
        return Err(Problem::new(Code::LimitReached, detail));
    }
    audit::record(&mut tx, &caller.audit(), &tracking_event(&caller, "tracking.pause")).await?;
    let reply = Reply::ok(&Pause { ends_at })?;
    key.keep(&mut tx, &caller, hash, &reply).await?;
    tx.commit().await.map_err(StorageError::from)?;
    state.credentials().forget(caller.staff.0);
    Ok(reply)
}

/// Ends a pause.
#[utoipa::path(delete, path = "/v1/me/tracking/pause", tag = "me", responses(
    (status = 204, description = "Tracking goes on, if it is permitted"),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn resume_tracking(
    State(state): State<ApiState>,
    caller: Caller,
) -> ApiResult<StatusCode> {
    let mut tx = caller.begin(&state).await?;
    if devices::resume_tracking(&mut tx, caller.organization, caller.staff, clock::now()).await? {
        audit::record(&mut tx, &caller.audit(), &tracking_event(&caller, "tracking.resume"))
            .await?;
    }
    tx.commit().await.map_err(StorageError::from)?;
    state.credentials().forget(caller.staff.0);
    Ok(StatusCode::NO_CONTENT)
}

/// Withdraws one's own consent to tracking.
#[utoipa::path(delete, path = "/v1/me/tracking", tag = "me", responses(
    (status = 204, description = "Nobody sees one any more"),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn withdraw_tracking(
    State(state): State<ApiState>,
    caller: Caller,
) -> ApiResult<StatusCode> {
    crate::routes::location::tracking::withdraw(&state, &caller, caller.staff).await
}

fn tracking_event(caller: &Caller, action: &'static str) -> AuditEvent<'static> {
    AuditEvent {
        action,
        subject_kind: "staff",
        subject: caller.staff.0,
        details: serde_json::json!({}),
        personal: None,
    }
}
