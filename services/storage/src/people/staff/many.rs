//! Many people at a time, for imports: a few statements for hundreds of them instead of a dozen
//! for each.

use super::{
    read::{Row, select},
    record::StaffRecord,
};
use crate::{StorageError, Tx, convert, jobs};
use nearhand_domain::{
    OrganizationId, StaffId,
    address::{GeocodePrecision, GeocodeStatus, HomeSource},
    jobs::GeocodeJob,
    keys::DERIVED_BY,
};
use serde_json::{Value, json};
use sqlx::types::Json;
use uuid::Uuid;

/// These people, those who are not deleted, in the order of their ids.
///
/// # Errors
/// When the database fails.
pub async fn get_many(tx: &mut Tx, ids: &[StaffId]) -> Result<Vec<StaffRecord>, StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query_as::<_, Row>(select!(
        "WHERE s.id = ANY($1) AND s.deleted_at IS NULL ORDER BY s.id"
    ))
    .bind(ids)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Row::into_record).collect()
}

/// The same, locked until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn lock_many(tx: &mut Tx, ids: &[StaffId]) -> Result<Vec<StaffRecord>, StorageError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let locked: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    // First the locks, then the read: a waiter must see what the other wrote.
    sqlx::query("SELECT 1 FROM staff WHERE id = ANY($1) ORDER BY id FOR UPDATE")
        .bind(locked)
        .execute(&mut **tx)
        .await?;
    get_many(tx, ids).await
}

/// Who logs in or is billed by these: a pair of key and person for each that is somebody's.
///
/// # Errors
/// When the database fails.
pub async fn owners_of_logins(
    tx: &mut Tx,
    keys: &[String],
) -> Result<Vec<(String, StaffId)>, StorageError> {
    let rows: Vec<(String, Uuid)> = sqlx::query_as(
        "SELECT l.key, l.staff_id FROM login_names AS l JOIN staff AS s ON s.id = l.staff_id \
         WHERE l.key = ANY($1) AND s.deleted_at IS NULL",
    )
    .bind(keys)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|(key, id)| (key, StaffId(id))).collect())
}

/// Who has these account codes.
///
/// # Errors
/// When the database fails.
pub async fn owners_of_account_codes(
    tx: &mut Tx,
    codes: &[String],
) -> Result<Vec<(String, StaffId)>, StorageError> {
    let rows: Vec<(String, Uuid)> = sqlx::query_as(
        "SELECT account_code, id FROM staff WHERE account_code = ANY($1) AND deleted_at IS NULL",
    )
    .bind(codes)
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|(code, id)| (code, StaffId(id))).collect())
}

/// Which of these people have a password.
///
/// # Errors
/// When the database fails.
pub async fn with_password(tx: &mut Tx, ids: &[StaffId]) -> Result<Vec<StaffId>, StorageError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let found: Vec<Uuid> =
        sqlx::query_scalar("SELECT staff_id FROM credentials WHERE staff_id = ANY($1)")
            .bind(ids)
            .fetch_all(&mut **tx)
            .await?;
    Ok(found.into_iter().map(StaffId).collect())
}

/// Writes new people, with what hangs on them, announces them, and has their addresses looked for. The
/// cost is fifteen statements however many there are. When one of them cannot be written, none is, and the transaction can only
/// be rolled back, at least to a mark.
///
/// # Errors
/// A constraint by its name when a unique value is taken, or the database fails.
pub async fn insert_many(
    tx: &mut Tx,
    organization: OrganizationId,
    records: &[StaffRecord],
) -> Result<(), StorageError> {
    for (statement, rows) in [
        (STAFF, records.iter().map(staff_row).collect()),
        (LOGINS, flat(records, logins)),
        (WORDS, flat(records, words)),
        (SKILLS, flat(records, |r| r.skills.iter().map(|(c, l)| json!([c, l])).collect())),
        (LICENCES, flat(records, licences)),
        (LANGUAGES, flat(records, |r| r.languages.iter().map(|(t, l)| json!([t, l])).collect())),
        (HOURS, flat(records, hours)),
        (DEPARTMENTS, flat(records, departments)),
        (GROUPS, flat(records, |r| r.groups.iter().map(|id| json!([id])).collect())),
        (TAGS, flat(records, |r| r.tags.iter().map(|id| json!([id])).collect())),
        (QUEUES, flat(records, |r| r.queues.iter().map(|id| json!([id])).collect())),
        (ROLES, flat(records, |r| r.roles.iter().map(|id| json!([id])).collect())),
        (MODULES, flat(records, |r| r.modules.iter().map(|(m, l)| json!([m, l])).collect())),
        (OUTBOX, records.iter().map(|r| json!([r.id])).collect()),
    ] {
        let rows: Vec<Value> = rows;
        if !rows.is_empty() {
            sqlx::query(statement).bind(organization.0).bind(Json(rows)).execute(&mut **tx).await?;
        }
    }
    let sought = records.iter().filter(|r| r.geocode_status == Some(GeocodeStatus::Pending));
    let sought = sought.map(|r| GeocodeJob::new(organization, r.id.into(), r.address_version));
    jobs::enqueue_many(tx, &sought.collect::<Vec<_>>()).await
}

