//! Reading what is said about a person, at creation and at a change: the same fields, the same
//! rules, every error at once.

mod address;
pub(super) mod memberships;
mod work;

pub(crate) use address::chosen;
pub(crate) use work::{Language, Licence, Shift, Skill};
use work::{LanguageForm, LicenceForm, ShiftForm, SkillForm, WorkForm};

use crate::{
    http::{
        body::{Field, Patch, Unknown, any, forms},
        place::{LatLng, PlaceForm},
    },
    routes::people::invitations,
};
use jiff::civil::Date;
use nearhand_domain::{
    access::{AccessLevel, AdminRole, ComputedRole, EditScope, RoleRef, ViewScope},
    clock::{OutOfRange, kept_date},
    field::{FieldErrors, Reported},
    text::{AccountCode, Email, LanguageTag, Name, Username},
};
use nearhand_storage::staff::StaffRecord;
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Most characters of a display name, as the database has it.
pub(crate) const MAX_DISPLAY_NAME: usize = 200;
/// Most bytes of a signature.
const MAX_SIGNATURE: usize = 4_096;

/// What may be said about a person. In a change, what is left out stays and null clears.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = StaffInput, example = json!({ "first_name": "Grace", "last_name": "Hopper",
    "home": { "lat": 38.7169, "lng": -9.1399 }, "time_zone": "Europe/Lisbon",
    "working_hours": [{ "weekday": 1, "start_min": 480, "end_min": 990 }],
    "skills": [{ "code": "surveillance", "level": 4 }],
    "licences": [{ "code": "PI", "jurisdiction": "PT", "valid_to": "2030-12-31" }],
    "languages": [{ "language": "pt", "level": "native" }, { "language": "en", "level": "c1" }] }))]
pub(crate) struct StaffForm {
    /// Given name.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Grace", min_length = 1, max_length = 120)]
    first_name: Field<String>,
    /// Family name.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "Hopper", min_length = 1, max_length = 120)]
    last_name: Field<String>,
    /// What colleagues and customers see; "first last" unless given.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200)]
    display_name: Field<String>,
    /// A second login name; to change it needs `staff:manage`.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    username: Field<String>,
    /// Login; required unless `access_level` is `disabled`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "grace@harbour.example")]
    email: Field<String>,
    /// `employee` or `external`; to change it needs `staff:manage`.
    #[serde(default)]
    #[schema(value_type = String)]
    kind: Field<String>,
    /// May log in and be assigned; true unless given.
    #[serde(default)]
    #[schema(value_type = bool)]
    active: Field<bool>,
    /// `disabled`, `limited` or `full`; `disabled` unless given.
    #[serde(default)]
    #[schema(value_type = String)]
    access_level: Field<String>,
    /// `account_admin`, `user_admin`, `admin`, `scheduler` or `general`.
    #[serde(default)]
    #[schema(value_type = String)]
    admin_role: Field<String>,
    /// Roles of the organisation's own, by id.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>, max_items = 100)]
    pub(super) roles: Field<Vec<RoleRef>>,
    /// Levels of modules beyond what the roles grant: `none`, `view`, `edit` or `manage` for each
    /// of `staff`, `cases`, `tracking`, `recommendations` and `settings`. Modules that are left out
    /// stay as they are.
    #[serde(default)]
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    modules: Field<BTreeMap<String, String>>,
    /// Whom they see: `all` or `departments`, which means the people of their own departments.
    /// Always `all` for account admins.
    #[serde(default)]
    #[schema(value_type = String)]
    view_scope: Field<String>,
    /// Whom they may change: `all`, `departments` or `none`. Always `all` for account admins.
    #[serde(default)]
    #[schema(value_type = String)]
    edit_scope: Field<String>,
    /// Departments, by id.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>, max_items = 100)]
    pub(super) departments: Field<Vec<Uuid>>,
    /// One of `departments`, whose base they start from without a home; the first unless given.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub(super) primary_department: Field<Uuid>,
    /// Groups, by id.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>, max_items = 100)]
    pub(super) groups: Field<Vec<Uuid>>,
    /// Tags, by id.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>, max_items = 100)]
    pub(super) tags: Field<Vec<Uuid>>,
    /// Queues of cases they reach, by id; none: all.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>, max_items = 100)]
    pub(super) queues: Field<Vec<Uuid>>,
    /// Up to 4 KB, kept as written; what shows it must sanitise it.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 4096)]
    signature: Field<String>,
    /// Postal address. It is looked for on the map, and becomes `home` unless one was given.
    #[serde(default)]
    #[schema(value_type = Option<AddressInput>)]
    address: Field<AddressForm>,
    /// BCP 47 language of mails; the organisation's first unless given.
    #[serde(default)]
    #[schema(value_type = String)]
    language: Field<String>,
    /// Code in invoices (LEDES).
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 32)]
    account_code: Field<String>,
    /// Not in the future.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date)]
    birth_date: Field<Date>,
    /// Where they start from when nothing else is known. Null lets the address be looked for again.
    #[serde(default)]
    #[schema(value_type = Option<LatLng>)]
    home: Field<PlaceForm>,
    /// IANA zone of the working hours; the organisation's unless given.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    time_zone: Field<String>,
    /// Null: not recorded, always available. Empty: never.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Shift>>, max_items = 42)]
    working_hours: Field<Vec<ShiftForm>>,
    /// Own travel limit in kilometres, great circle.
    #[serde(default)]
    #[schema(value_type = Option<f64>, exclusive_minimum = 0.0, maximum = 20100.0)]
    max_travel_km: Field<f64>,
    /// Skills, level 1 to 5.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Skill>>, max_items = 100)]
    skills: Field<Vec<SkillForm>>,
    /// Licences held.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Licence>>, max_items = 100)]
    licences: Field<Vec<LicenceForm>>,
    /// Languages spoken.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Language>>, max_items = 100)]
    languages: Field<Vec<LanguageForm>>,
    /// At creation: invites them by mail to set a password and log in.
    #[serde(default)]
    #[schema(value_type = bool)]
    send_invite: Field<bool>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(StaffForm, AddressForm);

