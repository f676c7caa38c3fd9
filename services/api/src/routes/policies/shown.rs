//! Policies as they are shown, and how stored settings become a policy to rank by.

use crate::http::problem::{ApiResult, Problem};
use jiff::Timestamp;
use nearhand_domain::{PolicyId, StaffId};
use nearhand_recommend::{
    Policy, Preset, Term, Weights,
    exchange_rates::{ExchangeRate, exchange_rates},
};
use nearhand_storage::policies::{PolicyRecord, PolicyVersion};
use serde::Serialize;
use utoipa::ToSchema;

/// A policy.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Policy)]
pub(crate) struct PolicyShown {
    /// Null for one that was only checked.
    #[schema(value_type = Option<uuid::Uuid>)]
    pub(super) id: Option<PolicyId>,
    /// Raised by every change; also the ETag.
    pub(super) version: i64,
    /// Unique among policies that are not archived, without regard to case.
    #[schema(example = "Night calls")]
    pub(super) name: String,
    /// The preset its settings were first taken from.
    #[schema(value_type = Option<String>, example = "nearest")]
    pub(super) preset: Option<Preset>,
    pub(super) settings: PolicySettings,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub(super) archived_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    pub(super) created_at: Timestamp,
}

/// A policy with what its weights mean.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyWithRates)]
pub(crate) struct WithRates {
    #[serde(flatten)]
    policy: PolicyShown,
    /// What a step in each term is worth in driving minutes.
    exchange_rates: Vec<RateShown>,
}

/// A version of a policy. It never changes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyVersion)]
pub(crate) struct VersionShown {
    version: i64,
    /// What the policy was called.
    name: String,
    settings: PolicySettings,
    #[schema(value_type = uuid::Uuid)]
    created_by: StaffId,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When a recommendation first used it; null: none did.
    #[schema(value_type = Option<String>, format = DateTime)]
    used_at: Option<Timestamp>,
}

/// A policy to begin with.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyPreset)]
pub(crate) struct PresetShown {
    #[schema(value_type = String, example = "nearest")]
    preset: Preset,
    /// What it is for.
    description: &'static str,
    settings: PolicySettings,
    exchange_rates: Vec<RateShown>,
}

/// All presets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PolicyPresets)]
pub(crate) struct PresetsShown {
    items: Vec<PresetShown>,
}

/// What a step in a term is worth in driving minutes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExchangeRate)]
pub(crate) struct RateShown {
    #[schema(value_type = String, example = "service")]
    term: Term,
    /// What somebody has.
    #[schema(example = "unstated")]
    from: &'static str,
    /// What another has.
    #[schema(example = "preferred service")]
    to: &'static str,
    /// The driving time of the one who has less.
    #[schema(example = 25.0)]
    eta_min: f64,
    /// How many minutes more the other may drive for the same score; null: the step outweighs any
    /// drive.
    #[schema(example = 16.0)]
    worth_min: Option<f64>,
    /// The same in words.
    #[schema(example = "unstated to preferred service = 16 min at ETA 25")]
    text: String,
}

/// The numbers and switches of a policy.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicySettings {
    weights: PolicyWeights,
    /// Mean driving speed.
    speed_kmh: f64,
    /// Road kilometres per great-circle kilometre.
    circuity: f64,
    /// Drives up to this cost nothing.
    travel_offset_min: f64,
    /// Longer drives halve the travel term every so many minutes.
    travel_scale_min: f64,
    /// A ping's weight halves every so many minutes of its age.
    ping_half_life_min: f64,
    /// A ping's weight also halves every so many minutes until the start.
    lead_half_life_min: f64,
    /// In urgent cases older pings count for nothing.
    urgent_ping_max_age_min: f64,
    /// A booking's site counts if the booking ends at most so long before the start.
    booking_hold_h: f64,
    /// The site of the last job counts for so many hours.
    last_job_hold_h: f64,
    /// How late people may arrive at a fixed start.
    max_late_min: f64,
    /// The longest distance to the case; null: no limit.
    max_travel_km: Option<f64>,
    /// The highest load with this case; 1 is full, null: no limit.
    max_utilisation: Option<f64>,
    /// Candidates with at least so many points get a star.
    star_threshold: f64,
    /// Whether people without any location are left out.
    require_location: bool,
    /// Whether people must be willing for the services and a region, or prefer them.
    filter_by_preferences: bool,
}

