//! `POST /v1/invitations/accept`: an invited person sets a password, once. Reading an address never
//! accepts anything: programs that scan mails open links.

use super::links::{Attempt, may_enter, read_password, require_strong, token};
use crate::{
    change::{Change, ChangeResult, Forget, Outcome},
    http::{
        body::{Field, Form, JsonBody, Unknown, forms},
        codes::Code,
        origin::Origin,
        problem::{ApiResult, Problem},
        reply::Reply,
    },
    state::ApiState,
};
use axum::extract::State;
use nearhand_domain::{
    StaffId, audit, clock,
    mails::MailKind,
    token::{PresentedToken, TokenKind},
};
use nearhand_storage::{
    Tx,
    audit::AuditEvent,
    email_changes, invitations,
    mails::{self, NewMail},
    organizations::{self, OrganizationRecord},
    resets, sessions,
    staff::{self, StaffRecord},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An invitation that is accepted.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct AcceptForm {
    /// What follows the `#` in the link.
    #[serde(default)]
    #[schema(value_type = String, example = "nh_inv_…", required)]
    token: Field<String>,
    /// At least 15 characters.
    #[serde(default)]
    #[schema(value_type = String, example = "nine quiet harbour cranes", required, min_length = 15)]
    password: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(AcceptForm);

/// How to log in from now on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Joined {
    /// For `login` of `POST /v1/sessions`.
    login: String,
    /// For `organization` of `POST /v1/sessions`.
    organization: String,
    /// What people call the organisation.
    organization_name: String,
}

/// Accepts an invitation: sets the password, once.
///
/// A link that is used, expired, revoked, replaced or unknown, and one of a person who may not log
/// in, all answer alike: 410 `invitation_invalid`. A weak password is 422 and leaves the link as it
/// is. `Idempotency-Key` is ignored.
#[utoipa::path(post, path = "/v1/invitations/accept", operation_id = "accept_invitation",
    tag = "invitations", responses((status = 200, description = "Accepted; log in", body = Joined)))]
pub(crate) async fn accept(
    State(state): State<ApiState>,
    origin: Origin,
    JsonBody(form): JsonBody<AcceptForm>,
) -> ChangeResult {
    let (text, password) = form.check(|form, e| read_password(form.token, form.password, e))?;
    let attempt = Attempt::begin(&state, &origin)?;
    let Some(token) = token(&text, TokenKind::Invitation) else {
        return Err(attempt.wrong(invalid()).into());
    };
    let Some((organization, person)) = find(&state, token).await? else {
        return Err(attempt.wrong(invalid()).into());
    };
    require_strong(&password, &organization.name, &person)?;
    // Hashed first: a transaction must not wait for its turn to hash.
    let hash = state.passwords().hash(password).await?;
    let id = person.id;
    let mut change = Change::of(&state, token.organization, Some(id), &origin).await?;
    let (tx, now) = (change.tx(), clock::now());
    // The lock orders this with everything else that is done to the person.
    let person = staff::lock(tx, id).await?;
    let Some(person) = joinable(tx, person).await? else {
        return Err(attempt.wrong(invalid()).into());
    };
    if !invitations::accept(tx, token.hash, now).await? {
        return Err(attempt.wrong(invalid()).into());
    }
    sessions::set_password(tx, token.organization, id, &hash, None, now).await?;
    // Those of a temporary password, and links that would replace the new one.
    sessions::end_all(tx, token.organization, id).await?;
    resets::end_open(tx, id, now).await?;
    email_changes::cancel_open(tx, id, now).await?;
    if invitations::greets(tx).await? {
        let mail = NewMail { kind: MailKind::Welcome, staff: Some(id), subject: None };
        mails::queue(tx, token.organization, mail, now).await?;
    }
    let event = AuditEvent::of(audit::INVITATION_ACCEPT, id);
    let joined = Joined {
        login: person.email.unwrap_or_default(),
        organization: organization.slug,
        organization_name: organization.name,
    };
    let (forget, reply) = (Forget::Person(id), Reply::ok(&joined)?.about(id));
    change.commit(Outcome { event: Some(event), forget, reply }).await
}

fn invalid() -> Problem {
    let detail =
        "it was used, has expired, or was replaced by a newer one; ask for a new invitation";
    Problem::new(Code::InvitationInvalid, detail)
}

async fn find(
    state: &ApiState,
    token: PresentedToken,
) -> ApiResult<Option<(OrganizationRecord, StaffRecord)>> {
    let mut tx = state.app().tenant(token.organization).await?;
    let invited: Option<StaffId> = invitations::invited(&mut tx, token.hash, clock::now()).await?;
    let Some(id) = invited else { return Ok(None) };
    let person = staff::get(&mut tx, id).await?;
    let Some(person) = joinable(&mut tx, person).await? else { return Ok(None) };
    Ok(Some((organizations::get(&mut tx, false).await?, person)))
}

/// A person who may log in and has no password of their own yet.
async fn joinable(tx: &mut Tx, person: Option<StaffRecord>) -> ApiResult<Option<StaffRecord>> {
    let Some(person) = person.filter(may_enter) else { return Ok(None) };
    let credential = sessions::credential(tx, person.id).await?;
    Ok(Some(person).filter(|_| credential.is_none_or(|credential| credential.temporary)))
}
