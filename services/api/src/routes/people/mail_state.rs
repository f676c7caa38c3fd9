//! How far a mail has come, as it is shown beside what it is about.

use jiff::Timestamp;
use nearhand_storage::{StorageError, Tx, mails, mails::MailRecord};
use serde::Serialize;
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// How far a mail has come.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MailState {
    /// `queued`, `sending`, `sent` or `failed`.
    state: &'static str,
    /// Why it failed, or has not been sent yet.
    reason: Option<String>,
    /// How often it was tried.
    attempts: i32,
    /// When the mail server took it.
    #[schema(value_type = Option<String>, format = DateTime)]
    sent_at: Option<Timestamp>,
}

impl From<MailRecord> for MailState {
    fn from(record: MailRecord) -> Self {
        Self {
            state: record.state.as_str(),
            reason: record.reason,
            attempts: record.attempts,
            sent_at: record.sent_at,
        }
    }
}

/// The newest mail about each of these, by what it is about.
pub(crate) async fn newest_about(
    tx: &mut Tx,
    subjects: &[Uuid],
) -> Result<HashMap<Uuid, MailState>, StorageError> {
    let records = mails::newest_about(tx, subjects).await?.into_iter();
    Ok(records.filter_map(|record| Some((record.subject?, record.into()))).collect())
}
