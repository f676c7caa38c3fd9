//! Reading what work asks for (when, how long, services, skills, licences, languages): the same
//! fields and rules for a case and for an ad-hoc place, every error at once.

use crate::http::{
    body::{Field, Patch, Unknown, any, forms, read_forms, read_list},
    problem::ApiResult,
};
use jiff::Timestamp;
use nearhand_dispatch::{DEFAULT_DURATION_MIN, Needs};
use nearhand_domain::{
    ServiceId,
    clock::to_millis,
    field::{FieldErrors, Reported},
    requirement::{LicenceRequirement, SkillRequirement},
    text::{Code, LanguageTag, code_key},
};
use nearhand_storage::{Tx, services};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Most entries of one list.
const MAX_ENTRIES: usize = 50;
/// Longest duration: a week.
const MAX_DURATION_MIN: i32 = 10_080;
/// Starts lie between 2000-01-01 and 2200-01-01, in Unix seconds.
const STARTS: std::ops::Range<i64> = 946_684_800..7_258_118_400;

/// What the two allow, for values of another type.
const A_START: &str = "an instant between 2000 and 2200, such as 2026-03-01T08:00:00Z,";
const A_DURATION: &str = "a whole number of minutes from 1 to 10,080";

/// What work asks for, as sent. In a change, what is left out stays and null clears.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NeedsInput)]
pub(crate) struct NeedsForm {
    /// When it starts; null or absent: as soon as possible.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Field<Timestamp>,
    /// How long it takes, 1 to 10,080; 60 unless given.
    #[serde(default)]
    #[schema(value_type = Option<i32>, example = 60, minimum = 1, maximum = 10080)]
    duration_min: Field<i32>,
    /// Positions older than an hour count nothing.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    urgent: Field<bool>,
    /// Services asked for, at most 50.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>, max_items = 50)]
    services: Field<Vec<Uuid>>,
    /// Skills asked for, at most 50.
    #[serde(default)]
    #[schema(value_type = Option<Vec<SkillNeedShown>>, max_items = 50)]
    skills: Field<Vec<SkillEntry>>,
    /// Licences asked for, at most 50, each valid for the whole time.
    #[serde(default)]
    #[schema(value_type = Option<Vec<LicenceNeedShown>>, max_items = 50)]
    licences: Field<Vec<LicenceEntry>>,
    /// BCP 47, at most 50; any of them will do.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, example = json!(["pt", "en"]), max_items = 50)]
    languages: Field<Vec<String>>,
    /// One of the languages must be spoken at B2 or better.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    language_required: Field<bool>,
}

/// A skill asked for: 1 ≤ required ≤ preferred ≤ 5.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = SkillNeed)]
pub(crate) struct SkillNeedShown {
    code: String,
    /// Nobody below this level.
    #[schema(minimum = 1, maximum = 5)]
    required: u8,
    /// From this level on it counts in full; `required` unless given.
    #[schema(minimum = 1, maximum = 5)]
    preferred: u8,
}

/// A licence asked for.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LicenceNeed)]
pub(crate) struct LicenceNeedShown {
    code: String,
    jurisdiction: String,
}

/// What work asks for, as shown.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Needs)]
pub(crate) struct NeedsShown {
    /// Null: as soon as possible.
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    duration_min: i32,
    urgent: bool,
    #[schema(value_type = Vec<uuid::Uuid>)]
    services: Vec<ServiceId>,
    skills: Vec<SkillNeedShown>,
    licences: Vec<LicenceNeedShown>,
    languages: Vec<String>,
    language_required: bool,
}

#[derive(Debug, Deserialize)]
struct SkillEntry {
    #[serde(default)]
    code: Field<String>,
    #[serde(default)]
    required: Field<u8>,
    #[serde(default)]
    preferred: Field<u8>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Debug, Deserialize)]
struct LicenceEntry {
    #[serde(default)]
    code: Field<String>,
    #[serde(default)]
    jurisdiction: Field<String>,
    #[serde(flatten)]
    unknown: Unknown,
}

forms!(SkillEntry, LicenceEntry);

