//! Changes of case and policy that a request tries without storing them: a preset, settings, and
//! rules that are relaxed as a funnel proposes. Must store nothing, and change no person.

use crate::{
    http::{
        body::{Field, any},
        problem::{ApiResult, Problem},
    },
    routes::{
        policies::{SettingsForm, read_preset},
        recommendations::{create::Prepared, policy::PolicyRef},
    },
};
use nearhand_domain::field::FieldErrors;
use nearhand_recommend::{Change, Preset, Rule, explain::change::SkillTo};
use serde::Deserialize;
use serde_json::Value;

/// Most rules that one request relaxes.
const MAX_RELAXED: usize = 10;

/// What is tried.
#[derive(Debug, Default)]
pub(super) struct Trial {
    preset: Option<Preset>,
    settings: Field<SettingsForm>,
    relax: Vec<Change>,
}

/// A change of case or policy, as a funnel's `best_relaxation` has it.
#[derive(Debug, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case", deny_unknown_fields)]
enum RelaxForm {
    RuleOff { rule: Rule },
    FilterByPreferencesOff {},
    LanguageNotRequired {},
    PanelNotRequired {},
    LocationNotRequired {},
    MaxLateMin { to: f64 },
    MaxTravelKm { to: f64 },
    MaxUtilisation { to: f64 },
    RequiredSkills { skills: Vec<SkillForm> },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SkillForm {
    skill: String,
    to: u8,
}

impl Trial {
    /// Reads what is to be tried.
    pub(super) fn read(
        preset: Field<String>,
        settings: Field<SettingsForm>,
        relax: Field<Vec<Value>>,
        e: &mut FieldErrors,
    ) -> Self {
        let preset = preset.optional("/preset", e, |word| read_preset(&word));
        let relax = relax.optional("/relax", e, any).unwrap_or_default();
        if relax.len() > MAX_RELAXED {
            e.push("/relax", "too_many", format!("at most {MAX_RELAXED} entries"));
        }
        let relax = relax.into_iter().take(MAX_RELAXED).enumerate();
        let relax = relax.filter_map(|(i, value)| {
            read_change(value).map_err(|why| e.push(format!("/relax/{i}"), "invalid", why)).ok()
        });
        let relax = relax.collect();
        Self { preset, settings, relax }
    }

    /// Whether nothing is tried.
    pub(super) fn is_nothing(&self) -> bool {
        self.preset.is_none() && !self.settings.is_given() && self.relax.is_empty()
    }

    /// Makes the changes in a request that is ready. A preset replaces the policy, settings count over
    /// it.
    pub(super) fn apply(self, prepared: &mut Prepared) -> ApiResult<()> {
        if self.is_nothing() {
            return Ok(());
        }
        let only_preset = !self.settings.is_given() && self.relax.is_empty();
        if let Some(preset) = self.preset {
            prepared.policy = preset.policy();
        }
        let mut errors = FieldErrors::default();
        let policy =
            SettingsForm::over(self.settings, prepared.policy.clone(), "/settings", &mut errors);
        prepared.policy = errors.conclude(policy)?;
        for (i, change) in self.relax.iter().enumerate() {
            if !change.apply(&mut prepared.case, &mut prepared.policy) {
                let detail = "the policy does not take this value";
                return Err(Problem::field(format!("/relax/{i}"), "invalid", detail));
            }
        }
        let named = self.preset.filter(|_| only_preset);
        prepared.basis.policy = PolicyRef::unstored(named.map_or("trial", Preset::as_str));
        prepared.digest_again()
    }
}

/// One change of a case or a policy.
fn read_change(value: Value) -> Result<Change, String> {
    let form: RelaxForm = serde_json::from_value(value).map_err(|error| {
        format!("give a change as `funnel.best_relaxation.change` has it: {error}")
    })?;
    Ok(match form {
        RelaxForm::RuleOff { rule: rule @ (Rule::Inactive | Rule::AlreadyAssigned) } => {
            return Err(format!("the rule {} cannot be off", rule.code()));
        }
        RelaxForm::RuleOff { rule } => Change::RuleOff { rule },
        RelaxForm::FilterByPreferencesOff {} => Change::FilterByPreferencesOff,
        RelaxForm::LanguageNotRequired {} => Change::LanguageNotRequired,
        RelaxForm::PanelNotRequired {} => Change::PanelNotRequired,
        RelaxForm::LocationNotRequired {} => Change::LocationNotRequired,
        RelaxForm::MaxLateMin { to } => Change::MaxLateMin { to },
        RelaxForm::MaxTravelKm { to } => Change::MaxTravelKm { to },
        RelaxForm::MaxUtilisation { to } => Change::MaxUtilisation { to },
        RelaxForm::RequiredSkills { skills } => {
            let skill = |SkillForm { skill, to }| SkillTo { skill, to };
            Change::RequiredSkills { skills: skills.into_iter().map(skill).collect() }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn changes_are_read_as_funnels_write_them() {
        let changes = [
            Change::RuleOff { rule: Rule::TimeOff },
            Change::FilterByPreferencesOff,
            Change::LanguageNotRequired,
            Change::PanelNotRequired,
            Change::LocationNotRequired,
            Change::MaxLateMin { to: 41.5 },
            Change::MaxTravelKm { to: 12.25 },
            Change::MaxUtilisation { to: 1.1 },
            Change::RequiredSkills { skills: vec![SkillTo { skill: "camera".into(), to: 2 }] },
        ];
        for change in changes {
            let written = serde_json::to_value(&change).expect("a change");
            assert_eq!(read_change(written), Ok(change));
        }
    }

    #[test]
    fn changes_of_people_and_garbage_are_refused() {
        for wrong in [
            json!({ "change": "active" }),
            json!({ "change": "on_panel" }),
            json!({ "change": "rule_off", "rule": "inactive" }),
            json!({ "change": "rule_off", "rule": "already_assigned" }),
            json!({ "change": "rule_off", "rule": "nothing" }),
            json!({ "change": "max_late_min", "to": "long" }),
            json!({ "change": "max_late_min", "to": 1, "from": 2 }),
            json!({}),
            json!(7),
        ] {
            assert!(read_change(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
