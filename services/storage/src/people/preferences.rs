//! Whom people like to work for and where: their stated preferences for services and regions.
//!
//! Locks go in one order everywhere, or transactions would wait for each other in a ring:
//! services, regions, then people by id.

use crate::{StorageError, Tx, announce::announce_people, announce::raise_staff, convert::corrupt};
use nearhand_domain::{OrganizationId, RegionId, ServiceId, StaffId, preference::Preference};
use uuid::Uuid;

/// A person's stated preferences, by id. What is not listed is unstated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkPreferences {
    /// For services.
    pub services: Vec<(ServiceId, Preference)>,
    /// For regions.
    pub regions: Vec<(RegionId, Preference)>,
}

/// A person's preferences.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, staff: StaffId) -> Result<WorkPreferences, StorageError> {
    let services: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT service_id, preference FROM staff_services WHERE staff_id = $1 ORDER BY service_id",
    )
    .bind(staff.0)
    .fetch_all(&mut **tx)
    .await?;
    let regions: Vec<(Uuid, String)> = sqlx::query_as(
        "SELECT region_id, preference FROM staff_regions WHERE staff_id = $1 ORDER BY region_id",
    )
    .bind(staff.0)
    .fetch_all(&mut **tx)
    .await?;
    Ok(WorkPreferences { services: typed(services)?, regions: typed(regions)? })
}

/// Replaces a person's preferences and raises their version, which it returns. All services and
/// regions must be held (see `hold` of each) and the person locked.
///
/// # Errors
/// When the database fails.
pub async fn replace(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    preferences: &WorkPreferences,
) -> Result<i64, StorageError> {
    for statement in [
        "DELETE FROM staff_services WHERE staff_id = $1",
        "DELETE FROM staff_regions WHERE staff_id = $1",
    ] {
        sqlx::query(statement).bind(staff.0).execute(&mut **tx).await?;
    }
    let services = "INSERT INTO staff_services (organization_id, staff_id, service_id, preference) \
         SELECT $1, $2, * FROM unnest($3::uuid[], $4::text[])";
    let regions = "INSERT INTO staff_regions (organization_id, staff_id, region_id, preference) \
         SELECT $1, $2, * FROM unnest($3::uuid[], $4::text[])";
    let by_id = preferences.services.iter().map(|(id, level)| (id.0, *level)).unzip();
    insert(tx, services, organization, staff, by_id).await?;
    let by_id = preferences.regions.iter().map(|(id, level)| (id.0, *level)).unzip();
    insert(tx, regions, organization, staff, by_id).await?;
    raise_staff(tx, organization, staff).await
}

/// Raises and announces the versions of many people at once, locking them in order.
///
/// # Errors
/// When the database fails.
pub(crate) async fn raise_all(
    tx: &mut Tx,
    organization: OrganizationId,
    people: &[Uuid],
) -> Result<(), StorageError> {
    sqlx::query("SELECT 1 FROM staff WHERE id = ANY($1) ORDER BY id FOR UPDATE")
        .bind(people)
        .execute(&mut **tx)
        .await?;
    sqlx::query("UPDATE staff SET version = version + 1 WHERE id = ANY($1)")
        .bind(people)
        .execute(&mut **tx)
        .await?;
    announce_people(tx, organization, people).await
}

async fn insert(
    tx: &mut Tx,
    statement: &'static str,
    organization: OrganizationId,
    staff: StaffId,
    (ids, levels): (Vec<Uuid>, Vec<Preference>),
) -> Result<(), StorageError> {
    let levels: Vec<&str> = levels.into_iter().map(Preference::as_str).collect();
    sqlx::query(statement)
        .bind(organization.0)
        .bind(staff.0)
        .bind(ids)
        .bind(levels)
        .execute(&mut **tx)
        .await?;
    Ok(())
}

fn typed<T: From<Uuid>>(rows: Vec<(Uuid, String)>) -> Result<Vec<(T, Preference)>, StorageError> {
    let typed = |(id, word): (Uuid, String)| {
        let level =
            Preference::parse(&word).ok_or_else(|| corrupt("preference", "unknown word"))?;
        Ok((T::from(id), level))
    };
    rows.into_iter().map(typed).collect()
}
