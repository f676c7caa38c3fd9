//! Invitations of people to set a password and log in: sent, sent again, taken back, listed. They are
//! accepted elsewhere.

pub(crate) mod batch;

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Empty, Forget, Outcome, Posted},
    http::{
        codes::Code,
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
        query::PathId,
        reply::Reply,
    },
    routes::people::{
        mail_state::{self, MailState},
        reach,
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::Timestamp;
use nearhand_domain::{
    InvitationId, StaffId,
    access::{AccessLevel, Action, Object},
    audit, clock,
    link::InvitationState,
    mails::MailKind,
};
use nearhand_storage::{
    Tx,
    audit::AuditEvent,
    invitations::{self, InvitationRecord},
    mails::{self, NewMail},
    sessions,
    staff::StaffRecord,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// An invitation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Invitation {
    #[schema(value_type = uuid::Uuid)]
    id: InvitationId,
    /// Who is invited.
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    /// What they are called.
    display_name: String,
    /// `pending`, `accepted`, `expired` or `revoked`.
    state: &'static str,
    /// Who invited them; null: the command line.
    created_by: Option<Uuid>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Until when the link works: 72 h from when its mail was sent.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    accepted_at: Option<Timestamp>,
    /// When it was taken back, or replaced by a newer one.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// How far its mail has come; null where none was sent, or that is long ago.
    mail: Option<MailState>,
}

impl Invitation {
    fn new(record: &InvitationRecord, mail: Option<MailState>, now: Timestamp) -> Self {
        Self {
            id: record.id,
            staff_id: record.staff,
            display_name: record.display_name.clone(),
            state: record.state(now).as_str(),
            created_by: record.created_by,
            created_at: record.created_at,
            expires_at: record.expires_at,
            accepted_at: record.accepted_at(),
            revoked_at: record.revoked_at(),
            mail,
        }
    }

    async fn shown(tx: &mut Tx, record: &InvitationRecord) -> ApiResult<Self> {
        let mut mails = mail_state::newest_about(tx, &[record.id.0]).await?;
        Ok(Self::new(record, mails.remove(&record.id.0), clock::now()))
    }
}

/// Which invitations to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InvitationQuery {
    /// `pending`, `accepted`, `expired` or `revoked`.
    state: Option<String>,
}

/// Invites a person by mail to set a password and log in.
///
/// An invitation that is still open is replaced: its link is dead from now on. People who are not
/// active (409 `inactive`) or have a password of their own (409 `already_joined`) cannot be
/// invited; without an e-mail address (`email_required`) and with access level `disabled`
/// (`access_disabled`) the answer is 422.
#[utoipa::path(post, path = "/v1/staff/{id}/invitation", operation_id = "invite_staff",
    tag = "invitations", responses((status = 201, description = "Invited", body = Invitation)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    posted: Posted<Empty>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageStaff, Object::staff(id))?;
    caller.require_person()?;
    let mut change = posted.begin_empty(&state, &caller, allowed).await?;
    let person = reach::lock(change.tx(), &caller, Action::ManageStaff, id).await?;
    answer_invited(change, &caller, &person).await
}

/// Sends a person's invitation again; the link that was sent before is dead.
#[utoipa::path(post, path = "/v1/staff/{id}/invitation/resend", operation_id = "resend_invitation",
    tag = "invitations", responses((status = 201, description = "Invited again", body = Invitation)))]
pub(crate) async fn resend(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    posted: Posted<Empty>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageStaff, Object::staff(id))?;
    caller.require_person()?;
    let mut change = posted.begin_empty(&state, &caller, allowed).await?;
    let person = reach::lock(change.tx(), &caller, Action::ManageStaff, id).await?;
    if invitations::latest(change.tx(), id).await?.is_none() {
        let detail = "they have not been invited; use POST /v1/staff/{id}/invitation";
        return Err(Problem::new(Code::NotFound, detail).into());
    }
    answer_invited(change, &caller, &person).await
}

async fn answer_invited(mut change: Change, caller: &Caller, person: &StaffRecord) -> ChangeResult {
    let (id, event) = invite(&mut change, caller, person).await?;
    let record = invitations::get(change.tx(), id).await?.ok_or_else(Problem::internal)?;
    let shown = Invitation::shown(change.tx(), &record).await?;
    let location = format!("/v1/staff/{}/invitation", person.id);
    let reply = Reply::created(location, &shown)?.about(person.id);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// A person's last invitation, and how far its mail has come.
#[utoipa::path(get, path = "/v1/staff/{id}/invitation", operation_id = "get_invitation",
    tag = "invitations", responses((status = 200, description = "The last one", body = Invitation)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ApiResult<Json<Invitation>> {
    caller.require(Action::ReadInvitations, Object::staff(id))?;
    let mut tx = caller.read(&state).await?;
    reach::read(&mut tx, &caller, Action::ReadInvitations, id).await?;
    let record = invitations::latest(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(Invitation::shown(&mut tx, &record).await?))
}

/// Takes a person's open invitation back: its link is dead.
#[utoipa::path(delete, path = "/v1/staff/{id}/invitation", operation_id = "revoke_invitation",
    tag = "invitations", responses((status = 204, description = "Taken back")))]
