//! What a mail says: the person, their organisation, and what the mail is about, whose link gets its
//! secret here. Decides no wording.

use crate::{StorageError, Tx, convert, mails::MailRecord};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    Position,
    address::{Address, in_words},
    link::{EMAIL_CHANGE_TTL, INVITATION_TTL, RESET_TTL},
    mails::MailKind,
    offer::{AskedState, OfferMode, OfferState, WhenUnanswered},
    token::TokenHash,
};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

/// Whom a mail goes to.
#[derive(Clone, Debug, FromRow)]
pub struct Recipient {
    /// What customers see of the person.
    pub name: String,
    /// Their login.
    pub email: Option<String>,
    /// The language they want, else the organisation's first.
    pub language: String,
    /// Their time zone, else the organisation's.
    pub time_zone: String,
    /// The organisation's name.
    pub organization: String,
}

/// What a mail is about.
#[derive(Clone, Debug)]
pub enum Contents {
    /// An invitation that is still open.
    Invitation {
        /// Who sent it, if it was a person who is still there.
        inviter: Option<String>,
        /// Until when its link works.
        expires_at: Timestamp,
    },
    /// A person who has joined.
    Welcome,
    /// A password that may be set anew.
    Recovery {
        /// Until when its link works.
        expires_at: Timestamp,
    },
    /// A new address that is to be confirmed.
    EmailChange {
        /// The new address.
        new_email: String,
        /// Until when its link works.
        expires_at: Timestamp,
    },
    /// An address that is no longer the login.
    EmailChanged {
        /// The old address, which the mail goes to.
        old_email: Option<String>,
        /// The new one.
        new_email: String,
    },
    /// An assignment that a person has, or had.
    Assignment(AssignmentContents),
    /// A case that is offered to a person, who has not answered yet.
    Offer(OfferContents),
    /// An offer that ended with free slots.
    OfferUnanswered(UnansweredContents),
    /// An import that has ended.
    ImportFinished {
        /// People created, people updated, rows that failed.
        counts: [i64; 3],
    },
}

/// What a mail about an assignment says.
#[derive(Clone, Debug)]
pub struct AssignmentContents {
    /// The case's title.
    pub title: String,
    /// The case's number.
    pub number: String,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// Where, in words or degrees.
    pub place: Option<String>,
    /// Why it was taken back.
    pub reason: Option<String>,
}

/// What a mail that offers a case says.
#[derive(Clone, Debug)]
pub struct OfferContents {
    /// The case's title.
    pub title: String,
    /// The case's number.
    pub number: String,
    /// From when; none means as soon as possible.
    pub starts_at: Option<Timestamp>,
    /// How long the work takes.
    pub duration_min: i32,
    /// Whether it is urgent.
    pub urgent: bool,
    /// Where, in words or degrees.
    pub place: Option<String>,
    /// What the scheduler says to everybody asked. May be empty.
    pub message: String,
    /// An answer must come before.
    pub respond_by: Timestamp,
    /// In which order people are asked.
    pub mode: OfferMode,
}

/// What a mail about an offer that ended with free slots says.
#[derive(Clone, Debug)]
pub struct UnansweredContents {
    /// The case's title.
    pub title: String,
    /// The case's number.
    pub number: String,
    /// Whether some accepted; if not, nobody did.
    pub partly_filled: bool,
    /// Whether the case has become urgent by it.
    pub marked_urgent: bool,
    /// People who were asked.
    pub asked: i64,
    /// Those of them who wait to be chosen.
    pub available: i64,
    /// Those of them who accepted.
    pub accepted: i64,
    /// Those of them who declined.
    pub declined: i64,
    /// Those of them who did not answer in time.
    pub timed_out: i64,
    /// People who could not be asked, because nothing reaches them.
    pub unreachable: i64,
}

/// The recipient of a mail; none when they have gone.
///
/// # Errors
/// When the database fails.
pub async fn recipient(tx: &mut Tx, mail: &MailRecord) -> Result<Option<Recipient>, StorageError> {
    let Some(staff) = mail.staff else { return Ok(None) };
    Ok(sqlx::query_as(
        "SELECT s.display_name AS name, s.email, \
           COALESCE(s.language, o.languages[1]) AS language, \
           COALESCE(s.time_zone, o.time_zone) AS time_zone, o.name AS organization \
         FROM staff AS s JOIN organizations AS o ON o.organization_id = s.organization_id \
         WHERE s.id = $1 AND s.deleted_at IS NULL",
    )
    .bind(staff.0)
    .fetch_optional(&mut **tx)
    .await?)
}