/// Rows of what hangs on people, each an array that begins with the person.
fn flat(records: &[StaffRecord], of: impl Fn(&StaffRecord) -> Vec<Value>) -> Vec<Value> {
    let mut rows = Vec::new();
    for record in records {
        for row in of(record) {
            let mut cells = vec![json!(record.id)];
            if let Value::Array(more) = row {
                cells.extend(more);
            }
            rows.push(Value::Array(cells));
        }
    }
    rows
}

const STAFF: &str = "INSERT INTO staff (organization_id, id, first_name, last_name, display_name, \
     username, email, kind, active, access_level, admin_role, language, account_code, birth_date, \
     home, time_zone, has_working_hours, max_travel_km, tracking_hours_margin_min, email_key, \
     username_key, derived_by, view_scope, edit_scope, signature, address, address_version, \
     geocode_status, geocode_precision, geocode_detail, home_source, version) \
     SELECT $1, id, first_name, last_name, display_name, username, email, kind, active, \
     access_level, admin_role, language, account_code, birth_date, \
     ST_SetSRID(ST_MakePoint(lng, lat), 4326), time_zone, has_working_hours, max_travel_km, \
     margin, email_key, username_key, derived_by, view_scope, edit_scope, signature, \
     NULLIF(address, 'null'), address_version, geocode_status, geocode_precision, \
     NULLIF(geocode_detail, 'null'), home_source, 1 \
     FROM jsonb_to_recordset($2) AS r (id uuid, first_name text, last_name text, \
     display_name text, username text, email text, kind text, active boolean, access_level text, \
     admin_role text, language text, account_code text, birth_date date, lng float8, lat float8, \
     time_zone text, has_working_hours boolean, max_travel_km float8, margin smallint, \
     email_key text, username_key text, derived_by smallint, view_scope text, edit_scope text, \
     signature text, address jsonb, address_version bigint, geocode_status text, \
     geocode_precision text, geocode_detail jsonb, home_source text)";

fn staff_row(record: &StaffRecord) -> Value {
    let (lng, lat) = convert::xy(record.home);
    let texts = record.texts();
    json!({
        "id": record.id, "first_name": record.first_name, "last_name": record.last_name,
        "display_name": record.display_name, "username": record.username, "email": record.email,
        "kind": record.kind, "active": record.active,
        "access_level": record.access_level.as_str(), "admin_role": record.admin_role.as_str(),
        "language": record.language, "account_code": record.account_code,
        "birth_date": record.birth_date, "lng": lng, "lat": lat, "time_zone": record.time_zone,
        "has_working_hours": record.working_hours.is_some(),
        "max_travel_km": record.max_travel_km, "margin": record.tracking_hours_margin_min,
        "email_key": texts.email_key(), "username_key": texts.username_key(),
        "derived_by": DERIVED_BY, "view_scope": record.view_scope.as_str(),
        "edit_scope": record.edit_scope.as_str(), "signature": record.signature,
        "address": record.address, "address_version": record.address_version,
        "geocode_status": record.geocode_status.map(GeocodeStatus::as_str),
        "geocode_precision": record.geocode_precision.map(GeocodePrecision::as_str),
        "geocode_detail": record.geocode_detail,
        "home_source": record.home_source.map(HomeSource::as_str),
    })
}

