//! A policy: the weights, limits and switches of a ranking. Its defaults must match the ranking
//! contract.

use serde::{Deserialize, Serialize};

/// Weights, limits and switches of a ranking. Every field has the contract's default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// The weight of each term.
    pub weights: Weights,
    /// Road kilometres per great-circle kilometre.
    pub circuity: f64,
    /// Mean driving speed in km/h.
    pub speed_kmh: f64,
    /// Drives up to this cost nothing.
    pub travel_offset_min: f64,
    /// Longer drives halve the travel term every so many minutes.
    pub travel_scale_min: f64,
    /// A ping's weight halves every so many minutes of its age.
    pub ping_half_life_min: f64,
    /// A ping's weight also halves every so many minutes until the start.
    pub lead_half_life_min: f64,
    /// In urgent cases older pings count for nothing.
    pub urgent_ping_max_age_min: f64,
    /// A booking's site counts if the booking ends at most so long before the start.
    pub booking_hold_h: f64,
    /// The last job's site counts for so many hours.
    pub last_job_hold_h: f64,
    /// How late people may arrive at a fixed start.
    pub max_late_min: f64,
    /// The longest distance to the case.
    pub max_travel_km: Option<f64>,
    /// The highest load with this case; 1 is full.
    pub max_utilisation: Option<f64>,
    /// Whether people without any location are left out.
    pub require_location: bool,
    /// Candidates with at least so many points get a star.
    pub star_threshold: f64,
    /// Whether people must be willing for the services and a region, or prefer them.
    pub filter_by_preferences: bool,
}

/// The weight of each term, in whole numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// Nearness in driving time.
    pub travel: u32,
    /// Preference for the case's services.
    pub service: u32,
    /// Preference for the case's regions.
    pub region: u32,
    /// Skill levels.
    pub skill: u32,
    /// Languages.
    pub language: u32,
    /// Being on the client's panel.
    pub panel: u32,
    /// Earlier visits to the client.
    pub continuity: u32,
    /// Having less to do than others.
    pub workload: u32,
    /// Slack in time.
    pub availability: u32,
}

/// Why a policy cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// No term that applies to every case has a weight.
    #[error("one of the weights travel, workload and availability must be above 0")]
    NoWeight,
    /// A weight is so large that sums could overflow.
    #[error("a weight must be at most {MAX_WEIGHT}")]
    Weight,
    /// A divisor must be well above zero, and not absurdly large.
    #[error("{0} must be a number from {LEAST_NUMBER} to {MAX_NUMBER}")]
    NotPositive(&'static str),
    /// A limit must not be negative, nor absurdly large.
    #[error("{0} must be a number from 0 to {MAX_NUMBER}")]
    Negative(&'static str),
}

/// The largest weight.
pub const MAX_WEIGHT: u32 = 1_000_000;
/// The largest value of any other number: beyond it, sums and quotients lose digits.
pub const MAX_NUMBER: f64 = 1_000_000.0;
/// The smallest divisor.
pub const LEAST_NUMBER: f64 = 0.001;

impl Default for Weights {
    fn default() -> Self {
        Self {
            travel: 32,
            service: 14,
            region: 9,
            skill: 12,
            language: 5,
            panel: 6,
            continuity: 7,
            workload: 9,
            availability: 6,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            weights: Weights::default(),
            circuity: 1.3,
            speed_kmh: 40.0,
            travel_offset_min: 10.0,
            travel_scale_min: 30.0,
            ping_half_life_min: 20.0,
            lead_half_life_min: 60.0,
            urgent_ping_max_age_min: 60.0,
            booking_hold_h: 4.0,
            last_job_hold_h: 12.0,
            max_late_min: 30.0,
            max_travel_km: None,
            max_utilisation: None,
            require_location: false,
            star_threshold: 80.0,
            filter_by_preferences: false,
        }
    }
}

impl Policy {
    /// Checks that every formula is defined.
    ///
    /// # Errors
    /// When all general weights are 0, a weight is too large, or a number is out of its range.
    pub fn check(&self) -> Result<(), PolicyError> {
        let w = &self.weights;
        if w.travel == 0 && w.workload == 0 && w.availability == 0 {
            return Err(PolicyError::NoWeight);
        }
        let all = [
            w.travel,
            w.service,
            w.region,
            w.skill,
            w.language,
            w.panel,
            w.continuity,
            w.workload,
            w.availability,
        ];
        if all.iter().any(|&weight| weight > MAX_WEIGHT) {
            return Err(PolicyError::Weight);
        }
        let positive = [
            ("circuity", self.circuity),
            ("speed_kmh", self.speed_kmh),
            ("travel_scale_min", self.travel_scale_min),
            ("ping_half_life_min", self.ping_half_life_min),
            ("lead_half_life_min", self.lead_half_life_min),
        ];
        if let Some((name, _)) =
            positive.iter().find(|(_, x)| !(LEAST_NUMBER..=MAX_NUMBER).contains(x))
        {
            return Err(PolicyError::NotPositive(name));
        }
        let others = [
            ("travel_offset_min", self.travel_offset_min),
            ("urgent_ping_max_age_min", self.urgent_ping_max_age_min),
            ("booking_hold_h", self.booking_hold_h),
            ("last_job_hold_h", self.last_job_hold_h),
            ("max_late_min", self.max_late_min),
            ("max_travel_km", self.max_travel_km.unwrap_or(0.0)),
            ("max_utilisation", self.max_utilisation.unwrap_or(0.0)),
            ("star_threshold", self.star_threshold),
        ];
        match others.iter().find(|(_, x)| !(0.0..=MAX_NUMBER).contains(x)) {
            Some((name, _)) => Err(PolicyError::Negative(name)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_no_formula_can_use_are_refused() {
        assert_eq!(Policy::default().check(), Ok(()));
        for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.1, 1e7] {
            let limited = Policy { max_travel_km: Some(wrong), ..Policy::default() };
            assert_eq!(limited.check(), Err(PolicyError::Negative("max_travel_km")));
            let late = Policy { max_late_min: wrong, ..Policy::default() };
            assert_eq!(late.check(), Err(PolicyError::Negative("max_late_min")));
        }
        for wrong in [f64::NAN, f64::INFINITY, -1.0, 0.0, f64::MIN_POSITIVE, 1e7] {
            let scaled = Policy { travel_scale_min: wrong, ..Policy::default() };
            assert_eq!(scaled.check(), Err(PolicyError::NotPositive("travel_scale_min")));
        }
        let weights = Weights { travel: MAX_WEIGHT + 1, ..Weights::default() };
        let heavy = Policy { weights, ..Policy::default() };
        assert_eq!(heavy.check(), Err(PolicyError::Weight));
        let weights = Weights { travel: 0, workload: 0, availability: 0, ..Weights::default() };
        let idle = Policy { weights, ..Policy::default() };
        assert_eq!(idle.check(), Err(PolicyError::NoWeight));
    }
}
