//! The part of a person that ranking reads: where and when they work, and what they can do.

use super::{AddressForm, address};
use crate::http::{
    body::{Field, Patch, Unknown, any, forms, read_forms},
    place::PlaceForm,
};
use jiff::civil::Date;
use nearhand_domain::{
    clock::kept_date,
    facts::LicenceFact,
    field::{FieldErrors, Reported},
    preference::LanguageLevel,
    schedule::{DAY_MIN, WeeklyShift},
    text::{Code, LanguageTag, ZoneName, code_key},
};
use nearhand_storage::staff::StaffRecord;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Most entries of one list of a person.
const MAX_ENTRIES: usize = 100;
/// Most shifts in a week.
const MAX_SHIFTS: usize = 42;

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
pub(super) struct ShiftForm {
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
pub(super) struct SkillForm {
    #[serde(default)]
    code: Field<String>,
    #[serde(default)]
    level: Field<u8>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Debug, Deserialize)]
pub(super) struct LicenceForm {
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
pub(super) struct LanguageForm {
    #[serde(default)]
    language: Field<String>,
    #[serde(default)]
    level: Field<String>,
    #[serde(flatten)]
    unknown: Unknown,
}

forms!(ShiftForm, SkillForm, LicenceForm, LanguageForm);

/// The part of a person that ranking reads.
pub(super) struct WorkForm {
    pub(super) address: Field<AddressForm>,
    pub(super) home: Field<PlaceForm>,
    pub(super) time_zone: Field<String>,
    pub(super) working_hours: Field<Vec<ShiftForm>>,
    pub(super) max_travel_km: Field<f64>,
    pub(super) skills: Field<Vec<SkillForm>>,
    pub(super) licences: Field<Vec<LicenceForm>>,
    pub(super) languages: Field<Vec<LanguageForm>>,
}

impl WorkForm {
    pub(super) fn apply(self, record: &mut StaffRecord, e: &mut FieldErrors) {
        address::apply(self.address, self.home, e, record);
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
