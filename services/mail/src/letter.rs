//! What a mail can say, with all values its template needs. Must not contain wording.

use jiff::Timestamp;
use nearhand_domain::offer::OfferMode;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A mail to one person. Names may hold any text: rendering cleans and escapes them.
///
/// `Debug` prints the kind alone: links log people in, and names are personal.
#[derive(Clone, PartialEq, Eq)]
pub enum Letter {
    /// Asks a person to choose a password.
    Invitation {
        /// Name of the organisation.
        organization: String,
        /// Name of the recipient.
        person: String,
        /// Name of who invites, if it was a person.
        inviter: Option<String>,
        /// Where to accept, with the token in its fragment.
        link: String,
        /// Until when the link works.
        expires_at: Timestamp,
        /// Whether it replaces an earlier invitation, whose link is dead.
        again: bool,
    },
    /// Tells a person that their account is ready. Contains no password.
    Welcome {
        /// Name of the organisation.
        organization: String,
        /// Name of the recipient.
        person: String,
        /// Where to log in.
        link: String,
    },
    /// Lets a person choose a new password.
    Recovery {
        /// Name of the organisation.
        organization: String,
        /// Name of the recipient.
        person: String,
        /// Where to choose the password, with the token in its fragment.
        link: String,
        /// Until when the link works.
        expires_at: Timestamp,
    },
    /// Asks at the new address whether it belongs to the person.
    EmailChange {
        /// Name of the organisation.
        organization: String,
        /// Name of the recipient.
        person: String,
        /// Where to confirm, with the token in its fragment.
        link: String,
        /// The new address, which is the recipient's.
        new_address: String,
        /// Until when the link works.
        expires_at: Timestamp,
    },
    /// Tells the old address that it is no longer the login. Has no link.
    EmailChanged {
        /// Name of the organisation.
        organization: String,
        /// Name of the recipient.
        person: String,
        /// The new address, masked by the caller, such as `g…@example.org`.
        new_address_masked: String,
    },
    /// Tells a person of an assignment that they have, or had.
    Assignment {
        /// Name of the organisation.
        organization: String,
        /// Name of the recipient.
        person: String,
        /// Where to log in.
        link: String,
        /// What has happened to it.
        news: AssignmentNews,
        /// Title of the case.
        title: String,
        /// Number of the case.
        number: String,
        /// From when.
        starts_at: Timestamp,
        /// Until when.
        ends_at: Timestamp,
        /// Where, in words or degrees.
        place: Option<String>,
        /// Why it was taken back.
        reason: Option<String>,
    },
    /// Offers a person a case, or asks whether they could do it.
    Offer {
        /// Name of the organisation.
        organization: String,
        /// Name of the recipient.
        person: String,
        /// Where to answer, with the token in its fragment.
        link: String,
        /// What is offered.
        offer: OfferDetails,
    },
    /// Tells the author of an offer that it ended with free slots, or that they are to choose.
    OfferUnanswered {
        /// Name of the organisation.
        organization: String,
        /// Name of the recipient.
        person: String,
        /// Where to log in.
        link: String,
        /// Title of the case.
        title: String,
        /// Number of the case.
        number: String,
        /// Whether some accepted; if not, nobody did.
        partly_filled: bool,
        /// Whether the case has become urgent by it.
        marked_urgent: bool,
        /// What came of it.
        counts: AnswerCounts,
    },
    /// Tells who started an import what came of it.
    ImportFinished {
        /// Name of the organisation.
        organization: String,
        /// Name of the recipient.
        person: String,
        /// Where the result is.
        link: String,
        /// How many people were created.
        created: u64,
        /// How many people were updated.
        updated: u64,
        /// How many rows failed.
        failed: u64,
    },
}

/// What has happened to an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AssignmentNews {
    /// They have it now.
    Assigned,
    /// It is at another time.
    Changed,
    /// They do not have it any more.
    Withdrawn,
}