impl From<Needs> for NeedsShown {
    fn from(needs: Needs) -> Self {
        let skill = |s: SkillRequirement| SkillNeedShown {
            code: s.code.into(),
            required: s.required,
            preferred: s.preferred,
        };
        let licence = |l: LicenceRequirement| LicenceNeedShown {
            code: l.code.into(),
            jurisdiction: l.jurisdiction.into(),
        };
        Self {
            starts_at: needs.starts_at,
            duration_min: needs.duration_min,
            urgent: needs.urgent,
            services: needs.services,
            skills: needs.requirements.skills.into_iter().map(skill).collect(),
            licences: needs.requirements.licences.into_iter().map(licence).collect(),
            languages: needs.requirements.languages.into_iter().map(String::from).collect(),
            language_required: needs.requirements.language_required,
        }
    }
}

impl NeedsForm {
    /// The services that it names, as far as there may be so many.
    pub(crate) fn named_services(&self) -> Vec<ServiceId> {
        match &self.services {
            Field::Value(ids) => ids.iter().take(MAX_ENTRIES).copied().map(ServiceId).collect(),
            _ => Vec::new(),
        }
    }

    /// Applies what was said; errors are collected below `at`.
    pub(crate) fn apply(self, at: &str, needs: &mut Needs, e: &mut FieldErrors) {
        let path = |field: &str| format!("{at}/{field}");
        let at = path("starts_at");
        let start = self.starts_at.expecting(&at, e, A_START).patch(&at, e, |v| {
            let known = STARTS.contains(&v.as_second());
            if known { Ok(to_millis(v)) } else { Err("must lie between 2000 and 2200") }
        });
        start.apply(&mut needs.starts_at);
        let at = path("duration_min");
        let duration = self.duration_min.expecting(&at, e, A_DURATION).patch(&at, e, |v| {
            let fits = (1..=MAX_DURATION_MIN).contains(&v);
            if fits { Ok(v) } else { Err("must be a whole number of minutes from 1 to 10,080") }
        });
        set(duration, &mut needs.duration_min, DEFAULT_DURATION_MIN);
        set(self.urgent.patch(&path("urgent"), e, any), &mut needs.urgent, false);
        set_list(self.services, &mut needs.services, &path("services"), e, |ids, at, e| {
            read_list(ids, at, MAX_ENTRIES, e, |id, _, _| Ok(ServiceId(id)), |id| *id)
        });
        let wanted = &mut needs.requirements;
        set_list(self.skills, &mut wanted.skills, &path("skills"), e, |entries, at, e| {
            read_forms(entries, at, MAX_ENTRIES, e, read_skill, |s| code_key(s.code.as_str()))
        });
        set_list(self.licences, &mut wanted.licences, &path("licences"), e, |entries, at, e| {
            let key = |l: &LicenceRequirement| {
                (code_key(l.code.as_str()), code_key(l.jurisdiction.as_str()))
            };
            read_forms(entries, at, MAX_ENTRIES, e, read_licence, key)
        });
        set_list(self.languages, &mut wanted.languages, &path("languages"), e, |tags, at, e| {
            read_list(tags, at, MAX_ENTRIES, e, read_language, LanguageTag::clone)
        });
        let required = path("language_required");
        set(self.language_required.patch(&required, e, any), &mut wanted.language_required, false);
        if wanted.language_required && wanted.languages.is_empty() {
            e.push(required, "invalid", "name at least one language, or leave this false");
        }
    }
}

fn read_skill(
    entry: SkillEntry,
    at: &str,
    e: &mut FieldErrors,
) -> Result<SkillRequirement, Reported> {
    let code = entry.code.required(&format!("{at}/code"), e, |v| Code::parse(&v));
    let required = entry.required.required(&format!("{at}/required"), e, any);
    let preferred = entry.preferred.optional(&format!("{at}/preferred"), e, any);
    e.check(at, "invalid", SkillRequirement::new(code?, required?, preferred))
}

fn read_licence(
    entry: LicenceEntry,
    at: &str,
    e: &mut FieldErrors,
) -> Result<LicenceRequirement, Reported> {
    let code = entry.code.required(&format!("{at}/code"), e, |v| Code::parse(&v));
    let place = entry.jurisdiction.required(&format!("{at}/jurisdiction"), e, |v| Code::parse(&v));
    Ok(LicenceRequirement { code: code?, jurisdiction: place? })
}

#[expect(clippy::needless_pass_by_value, reason = "entries of a list come by value")]
fn read_language(tag: String, at: &str, e: &mut FieldErrors) -> Result<LanguageTag, Reported> {
    e.check(at, "invalid", LanguageTag::parse(&tag))
}

