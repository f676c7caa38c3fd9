//! People: read, listed, written, with their skills, licences, languages and working hours.

mod children;
mod names;

use crate::{
    Conflict, StorageError, Tx,
    announce::{Changed, announce},
    convert::{self, corrupt},
    error::OnConstraint,
};
use jiff::{Timestamp, civil::Date};
use nearhand_domain::{
    OrganizationId, Position, StaffId,
    access::{AccessLevel, AdminRole},
    facts::LicenceFact,
    keys::{DERIVED_BY, PersonTexts},
    preference::LanguageLevel,
    schedule::WeeklyShift,
};
use serde::Deserialize;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

/// A person as stored, with everything of theirs that one request may change.
#[derive(Clone, Debug, PartialEq)]
pub struct StaffRecord {
    /// Who.
    pub id: StaffId,
    /// Raised by every write; also the ETag.
    pub version: i64,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// What colleagues and customers see.
    pub display_name: String,
    /// A second login name.
    pub username: Option<String>,
    /// Login, unique among the people who are not deleted.
    pub email: Option<String>,
    /// `employee` or `external`.
    pub kind: String,
    /// May log in and be assigned.
    pub active: bool,
    /// How far permissions reach.
    pub access_level: AccessLevel,
    /// What permissions there are.
    pub admin_role: AdminRole,
    /// BCP 47, for mail.
    pub language: String,
    /// Code in invoices.
    pub account_code: Option<String>,
    /// Birth date.
    pub birth_date: Option<Date>,
    /// Where they start from when nothing else is known.
    pub home: Option<Position>,
    /// Zone of the working hours; the organisation's if none.
    pub time_zone: Option<String>,
    /// `None`: not recorded, always available.
    pub working_hours: Option<Vec<WeeklyShift>>,
    /// Own travel limit.
    pub max_travel_km: Option<f64>,
    /// Tracking only in working hours, widened by this.
    pub tracking_hours_margin_min: Option<i16>,
    /// Code and level, 1 to 5.
    pub skills: Vec<(String, u8)>,
    /// Licences held.
    pub licences: Vec<LicenceFact>,
    /// Language and level.
    pub languages: Vec<(String, LanguageLevel)>,
    /// Whether tracking is permitted at present.
    pub tracked: bool,
    /// Moves when all sessions must end.
    pub session_epoch: i32,
    /// When they were created.
    pub created_at: Timestamp,
}

impl StaffRecord {
    /// What keys and words are derived from.
    fn texts(&self) -> PersonTexts<'_> {
        PersonTexts {
            first_name: self.first_name.as_deref(),
            last_name: self.last_name.as_deref(),
            display_name: &self.display_name,
            username: self.username.as_deref(),
            email: self.email.as_deref(),
            account_code: self.account_code.as_deref(),
        }
    }
}

/// Which people a list shows.
#[derive(Clone, Debug, Default)]
pub struct StaffFilter {
    /// Only active or only inactive ones.
    pub active: Option<bool>,
    /// Only this role.
    pub admin_role: Option<AdminRole>,
    /// Only this access level.
    pub access_level: Option<AccessLevel>,
    /// Each begins a word of their names, logins or account code. Of `search_words`.
    pub words: Vec<String>,
    /// Whether words of e-mail addresses count.
    pub by_email: bool,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.version, s.first_name, s.last_name, s.display_name, s.username, \
             s.email, s.kind, s.active, s.access_level, s.admin_role, s.language, s.account_code, \
             s.birth_date, ST_Y(s.home) AS home_lat, ST_X(s.home) AS home_lng, s.time_zone, \
             s.has_working_hours, s.max_travel_km, s.tracking_hours_margin_min, s.session_epoch, \
             s.created_at, \
             (SELECT COALESCE(jsonb_agg(jsonb_build_array(code, level) ORDER BY code), '[]') \
                FROM staff_skills WHERE staff_id = s.id) AS skills, \
             (SELECT COALESCE(jsonb_agg(jsonb_build_object('code', code, 'jurisdiction', \
                jurisdiction, 'valid_from', valid_from, 'valid_to', valid_to) ORDER BY ordinal), '[]') \
                FROM staff_licences WHERE staff_id = s.id) AS licences, \
             (SELECT COALESCE(jsonb_agg(jsonb_build_array(language, level) ORDER BY language), '[]') \
                FROM staff_languages WHERE staff_id = s.id) AS languages, \
             (SELECT COALESCE(jsonb_agg(jsonb_build_object('weekday', weekday, 'start_min', \
                start_min, 'end_min', end_min) ORDER BY weekday, start_min), '[]') \
                FROM staff_working_hours WHERE staff_id = s.id) AS working_hours, \
             EXISTS (SELECT FROM tracking_permissions WHERE staff_id = s.id \
                AND withdrawn_at IS NULL) AS tracked \
             FROM staff AS s ",
            $rest
        )
    };
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    version: i64,
    first_name: Option<String>,
    last_name: Option<String>,
    display_name: String,
    username: Option<String>,
    email: Option<String>,
    kind: String,
    active: bool,
    access_level: String,
    admin_role: String,
    language: String,
    account_code: Option<String>,
    birth_date: Option<jiff_sqlx::Date>,
    home_lat: Option<f64>,
    home_lng: Option<f64>,
    time_zone: Option<String>,
    has_working_hours: bool,
    max_travel_km: Option<f64>,
    tracking_hours_margin_min: Option<i16>,
    session_epoch: i32,
    created_at: jiff_sqlx::Timestamp,
    skills: Json<Vec<(String, u8)>>,
    licences: Json<Vec<StoredLicence>>,
    languages: Json<Vec<(String, LanguageLevel)>>,
    working_hours: Json<Vec<WeeklyShift>>,
    tracked: bool,
}

