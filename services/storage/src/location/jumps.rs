//! What judging jumps reads and writes of the history: stored fixes around new ones, in one statement
//! for all devices of a batch, and flags that change. Decides nothing.

use super::ingest::{column, uuids};
use crate::{
    StorageError, Tx,
    convert::corrupt,
    instant::{Micros, Millis},
};
use nearhand_domain::{
    DeviceId, OrganizationId, Position, StaffId,
    jumps::{AFTER_MS, Around, COMPARED_MS, Flagged, TrackFix},
    ping::LIVE_ACCURACY_M,
};
use sqlx::FromRow;
use uuid::Uuid;

/// The most stored fixes that are read between the first and the last new one.
const MOST_BETWEEN: i64 = 50_000;

/// The new fixes of a device, from the first to the last, Unix milliseconds.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Tenant.
    pub organization: OrganizationId,
    /// Phone.
    pub device: DeviceId,
    /// Of the first new fix.
    pub first_ms: i64,
    /// Of the last new fix.
    pub last_ms: i64,
}

/// What is stored around new fixes, and whether it is all that matters.
#[derive(Debug, Default)]
pub struct Found {
    /// The fixes.
    pub around: Around,
    /// More fixes are stored in the span than are read at a time.
    pub too_many: bool,
}

#[derive(FromRow)]
struct Row {
    nth: i64,
    part: i32,
    fix_at: Micros,
    key: Uuid,
    lat: f64,
    lng: f64,
    accuracy_m: Option<f32>,
    received_at: Micros,
    flags: i16,
}

/// Fixes that are judged: those that may be live, and no mock ones. The same as `may_be_live`.
macro_rules! judged {
    ($from:literal, $order:literal) => {
        concat!(
            "SELECT p.fix_at, p.key, p.position, p.accuracy_m, p.received_at, p.flags FROM pings AS p \
             WHERE p.organization_id = r.organization_id AND p.device_id = r.device_id AND ",
            $from,
            " AND p.fix_at BETWEEN $6 AND $7 \
             AND p.flags & 1 = 0 AND NOT p.mock AND COALESCE(p.accuracy_m, 0) <= $5 ",
            $order
        )
    };
}

/// What is stored around each span: at most `most` fixes before it and as many after it.
///
/// # Errors
/// When the database fails or a stored position cannot be read.
pub async fn around(tx: &mut Tx, spans: &[Span], most: i64) -> Result<Vec<Found>, StorageError> {
    let mut found: Vec<Found> = spans.iter().map(|_| Found::default()).collect();
    let Some(first) = spans.iter().map(|span| span.first_ms).min() else { return Ok(found) };
    let last = spans.iter().map(|span| span.last_ms).max().unwrap_or(first);
    let rows: Vec<Row> = sqlx::query_as(concat!(
        "SELECT r.nth, f.part, f.fix_at, f.key, ST_Y(f.position) AS lat, ST_X(f.position) AS lng, \
         f.accuracy_m, f.received_at, f.flags \
         FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::timestamptz[]) \
           WITH ORDINALITY AS r (organization_id, device_id, first, last, nth) \
         CROSS JOIN LATERAL ( \
           (SELECT 0 AS part, b.* FROM (",
        judged!(
            "p.fix_at >= r.first - interval '24 hours' AND p.fix_at < r.first",
            "ORDER BY p.fix_at DESC LIMIT $8"
        ),
        ") AS b) UNION ALL (SELECT 1, m.* FROM (",
        judged!("p.fix_at >= r.first AND p.fix_at <= r.last", "ORDER BY p.fix_at LIMIT $9"),
        ") AS m) UNION ALL (SELECT 2, a.* FROM (",
        judged!(
            "p.fix_at > r.last AND p.fix_at <= r.last + interval '48 hours'",
            "ORDER BY p.fix_at LIMIT $8"
        ),
        ") AS a)) AS f ORDER BY r.nth, f.fix_at"
    ))
    .bind(uuids(spans.iter().map(|span| span.organization.0)))
    .bind(uuids(spans.iter().map(|span| span.device.0)))
    .bind(column(spans.iter(), |span| Millis(span.first_ms)))
    .bind(column(spans.iter(), |span| Millis(span.last_ms)))
    .bind(LIVE_ACCURACY_M)
    // Without these two, all partitions would be opened.
    .bind(Millis(first.saturating_sub(COMPARED_MS)))
    .bind(Millis(last.saturating_add(AFTER_MS)))
    .bind(most + 1)
    .bind(MOST_BETWEEN + 1)
    .fetch_all(&mut **tx)
    .await?;
    let (mut between, mut after) = (vec![0; spans.len()], vec![0; spans.len()]);
    for row in rows {
        let nth = usize::try_from(row.nth - 1).unwrap_or_default();
        let Some(Found { around, .. }) = found.get_mut(nth) else { continue };
        match row.part {
            0 => around.before.push(row.fix()?),
            part => {
                around.after.push(row.fix()?);
                let count = if part == 1 { &mut between } else { &mut after };
                count[nth] += 1;
            }
        }
    }
    for (nth, found) in found.iter_mut().enumerate() {
        let is_cut = |count: usize, most: i64| i64::try_from(count).is_ok_and(|n| n > most);
        found.around.before_cut = is_cut(found.around.before.len(), most);
        found.around.after_cut = is_cut(after[nth], most);
        found.too_many = is_cut(between[nth], MOST_BETWEEN);
    }
    Ok(found)
}

