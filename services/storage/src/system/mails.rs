//! Mails on their way: what they are about and how far they have come. No text of any.

use crate::{StorageError, Tx, convert, jobs};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    MailId, OrganizationId, StaffId,
    jobs::MailJob,
    mails::{MailKind, MailState},
};
use sqlx::FromRow;
use uuid::Uuid;

/// A mail as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailRecord {
    /// Which.
    pub id: MailId,
    /// What it is for.
    pub kind: MailKind,
    /// Whom it goes to or is about.
    pub staff: Option<StaffId>,
    /// The invitation, password reset, change of address or import.
    pub subject: Option<Uuid>,
    /// How far it has come.
    pub state: MailState,
    /// Why it failed, or has not been sent yet.
    pub reason: Option<String>,
    /// The number of the job that last tried.
    pub attempts: i32,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
    /// When the server took it.
    pub sent_at: Option<Timestamp>,
}

/// A mail to be.
#[derive(Clone, Copy, Debug)]
pub struct NewMail {
    /// What it is for.
    pub kind: MailKind,
    /// Whom it goes to or is about.
    pub staff: Option<StaffId>,
    /// The invitation, password reset, change of address or import.
    pub subject: Option<Uuid>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    kind: String,
    staff_id: Option<Uuid>,
    subject_id: Option<Uuid>,
    state: String,
    reason: Option<String>,
    attempts: i32,
    created_at: jiff_sqlx::Timestamp,
    updated_at: jiff_sqlx::Timestamp,
    sent_at: Option<jiff_sqlx::Timestamp>,
}

macro_rules! columns {
    () => {
        "id, kind, staff_id, subject_id, state, reason, attempts, created_at, updated_at, sent_at"
    };
}

impl TryFrom<Row> for MailRecord {
    type Error = StorageError;

    fn try_from(row: Row) -> Result<Self, StorageError> {
        let unknown = |what| convert::corrupt(what, "an unknown word");
        Ok(Self {
            id: row.id.into(),
            kind: MailKind::parse(&row.kind).ok_or_else(|| unknown("kind of mail"))?,
            staff: row.staff_id.map(StaffId),
            subject: row.subject_id,
            state: MailState::parse(&row.state).ok_or_else(|| unknown("state of a mail"))?,
            reason: row.reason,
            attempts: row.attempts,
            created_at: row.created_at.to_jiff(),
            updated_at: row.updated_at.to_jiff(),
            sent_at: convert::time(row.sent_at),
        })
    }
}

/// Makes a mail and queues its job, in the transaction of its cause.
///
/// # Errors
/// When the database fails.
pub async fn queue(
    tx: &mut Tx,
    organization: OrganizationId,
    mail: NewMail,
    at: Timestamp,
) -> Result<MailId, StorageError> {
    let id = MailId::generate();
    sqlx::query(
        "INSERT INTO mails (organization_id, id, kind, staff_id, subject_id, created_at, \
         updated_at) VALUES ($1, $2, $3, $4, $5, $6, $6)",
    )
    .bind(organization.0)
    .bind(id.0)
    .bind(mail.kind.as_str())
    .bind(mail.staff.map(|staff| staff.0))
    .bind(mail.subject)
    .bind(at.to_sqlx())
    .execute(&mut **tx)
    .await?;
    jobs::enqueue(tx, &MailJob::new(organization, id), None).await?;
    Ok(id)
}

/// One, if it is there.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: MailId) -> Result<Option<MailRecord>, StorageError> {
    let row: Option<Row> =
        sqlx::query_as(concat!("SELECT ", columns!(), " FROM mails WHERE id = $1"))
            .bind(id.0)
            .fetch_optional(&mut **tx)
            .await?;
    row.map(TryInto::try_into).transpose()
}

/// The newest mail about each of these subjects.
///
/// # Errors
/// When the database fails.
pub async fn newest_about(tx: &mut Tx, subjects: &[Uuid]) -> Result<Vec<MailRecord>, StorageError> {
    let rows: Vec<Row> = sqlx::query_as(concat!(
        "SELECT DISTINCT ON (subject_id) ",
        columns!(),
        " FROM mails WHERE subject_id = ANY($1) ORDER BY subject_id, id DESC"
    ))
    .bind(subjects)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// A job takes it up to send it. None when there is nothing to do: it has gone, has been sent, or a
/// later job has taken it. One that has been given up is taken up again if it is the same job: an
/// operator wants that.
///
/// # Errors
/// When the database fails.
pub async fn take(
    tx: &mut Tx,
    id: MailId,
    attempt: u32,
    at: Timestamp,
) -> Result<Option<MailRecord>, StorageError> {
    let row: Option<Row> = sqlx::query_as(concat!(
        "UPDATE mails SET state = 'sending', attempts = $2, updated_at = $3 \
         WHERE id = $1 AND state <> 'sent' AND attempts <= $2 RETURNING ",
        columns!()
    ))
    .bind(id.0)
    .bind(attempt_number(attempt))
    .bind(at.to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// Says what became of the try with this number; a later one has the last word.
///
/// # Errors
/// When the database fails.
pub async fn tried(
    tx: &mut Tx,
    id: MailId,
    attempt: u32,
    state: MailState,
    reason: Option<&str>,
    at: Timestamp,
) -> Result<(), StorageError> {
    let sent_at = (state == MailState::Sent).then(|| at.to_sqlx());
    sqlx::query(
        "UPDATE mails SET state = $3, reason = $4, updated_at = $5, sent_at = $6 \
         WHERE id = $1 AND attempts = $2 AND state <> 'sent'",
    )
    .bind(id.0)
    .bind(attempt_number(attempt))
    .bind(state.as_str())
    .bind(reason)
    .bind(at.to_sqlx())
    .bind(sent_at)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn attempt_number(attempt: u32) -> i32 {
    i32::try_from(attempt).unwrap_or(i32::MAX)
}
