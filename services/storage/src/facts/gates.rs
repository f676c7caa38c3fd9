//! People's privacy gates, each in one statement: ingest reads them by the hundred, and the API
//! one for every phone it does not know yet.

use super::staff::{StaffRow, bare, pause, permission, select_staff, shift};
use crate::{StorageError, Tx, instant::Micros};
use nearhand_domain::{DeviceId, StaffId, ping::PersonGate, token::TokenHash};
use sqlx::FromRow;
use uuid::Uuid;

/// What the gate reads beyond the person's own row, as arrays in one order each.
macro_rules! gate_columns {
    () => {
        "ARRAY(SELECT granted_at FROM tracking_permissions AS t \
           WHERE t.staff_id = s.id ORDER BY granted_at, t.id) AS granted_at, \
         ARRAY(SELECT COALESCE(withdrawn_at, 'infinity') FROM tracking_permissions AS t \
           WHERE t.staff_id = s.id ORDER BY granted_at, t.id) AS withdrawn_at, \
         ARRAY(SELECT starts_at FROM tracking_pauses AS t \
           WHERE t.staff_id = s.id ORDER BY starts_at, t.id) AS paused_from, \
         ARRAY(SELECT ends_at FROM tracking_pauses AS t \
           WHERE t.staff_id = s.id ORDER BY starts_at, t.id) AS paused_to, \
         ARRAY(SELECT weekday FROM staff_working_hours AS t \
           WHERE t.staff_id = s.id ORDER BY weekday, start_min) AS weekday, \
         ARRAY(SELECT start_min FROM staff_working_hours AS t \
           WHERE t.staff_id = s.id ORDER BY weekday, start_min) AS shift_from, \
         ARRAY(SELECT end_min FROM staff_working_hours AS t \
           WHERE t.staff_id = s.id ORDER BY weekday, start_min) AS shift_to"
    };
}

#[derive(FromRow)]
struct GateRow {
    #[sqlx(flatten)]
    staff: StaffRow,
    granted_at: Vec<Micros>,
    withdrawn_at: Vec<Micros>,
    paused_from: Vec<Micros>,
    paused_to: Vec<Micros>,
    weekday: Vec<i16>,
    shift_from: Vec<i16>,
    shift_to: Vec<i16>,
}

#[derive(FromRow)]
struct DeviceGateRow {
    device_id: Uuid,
    #[sqlx(flatten)]
    gate: GateRow,
}

/// The gates of these people; unknown ones are left out.
///
/// # Errors
/// When the database fails or a stored value cannot be read.
pub async fn gates(
    tx: &mut Tx,
    ids: &[StaffId],
) -> Result<Vec<(StaffId, PersonGate)>, StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let sql = select_staff!("WHERE s.id = ANY($1)", gate_columns!());
    let rows: Vec<GateRow> = sqlx::query_as(sql).bind(ids).fetch_all(&mut **tx).await?;
    rows.into_iter().map(gate).collect()
}

/// The phone a token belongs to, with its person and their gate; `None` when the token is unknown
/// or revoked, or the person is not active.
///
/// # Errors
/// When the database fails or a stored value cannot be read.
pub async fn device_gate(
    tx: &mut Tx,
    hash: TokenHash,
) -> Result<Option<(DeviceId, StaffId, PersonGate)>, StorageError> {
    let sql = select_staff!(
        "JOIN devices AS d ON d.organization_id = s.organization_id AND d.staff_id = s.id \
         WHERE d.token_hash = $1 AND d.revoked_at IS NULL AND s.active AND s.deleted_at IS NULL",
        gate_columns!(),
        "d.id AS device_id"
    );
    let row: Option<DeviceGateRow> =
        sqlx::query_as(sql).bind(hash.0.as_slice()).fetch_optional(&mut **tx).await?;
    row.map(|row| {
        let device = row.device_id.into();
        gate(row.gate).map(|(staff, gate)| (device, staff, gate))
    })
    .transpose()
}

fn gate(row: GateRow) -> Result<(StaffId, PersonGate), StorageError> {
    let mut facts = bare(row.staff)?;
    if !facts.deleted {
        let permissions = row.granted_at.into_iter().zip(row.withdrawn_at);
        facts.tracking.permissions = permissions.map(|(from, to)| permission(from, to)).collect();
        let pauses = row.paused_from.into_iter().zip(row.paused_to);
        facts.tracking.pauses = pauses.map(|(from, to)| pause(from, to)).collect();
    }
    if let Some(hours) = &mut facts.working_hours {
        let times = row.shift_from.into_iter().zip(row.shift_to);
        let shifts = row.weekday.into_iter().zip(times);
        hours.shifts =
            shifts.map(|(day, (from, to))| shift(day, from, to)).collect::<Result<_, _>>()?;
    }
    Ok((facts.staff, PersonGate::of(&facts)))
}
