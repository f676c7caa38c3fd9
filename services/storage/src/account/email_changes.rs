//! Logins that are to move to a new e-mail address, once it has confirmed. Draws no secret: the
//! mail's job does.
//!
//! A person has at most one open change. Lock the person before you write one.

use crate::{StorageError, Tx};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    EmailChangeId, OrganizationId, StaffId, link::EMAIL_CHANGE_TTL, token::TokenHash,
};
use sqlx::FromRow;
use uuid::Uuid;

/// A change that has been asked for.
#[derive(Clone, Debug, FromRow)]
pub struct EmailChangeRecord {
    /// Which.
    #[sqlx(try_from = "Uuid")]
    pub id: EmailChangeId,
    /// Whose login.
    #[sqlx(rename = "staff_id", try_from = "Uuid")]
    pub staff: StaffId,
    /// The new address.
    pub new_email: String,
    /// Who asked for it.
    #[sqlx(try_from = "Uuid")]
    pub created_by: StaffId,
    /// When.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub created_at: Timestamp,
    /// Until when its link works.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub expires_at: Timestamp,
}

macro_rules! columns {
    () => {
        "id, staff_id, new_email, created_by, created_at, expires_at"
    };
}

/// Records a request. One that is still open must have been cancelled.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    (old_email, new_email): (Option<&str>, &str),
    created_by: StaffId,
    at: Timestamp,
) -> Result<EmailChangeRecord, StorageError> {
    let inserted = sqlx::query_as(concat!(
        "INSERT INTO email_changes (organization_id, id, staff_id, old_email, new_email, \
         created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING ",
        columns!()
    ))
    .bind(organization.0)
    .bind(EmailChangeId::generate().0)
    .bind(staff.0)
    .bind(old_email)
    .bind(new_email)
    .bind(created_by.0)
    .bind(at.to_sqlx())
    .bind((at + EMAIL_CHANGE_TTL).to_sqlx());
    Ok(inserted.fetch_one(&mut **tx).await?)
}

/// The one of a person that can still be confirmed at `now`.
///
/// # Errors
/// When the database fails.
pub async fn open_of(
    tx: &mut Tx,
    staff: StaffId,
    now: Timestamp,
) -> Result<Option<EmailChangeRecord>, StorageError> {
    let open = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM email_changes WHERE staff_id = $1 AND confirmed_at IS NULL \
         AND cancelled_at IS NULL AND expires_at > $2"
    ));
    Ok(open.bind(staff.0).bind(now.to_sqlx()).fetch_optional(&mut **tx).await?)
}

/// Calls off the one that is open; says whether its link still worked at `at`.
///
/// # Errors
/// When the database fails.
pub async fn cancel_open(tx: &mut Tx, staff: StaffId, at: Timestamp) -> Result<bool, StorageError> {
    let worked: Option<bool> = sqlx::query_scalar(
        "UPDATE email_changes SET cancelled_at = $2 WHERE staff_id = $1 \
         AND confirmed_at IS NULL AND cancelled_at IS NULL RETURNING expires_at > $2",
    )
    .bind(staff.0)
    .bind(at.to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(worked.unwrap_or(false))
}

/// Calls off those of several people.
///
/// # Errors
/// When the database fails.
pub async fn cancel_open_of(
    tx: &mut Tx,
    people: &[StaffId],
    at: Timestamp,
) -> Result<(), StorageError> {
    let people: Vec<Uuid> = people.iter().map(|id| id.0).collect();
    sqlx::query(
        "UPDATE email_changes SET cancelled_at = $2 WHERE staff_id = ANY($1) \
         AND confirmed_at IS NULL AND cancelled_at IS NULL",
    )
    .bind(people)
    .bind(at.to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What this secret confirms at `now`.
///
/// # Errors
/// When the database fails.
pub async fn confirmable(
    tx: &mut Tx,
    secret: TokenHash,
    now: Timestamp,
) -> Result<Option<EmailChangeRecord>, StorageError> {
    let found = sqlx::query_as(concat!(
        "SELECT ",
        columns!(),
        " FROM email_changes WHERE secret_hash = $1 AND confirmed_at IS NULL \
         AND cancelled_at IS NULL AND expires_at > $2"
    ));
    Ok(found.bind(secret.0.as_slice()).bind(now.to_sqlx()).fetch_optional(&mut **tx).await?)
}

/// Confirms; `old_email` is the address that the login leaves now. False: somebody was faster, or it
/// has ended.
///
/// # Errors
/// When the database fails.
pub async fn confirm(
    tx: &mut Tx,
    secret: TokenHash,
    old_email: Option<&str>,
    at: Timestamp,
) -> Result<bool, StorageError> {
    let confirmed = sqlx::query(
        "UPDATE email_changes SET confirmed_at = $3, old_email = $2 WHERE secret_hash = $1 \
         AND confirmed_at IS NULL AND cancelled_at IS NULL AND expires_at > $3",
    )
    .bind(secret.0.as_slice())
    .bind(old_email)
    .bind(at.to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(confirmed.rows_affected() == 1)
}