/// The weight of each term.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PolicyWeights {
    travel: u32,
    service: u32,
    region: u32,
    skill: u32,
    language: u32,
    panel: u32,
    continuity: u32,
    workload: u32,
    availability: u32,
}

/// The policy of stored settings.
pub(crate) fn policy_of_settings(settings: &serde_json::Value) -> ApiResult<Policy> {
    serde_json::from_value(settings.clone()).map_err(|error| {
        tracing::error!(error = %error, "stored settings of a policy cannot be read");
        Problem::internal()
    })
}

impl PolicyShown {
    pub(super) fn new(record: &PolicyRecord) -> ApiResult<Self> {
        let policy = policy_of_settings(&record.settings)?;
        Ok(Self {
            id: Some(record.id),
            version: record.version,
            name: record.name.clone(),
            preset: record.preset.as_deref().and_then(Preset::parse),
            settings: PolicySettings::from(&policy),
            archived_at: record.archived_at,
            created_at: record.created_at,
        })
    }
}

impl WithRates {
    pub(super) fn new(record: &PolicyRecord, eta_min: f64) -> ApiResult<Self> {
        let policy = policy_of_settings(&record.settings)?;
        Ok(Self { policy: PolicyShown::new(record)?, exchange_rates: rates(&policy, eta_min) })
    }

    /// The same for a policy that is not stored.
    pub(super) fn without_id(self) -> Self {
        Self { policy: PolicyShown { id: None, ..self.policy }, ..self }
    }
}

impl VersionShown {
    pub(super) fn new(version: PolicyVersion) -> ApiResult<Self> {
        let policy = policy_of_settings(&version.settings)?;
        Ok(Self {
            version: version.version,
            name: version.name,
            settings: PolicySettings::from(&policy),
            created_by: version.created_by,
            created_at: version.created_at,
            used_at: version.used_at,
        })
    }

    pub(super) fn version(&self) -> i64 {
        self.version
    }
}

impl PresetsShown {
    pub(super) fn new(eta_min: f64) -> Self {
        let shown = |preset: Preset| {
            let policy = preset.policy();
            PresetShown {
                preset,
                description: preset.describe(),
                settings: PolicySettings::from(&policy),
                exchange_rates: rates(&policy, eta_min),
            }
        };
        Self { items: Preset::ALL.into_iter().map(shown).collect() }
    }
}

impl From<&Policy> for PolicySettings {
    fn from(policy: &Policy) -> Self {
        Self {
            weights: PolicyWeights::from(&policy.weights),
            speed_kmh: policy.speed_kmh,
            circuity: policy.circuity,
            travel_offset_min: policy.travel_offset_min,
            travel_scale_min: policy.travel_scale_min,
            ping_half_life_min: policy.ping_half_life_min,
            lead_half_life_min: policy.lead_half_life_min,
            urgent_ping_max_age_min: policy.urgent_ping_max_age_min,
            booking_hold_h: policy.booking_hold_h,
            last_job_hold_h: policy.last_job_hold_h,
            max_late_min: policy.max_late_min,
            max_travel_km: policy.max_travel_km,
            max_utilisation: policy.max_utilisation,
            star_threshold: policy.star_threshold,
            require_location: policy.require_location,
            filter_by_preferences: policy.filter_by_preferences,
        }
    }
}

impl From<&Weights> for PolicyWeights {
    fn from(weights: &Weights) -> Self {
        Self {
            travel: weights.travel,
            service: weights.service,
            region: weights.region,
            skill: weights.skill,
            language: weights.language,
            panel: weights.panel,
            continuity: weights.continuity,
            workload: weights.workload,
            availability: weights.availability,
        }
    }
}

impl From<ExchangeRate> for RateShown {
    fn from(rate: ExchangeRate) -> Self {
        let ExchangeRate { term, from, to, eta_min, worth_min, text } = rate;
        Self { term, from, to, eta_min, worth_min, text }
    }
}

fn rates(policy: &Policy, eta_min: f64) -> Vec<RateShown> {
    exchange_rates(policy, eta_min).into_iter().map(RateShown::from).collect()
}
