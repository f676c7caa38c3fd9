//! How a person is read: one statement, with what hangs on them as arrays.

use super::record::StaffRecord;
use crate::{
    StorageError,
    convert::{self, corrupt},
};
use jiff::civil::Date;
use nearhand_domain::{
    DepartmentId, StaffId,
    access::{
        AccessLevel, AdminRole, EditScope, Module, ModuleLevel, PermissionSet, Rights, ViewScope,
        granted,
    },
    address::{Address, GeocodePrecision, GeocodeStatus, HomeSource},
    facts::LicenceFact,
    preference::LanguageLevel,
    schedule::WeeklyShift,
};
use serde::Deserialize;
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

/// A statement that reads [`Row`]s of `staff AS s`.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.version, s.first_name, s.last_name, s.display_name, s.username, \
             s.email, s.kind, s.active, s.access_level, s.admin_role, s.view_scope, s.edit_scope, \
             s.language, s.account_code, s.birth_date, s.signature, s.address, s.address_version, \
             s.geocode_status, s.geocode_precision, s.geocode_detail, s.home_source, s.photo, \
             ST_Y(s.home) AS home_lat, ST_X(s.home) AS home_lng, s.time_zone, \
             s.has_working_hours, s.max_travel_km, s.tracking_hours_margin_min, s.session_epoch, \
             s.created_at, s.deleted_at, \
             ARRAY(SELECT role_id FROM staff_roles WHERE staff_id = s.id ORDER BY 1) AS roles, \
             ARRAY(SELECT DISTINCT unnest(r.permissions) FROM staff_roles AS m \
                JOIN roles AS r ON r.id = m.role_id WHERE m.staff_id = s.id) AS role_permissions, \
             (SELECT COALESCE(jsonb_agg(jsonb_build_array(module, level)), '[]') \
                FROM staff_modules WHERE staff_id = s.id) AS modules, \
             ARRAY(SELECT department_id FROM staff_departments WHERE staff_id = s.id ORDER BY 1) \
                AS departments, \
             (SELECT department_id FROM staff_departments WHERE staff_id = s.id AND is_primary) \
                AS primary_department, \
             ARRAY(SELECT group_id FROM staff_groups WHERE staff_id = s.id ORDER BY 1) AS groups, \
             ARRAY(SELECT tag_id FROM staff_tags WHERE staff_id = s.id ORDER BY 1) AS tags, \
             ARRAY(SELECT queue_id FROM staff_queues WHERE staff_id = s.id ORDER BY 1) AS queues, \
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
                AND withdrawn_at IS NULL) AS tracked, \
             (SELECT CASE WHEN accepted_at IS NOT NULL THEN 'accepted' \
                WHEN revoked_at IS NOT NULL THEN 'revoked' \
                WHEN expires_at <= now() THEN 'expired' ELSE 'pending' END \
                FROM invitations WHERE staff_id = s.id ORDER BY id DESC LIMIT 1) AS invitation, \
             (SELECT (SELECT m.state FROM mails AS m WHERE m.subject_id = i.id \
                ORDER BY m.id DESC LIMIT 1) FROM invitations AS i WHERE i.staff_id = s.id \
                ORDER BY i.id DESC LIMIT 1) AS invitation_mail \
             FROM staff AS s ",
            $rest
        )
    };
}
pub(super) use select;

/// A row of `select!`.
#[derive(FromRow)]
pub(super) struct Row {
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
    view_scope: String,
    edit_scope: String,
    language: String,
    account_code: Option<String>,
    birth_date: Option<jiff_sqlx::Date>,
    signature: Option<String>,
    address: Option<Json<Address>>,
    address_version: i64,
    geocode_status: Option<String>,
    geocode_precision: Option<String>,
    geocode_detail: Option<serde_json::Value>,
    home_source: Option<String>,
    photo: Option<Uuid>,
    home_lat: Option<f64>,
    home_lng: Option<f64>,
    time_zone: Option<String>,
    has_working_hours: bool,
    max_travel_km: Option<f64>,
    tracking_hours_margin_min: Option<i16>,
    session_epoch: i32,
    created_at: jiff_sqlx::Timestamp,
    deleted_at: Option<jiff_sqlx::Timestamp>,
    roles: Vec<Uuid>,
    role_permissions: Vec<String>,
    modules: Json<Vec<(String, String)>>,
    departments: Vec<Uuid>,
    primary_department: Option<Uuid>,
    groups: Vec<Uuid>,
    tags: Vec<Uuid>,
    queues: Vec<Uuid>,
    skills: Json<Vec<(String, u8)>>,
    licences: Json<Vec<StoredLicence>>,
    languages: Json<Vec<(String, LanguageLevel)>>,
    working_hours: Json<Vec<WeeklyShift>>,
    tracked: bool,
    invitation: Option<String>,
    invitation_mail: Option<String>,
}

#[derive(Deserialize)]
struct StoredLicence {
    code: String,
    jurisdiction: String,
    valid_from: Option<Date>,
    valid_to: Option<Date>,
}

