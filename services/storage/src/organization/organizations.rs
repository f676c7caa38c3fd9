//! Organisations, and the installation's one setup.

use crate::{Conflict, StorageError, Tx, announce, convert, error::OnConstraint};
use nearhand_domain::{
    OrganizationId, Position,
    facts::MockPolicy,
    text::{Slug, ZoneName},
    token::TokenHash,
};

/// An organisation as stored.
#[derive(Clone, Debug)]
pub struct OrganizationRecord {
    /// Tenant.
    pub id: OrganizationId,
    /// Raised by every write.
    pub version: i64,
    /// What people call it.
    pub name: String,
    /// What logins call it.
    pub slug: String,
    /// Where its days begin and end.
    pub time_zone: String,
    /// Where everyone without a home starts from.
    pub base: Option<Position>,
    /// How mock fixes count.
    pub mock_policy: MockPolicy,
}

/// What asking for the installation's setup came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// The caller has it, and holds it until the transaction ends.
    Granted,
    /// Somebody has done it already.
    Complete,
    /// The token is not the one.
    Refused,
}

/// Makes the installation's row if it is missing; returns the key that seals list cursors.
///
/// # Errors
/// When the database fails.
pub async fn ensure_installation(
    tx: &mut Tx,
    fresh_key: [u8; 32],
) -> Result<[u8; 32], StorageError> {
    let key: Vec<u8> = sqlx::query_scalar("SELECT ensure_installation($1)")
        .bind(fresh_key.as_slice())
        .fetch_one(&mut **tx)
        .await?;
    key.try_into().map_err(|_| convert::corrupt("cursor key", "is not 32 bytes"))
}

/// Whether setup has been done.
///
/// # Errors
/// When the database fails.
pub async fn setup_is_complete(tx: &mut Tx) -> Result<bool, StorageError> {
    Ok(sqlx::query_scalar("SELECT setup_is_complete()").fetch_one(&mut **tx).await?)
}

/// Records the bootstrap token's hash. Without `replace`, one recorded earlier stays. Says whether
/// the given one counts now.
///
/// # Errors
/// When the database fails.
pub async fn offer_bootstrap_token(
    tx: &mut Tx,
    hash: TokenHash,
    replace: bool,
) -> Result<bool, StorageError> {
    let counts: Option<bool> = sqlx::query_scalar("SELECT offer_bootstrap_token($1, $2)")
        .bind(hash.0.as_slice())
        .bind(replace)
        .fetch_one(&mut **tx)
        .await?;
    Ok(counts.unwrap_or(false))
}

/// Takes the setup: of two at once one waits for the other's transaction.
///
/// # Errors
/// When the database fails.
pub async fn take_setup(tx: &mut Tx, hash: TokenHash) -> Result<Setup, StorageError> {
    let word: String = sqlx::query_scalar("SELECT take_setup($1)")
        .bind(hash.0.as_slice())
        .fetch_one(&mut **tx)
        .await?;
    Ok(match word.as_str() {
        "granted" => Setup::Granted,
        "complete" => Setup::Complete,
        _ => Setup::Refused,
    })
}

/// The organisation a login means: by slug, or the only one there is.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, slug: Option<&str>) -> Result<Option<OrganizationId>, StorageError> {
    let id: Option<uuid::Uuid> =
        sqlx::query_scalar("SELECT find_organization($1)").bind(slug).fetch_one(&mut **tx).await?;
    Ok(id.map(OrganizationId))
}

/// Makes an organisation; the transaction must already be bound to it.
///
/// # Errors
/// [`Conflict::SlugTaken`], or the database fails.
pub async fn create(
    tx: &mut Tx,
    id: OrganizationId,
    name: &str,
    slug: &Slug,
    zone: &ZoneName,
) -> Result<(), StorageError> {
    sqlx::query("SELECT reserve_slug($1, $2)")
        .bind(slug.as_str())
        .bind(id.0)
        .execute(&mut **tx)
        .await
        .on_constraint("organization_slugs_pkey", Conflict::SlugTaken)?;
    sqlx::query(
        "INSERT INTO organizations (organization_id, name, slug, time_zone) VALUES ($1, $2, $3, $4)",
    )
    .bind(id.0)
    .bind(name)
    .bind(slug.as_str())
    .bind(zone.as_str())
    .execute(&mut **tx)
    .await?;
    announce::announce(tx, id, announce::Changed::Organization).await
}

/// The transaction's organisation, locked for a change if `lock`.
///
/// # Errors
/// When there is none, or the database fails.
pub async fn get(tx: &mut Tx, lock: bool) -> Result<OrganizationRecord, StorageError> {
    const READ: &str = "SELECT organization_id, version, name, slug, time_zone, ST_Y(base), ST_X(base), mock_policy FROM organizations";
    const LOCK: &str = "SELECT organization_id, version, name, slug, time_zone, ST_Y(base), ST_X(base), mock_policy FROM organizations FOR UPDATE";
    type Row = (uuid::Uuid, i64, String, String, String, Option<f64>, Option<f64>, String);
    let row: Row = sqlx::query_as(if lock { LOCK } else { READ }).fetch_one(&mut **tx).await?;
    Ok(OrganizationRecord {
        id: OrganizationId(row.0),
        version: row.1,
        name: row.2,
        slug: row.3,
        time_zone: row.4,
        base: convert::position(row.5, row.6)?,
        mock_policy: MockPolicy::parse(&row.7)
            .ok_or_else(|| convert::corrupt("mock policy", "unknown word"))?,
    })
}

/// Writes an organisation back; returns its new version. A new time zone moves the hours of all who
/// have none of their own, so their versions rise as well.
///
/// # Errors
/// When the database fails.
pub async fn update(tx: &mut Tx, record: &OrganizationRecord) -> Result<i64, StorageError> {
    let zone: String = sqlx::query_scalar("SELECT time_zone FROM organizations FOR UPDATE")
        .fetch_one(&mut **tx)
        .await?;
    let (lng, lat) = convert::xy(record.base);
    let version: i64 = sqlx::query_scalar(
        "UPDATE organizations SET version = version + 1, name = $1, time_zone = $2, \
         base = ST_SetSRID(ST_MakePoint($3, $4), 4326), mock_policy = $5 RETURNING version",
    )
    .bind(&record.name)
    .bind(&record.time_zone)
    .bind(lng)
    .bind(lat)
    .bind(record.mock_policy.as_str())
    .fetch_one(&mut **tx)
    .await?;
    announce::announce(tx, record.id, announce::Changed::Organization).await?;
    if zone != record.time_zone {
        announce::raise_all_in_zone_of(tx, record.id).await?;
    }
    Ok(version)
}
