//! Which mails there are and what can become of them. No text and no address of any.

use crate::access::words;
use serde::{Deserialize, Serialize};

words! {
    /// What a mail is for.
    MailKind {
        /// Invites a person.
        Invitation = "invitation",
        /// Invites them again: the older link is dead.
        Reinvitation = "reinvitation",
        /// Greets a person who has just joined.
        Welcome = "welcome",
        /// Lets a person set a new password.
        Recovery = "recovery",
        /// Asks the new address to confirm that it is theirs.
        EmailChange = "email_change",
        /// Tells the old address that it is no longer the login.
        EmailChanged = "email_changed",
        /// Tells whoever started an import that it has ended.
        ImportFinished = "import_finished",
        /// Tells a person that they are assigned to a case.
        Assigned = "assigned",
        /// Tells them that the time of an assignment has changed.
        AssignmentChanged = "assignment_changed",
        /// Tells them that an assignment was taken back.
        Withdrawn = "withdrawn",
        /// Offers a person a case.
        Offered = "offered",
        /// Tells the author of an offer that it ended with free slots, or that they are to choose.
        OfferUnanswered = "offer_unanswered",
    }
}

words! {
    /// How far a mail has come.
    MailState {
        /// It waits for its first or next try.
        Queued = "queued",
        /// It is being handed over now.
        Sending = "sending",
        /// The server, or the outbox, has it.
        Sent = "sent",
        /// It was given up.
        Failed = "failed",
    }
}
