//! Regions: named areas. Deleted ones stay as versioned records without an area, so that every
//! live index learns of it in any order. The one place where areas go into PostGIS and come out.

use crate::{
    Conflict, StorageError, Tx,
    announce::{Changed, announce},
    error::OnConstraint,
    preferences,
};
use jiff::Timestamp;
use nearhand_domain::{OrganizationId, RegionId, StaffId, region::RegionArea};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

/// Most positions of all the areas on one page of a list; the page ends early instead.
const PAGE_POSITIONS: i64 = 50_000;

/// A region as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionRecord {
    /// Which.
    pub id: RegionId,
    /// Raised by every write; also the ETag.
    pub version: i64,
    /// What people call it; unique in the organisation without regard to case.
    pub name: String,
    /// Its polygons.
    pub area: RegionArea,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The GeoJSON that PostGIS writes: `MultiPolygon` coordinates, longitude first.
#[derive(serde::Deserialize)]
struct StoredArea {
    coordinates: Vec<Vec<Vec<(f64, f64)>>>,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    name: String,
    area: Json<StoredArea>,
    created_at: jiff_sqlx::Timestamp,
}

#[derive(FromRow)]
struct PageRow {
    #[sqlx(flatten)]
    row: Row,
    /// How many regions there are from the first of the page on.
    following: i64,
}

impl From<Row> for RegionRecord {
    fn from(row: Row) -> Self {
        Self {
            id: RegionId(row.id),
            version: row.version,
            name: row.name,
            area: RegionArea::from_rings(&row.area.0.coordinates),
            created_at: row.created_at.to_jiff(),
        }
    }
}

/// Writes a new region.
///
/// # Errors
/// [`Conflict::NameTaken`], or the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    id: RegionId,
    name: &str,
    area: &RegionArea,
) -> Result<RegionRecord, StorageError> {
    let row: Row = sqlx::query_as(
        "INSERT INTO regions (organization_id, id, name, area) \
         VALUES ($1, $2, $3, ST_GeomFromGeoJSON($4)) \
         RETURNING id, version, name, ST_AsGeoJSON(area, 15)::json AS area, created_at",
    )
    .bind(organization.0)
    .bind(id.0)
    .bind(name)
    .bind(area.to_geojson().to_string())
    .fetch_one(&mut **tx)
    .await
    .on_constraint("regions_name_key", Conflict::NameTaken)?;
    announce(tx, organization, Changed::Region(id)).await?;
    Ok(row.into())
}

/// A region that is not deleted.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: RegionId) -> Result<Option<RegionRecord>, StorageError> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT id, version, name, ST_AsGeoJSON(area, 15)::json AS area, created_at \
         FROM regions WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(id.0)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(RegionRecord::from))
}

/// The same, held alone until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: RegionId) -> Result<Option<RegionRecord>, StorageError> {
    // First the lock, then the read: a waiter must see what the other wrote.
    sqlx::query("SELECT 1 FROM regions WHERE id = $1 FOR UPDATE")
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    get(tx, id).await
}

/// A page of regions in order of creation, and whether there are more. Large areas make it
/// shorter than `limit`, but never empty.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    after: Option<RegionId>,
    limit: i64,
) -> Result<(Vec<RegionRecord>, bool), StorageError> {
    let rows: Vec<PageRow> = sqlx::query_as(
        "SELECT id, version, name, ST_AsGeoJSON(area, 15)::json AS area, created_at, following \
         FROM (SELECT id, version, name, area, created_at, count(*) OVER () AS following, \
           sum(ST_NPoints(area)) OVER (ORDER BY id) AS positions, \
           row_number() OVER (ORDER BY id) AS place \
           FROM regions WHERE deleted_at IS NULL AND id > $1) AS page \
         WHERE place = 1 OR (place <= $2 AND positions <= $3) ORDER BY id",
    )
    .bind(after.map_or(Uuid::nil(), |id| id.0))
    .bind(limit)
    .bind(PAGE_POSITIONS)
    .fetch_all(&mut **tx)
    .await?;
    let shown = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let more = rows.first().is_some_and(|first| first.following > shown);
    Ok((rows.into_iter().map(|page| page.row.into()).collect(), more))
}

/// Changes a region's name, its area, or both.
///
/// # Errors
/// [`Conflict::NameTaken`], or the database fails.
pub async fn update(
    tx: &mut Tx,
    organization: OrganizationId,
    id: RegionId,
    name: Option<&str>,
    area: Option<&RegionArea>,
) -> Result<RegionRecord, StorageError> {
    let row: Row = sqlx::query_as(
        "UPDATE regions SET version = version + 1, name = COALESCE($2, name), \
         area = COALESCE(ST_GeomFromGeoJSON($3), area) WHERE id = $1 \
         RETURNING id, version, name, ST_AsGeoJSON(area, 15)::json AS area, created_at",
    )
    .bind(id.0)
    .bind(name)
    .bind(area.map(|area| area.to_geojson().to_string()))
    .fetch_one(&mut **tx)
    .await
    .on_constraint("regions_name_key", Conflict::NameTaken)?;
    announce(tx, organization, Changed::Region(id)).await?;
    Ok(row.into())
}

/// Deletes a region, which must be locked: its record stays with a higher version, everybody's
/// preference for it goes and their versions are raised. Returns who preferred it.
///
/// # Errors
/// When the database fails.
pub async fn delete(
    tx: &mut Tx,
    organization: OrganizationId,
    id: RegionId,
) -> Result<Vec<StaffId>, StorageError> {
    sqlx::query(
        "UPDATE regions SET version = version + 1, area = NULL, deleted_at = now() WHERE id = $1",
    )
    .bind(id.0)
    .execute(&mut **tx)
    .await?;
    announce(tx, organization, Changed::Region(id)).await?;
    let people: Vec<Uuid> =
        sqlx::query_scalar("SELECT staff_id FROM staff_regions WHERE region_id = $1")
            .bind(id.0)
            .fetch_all(&mut **tx)
            .await?;
    preferences::raise_all(tx, organization, &people).await?;
    sqlx::query("DELETE FROM staff_regions WHERE region_id = $1")
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    Ok(people.into_iter().map(StaffId).collect())
}

/// Which of these regions there are; those cannot be removed until the transaction ends. Call
/// before locking people, as removing a region does.
///
/// # Errors
/// When the database fails.
pub async fn hold(tx: &mut Tx, ids: &[RegionId]) -> Result<Vec<RegionId>, StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let found: Vec<Uuid> = sqlx::query_scalar(
        "SELECT id FROM regions WHERE id = ANY($1) AND deleted_at IS NULL \
         ORDER BY id FOR KEY SHARE",
    )
    .bind(ids)
    .fetch_all(&mut **tx)
    .await?;
    Ok(found.into_iter().map(RegionId).collect())
}
