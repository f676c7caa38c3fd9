//! Everything the live index reads, as of one instant, in chunks.

use super::{
    OrganizationRow, RegionRow, organization_facts, region_facts,
    staff::{StaffRow, complete, select_staff},
    work,
};
use crate::{StorageError, Tx, ingest::position_fact};
use nearhand_domain::facts::Fact;
use sqlx::Row;
use uuid::Uuid;

/// A snapshot being read.
pub struct Snapshot {
    tx: Tx,
    next: Next,
}

/// What comes next, after the last identifier that was read. Organisations and regions come
/// before people, so that an index finds what people refer to.
#[derive(Clone, Copy)]
enum Next {
    Organizations(Uuid),
    Regions(Uuid),
    Staff(Uuid),
    Work(Uuid),
    Positions(Uuid, Uuid),
    End,
}

impl Snapshot {
    /// Fixes the instant. `tx` must not have read anything yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin(mut tx: Tx) -> Result<Self, StorageError> {
        sqlx::query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            .execute(&mut *tx)
            .await?;
        // Chunks are read as fast as the index is built of them, which may pause.
        sqlx::query("SET LOCAL idle_in_transaction_session_timeout = '2min'")
            .execute(&mut *tx)
            .await?;
        Ok(Self { tx, next: Next::Organizations(Uuid::nil()) })
    }

    /// The next chunk of about `limit` facts; `None` at the end.
    ///
    /// # Errors
    /// When the database fails or a stored value cannot be read.
    pub async fn next(&mut self, limit: u16) -> Result<Option<Vec<Fact>>, StorageError> {
        loop {
            let limit = i64::from(limit);
            let facts = match self.next {
                Next::Organizations(after) => self.organizations(after, limit).await?,
                Next::Regions(after) => self.regions(after, limit).await?,
                Next::Staff(after) => self.staff(after, limit).await?,
                Next::Work(after) => self.work(after, limit).await?,
                Next::Positions(organization, staff) => {
                    self.positions(organization, staff, limit).await?
                }
                Next::End => return Ok(None),
            };
            if !facts.is_empty() {
                return Ok(Some(facts));
            }
        }
    }

    /// Ends the transaction.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn finish(self) -> Result<(), StorageError> {
        self.tx.rollback().await
    }

    async fn organizations(&mut self, after: Uuid, limit: i64) -> Result<Vec<Fact>, StorageError> {
        let rows: Vec<OrganizationRow> = sqlx::query_as(
            "SELECT organization_id, version, time_zone, ST_Y(base), ST_X(base), mock_policy \
             FROM organizations WHERE organization_id > $1 ORDER BY organization_id LIMIT $2",
        )
        .bind(after)
        .bind(limit)
        .fetch_all(&mut *self.tx)
        .await?;
        self.next = rows.last().map_or(Next::Regions(Uuid::nil()), |r| Next::Organizations(r.0));
        rows.into_iter().map(|row| organization_facts(row).map(Fact::Organization)).collect()
    }

    /// Regions may be a megabyte each: few at a time.
    async fn regions(&mut self, after: Uuid, limit: i64) -> Result<Vec<Fact>, StorageError> {
        let rows: Vec<RegionRow> = sqlx::query_as(
            "SELECT organization_id, id, version, deleted_at IS NOT NULL, \
             ST_AsGeoJSON(area, 15, 0) FROM regions WHERE id > $1 ORDER BY id LIMIT $2",
        )
        .bind(after)
        .bind(limit.min(50))
        .fetch_all(&mut *self.tx)
        .await?;
        self.next = rows.last().map_or(Next::Staff(Uuid::nil()), |r| Next::Regions(r.1));
        rows.into_iter().map(|row| region_facts(row).map(Fact::Region)).collect()
    }

    async fn staff(&mut self, after: Uuid, limit: i64) -> Result<Vec<Fact>, StorageError> {
        let rows: Vec<StaffRow> =
            sqlx::query_as(select_staff!("WHERE s.id > $1 ORDER BY s.id LIMIT $2"))
                .bind(after)
                .bind(limit)
                .fetch_all(&mut *self.tx)
                .await?;
        self.next = rows.last().map_or(Next::Work(Uuid::nil()), |row| Next::Staff(row.id));
        let facts = complete(&mut self.tx, rows).await?;
        Ok(facts.into_iter().map(|facts| Fact::Staff(Box::new(facts))).collect())
    }

    /// One person's visits may be thousands: fewer people at a time.
    async fn work(&mut self, after: Uuid, limit: i64) -> Result<Vec<Fact>, StorageError> {
        let facts = work::page(&mut self.tx, after, limit.min(200)).await?;
        self.next = facts
            .last()
            .map_or(Next::Positions(Uuid::nil(), Uuid::nil()), |last| Next::Work(last.staff.0));
        Ok(facts.into_iter().map(|facts| Fact::Work(Box::new(facts))).collect())
    }

    async fn positions(
        &mut self,
        organization: Uuid,
        staff: Uuid,
        limit: i64,
    ) -> Result<Vec<Fact>, StorageError> {
        let rows = sqlx::query(
            "SELECT organization_id, staff_id, fix_at, ST_Y(position), ST_X(position), \
             accuracy_m, mock FROM positions WHERE (organization_id, staff_id) > ($1, $2) \
             ORDER BY organization_id, staff_id LIMIT $3",
        )
        .bind(organization)
        .bind(staff)
        .bind(limit)
        .fetch_all(&mut *self.tx)
        .await?;
        self.next = match rows.last() {
            Some(row) => Next::Positions(row.try_get(0)?, row.try_get(1)?),
            None => Next::End,
        };
        rows.iter().map(|row| position_fact(row).map(Fact::Position)).collect()
    }
}
