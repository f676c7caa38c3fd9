//! Lists of offers: those a scheduler sees, and those a person was asked in.

use super::record::{self, OfferRecord, Row, select};
use crate::{
    StorageError, Tx,
    cases::{CaseReader, push_seen},
};
use nearhand_domain::{CaseId, OfferId, StaffId};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

/// Which offers a list shows. What is `None` does not count.
#[derive(Clone, Debug, Default)]
pub struct OfferFilter {
    /// Only of cases that this reader sees.
    pub reader: Option<CaseReader>,
    /// Only of this case.
    pub case: Option<CaseId>,
    /// Only those that have not ended, or only those that have.
    pub open: Option<bool>,
}

/// A page of offers in order of creation.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    filter: &OfferFilter,
    after: Option<OfferId>,
    limit: i64,
) -> Result<Vec<OfferRecord>, StorageError> {
    let mut query = QueryBuilder::<Postgres>::new(select!("WHERE o.id > "));
    query.push_bind(after.map_or(Uuid::nil(), |id| id.0));
    if let Some(case) = filter.case {
        query.push(" AND o.case_id = ").push_bind(case.0);
    }
    push_open(&mut query, filter.open);
    if let Some(reader) = &filter.reader {
        push_seen(&mut query, reader);
    }
    page(tx, query, limit).await
}

/// A page of the offers in which a person was asked, in order of creation. `open`: only those that
/// wait for their answer or for being chosen, or only the others.
///
/// # Errors
/// When the database fails.
pub async fn list_own(
    tx: &mut Tx,
    staff: StaffId,
    open: Option<bool>,
    after: Option<OfferId>,
    limit: i64,
) -> Result<Vec<OfferRecord>, StorageError> {
    let mut query = QueryBuilder::<Postgres>::new(select!("WHERE o.id > "));
    query.push_bind(after.map_or(Uuid::nil(), |id| id.0));
    query.push(
        " AND o.id IN (SELECT offer_id FROM offer_people AS p WHERE p.state <> 'unreachable' \
         AND p.staff_id = ",
    );
    query.push_bind(staff.0);
    if let Some(open) = open {
        query.push(" AND (p.state IN ('asked', 'available')) = ").push_bind(open);
    }
    query.push(")");
    page(tx, query, limit).await
}

fn push_open(query: &mut QueryBuilder<Postgres>, open: Option<bool>) {
    if let Some(open) = open {
        query.push(" AND (o.state IN ('open', 'deciding')) = ").push_bind(open);
    }
}

async fn page(
    tx: &mut Tx,
    mut query: QueryBuilder<Postgres>,
    limit: i64,
) -> Result<Vec<OfferRecord>, StorageError> {
    query.push(" ORDER BY o.id LIMIT ").push_bind(limit);
    let rows = query.build_query_as::<Row>().fetch_all(&mut **tx).await?;
    record::complete(tx, rows).await
}
