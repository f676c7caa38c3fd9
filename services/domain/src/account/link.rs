//! Links that are mailed: how long they work, and what becomes of an invitation. Holds no secret.

use crate::access::words;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// How long the link of an invitation works after its mail was sent.
pub const INVITATION_TTL: SignedDuration = SignedDuration::from_hours(72);
/// How long the link that sets a password anew works after its mail was sent.
pub const RESET_TTL: SignedDuration = SignedDuration::from_mins(30);
/// How long the link that confirms a new address works after its mail was sent.
pub const EMAIL_CHANGE_TTL: SignedDuration = SignedDuration::from_hours(24);

words! {
    /// What has become of an invitation.
    InvitationState {
        /// It can be accepted.
        Pending = "pending",
        /// It was accepted.
        Accepted = "accepted",
        /// It was not accepted in time.
        Expired = "expired",
        /// It was taken back, or replaced by a newer one.
        Revoked = "revoked",
    }
}

impl InvitationState {
    /// The state at `now` of an invitation with these times.
    #[must_use]
    pub fn at(
        now: Timestamp,
        accepted_at: Option<Timestamp>,
        revoked_at: Option<Timestamp>,
        expires_at: Timestamp,
    ) -> Self {
        if accepted_at.is_some() {
            Self::Accepted
        } else if revoked_at.is_some() {
            Self::Revoked
        } else if expires_at <= now {
            Self::Expired
        } else {
            Self::Pending
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_in_one_state() {
        let now = Timestamp::UNIX_EPOCH;
        let (later, earlier) = (now + INVITATION_TTL, now - RESET_TTL);
        let state =
            |accepted, revoked, expires| InvitationState::at(now, accepted, revoked, expires);
        assert_eq!(state(None, None, later), InvitationState::Pending);
        assert_eq!(state(None, None, now), InvitationState::Expired);
        assert_eq!(state(None, Some(earlier), later), InvitationState::Revoked);
        assert_eq!(state(Some(earlier), None, earlier), InvitationState::Accepted);
    }
}
