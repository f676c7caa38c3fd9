//! Tickets that open one event stream in place of a session's token, and whether a session that
//! has one open is still good.

use crate::{StorageError, Tx, sessions::LiveSession, staff::access_columns};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{OrganizationId, SessionId, token::TokenHash};
use uuid::Uuid;

/// Stores a ticket's hash, and forgets the session's tickets that nobody used in time.
///
/// # Errors
/// When the database fails.
pub async fn issue(
    tx: &mut Tx,
    organization: OrganizationId,
    session: SessionId,
    hash: TokenHash,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM stream_tickets WHERE session_id = $1 AND expires_at <= $2")
        .bind(session.0)
        .bind(now.to_sqlx())
        .execute(&mut **tx)
        .await?;
    sqlx::query(
        "INSERT INTO stream_tickets (organization_id, token_hash, session_id, expires_at) \
         VALUES ($1, $2, $3, $4)",
    )
    .bind(organization.0)
    .bind(hash.0.as_slice())
    .bind(session.0)
    .bind(expires_at.to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Uses a ticket up: the session it stands for, if ticket and session are good. Of two uses at
/// once one gets it.
///
/// # Errors
/// When the database fails.
pub async fn redeem(
    tx: &mut Tx,
    hash: TokenHash,
    now: Timestamp,
) -> Result<Option<LiveSession>, StorageError> {
    let session: Option<Uuid> = sqlx::query_scalar(
        "DELETE FROM stream_tickets WHERE token_hash = $1 AND expires_at > $2 RETURNING session_id",
    )
    .bind(hash.0.as_slice())
    .bind(now.to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    match session {
        Some(session) => live_session(tx, SessionId(session), now).await,
        None => Ok(None),
    }
}

/// A session with its person as they are now, if both are still good.
///
/// # Errors
/// When the database fails.
pub async fn live_session(
    tx: &mut Tx,
    session: SessionId,
    now: Timestamp,
) -> Result<Option<LiveSession>, StorageError> {
    let live = sqlx::query_as(concat!(
        "SELECT s.id AS session_id, s.staff_id, s.restricted, ",
        access_columns!(),
        ", s.expires_at FROM sessions AS s JOIN staff AS p ON p.id = s.staff_id \
         WHERE s.id = $1 AND s.ended_at IS NULL AND s.expires_at > $2 \
         AND COALESCE(s.idle_expires_at > $2, true) \
         AND s.epoch = p.session_epoch AND p.active AND p.deleted_at IS NULL \
         AND p.access_level <> 'disabled'",
    ))
    .bind(session.0)
    .bind(now.to_sqlx());
    Ok(live.fetch_optional(&mut **tx).await?)
}