const LOGINS: &str = "INSERT INTO login_names (organization_id, staff_id, key) \
     SELECT $1, (r->>0)::uuid, r->>1 FROM jsonb_array_elements($2) AS r";

fn logins(record: &StaffRecord) -> Vec<Value> {
    let texts = record.texts();
    let (email, username) = (texts.email_key(), texts.username_key());
    // One's user name may be one's own e-mail address.
    let username = username.filter(|name| Some(name) != email.as_ref());
    email.into_iter().chain(username).map(|key| json!([key])).collect()
}

const WORDS: &str = "INSERT INTO staff_words (organization_id, staff_id, word, personal) \
     SELECT $1, (r->>0)::uuid, r->>1, (r->>2)::boolean FROM jsonb_array_elements($2) AS r";

fn words(record: &StaffRecord) -> Vec<Value> {
    record.texts().words().into_iter().map(|(word, personal)| json!([word, personal])).collect()
}

const SKILLS: &str = "INSERT INTO staff_skills (organization_id, staff_id, code, level) \
     SELECT $1, (r->>0)::uuid, r->>1, (r->>2)::smallint FROM jsonb_array_elements($2) AS r";

const LICENCES: &str = "INSERT INTO staff_licences (organization_id, staff_id, ordinal, code, \
     jurisdiction, valid_from, valid_to) SELECT $1, (r->>0)::uuid, (r->>1)::smallint, r->>2, \
     r->>3, (r->>4)::date, (r->>5)::date FROM jsonb_array_elements($2) AS r";

fn licences(record: &StaffRecord) -> Vec<Value> {
    let numbered = record.licences.iter().zip(1..);
    numbered
        .map(|(l, n): (_, u16)| json!([n, l.code, l.jurisdiction, l.valid_from, l.valid_to]))
        .collect()
}

const LANGUAGES: &str = "INSERT INTO staff_languages (organization_id, staff_id, language, level) \
     SELECT $1, (r->>0)::uuid, r->>1, r->>2 FROM jsonb_array_elements($2) AS r";

const HOURS: &str = "INSERT INTO staff_working_hours (organization_id, staff_id, weekday, \
     start_min, end_min) SELECT $1, (r->>0)::uuid, (r->>1)::smallint, (r->>2)::smallint, \
     (r->>3)::smallint FROM jsonb_array_elements($2) AS r";

fn hours(record: &StaffRecord) -> Vec<Value> {
    let shifts = record.working_hours.as_deref().unwrap_or_default();
    shifts.iter().map(|s| json!([s.weekday, s.start_min, s.end_min])).collect()
}

const DEPARTMENTS: &str = "INSERT INTO staff_departments (organization_id, staff_id, \
     department_id, is_primary) SELECT $1, (r->>0)::uuid, (r->>1)::uuid, (r->>2)::boolean \
     FROM jsonb_array_elements($2) AS r";

fn departments(record: &StaffRecord) -> Vec<Value> {
    let primary = record.primary_department;
    record.departments.iter().map(|id| json!([id, Some(*id) == primary])).collect()
}

const GROUPS: &str = "INSERT INTO staff_groups (organization_id, staff_id, group_id) \
     SELECT $1, (r->>0)::uuid, (r->>1)::uuid FROM jsonb_array_elements($2) AS r";
const TAGS: &str = "INSERT INTO staff_tags (organization_id, staff_id, tag_id) \
     SELECT $1, (r->>0)::uuid, (r->>1)::uuid FROM jsonb_array_elements($2) AS r";
const QUEUES: &str = "INSERT INTO staff_queues (organization_id, staff_id, queue_id) \
     SELECT $1, (r->>0)::uuid, (r->>1)::uuid FROM jsonb_array_elements($2) AS r";
const ROLES: &str = "INSERT INTO staff_roles (organization_id, staff_id, role_id) \
     SELECT $1, (r->>0)::uuid, (r->>1)::uuid FROM jsonb_array_elements($2) AS r";
const MODULES: &str = "INSERT INTO staff_modules (organization_id, staff_id, module, level) \
     SELECT $1, (r->>0)::uuid, r->>1, r->>2 FROM jsonb_array_elements($2) AS r";
const OUTBOX: &str = "INSERT INTO outbox (organization_id, kind, entity_id) \
     SELECT $1, 'staff', (r->>0)::uuid FROM jsonb_array_elements($2) AS r";
