//! Reading what is said of a policy: its name, the preset to begin with, and settings over it.
//! Every error is reported at once, with its pointer.

use crate::http::body::{Field, Form, Patch, Unknown, any, forms};
use nearhand_domain::{
    field::{FieldErrors, Reported},
    text::Name,
};
use nearhand_recommend::{
    Policy, Preset, Weights,
    settings::{self, MOST_WEIGHT},
};
use serde::Deserialize;
use std::mem;
use utoipa::ToSchema;

/// What may be said about a policy. In a change, what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PolicyInput, example = json!({ "name": "Night calls", "preset": "nearest",
    "settings": { "weights": { "workload": 5 }, "max_travel_km": 40.0 } }))]
pub(crate) struct PolicyForm {
    /// At most 120 characters; unique among policies that are not archived, without regard to case.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 1, max_length = 120)]
    pub(super) name: Field<String>,
    /// `balanced`, `nearest`, `client_first`, `preference_first` or `fair_share`: the settings to
    /// begin with; `balanced` for a new policy. In a change it replaces all settings.
    #[serde(default)]
    #[schema(value_type = String, example = "nearest")]
    preset: Field<String>,
    /// Over the preset's, or over the stored ones.
    #[serde(default)]
    #[schema(value_type = SettingsForm)]
    settings: Field<SettingsForm>,
    /// Only checks, and answers what would be stored.
    #[serde(default)]
    #[schema(value_type = bool)]
    validate_only: Field<bool>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(PolicyForm, SettingsForm, WeightsForm);

/// A policy as a form leaves it.
pub(super) struct Draft {
    pub(super) name: Name,
    pub(super) preset: Option<Preset>,
    pub(super) policy: Policy,
    pub(super) validate_only: bool,
}

impl PolicyForm {
    /// Reads the form over what is stored: its name, preset and settings.
    pub(super) fn read(
        self,
        stored: Option<(Name, Option<Preset>, Policy)>,
        e: &mut FieldErrors,
    ) -> Result<Draft, Reported> {
        let (name, was, policy) = match stored {
            Some((name, preset, policy)) => (Some(name), preset, policy),
            None => (None, Some(Preset::Balanced), Policy::default()),
        };
        let name = self.name.required_unless(name, "/name", e, |v| Name::parse(&v));
        let preset = self.preset.replacement("/preset", e, |word| read_preset(&word));
        let policy = preset.map_or(policy, Preset::policy);
        let policy = SettingsForm::over(self.settings, policy, "/settings", e);
        let validate_only = self.validate_only.replacement("/validate_only", e, any);
        Ok(Draft {
            name: name?,
            preset: preset.or(was),
            policy: policy?,
            validate_only: validate_only.unwrap_or(false),
        })
    }
}

/// The preset of a word.
pub(crate) fn read_preset(word: &str) -> Result<Preset, &'static str> {
    Preset::parse(word)
        .ok_or("must be `balanced`, `nearest`, `client_first`, `preference_first` or `fair_share`")
}

/// The numbers and switches of a policy, as sent: what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PolicySettingsInput, example = json!({ "weights": { "travel": 50 },
    "max_late_min": 15.0 }))]
