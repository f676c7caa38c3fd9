//! Cases: work to be done, and what it asks of a person. Reads one case; the folder beside it holds
//! the record, what is written, lists, and what ties people to a case. Must not write assignments.

mod list;
mod record;
mod tie;
mod write;

pub use list::{CaseBox, CaseFilter, list};
pub use record::{CaseRecord, CaseState, CaseStatus};
pub(crate) use tie::push_seen;
pub use tie::{CaseReader, tie};
pub use write::{insert, update};

use crate::{AppPool, StorageError, Tx};
use nearhand_domain::{CaseId, OrganizationId, Position, RegionId};
use record::{Row, select};
use uuid::Uuid;

/// A case.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: CaseId) -> Result<Option<CaseRecord>, StorageError> {
    sqlx::query_as::<_, Row>(select!("WHERE c.id = $1"))
        .bind(id.0)
        .fetch_optional(&mut **tx)
        .await?
        .map(Row::into_record)
        .transpose()
}

/// A case, in one round trip: recommendations wait for it. The statement itself binds its
/// transaction to the tenant, which must happen before the case is looked for: so the search
/// asks for what the binding returns, and the fence of `OFFSET 0` keeps it behind.
///
/// # Errors
/// When the database fails.
pub async fn look(
    pool: &AppPool,
    organization: OrganizationId,
    id: CaseId,
) -> Result<Option<CaseRecord>, StorageError> {
    sqlx::query_as::<_, Row>(concat!(
        "WITH bound AS MATERIALIZED (SELECT set_config('app.organization_id', $2::text, true) \
         AS organization_id) SELECT c.* FROM bound CROSS JOIN LATERAL (",
        select!("WHERE c.id = $1 AND c.organization_id = bound.organization_id::uuid OFFSET 0"),
        ") AS c"
    ))
    .bind(id.0)
    .bind(organization.0)
    .fetch_optional(pool.pool())
    .await?
    .map(Row::into_record)
    .transpose()
}

/// A case, locked until the transaction ends. Lock what it refers to before, and people after.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: CaseId) -> Result<Option<CaseRecord>, StorageError> {
    // First the lock, then the read: a waiter must see what the other wrote.
    sqlx::query("SELECT 1 FROM cases WHERE id = $1 FOR UPDATE")
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    get(tx, id).await
}

/// The regions that contain a position, boundary included, by id. The boxes are compared first:
/// only polygons that may contain the position are read whole.
///
/// # Errors
/// When the database fails.
pub async fn regions(tx: &mut Tx, position: Position) -> Result<Vec<RegionId>, StorageError> {
    let (lng, lat) = position.xy();
    let found: Vec<Uuid> = sqlx::query_scalar(
        "SELECT r.id FROM regions AS r, ST_SetSRID(ST_MakePoint($1, $2), 4326) AS place \
         WHERE r.deleted_at IS NULL AND r.area && place AND ST_Covers(r.area, place) \
         ORDER BY r.id",
    )
    .bind(lng)
    .bind(lat)
    .fetch_all(&mut **tx)
    .await?;
    Ok(found.into_iter().map(RegionId).collect())
}