impl Row {
    pub(super) fn into_record(self) -> Result<StaffRecord, StorageError> {
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
            access_level: word(&self.access_level, "access level", AccessLevel::parse)?,
            admin_role: word(&self.admin_role, "role", AdminRole::parse)?,
            roles: ids(self.roles),
            role_permissions: PermissionSet::of_words(
                self.role_permissions.iter().map(String::as_str),
            ),
            modules: modules(&self.modules.0),
            view_scope: word(&self.view_scope, "view scope", ViewScope::parse)?,
            edit_scope: word(&self.edit_scope, "edit scope", EditScope::parse)?,
            departments: ids(self.departments),
            primary_department: self.primary_department.map(Into::into),
            groups: ids(self.groups),
            tags: ids(self.tags),
            queues: ids(self.queues),
            language: self.language,
            account_code: self.account_code,
            birth_date: self.birth_date.map(jiff_sqlx::Date::to_jiff),
            signature: self.signature,
            address: self.address.map(|address| address.0),
            address_version: self.address_version,
            geocode_status: known(self.geocode_status, "geocode status", GeocodeStatus::parse)?,
            geocode_precision: known(
                self.geocode_precision,
                "geocode precision",
                GeocodePrecision::parse,
            )?,
            geocode_detail: self.geocode_detail,
            home: convert::position(self.home_lat, self.home_lng)?,
            home_source: known(self.home_source, "home source", HomeSource::parse)?,
            time_zone: self.time_zone,
            working_hours: self.has_working_hours.then_some(self.working_hours.0),
            max_travel_km: self.max_travel_km,
            tracking_hours_margin_min: self.tracking_hours_margin_min,
            skills: self.skills.0,
            licences: self.licences.0.into_iter().map(licence).collect(),
            languages: self.languages.0,
            tracked: self.tracked,
            photo: self.photo.map(Into::into),
            invitation: self.invitation,
            invitation_mail: self.invitation_mail,
            session_epoch: self.session_epoch,
            created_at: self.created_at.to_jiff(),
            deleted_at: convert::time(self.deleted_at),
        })
    }
}

fn ids<T: From<Uuid>>(ids: Vec<Uuid>) -> Vec<T> {
    ids.into_iter().map(T::from).collect()
}

/// A stored word of a vocabulary.
fn word<T>(
    stored: &str,
    what: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, StorageError> {
    parse(stored).ok_or_else(|| corrupt(what, "unknown word"))
}

fn known<T>(
    stored: Option<String>,
    what: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, StorageError> {
    stored.map(|stored| word(&stored, what, parse)).transpose()
}

/// The columns of [`AccessRow`] of `staff AS p`.
macro_rules! access_columns {
    () => {
        "p.admin_role, p.access_level, p.view_scope, p.edit_scope, \
         ARRAY(SELECT DISTINCT unnest(r.permissions) FROM staff_roles AS m \
            JOIN roles AS r ON r.id = m.role_id WHERE m.staff_id = p.id) AS role_permissions, \
         (SELECT COALESCE(jsonb_agg(jsonb_build_array(module, level)), '[]') \
            FROM staff_modules WHERE staff_id = p.id) AS modules, \
         ARRAY(SELECT department_id FROM staff_departments WHERE staff_id = p.id ORDER BY 1) \
            AS departments"
    };
}
pub(crate) use access_columns;

/// What a person may do and to whom, without the rest of them.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct AccessRow {
    #[sqlx(try_from = "String")]
    admin_role: AdminRole,
    #[sqlx(try_from = "String")]
    access_level: AccessLevel,
    #[sqlx(try_from = "String")]
    view_scope: ViewScope,
    #[sqlx(try_from = "String")]
    edit_scope: EditScope,
    role_permissions: Vec<String>,
    modules: Json<Vec<(String, String)>>,
    departments: Vec<Uuid>,
}

/// What a person may do and to whom.
#[derive(Clone, Debug)]
pub struct Access {
    /// How far permissions reach.
    pub level: AccessLevel,
    /// What they may do.
    pub permissions: PermissionSet,
    /// Whom they see.
    pub view: ViewScope,
    /// Whom they may change.
    pub edit: EditScope,
    /// Where they belong.
    pub departments: Vec<DepartmentId>,
}

impl Access {
    /// What they may do, and to whom.
    #[must_use]
    pub fn rights(&self) -> Rights<'_> {
        Rights {
            permissions: self.permissions,
            view: self.view,
            edit: self.edit,
            departments: &self.departments,
        }
    }
}

impl From<AccessRow> for Access {
    fn from(row: AccessRow) -> Self {
        let custom = PermissionSet::of_words(row.role_permissions.iter().map(String::as_str));
        Self {
            level: row.access_level,
            permissions: granted(row.admin_role, custom, &modules(&row.modules.0)),
            view: row.view_scope,
            edit: row.edit_scope,
            departments: ids(row.departments),
        }
    }
}

/// In the order of the vocabulary. A module that a later version knows grants nothing here.
fn modules(stored: &[(String, String)]) -> Vec<(Module, ModuleLevel)> {
    let mut modules: Vec<_> = stored
        .iter()
        .filter_map(|(module, level)| Module::parse(module).zip(ModuleLevel::parse(level)))
        .collect();
    modules.sort_unstable();
    modules
}
