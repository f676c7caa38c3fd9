//! What devices have sent lately, without any place: the material from which their troubles are
//! told. Decides nothing.

use crate::{StorageError, Tx, convert, instant::Micros, staff::push_scope};
use jiff::{SignedDuration, Timestamp};
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    DeviceId, StaffId,
    access::PeopleScope,
    device_health::{DeviceSigns, LOOKED_AT_S, MOST_FIXES, SeenFix},
    ping::flags,
};
use sqlx::{FromRow, Postgres, QueryBuilder};
use uuid::Uuid;

/// A device in use, and what it sent lately.
#[derive(Clone, Debug)]
pub struct WatchedDevice {
    /// Which.
    pub id: DeviceId,
    /// Whose.
    pub staff: StaffId,
    /// What people call it.
    pub name: String,
    /// When it was enrolled.
    pub created_at: Timestamp,
    /// When it was last heard, to the minute.
    pub last_seen_at: Option<Timestamp>,
    /// The same and its newest fixes, as the rules read them.
    pub signs: DeviceSigns,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    staff_id: Uuid,
    name: String,
    created_at: jiff_sqlx::Timestamp,
    last_seen_at: Option<jiff_sqlx::Timestamp>,
    fix_at: Vec<Micros>,
    accuracy_m: Vec<Option<f32>>,
    battery: Vec<Option<f32>>,
    charging: Vec<Option<bool>>,
    mock: Vec<bool>,
    flags: Vec<i16>,
}

/// A page of the devices in use of people in `scope`, or of one of them, in order of enrolment.
/// Reads at most [`MOST_FIXES`] pings a device, by their primary key.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    scope: PeopleScope<'_>,
    staff: Option<StaffId>,
    after: Option<DeviceId>,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<WatchedDevice>, StorageError> {
    let since = now.checked_sub(SignedDuration::from_secs(LOOKED_AT_S)).unwrap_or(Timestamp::MIN);
    let mut query = QueryBuilder::<Postgres>::new(
        "SELECT v.id, v.staff_id, v.name, v.created_at, v.last_seen_at, p.* FROM devices AS v \
         JOIN staff AS s ON s.organization_id = v.organization_id AND s.id = v.staff_id, \
         LATERAL (SELECT COALESCE(array_agg(fix_at), '{}') AS fix_at, \
           COALESCE(array_agg(accuracy_m), '{}') AS accuracy_m, \
           COALESCE(array_agg(battery), '{}') AS battery, \
           COALESCE(array_agg(charging), '{}') AS charging, \
           COALESCE(array_agg(mock), '{}') AS mock, COALESCE(array_agg(flags), '{}') AS flags \
           FROM (SELECT * FROM pings WHERE organization_id = v.organization_id \
             AND device_id = v.id AND fix_at > ",
    );
    query.push_bind(since.to_sqlx());
    query.push(" ORDER BY fix_at DESC LIMIT ");
    query.push_bind(i64::try_from(MOST_FIXES).unwrap_or(i64::MAX));
    query.push(
        ") AS newest) AS p WHERE v.revoked_at IS NULL AND s.active AND s.deleted_at IS NULL \
         AND v.id > ",
    );
    query.push_bind(after.map_or(Uuid::nil(), |id| id.0));
    push_scope(&mut query, scope);
    if let Some(staff) = staff {
        query.push(" AND v.staff_id = ").push_bind(staff.0);
    }
    query.push(" ORDER BY v.id LIMIT ").push_bind(limit);
    let rows: Vec<Row> = query.build_query_as().fetch_all(&mut **tx).await?;
    Ok(rows.into_iter().map(WatchedDevice::from).collect())
}

impl From<Row> for WatchedDevice {
    fn from(row: Row) -> Self {
        let (created_at, last_seen_at) =
            (row.created_at.to_jiff(), convert::time(row.last_seen_at));
        let fixes = row.fix_at.iter().enumerate().map(|(place, at)| SeenFix {
            at: at.second(),
            accuracy_m: row.accuracy_m.get(place).copied().flatten(),
            battery: row.battery.get(place).copied().flatten(),
            charging: row.charging.get(place).copied().flatten(),
            mock: row.mock.get(place).copied().unwrap_or_default(),
            ahead: row.flags.get(place).is_some_and(|set| set & i16::from(flags::CLOCK_AHEAD) != 0),
        });
        let signs = DeviceSigns {
            enrolled_at: created_at.as_second(),
            last_seen_at: last_seen_at.map(Timestamp::as_second),
            fixes: fixes.collect(),
        };
        Self {
            id: DeviceId(row.id),
            staff: StaffId(row.staff_id),
            name: row.name,
            created_at,
            last_seen_at,
            signs,
        }
    }
}
