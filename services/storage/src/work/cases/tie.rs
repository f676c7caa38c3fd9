//! What ties a person to a case: whose it is, and which cases their scopes reach. A list narrows by
//! the same conditions as one case is judged by. Must not decide what a tie allows.

use crate::{StorageError, Tx};
use nearhand_domain::{CaseId, DepartmentId, StaffId, access::CaseTie};
use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

/// Who looks at cases.
#[derive(Clone, Debug)]
pub struct CaseReader {
    /// The person, or the service account under the same kind of identifier.
    pub staff: StaffId,
    /// Their departments, where their view ends at them.
    pub departments: Option<Vec<DepartmentId>>,
    /// Whether they see only what is their own or shared with them.
    pub limited: bool,
}

/// What ties this reader to a case; nothing where there is no such case.
///
/// # Errors
/// When the database fails.
pub async fn tie(tx: &mut Tx, reader: &CaseReader, id: CaseId) -> Result<CaseTie, StorageError> {
    let mut query = QueryBuilder::<Postgres>::new("SELECT (");
    push_own(&mut query, reader);
    query.push("), (");
    push_in_scope(&mut query, reader);
    query.push("), (");
    push_shared(&mut query, reader);
    query.push(") FROM cases AS c WHERE c.id = ").push_bind(id.0);
    let found: Option<(bool, bool, bool)> =
        query.build_query_as().fetch_optional(&mut **tx).await?;
    Ok(match found {
        Some((true, ..)) => CaseTie::Own,
        // Scopes narrow; to those of limited reach they give nothing.
        Some((_, true, _)) if !reader.limited => CaseTie::InScope,
        Some((.., true)) => CaseTie::Shared,
        _ => CaseTie::None,
    })
}

/// The condition that the reader sees a case `c`.
pub(crate) fn push_seen(query: &mut QueryBuilder<Postgres>, reader: &CaseReader) {
    query.push(" AND (");
    push_own(query, reader);
    query.push(" OR ");
    push_shared(query, reader);
    if !reader.limited {
        query.push(" OR ");
        push_in_scope(query, reader);
    }
    query.push(")");
}

/// Made by them, or they hold or held it, or it is offered to them. The subqueries do not depend on
/// the case, so that each is run once for a list.
fn push_own(query: &mut QueryBuilder<Postgres>, reader: &CaseReader) {
    query.push("c.created_by = ").push_bind(reader.staff.0);
    query.push(" OR c.id IN (SELECT case_id FROM assignments WHERE staff_id = ");
    query.push_bind(reader.staff.0);
    query.push(
        ") OR c.id IN (SELECT o.case_id FROM offers AS o JOIN offer_people AS p \
         ON p.offer_id = o.id WHERE p.state IN ('asked', 'available') AND p.staff_id = ",
    );
    query.push_bind(reader.staff.0).push(")");
}

/// A person without queues reaches them all; a case without queue or department is in everybody's
/// scope.
fn push_in_scope(query: &mut QueryBuilder<Postgres>, reader: &CaseReader) {
    query.push("(c.queue_id IS NULL OR NOT EXISTS (SELECT FROM staff_queues WHERE staff_id = ");
    query.push_bind(reader.staff.0);
    query.push(") OR c.queue_id IN (SELECT queue_id FROM staff_queues WHERE staff_id = ");
    query.push_bind(reader.staff.0).push("))");
    if let Some(departments) = &reader.departments {
        let ids: Vec<Uuid> = departments.iter().map(|id| id.0).collect();
        query.push(" AND (c.department_id IS NULL OR c.department_id = ANY(");
        query.push_bind(ids).push("))");
    }
}

fn push_shared(query: &mut QueryBuilder<Postgres>, reader: &CaseReader) {
    query.push("COALESCE(c.group_id IN (SELECT group_id FROM staff_groups WHERE staff_id = ");
    query.push_bind(reader.staff.0).push("), false)");
}
