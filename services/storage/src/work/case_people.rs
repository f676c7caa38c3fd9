//! Who holds a case, who declined it, and whom its client wants or does not want. Must only read.

use crate::{AppPool, StorageError, Tx};
use nearhand_domain::{CaseId, ClientId, OrganizationId, StaffId};
use sqlx::FromRow;
use uuid::Uuid;

/// The people of a case. Each list is in the order of ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CasePeople {
    /// Whom it is done for.
    pub client: Option<ClientId>,
    /// Whether only people on the client's panel may do it.
    pub panel_required: bool,
    /// The client's panel.
    pub panel: Vec<StaffId>,
    /// People whom the client does not want.
    pub excluded: Vec<StaffId>,
    /// People who hold it or have done it.
    pub holders: Vec<StaffId>,
    /// People who declined an offer of it in words.
    pub decliners: Vec<StaffId>,
}

#[derive(FromRow)]
struct Row {
    client_id: Option<Uuid>,
    panel_required: bool,
    panel: Vec<Uuid>,
    excluded: Vec<Uuid>,
    holders: Vec<Uuid>,
    decliners: Vec<Uuid>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT c.client_id, COALESCE((SELECT panel_required FROM clients AS k \
               WHERE k.id = c.client_id), false) AS panel_required, \
             ARRAY(SELECT staff_id FROM client_staff AS s \
               WHERE s.client_id = c.client_id AND s.standing = 'panel' ORDER BY staff_id) \
               AS panel, \
             ARRAY(SELECT staff_id FROM client_staff AS s \
               WHERE s.client_id = c.client_id AND s.standing = 'excluded' ORDER BY staff_id) \
               AS excluded, \
             ARRAY(SELECT staff_id FROM assignments AS a \
               WHERE a.case_id = c.id AND a.state <> 'cancelled' ORDER BY staff_id) AS holders, \
             ARRAY(SELECT staff_id FROM case_declines AS d \
               WHERE d.case_id = c.id ORDER BY staff_id) AS decliners \
             FROM cases AS c ",
            $rest
        )
    };
}

/// The people of a case; `None` where there is no such case.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, case: CaseId) -> Result<Option<CasePeople>, StorageError> {
    let row: Option<Row> =
        sqlx::query_as(select!("WHERE c.id = $1")).bind(case.0).fetch_optional(&mut **tx).await?;
    Ok(row.map(CasePeople::from))
}

/// The same in one round trip, as [`crate::cases::look`] does it.
///
/// # Errors
/// When the database fails.
pub async fn look(
    pool: &AppPool,
    organization: OrganizationId,
    case: CaseId,
) -> Result<Option<CasePeople>, StorageError> {
    let row: Option<Row> = sqlx::query_as(concat!(
        "WITH bound AS MATERIALIZED (SELECT set_config('app.organization_id', $2::text, true) \
         AS organization_id) SELECT p.* FROM bound CROSS JOIN LATERAL (",
        select!("WHERE c.id = $1 AND c.organization_id = bound.organization_id::uuid OFFSET 0"),
        ") AS p"
    ))
    .bind(case.0)
    .bind(organization.0)
    .fetch_optional(pool.pool())
    .await?;
    Ok(row.map(CasePeople::from))
}

impl From<Row> for CasePeople {
    fn from(row: Row) -> Self {
        let people = |ids: Vec<Uuid>| ids.into_iter().map(StaffId).collect();
        Self {
            client: row.client_id.map(ClientId),
            panel_required: row.panel_required,
            panel: people(row.panel),
            excluded: people(row.excluded),
            holders: people(row.holders),
            decliners: people(row.decliners),
        }
    }
}
