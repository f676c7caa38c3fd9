//! Every action that the audit trail knows, in one table. An action never changes its word or the
//! kind of its subject; new ones are added.

use crate::ids::*;
use std::marker::PhantomData;
use uuid::Uuid;

/// What an action can happen to.
pub trait Subject: Copy {
    /// The word for its kind in the trail.
    const KIND: &'static str;

    /// Which one.
    fn id(self) -> Uuid;
}

macro_rules! subjects {
    ($($id:ident $kind:literal;)*) => {$(
        impl Subject for $id {
            const KIND: &'static str = $kind;

            fn id(self) -> Uuid {
                self.0
            }
        }
    )*};
}

subjects! {
    ApiKeyId "api_key";
    AssignmentId "assignment";
    CaseId "case";
    ClientId "client";
    DepartmentId "department";
    DeleteRequestId "delete_request";
    DeviceId "device";
    ExportId "export";
    ImportId "import";
    JobId "job";
    GroupId "group";
    OfferId "offer";
    OrganizationId "organization";
    PolicyId "policy";
    QueueId "queue";
    RegionId "region";
    RoleId "role";
    ServiceAccountId "service_account";
    ServiceId "service";
    SessionId "session";
    StaffId "staff";
    TagId "tag";
}

/// An action upon a subject of one kind.
#[derive(Clone, Copy, Debug)]
pub struct Action<S> {
    word: &'static str,
    subject: PhantomData<fn(S)>,
}

impl<S: Subject> Action<S> {
    const fn new(word: &'static str) -> Self {
        Self { word, subject: PhantomData }
    }

    /// The word in the trail, such as `staff.update`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        self.word
    }
}

macro_rules! actions {
    ($($name:ident: $subject:ident = $word:literal, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $name: Action<$subject> = Action::new($word);)*

        /// Word, kind of subject and meaning of every action.
        pub const ALL: &[(&str, &str, &str)] = &[$(($word, $subject::KIND, $meaning)),*];
    };
}

