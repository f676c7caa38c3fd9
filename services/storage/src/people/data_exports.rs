//! Everything that is held on one person, as it is put into the archive of their data: a file for each
//! kind of data, and what phones sent by days. Reads only; no secret, no hash, and of other people no
//! more than their identifiers.

use crate::{StorageError, Tx, audit};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use jiff_sqlx::ToSqlx;
use nearhand_domain::{RecommendationId, StaffId};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

mod sections;

pub use sections::{SECTIONS, Section};

/// All rows of a section, each as a JSON object.
///
/// # Errors
/// When the database fails.
pub async fn rows(
    tx: &mut Tx,
    section: &Section,
    staff: StaffId,
) -> Result<Vec<Value>, StorageError> {
    Ok(sqlx::query_scalar(section.sql).bind(staff.0).fetch_all(&mut **tx).await?)
}

/// A page of the record of who read this person's exact position, and of what they read themselves,
/// newest first. Each with its identifier, for the next page.
///
/// # Errors
/// When the database fails.
pub async fn reads(
    tx: &mut Tx,
    staff: StaffId,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<(Uuid, Value)>, StorageError> {
    Ok(sqlx::query_as(
        "SELECT id, jsonb_build_object('at', at, 'read_by', actor_id, 'route', route, \
         'own_position_was_read', $1 = ANY(people), 'people_read', cardinality(people)) \
         FROM position_reads WHERE ($1 = ANY(people) OR actor_id = $1) AND id < $2 \
         ORDER BY id DESC LIMIT $3",
    )
    .bind(staff.0)
    .bind(before.unwrap_or(Uuid::max()))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?)
}

/// A stored answer that lists the person, as far as it is about them.
#[derive(Clone, Debug)]
pub struct RankedPart {
    /// Which answer.
    pub id: RecommendationId,
    /// When it was given.
    pub created_at: Timestamp,
    /// To whom.
    pub asked_by: StaffId,
    /// The place in the list, from 1.
    pub place: i64,
    /// The part of the answer that is about nobody in particular, packed.
    pub head: Vec<u8>,
    /// The part about them, as it was sealed under their key.
    pub part: Vec<u8>,
}

#[derive(FromRow)]
struct RankedRow {
    id: Uuid,
    created_at: jiff_sqlx::Timestamp,
    created_by: Uuid,
    place: i64,
    head: Vec<u8>,
    sealed: Vec<u8>,
    key: Vec<u8>,
}

/// A page of the stored answers that list the person, newest first.
///
/// # Errors
/// When the database fails, or a part cannot be opened.
pub async fn ranked(
    tx: &mut Tx,
    staff: StaffId,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<RankedPart>, StorageError> {
    let rows: Vec<RankedRow> = sqlx::query_as(
        "SELECT r.id, r.created_at, r.created_by, p.place, r.head, \
         r.sealed[p.place::integer] AS sealed, k.key FROM recommendations AS r \
         CROSS JOIN LATERAL unnest(r.people) WITH ORDINALITY AS p (person, place) \
         JOIN person_keys AS k ON k.staff_id = p.person \
         WHERE r.people @> ARRAY[$1::uuid] AND p.person = $1 AND r.id < $2 \
         ORDER BY r.id DESC LIMIT $3",
    )
    .bind(staff.0)
    .bind(before.unwrap_or(Uuid::max()))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|row| {
            let cipher = audit::cipher_with(&row.key)?;
            Ok(RankedPart {
                part: audit::open_bytes(&cipher, row.id.as_bytes(), &row.sealed)?,
                id: row.id.into(),
                created_at: row.created_at.to_jiff(),
                asked_by: row.created_by.into(),
                place: row.place,
                head: row.head,
            })
        })
        .collect()
}

/// A fix as it is kept.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "the columns of the table, in its units")]
pub struct PingRecord {
    pub device_id: Uuid,
    pub key: Uuid,
    pub fix: jiff_sqlx::Timestamp,
    pub received: jiff_sqlx::Timestamp,
    sent: Option<jiff_sqlx::Timestamp>,
    pub lat: f64,
    pub lng: f64,
    pub accuracy_m: Option<f32>,
    pub altitude_m: Option<f32>,
    pub speed_mps: Option<f32>,
    pub course_deg: Option<f32>,
    pub battery: Option<f32>,
    pub charging: Option<bool>,
    pub motion: Option<String>,
    pub mock: bool,
    pub flags: i16,
    pub source: String,
}

impl PingRecord {
    /// When the phone sent it, if it said so.
    #[must_use]
    pub fn sent_at(&self) -> Option<Timestamp> {
        crate::convert::time(self.sent)
    }
}

/// The phones of a person, those revoked included.
///
/// # Errors
/// When the database fails.
pub async fn phones(tx: &mut Tx, staff: StaffId) -> Result<Vec<Uuid>, StorageError> {
    let phones = sqlx::query_scalar("SELECT id FROM devices WHERE staff_id = $1 ORDER BY id");
    Ok(phones.bind(staff.0).fetch_all(&mut **tx).await?)
}

/// The next day, in UTC, from `from` on, on which one of these phones has a fix.
///
/// # Errors
/// When the database fails.
pub async fn next_day(
    tx: &mut Tx,
    phones: &[Uuid],
    from: Timestamp,
) -> Result<Option<Date>, StorageError> {
    let at: Option<jiff_sqlx::Timestamp> = sqlx::query_scalar(
        "SELECT min(first.fix_at) FROM unnest($1::uuid[]) AS d (id) CROSS JOIN LATERAL \
         (SELECT p.fix_at FROM pings AS p WHERE p.organization_id = \
           NULLIF(current_setting('app.organization_id', true), '')::uuid \
           AND p.device_id = d.id AND p.fix_at >= $2 ORDER BY p.fix_at LIMIT 1) AS first",
    )
    .bind(phones)
    .bind(from.to_sqlx())
    .fetch_one(&mut **tx)
    .await?;
    Ok(at.map(|at| at.to_jiff().to_zoned(TimeZone::UTC).date()))
}

/// A page of the fixes of these phones from one instant on and before another, in order of time, after
/// the one that is given.
///
/// # Errors
/// When the database fails.
pub async fn pings(
    tx: &mut Tx,
    phones: &[Uuid],
    (from, to): (Timestamp, Timestamp),
    after: Option<&PingRecord>,
    limit: i64,
) -> Result<Vec<PingRecord>, StorageError> {
    let from = after.map_or(from, |last| last.fix.to_jiff());
    Ok(sqlx::query_as(
        "SELECT device_id, key, fix_at AS fix, received_at AS received, sent_at AS sent, \
         ST_Y(position) AS lat, ST_X(position) AS lng, accuracy_m, altitude_m, speed_mps, course_deg, battery, charging, \
         motion, mock, flags, source FROM pings WHERE organization_id = \
           NULLIF(current_setting('app.organization_id', true), '')::uuid \
         AND device_id = ANY($1) AND fix_at >= $2 AND fix_at < $3 \
         AND ($4::uuid IS NULL OR (fix_at, device_id, key) > ($2, $4, $5::uuid)) \
         ORDER BY fix_at, device_id, key LIMIT $6",
    )
    .bind(phones)
    .bind(from.to_sqlx())
    .bind(to.to_sqlx())
    .bind(after.map(|last| last.device_id))
    .bind(after.map(|last| last.key))
    .bind(limit)
    .fetch_all(&mut **tx)
    .await?)
}
