//! People: read, listed, written, with everything that hangs on them.

mod among;
mod children;
mod deletion;
mod list;
mod many;
mod memberships;
mod names;
mod read;
mod record;

pub use among::{existing, in_any};
pub use deletion::{lock_any, release_work, remove, restore};
pub(crate) use list::push_scope;
pub use list::{Deleted, StaffFilter, StaffOrder, count, ids, list};
pub use many::{
    get_many, insert_many, lock_many, owners_of_account_codes, owners_of_logins, with_password,
};
pub(crate) use memberships::take_from_the_deleted;
pub use memberships::{MembershipKind, hold, inactive_departments, permissions_of};
pub use read::Access;
pub(crate) use read::{AccessRow, access_columns};
pub use record::{Difference, RESTORABLE, StaffRecord, changed};

use crate::{
    Conflict, StorageError, Tx,
    announce::{Changed, announce},
    convert,
    error::OnConstraint,
    jobs, offers,
};
use nearhand_domain::{
    OrganizationId, StaffId,
    address::{GeocodePrecision, GeocodeStatus, HomeSource},
    clock,
    keys::DERIVED_BY,
};
use read::{Row, select};
use sqlx::types::Json;
use uuid::Uuid;

/// Writes a person's own row, with the values that [`write_row`] binds.
const UPDATE: &str = "UPDATE staff SET first_name = $3, last_name = $4, display_name = $5, \
     username = $6, email = $7, kind = $8, active = $9, access_level = $10, admin_role = $11, \
     language = $12, account_code = $13, birth_date = $14, \
     home = ST_SetSRID(ST_MakePoint($15, $16), 4326), time_zone = $17, \
     has_working_hours = $18, max_travel_km = $19, tracking_hours_margin_min = $20, \
     email_key = CASE WHEN email IS NOT DISTINCT FROM $7 THEN email_key ELSE $21 END, \
     username_key = CASE WHEN username IS NOT DISTINCT FROM $6 THEN username_key ELSE $22 END, \
     derived_by = $23, view_scope = $24, edit_scope = $25, signature = $26, address = $27, \
     address_version = $28, geocode_status = $29, geocode_precision = $30, \
     geocode_detail = $31, home_source = $32, version = version + 1 \
     WHERE organization_id = $1 AND id = $2";

/// A person who is not deleted.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, id: StaffId) -> Result<Option<StaffRecord>, StorageError> {
    sqlx::query_as::<_, Row>(select!("WHERE s.id = $1 AND s.deleted_at IS NULL"))
        .bind(id.0)
        .fetch_optional(&mut **tx)
        .await?
        .map(Row::into_record)
        .transpose()
}

/// A person, deleted or not.
///
/// # Errors
/// When the database fails.
pub async fn get_any(tx: &mut Tx, id: StaffId) -> Result<Option<StaffRecord>, StorageError> {
    sqlx::query_as::<_, Row>(select!("WHERE s.id = $1"))
        .bind(id.0)
        .fetch_optional(&mut **tx)
        .await?
        .map(Row::into_record)
        .transpose()
}

/// A person who is not deleted, locked until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut Tx, id: StaffId) -> Result<Option<StaffRecord>, StorageError> {
    // First the lock, then the read: a waiter must see what the other wrote.
    sqlx::query("SELECT 1 FROM staff WHERE id = $1 FOR UPDATE")
        .bind(id.0)
        .execute(&mut **tx)
        .await?;
    get(tx, id).await
}

/// The people among these who are not deleted, by id, all locked until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock_all(tx: &mut Tx, ids: &[StaffId]) -> Result<Vec<StaffRecord>, StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    sqlx::query("SELECT 1 FROM staff WHERE id = ANY($1) ORDER BY id FOR UPDATE")
        .bind(&ids)
        .execute(&mut **tx)
        .await?;
    let rows = sqlx::query_as::<_, Row>(select!(
        "WHERE s.id = ANY($1) AND s.deleted_at IS NULL ORDER BY s.id"
    ));
    let rows = rows.bind(ids).fetch_all(&mut **tx).await?;
    rows.into_iter().map(Row::into_record).collect()
}

/// The version of a person, who must be locked.
///
/// # Errors
/// When there is no such person, or the database fails.
pub async fn version(tx: &mut Tx, id: StaffId) -> Result<i64, StorageError> {
    let version = sqlx::query_scalar("SELECT version FROM staff WHERE id = $1");
    Ok(version.bind(id.0).fetch_one(&mut **tx).await?)
}

/// A person by the key of their login, an e-mail address or a user name.
///
/// # Errors
/// When the database fails.
pub async fn find_login(tx: &mut Tx, key: &str) -> Result<Option<StaffRecord>, StorageError> {
    sqlx::query_as::<_, Row>(select!(
        "WHERE s.id = (SELECT staff_id FROM login_names WHERE key = $1) AND s.deleted_at IS NULL"
    ))
    .bind(key)
    .fetch_optional(&mut **tx)
    .await?
    .map(Row::into_record)
    .transpose()
}

