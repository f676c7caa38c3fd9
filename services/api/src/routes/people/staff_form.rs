//! Reading what is said about a person, at creation and at a change: the same fields, the same
//! rules, every error at once.

use crate::http::{
    body::{Field, Patch, Unknown, any, forms, read_forms},
    place::{LatLng, PlaceForm},
};
use jiff::{Timestamp, civil::Date};
use nearhand_domain::{
    StaffId,
    access::{AccessLevel, AdminRole},
    clock::{OutOfRange, kept_date},
    facts::LicenceFact,
    field::{FieldErrors, Reported},
    preference::LanguageLevel,
    schedule::{DAY_MIN, WeeklyShift},
    text::{AccountCode, Code, Email, LanguageTag, Name, Username, ZoneName, code_key},
};
use nearhand_storage::staff::StaffRecord;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most entries of one list of a person.
const MAX_ENTRIES: usize = 100;
/// Most characters of a display name, as the database has it.
pub(crate) const MAX_DISPLAY_NAME: usize = 200;
/// Most shifts in a week.
const MAX_SHIFTS: usize = 42;

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
    /// A second login name.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 120)]
    username: Field<String>,
    /// Login; required unless `access_level` is `disabled`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "grace@harbour.example")]
    email: Field<String>,
    /// `employee` or `external`.
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
    /// BCP 47 language of mails; `en` unless given.
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
    /// Where they start from when nothing else is known.
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
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// Working hours on one weekday; an end at or before the start is on the next day.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Shift {
    /// 1 = Monday … 7 = Sunday.
    #[schema(minimum = 1, maximum = 7)]
    pub weekday: u8,
    /// Local minutes after midnight, 0 to 1,439.
    #[schema(minimum = 0, maximum = 1439)]
    pub start_min: u16,
    /// Local minutes after midnight, 0 to 1,440.
    #[schema(minimum = 0, maximum = 1440)]
    pub end_min: u16,
}

/// A skill.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Skill {
    /// Code of the organisation's choosing.
    pub code: String,
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    pub level: u8,
}

/// A licence; valid through the end of its last day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Licence {
    /// Kind.
    pub code: String,
    /// Where.
    pub jurisdiction: String,
    /// First day.
    #[schema(value_type = Option<String>, format = Date)]
    pub valid_from: Option<Date>,
    /// Last day.
    #[schema(value_type = Option<String>, format = Date)]
    pub valid_to: Option<Date>,
}

/// A language.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Language {
    /// BCP 47.
    pub language: String,
    /// `a1` to `c2`, or `native`.
    pub level: String,
}

#[derive(Debug, Deserialize)]
struct ShiftForm {
    #[serde(default)]
    weekday: Field<u8>,
    #[serde(default)]
    start_min: Field<u16>,
    #[serde(default)]
    end_min: Field<u16>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Debug, Deserialize)]
struct SkillForm {
    #[serde(default)]
    code: Field<String>,
    #[serde(default)]
    level: Field<u8>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Debug, Deserialize)]
struct LicenceForm {
    #[serde(default)]
    code: Field<String>,
    #[serde(default)]
    jurisdiction: Field<String>,
    #[serde(default)]
    valid_from: Field<Date>,
    #[serde(default)]
    valid_to: Field<Date>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Debug, Deserialize)]
struct LanguageForm {
    #[serde(default)]
    language: Field<String>,
    #[serde(default)]
    level: Field<String>,
    #[serde(flatten)]
    unknown: Unknown,
}

forms!(StaffForm, ShiftForm, SkillForm, LicenceForm, LanguageForm);

/// A person about whom nothing has been said yet.
pub(crate) fn blank() -> StaffRecord {
    StaffRecord {
        id: StaffId::generate(),
        version: 1,
        first_name: None,
        last_name: None,
        display_name: String::new(),
        username: None,
        email: None,
        kind: "employee".to_owned(),
        active: true,
        access_level: AccessLevel::Disabled,
        admin_role: AdminRole::General,
        language: "en".to_owned(),
        account_code: None,
        birth_date: None,
        home: None,
        time_zone: None,
        working_hours: None,
        max_travel_km: None,
        tracking_hours_margin_min: None,
        skills: Vec::new(),
        licences: Vec::new(),
        languages: Vec::new(),
        tracked: false,
        session_epoch: 0,
        created_at: Timestamp::UNIX_EPOCH,
    }
}

