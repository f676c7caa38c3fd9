//! `/v1/password-resets`: a lost password is set anew by a mailed link. Neither the answer nor its
//! time tells whether there is such an account: the mail is asked for after the answer has gone.

use super::links::{Attempt, may_enter, read_password, require_strong, token};
use crate::{
    access::throttle::Key,
    change::{Change, ChangeResult, Ended, Forget, Outcome},
    http::{
        body::{Field, Form, JsonBody, Unknown, any, forms},
        codes::Code,
        origin::Origin,
        problem::{ApiResult, Problem},
        reply::Reply,
    },
    state::ApiState,
};
use axum::{Json, extract::State, http::StatusCode};
use nearhand_domain::{
    OrganizationId, audit, clock,
    link::RESET_TTL,
    mails::MailKind,
    text::login_key,
    token::{PresentedToken, TokenKind},
};
use nearhand_storage::{
    audit::AuditEvent,
    email_changes, invitations,
    mails::{self, NewMail},
    organizations, resets, sessions,
    staff::{self, StaffRecord},
};
use serde::{Deserialize, Serialize};
use std::time::Instant;
use utoipa::ToSchema;

/// Whose password is lost.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct RecoveryForm {
    /// The organisation's slug; may be left out while there is only one.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    organization: Field<String>,
    /// E-mail address or user name.
    #[serde(default)]
    #[schema(value_type = String, example = "ada@harbour.example", required)]
    login: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// A password that is set anew.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ResetForm {
    /// What follows the `#` in the link.
    #[serde(default)]
    #[schema(value_type = String, example = "nh_rst_…", required)]
    token: Field<String>,
    /// At least 15 characters.
    #[serde(default)]
    #[schema(value_type = String, example = "nine quiet harbour cranes", required, min_length = 15)]
    password: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(RecoveryForm, ResetForm);

/// The same for every request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecoveryBegun {
    /// How long the link works that is mailed if there is such an account.
    link_valid_min: i64,
}

/// Asks for a link that sets a password anew, mailed to the account's owner.
///
/// The answer is always the same. A mail goes only to people who can log in and have an e-mail
/// address; those who were invited and have no password yet need their invitation.
#[utoipa::path(post, path = "/v1/password-resets", operation_id = "request_password_reset",
    tag = "sessions", responses((status = 202, description = "Taken", body = RecoveryBegun)))]
pub(crate) async fn request(
    State(state): State<ApiState>,
    origin: Origin,
    JsonBody(form): JsonBody<RecoveryForm>,
) -> ApiResult<(StatusCode, Json<RecoveryBegun>)> {
    let (slug, login) = form.check(|form, e| {
        let organization = form.organization.optional("/organization", e, any);
        Ok((organization.map(|slug| slug.to_lowercase()), form.login.required("/login", e, any)?))
    })?;
    let organization = find_organization(&state, slug.as_deref(), &login).await?;
    let scope = organization.map(|id| id.to_string());
    let scope = scope.as_deref().or(slug.as_deref()).unwrap_or_default();
    let by_login = Key::recovery(scope, &login);
    let by_address = Key::recovery_from(origin.remote_addr.as_deref());
    state
        .throttle()
        .reserve(&[&by_login, &by_address], Instant::now())
        .map_err(|wait| Problem::throttled("too many requests to recover", wait.left))?;
    if let Some(organization) = organization {
        let aside = state.clone();
        state.aside().spawn(async move {
            // A refusal is the database's, and logged where it became one.
            let _: ChangeResult = mail_link(&aside, organization, &login, &origin).await;
        });
    }
    let begun = RecoveryBegun { link_valid_min: RESET_TTL.as_mins() };
    Ok((StatusCode::ACCEPTED, Json(begun)))
}

async fn find_organization(
    state: &ApiState,
    slug: Option<&str>,
    login: &str,
) -> ApiResult<Option<OrganizationId>> {
    // No login has control characters, and the query would fail.
    let plain = |text: &str| !text.contains(char::is_control);
    if !plain(slug.unwrap_or_default()) || !plain(login) {
        return Ok(None);
    }
    let mut tx = state.app().tenantless().await?;
    Ok(organizations::find(&mut tx, slug).await?)
}

