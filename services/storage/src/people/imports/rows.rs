//! Rows of an import as people read them. Changes nothing.

use crate::{StorageError, Tx, convert, staff::push_scope};
use nearhand_domain::{
    ImportId, StaffId,
    access::PeopleScope,
    imports::{RowAction, RowError, RowOutcome},
};
use sqlx::{FromRow, Postgres, QueryBuilder, types::Json};
use uuid::Uuid;

/// A row as people see it.
#[derive(Clone, Debug, PartialEq)]
pub struct RowRecord {
    /// Where it is in the file.
    pub line: i32,
    /// What is to be done.
    pub action: RowAction,
    /// The person; of a new one, once there is one.
    pub staff: Option<StaffId>,
    /// What the person is to be called, else what they are called.
    pub name: Option<String>,
    /// The columns that differ.
    pub changed: Vec<String>,
    /// Everything that is wrong.
    pub errors: Vec<RowError>,
    /// What became of it.
    pub outcome: Option<RowOutcome>,
}

/// Which rows a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowFilter {
    /// Only those to be treated so.
    pub action: Option<RowAction>,
    /// Only those that ended so.
    pub outcome: Option<RowOutcome>,
    /// Only those with errors.
    pub faulty: bool,
}

#[derive(FromRow)]
struct StoredRow {
    line: i32,
    action: String,
    staff_id: Option<Uuid>,
    name: Option<String>,
    changed: Vec<String>,
    errors: Json<Vec<RowError>>,
    outcome: Option<String>,
}

/// A page of rows in the order of the file. People outside `scope` stay without a name, unless the
/// file still holds it.
///
/// # Errors
/// When the database fails.
pub async fn rows(
    tx: &mut Tx,
    id: ImportId,
    filter: RowFilter,
    scope: PeopleScope<'_>,
    after: Option<i32>,
    limit: i64,
) -> Result<Vec<RowRecord>, StorageError> {
    let mut query = QueryBuilder::<Postgres>::new(
        "SELECT r.line, r.action, r.staff_id, \
           COALESCE(r.record ->> 'display_name', s.display_name) AS name, \
           r.changed, r.errors, r.outcome FROM import_rows AS r \
         LEFT JOIN staff AS s ON s.id = r.staff_id AND s.deleted_at IS NULL",
    );
    push_scope(&mut query, scope);
    query.push(" WHERE r.import_id = ").push_bind(id.0);
    query.push(" AND r.line > ").push_bind(after.unwrap_or(0));
    if let Some(action) = filter.action {
        query.push(" AND r.action = ").push_bind(action.as_str());
    }
    if let Some(outcome) = filter.outcome {
        query.push(" AND r.outcome = ").push_bind(outcome.as_str());
    }
    if filter.faulty {
        query.push(" AND r.errors <> '[]'");
    }
    query.push(" ORDER BY r.line LIMIT ").push_bind(limit);
    let rows: Vec<StoredRow> = query.build_query_as().fetch_all(&mut **tx).await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

impl TryFrom<StoredRow> for RowRecord {
    type Error = StorageError;

    fn try_from(row: StoredRow) -> Result<Self, StorageError> {
        let unknown = || convert::corrupt("row of an import", "an unknown word");
        let outcome = row.outcome.map(|word| RowOutcome::parse(&word).ok_or_else(unknown));
        Ok(Self {
            line: row.line,
            action: RowAction::parse(&row.action).ok_or_else(unknown)?,
            staff: row.staff_id.map(StaffId),
            name: row.name,
            changed: row.changed,
            errors: row.errors.0,
            outcome: outcome.transpose()?,
        })
    }
}