pub(crate) async fn revoke(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageStaff, Object::staff(id))?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    reach::lock(change.tx(), &caller, Action::ManageStaff, id).await?;
    let revoked = invitations::revoke_open(change.tx(), id, clock::now()).await?;
    let revoked = revoked.ok_or_else(Problem::not_found)?;
    let event = AuditEvent::of(audit::INVITATION_REVOKE, id).details(named(revoked));
    let reply = Reply::no_content();
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Lists invitations in order of creation.
#[utoipa::path(get, path = "/v1/invitations", operation_id = "list_invitations",
    tag = "invitations", responses((status = 200, description = "A page", body = Page<Invitation>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf<InvitationQuery>,
) -> ApiResult<Json<Page<Invitation>>> {
    let scope = caller.people_scope(Action::ReadInvitations)?;
    let (paging, query) = list.open(&state, caller.organization)?;
    let wanted = query.state.as_deref().map(|word| {
        let detail = "`state` must be one of pending, accepted, expired, revoked";
        InvitationState::parse(word).ok_or_else(|| Problem::new(Code::MalformedQuery, detail))
    });
    let (wanted, now) = (wanted.transpose()?, clock::now());
    let mut tx = caller.read(&state).await?;
    let (after, rows) = (paging.after(), paging.rows());
    let records = invitations::list(&mut tx, wanted, scope, after, rows, now).await?;
    let ids: Vec<Uuid> = records.iter().map(|record| record.id.0).collect();
    let mut mails: HashMap<Uuid, MailState> = mail_state::newest_about(&mut tx, &ids).await?;
    Ok(paging.page(
        records,
        |record| record.id.0,
        |record| Invitation::new(&record, mails.remove(&record.id.0), now),
    ))
}

/// Invites a person, who must be locked: the invitation, its mail and the mail's job are in the
/// transaction. An open one is replaced.
pub(crate) async fn invite(
    change: &mut Change,
    caller: &Caller,
    person: &StaffRecord,
) -> ApiResult<(InvitationId, AuditEvent)> {
    require_invitable(person)?;
    let credential = sessions::credential(change.tx(), person.id).await?;
    if credential.is_some_and(|credential| !credential.temporary) {
        let detail = "they have a password of their own; a lost one is set anew by \
            POST /v1/password-resets";
        return Err(Problem::new(Code::AlreadyJoined, detail));
    }
    let (organization, tx, now) = (caller.organization, change.tx(), clock::now());
    let again = invitations::latest(tx, person.id).await?.is_some();
    invitations::revoke_open(tx, person.id, now).await?;
    let by = Some(caller.staff);
    let id = invitations::insert(tx, organization, person.id, by, None, now).await?;
    let (kind, action) = if again {
        (MailKind::Reinvitation, audit::INVITATION_RESEND)
    } else {
        (MailKind::Invitation, audit::INVITATION_SEND)
    };
    let mail = NewMail { kind, staff: Some(person.id), subject: Some(id.0) };
    mails::queue(tx, organization, mail, now).await?;
    Ok((id, AuditEvent::of(action, person.id).details(named(id))))
}

fn require_invitable(person: &StaffRecord) -> ApiResult<()> {
    if !person.active {
        return Err(not_active());
    }
    if person.access_level == AccessLevel::Disabled {
        return Err(Problem::field("/access_level", "access_disabled", ACCESS_DISABLED));
    }
    if person.email.is_none() {
        return Err(Problem::field("/email", "email_required", EMAIL_REQUIRED));
    }
    Ok(())
}

/// Of a person who is to be invited.
pub(crate) fn not_active() -> Problem {
    Problem::new(Code::Inactive, "set `active` to true first; then invite them")
}

/// Why people of access level `disabled` are not invited.
pub(crate) const ACCESS_DISABLED: &str =
    "an invitation gives a login; set access_level to limited or full first";
/// Why people without an address are not.
pub(crate) const EMAIL_REQUIRED: &str = "an invitation goes by mail; give an e-mail address";

fn named(id: InvitationId) -> serde_json::Value {
    serde_json::json!({ "invitation_id": id })
}
