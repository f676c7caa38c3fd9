//! Sending: over SMTP or into the outbox. Must not retry: callers do, with the same message id.

use crate::{
    letter::Kind,
    message,
    outbox::{Outbox, OutboxError},
    render::Rendered,
    smtp::{SettingsError, Smtp, SmtpSettings},
};
use std::{fmt, path::PathBuf};

/// A mail that is ready to go. `Debug` prints what may be logged: kind, language and message id.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// Address of the recipient, without a name.
    pub to: String,
    /// The words.
    pub rendered: Rendered,
    /// `left@right`, with or without angle brackets, in printable ASCII. Give every attempt the
    /// same: mail programs show a mail that arrived twice only once.
    pub message_id: String,
    /// Which letter it is.
    pub kind: Kind,
}

/// Where mails go.
#[derive(Clone, Debug)]
pub enum Mailer {
    /// To a mail server.
    Smtp(Smtp),
    /// Into files, where there is no mail server.
    Outbox(Outbox),
}

/// Why a mail was not sent. Reasons contain no password, no address and no words of the mail.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// A further attempt would fail too.
    #[error("the mail cannot be delivered: {reason}")]
    Permanent {
        /// What is wrong.
        reason: String,
    },
    /// A further attempt may succeed. After a timeout or a lost connection the server may have
    /// accepted the mail all the same.
    #[error("the mail was not delivered, a later attempt may succeed: {reason}")]
    Temporary {
        /// What went wrong.
        reason: String,
    },
}

impl Mailer {
    /// A mailer for a mail server. Does not connect yet.
    ///
    /// # Errors
    /// When a setting is wrong; see [`SettingsError`].
    pub fn smtp(settings: &SmtpSettings) -> Result<Self, SettingsError> {
        Smtp::new(settings).map(Self::Smtp)
    }

    /// A mailer that writes files into a folder, which is made if it is missing.
    ///
    /// # Errors
    /// When the folder cannot be used or `from` is no sender; see [`OutboxError`].
    pub fn outbox(folder: impl Into<PathBuf>, from: &str) -> Result<Self, OutboxError> {
        Outbox::open(folder, from).map(Self::Outbox)
    }

    /// Sends a mail. Over SMTP each mail has a connection of its own, and all of it takes at most
    /// the timeout of the settings and two seconds.
    ///
    /// # Errors
    /// When the mail was not accepted; the error tells whether to try again.
    pub async fn send(&self, mail: &Mail) -> Result<(), SendError> {
        match self {
            Self::Smtp(smtp) => smtp.send(&message::build(mail, smtp.from())?).await,
            Self::Outbox(outbox) => {
                message::build(mail, outbox.from())?;
                outbox.write(mail).await.map(|_| ()).map_err(|error| SendError::temporary(&error))
            }
        }
    }
}

impl SendError {
    /// Whether a further attempt would fail too.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Permanent { .. })
    }

    /// What is wrong.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::Permanent { reason } | Self::Temporary { reason } => reason,
        }
    }

    pub(crate) fn permanent(reason: impl fmt::Display) -> Self {
        Self::Permanent { reason: reason.to_string() }
    }

    pub(crate) fn temporary(reason: impl fmt::Display) -> Self {
        Self::Temporary { reason: reason.to_string() }
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail")
            .field("kind", &self.kind.name())
            .field("language", &self.rendered.language)
            .field("message_id", &self.message_id)
            .finish_non_exhaustive()
    }
}
