//! The links by which people answer offers from a mail.

use crate::{StorageError, Tx};
use nearhand_domain::{OfferId, StaffId, token::TokenHash};
use uuid::Uuid;

/// Whom a link belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferLink {
    /// The offer.
    pub offer: OfferId,
    /// The person who was asked.
    pub staff: StaffId,
}

/// Whose link this is; none where a later mail has another one.
///
/// # Errors
/// When the database fails.
pub async fn by_link(tx: &mut Tx, hash: TokenHash) -> Result<Option<OfferLink>, StorageError> {
    let found: Option<(Uuid, Uuid)> = sqlx::query_as(
        "SELECT p.offer_id, p.staff_id FROM offer_people AS p JOIN staff AS s \
         ON s.id = p.staff_id WHERE p.secret_hash = $1 AND s.active AND s.deleted_at IS NULL",
    )
    .bind(hash.0.as_slice())
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found.map(|(offer, staff)| OfferLink { offer: OfferId(offer), staff: StaffId(staff) }))
}