impl Row {
    fn fix(&self) -> Result<TrackFix, StorageError> {
        let position = Position::new(self.lat, self.lng)
            .map_err(|error| corrupt("position", error.to_string()))?;
        Ok(TrackFix {
            at_ms: self.fix_at.millis(),
            key: self.key,
            position,
            accuracy_m: self.accuracy_m,
            received_at_ms: self.received_at.millis(),
            flags: u8::try_from(self.flags).unwrap_or_default(),
        })
    }
}

/// Stored fixes whose marks change: whose they are, and what they become.
pub type Changed = (OrganizationId, DeviceId, Flagged);

/// Writes what became of stored fixes. Flags of others than jumps stay.
///
/// # Errors
/// When the database fails.
pub async fn flag(tx: &mut Tx, changed: &[Changed]) -> Result<(), StorageError> {
    let instants = || changed.iter().map(|(_, _, (at_ms, _, _))| *at_ms);
    let Some((first, last)) = instants().min().zip(instants().max()) else { return Ok(()) };
    sqlx::query(
        "UPDATE pings AS p SET flags = p.flags & 1 | r.flags \
         FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::smallint[]) \
           AS r (organization_id, device_id, fix_at, key, flags) \
         WHERE p.organization_id = r.organization_id AND p.device_id = r.device_id \
         AND p.fix_at = r.fix_at AND p.key = r.key AND p.fix_at BETWEEN $6 AND $7",
    )
    .bind(uuids(changed.iter().map(|(organization, _, _)| organization.0)))
    .bind(uuids(changed.iter().map(|(_, device, _)| device.0)))
    .bind(column(instants(), Millis))
    .bind(uuids(changed.iter().map(|(_, _, (_, key, _))| *key)))
    .bind(column(changed.iter(), |(_, _, (_, _, flags))| i16::from(*flags)))
    .bind(Millis(first))
    .bind(Millis(last))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Records that a newer fix of these devices waits, so that the next fix is not judged by the live
/// position alone.
///
/// # Errors
/// When the database fails.
pub async fn newer_waits(
    tx: &mut Tx,
    people: &[(OrganizationId, StaffId, DeviceId)],
) -> Result<(), StorageError> {
    if people.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE positions AS p SET is_newest = false \
         FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS r (organization_id, staff_id, device_id) \
         WHERE p.organization_id = r.organization_id AND p.staff_id = r.staff_id AND p.device_id = r.device_id AND p.is_newest",
    )
    .bind(uuids(people.iter().map(|(organization, ..)| organization.0)))
    .bind(uuids(people.iter().map(|(_, staff, _)| staff.0)))
    .bind(uuids(people.iter().map(|(_, _, device)| device.0)))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