fn set<T>(change: Patch<T>, target: &mut T, cleared: T) {
    match change {
        Patch::Keep => {}
        Patch::Clear => *target = cleared,
        Patch::Set(value) => *target = value,
    }
}

fn set_list<F, T>(
    field: Field<Vec<F>>,
    target: &mut Vec<T>,
    at: &str,
    e: &mut FieldErrors,
    read: impl FnOnce(Vec<F>, &str, &mut FieldErrors) -> Vec<T>,
) {
    match field.patch(at, e, any) {
        Patch::Keep => {}
        Patch::Clear => target.clear(),
        Patch::Set(forms) => *target = read(forms, at, e),
    }
}

/// Holds the services asked for until the transaction ends and sorts them; those that there are
/// not are errors below `at`.
pub(crate) async fn hold_services(tx: &mut Tx, at: &str, needs: &mut Needs) -> ApiResult<()> {
    if needs.services.is_empty() {
        return Ok(());
    }
    let there = services::hold(tx, &needs.services).await?;
    let mut errors = FieldErrors::default();
    for (i, _) in needs.services.iter().enumerate().filter(|(_, id)| !there.contains(id)) {
        errors.push(format!("{at}/services/{i}"), "unknown", "there is no such service");
    }
    errors.conclude(Ok(()))?;
    needs.services.sort_unstable();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(body: &str) -> Result<Needs, Vec<String>> {
        let form: NeedsForm = serde_json::from_str(body).unwrap();
        let (mut needs, mut errors) = (Needs::default(), FieldErrors::default());
        form.apply("", &mut needs, &mut errors);
        let pointers = |errors: nearhand_domain::field::Faults| {
            errors.iter().map(|error| error.pointer.clone()).collect()
        };
        errors.conclude(Ok(needs)).map_err(pointers)
    }

    #[test]
    fn nothing_said_is_an_hour_as_soon_as_possible() {
        assert_eq!(apply("{}").unwrap(), Needs::default());
        assert_eq!(apply(r#"{"duration_min":null,"starts_at":null}"#).unwrap().duration_min, 60);
    }

    #[test]
    fn every_wrong_need_is_pointed_at() {
        let wrong = r#"{"duration_min":0,"starts_at":"1999-12-31T23:59:59Z","urgent":"yes",
            "skills":[{"code":"a","required":3,"preferred":2},{"code":"a b","required":1}],
            "licences":[{"code":"PI","jurisdiction":"PT"},{"code":"PI","jurisdiction":"PT"}],
            "languages":["p"],"language_required":true}"#;
        assert_eq!(
            apply(wrong).unwrap_err(),
            [
                "/starts_at",
                "/duration_min",
                "/urgent",
                "/skills/0",
                "/skills/1/code",
                "/licences/1",
                "/languages/0",
                "/language_required",
            ]
        );
    }

    #[test]
    fn a_wrong_start_or_duration_is_told_what_is_allowed() {
        let details = |body: &str| {
            let mut errors = FieldErrors::default();
            let form: NeedsForm = serde_json::from_str(body).unwrap();
            form.apply("", &mut Needs::default(), &mut errors);
            let errors = errors.conclude(Ok(())).unwrap_err();
            errors.iter().map(|error| error.detail.clone()).collect::<Vec<_>>()
        };
        let last = details(r#"{"starts_at":"9999-12-31T23:59:59Z","duration_min":1.5}"#);
        assert!(last[0].contains("between 2000 and 2200"), "{last:?}");
        assert!(last[1].contains("from 1 to 10,080"), "{last:?}");
        assert_eq!(last.len(), 2);
        let early = details(r#"{"starts_at":"1999-01-01T00:00:00Z","duration_min":10081}"#);
        assert!(early[0].contains("between 2000 and 2200"), "{early:?}");
        assert!(early[1].contains("from 1 to 10,080"), "{early:?}");
    }

    #[test]
    fn long_lists_are_refused_whole() {
        let tags: Vec<String> = (0..51).map(|i| format!("\"en-{i}\"")).collect();
        let body = format!(r#"{{"languages":[{}]}}"#, tags.join(","));
        assert_eq!(apply(&body).unwrap_err(), ["/languages"]);
    }
}
