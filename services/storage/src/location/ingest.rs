//! What ingest says to the database, in whole batches: one statement a table, columns as arrays.
//!
//! Decides nothing: which rows are written is planned before, from the gates read here.

use crate::{
    StorageError, Tx, convert,
    instant::{Micros, Millis},
};
use nearhand_domain::{
    DeviceId, OrganizationId, Position, StaffId,
    facts::{MockPolicy, PositionFact},
    jumps::TrackFix,
    ping::Ping,
};
use sqlx::{FromRow, Row};
use uuid::Uuid;

/// What of a person decides whether a cached gate still holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PersonVersion {
    /// Tenant.
    pub organization: OrganizationId,
    /// Person.
    pub staff: StaffId,
    /// Raised by every write to what the gate reads of the person.
    pub version: i64,
    /// Raised by every write to what the gate reads of the organisation.
    pub organization_version: i64,
    /// The organisation's word on mock fixes.
    pub mock_policy: MockPolicy,
    /// Raised by every change of the person's work; 0: there has never been any.
    pub work_version: i64,
    /// Faster than this is a jump, in metres a second.
    pub jump_limit_mps: i16,
    /// Nothing of this person is kept any more.
    pub deleted: bool,
    /// The live position, if it is the newest fix of its device that counts for jumps.
    pub newest: Option<(DeviceId, TrackFix)>,
}

/// A ping to be written, with what its batch says of it.
#[derive(Clone, Copy, Debug)]
pub struct PingRow<'a> {
    /// Tenant.
    pub organization: OrganizationId,
    /// Phone.
    pub device: DeviceId,
    /// Person.
    pub staff: StaffId,
    /// Unix milliseconds.
    pub received_at_ms: i64,
    /// What is stored as flags.
    pub flags: u8,
    /// The rest.
    pub ping: &'a Ping,
}

/// A fix that may become a live position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LiveRow {
    /// Phone.
    pub device: DeviceId,
    /// Unix milliseconds.
    pub received_at_ms: i64,
    /// Whether no newer fix of the device waits for others to agree with it.
    pub is_newest: bool,
    /// The position.
    pub fact: PositionFact,
}

impl PingRow<'_> {
    /// The live position that this fix is, once it has been written as one.
    #[must_use]
    pub fn position_fact(&self) -> PositionFact {
        PositionFact {
            organization: self.organization,
            staff: self.staff,
            fix_at_ms: self.ping.fix_at_ms,
            position: self.ping.position,
            accuracy_m: self.ping.accuracy_m,
            mock: self.ping.mock,
        }
    }

    /// The same, with what else is kept of a live position.
    #[must_use]
    pub fn live_row(&self) -> LiveRow {
        let (device, received_at_ms) = (self.device, self.received_at_ms);
        LiveRow { device, received_at_ms, is_newest: false, fact: self.position_fact() }
    }
}

/// The present versions of people and their organisations; unknown people are left out.
///
/// # Errors
/// When the database fails.
pub async fn versions(tx: &mut Tx, staff: &[StaffId]) -> Result<Vec<PersonVersion>, StorageError> {
    let rows: Vec<VersionRow> = sqlx::query_as(
        "SELECT s.organization_id, s.id, s.version, o.version AS organization_version, s.work_version, \
         o.mock_policy, o.jump_limit_mps, s.deleted_at IS NOT NULL AS deleted, \
         p.device_id, p.fix_at, ST_Y(p.position) AS lat, ST_X(p.position) AS lng, p.accuracy_m \
         FROM staff AS s JOIN organizations AS o ON o.organization_id = s.organization_id \
         LEFT JOIN positions AS p ON p.organization_id = s.organization_id AND p.staff_id = s.id \
         AND p.is_newest AND NOT p.mock WHERE s.id = ANY($1)",
    )
    .bind(uuids(staff.iter().map(|id| id.0)))
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(VersionRow::read).collect()
}

