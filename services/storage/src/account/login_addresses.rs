//! From where each account logged in lately, as keyed hashes.

use crate::{StorageError, Tx};
use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use nearhand_domain::{OrganizationId, StaffId};

/// Most addresses remembered of a person; the latest stay.
const MAX_ADDRESSES: i64 = 100;

/// Whether a person logged in from an address since an instant.
///
/// # Errors
/// When the database fails.
pub async fn is_known(
    tx: &mut Tx,
    staff: StaffId,
    address: &[u8; 32],
    since: Timestamp,
) -> Result<bool, StorageError> {
    let known = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM login_addresses \
         WHERE staff_id = $1 AND address_hash = $2 AND seen_at >= $3)",
    );
    let known = known.bind(staff.0).bind(address.as_slice()).bind(since.to_sqlx());
    Ok(known.fetch_one(&mut **tx).await?)
}

/// Remembers an address of a person, and forgets those not seen since an instant.
///
/// # Errors
/// When the database fails.
pub async fn remember(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    address: &[u8; 32],
    (now, since): (Timestamp, Timestamp),
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO login_addresses (organization_id, staff_id, address_hash, seen_at) \
         VALUES ($1, $2, $3, $4) ON CONFLICT (staff_id, address_hash) \
         DO UPDATE SET seen_at = GREATEST(login_addresses.seen_at, excluded.seen_at)",
    )
    .bind(organization.0)
    .bind(staff.0)
    .bind(address.as_slice())
    .bind(now.to_sqlx())
    .execute(&mut **tx)
    .await?;
    sqlx::query(
        "DELETE FROM login_addresses WHERE staff_id = $1 AND (seen_at < $2 OR address_hash IN \
         (SELECT address_hash FROM login_addresses WHERE staff_id = $1 \
          ORDER BY seen_at DESC OFFSET $3))",
    )
    .bind(staff.0)
    .bind(since.to_sqlx())
    .bind(MAX_ADDRESSES)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
