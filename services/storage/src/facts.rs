//! Loading facts: of named entities for the relay, and of everything for a snapshot.
//!
//! The entity's own row is read first, what hangs on it afterwards. A change in between then
//! makes the content newer than its version, which the change's own outbox row mends; the other
//! way round would leave old content under a new version for good.

mod gates;
mod snapshot;
mod staff;
pub mod work;

pub use gates::{device_gate, gates};
pub use snapshot::Snapshot;
pub use staff::staff;

use crate::{StorageError, Tx, convert};
use nearhand_domain::{
    OrganizationId, RegionId,
    facts::{MockPolicy, OrganizationFacts, RegionFacts},
};
use uuid::Uuid;

/// The facts of these regions, deleted ones included; unknown ones are left out.
///
/// # Errors
/// When the database fails or a stored value cannot be read.
pub async fn regions(tx: &mut Tx, ids: &[RegionId]) -> Result<Vec<RegionFacts>, StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows: Vec<RegionRow> = sqlx::query_as(
        "SELECT organization_id, id, version, deleted_at IS NOT NULL, ST_AsGeoJSON(area, 15, 0) \
         FROM regions WHERE id = ANY($1)",
    )
    .bind(ids)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(region_facts).collect()
}

/// The facts of these organisations; unknown ones are left out.
///
/// # Errors
/// When the database fails or a stored value cannot be read.
pub async fn organizations(
    tx: &mut Tx,
    ids: &[OrganizationId],
) -> Result<Vec<OrganizationFacts>, StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows: Vec<OrganizationRow> = sqlx::query_as(
        "SELECT organization_id, version, time_zone, ST_Y(base), ST_X(base), mock_policy \
         FROM organizations WHERE organization_id = ANY($1)",
    )
    .bind(ids)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(organization_facts).collect()
}

type OrganizationRow = (Uuid, i64, String, Option<f64>, Option<f64>, String);

fn organization_facts(row: OrganizationRow) -> Result<OrganizationFacts, StorageError> {
    let (organization, version, time_zone, lat, lng, policy) = row;
    Ok(OrganizationFacts {
        organization: organization.into(),
        version,
        time_zone,
        base: convert::position(lat, lng)?,
        mock_policy: MockPolicy::parse(&policy)
            .ok_or_else(|| convert::corrupt("mock policy", "an unknown word"))?,
    })
}

type RegionRow = (Uuid, Uuid, i64, bool, Option<String>);

/// GeoJSON of 15 decimals gives every double back exactly.
fn region_facts(row: RegionRow) -> Result<RegionFacts, StorageError> {
    #[derive(serde::Deserialize)]
    struct MultiPolygon {
        coordinates: Vec<Vec<Vec<(f64, f64)>>>,
    }
    let (organization, region, version, deleted, area) = row;
    let polygons = match area.filter(|_| !deleted) {
        Some(text) => {
            serde_json::from_str::<MultiPolygon>(&text)
                .map_err(|_| convert::corrupt("region", "no multipolygon"))?
                .coordinates
        }
        None => Vec::new(),
    };
    Ok(RegionFacts {
        organization: organization.into(),
        region: region.into(),
        version,
        deleted,
        polygons,
    })
}