/// What a mail is about; none when that has ended or gone. Where the mail has a link, its secret is
/// this one from now on, any older link is dead, and the time for which it works begins.
///
/// # Errors
/// When the database fails.
pub async fn contents(
    tx: &mut Tx,
    mail: &MailRecord,
    secret: TokenHash,
    at: Timestamp,
) -> Result<Option<Contents>, StorageError> {
    if mail.kind == MailKind::Welcome {
        return Ok(Some(Contents::Welcome));
    }
    let Some(subject) = mail.subject else { return Ok(None) };
    match mail.kind {
        MailKind::Welcome => Ok(Some(Contents::Welcome)),
        MailKind::Invitation | MailKind::Reinvitation => invitation(tx, subject, secret, at).await,
        MailKind::Recovery => recovery(tx, subject, secret, at).await,
        MailKind::EmailChange => email_change(tx, subject, secret, at).await,
        MailKind::EmailChanged => email_changed(tx, subject).await,
        MailKind::ImportFinished => import(tx, subject).await,
        MailKind::Assigned | MailKind::AssignmentChanged | MailKind::Withdrawn => {
            assignment(tx, subject, mail).await
        }
        MailKind::Offered => offer(tx, subject, mail, secret, at).await,
        MailKind::OfferUnanswered => unanswered(tx, subject).await,
    }
}

async fn invitation(
    tx: &mut Tx,
    id: Uuid,
    secret: TokenHash,
    at: Timestamp,
) -> Result<Option<Contents>, StorageError> {
    let row: Option<(Option<String>, jiff_sqlx::Timestamp)> = sqlx::query_as(
        "UPDATE invitations AS i SET secret_hash = $2, expires_at = $4 \
         WHERE id = $1 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3 \
         RETURNING (SELECT display_name FROM staff WHERE id = i.created_by \
           AND deleted_at IS NULL), expires_at",
    )
    .bind(id)
    .bind(secret.0.as_slice())
    .bind(at.to_sqlx())
    .bind((at + INVITATION_TTL).to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|(inviter, expires_at)| Contents::Invitation {
        inviter,
        expires_at: expires_at.to_jiff(),
    }))
}

async fn recovery(
    tx: &mut Tx,
    id: Uuid,
    secret: TokenHash,
    at: Timestamp,
) -> Result<Option<Contents>, StorageError> {
    let expires_at: Option<jiff_sqlx::Timestamp> = sqlx::query_scalar(
        "UPDATE password_resets SET secret_hash = $2, expires_at = $4 \
         WHERE id = $1 AND used_at IS NULL AND expires_at > $3 RETURNING expires_at",
    )
    .bind(id)
    .bind(secret.0.as_slice())
    .bind(at.to_sqlx())
    .bind((at + RESET_TTL).to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(convert::time(expires_at).map(|expires_at| Contents::Recovery { expires_at }))
}

async fn email_change(
    tx: &mut Tx,
    id: Uuid,
    secret: TokenHash,
    at: Timestamp,
) -> Result<Option<Contents>, StorageError> {
    let row: Option<(String, jiff_sqlx::Timestamp)> = sqlx::query_as(
        "UPDATE email_changes SET secret_hash = $2, expires_at = $4 \
         WHERE id = $1 AND confirmed_at IS NULL AND cancelled_at IS NULL AND expires_at > $3 \
         RETURNING new_email, expires_at",
    )
    .bind(id)
    .bind(secret.0.as_slice())
    .bind(at.to_sqlx())
    .bind((at + EMAIL_CHANGE_TTL).to_sqlx())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|(new_email, expires_at)| Contents::EmailChange {
        new_email,
        expires_at: expires_at.to_jiff(),
    }))
}

async fn email_changed(tx: &mut Tx, id: Uuid) -> Result<Option<Contents>, StorageError> {
    let row: Option<(Option<String>, String)> = sqlx::query_as(
        "SELECT old_email, new_email FROM email_changes \
         WHERE id = $1 AND confirmed_at IS NOT NULL",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|(old_email, new_email)| Contents::EmailChanged { old_email, new_email }))
}

async fn import(tx: &mut Tx, id: Uuid) -> Result<Option<Contents>, StorageError> {
    let row: Option<(i64, i64, i64)> = sqlx::query_as(
        "SELECT count(*) FILTER (WHERE outcome = 'created'), \
           count(*) FILTER (WHERE outcome = 'updated'), \
           count(*) FILTER (WHERE outcome = 'failed') \
         FROM imports AS i LEFT JOIN import_rows AS r ON r.import_id = i.id \
         WHERE i.id = $1 GROUP BY i.id",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|(created, updated, failed)| Contents::ImportFinished {
        counts: [created, updated, failed],
    }))
}

#[derive(FromRow)]
struct AssignmentRow {
    title: String,
    number: String,
    starts_at: jiff_sqlx::Timestamp,
    ends_at: jiff_sqlx::Timestamp,
    address: Option<Json<Address>>,
    lat: Option<f64>,
    lng: Option<f64>,
    cancel_reason: Option<String>,
    /// Whether the recipient has it now.
    held: bool,
}