#[derive(FromRow)]
struct VersionRow {
    organization_id: Uuid,
    id: Uuid,
    version: i64,
    organization_version: i64,
    work_version: i64,
    mock_policy: String,
    jump_limit_mps: i16,
    deleted: bool,
    device_id: Option<Uuid>,
    fix_at: Option<Micros>,
    lat: Option<f64>,
    lng: Option<f64>,
    accuracy_m: Option<f32>,
}

impl VersionRow {
    fn read(self) -> Result<PersonVersion, StorageError> {
        let position = convert::position(self.lat, self.lng)?;
        let newest = self.device_id.zip(self.fix_at).zip(position);
        let newest = newest.map(|((device, fix_at), position)| {
            let fix = TrackFix {
                at_ms: fix_at.millis(),
                key: Uuid::max(),
                position,
                accuracy_m: self.accuracy_m,
                received_at_ms: 0,
                flags: 0,
            };
            (device.into(), fix)
        });
        Ok(PersonVersion {
            organization: self.organization_id.into(),
            staff: self.id.into(),
            version: self.version,
            organization_version: self.organization_version,
            mock_policy: MockPolicy::parse(&self.mock_policy)
                .ok_or_else(|| convert::corrupt("mock policy", "an unknown word"))?,
            work_version: self.work_version,
            jump_limit_mps: self.jump_limit_mps,
            deleted: self.deleted,
            newest,
        })
    }
}

/// Writes pings, their columns as arrays; `$end` closes the statement. The arrays are unnested in
/// the list of columns: in FROM, PostgreSQL would first put all rows aside.
macro_rules! insert_pings {
    ($end:literal) => {
        concat!(
            "INSERT INTO pings (organization_id, device_id, fix_at, key, staff_id, received_at, \
             sent_at, position, accuracy_m, altitude_m, speed_mps, course_deg, battery, charging, \
             motion, mock, flags, source) \
             SELECT r.organization_id, r.device_id, r.fix_at, r.key, r.staff_id, r.received_at, \
             r.sent_at, ST_SetSRID(ST_MakePoint(r.x, r.y), 4326), r.accuracy_m, r.altitude_m, \
             r.speed_mps, r.course_deg, r.battery, r.charging, r.motion, r.mock, r.flags, r.source \
             FROM (SELECT unnest($1::uuid[]) AS organization_id, unnest($2::uuid[]) AS device_id, \
             unnest($3::timestamptz[]) AS fix_at, unnest($4::uuid[]) AS key, \
             unnest($5::uuid[]) AS staff_id, unnest($6::timestamptz[]) AS received_at, \
             unnest($7::timestamptz[]) AS sent_at, unnest($8::float8[]) AS x, \
             unnest($9::float8[]) AS y, unnest($10::real[]) AS accuracy_m, \
             unnest($11::real[]) AS altitude_m, unnest($12::real[]) AS speed_mps, \
             unnest($13::real[]) AS course_deg, unnest($14::real[]) AS battery, \
             unnest($15::boolean[]) AS charging, unnest($16::text[]) AS motion, \
             unnest($17::boolean[]) AS mock, unnest($18::smallint[]) AS flags, \
             unnest($19::text[]) AS source) AS r",
            $end
        )
    };
}

