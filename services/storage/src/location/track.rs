//! A person's history, as it is read back. Decides nothing.

use super::ingest::uuids;
use crate::{
    StorageError, Tx, convert,
    instant::{Micros, Millis},
};
use jiff::Timestamp;
use nearhand_domain::{
    DeviceId, OrganizationId, Position, StaffId,
    ping::{LIVE_ACCURACY_M, flags},
    track::HistoryFix,
};
use sqlx::FromRow;
use uuid::Uuid;

/// Fixes that say nothing of where somebody was.
const LEFT_OUT: i16 = (flags::CLOCK_AHEAD | flags::JUMP) as i16;

#[derive(FromRow)]
struct Row {
    device_id: Uuid,
    fix_at: Micros,
    lat: f64,
    lng: f64,
    accuracy_m: Option<f32>,
}

/// A person's fixes from the first instant up to but not including the second, Unix milliseconds, in
/// the order of their times; at most `most`. Jumps, mock fixes, those from a clock that ran ahead and
/// those wider than 1 km are left out.
///
/// # Errors
/// When the database fails or a stored position cannot be read.
pub async fn fixes(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    (from_ms, to_ms): (i64, i64),
    most: i64,
) -> Result<Vec<HistoryFix>, StorageError> {
    let devices: Vec<Uuid> = sqlx::query_scalar("SELECT id FROM devices WHERE staff_id = $1")
        .bind(staff.0)
        .fetch_all(&mut **tx)
        .await?;
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT device_id, fix_at, ST_Y(position) AS lat, ST_X(position) AS lng, accuracy_m \
         FROM pings WHERE organization_id = $1 AND device_id = ANY($2) AND staff_id = $3 \
         AND fix_at >= $4 AND fix_at < $5 AND flags & $6 = 0 AND NOT mock \
         AND COALESCE(accuracy_m, 0) <= $7 ORDER BY fix_at, device_id, key LIMIT $8",
    )
    .bind(organization.0)
    .bind(uuids(devices.into_iter()))
    .bind(staff.0)
    .bind(Millis(from_ms))
    .bind(Millis(to_ms))
    .bind(LEFT_OUT)
    .bind(LIVE_ACCURACY_M)
    .bind(most)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Row::fix).collect()
}

impl Row {
    fn fix(self) -> Result<HistoryFix, StorageError> {
        let position = Position::new(self.lat, self.lng)
            .map_err(|error| convert::corrupt("position", error.to_string()))?;
        Ok(HistoryFix {
            device: DeviceId(self.device_id),
            at_ms: self.fix_at.millis(),
            position,
            accuracy_m: self.accuracy_m,
        })
    }
}

/// When a ping of any device of a person was last committed, to the minute.
///
/// # Errors
/// When the database fails.
pub async fn last_seen(tx: &mut Tx, staff: StaffId) -> Result<Option<Timestamp>, StorageError> {
    let seen: Option<jiff_sqlx::Timestamp> =
        sqlx::query_scalar("SELECT max(last_seen_at) FROM devices WHERE staff_id = $1")
            .bind(staff.0)
            .fetch_one(&mut **tx)
            .await?;
    Ok(convert::time(seen))
}

/// The time zone of a person: their own, else that of the organisation.
///
/// # Errors
/// When the database fails.
pub async fn time_zone(tx: &mut Tx, staff: StaffId) -> Result<String, StorageError> {
    let zone = sqlx::query_scalar(
        "SELECT COALESCE(s.time_zone, o.time_zone) FROM staff AS s \
         JOIN organizations AS o ON o.organization_id = s.organization_id WHERE s.id = $1",
    );
    Ok(zone.bind(staff.0).fetch_one(&mut **tx).await?)
}