/// Writes a new person. An address that is pending is queued to be looked for on the map.
///
/// # Errors
/// The [`Conflict`] of a unique value that is taken, or the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &StaffRecord,
) -> Result<(), StorageError> {
    let statement = "INSERT INTO staff (organization_id, id, first_name, last_name, display_name, \
         username, email, kind, active, access_level, admin_role, language, account_code, \
         birth_date, home, time_zone, has_working_hours, max_travel_km, \
         tracking_hours_margin_min, email_key, username_key, derived_by, view_scope, edit_scope, \
         signature, address, address_version, geocode_status, geocode_precision, geocode_detail, \
         home_source, version) VALUES ($1, $2, \
         $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
         ST_SetSRID(ST_MakePoint($15, $16), 4326), $17, $18, $19, $20, $21, $22, $23, $24, $25, \
         $26, $27, $28, $29, $30, $31, $32, 1)";
    write_row(tx, statement, organization, record).await?;
    names::write(tx, organization, record, None).await?;
    children::write(tx, organization, record, None).await?;
    memberships::write(tx, organization, record, None).await?;
    let versions = (record.address_version, None);
    jobs::look_for_address(tx, organization, record.id.into(), record.geocode_status, versions)
        .await?;
    announce(tx, organization, Changed::Staff(record.id)).await
}

/// Writes a changed person back, children only where they differ; returns the new version. An
/// address that has become pending is queued to be looked for on the map. Open offers are taken back
/// from somebody who is no longer active.
///
/// # Errors
/// The [`Conflict`] of a unique value that is taken, or the database fails.
pub async fn update(
    tx: &mut Tx,
    organization: OrganizationId,
    before: &StaffRecord,
    after: &StaffRecord,
) -> Result<i64, StorageError> {
    write_row(tx, UPDATE, organization, after).await?;
    names::write(tx, organization, after, Some(before)).await?;
    children::write(tx, organization, after, Some(before)).await?;
    memberships::write(tx, organization, after, Some(before)).await?;
    let versions = (after.address_version, Some(before.address_version));
    jobs::look_for_address(tx, organization, after.id.into(), after.geocode_status, versions)
        .await?;
    if before.active && !after.active {
        offers::withdraw_people(tx, organization, &[after.id], clock::now()).await?;
    }
    announce(tx, organization, Changed::Staff(after.id)).await?;
    Ok(before.version + 1)
}

/// Whether somebody else is an active account admin whose scopes reach everybody and who has a
/// password of their own; a temporary one does not count, since it dies.
///
/// Until the transaction ends nobody else gets an answer in this organisation: two account admins
/// cannot demote each other at once. Call it after people have been locked, never before, or two
/// transactions could wait for each other. Locking the rows of all admins instead would make two
/// edits wait for each other.
///
/// # Errors
/// When the database fails.
pub async fn other_account_admin(
    tx: &mut Tx,
    organization: OrganizationId,
    than: StaffId,
) -> Result<bool, StorageError> {
    account_admin_besides(tx, organization, &[than]).await
}

/// The same beyond several people.
///
/// # Errors
/// When the database fails.
pub async fn account_admin_besides(
    tx: &mut Tx,
    organization: OrganizationId,
    people: &[StaffId],
) -> Result<bool, StorageError> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(format!("nearhand.account_admins:{organization}"))
        .execute(&mut **tx)
        .await?;
    let other = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM staff AS s JOIN credentials AS c ON c.staff_id = s.id \
         WHERE s.admin_role = 'account_admin' AND s.deleted_at IS NULL AND s.active \
         AND s.view_scope = 'all' AND s.edit_scope = 'all' \
         AND s.id <> ALL($1) AND c.expires_at IS NULL)",
    );
    let people: Vec<Uuid> = people.iter().map(|id| id.0).collect();
    Ok(other.bind(people).fetch_one(&mut **tx).await?)
}

async fn write_row(
    tx: &mut Tx,
    statement: &'static str,
    organization: OrganizationId,
    record: &StaffRecord,
) -> Result<(), StorageError> {
    let (lng, lat) = convert::xy(record.home);
    let texts = record.texts();
    sqlx::query(statement)
        .bind(organization.0)
        .bind(record.id.0)
        .bind(&record.first_name)
        .bind(&record.last_name)
        .bind(&record.display_name)
        .bind(&record.username)
        .bind(&record.email)
        .bind(&record.kind)
        .bind(record.active)
        .bind(record.access_level.as_str())
        .bind(record.admin_role.as_str())
        .bind(&record.language)
        .bind(&record.account_code)
        .bind(record.birth_date.map(jiff_sqlx::ToSqlx::to_sqlx))
        .bind(lng)
        .bind(lat)
        .bind(&record.time_zone)
        .bind(record.working_hours.is_some())
        .bind(record.max_travel_km)
        .bind(record.tracking_hours_margin_min)
        .bind(texts.email_key())
        .bind(texts.username_key())
        .bind(DERIVED_BY)
        .bind(record.view_scope.as_str())
        .bind(record.edit_scope.as_str())
        .bind(&record.signature)
        .bind(record.address.as_ref().map(Json))
        .bind(record.address_version)
        .bind(record.geocode_status.map(GeocodeStatus::as_str))
        .bind(record.geocode_precision.map(GeocodePrecision::as_str))
        .bind(&record.geocode_detail)
        .bind(record.home_source.map(HomeSource::as_str))
        .execute(&mut **tx)
        .await
        .on_constraint("staff_email_key", Conflict::EmailTaken)
        .on_constraint("staff_username_key", Conflict::UsernameTaken)
        .on_constraint("staff_account_code_key", Conflict::AccountCodeTaken)?;
    Ok(())
}