actions! {
    API_KEY_CREATE: ApiKeyId = "api_key.create", "A service account was given an API key.";
    API_KEY_REVOKE: ApiKeyId = "api_key.revoke", "An API key was revoked.";
    ASSIGNMENT_CANCEL: AssignmentId = "assignment.cancel", "A person was released from a case.";
    ASSIGNMENT_CREATE: AssignmentId = "assignment.create", "A person was assigned to a case.";
    ASSIGNMENT_RESTORE: AssignmentId = "assignment.restore", "A restored person was given an assignment back.";
    ASSIGNMENT_UPDATE: AssignmentId = "assignment.update", "An assignment was moved, changed or given to somebody else.";
    CASE_CREATE: CaseId = "case.create", "A case was created.";
    CASE_GEOCODE: CaseId = "case.geocode", "A case's address was looked for on the map.";
    CASE_UPDATE: CaseId = "case.update", "A case was changed.";
    CLIENT_CREATE: ClientId = "client.create", "A client was created.";
    CLIENT_DELETE: ClientId = "client.delete", "A client was removed.";
    CLIENT_PEOPLE: ClientId = "client.people", "A client's panel and exclusions were replaced.";
    CLIENT_UPDATE: ClientId = "client.update", "A client was changed.";
    DEPARTMENT_CREATE: DepartmentId = "department.create", "A department was created.";
    DEPARTMENT_DELETE: DepartmentId = "department.delete", "A department was removed.";
    DEPARTMENT_UPDATE: DepartmentId = "department.update", "A department was changed.";
    DELETE_REQUEST_CONFIRM: DeleteRequestId = "delete_request.confirm", "The deletion of several people was confirmed.";
    DELETE_REQUEST_CREATE: DeleteRequestId = "delete_request.create", "Somebody asked to delete several people.";
    DEVICE_ENROL: DeviceId = "device.enrol", "A device was enrolled for a person.";
    DEVICE_REVOKE: DeviceId = "device.revoke", "A device's token was revoked.";
    EMAIL_CHANGE_CANCEL: StaffId = "email_change.cancel", "The move of a person's login to a new e-mail address was called off.";
    EMAIL_CHANGE_CONFIRM: StaffId = "email_change.confirm", "A new e-mail address was confirmed, and is the login now.";
    EMAIL_CHANGE_REQUEST: StaffId = "email_change.request", "A person's login is to move to a new e-mail address.";
    INVITATION_ACCEPT: StaffId = "invitation.accept", "A person accepted their invitation and set a password.";
    INVITATION_RESEND: StaffId = "invitation.resend", "A person was invited again; the older link is dead.";
    INVITATION_REVOKE: StaffId = "invitation.revoke", "A person's invitation was taken back.";
    INVITATION_SEND: StaffId = "invitation.send", "A person was invited.";
    EXPORT_CREATE: ExportId = "export.create", "An export was asked for.";
    EXPORT_DOWNLOAD: ExportId = "export.download", "The file of an export was fetched.";
    EXPORT_DELETE: ExportId = "export.delete", "An export was removed, with its file.";
    IMPORT_CANCEL: ImportId = "import.cancel", "An import was stopped before its end.";
    IMPORT_CHECK: ImportId = "import.check", "A file of people was checked.";
    IMPORT_COMMIT: ImportId = "import.commit", "The rows of a checked file began to be written.";
    IMPORT_DISCARD: ImportId = "import.discard", "A checked file was thrown away.";
    JOB_CANCEL: JobId = "job.cancel", "Work in the background was cancelled.";
    GROUP_CREATE: GroupId = "group.create", "A group was created.";
    GROUP_DELETE: GroupId = "group.delete", "A group was removed.";
    GROUP_UPDATE: GroupId = "group.update", "A group was changed.";
    LOGIN_FAILED: StaffId = "login.fail", "Somebody failed to log in as this person.";
    OFFER_ACCEPT: OfferId = "offer.accept", "A person accepted an offer of a case.";
    OFFER_CANCEL: OfferId = "offer.cancel", "An offer of a case was taken back.";
    OFFER_CHOOSE: OfferId = "offer.choose", "People were chosen among those who could take a case.";
    OFFER_CREATE: OfferId = "offer.create", "A case was offered to people.";
    OFFER_DECLINE: OfferId = "offer.decline", "A person declined an offer of a case.";
    ORGANIZATION_FOUND: StaffId = "organization.found", "The organisation was made, with its first account admin.";
    ORGANIZATION_UPDATE: OrganizationId = "organization.update", "The organisation's settings were changed.";
    OWN_SESSIONS_END: StaffId = "me.sessions_end", "A person ended their other sessions.";
    OWN_PASSWORD: StaffId = "me.password", "A person changed their own password.";
    POLICY_ARCHIVE: PolicyId = "policy.archive", "A ranking policy was archived.";
    POLICY_CREATE: PolicyId = "policy.create", "A ranking policy was created.";
    POLICY_UPDATE: PolicyId = "policy.update", "A ranking policy was given a new version.";
    QUEUE_CREATE: QueueId = "queue.create", "A queue was created.";
    QUEUE_DELETE: QueueId = "queue.delete", "A queue was removed.";
    QUEUE_UPDATE: QueueId = "queue.update", "A queue was changed.";
    PASSWORD_RECOVER: StaffId = "password_reset.request", "Somebody asked for a link that sets this person's password anew.";
    PASSWORD_RECOVERED: StaffId = "password_reset.confirm", "A person set their password anew by a mailed link.";
    REGION_CREATE: RegionId = "region.create", "A region was created.";
    REGION_DELETE: RegionId = "region.delete", "A region was deleted.";
    REGION_UPDATE: RegionId = "region.update", "A region was changed.";
    ROLE_CREATE: RoleId = "role.create", "A role was created.";
    ROLE_DELETE: RoleId = "role.delete", "A role was removed.";
    ROLE_UPDATE: RoleId = "role.update", "A role was changed.";
    SERVICE_ACCOUNT_CREATE: ServiceAccountId = "service_account.create", "A service account was created.";
    SERVICE_ACCOUNT_DELETE: ServiceAccountId = "service_account.delete", "A service account was deleted, with its keys.";
    SERVICE_ACCOUNT_UPDATE: ServiceAccountId = "service_account.update", "A service account was changed.";
    SERVICE_CREATE: ServiceId = "service.create", "A service was created.";
    SERVICE_DELETE: ServiceId = "service.delete", "A service was removed.";
    SERVICE_UPDATE: ServiceId = "service.update", "A service was changed.";
    SESSION_END: SessionId = "session.end", "A person logged out.";
    SESSION_OPEN: SessionId = "session.open", "A person logged in.";
    SESSION_REUSE: SessionId = "session.reuse", "A refresh token was used again, and its session ended.";
    STAFF_BATCH: StaffId = "staff.batch", "A person was changed together with others.";
    STAFF_CREATE: StaffId = "staff.create", "A person was created.";
    STAFF_GROUPS: StaffId = "staff.groups", "A person's groups were replaced.";
    STAFF_NOTIFICATIONS: StaffId = "staff.notifications", "A person changed which mails they get.";
    STAFF_PASSWORD_RESET: StaffId = "staff.password_reset", "A person was given a temporary password.";
    STAFF_PROMOTE: StaffId = "staff.promote", "An external person became an employee.";
    STAFF_TAGS: StaffId = "staff.tags", "A person's tags were replaced.";
    STAFF_DELETE: StaffId = "staff.delete", "A person was deleted.";
    STAFF_PURGE: StaffId = "staff.purge", "A person deleted long ago was forgotten for good.";
    STAFF_SESSIONS_END: StaffId = "staff.sessions_end", "All sessions of a person were ended.";
    STAFF_ERASE: StaffId = "staff.erase", "A person was erased for good.";
    STAFF_UNDELETE: StaffId = "staff.undelete", "A deleted person was restored.";
    STAFF_GEOCODE: StaffId = "staff.geocode", "A person's address was looked for on the map.";
    STAFF_GEOCODE_REQUEST: StaffId = "staff.geocode_request", "Somebody asked to look for a person's address again.";
    STAFF_PHOTO: StaffId = "staff.photo", "A person's photo was replaced or removed.";
    STAFF_UPDATE: StaffId = "staff.update", "A person was changed.";
    STAFF_WORK_PREFERENCES: StaffId = "staff.work_preferences", "A person's work preferences were replaced.";
    TAG_CREATE: TagId = "tag.create", "A tag was created.";
    TAG_DELETE: TagId = "tag.delete", "A tag was removed.";
    TAG_UPDATE: TagId = "tag.update", "A tag was changed.";
    DUTY_SWITCH: StaffId = "duty.switch", "A person was put on or off duty.";
    TIME_OFF_CREATE: StaffId = "time_off.create", "An absence of a person was recorded.";
    TIME_OFF_DELETE: StaffId = "time_off.delete", "An absence of a person was removed.";
    TRACKING_PAUSE: StaffId = "tracking.pause", "A person paused being tracked.";
    TRACKING_PERMIT: StaffId = "tracking.permit", "Consent to being tracked was recorded.";
    TRACKING_RESUME: StaffId = "tracking.resume", "A person ended a pause.";
    TRACKING_WITHDRAW: StaffId = "tracking.withdraw", "Consent to being tracked was withdrawn.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique() {
        let words: Vec<&str> = ALL.iter().map(|(word, ..)| *word).collect();
        let mut sorted = words.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), words.len());
    }
}