impl StaffForm {
    /// The record with what was said of it. `today` bounds birth dates.
    pub(crate) fn apply(
        self,
        mut record: StaffRecord,
        today: Date,
        e: &mut FieldErrors,
    ) -> Result<StaffRecord, Reported> {
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
        let level = self.access_level.replacement("/access_level", e, |v| {
            AccessLevel::parse(&v).ok_or("must be `disabled`, `limited` or `full`")
        });
        let role = self.admin_role.replacement("/admin_role", e, |v| {
            AdminRole::parse(&v)
                .ok_or("must be `account_admin`, `user_admin`, `admin`, `scheduler` or `general`")
        });
        record.admin_role = role.unwrap_or(record.admin_role);
        record.access_level = level.unwrap_or(record.access_level);
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
        let work = WorkForm {
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

/// The part of a person that ranking reads.
struct WorkForm {
    home: Field<PlaceForm>,
    time_zone: Field<String>,
    working_hours: Field<Vec<ShiftForm>>,
    max_travel_km: Field<f64>,
    skills: Field<Vec<SkillForm>>,
    licences: Field<Vec<LicenceForm>>,
    languages: Field<Vec<LanguageForm>>,
}

impl WorkForm {
    fn apply(self, record: &mut StaffRecord, e: &mut FieldErrors) {
        PlaceForm::patch(self.home, "/home", e, &mut record.home);
        self.time_zone
            .patch("/time_zone", e, |v| ZoneName::parse(&v).map(String::from))
            .apply(&mut record.time_zone);
        self.max_travel_km
            .patch("/max_travel_km", e, |km| {
                let fits = km.is_finite() && km > 0.0 && km <= 20_100.0;
                if fits { Ok(km) } else { Err("must be above 0 and at most 20,100 km") }
            })
            .apply(&mut record.max_travel_km);
        match self.working_hours.patch("/working_hours", e, any) {
            Patch::Keep => {}
            Patch::Clear => record.working_hours = None,
            Patch::Set(forms) => record.working_hours = Some(read_shifts(forms, e)),
        }
        match self.skills.patch("/skills", e, any) {
            Patch::Keep => {}
            Patch::Clear => record.skills.clear(),
            Patch::Set(forms) => record.skills = read_skills(forms, e),
        }
        match self.licences.patch("/licences", e, any) {
            Patch::Keep => {}
            Patch::Clear => record.licences.clear(),
            Patch::Set(forms) => record.licences = read_licences(forms, e),
        }
        match self.languages.patch("/languages", e, any) {
            Patch::Keep => {}
            Patch::Clear => record.languages.clear(),
            Patch::Set(forms) => record.languages = read_languages(forms, e),
        }
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
}

fn read_shifts(forms: Vec<ShiftForm>, e: &mut FieldErrors) -> Vec<WeeklyShift> {
    let read = |form: ShiftForm, at: &str, e: &mut FieldErrors| -> Result<_, Reported> {
        let within =
            |max: u16| move |v: u16| if v <= max { Ok(v) } else { Err(format!("at most {max}")) };
        let weekday = form.weekday.required(&format!("{at}/weekday"), e, |day| {
            if (1..=7).contains(&day) { Ok(day) } else { Err("1 (Monday) to 7 (Sunday)") }
        });
        let start_min = form.start_min.required(&format!("{at}/start_min"), e, within(DAY_MIN - 1));
        let end_min = form.end_min.required(&format!("{at}/end_min"), e, within(DAY_MIN));
        Ok(WeeklyShift { weekday: weekday?, start_min: start_min?, end_min: end_min? })
    };
    let key = |shift: &WeeklyShift| (shift.weekday, shift.start_min);
    let mut shifts = read_forms(forms, "/working_hours", MAX_SHIFTS, e, read, key);
    shifts.sort_unstable();
    shifts
}

fn read_skills(forms: Vec<SkillForm>, e: &mut FieldErrors) -> Vec<(String, u8)> {
    let read = |form: SkillForm, at: &str, e: &mut FieldErrors| -> Result<_, Reported> {
        let code = form.code.required(&format!("{at}/code"), e, |v| Code::parse(&v));
        let level = form.level.required(&format!("{at}/level"), e, |level| {
            if (1..=5).contains(&level) { Ok(level) } else { Err("1 to 5") }
        });
        Ok((String::from(code?), level?))
    };
    let mut skills = read_forms(forms, "/skills", MAX_ENTRIES, e, read, |(code, _)| code_key(code));
    skills.sort_unstable();
    skills
}

fn read_licences(forms: Vec<LicenceForm>, e: &mut FieldErrors) -> Vec<LicenceFact> {
    let read = |form: LicenceForm, at: &str, e: &mut FieldErrors| -> Result<_, Reported> {
        let code = form.code.required(&format!("{at}/code"), e, |v| Code::parse(&v));
        let place =
            form.jurisdiction.required(&format!("{at}/jurisdiction"), e, |v| Code::parse(&v));
        let valid_from = form.valid_from.optional(&format!("{at}/valid_from"), e, kept_date);
        let valid_to = form.valid_to.optional(&format!("{at}/valid_to"), e, kept_date);
        if valid_from.zip(valid_to).is_some_and(|(from, to)| to < from) {
            let detail = "must not be before valid_from";
            return Err(e.push(format!("{at}/valid_to"), "invalid", detail));
        }
        let (code, jurisdiction) = (code?.into(), place?.into());
        Ok(LicenceFact { code, jurisdiction, valid_from, valid_to })
    };
    let key = |l: &LicenceFact| (code_key(&l.code), code_key(&l.jurisdiction), l.valid_from);
    read_forms(forms, "/licences", MAX_ENTRIES, e, read, key)
}

fn read_languages(forms: Vec<LanguageForm>, e: &mut FieldErrors) -> Vec<(String, LanguageLevel)> {
    let read = |form: LanguageForm, at: &str, e: &mut FieldErrors| -> Result<_, Reported> {
        let tag = form.language.required(&format!("{at}/language"), e, |v| LanguageTag::parse(&v));
        let level = form.level.required(&format!("{at}/level"), e, |v| {
            LanguageLevel::parse(&v).ok_or("must be a1, a2, b1, b2, c1, c2 or native")
        });
        Ok((String::from(tag?), level?))
    };
    let mut languages =
        read_forms(forms, "/languages", MAX_ENTRIES, e, read, |(tag, _)| tag.clone());
    languages.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    languages
}
