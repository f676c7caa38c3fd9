//! What every change of a person goes through, whichever route asks for it: rights over the state
//! before and the state after, the rules of the whole organisation, the write, the sessions that
//! end, the audit entry.

use crate::{
    access::caller::Caller,
    change::Change,
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
    },
    routes::people::staff_form::memberships,
};
use nearhand_domain::{
    DepartmentId, StaffId,
    access::{AccessLevel, Action, EditScope, ViewScope, may_move_within},
    audit::{Action as Audited, STAFF_UPDATE},
    clock,
    field::FieldErrors,
    link::InvitationState,
    text::login_key,
};
use nearhand_storage::{
    audit::AuditEvent,
    devices, email_changes, invitations, resets, sessions,
    staff::{self, StaffRecord},
};
use uuid::Uuid;

/// Settles a state that a form has asked for: departments that the caller cannot see stay as they
/// are, and what the roles allow is read. `before` is `None` for a new person.
pub(crate) async fn settle(
    change: &mut Change,
    caller: &Caller,
    before: Option<&StaffRecord>,
    mut after: StaffRecord,
) -> ApiResult<StaffRecord> {
    let mut errors = FieldErrors::default();
    let inactive = staff::inactive_departments(change.tx(), &after.departments).await?;
    settle_departments(caller, before, &mut after, &inactive, &mut errors);
    if before.is_none_or(|before| before.roles != after.roles) {
        let roles: Vec<Uuid> = after.roles.iter().map(|id| id.0).collect();
        after.role_permissions = staff::permissions_of(change.tx(), &roles).await?;
    }
    memberships::check_modules(before, &after, &mut errors);
    Ok(errors.conclude(Ok(after))?)
}

/// Departments in the order of the form become those in the order of the record. Into an inactive
/// one, or beyond the caller's scope, nobody is newly put.
pub(crate) fn settle_departments(
    caller: &Caller,
    before: Option<&StaffRecord>,
    after: &mut StaffRecord,
    inactive: &[DepartmentId],
    errors: &mut FieldErrors,
) {
    let had = before.map(|before| before.departments.as_slice()).unwrap_or_default();
    let fresh: Vec<DepartmentId> =
        after.departments.iter().filter(|id| !had.contains(id)).copied().collect();
    let actor = caller.actor();
    for (i, id) in after.departments.iter().enumerate().filter(|(_, id)| fresh.contains(id)) {
        if !may_move_within(&actor, *id) {
            let detail = "is none of your departments, and you may move people only among those";
            errors.push(format!("/departments/{i}"), "outside_scope", detail);
        } else if inactive.contains(id) {
            let detail = "is inactive; nobody can newly be put into it";
            errors.push(format!("/departments/{i}"), "inactive", detail);
        }
    }
    if caller.view == ViewScope::Departments || caller.edit == EditScope::Departments {
        keep_hidden(caller, before, after, errors);
    }
    after.departments.sort_unstable();
    memberships::settle_primary(after);
}

/// A caller of limited scope moves people only in and out of their own departments; what else there
/// is they cannot see, and it stays. Nobody is moved out of their sight.
fn keep_hidden(
    caller: &Caller,
    before: Option<&StaffRecord>,
    after: &mut StaffRecord,
    errors: &mut FieldErrors,
) {
    let own = |id: &DepartmentId| caller.departments.contains(id);
    let untouched = before.is_some_and(|before| before.departments == after.departments);
    let had = before.map(|before| before.departments.as_slice()).unwrap_or_default();
    for id in had.iter().filter(|id| !own(id)) {
        if !after.departments.contains(id) {
            after.departments.push(*id);
        }
    }
    let hidden = before.and_then(|before| before.primary_department).filter(|id| !own(id));
    if let Some(hidden) = hidden
        && after.primary_department != Some(hidden)
    {
        if untouched {
            let detail = "their primary department is none of yours, and only its admins move it";
            errors.push("/primary_department", "outside_scope", detail);
        }
        after.primary_department = Some(hidden);
    }
    if !untouched && after.id != caller.staff && !after.departments.iter().any(own) {
        let detail = "must hold one of your departments, or you would not see them any more; ask \
            an account admin to move them";
        errors.push("/departments", "outside_scope", detail);
    }
}

/// Writes a changed person, who must be locked and settled. Returns them as they are now, and the
/// entry for the audit trail.
pub(crate) async fn write(
    change: &mut Change,
    caller: &Caller,
    action: Audited<StaffId>,
    before: &StaffRecord,
    after: StaffRecord,
) -> ApiResult<(StaffRecord, AuditEvent)> {
    caller.require(Action::EditStaff, after.object())?;
    write_checked(change, caller, action, before, after).await
}