pub(crate) struct SettingsForm {
    /// How much each term counts.
    #[serde(default)]
    #[schema(value_type = WeightsForm)]
    weights: Field<WeightsForm>,
    /// Mean driving speed, 1 to 200.
    #[serde(default)]
    #[schema(value_type = f64, minimum = 1, maximum = 200)]
    speed_kmh: Field<f64>,
    /// Road kilometres per great-circle kilometre, 1 to 5.
    #[serde(default)]
    #[schema(value_type = f64, minimum = 1, maximum = 5)]
    circuity: Field<f64>,
    /// Drives up to this cost nothing, 0 to 240.
    #[serde(default)]
    #[schema(value_type = f64, minimum = 0, maximum = 240)]
    travel_offset_min: Field<f64>,
    /// Longer drives halve the travel term every so many minutes, 1 to 480.
    #[serde(default)]
    #[schema(value_type = f64, minimum = 1, maximum = 480)]
    travel_scale_min: Field<f64>,
    /// A ping's weight halves every so many minutes of its age, 1 to 1,440.
    #[serde(default)]
    #[schema(value_type = f64, minimum = 1, maximum = 1440)]
    ping_half_life_min: Field<f64>,
    /// A ping's weight also halves every so many minutes until the start, 1 to 10,080.
    #[serde(default)]
    #[schema(value_type = f64, minimum = 1, maximum = 10080)]
    lead_half_life_min: Field<f64>,
    /// In urgent cases older pings count for nothing, 0 to 1,440.
    #[serde(default)]
    #[schema(value_type = f64, minimum = 0, maximum = 1440)]
    urgent_ping_max_age_min: Field<f64>,
    /// A booking's site counts if the booking ends at most so long before the start, 0 to 168.
    #[serde(default)]
    #[schema(value_type = f64, minimum = 0, maximum = 168)]
    booking_hold_h: Field<f64>,
    /// The site of the last job counts for so many hours, 0 to 168.
    #[serde(default)]
    #[schema(value_type = f64, minimum = 0, maximum = 168)]
    last_job_hold_h: Field<f64>,
    /// How late people may arrive at a fixed start, 0 to 1,440.
    #[serde(default)]
    #[schema(value_type = f64, minimum = 0, maximum = 1440)]
    max_late_min: Field<f64>,
    /// The longest distance to the case, 0 to 20,000; null: no limit.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 20000)]
    max_travel_km: Field<f64>,
    /// The highest load with this case, 0 to 10; 1 is full, null: no limit.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0, maximum = 10)]
    max_utilisation: Field<f64>,
    /// Candidates with at least so many points get a star, 0 to 100.
    #[serde(default)]
    #[schema(value_type = f64, minimum = 0, maximum = 100)]
    star_threshold: Field<f64>,
    /// Whether people without any location are left out.
    #[serde(default)]
    #[schema(value_type = bool)]
    require_location: Field<bool>,
    /// Whether people must be willing for the services and a region, or prefer them.
    #[serde(default)]
    #[schema(value_type = bool)]
    filter_by_preferences: Field<bool>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// Weights as sent: whole numbers from 0 to 1,000, of which travel, workload or availability is
/// above 0.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = PolicyWeightsInput)]
pub(crate) struct WeightsForm {
    /// Nearness in driving time.
    #[serde(default)]
    #[schema(value_type = u32, maximum = 1000)]
    travel: Field<u32>,
    /// Preference for the case's services.
    #[serde(default)]
    #[schema(value_type = u32, maximum = 1000)]
    service: Field<u32>,
    /// Preference for the case's regions.
    #[serde(default)]
    #[schema(value_type = u32, maximum = 1000)]
    region: Field<u32>,
    /// Skill levels.
    #[serde(default)]
    #[schema(value_type = u32, maximum = 1000)]
    skill: Field<u32>,
    /// Languages.
    #[serde(default)]
    #[schema(value_type = u32, maximum = 1000)]
    language: Field<u32>,
    /// Being on the client's panel.
    #[serde(default)]
    #[schema(value_type = u32, maximum = 1000)]
    panel: Field<u32>,
    /// Earlier visits to the client.
    #[serde(default)]
    #[schema(value_type = u32, maximum = 1000)]
    continuity: Field<u32>,
    /// Having less to do than others.
    #[serde(default)]
    #[schema(value_type = u32, maximum = 1000)]
    workload: Field<u32>,
    /// Slack in time.
    #[serde(default)]
    #[schema(value_type = u32, maximum = 1000)]
    availability: Field<u32>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

impl SettingsForm {
    /// A policy with what a field says over it, checked.
    pub(crate) fn over(
        field: Field<Self>,
        mut policy: Policy,
        at: &str,
        e: &mut FieldErrors,
    ) -> Result<Policy, Reported> {
        let Some(form) = field.replacement(at, e, any) else { return Ok(policy) };
        form.check_at(at, e, |mut form, e| {
            let below = format!("{at}/weights");
            if let Some(weights) = mem::take(&mut form.weights).replacement(&below, e, any) {
                weights.check_at(&below, e, |form, e| {
                    form.apply(&mut policy.weights, &below, e);
                    Ok(())
                })?;
            }
            form.apply(&mut policy, at, e);
            settings::check(&policy, at, e);
            Ok(policy)
        })
    }

