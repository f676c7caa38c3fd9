//! Moving a login to another e-mail address: asked for by an admin or by the person, confirmed from
//! the new address, told to the old one.

use super::{
    links::{Attempt, token},
    own_password::verify_once,
};
use crate::{
    access::{caller::Caller, throttle::Key},
    change::{Change, ChangeResult, Forget, Outcome, Posted},
    http::{
        body::{Field, Form, JsonBody, Unknown, any, forms},
        codes::Code,
        origin::Origin,
        problem::{ApiResult, Problem},
        query::PathId,
        reply::Reply,
    },
    routes::people::{
        mail_state::{self, MailState},
        reach,
        staff::change::{changed, email_key},
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::Timestamp;
use nearhand_domain::{
    EmailChangeId, StaffId,
    access::{Action, Actor, ActorKind, Object, decide},
    audit, clock,
    mails::MailKind,
    text::{Email, login_key},
    token::{PresentedToken, TokenKind},
};
use nearhand_storage::{
    Conflict, Tx,
    audit::AuditEvent,
    email_changes::{self, EmailChangeRecord},
    invitations,
    mails::{self, NewMail},
    resets, sessions,
    staff::{self, StaffRecord},
};
use serde::{Deserialize, Serialize};
use std::time::Instant;
use utoipa::ToSchema;

/// Where a login is to move.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct EmailChangeForm {
    /// The new address.
    #[serde(default)]
    #[schema(value_type = String, example = "grace.hopper@harbour.example", required)]
    email: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// Where one's own login is to move.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct OwnEmailChangeForm {
    /// The new address.
    #[serde(default)]
    #[schema(value_type = String, example = "ada.lovelace@harbour.example", required)]
    email: Field<String>,
    /// The present password.
    #[serde(default)]
    #[schema(value_type = String, example = "seven tall lighthouses", required)]
    current_password: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// A confirmation.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ConfirmForm {
    /// What follows the `#` in the link.
    #[serde(default)]
    #[schema(value_type = String, example = "nh_eml_…", required)]
    token: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(EmailChangeForm, OwnEmailChangeForm, ConfirmForm);

/// A login that is to move, once the new address has confirmed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmailChange {
    #[schema(value_type = uuid::Uuid)]
    id: EmailChangeId,
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    /// Shown only with `staff.pii:read`, to oneself, and to whoever has just asked for it.
    new_email: Option<String>,
    /// Who asked for it.
    #[schema(value_type = uuid::Uuid)]
    created_by: StaffId,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Until when the link works.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// How far the mail with the link has come; null where none was sent, or one asked for oneself.
    mail: Option<MailState>,
}

impl EmailChange {
    async fn shown(tx: &mut Tx, record: EmailChangeRecord) -> ApiResult<Self> {
        let mut mails = mail_state::newest_about(tx, &[record.id.0]).await?;
        Ok(Self {
            id: record.id,
            staff_id: record.staff,
            new_email: Some(record.new_email),
            created_by: record.created_by,
            created_at: record.created_at,
            expires_at: record.expires_at,
            mail: mails.remove(&record.id.0),
        })
    }
}

/// Asks that a person's login move to a new e-mail address.
///
/// A link is mailed to the new address; the login moves when it is confirmed. An open request is
/// replaced.
#[utoipa::path(post, path = "/v1/staff/{id}/email-change", operation_id = "request_email_change",
    tag = "staff", responses((status = 201, description = "Mailed", body = EmailChange)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    posted: Posted<EmailChangeForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageStaff, Object::staff(id))?;
    caller.require_person()?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let email = form.check(|form, e| form.email.required("/email", e, |v| Email::parse(&v)))?;
    if id == caller.staff {
        let detail =
            "is your own login; move it by POST /v1/me/email-change, which asks for your password";
        return Err(Problem::field("/email", "own_email", detail).into());
    }
    let person = reach::lock(change.tx(), &caller, Action::ManageStaff, id).await?;
    ask(change, &caller, &person, &email).await
}

