//! Organisations, and the installation's one setup.

use crate::{
    Conflict, StorageError, Tx,
    announce::{self, Shared},
    convert,
    error::OnConstraint,
};
use nearhand_domain::{
    OrganizationId, PolicyId, Position,
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
    /// Faster than this is a jump, in metres a second.
    pub jump_limit_mps: i16,
    /// BCP 47; the first is given to people whose language is not said. Never empty.
    pub languages: Vec<String>,
    /// Whether new people are sent a word of welcome.
    pub welcome_mail: bool,
    /// Tracking only in working hours, widened by this, of people without a margin of their own.
    pub tracking_hours_margin_min: Option<i16>,
    /// By what recommendations are ranked that name no policy; `None`: the built-in one.
    pub default_policy: Option<PolicyId>,
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
    macro_rules! select {
        ($rest:literal) => {
            concat!(
                "SELECT organization_id, version, name, slug, time_zone, ST_Y(base) AS lat, \
                 ST_X(base) AS lng, mock_policy, languages, welcome_mail, \
                 tracking_hours_margin_min, default_policy_id, jump_limit_mps \
                 FROM organizations ",
                $rest
            )
        };
    }
    let statement = if lock { select!("FOR UPDATE") } else { select!("") };
    let row: Row = sqlx::query_as(statement).fetch_one(&mut **tx).await?;
    Ok(OrganizationRecord {
        id: OrganizationId(row.organization_id),
        version: row.version,
        name: row.name,
        slug: row.slug,
        time_zone: row.time_zone,
        base: convert::position(row.lat, row.lng)?,
        mock_policy: MockPolicy::parse(&row.mock_policy)
            .ok_or_else(|| convert::corrupt("mock policy", "unknown word"))?,
        jump_limit_mps: row.jump_limit_mps,
        languages: row.languages,
        welcome_mail: row.welcome_mail,
        tracking_hours_margin_min: row.tracking_hours_margin_min,
        default_policy: row.default_policy_id.map(PolicyId),
    })
}

#[derive(sqlx::FromRow)]
struct Row {
    organization_id: uuid::Uuid,
    version: i64,
    name: String,
    slug: String,
    time_zone: String,
    lat: Option<f64>,
    lng: Option<f64>,
    mock_policy: String,
    languages: Vec<String>,
    welcome_mail: bool,
    tracking_hours_margin_min: Option<i16>,
    default_policy_id: Option<uuid::Uuid>,
    jump_limit_mps: i16,
}

/// The language of people whose language is not said.
///
/// # Errors
/// When the database fails.
pub async fn first_language(tx: &mut Tx) -> Result<String, StorageError> {
    let first = sqlx::query_scalar("SELECT languages[1] FROM organizations");
    Ok(first.fetch_one(&mut **tx).await?)
}

/// Writes an organisation back; returns its new version. A new time zone moves the hours of all who
/// have none of their own, a new margin those in which they are tracked, so their versions rise as
/// well.
///
/// # Errors
/// When the database fails.
pub async fn update(tx: &mut Tx, record: &OrganizationRecord) -> Result<i64, StorageError> {
    let (zone, margin): (String, Option<i16>) =
        sqlx::query_as("SELECT time_zone, tracking_hours_margin_min FROM organizations FOR UPDATE")
            .fetch_one(&mut **tx)
            .await?;
    let (lng, lat) = convert::xy(record.base);
    let version: i64 = sqlx::query_scalar(
        "UPDATE organizations SET version = version + 1, name = $1, time_zone = $2, \
         base = ST_SetSRID(ST_MakePoint($3, $4), 4326), mock_policy = $5, languages = $6, \
         welcome_mail = $7, tracking_hours_margin_min = $8, default_policy_id = $9, \
         jump_limit_mps = $10 \
         RETURNING version",
    )
    .bind(&record.name)
    .bind(&record.time_zone)
    .bind(lng)
    .bind(lat)
    .bind(record.mock_policy.as_str())
    .bind(&record.languages)
    .bind(record.welcome_mail)
    .bind(record.tracking_hours_margin_min)
    .bind(record.default_policy.map(|id| id.0))
    .bind(record.jump_limit_mps)
    .fetch_one(&mut **tx)
    .await?;
    announce::announce(tx, record.id, announce::Changed::Organization).await?;
    if zone != record.time_zone {
        announce::raise_all_who_share(tx, record.id, Shared::TimeZone).await?;
    }
    if margin != record.tracking_hours_margin_min {
        announce::raise_all_who_share(tx, record.id, Shared::HoursMargin).await?;
    }
    Ok(version)
}