/// Records the request and queues its mail, if there is such a person.
async fn mail_link(
    state: &ApiState,
    organization: OrganizationId,
    login: &str,
    origin: &Origin,
) -> ChangeResult {
    let nobody = || Ended::from(Problem::not_found());
    let mut change = Change::of(state, organization, None, origin).await?;
    let tx = change.tx();
    let person = staff::find_login(tx, &login_key(login)).await?.ok_or_else(nobody)?;
    let person = staff::lock(tx, person.id).await?;
    let mailable = |person: &StaffRecord| may_enter(person) && person.email.is_some();
    let id = person.filter(mailable).ok_or_else(nobody)?.id;
    sessions::credential(tx, id).await?.ok_or_else(nobody)?;
    let now = clock::now();
    let reset = resets::insert(tx, organization, id, now).await?;
    let mail = NewMail { kind: MailKind::Recovery, staff: Some(id), subject: Some(reset.0) };
    mails::queue(tx, organization, mail, now).await?;
    let event = AuditEvent::of(audit::PASSWORD_RECOVER, id);
    let (forget, reply) = (Forget::Nothing, Reply::no_content());
    change.commit(Outcome { event: Some(event), forget, reply }).await
}

/// Sets a password by a mailed link, once; every session of the person ends.
///
/// A link that is used, expired or unknown, and one of a person who may not log in, all answer
/// alike: 410 `reset_invalid`. A weak password is 422 and leaves the link as it is.
/// `Idempotency-Key` is ignored.
#[utoipa::path(post, path = "/v1/password-resets/confirm", operation_id = "confirm_password_reset",
    tag = "sessions", responses((status = 204, description = "Set; log in")))]
pub(crate) async fn confirm(
    State(state): State<ApiState>,
    origin: Origin,
    JsonBody(form): JsonBody<ResetForm>,
) -> ChangeResult {
    let (text, password) = form.check(|form, e| read_password(form.token, form.password, e))?;
    let attempt = Attempt::begin(&state, &origin)?;
    let Some(token) = token(&text, TokenKind::Reset) else {
        return Err(attempt.wrong(invalid()).into());
    };
    let Some((name, person)) = find(&state, token).await? else {
        return Err(attempt.wrong(invalid()).into());
    };
    require_strong(&password, &name, &person)?;
    // Hashed first: a transaction must not wait for its turn to hash.
    let hash = state.passwords().hash(password).await?;
    let (organization, id) = (token.organization, person.id);
    let mut change = Change::of(&state, organization, Some(id), &origin).await?;
    let (tx, now) = (change.tx(), clock::now());
    let still = staff::lock(tx, id).await?.is_some_and(|person| may_enter(&person));
    if !still || !resets::take(tx, token.hash, now).await? {
        return Err(attempt.wrong(invalid()).into());
    }
    sessions::set_password(tx, organization, id, &hash, None, now).await?;
    sessions::end_all(tx, organization, id).await?;
    // They have come in: other links would replace the new password.
    resets::end_open(tx, id, now).await?;
    invitations::revoke_open(tx, id, now).await?;
    email_changes::cancel_open(tx, id, now).await?;
    let event = AuditEvent::of(audit::PASSWORD_RECOVERED, id);
    let (forget, reply) = (Forget::Person(id), Reply::no_content());
    change.commit(Outcome { event: Some(event), forget, reply }).await
}

fn invalid() -> Problem {
    Problem::new(Code::ResetInvalid, "it was used or has expired; ask for a new link")
}

/// The organisation's name and the person, if the link works.
async fn find(state: &ApiState, token: PresentedToken) -> ApiResult<Option<(String, StaffRecord)>> {
    let mut tx = state.app().tenant(token.organization).await?;
    let Some(id) = resets::whose(&mut tx, token.hash, clock::now()).await? else {
        return Ok(None);
    };
    let person = staff::get(&mut tx, id).await?.filter(may_enter);
    let Some(person) = person else { return Ok(None) };
    Ok(Some((organizations::get(&mut tx, false).await?.name, person)))
}
