//! Invitations: made, listed, taken back, accepted once. Draws no secret: the mail's job does, so
//! that only the mail that was sent last opens anything.
//!
//! A person has at most one open invitation. Lock the person before you write one.

use crate::{StorageError, Tx, convert, staff::push_scope};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    InvitationId, OrganizationId, StaffId,
    access::PeopleScope,
    link::{INVITATION_TTL, InvitationState},
    token::TokenHash,
};
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

/// An invitation as stored, of a person who is not deleted.
#[derive(Clone, Debug, FromRow)]
pub struct InvitationRecord {
    /// Which.
    #[sqlx(try_from = "Uuid")]
    pub id: InvitationId,
    /// Who is invited.
    #[sqlx(rename = "staff_id", try_from = "Uuid")]
    pub staff: StaffId,
    /// What they are called.
    pub display_name: String,
    /// Who invited them; none: the command line.
    pub created_by: Option<Uuid>,
    /// When.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub created_at: Timestamp,
    /// Until when its link works.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub expires_at: Timestamp,
    accepted_at: Option<jiff_sqlx::Timestamp>,
    revoked_at: Option<jiff_sqlx::Timestamp>,
}

impl InvitationRecord {
    /// When it was accepted.
    #[must_use]
    pub fn accepted_at(&self) -> Option<Timestamp> {
        convert::time(self.accepted_at)
    }

    /// When it was taken back or replaced.
    #[must_use]
    pub fn revoked_at(&self) -> Option<Timestamp> {
        convert::time(self.revoked_at)
    }

    /// What has become of it.
    #[must_use]
    pub fn state(&self, now: Timestamp) -> InvitationState {
        InvitationState::at(now, self.accepted_at(), self.revoked_at(), self.expires_at)
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT i.id, i.staff_id, s.display_name, i.created_by, i.created_at, i.expires_at, \
             i.accepted_at, i.revoked_at FROM invitations AS i JOIN staff AS s \
             ON s.id = i.staff_id AND s.deleted_at IS NULL ",
            $rest
        )
    };
}

/// Makes an invitation. One that is still open must have been revoked. `secret` is given where no
/// mail is to be sent.
///
/// # Errors
/// When the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    created_by: Option<StaffId>,
    secret: Option<TokenHash>,
    at: Timestamp,
) -> Result<InvitationId, StorageError> {
    let id = InvitationId::generate();
    sqlx::query(
        "INSERT INTO invitations (organization_id, id, staff_id, secret_hash, created_by, \
         created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(organization.0)
    .bind(id.0)
    .bind(staff.0)
    .bind(secret.map(|secret| secret.0.to_vec()))
    .bind(created_by.map(|staff| staff.0))
    .bind(at.to_sqlx())
    .bind((at + INVITATION_TTL).to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(id)
}

/// One, if it is there.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: InvitationId) -> Result<Option<InvitationRecord>, StorageError> {
    let one = sqlx::query_as(select!("WHERE i.id = $1")).bind(id.0);
    Ok(one.fetch_optional(&mut **tx).await?)
}

/// A person's last one.
///
/// # Errors
/// When the database fails.
pub async fn latest(tx: &mut Tx, staff: StaffId) -> Result<Option<InvitationRecord>, StorageError> {
    let last = sqlx::query_as(select!("WHERE i.staff_id = $1 ORDER BY i.id DESC LIMIT 1"));
    Ok(last.bind(staff.0).fetch_optional(&mut **tx).await?)
}

/// A page in order of creation, of the people in `scope`, perhaps only those in one state at `now`.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    state: Option<InvitationState>,
    scope: PeopleScope<'_>,
    after: Option<InvitationId>,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<InvitationRecord>, StorageError> {
    let mut query = QueryBuilder::<Postgres>::new(select!("WHERE i.id > "));
    query.push_bind(after.map_or(Uuid::nil(), |id| id.0));
    push_scope(&mut query, scope);
    match state {
        None => {}
        Some(InvitationState::Accepted) => {
            query.push(" AND i.accepted_at IS NOT NULL");
        }
        Some(InvitationState::Revoked) => {
            query.push(" AND i.revoked_at IS NOT NULL");
        }
        Some(open @ (InvitationState::Pending | InvitationState::Expired)) => {
            let side = if open == InvitationState::Pending { " > " } else { " <= " };
            query.push(" AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at");
            query.push(side).push_bind(now.to_sqlx());
        }
    }
    query.push(" ORDER BY i.id LIMIT ").push_bind(limit);
    Ok(query.build_query_as().fetch_all(&mut **tx).await?)
}

/// Takes back the one that is open, even where its time has passed; says which it was.
///
/// # Errors
/// When the database fails.
pub async fn revoke_open(
    tx: &mut Tx,
    staff: StaffId,
    at: Timestamp,
) -> Result<Option<InvitationId>, StorageError> {
    let id: Option<Uuid> = sqlx::query_scalar(
        "UPDATE invitations SET revoked_at = $2 \
         WHERE staff_id = $1 AND accepted_at IS NULL AND revoked_at IS NULL RETURNING id",
    )
    .bind(staff.0)
    .bind(at.to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(id.map(InvitationId))
}

/// Who may accept with this secret at `now`.
///
/// # Errors
/// When the database fails.
pub async fn invited(
    tx: &mut Tx,
    secret: TokenHash,
    now: Timestamp,
) -> Result<Option<StaffId>, StorageError> {
    let staff: Option<Uuid> = sqlx::query_scalar(
        "SELECT staff_id FROM invitations WHERE secret_hash = $1 \
         AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $2",
    )
    .bind(secret.0.as_slice())
    .bind(now.to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(staff.map(StaffId))
}

/// Accepts. False: somebody was faster, or it has ended.
///
/// # Errors
/// When the database fails.
pub async fn accept(tx: &mut Tx, secret: TokenHash, at: Timestamp) -> Result<bool, StorageError> {
    let accepted = sqlx::query(
        "UPDATE invitations SET accepted_at = $2 WHERE secret_hash = $1 \
         AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $2",
    )
    .bind(secret.0.as_slice())
    .bind(at.to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(accepted.rows_affected() == 1)
}

/// Whether the organisation greets those who have joined.
///
/// # Errors
/// When the database fails.
pub async fn greets(tx: &mut Tx) -> Result<bool, StorageError> {
    let greets = sqlx::query_scalar("SELECT welcome_mail FROM organizations");
    Ok(greets.fetch_one(&mut **tx).await?)
}