#[derive(Deserialize)]
struct StoredLicence {
    code: String,
    jurisdiction: String,
    valid_from: Option<Date>,
    valid_to: Option<Date>,
}

impl Row {
    fn into_record(self) -> Result<StaffRecord, StorageError> {
        let licence = |l: StoredLicence| LicenceFact {
            code: l.code,
            jurisdiction: l.jurisdiction,
            valid_from: l.valid_from,
            valid_to: l.valid_to,
        };
        Ok(StaffRecord {
            id: StaffId(self.id),
            version: self.version,
            first_name: self.first_name,
            last_name: self.last_name,
            display_name: self.display_name,
            username: self.username,
            email: self.email,
            kind: self.kind,
            active: self.active,
            access_level: AccessLevel::parse(&self.access_level)
                .ok_or_else(|| corrupt("access level", "unknown word"))?,
            admin_role: AdminRole::parse(&self.admin_role)
                .ok_or_else(|| corrupt("role", "unknown word"))?,
            language: self.language,
            account_code: self.account_code,
            birth_date: self.birth_date.map(jiff_sqlx::Date::to_jiff),
            home: convert::position(self.home_lat, self.home_lng)?,
            time_zone: self.time_zone,
            working_hours: self.has_working_hours.then_some(self.working_hours.0),
            max_travel_km: self.max_travel_km,
            tracking_hours_margin_min: self.tracking_hours_margin_min,
            skills: self.skills.0,
            licences: self.licences.0.into_iter().map(licence).collect(),
            languages: self.languages.0,
            tracked: self.tracked,
            session_epoch: self.session_epoch,
            created_at: self.created_at.to_jiff(),
        })
    }
}

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

/// The same, locked until the transaction ends.
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