/// Asks that one's own login move to a new e-mail address, which must confirm it.
///
/// An address that is somebody else's login answers the same, but gets no mail: nobody learns by it
/// who has a login. `mail` is always null here. `Idempotency-Key` is ignored: a repeat replaces the
/// first request. More than 5 an hour answer 429.
#[utoipa::path(post, path = "/v1/me/email-change", operation_id = "request_own_email_change",
    tag = "me", responses((status = 201, description = "Mailed", body = EmailChange)))]
pub(crate) async fn create_own(
    State(state): State<ApiState>,
    caller: Caller,
    JsonBody(form): JsonBody<OwnEmailChangeForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ActForOneself, Object::staff(caller.staff))?;
    let (email, current) = form.check(|form, e| {
        let email = form.email.required("/email", e, |v| Email::parse(&v));
        let current = form.current_password.required("/current_password", e, any);
        Ok((email?, current?))
    })?;
    let mut tx = caller.read(&state).await?;
    let stored = sessions::credential(&mut tx, caller.staff).await?;
    drop(tx);
    let stored = stored.map(|credential| credential.password_hash);
    if !verify_once(&state, &caller, current, stored).await? {
        let detail = "is not your password";
        return Err(Problem::field("/current_password", "wrong_password", detail).into());
    }
    // Each sends a mail to an address of the caller's choosing.
    let key = Key::email_change_of(caller.staff);
    state
        .throttle()
        .reserve(&[&key], Instant::now())
        .map_err(|wait| Problem::throttled("too many requests to move a login", wait.left))?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    let person = staff::lock(change.tx(), caller.staff).await?.ok_or_else(Problem::not_found)?;
    ask(change, &caller, &person, &email).await
}

/// Records the request for a person, who must be locked, and queues its mail.
async fn ask(
    mut change: Change,
    caller: &Caller,
    person: &StaffRecord,
    email: &Email,
) -> ChangeResult {
    let (id, key) = (person.id, login_key(email.as_str()));
    if email_key(person).as_ref() == Some(&key) {
        return Err(Problem::field("/email", "unchanged", "is their address already").into());
    }
    let (organization, tx, now) = (caller.organization, change.tx(), clock::now());
    let own = id == caller.staff;
    let taken = staff::find_login(tx, &key).await?.is_some_and(|other| other.id != id);
    if taken && !own {
        return Err(Problem::from(Conflict::EmailTaken).into());
    }
    email_changes::cancel_open(tx, id, now).await?;
    let addresses = (person.email.as_deref(), email.as_str());
    let record = email_changes::insert(tx, organization, id, addresses, caller.staff, now).await?;
    if !taken {
        let (kind, subject) = (MailKind::EmailChange, Some(record.id.0));
        mails::queue(tx, organization, NewMail { kind, staff: Some(id), subject }, now).await?;
    }
    let personal = serde_json::json!({ "new_email": record.new_email });
    let event = AuditEvent::of(audit::EMAIL_CHANGE_REQUEST, id).personal(id, personal);
    let mut shown = EmailChange::shown(tx, record).await?;
    if own {
        // It would tell whether the address is taken.
        shown.mail = None;
    }
    let reply = Reply::created(format!("/v1/staff/{id}/email-change"), &shown)?.about(id);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// The move of a person's login that waits for its confirmation.
#[utoipa::path(get, path = "/v1/staff/{id}/email-change", operation_id = "get_email_change",
    tag = "staff", responses((status = 200, description = "The open one", body = EmailChange)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ApiResult<Json<EmailChange>> {
    caller.require(Action::ReadInvitations, Object::staff(id))?;
    let mut tx = caller.read(&state).await?;
    let person = reach::read(&mut tx, &caller, Action::ReadInvitations, id).await?;
    let record = email_changes::open_of(&mut tx, id, clock::now()).await?;
    let mut shown = EmailChange::shown(&mut tx, record.ok_or_else(Problem::not_found)?).await?;
    if !caller.may(Action::ReadPersonalDetails, person.object()) {
        shown.new_email = None;
    }
    Ok(Json(shown))
}

/// Calls off the move of a person's login: the link is dead.
#[utoipa::path(delete, path = "/v1/staff/{id}/email-change", operation_id = "cancel_email_change",
    tag = "staff", responses((status = 204, description = "Called off")))]