    /// Everything but the weights.
    fn apply(self, policy: &mut Policy, at: &str, e: &mut FieldErrors) {
        let numbers = [
            ("speed_kmh", self.speed_kmh, &mut policy.speed_kmh),
            ("circuity", self.circuity, &mut policy.circuity),
            ("travel_offset_min", self.travel_offset_min, &mut policy.travel_offset_min),
            ("travel_scale_min", self.travel_scale_min, &mut policy.travel_scale_min),
            ("ping_half_life_min", self.ping_half_life_min, &mut policy.ping_half_life_min),
            ("lead_half_life_min", self.lead_half_life_min, &mut policy.lead_half_life_min),
            (
                "urgent_ping_max_age_min",
                self.urgent_ping_max_age_min,
                &mut policy.urgent_ping_max_age_min,
            ),
            ("booking_hold_h", self.booking_hold_h, &mut policy.booking_hold_h),
            ("last_job_hold_h", self.last_job_hold_h, &mut policy.last_job_hold_h),
            ("max_late_min", self.max_late_min, &mut policy.max_late_min),
            ("star_threshold", self.star_threshold, &mut policy.star_threshold),
        ];
        for (name, field, target) in numbers {
            replace(field, &format!("{at}/{name}"), target, e);
        }
        let limits = [
            ("max_travel_km", self.max_travel_km, &mut policy.max_travel_km),
            ("max_utilisation", self.max_utilisation, &mut policy.max_utilisation),
        ];
        for (name, field, target) in limits {
            let patch: Patch<f64> = field.patch(&format!("{at}/{name}"), e, any);
            patch.apply(target);
        }
        let flags = [
            ("require_location", self.require_location, &mut policy.require_location),
            (
                "filter_by_preferences",
                self.filter_by_preferences,
                &mut policy.filter_by_preferences,
            ),
        ];
        for (name, field, target) in flags {
            replace(field, &format!("{at}/{name}"), target, e);
        }
    }
}

impl WeightsForm {
    fn apply(self, weights: &mut Weights, at: &str, e: &mut FieldErrors) {
        let fields = [
            ("travel", self.travel, &mut weights.travel),
            ("service", self.service, &mut weights.service),
            ("region", self.region, &mut weights.region),
            ("skill", self.skill, &mut weights.skill),
            ("language", self.language, &mut weights.language),
            ("panel", self.panel, &mut weights.panel),
            ("continuity", self.continuity, &mut weights.continuity),
            ("workload", self.workload, &mut weights.workload),
            ("availability", self.availability, &mut weights.availability),
        ];
        for (name, field, target) in fields {
            let pointer = format!("{at}/{name}");
            let field = field.expecting(&pointer, e, A_WEIGHT);
            replace(field, &pointer, target, e);
        }
    }
}

/// What a weight may be, for values of another type.
const A_WEIGHT: &str = "a whole number from 0 to 1,000";
const _: () = assert!(MOST_WEIGHT == 1_000, "the words say so");

/// Replaces a value that cannot be removed.
fn replace<T>(field: Field<T>, pointer: &str, target: &mut T, e: &mut FieldErrors) {
    if let Some(value) = field.replacement(pointer, e, any) {
        *target = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body;

    fn read(text: &str) -> Result<Draft, String> {
        let form: PolicyForm = body::parse(text.as_bytes()).unwrap();
        form.check(|form, e| form.read(None, e)).map_err(|problem| format!("{problem:?}"))
    }

    #[test]
    fn settings_count_over_the_preset() {
        let draft = read(
            r#"{"name":"N","preset":"nearest","settings":{"weights":{"panel":9},
                "max_travel_km":40,"require_location":true}}"#,
        );
        let draft = draft.ok().unwrap();
        let mut wanted = Preset::Nearest.policy();
        wanted.weights.panel = 9;
        wanted.max_travel_km = Some(40.0);
        wanted.require_location = true;
        assert_eq!((draft.policy, draft.preset), (wanted, Some(Preset::Nearest)));
    }

    #[test]
    fn every_wrong_setting_is_reported() {
        let wrong = r#"{"preset":"best","validate_only":1,"settings":{"speed":1,"speed_kmh":"40",
            "circuity":0,"max_late_min":null,"max_travel_km":-1,"require_location":"no",
            "weights":{"travel":1001,"panel":1.5,"luck":1,"skill":null}}}"#;
        let problem = read(wrong).err().unwrap();
        for pointer in [
            "/name",
            "/preset",
            "/validate_only",
            "/settings/speed",
            "/settings/speed_kmh",
            "/settings/circuity",
            "/settings/max_late_min",
            "/settings/max_travel_km",
            "/settings/require_location",
            "/settings/weights/travel",
            "/settings/weights/panel",
            "/settings/weights/luck",
            "/settings/weights/skill",
        ] {
            assert!(problem.contains(&format!("\"{pointer}\"")), "{pointer}: {problem}");
        }
    }
}