/// A case that is offered.
#[derive(Clone, PartialEq, Eq)]
pub struct OfferDetails {
    /// In which order people are asked.
    pub mode: OfferMode,
    /// Title of the case.
    pub title: String,
    /// Number of the case.
    pub number: String,
    /// From when; none means as soon as possible.
    pub starts_at: Option<Timestamp>,
    /// How long the work takes.
    pub duration_min: u32,
    /// Whether it is urgent.
    pub urgent: bool,
    /// Where, in words or degrees.
    pub place: Option<String>,
    /// What the scheduler says. May be empty.
    pub message: String,
    /// An answer must come before.
    pub respond_by: Timestamp,
}

/// How the people of an offer answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerCounts {
    /// People who were asked.
    pub asked: u64,
    /// Those of them who could do it, and wait to be chosen. If there are any, the offer has not ended.
    pub available: u64,
    /// Those of them who accepted.
    pub accepted: u64,
    /// Those of them who declined.
    pub declined: u64,
    /// Those of them who did not answer in time.
    pub timed_out: u64,
    /// People who could not be asked, because nothing reaches them.
    pub unreachable: u64,
}

/// Which letter a mail is. As JSON: `invitation`, `welcome`, `recovery`, `email_change`,
/// `email_changed`, `import_finished`, `assignment`, `offer`, `offer_unanswered`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// [`Letter::Invitation`].
    Invitation,
    /// [`Letter::Welcome`].
    Welcome,
    /// [`Letter::Recovery`].
    Recovery,
    /// [`Letter::EmailChange`].
    EmailChange,
    /// [`Letter::EmailChanged`].
    EmailChanged,
    /// [`Letter::ImportFinished`].
    ImportFinished,
    /// [`Letter::Assignment`].
    Assignment,
    /// [`Letter::Offer`].
    Offer,
    /// [`Letter::OfferUnanswered`].
    OfferUnanswered,
}

impl Letter {
    /// Which letter it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Invitation { .. } => Kind::Invitation,
            Self::Welcome { .. } => Kind::Welcome,
            Self::Recovery { .. } => Kind::Recovery,
            Self::EmailChange { .. } => Kind::EmailChange,
            Self::EmailChanged { .. } => Kind::EmailChanged,
            Self::ImportFinished { .. } => Kind::ImportFinished,
            Self::Assignment { .. } => Kind::Assignment,
            Self::Offer { .. } => Kind::Offer,
            Self::OfferUnanswered { .. } => Kind::OfferUnanswered,
        }
    }

    /// The link of its button.
    pub(crate) fn link(&self) -> Option<&str> {
        match self {
            Self::Invitation { link, .. }
            | Self::Welcome { link, .. }
            | Self::Recovery { link, .. }
            | Self::EmailChange { link, .. }
            | Self::Assignment { link, .. }
            | Self::Offer { link, .. }
            | Self::OfferUnanswered { link, .. }
            | Self::ImportFinished { link, .. } => Some(link),
            Self::EmailChanged { .. } => None,
        }
    }

    /// The name of its organisation and of its recipient.
    pub(crate) fn names(&self) -> (&str, &str) {
        match self {
            Self::Invitation { organization, person, .. }
            | Self::Welcome { organization, person, .. }
            | Self::Recovery { organization, person, .. }
            | Self::EmailChange { organization, person, .. }
            | Self::EmailChanged { organization, person, .. }
            | Self::Assignment { organization, person, .. }
            | Self::Offer { organization, person, .. }
            | Self::OfferUnanswered { organization, person, .. }
            | Self::ImportFinished { organization, person, .. } => (organization, person),
        }
    }
}

impl Kind {
    /// Its name in logs and metrics, as in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Welcome => "welcome",
            Self::Recovery => "recovery",
            Self::EmailChange => "email_change",
            Self::EmailChanged => "email_changed",
            Self::ImportFinished => "import_finished",
            Self::Assignment => "assignment",
            Self::Offer => "offer",
            Self::OfferUnanswered => "offer_unanswered",
        }
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Letter({})", self.kind().name())
    }
}