/// Writes pings into the history; those that are there already stay as they are. Returns how
/// many were new.
///
/// # Errors
/// When the database fails or refuses a value.
pub async fn insert_pings(tx: &mut Tx, rows: &[PingRow<'_>]) -> Result<u64, StorageError> {
    write_pings(tx, insert_pings!(" ON CONFLICT DO NOTHING"), rows).await
}

/// Writes pings of which none is there yet, for half of what looking each up first costs.
///
/// # Errors
/// When the database fails or refuses a value; [`StorageError::Constraint`] when one is there.
pub async fn insert_new_pings(tx: &mut Tx, rows: &[PingRow<'_>]) -> Result<u64, StorageError> {
    write_pings(tx, insert_pings!(""), rows).await
}

async fn write_pings(
    tx: &mut Tx,
    statement: &'static str,
    rows: &[PingRow<'_>],
) -> Result<u64, StorageError> {
    if rows.is_empty() {
        return Ok(0);
    }
    let pings = || rows.iter().map(|row| row.ping);
    let done = sqlx::query(statement)
        .bind(uuids(rows.iter().map(|row| row.organization.0)))
        .bind(uuids(rows.iter().map(|row| row.device.0)))
        .bind(column(pings(), |ping| Millis(ping.fix_at_ms)))
        .bind(uuids(pings().map(|ping| ping.key)))
        .bind(uuids(rows.iter().map(|row| row.staff.0)))
        .bind(column(rows.iter(), |row| Millis(row.received_at_ms)))
        .bind(column(pings(), |ping| ping.sent_at_ms.map(Millis)))
        .bind(column(pings(), |ping| ping.position.xy().0))
        .bind(column(pings(), |ping| ping.position.xy().1))
        .bind(column(pings(), |ping| ping.accuracy_m))
        .bind(column(pings(), |ping| ping.altitude_m))
        .bind(column(pings(), |ping| ping.speed_mps))
        .bind(column(pings(), |ping| ping.course_deg))
        .bind(column(pings(), |ping| ping.battery))
        .bind(column(pings(), |ping| ping.charging))
        .bind(column(pings(), |ping| ping.motion.map(nearhand_domain::ping::Motion::as_str)))
        .bind(column(pings(), |ping| ping.mock))
        .bind(column(rows.iter(), |row| i16::from(row.flags)))
        .bind(column(pings(), |ping| ping.source.as_str()))
        .execute(&mut **tx)
        .await?;
    Ok(done.rows_affected())
}

/// Moves live positions on where these fixes have a higher rank; returns whose moved. At most one
/// row a person, in order of their identifiers, so that two statements never wait for each other.
/// The order is that of `ping::live_rank`, and then of devices.
///
/// # Errors
/// When the database fails, refuses a value, or a person comes twice.
pub async fn upsert_positions(tx: &mut Tx, rows: &[LiveRow]) -> Result<Vec<StaffId>, StorageError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let facts = || rows.iter().map(|row| row.fact);
    let moved: Vec<Uuid> = sqlx::query_scalar(
        "INSERT INTO positions AS p (organization_id, staff_id, device_id, fix_at, received_at, \
         position, accuracy_m, mock, is_newest) \
         SELECT r.organization_id, r.staff_id, r.device_id, r.fix_at, r.received_at, \
         ST_SetSRID(ST_MakePoint(r.x, r.y), 4326), r.accuracy_m, r.mock, r.is_newest \
         FROM (SELECT unnest($1::uuid[]) AS organization_id, unnest($2::uuid[]) AS staff_id, \
         unnest($3::uuid[]) AS device_id, unnest($4::timestamptz[]) AS fix_at, \
         unnest($5::timestamptz[]) AS received_at, unnest($6::float8[]) AS x, \
         unnest($7::float8[]) AS y, unnest($8::real[]) AS accuracy_m, \
         unnest($9::boolean[]) AS mock, unnest($10::boolean[]) AS is_newest) AS r \
         ON CONFLICT (organization_id, staff_id) DO UPDATE SET device_id = excluded.device_id, \
         fix_at = excluded.fix_at, received_at = excluded.received_at, \
         position = excluded.position, accuracy_m = excluded.accuracy_m, mock = excluded.mock, \
         is_newest = excluded.is_newest \
         WHERE excluded.fix_at > p.fix_at OR excluded.fix_at = p.fix_at AND \
         (-COALESCE(excluded.accuracy_m, 'Infinity'), NOT excluded.mock, ST_Y(excluded.position), \
         ST_X(excluded.position), excluded.device_id) > \
         (-COALESCE(p.accuracy_m, 'Infinity'), NOT p.mock, ST_Y(p.position), ST_X(p.position), \
         p.device_id) RETURNING p.staff_id",
    )
    .bind(uuids(facts().map(|fact| fact.organization.0)))
    .bind(uuids(facts().map(|fact| fact.staff.0)))
    .bind(uuids(rows.iter().map(|row| row.device.0)))
    .bind(column(facts(), |fact| Millis(fact.fix_at_ms)))
    .bind(column(rows.iter(), |row| Millis(row.received_at_ms)))
    .bind(column(facts(), |fact| fact.position.xy().0))
    .bind(column(facts(), |fact| fact.position.xy().1))
    .bind(column(facts(), |fact| fact.accuracy_m))
    .bind(column(facts(), |fact| fact.mock))
    .bind(column(rows.iter(), |row| row.is_newest))
    .fetch_all(&mut **tx)
    .await?;
    Ok(moved.into_iter().map(StaffId::from).collect())
}

/// The live positions of these people, as they stand now.
///
/// # Errors
/// When the database fails or a stored position cannot be read.
pub async fn live_positions(
    tx: &mut Tx,
    people: &[(OrganizationId, StaffId)],
) -> Result<Vec<PositionFact>, StorageError> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query(
        "SELECT p.organization_id, p.staff_id, p.fix_at, ST_Y(p.position), ST_X(p.position), \
         p.accuracy_m, p.mock FROM unnest($1::uuid[], $2::uuid[]) AS r (organization_id, staff_id) \
         JOIN positions AS p USING (organization_id, staff_id)",
    )
    .bind(uuids(people.iter().map(|(organization, _)| organization.0)))
    .bind(uuids(people.iter().map(|(_, staff)| staff.0)))
    .fetch_all(&mut **tx)
    .await?;
    rows.iter().map(position_fact).collect()
}

/// What is written of a phone that was heard from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeardFrom {
    /// Phone.
    pub device: DeviceId,
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// By how much its clock is ahead of ours; `None`: nothing new is known.
    pub clock_skew_s: Option<f64>,
}

