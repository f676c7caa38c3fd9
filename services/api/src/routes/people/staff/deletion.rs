//! `DELETE /v1/staff/{id}` and `POST /v1/staff/{id}/undelete`: deletes and restores people.

use super::{
    Staff,
    change::{can_admin, changed, email_key, require_other_account_admin},
};
use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Posted},
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
    AssignmentId, OrganizationId, StaffId,
    access::{AccessLevel, Action, Object},
    audit, clock,
    field::{FieldErrors, Reported},
    mails::MailKind,
    text::{AccountCode, Email, Username},
};
use nearhand_storage::{
    Conflict, StorageError,
    assignments::{self, Returned},
    audit::AuditEvent,
    notifications, sessions,
    staff::{self, StaffRecord},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// How a deleted person comes back. Null clears, and what is left out stays as it was.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = UndeleteInput, example = json!({ "restore_assignments": true }))]
pub(crate) struct UndeleteForm {
    /// Whether they get back those of their assignments that are still free; false unless given.
    #[serde(default)]
    #[schema(value_type = bool)]
    restore_assignments: Field<bool>,
    /// Another e-mail address, where somebody else has taken theirs. Their password does not count
    /// with it: invite them.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    email: Field<String>,
    /// Another user name, where somebody else has taken theirs.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    username: Field<String>,
    /// Another account code, where somebody else has taken theirs.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 32)]
    account_code: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// A person who is back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Restored {
    staff: Staff,
    /// The assignments they got back.
    #[schema(value_type = Vec<Uuid>)]
    restored_assignments: Vec<AssignmentId>,
    /// Those that they did not get back, of the ones they had when they were deleted.
    lost_assignments: Vec<LostAssignment>,
}

/// An assignment that was not given back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LostAssignment {
    #[schema(value_type = Uuid)]
    id: AssignmentId,
    /// `case_closed`, `no_slot_free`, or `gone` where it was changed or removed meanwhile.
    reason: &'static str,
}

forms!(UndeleteForm);

/// Deletes a person: they cannot log in any more, and leave every open assignment.
///
/// For 30 days they can be restored by `POST /v1/staff/{id}/undelete`; then they are forgotten for
/// good. Not oneself: 422 `own_account`.
#[utoipa::path(delete, path = "/v1/staff/{id}", operation_id = "delete_staff", tag = "staff",
    responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageStaff, Object::staff(id))?;
    if id == caller.staff {
        let detail = "let another admin delete your account";
        return Err(Problem::new(Code::OwnAccount, detail).into());
    }
    let mut change = Change::begin(&state, &caller, allowed).await?;
    let person = reach::lock(change.tx(), &caller, Action::ManageStaff, id).await?;
    if can_admin(&person) {
        require_other_account_admin(&mut change, &caller, id).await?;
    }
    let (organization, by, now) = (caller.organization, caller.staff, clock::now());
    let released = staff::remove(change.tx(), organization, &[id], by, now).await?;
    let released: Vec<Uuid> = released.into_iter().flat_map(|(_, held)| held).collect();
    let details = serde_json::json!({ "released_assignments": released });
    let event = AuditEvent::of(audit::STAFF_DELETE, id).details(details);
    let (forget, reply) = (Forget::Person(id), Reply::no_content());
    change.commit(Outcome { event: Some(event), forget, reply }).await
}

/// Restores a person who was deleted less than 30 days ago, with their memberships as they were.
///
/// Sessions and devices stay dead; a password counts again. What somebody else took meanwhile is
/// refused: 409 `email_taken`, `username_taken` or `account_code_taken`; send another value.
#[utoipa::path(post, path = "/v1/staff/{id}/undelete", operation_id = "undelete_staff",
    tag = "staff", responses((status = 200, description = "Restored", body = Restored)))]