pub(crate) async fn cancel(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageStaff, Object::staff(id))?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    reach::lock(change.tx(), &caller, Action::ManageStaff, id).await?;
    if !email_changes::cancel_open(change.tx(), id, clock::now()).await? {
        return Err(Problem::not_found().into());
    }
    let event = AuditEvent::of(audit::EMAIL_CHANGE_CANCEL, id);
    let reply = Reply::no_content();
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Confirms a new e-mail address: it is the login from now on, and every session of the person ends.
///
/// A link that is used, expired, called off or unknown, or whose creator may no longer manage the
/// person, answers 410 `email_change_invalid`. Where
/// somebody else took the address meanwhile: 409 `email_taken`. `Idempotency-Key` is ignored.
#[utoipa::path(post, path = "/v1/email-changes/confirm", operation_id = "confirm_email_change",
    tag = "sessions", responses((status = 204, description = "Moved; log in with it")))]
pub(crate) async fn confirm(
    State(state): State<ApiState>,
    origin: Origin,
    JsonBody(form): JsonBody<ConfirmForm>,
) -> ChangeResult {
    let text = form.check(|form, e| form.token.required("/token", e, any))?;
    let attempt = Attempt::begin(&state, &origin)?;
    let Some(token) = token(&text, TokenKind::EmailChange) else {
        return Err(attempt.wrong(invalid()).into());
    };
    let Some(id) = find(&state, token).await? else {
        return Err(attempt.wrong(invalid()).into());
    };
    let organization = token.organization;
    let mut change = Change::of(&state, organization, Some(id), &origin).await?;
    let (tx, now) = (change.tx(), clock::now());
    let locked = staff::lock(tx, id).await?;
    // Read once more under the lock: it may have been called off meanwhile.
    let request = email_changes::confirmable(tx, token.hash, now).await?;
    let Some((before, request)) = locked.zip(request) else {
        return Err(attempt.wrong(invalid()).into());
    };
    if !is_still_asked(tx, &request, &before).await? {
        return Err(attempt.wrong(invalid()).into());
    }
    let after = StaffRecord { email: Some(request.new_email), ..before.clone() };
    staff::update(tx, organization, &before, &after).await?;
    email_changes::confirm(tx, token.hash, before.email.as_deref(), now).await?;
    sessions::end_all(tx, organization, id).await?;
    // Links that were mailed to the old address.
    resets::end_open(tx, id, now).await?;
    invitations::revoke_open(tx, id, now).await?;
    if before.email.is_some() {
        let (kind, subject) = (MailKind::EmailChanged, Some(request.id.0));
        mails::queue(tx, organization, NewMail { kind, staff: Some(id), subject }, now).await?;
    }
    let event = changed(AuditEvent::of(audit::EMAIL_CHANGE_CONFIRM, id), Some(&before), &after);
    let (forget, reply) = (Forget::Person(id), Reply::no_content());
    change.commit(Outcome { event: Some(event), forget, reply }).await
}

/// Whether whoever asked for it might still do so: rights may have moved since.
async fn is_still_asked(
    tx: &mut Tx,
    request: &EmailChangeRecord,
    person: &StaffRecord,
) -> ApiResult<bool> {
    if request.created_by == person.id {
        return Ok(true);
    }
    let creator = staff::get(tx, request.created_by).await?;
    let Some(creator) = creator.filter(|creator| creator.active) else { return Ok(false) };
    let (staff, kind, level) = (creator.id, ActorKind::Staff, creator.access_level);
    let actor = Actor { staff, kind, level, rights: creator.rights() };
    Ok(decide(&actor, Action::ManageStaff, &person.object()).is_ok())
}

fn invalid() -> Problem {
    let detail = "it was used, has expired, or was called off; ask for a new one";
    Problem::new(Code::EmailChangeInvalid, detail)
}

/// Whose login the link moves, if it works.
async fn find(state: &ApiState, token: PresentedToken) -> ApiResult<Option<StaffId>> {
    let mut tx = state.app().tenant(token.organization).await?;
    let request = email_changes::confirmable(&mut tx, token.hash, clock::now()).await?;
    let Some(request) = request else { return Ok(None) };
    Ok(staff::get(&mut tx, request.staff).await?.map(|person| person.id))
}