/// Records that these phones were heard from, unless that was recorded within a minute before, and how
/// far their clocks are off.
///
/// # Errors
/// When the database fails.
pub async fn touch_devices(tx: &mut Tx, devices: &[HeardFrom]) -> Result<(), StorageError> {
    sqlx::query(
        "UPDATE devices AS d SET last_seen_at = r.at, \
         clock_skew_s = COALESCE(r.skew, d.clock_skew_s) \
         FROM unnest($1::uuid[], $2::timestamptz[], $3::float8[]) AS r (id, at, skew) \
         WHERE d.id = r.id \
         AND (d.last_seen_at IS NULL OR d.last_seen_at <= r.at - interval '1 minute')",
    )
    .bind(uuids(devices.iter().map(|heard| heard.device.0)))
    .bind(column(devices.iter(), |heard| Millis(heard.at_ms)))
    .bind(column(devices.iter(), |heard| heard.clock_skew_s))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Reads organisation, person, instant, latitude, longitude, accuracy and mock, in this order.
pub(crate) fn position_fact(row: &sqlx::postgres::PgRow) -> Result<PositionFact, StorageError> {
    let position = Position::new(row.try_get(3)?, row.try_get(4)?)
        .map_err(|error| convert::corrupt("position", error.to_string()))?;
    Ok(PositionFact {
        organization: row.try_get::<Uuid, _>(0)?.into(),
        staff: row.try_get::<Uuid, _>(1)?.into(),
        fix_at_ms: row.try_get::<Micros, _>(2)?.millis(),
        position,
        accuracy_m: row.try_get(5)?,
        mock: row.try_get(6)?,
    })
}

pub(super) fn uuids(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    ids.collect()
}

pub(super) fn column<I: Iterator, T>(rows: I, pick: impl FnMut(I::Item) -> T) -> Vec<T> {
    rows.map(pick).collect()
}