pub(crate) async fn undelete(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    posted: Posted<UndeleteForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageStaff, Object::staff(id))?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let now = clock::now();
    assignments::lock_cases_of_note(change.tx(), id).await?;
    let before =
        staff::lock_any(change.tx(), id).await?.filter(|person| is_restorable(person, now));
    let before = before.ok_or_else(|| {
        let detail = "no deleted person has this id; after 30 days they are forgotten";
        Problem::new(Code::NotFound, detail)
    })?;
    caller.require(Action::ManageStaff, before.object())?;
    let (mut after, give_back) = form.check(|form, e| form.apply(before.clone(), e))?;
    after.deleted_at = None;
    let organization = caller.organization;
    let returned = assignments::give_back(change.tx(), organization, id, give_back).await?;
    let version = staff::restore(change.tx(), caller.organization, &before, &after, now).await;
    after.version = version.map_err(taken_meanwhile)?;
    if email_key(&before) != email_key(&after) {
        // Nobody has shown that the new address is theirs.
        sessions::forget_password(change.tx(), id).await?;
    }
    let event = changed(AuditEvent::of(audit::STAFF_UNDELETE, id), Some(&before), &after);
    let version = after.version;
    tell_of_returned(&mut change, organization, &returned).await?;
    let body = Restored::of(Staff::shown_to(&caller, after), &returned);
    let reply = Reply::ok(&body)?.etag(version).about(id);
    change.commit(Outcome { event: Some(event), forget: Forget::Person(id), reply }).await
}

/// Records the assignments that a person has again, and mails them.
async fn tell_of_returned(
    change: &mut Change,
    organization: OrganizationId,
    returned: &Returned,
) -> ApiResult<()> {
    for record in &returned.given_back {
        let (person, id, now) = (record.staff, record.id, clock::now());
        let kind = MailKind::Assigned;
        notifications::tell(change.tx(), organization, kind, person, id.0, now).await?;
        let details = serde_json::json!({ "case_id": record.case, "staff_id": person,
            "state": record.progress.state });
        let event = AuditEvent::of(audit::ASSIGNMENT_RESTORE, id).details(details);
        change.record(&event).await?;
    }
    Ok(())
}

impl Restored {
    fn of(staff: Staff, returned: &Returned) -> Self {
        let lost = returned.lost.iter();
        Self {
            staff,
            restored_assignments: returned.given_back.iter().map(|record| record.id).collect(),
            lost_assignments: lost
                .map(|(id, why)| LostAssignment { id: *id, reason: why.as_str() })
                .collect(),
        }
    }
}

/// Whether a person is deleted and can still be restored at an instant.
pub(super) fn is_restorable(person: &StaffRecord, at: Timestamp) -> bool {
    person.purged_at().is_some_and(|end| at < end)
}

impl UndeleteForm {
    /// The person as they are to come back, and whether they get their assignments back.
    fn apply(
        self,
        mut record: StaffRecord,
        e: &mut FieldErrors,
    ) -> Result<(StaffRecord, bool), Reported> {
        let give_back = self.restore_assignments.replacement("/restore_assignments", e, any);
        self.email
            .patch("/email", e, |v| Email::parse(&v).map(String::from))
            .apply(&mut record.email);
        self.username
            .patch("/username", e, |v| Username::parse(&v).map(String::from))
            .apply(&mut record.username);
        self.account_code
            .patch("/account_code", e, |v| AccountCode::parse(&v).map(String::from))
            .apply(&mut record.account_code);
        if record.email.is_none() && record.access_level != AccessLevel::Disabled {
            let detail = "they log in with it; restore them, then set access_level to disabled";
            e.push("/email", "email_required", detail);
        }
        Ok((record, give_back.unwrap_or(false)))
    }
}

/// Says how to mend what somebody else took since the deletion.
fn taken_meanwhile(error: StorageError) -> Problem {
    let (code, field) = match &error {
        StorageError::Conflict(Conflict::EmailTaken) => (Code::EmailTaken, "email"),
        StorageError::Conflict(Conflict::UsernameTaken) => (Code::UsernameTaken, "username"),
        StorageError::Conflict(Conflict::AccountCodeTaken) => {
            (Code::AccountCodeTaken, "account_code")
        }
        _ => return error.into(),
    };
    let detail = format!(
        "somebody else has had it since the deletion; change theirs, or send another `{field}` in \
         this request"
    );
    Problem::new(code, detail)
}

/// Whether a deleted person may be shown to the caller, by the query's `deleted`.
pub(super) async fn read_deleted(
    tx: &mut nearhand_storage::Tx,
    caller: &Caller,
    id: StaffId,
) -> ApiResult<StaffRecord> {
    caller.require(Action::ListDeletedStaff, Object::staff(id))?;
    let person = staff::get_any(tx, id).await?.ok_or_else(Problem::not_found)?;
    caller.require(Action::ListDeletedStaff, person.object())?;
    let shown = person.deleted_at.is_none() || is_restorable(&person, clock::now());
    if shown { Ok(person) } else { Err(Problem::not_found()) }
}
