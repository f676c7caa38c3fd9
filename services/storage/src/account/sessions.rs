//! Sessions, their tokens, and passwords. Only hashes are stored.

use crate::{
    StorageError, Tx,
    announce::{Changed, announce, announce_people},
    staff::{Access, AccessRow, access_columns},
};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use nearhand_domain::{OrganizationId, SessionId, StaffId, token::TokenHash};
use sqlx::FromRow;
use uuid::Uuid;

/// How long an exchanged refresh token may be presented once more, because an answer got lost.
const REFRESH_GRACE: SignedDuration = SignedDuration::from_secs(5);

/// A stored password.
#[derive(Clone, Debug)]
pub struct Credential {
    /// PHC string.
    pub password_hash: String,
    /// Set by somebody else: must be changed.
    pub temporary: bool,
    /// When a temporary one dies.
    pub expires_at: Option<Timestamp>,
}

/// A session as a request needs it, with its person as they are now.
#[derive(Clone, Debug, FromRow)]
pub struct LiveSession {
    /// Which.
    #[sqlx(rename = "session_id", try_from = "Uuid")]
    pub session: SessionId,
    /// Whose.
    #[sqlx(rename = "staff_id", try_from = "Uuid")]
    pub staff: StaffId,
    /// Only the password may be changed.
    pub restricted: bool,
    /// What they may do and to whom.
    #[sqlx(flatten, try_from = "AccessRow")]
    pub access: Access,
    /// When the access token ends.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub expires_at: Timestamp,
}

/// What presenting a refresh token came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// A new pair may be issued.
    Granted {
        /// Of this session.
        session: SessionId,
        /// Of this person.
        staff: StaffId,
        /// Only the password may be changed in it.
        restricted: bool,
    },
    /// It was used too often: this whole login has been ended.
    Reused(SessionId),
    /// Unknown, expired, or its session has ended.
    Invalid,
}

/// A person's password, if they have one.
///
/// # Errors
/// When the database fails.
pub async fn credential(tx: &mut Tx, staff: StaffId) -> Result<Option<Credential>, StorageError> {
    let row: Option<(String, bool, Option<jiff_sqlx::Timestamp>)> = sqlx::query_as(
        "SELECT password_hash, temporary, expires_at FROM credentials WHERE staff_id = $1",
    )
    .bind(staff.0)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|(password_hash, temporary, expires_at)| Credential {
        password_hash,
        temporary,
        expires_at: crate::convert::time(expires_at),
    }))
}