/// None when the mail would say what is no longer so.
async fn assignment(
    tx: &mut Tx,
    id: Uuid,
    mail: &MailRecord,
) -> Result<Option<Contents>, StorageError> {
    let row: Option<AssignmentRow> = sqlx::query_as(
        "SELECT c.title, c.number, a.starts_at, a.ends_at, c.address, ST_Y(c.position) AS lat, \
           ST_X(c.position) AS lng, a.cancel_reason, \
           a.staff_id IS NOT DISTINCT FROM $2 AND a.state <> 'cancelled' AS held \
         FROM assignments AS a JOIN cases AS c ON c.id = a.case_id WHERE a.id = $1",
    )
    .bind(id)
    .bind(mail.staff.map(|staff| staff.0))
    .fetch_optional(&mut **tx)
    .await?;
    let withdrawn = mail.kind == MailKind::Withdrawn;
    Ok(row.filter(|row| row.held != withdrawn).map(|row| {
        Contents::Assignment(AssignmentContents {
            title: row.title,
            number: row.number,
            starts_at: row.starts_at.to_jiff(),
            ends_at: row.ends_at.to_jiff(),
            place: place(row.address.as_ref(), row.lat.zip(row.lng)),
            reason: row.cancel_reason.filter(|_| withdrawn),
        })
    }))
}

#[derive(FromRow)]
struct OfferRow {
    title: String,
    number: String,
    starts_at: Option<jiff_sqlx::Timestamp>,
    duration_min: i32,
    urgent: bool,
    address: Option<Json<Address>>,
    lat: Option<f64>,
    lng: Option<f64>,
    message: String,
    respond_by: jiff_sqlx::Timestamp,
    mode: String,
}

/// None when the person's answer is not wanted any more.
async fn offer(
    tx: &mut Tx,
    id: Uuid,
    mail: &MailRecord,
    secret: TokenHash,
    at: Timestamp,
) -> Result<Option<Contents>, StorageError> {
    let row: Option<OfferRow> = sqlx::query_as(
        "UPDATE offer_people AS p SET secret_hash = $3 \
         FROM offers AS o JOIN cases AS c ON c.id = o.case_id \
         WHERE p.offer_id = $1 AND p.staff_id = $2 AND p.state = $4 AND p.respond_by > $5 \
           AND o.id = p.offer_id AND o.state = $6 \
         RETURNING c.title, c.number, c.starts_at, c.duration_min, c.urgent, c.address, \
           ST_Y(c.position) AS lat, ST_X(c.position) AS lng, o.message, p.respond_by, o.mode",
    )
    .bind(id)
    .bind(mail.staff.map(|staff| staff.0))
    .bind(secret.0.as_slice())
    .bind(AskedState::Asked.as_str())
    .bind(at.to_sqlx())
    .bind(OfferState::Open.as_str())
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let unknown = || convert::corrupt("mode of an offer", "an unknown word");
    Ok(Some(Contents::Offer(OfferContents {
        title: row.title,
        number: row.number,
        starts_at: convert::time(row.starts_at),
        duration_min: row.duration_min,
        urgent: row.urgent,
        place: place(row.address.as_ref(), row.lat.zip(row.lng)),
        message: row.message,
        respond_by: row.respond_by.to_jiff(),
        mode: OfferMode::parse(&row.mode).ok_or_else(unknown)?,
    })))
}

#[derive(FromRow)]
struct UnansweredRow {
    title: String,
    number: String,
    state: String,
    when_unanswered: String,
    asked: i64,
    available: i64,
    accepted: i64,
    declined: i64,
    timed_out: i64,
    unreachable: i64,
}

async fn unanswered(tx: &mut Tx, id: Uuid) -> Result<Option<Contents>, StorageError> {
    let row: Option<UnansweredRow> = sqlx::query_as(
        "SELECT c.title, c.number, o.state, o.when_unanswered, \
           count(*) FILTER (WHERE p.state <> 'unreachable') AS asked, \
           count(*) FILTER (WHERE p.state = 'available') AS available, \
           count(*) FILTER (WHERE p.state = 'accepted') AS accepted, \
           count(*) FILTER (WHERE p.state = 'declined') AS declined, \
           count(*) FILTER (WHERE p.state = 'timed_out') AS timed_out, \
           count(*) FILTER (WHERE p.state = 'unreachable') AS unreachable \
         FROM offers AS o JOIN cases AS c ON c.id = o.case_id \
           LEFT JOIN offer_people AS p ON p.offer_id = o.id \
         WHERE o.id = $1 AND o.state IN ('deciding', 'unanswered', 'partly_filled') \
         GROUP BY o.id, c.id",
    )
    .bind(id)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| {
        Contents::OfferUnanswered(UnansweredContents {
            title: row.title,
            number: row.number,
            partly_filled: row.state == OfferState::PartlyFilled.as_str(),
            marked_urgent: row.state != OfferState::Deciding.as_str()
                && row.when_unanswered == WhenUnanswered::MarkUrgent.as_str(),
            asked: row.asked,
            available: row.available,
            accepted: row.accepted,
            declined: row.declined,
            timed_out: row.timed_out,
            unreachable: row.unreachable,
        })
    }))
}

/// The address on one line, else the position in degrees.
fn place(address: Option<&Json<Address>>, position: Option<(f64, f64)>) -> Option<String> {
    let position = position.and_then(|(lat, lng)| Position::new(lat, lng).ok());
    in_words(address.map(|address| &address.0), position)
}
