//! Mail: what is said, in four languages, and how it is sent. Must not contain SQL or serve HTTP,
//! and decides nothing about who gets a mail or when it is tried again.
//!
//! [`render()`] turns a [`Letter`] into subject, text and HTML. A [`Mailer`] sends the result over
//! SMTP, or writes it into an [`Outbox`] where there is no mail server.
//!
//! Letters carry links that log a person in. Nothing here logs the words of a mail, and no error
//! contains them. For the same reason the feature `tracing` of `lettre` must stay off: it logs
//! every line that is sent, passwords included.

mod dates;
mod letter;
mod mailer;
mod message;
mod outbox;
mod render;
mod smtp;
mod templates;

pub use letter::{AnswerCounts, AssignmentNews, Kind, Letter, OfferDetails};
pub use mailer::{Mail, Mailer, SendError};
pub use outbox::{KEPT, Outbox, OutboxError, OutboxMail};
pub use render::{RenderError, Rendered, language_for, render};
pub use smtp::{DEFAULT_TIMEOUT, SettingsError, Smtp, SmtpSettings};
