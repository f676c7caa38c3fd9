//! Offers of cases: how people are asked, and what became of it. Decides nothing; `domain::offer`
//! does.
//!
//! An offer changes under the lock of its case and of everybody who has not answered yet; only
//! people who leave are taken out under their own lock alone ([`withdraw_people`]). So a reader who
//! has locked both sees the last word.

mod links;
mod list;
mod people;
mod record;
mod write;

pub use links::{OfferLink, by_link};
pub use list::{OfferFilter, list, list_own};
pub use people::{Reach, reach, remember_decline, withdraw_people};
pub use record::{OfferPerson, OfferRecord, OfferedCase};
pub use write::{insert, queue_step, requeue_late, save, schedule};

use crate::{StorageError, Tx};
use nearhand_domain::{CaseId, OfferId};
use record::{Row, select};
use uuid::Uuid;

/// An offer with everybody who was asked.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: OfferId) -> Result<Option<OfferRecord>, StorageError> {
    let row: Option<Row> =
        sqlx::query_as(select!("WHERE o.id = $1")).bind(id.0).fetch_optional(&mut **tx).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(record::complete(tx, vec![row]).await?.pop())
}

/// The offer of a case that has not ended. Exact under the case's lock.
///
/// # Errors
/// When the database fails.
pub async fn open_of(tx: &mut Tx, case: CaseId) -> Result<Option<OfferId>, StorageError> {
    let found: Option<Uuid> = sqlx::query_scalar(
        "SELECT id FROM offers WHERE case_id = $1 AND state IN ('open', 'deciding')",
    )
    .bind(case.0)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.map(OfferId))
}

/// The case of an offer.
///
/// # Errors
/// When the database fails.
pub async fn case_of(tx: &mut Tx, id: OfferId) -> Result<Option<CaseId>, StorageError> {
    let found: Option<Uuid> = sqlx::query_scalar("SELECT case_id FROM offers WHERE id = $1")
        .bind(id.0)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(found.map(CaseId))
}
