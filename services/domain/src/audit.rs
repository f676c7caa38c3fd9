//! Every action that the audit trail knows, in one table. An action never changes its word or the
//! kind of its subject; new ones are added.

use crate::{CaseId, DeviceId, OrganizationId, RegionId, ServiceId, SessionId, StaffId};
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
    CaseId "case";
    DeviceId "device";
    OrganizationId "organization";
    RegionId "region";
    ServiceId "service";
    SessionId "session";
    StaffId "staff";
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
    CASE_CREATE: CaseId = "case.create", "A case was created.";
    CASE_UPDATE: CaseId = "case.update", "A case was changed.";
    DEVICE_ENROL: DeviceId = "device.enrol", "A device was enrolled for a person.";
    DEVICE_REVOKE: DeviceId = "device.revoke", "A device's token was revoked.";
    LOGIN_FAILED: StaffId = "login.fail", "Somebody failed to log in as this person.";
    ORGANIZATION_FOUND: StaffId = "organization.found", "The organisation was made, with its first account admin.";
    ORGANIZATION_UPDATE: OrganizationId = "organization.update", "The organisation's settings were changed.";
    OWN_PASSWORD: StaffId = "me.password", "A person changed their own password.";
    REGION_CREATE: RegionId = "region.create", "A region was created.";
    REGION_DELETE: RegionId = "region.delete", "A region was deleted.";
    REGION_UPDATE: RegionId = "region.update", "A region was changed.";
    SERVICE_CREATE: ServiceId = "service.create", "A service was created.";
    SERVICE_DELETE: ServiceId = "service.delete", "A service was removed.";
    SERVICE_UPDATE: ServiceId = "service.update", "A service was changed.";
    SESSION_END: SessionId = "session.end", "A person logged out.";
    SESSION_OPEN: SessionId = "session.open", "A person logged in.";
    SESSION_REUSE: SessionId = "session.reuse", "A refresh token was used again, and its session ended.";
    STAFF_CREATE: StaffId = "staff.create", "A person was created.";
    STAFF_PASSWORD_RESET: StaffId = "staff.password_reset", "A person was given a temporary password.";
    STAFF_UPDATE: StaffId = "staff.update", "A person was changed.";
    STAFF_WORK_PREFERENCES: StaffId = "staff.work_preferences", "A person's work preferences were replaced.";
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