/// A postal address; every part is optional.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes AddressForm, whose fields are read leniently")]
pub(crate) struct AddressInput {
    street: Option<String>,
    city: Option<String>,
    region: Option<String>,
    postcode: Option<String>,
    /// ISO 3166 code of two letters, or a name.
    country: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AddressForm {
    #[serde(default)]
    street: Field<String>,
    #[serde(default)]
    city: Field<String>,
    #[serde(default)]
    region: Field<String>,
    #[serde(default)]
    postcode: Field<String>,
    #[serde(default)]
    country: Field<String>,
    #[serde(flatten)]
    unknown: Unknown,
}

impl StaffForm {
    /// A new person made of a blank one, and whether they are to be invited. `today` bounds birth dates.
    pub(crate) fn create(
        mut self,
        blank: StaffRecord,
        today: Date,
        e: &mut FieldErrors,
    ) -> Result<(StaffRecord, bool), Reported> {
        let invite = std::mem::take(&mut self.send_invite);
        let invite = invite.replacement("/send_invite", e, any).unwrap_or(false);
        let has_email = self.email.is_given();
        let record = self.apply(blank, today, e)?;
        if invite && record.access_level == AccessLevel::Disabled {
            e.push("/access_level", "access_disabled", invitations::ACCESS_DISABLED);
            if !has_email {
                e.push("/email", "email_required", invitations::EMAIL_REQUIRED);
            }
        }
        Ok((record, invite))
    }

    /// Whether it says in which language they are written to.
    pub(crate) fn says_language(&self) -> bool {
        self.language.is_given()
    }

