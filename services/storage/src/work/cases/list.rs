//! Lists of cases, a page at a time in order of creation, or the other way round. All filters are in
//! the statement, so that a page is full unless it is the last.

use super::{
    record::{CaseRecord, CaseState, CaseStatus, Row, select},
    tie::{CaseReader, push_seen},
};
use crate::{StorageError, Tx};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{CaseId, ClientId, DepartmentId, GroupId, QueueId, ServiceId};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

/// Which cases a list shows; what is `None` does not narrow it.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// Only what this reader sees.
    pub reader: Option<CaseReader>,
    /// Only those of this status.
    pub status: Option<CaseStatus>,
    /// Only those that have come so far.
    pub state: Option<CaseState>,
    /// Only those done for this client.
    pub client: Option<ClientId>,
    /// Only those of this queue.
    pub queue: Option<QueueId>,
    /// Only those of this group.
    pub group: Option<GroupId>,
    /// Only those of this department.
    pub department: Option<DepartmentId>,
    /// Only those that ask for this service.
    pub service: Option<ServiceId>,
    /// Only those that are urgent, or are not.
    pub urgent: Option<bool>,
    /// Only those that start then or later.
    pub from: Option<Timestamp>,
    /// Only those that start before.
    pub to: Option<Timestamp>,
    /// Only those whose number begins so, without regard to case.
    pub number_prefix: Option<String>,
    /// Only those with each of these in the title, or at the beginning of the number, without regard to
    /// case.
    pub words: Vec<String>,
    /// Only those that lie within.
    pub within: Option<CaseBox>,
    /// The latest first.
    pub newest_first: bool,
}

/// A box of degrees, edges included; with `west` above `east` it crosses the antimeridian.
#[derive(Clone, Copy, Debug)]
pub struct CaseBox {
    /// Lowest latitude.
    pub south: f64,
    /// Longitude of the left edge.
    pub west: f64,
    /// Highest latitude.
    pub north: f64,
    /// Longitude of the right edge.
    pub east: f64,
}

/// A page of cases in the order asked for.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    filter: &CaseFilter,
    after: Option<CaseId>,
    limit: i64,
) -> Result<Vec<CaseRecord>, StorageError> {
    let (select, begin, order) = if filter.newest_first {
        (select!("WHERE c.id < "), Uuid::max(), " ORDER BY c.id DESC LIMIT ")
    } else {
        (select!("WHERE c.id > "), Uuid::nil(), " ORDER BY c.id LIMIT ")
    };
    let mut query = QueryBuilder::<Postgres>::new(select);
    query.push_bind(after.map_or(begin, |id| id.0));
    narrow(&mut query, filter);
    if let Some(reader) = &filter.reader {
        push_seen(&mut query, reader);
    }
    if let Some(within) = filter.within {
        push_within(&mut query, within);
    }
    query.push(order).push_bind(limit);
    let rows = query.build_query_as::<Row>().fetch_all(&mut **tx).await?;
    rows.into_iter().map(Row::into_record).collect()
}

fn narrow(query: &mut QueryBuilder<Postgres>, filter: &CaseFilter) {
    if let Some(status) = filter.status {
        query.push(" AND c.status = ").push_bind(status.as_str());
    }
    if let Some(state) = filter.state {
        query.push(" AND w.state = ").push_bind(state.as_str());
    }
    for (column, id) in [
        ("c.client_id", filter.client.map(|id| id.0)),
        ("c.queue_id", filter.queue.map(|id| id.0)),
        ("c.group_id", filter.group.map(|id| id.0)),
        ("c.department_id", filter.department.map(|id| id.0)),
    ] {
        if let Some(id) = id {
            query.push(" AND ").push(column).push(" = ").push_bind(id);
        }
    }
    if let Some(service) = filter.service {
        query.push(
            " AND EXISTS (SELECT FROM case_services AS s WHERE s.case_id = c.id \
             AND s.service_id = ",
        );
        query.push_bind(service.0).push(")");
    }
    if let Some(urgent) = filter.urgent {
        query.push(" AND c.urgent = ").push_bind(urgent);
    }
    if let Some(from) = filter.from {
        query.push(" AND c.starts_at >= ").push_bind(from.to_sqlx());
    }
    if let Some(to) = filter.to {
        query.push(" AND c.starts_at < ").push_bind(to.to_sqlx());
    }
    if let Some(prefix) = &filter.number_prefix {
        query.push(" AND starts_with(lower(c.number), lower(").push_bind(prefix.clone());
        query.push("))");
    }
    for word in &filter.words {
        query.push(" AND (starts_with(lower(c.number), lower(").push_bind(word.clone());
        query.push(")) OR strpos(lower(c.title), lower(").push_bind(word.clone());
        query.push(")) > 0)");
    }
}

/// Compares numbers and no shapes: row security keeps spatial operators from using an index, and a
/// spatial index would not keep the order of pages. −180° and 180° are one meridian.
fn push_within(query: &mut QueryBuilder<Postgres>, within: CaseBox) {
    let CaseBox { south, west, north, east } = within;
    query.push(" AND ST_Y(c.position) BETWEEN ").push_bind(south);
    query.push(" AND ").push_bind(north);
    let (either, both) =
        if west <= east { (" AND ", west <= 180.0 && east >= 180.0) } else { (" OR ", true) };
    query.push(" AND ((ST_X(c.position) >= ").push_bind(west);
    query.push(either).push("ST_X(c.position) <= ").push_bind(east).push(")");
    if both {
        query.push(" OR ST_X(c.position) <= -180");
    }
    query.push(")");
}
