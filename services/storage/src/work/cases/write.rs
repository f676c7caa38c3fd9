//! How cases are written: new ones with their number, changed ones, and the search for an address.
//! Must not check that what a case refers to is there; hold it before.

use super::record::CaseRecord;
use crate::{
    Conflict, StorageError, Tx, arrivals, convert::xy, error::OnConstraint, facts, jobs, offers,
};
use jiff_sqlx::ToSqlx;
use nearhand_domain::{
    OrganizationId,
    address::{GeocodePrecision, GeocodeStatus, HomeSource},
};
use sqlx::types::Json;
use uuid::Uuid;

/// Writes a new case and returns its number: the one that it brings, or the next one of the counter
/// that is free. What it refers to must be held. An address that is pending is queued to be looked
/// for.
///
/// # Errors
/// [`Conflict::CaseNumberTaken`] by a number that it brings, or the database fails.
pub async fn insert(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &CaseRecord,
) -> Result<String, StorageError> {
    let number = if let Some(number) = &record.number {
        let given = insert_row(tx, organization, record, number).await?;
        if !given {
            return Err(StorageError::Conflict(Conflict::CaseNumberTaken));
        }
        number.clone()
    } else {
        insert_counted(tx, organization, record).await?
    };
    insert_services(tx, organization, record).await?;
    let versions = (record.address_version, None);
    jobs::look_for_address(tx, organization, record.id.into(), record.geocode_status, versions)
        .await?;
    Ok(number)
}

/// Writes a changed case back, which must be locked and what it refers to held; returns the new
/// version.
///
/// # Errors
/// [`Conflict::CaseNumberTaken`], or the database fails.
pub async fn update(
    tx: &mut Tx,
    organization: OrganizationId,
    before: &CaseRecord,
    after: &CaseRecord,
) -> Result<i64, StorageError> {
    let statement = "UPDATE cases SET version = version + 1, number = COALESCE($3, number), \
         title = $4, status = $5, slots = $6, client_id = $7, notes = $8, queue_id = $9, \
         group_id = $10, department_id = $11, \
         position = ST_SetSRID(ST_MakePoint($12, $13), 4326), position_source = $14, \
         address = $15, address_version = $16, geocode_status = $17, geocode_precision = $18, \
         geocode_detail = $19, starts_at = $20, duration_min = $21, urgent = $22, \
         requirements = $23, done_at = $24, cancelled_at = $25, arrival_radius_m = $26 \
         WHERE organization_id = $1 AND id = $2";
    row(statement, organization, after, after.number.as_deref())
        .execute(&mut **tx)
        .await
        .on_constraint("cases_number_key", Conflict::CaseNumberTaken)?;
    if before.services != after.services {
        sqlx::query("DELETE FROM case_services WHERE case_id = $1")
            .bind(after.id.0)
            .execute(&mut **tx)
            .await?;
        insert_services(tx, organization, after).await?;
    }
    let versions = (after.address_version, Some(before.address_version));
    jobs::look_for_address(tx, organization, after.id.into(), after.geocode_status, versions)
        .await?;
    let moved = before.position != after.position;
    if moved || before.client != after.client || before.arrival_radius_m != after.arrival_radius_m {
        // The facts of its holders have the first two, and ingest knows their sites.
        facts::work::touch_holders(tx, organization, after.id).await?;
    }
    if moved || before.arrival_radius_m != after.arrival_radius_m {
        arrivals::queue_checks_of(tx, organization, after.id).await?;
    }
    offers::queue_step(tx, organization, after.id).await?;
    Ok(before.version + 1)
}

/// Takes number after number of the counter until one is free: given numbers may lie ahead of it.
/// The counter stays locked until the commit, so that numbers have no gaps.
async fn insert_counted(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &CaseRecord,
) -> Result<String, StorageError> {
    loop {
        let next: i64 = sqlx::query_scalar(
            "INSERT INTO case_counters VALUES ($1, 1) ON CONFLICT (organization_id) \
             DO UPDATE SET last_number = case_counters.last_number + 1 RETURNING last_number",
        )
        .bind(organization.0)
        .fetch_one(&mut **tx)
        .await?;
        let number = next.to_string();
        if insert_row(tx, organization, record, &number).await? {
            return Ok(number);
        }
    }
}

/// Returns false where the number is taken. The conflict is found by the unique index, which no row
/// security keeps from being used.
async fn insert_row(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &CaseRecord,
    number: &str,
) -> Result<bool, StorageError> {
    let statement = "INSERT INTO cases (organization_id, id, number, title, status, slots, \
         client_id, notes, queue_id, group_id, department_id, position, position_source, address, \
         address_version, geocode_status, geocode_precision, geocode_detail, starts_at, \
         duration_min, urgent, requirements, done_at, cancelled_at, arrival_radius_m, created_by, \
         created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, \
         ST_SetSRID(ST_MakePoint($12, $13), 4326), $14, $15, $16, $17, $18, $19, $20, $21, $22, \
         $23, $24, $25, $26, $27, $28) ON CONFLICT (organization_id, lower(number)) DO NOTHING";
    let written = row(statement, organization, record, Some(number))
        .bind(record.created_by.0)
        .bind(record.created_at.to_sqlx())
        .execute(&mut **tx)
        .await?;
    Ok(written.rows_affected() > 0)
}

type Statement<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

fn row(
    statement: &'static str,
    organization: OrganizationId,
    record: &CaseRecord,
    number: Option<&str>,
) -> Statement<'static> {
    let (lng, lat) = xy(record.position);
    sqlx::query(statement)
        .bind(organization.0)
        .bind(record.id.0)
        .bind(number.map(str::to_owned))
        .bind(record.title.clone())
        .bind(record.status.as_str())
        .bind(record.slots)
        .bind(record.client.map(|id| id.0))
        .bind(record.notes.clone())
        .bind(record.queue.map(|id| id.0))
        .bind(record.group.map(|id| id.0))
        .bind(record.department.map(|id| id.0))
        .bind(lng)
        .bind(lat)
        .bind(record.position_source.map(HomeSource::as_str))
        .bind(record.address.clone().map(Json))
        .bind(record.address_version)
        .bind(record.geocode_status.map(GeocodeStatus::as_str))
        .bind(record.geocode_precision.map(GeocodePrecision::as_str))
        .bind(record.geocode_detail.clone())
        .bind(record.starts_at.map(ToSqlx::to_sqlx))
        .bind(record.duration_min)
        .bind(record.urgent)
        .bind(Json(record.requirements.clone()))
        .bind(record.done_at.map(ToSqlx::to_sqlx))
        .bind(record.cancelled_at.map(ToSqlx::to_sqlx))
        .bind(record.arrival_radius_m)
}

async fn insert_services(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &CaseRecord,
) -> Result<(), StorageError> {
    let services: Vec<Uuid> = record.services.iter().map(|id| id.0).collect();
    sqlx::query(
        "INSERT INTO case_services (organization_id, case_id, service_id) \
         SELECT $1, $2, * FROM unnest($3::uuid[])",
    )
    .bind(organization.0)
    .bind(record.id.0)
    .bind(services)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