    /// The record with what was said of it. `today` bounds birth dates.
    pub(crate) fn apply(
        self,
        mut record: StaffRecord,
        today: Date,
        e: &mut FieldErrors,
    ) -> Result<StaffRecord, Reported> {
        refuse_invite(&self.send_invite, e);
        let name = |v: String| Name::parse(&v).map(String::from);
        let names_moved =
            !matches!((&self.first_name, &self.last_name), (Field::Absent, Field::Absent));
        let was_default = record.display_name == default_display_name(&record);
        self.first_name.patch("/first_name", e, name).apply(&mut record.first_name);
        self.last_name.patch("/last_name", e, name).apply(&mut record.last_name);
        match self.display_name.patch("/display_name", e, name) {
            Patch::Set(text) => record.display_name = text,
            Patch::Clear => record.display_name = default_display_name(&record),
            Patch::Keep if record.display_name.is_empty() || (names_moved && was_default) => {
                record.display_name = default_display_name(&record);
            }
            Patch::Keep => {}
        }
        check_display_name(&record, e);
        self.username
            .patch("/username", e, |v| Username::parse(&v).map(String::from))
            .apply(&mut record.username);
        let has_email = self.email.is_given() || record.email.is_some();
        let email = self.email.patch("/email", e, |v| Email::parse(&v).map(String::from));
        let has_email = has_email && email != Patch::Clear;
        email.apply(&mut record.email);
        let kind = self.kind.replacement("/kind", e, |v| match v.as_str() {
            "employee" | "external" => Ok(v),
            _ => Err("must be `employee` or `external`"),
        });
        record.kind = kind.unwrap_or_else(|| record.kind.clone());
        record.active = self.active.replacement("/active", e, any).unwrap_or(record.active);
        let access = AccessForm {
            access_level: self.access_level,
            admin_role: self.admin_role,
            view_scope: self.view_scope,
            edit_scope: self.edit_scope,
        };
        access.apply(&mut record, e);
        check_access(&record, has_email, e);
        let language = self.language.replacement("/language", e, |v| LanguageTag::parse(&v));
        record.language = language.map_or_else(|| record.language.clone(), String::from);
        self.account_code
            .patch("/account_code", e, |v| AccountCode::parse(&v).map(String::from))
            .apply(&mut record.account_code);
        self.birth_date
            .patch("/birth_date", e, |date| {
                let date =
                    kept_date(date).map_err(|OutOfRange| "must lie between 1900 and 2200")?;
                if date > today { Err("must not be in the future") } else { Ok(date) }
            })
            .apply(&mut record.birth_date);
        self.signature
            .patch("/signature", e, |text| {
                let fits = text.len() <= MAX_SIGNATURE && !text.contains('\0');
                if fits { Ok(text) } else { Err("must be at most 4,096 bytes, without NUL") }
            })
            .apply(&mut record.signature);
        memberships::apply_roles(self.roles, e, &mut record.roles);
        memberships::apply_ids(self.groups, "/groups", e, &mut record.groups);
        memberships::apply_ids(self.tags, "/tags", e, &mut record.tags);
        memberships::apply_ids(self.queues, "/queues", e, &mut record.queues);
        memberships::apply_departments(self.departments, e, &mut record.departments);
        memberships::apply_primary(self.primary_department, e, &mut record);
        memberships::apply_modules(self.modules, e, &mut record.modules);
        let work = WorkForm {
            address: self.address,
            home: self.home,
            time_zone: self.time_zone,
            working_hours: self.working_hours,
            max_travel_km: self.max_travel_km,
            skills: self.skills,
            licences: self.licences,
            languages: self.languages,
        };
        work.apply(&mut record, e);
        Ok(record)
    }
}

/// What a person may do, and to whom.
struct AccessForm {
    access_level: Field<String>,
    admin_role: Field<String>,
    view_scope: Field<String>,
    edit_scope: Field<String>,
}

impl AccessForm {
    fn apply(self, record: &mut StaffRecord, e: &mut FieldErrors) {
        let level = self.access_level.replacement("/access_level", e, |v| {
            AccessLevel::parse(&v).ok_or("must be `disabled`, `limited` or `full`")
        });
        let computed = matches!(&self.admin_role, Field::Value(word)
            if ComputedRole::parse(word).is_some());
        let admin_role = if computed {
            e.push("/admin_role", "computed_role", memberships::COMPUTED);
            Field::Absent
        } else {
            self.admin_role
        };
        let role = admin_role.replacement("/admin_role", e, |v| {
            AdminRole::parse(&v)
                .ok_or("must be `account_admin`, `user_admin`, `admin`, `scheduler` or `general`")
        });
        record.admin_role = role.unwrap_or(record.admin_role);
        record.access_level = level.unwrap_or(record.access_level);
        let view = self.view_scope.replacement("/view_scope", e, |v| {
            ViewScope::parse(&v).ok_or("must be `all` or `departments`")
        });
        let edit = self.edit_scope.replacement("/edit_scope", e, |v| {
            EditScope::parse(&v).ok_or("must be `all`, `departments` or `none`")
        });
        record.view_scope = view.unwrap_or(record.view_scope);
        record.edit_scope = edit.unwrap_or(record.edit_scope);
    }
}

/// Creation has taken it; a change has no such field.
fn refuse_invite(field: &Field<bool>, e: &mut FieldErrors) {
    if !matches!(field, Field::Absent) {
        let detail = "is for creation; invite by POST /v1/staff/{id}/invitation";
        e.push("/send_invite", "unknown_field", detail);
    }
}

fn default_display_name(record: &StaffRecord) -> String {
    let names = [record.first_name.as_deref(), record.last_name.as_deref()];
    names.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// A name put together may be longer than one that was given.
fn check_display_name(record: &StaffRecord, e: &mut FieldErrors) {
    if record.display_name.is_empty() {
        e.push("/display_name", "required", "give a display_name, or first_name and last_name");
    }
    if record.display_name.chars().count() > MAX_DISPLAY_NAME {
        let detail = format!(
            "first_name and last_name make more than {MAX_DISPLAY_NAME} characters; give a display_name"
        );
        e.push("/display_name", "too_long", detail);
    }
}

fn check_access(record: &StaffRecord, has_email: bool, e: &mut FieldErrors) {
    if !has_email && record.access_level != AccessLevel::Disabled {
        let detail =
            "an e-mail address is needed to log in; give one or set access_level to disabled";
        e.push("/email", "email_required", detail);
    }
    if record.admin_role == AdminRole::AccountAdmin && record.access_level != AccessLevel::Full {
        e.push("/access_level", "invalid", "account admins are always `full`");
    }
    if record.admin_role == AdminRole::AccountAdmin {
        if record.view_scope != ViewScope::All {
            e.push("/view_scope", "invalid", "account admins see everybody; set it to `all`");
        }
        if record.edit_scope != EditScope::All {
            e.push("/edit_scope", "invalid", "account admins change everybody; set it to `all`");
        }
    }
}
