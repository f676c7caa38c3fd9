//! What hangs on a person: skills, licences, languages and working hours, replaced as a whole.

use super::StaffRecord;
use crate::{StorageError, Tx};
use jiff::civil::Date;
use nearhand_domain::{OrganizationId, StaffId, facts::LicenceFact, schedule::WeeklyShift};

/// Writes what differs from `before`, or everything.
///
/// # Errors
/// When the database fails.
pub(super) async fn write(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &StaffRecord,
    before: Option<&StaffRecord>,
) -> Result<(), StorageError> {
    let changed = |same: fn(&StaffRecord, &StaffRecord) -> bool| {
        before.is_none_or(|before| !same(before, record))
    };
    if changed(|a, b| a.skills == b.skills) {
        replace_skills(tx, organization, record).await?;
    }
    if changed(|a, b| a.licences == b.licences) {
        replace_licences(tx, organization, record).await?;
    }
    if changed(|a, b| a.languages == b.languages) {
        replace_languages(tx, organization, record).await?;
    }
    if changed(|a, b| a.working_hours == b.working_hours) {
        replace_hours(tx, organization, record).await?;
    }
    Ok(())
}

async fn clear(tx: &mut Tx, statement: &'static str, staff: StaffId) -> Result<(), StorageError> {
    sqlx::query(statement).bind(staff.0).execute(&mut **tx).await?;
    Ok(())
}

async fn replace_skills(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &StaffRecord,
) -> Result<(), StorageError> {
    clear(tx, "DELETE FROM staff_skills WHERE staff_id = $1", record.id).await?;
    let codes: Vec<&str> = record.skills.iter().map(|(code, _)| code.as_str()).collect();
    let levels: Vec<i16> = record.skills.iter().map(|(_, level)| i16::from(*level)).collect();
    sqlx::query(
        "INSERT INTO staff_skills (organization_id, staff_id, code, level) \
         SELECT $1, $2, * FROM unnest($3::text[], $4::smallint[])",
    )
    .bind(organization.0)
    .bind(record.id.0)
    .bind(codes)
    .bind(levels)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn replace_licences(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &StaffRecord,
) -> Result<(), StorageError> {
    clear(tx, "DELETE FROM staff_licences WHERE staff_id = $1", record.id).await?;
    let of = |pick: fn(&LicenceFact) -> &str| -> Vec<&str> {
        record.licences.iter().map(pick).collect()
    };
    let dates = |pick: fn(&LicenceFact) -> Option<Date>| -> Vec<Option<jiff_sqlx::Date>> {
        record.licences.iter().map(|l| pick(l).map(jiff_sqlx::ToSqlx::to_sqlx)).collect()
    };
    sqlx::query(
        "INSERT INTO staff_licences (organization_id, staff_id, ordinal, code, jurisdiction, \
         valid_from, valid_to) SELECT $1, $2, l.n, l.code, l.jurisdiction, l.valid_from, \
         l.valid_to FROM unnest($3::text[], $4::text[], $5::date[], $6::date[]) \
         WITH ORDINALITY AS l (code, jurisdiction, valid_from, valid_to, n)",
    )
    .bind(organization.0)
    .bind(record.id.0)
    .bind(of(|l| &l.code))
    .bind(of(|l| &l.jurisdiction))
    .bind(dates(|l| l.valid_from))
    .bind(dates(|l| l.valid_to))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn replace_languages(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &StaffRecord,
) -> Result<(), StorageError> {
    clear(tx, "DELETE FROM staff_languages WHERE staff_id = $1", record.id).await?;
    let tags: Vec<&str> = record.languages.iter().map(|(tag, _)| tag.as_str()).collect();
    let levels: Vec<&str> = record.languages.iter().map(|(_, level)| level.as_str()).collect();
    sqlx::query(
        "INSERT INTO staff_languages (organization_id, staff_id, language, level) \
         SELECT $1, $2, * FROM unnest($3::text[], $4::text[])",
    )
    .bind(organization.0)
    .bind(record.id.0)
    .bind(tags)
    .bind(levels)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

async fn replace_hours(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &StaffRecord,
) -> Result<(), StorageError> {
    clear(tx, "DELETE FROM staff_working_hours WHERE staff_id = $1", record.id).await?;
    let shifts = record.working_hours.as_deref().unwrap_or_default();
    let column = |pick: fn(&WeeklyShift) -> u16| -> Vec<i16> {
        shifts.iter().map(|shift| i16::try_from(pick(shift)).unwrap_or(i16::MAX)).collect()
    };
    sqlx::query(
        "INSERT INTO staff_working_hours (organization_id, staff_id, weekday, start_min, end_min) \
         SELECT $1, $2, * FROM unnest($3::smallint[], $4::smallint[], $5::smallint[])",
    )
    .bind(organization.0)
    .bind(record.id.0)
    .bind(column(|s| u16::from(s.weekday)))
    .bind(column(|s| s.start_min))
    .bind(column(|s| s.end_min))
    .execute(&mut **tx)
    .await?;
    Ok(())
}