/// The same for what people may change of themselves; which fields those are, the form says.
pub(crate) async fn write_own(
    change: &mut Change,
    caller: &Caller,
    before: &StaffRecord,
    after: StaffRecord,
) -> ApiResult<(StaffRecord, AuditEvent)> {
    caller.require(Action::ActForOneself, after.object())?;
    write_checked(change, caller, STAFF_UPDATE, before, after).await
}

async fn write_checked(
    change: &mut Change,
    caller: &Caller,
    action: Audited<StaffId>,
    before: &StaffRecord,
    mut after: StaffRecord,
) -> ApiResult<(StaffRecord, AuditEvent)> {
    check(change, caller, before, &after).await?;
    let id = before.id;
    after.version = staff::update(change.tx(), caller.organization, before, &after).await?;
    let gains = after.gains_over(before);
    if gains || access_moved(before, &after) {
        sessions::end_all(change.tx(), caller.organization, id).await?;
        // Whoever asked for it was judged by what the person might do then.
        email_changes::cancel_open(change.tx(), id, clock::now()).await?;
    }
    if gains {
        // Whoever set it knows it, and was not judged by these rights.
        sessions::forget_temporary(change.tx(), &[id]).await?;
    }
    if before.active && !after.active {
        // They stay dead when the person comes back.
        devices::revoke_all(change.tx(), id, clock::now()).await?;
    }
    if email_key(before) != email_key(&after) || (may_enter(before) && !may_enter(&after)) {
        end_links(change, &mut after).await?;
    }
    let event = changed(AuditEvent::of(action, id), Some(before), &after);
    Ok((after, event))
}

/// Whether they may log in, once they have a password.
fn may_enter(record: &StaffRecord) -> bool {
    record.active && record.access_level != AccessLevel::Disabled
}

/// Ends the links that were mailed to a person: to an address that is no longer theirs, or for a
/// login that they no longer have. The record says so of an invitation.
async fn end_links(change: &mut Change, record: &mut StaffRecord) -> ApiResult<()> {
    let (id, now) = (record.id, clock::now());
    if invitations::revoke_open(change.tx(), id, now).await?.is_some() {
        record.invitation = Some(InvitationState::Revoked.as_str().to_owned());
    }
    resets::end_open(change.tx(), id, now).await?;
    email_changes::cancel_open(change.tx(), id, now).await?;
    Ok(())
}

/// What a person may do, and whether they may come in.
fn access_moved(before: &StaffRecord, after: &StaffRecord) -> bool {
    before.access_differs(after)
}

/// What a change must not do: touch access, logins or kind without the right, move an e-mail address somebody
/// logs in with, or leave the organisation without an account admin.
async fn check(
    change: &mut Change,
    caller: &Caller,
    before: &StaffRecord,
    after: &StaffRecord,
) -> ApiResult<()> {
    if before.managed_differs(after) {
        caller.require(Action::ManageStaff, before.object())?;
        caller.require(Action::ManageStaff, after.object())?;
    }
    if before.personal_differs(after) {
        caller.require(Action::EditPersonalDetails, before.object())?;
    }
    if before.email_differs(after) && sessions::credential(change.tx(), before.id).await?.is_some()
    {
        let detail = "somebody logs in with it; move it by POST /v1/staff/{id}/email-change, which the new address confirms";
        return Err(Problem::field("/email", "immutable_field", detail));
    }
    if can_admin(before) && !can_admin(after) {
        require_other_account_admin(change, caller, before.id).await?;
    }
    Ok(())
}

/// Whether somebody counts as one of the account admins.
pub(crate) fn can_admin(person: &StaffRecord) -> bool {
    person.is_account_admin()
}

/// By what e-mail addresses are compared: another spelling of one is no change.
pub(crate) fn email_key(record: &StaffRecord) -> Option<String> {
    record.email.as_deref().map(login_key)
}

/// Refuses what would leave the organisation without an account admin who can log in.
pub(crate) async fn require_other_account_admin(
    change: &mut Change,
    caller: &Caller,
    than: StaffId,
) -> ApiResult<()> {
    if staff::other_account_admin(change.tx(), caller.organization, than).await? {
        return Ok(());
    }
    let detail = "make somebody else an account admin first, with a password of their own";
    Err(Problem::new(Code::LastAccountAdmin, detail))
}

/// With the names of the fields that differ in the open, and their values sealed.
pub(crate) fn changed(
    event: AuditEvent,
    before: Option<&StaffRecord>,
    after: &StaffRecord,
) -> AuditEvent {
    staff::changed(event, before, after)
}