/// Sets a password; one with `expires_at` is temporary.
///
/// # Errors
/// When the database fails.
pub async fn set_password(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    password_hash: &str,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO credentials (organization_id, staff_id, password_hash, temporary, \
         expires_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (staff_id) DO UPDATE \
         SET password_hash = excluded.password_hash, temporary = excluded.temporary, \
         expires_at = excluded.expires_at, changed_at = excluded.changed_at",
    )
    .bind(organization.0)
    .bind(staff.0)
    .bind(password_hash)
    .bind(expires_at.is_some())
    .bind(expires_at.map(jiff_sqlx::ToSqlx::to_sqlx))
    .bind(now.to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Replaces the hash of a password that stays the same, unless it has been replaced meanwhile.
///
/// # Errors
/// When the database fails.
pub async fn rehash(
    tx: &mut Tx,
    staff: StaffId,
    verified: &str,
    fresh: &str,
    now: Timestamp,
) -> Result<(), StorageError> {
    sqlx::query(
        "UPDATE credentials SET password_hash = $3, changed_at = $4 \
         WHERE staff_id = $1 AND password_hash = $2",
    )
    .bind(staff.0)
    .bind(verified)
    .bind(fresh)
    .bind(now.to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Takes a person's password away.
///
/// # Errors
/// When the database fails.
pub async fn forget_password(tx: &mut Tx, staff: StaffId) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM credentials WHERE staff_id = $1")
        .bind(staff.0)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Takes temporary passwords away from these people; passwords of their own stay.
///
/// # Errors
/// When the database fails.
pub async fn forget_temporary(tx: &mut Tx, people: &[StaffId]) -> Result<(), StorageError> {
    let people: Vec<Uuid> = people.iter().map(|id| id.0).collect();
    sqlx::query("DELETE FROM credentials WHERE staff_id = ANY($1) AND temporary")
        .bind(people)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Opens a session.
///
/// # Errors
/// When the database fails.
#[expect(clippy::too_many_arguments, reason = "a row's columns, all of them")]
pub async fn open(
    tx: &mut Tx,
    organization: OrganizationId,
    session: SessionId,
    staff: StaffId,
    epoch: i32,
    restricted: bool,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO sessions (organization_id, id, staff_id, epoch, restricted, created_at, \
         expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(organization.0)
    .bind(session.0)
    .bind(staff.0)
    .bind(epoch)
    .bind(restricted)
    .bind(now.to_sqlx())
    .bind(expires_at.to_sqlx())
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Stores the hashes of a fresh pair of tokens.
///
/// # Errors
/// When the database fails.
pub async fn add_tokens(
    tx: &mut Tx,
    organization: OrganizationId,
    session: SessionId,
    access: (TokenHash, Timestamp),
    refresh: (TokenHash, Timestamp),
) -> Result<(), StorageError> {
    for (kind, (hash, expires_at)) in [("access", access), ("refresh", refresh)] {
        sqlx::query(
            "INSERT INTO session_tokens (organization_id, token_hash, session_id, kind, \
             expires_at) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(organization.0)
        .bind(hash.0.as_slice())
        .bind(session.0)
        .bind(kind)
        .bind(expires_at.to_sqlx())
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// The session behind an access token, if token, session and person are all still good.
///
/// # Errors
/// When the database fails.
pub async fn live(
    tx: &mut Tx,
    hash: TokenHash,
    now: Timestamp,
) -> Result<Option<LiveSession>, StorageError> {
    let live = sqlx::query_as(concat!(
        "SELECT t.session_id, s.staff_id, s.restricted, ",
        access_columns!(),
        ", LEAST(t.expires_at, s.expires_at) AS expires_at FROM session_tokens AS t \
         JOIN sessions AS s ON s.id = t.session_id JOIN staff AS p ON p.id = s.staff_id \
         WHERE t.token_hash = $1 AND t.kind = 'access' AND t.expires_at > $2 \
         AND s.ended_at IS NULL AND s.expires_at > $2 AND s.epoch = p.session_epoch \
         AND p.active AND p.deleted_at IS NULL AND p.access_level <> 'disabled'",
    ))
    .bind(hash.0.as_slice())
    .bind(now.to_sqlx());
    Ok(live.fetch_optional(&mut **tx).await?)
}

#[derive(FromRow)]
struct RefreshRow {
    session_id: Uuid,
    staff_id: Uuid,
    restricted: bool,
    uses: i16,
    first_used_at: Option<jiff_sqlx::Timestamp>,
    good: bool,
}

/// Exchanges a refresh token: once freely, once more within [`REFRESH_GRACE`]; after that the
/// session is ended, because two holders share it. A session that is granted more lives `until`.
///
/// # Errors
/// When the database fails.
pub async fn exchange(
    tx: &mut Tx,
    organization: OrganizationId,
    hash: TokenHash,
    now: Timestamp,
    until: Timestamp,
) -> Result<Refresh, StorageError> {
    let row: Option<RefreshRow> = sqlx::query_as(
        "SELECT t.session_id, s.staff_id, s.restricted, t.uses, t.first_used_at, \
         (t.expires_at > $2 AND s.ended_at IS NULL AND s.expires_at > $2 \
          AND s.epoch = p.session_epoch AND p.active AND p.deleted_at IS NULL \
          AND p.access_level <> 'disabled') AS good \
         FROM session_tokens AS t JOIN sessions AS s ON s.id = t.session_id \
         JOIN staff AS p ON p.id = s.staff_id \
         WHERE t.token_hash = $1 AND t.kind = 'refresh' FOR UPDATE OF t",
    )
    .bind(hash.0.as_slice())
    .bind(now.to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row.filter(|row| row.good) else { return Ok(Refresh::Invalid) };
    let session = SessionId(row.session_id);
    let within_grace =
        row.first_used_at.is_none_or(|first| now.duration_since(first.to_jiff()) <= REFRESH_GRACE);
    if row.uses >= 2 || !within_grace {
        end(tx, organization, session, now).await?;
        return Ok(Refresh::Reused(session));
    }
    sqlx::query(
        "UPDATE session_tokens SET uses = uses + 1, first_used_at = COALESCE(first_used_at, $2) \
         WHERE token_hash = $1",
    )
    .bind(hash.0.as_slice())
    .bind(now.to_sqlx())
    .execute(&mut **tx)
    .await?;
    sqlx::query("UPDATE sessions SET expires_at = GREATEST(expires_at, $2) WHERE id = $1")
        .bind(session.0)
        .bind(until.to_sqlx())
        .execute(&mut **tx)
        .await?;
    let staff = StaffId(row.staff_id);
    Ok(Refresh::Granted { session, staff, restricted: row.restricted })
}

/// Ends one session.
///
/// # Errors
/// When the database fails.
pub async fn end(
    tx: &mut Tx,
    organization: OrganizationId,
    session: SessionId,
    now: Timestamp,
) -> Result<(), StorageError> {
    sqlx::query("UPDATE sessions SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL")
        .bind(session.0)
        .bind(now.to_sqlx())
        .execute(&mut **tx)
        .await?;
    announce(tx, organization, Changed::Session(session)).await
}

/// Ends every session of these people, who must be locked.
///
/// # Errors
/// When the database fails.
pub async fn end_all_of(
    tx: &mut Tx,
    organization: OrganizationId,
    people: &[StaffId],
) -> Result<(), StorageError> {
    let people: Vec<Uuid> = people.iter().map(|id| id.0).collect();
    sqlx::query("UPDATE staff SET session_epoch = session_epoch + 1 WHERE id = ANY($1)")
        .bind(&people)
        .execute(&mut **tx)
        .await?;
    announce_people(tx, organization, &people).await
}

/// A session as its person sees it.
#[derive(Clone, Debug, FromRow)]
pub struct SessionRecord {
    /// Which.
    #[sqlx(try_from = "Uuid")]
    pub id: SessionId,
    /// When the person logged in.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub created_at: Timestamp,
    /// When its tokens were last renewed, or a browser's use was last written down; with the login,
    /// unless they were.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub renewed_at: Timestamp,
    /// When it ends by itself.
    #[sqlx(try_from = "jiff_sqlx::Timestamp")]
    pub expires_at: Timestamp,
    idle_expires_at: Option<jiff_sqlx::Timestamp>,
}

impl SessionRecord {
    /// When it ends unless it is used before. Only a browser's session does.
    #[must_use]
    pub fn idle_expires_at(&self) -> Option<Timestamp> {
        crate::convert::time(self.idle_expires_at)
    }
}

/// A page of a person's sessions that still count, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    staff: StaffId,
    now: Timestamp,
    after: Option<SessionId>,
    limit: i64,
) -> Result<Vec<SessionRecord>, StorageError> {
    let page = sqlx::query_as(
        "SELECT s.id, s.created_at, s.expires_at, s.idle_expires_at, COALESCE(s.renewed_at, \
         (SELECT max(t.first_used_at) FROM session_tokens AS t WHERE t.session_id = s.id), \
         s.created_at) AS renewed_at \
         FROM sessions AS s JOIN staff AS p ON p.id = s.staff_id AND p.session_epoch = s.epoch \
         WHERE s.staff_id = $1 AND s.ended_at IS NULL AND s.expires_at > $2 \
         AND COALESCE(s.idle_expires_at > $2, true) AND s.id > $3 \
         ORDER BY s.id LIMIT $4",
    )
    .bind(staff.0)
    .bind(now.to_sqlx())
    .bind(after.map_or(Uuid::nil(), |id| id.0))
    .bind(limit);
    Ok(page.fetch_all(&mut **tx).await?)
}

/// Ends a person's sessions that still count: this one, or all but that one. Returns which.
///
/// # Errors
/// When the database fails.
pub async fn end_some(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    which: Which,
    now: Timestamp,
) -> Result<Vec<SessionId>, StorageError> {
    let (session, this) = match which {
        Which::Only(session) => (session, true),
        Which::AllBut(session) => (session, false),
    };
    let ended: Vec<Uuid> = sqlx::query_scalar(
        "UPDATE sessions AS s SET ended_at = $2 FROM staff AS p WHERE s.staff_id = $1 \
         AND p.id = s.staff_id AND p.session_epoch = s.epoch AND s.ended_at IS NULL \
         AND s.expires_at > $2 AND COALESCE(s.idle_expires_at > $2, true) \
         AND (s.id = $3) = $4 RETURNING s.id",
    )
    .bind(staff.0)
    .bind(now.to_sqlx())
    .bind(session.0)
    .bind(this)
    .fetch_all(&mut **tx)
    .await?;
    let ended: Vec<SessionId> = ended.into_iter().map(SessionId).collect();
    for session in &ended {
        announce(tx, organization, Changed::Session(*session)).await?;
    }
    Ok(ended)
}

/// Which sessions of a person to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// One.
    Only(SessionId),
    /// All but one.
    AllBut(SessionId),
}

/// Ends every session of a person by moving their epoch; returns the new one.
///
/// # Errors
/// When the database fails.
pub async fn end_all(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
) -> Result<i32, StorageError> {
    let epoch: i32 = sqlx::query_scalar(
        "UPDATE staff SET session_epoch = session_epoch + 1 WHERE id = $1 RETURNING session_epoch",
    )
    .bind(staff.0)
    .fetch_one(&mut **tx)
    .await?;
    announce(tx, organization, Changed::Staff(staff)).await?;
    Ok(epoch)
}
