//! Sessions of browsers, which hold one secret in a cookie. Only its hash is stored. What such a
//! session has in common with one of tokens (its end, its list) is in `sessions`.

use crate::{StorageError, Tx, sessions::LiveSession, staff::access_columns};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{OrganizationId, SessionId, StaffId, token::TokenHash};
use sqlx::FromRow;
use uuid::Uuid;

/// A browser's session to be.
#[derive(Clone, Copy, Debug)]
pub struct NewBrowserSession {
    /// Tenant.
    pub organization: OrganizationId,
    /// Which.
    pub session: SessionId,
    /// Whose.
    pub staff: StaffId,
    /// The person's present epoch.
    pub epoch: i32,
    /// Only the password may be changed.
    pub restricted: bool,
    /// The browser keeps the cookie when it is closed.
    pub remembered: bool,
    /// Of the cookie's secret.
    pub hash: TokenHash,
    /// When the person logs in.
    pub now: Timestamp,
    /// When it ends unless it is used before.
    pub idle_expires_at: Timestamp,
    /// When it ends in any case.
    pub expires_at: Timestamp,
}

/// A browser's session as a request needs it.
#[derive(Clone, Debug)]
pub struct LiveBrowserSession {
    /// With its person as they are now; `expires_at` is when it ends in any case.
    pub session: LiveSession,
    /// The browser keeps the cookie when it is closed.
    pub remembered: bool,
    /// When a use was last written down.
    pub renewed_at: Timestamp,
    /// When it ends unless it is used before.
    pub idle_expires_at: Timestamp,
}

/// Opens a session and stores the hash of its secret.
///
/// # Errors
/// When the database fails.
pub async fn open(tx: &mut Tx, new: &NewBrowserSession) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO sessions (organization_id, id, staff_id, epoch, restricted, created_at, \
         expires_at, idle_expires_at, renewed_at, remembered) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $6, $9)",
    )
    .bind(new.organization.0)
    .bind(new.session.0)
    .bind(new.staff.0)
    .bind(new.epoch)
    .bind(new.restricted)
    .bind(new.now.to_sqlx())
    .bind(new.expires_at.to_sqlx())
    .bind(new.idle_expires_at.to_sqlx())
    .bind(new.remembered)
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "INSERT INTO session_tokens (organization_id, token_hash, session_id, kind, expires_at) \
         VALUES ($1, $2, $3, 'browser', $4)",
    )
    .bind(new.organization.0)
    .bind(new.hash.0.as_slice())
    .bind(new.session.0)
    .bind(new.expires_at.to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    session: LiveSession,
    remembered: bool,
    renewed_at: jiff_sqlx::Timestamp,
    idle_expires_at: jiff_sqlx::Timestamp,
}

/// The session behind a cookie, if session and person are still good.
///
/// # Errors
/// When the database fails.
pub async fn live(
    tx: &mut Tx,
    hash: TokenHash,
    now: Timestamp,
) -> Result<Option<LiveBrowserSession>, StorageError> {
    let live = sqlx::query_as(concat!(
        "SELECT t.session_id, s.staff_id, s.restricted, ",
        access_columns!(),
        ", s.expires_at, s.remembered, s.renewed_at, s.idle_expires_at \
         FROM session_tokens AS t JOIN sessions AS s ON s.id = t.session_id \
         JOIN staff AS p ON p.id = s.staff_id \
         WHERE t.token_hash = $1 AND t.kind = 'browser' AND s.ended_at IS NULL \
         AND s.expires_at > $2 AND s.idle_expires_at > $2 AND s.epoch = p.session_epoch \
         AND p.active AND p.deleted_at IS NULL AND p.access_level <> 'disabled'",
    ))
    .bind(hash.0.as_slice())
    .bind(now.to_sqlx());
    let row: Option<Row> = live.fetch_optional(&mut **tx).await?;
    Ok(row.map(|row| LiveBrowserSession {
        session: row.session,
        remembered: row.remembered,
        renewed_at: row.renewed_at.to_jiff(),
        idle_expires_at: row.idle_expires_at.to_jiff(),
    }))
}

/// Writes a use down: the session lives `until`, unless its fixed end is sooner. One that has ended
/// stays so.
///
/// # Errors
/// When the database fails.
pub async fn renew(
    tx: &mut Tx,
    session: SessionId,
    now: Timestamp,
    until: Timestamp,
) -> Result<(), StorageError> {
    sqlx::query(
        "UPDATE sessions SET renewed_at = $2, idle_expires_at = LEAST($3, expires_at) \
         WHERE id = $1 AND ended_at IS NULL AND idle_expires_at > $2 AND renewed_at < $2",
    )
    .bind(session.0)
    .bind(now.to_sqlx())
    .bind(until.to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The person's session behind a cookie, if it is still good: the one that a new login in the same
/// browser takes the place of.
///
/// # Errors
/// When the database fails.
pub async fn find(
    tx: &mut Tx,
    staff: StaffId,
    hash: TokenHash,
    now: Timestamp,
) -> Result<Option<SessionId>, StorageError> {
    let found: Option<Uuid> = sqlx::query_scalar(
        "SELECT s.id FROM session_tokens AS t JOIN sessions AS s ON s.id = t.session_id \
         WHERE t.token_hash = $1 AND t.kind = 'browser' AND s.staff_id = $2 \
         AND s.ended_at IS NULL AND s.expires_at > $3",
    )
    .bind(hash.0.as_slice())
    .bind(staff.0)
    .bind(now.to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.map(SessionId))
}