/// A page of people in order of creation.
///
/// # Errors
/// When the database fails.
pub async fn list(
    tx: &mut Tx,
    filter: &StaffFilter,
    after: Option<StaffId>,
    limit: i64,
) -> Result<Vec<StaffRecord>, StorageError> {
    // Two statements: a condition that may not count keeps a kept plan from using its index.
    const ANY_NAME: &str = select!(
        "WHERE s.deleted_at IS NULL AND s.id > $1 \
         AND ($2::boolean IS NULL OR s.active = $2) \
         AND ($3::text IS NULL OR s.admin_role = $3) \
         AND ($4::text IS NULL OR s.access_level = $4) \
         AND $6::text IS NULL AND $7::text[] = '{}' AND $8::boolean IS NOT NULL ORDER BY s.id LIMIT $5"
    );
    // The longest word leads to few people; each of them is held against the others.
    const BY_NAME: &str = select!(
        "WHERE s.deleted_at IS NULL AND s.id > $1 \
         AND ($2::boolean IS NULL OR s.active = $2) \
         AND ($3::text IS NULL OR s.admin_role = $3) \
         AND ($4::text IS NULL OR s.access_level = $4) \
         AND s.id IN (SELECT w.staff_id FROM staff_words AS w \
           WHERE w.word >= $6 AND w.word <= $6 || chr(1114111) AND (NOT w.personal OR $8)) \
         AND NOT EXISTS (SELECT FROM unnest($7::text[]) AS asked(word) WHERE NOT EXISTS \
           (SELECT FROM staff_words AS w WHERE w.staff_id = s.id \
            AND w.word >= asked.word AND w.word <= asked.word || chr(1114111) \
            AND (NOT w.personal OR $8))) \
         ORDER BY s.id LIMIT $5"
    );
    let longest = filter.words.iter().max_by_key(|word| word.len());
    let rows = sqlx::query_as::<_, Row>(if longest.is_some() { BY_NAME } else { ANY_NAME })
        .bind(after.map_or(Uuid::nil(), |id| id.0))
        .bind(filter.active)
        .bind(filter.admin_role.map(AdminRole::as_str))
        .bind(filter.access_level.map(AccessLevel::as_str))
        .bind(limit)
        .bind(longest)
        .bind(&filter.words)
        .bind(filter.by_email)
        .fetch_all(&mut **tx)
        .await?;
    rows.into_iter().map(Row::into_record).collect()
}

/// Writes a new person.
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
         tracking_hours_margin_min, email_key, username_key, derived_by, version) VALUES ($1, $2, \
         $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
         ST_SetSRID(ST_MakePoint($15, $16), 4326), $17, $18, $19, $20, $21, $22, $23, 1)";
    write_row(tx, statement, organization, record).await?;
    names::write(tx, organization, record, None).await?;
    children::write(tx, organization, record, None).await?;
    announce(tx, organization, Changed::Staff(record.id)).await
}

/// Writes a changed person back, children only where they differ; returns the new version.
///
/// # Errors
/// The [`Conflict`] of a unique value that is taken, or the database fails.
pub async fn update(
    tx: &mut Tx,
    organization: OrganizationId,
    before: &StaffRecord,
    after: &StaffRecord,
) -> Result<i64, StorageError> {
    let statement = "UPDATE staff SET first_name = $3, last_name = $4, display_name = $5, \
         username = $6, email = $7, kind = $8, active = $9, access_level = $10, admin_role = $11, \
         language = $12, account_code = $13, birth_date = $14, \
         home = ST_SetSRID(ST_MakePoint($15, $16), 4326), time_zone = $17, \
         has_working_hours = $18, max_travel_km = $19, tracking_hours_margin_min = $20, \
         email_key = CASE WHEN email IS NOT DISTINCT FROM $7 THEN email_key ELSE $21 END, \
         username_key = CASE WHEN username IS NOT DISTINCT FROM $6 THEN username_key ELSE $22 END, \
         derived_by = $23, version = version + 1 \
         WHERE organization_id = $1 AND id = $2";
    write_row(tx, statement, organization, after).await?;
    names::write(tx, organization, after, Some(before)).await?;
    children::write(tx, organization, after, Some(before)).await?;
    announce(tx, organization, Changed::Staff(after.id)).await?;
    Ok(before.version + 1)
}

/// Whether somebody else is an active account admin with a password of their own; a temporary one
/// does not count, since it dies.
///
/// Until the transaction ends nobody else gets an answer in this organisation: two account admins
/// cannot demote each other at once. Call it after people have been locked, never before, or two
/// transactions could wait for each other.
///
/// # Errors
/// When the database fails.
pub async fn other_account_admin(
    tx: &mut Tx,
    organization: OrganizationId,
    than: StaffId,
) -> Result<bool, StorageError> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .bind(format!("nearhand.account_admins:{organization}"))
        .execute(&mut **tx)
        .await?;
    let other = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM staff AS s JOIN credentials AS c ON c.staff_id = s.id \
         WHERE s.admin_role = 'account_admin' AND s.deleted_at IS NULL AND s.active \
         AND s.id <> $1 AND c.expires_at IS NULL)",
    );
    Ok(other.bind(than.0).fetch_one(&mut **tx).await?)
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
        .execute(&mut **tx)
        .await
        .on_constraint("staff_email_key", Conflict::EmailTaken)
        .on_constraint("staff_username_key", Conflict::UsernameTaken)
        .on_constraint("staff_account_code_key", Conflict::AccountCodeTaken)?;
    Ok(())
}
