//! The ranges in which an organisation may choose the numbers of a policy. They are narrower than
//! what the formulas can bear. Must report everything that is wrong at once.

use crate::policy::Policy;
use nearhand_domain::field::FieldErrors;

/// The largest weight of a term.
pub const MOST_WEIGHT: u32 = 1_000;

/// Name, smallest and largest value, and where it is.
type Range = (&'static str, f64, f64, fn(&Policy) -> Option<f64>);

/// Every number besides the weights.
const RANGES: [Range; 13] = [
    ("speed_kmh", 1.0, 200.0, |policy| Some(policy.speed_kmh)),
    ("circuity", 1.0, 5.0, |policy| Some(policy.circuity)),
    ("travel_offset_min", 0.0, 240.0, |policy| Some(policy.travel_offset_min)),
    ("travel_scale_min", 1.0, 480.0, |policy| Some(policy.travel_scale_min)),
    ("ping_half_life_min", 1.0, 1_440.0, |policy| Some(policy.ping_half_life_min)),
    ("lead_half_life_min", 1.0, 10_080.0, |policy| Some(policy.lead_half_life_min)),
    ("urgent_ping_max_age_min", 0.0, 1_440.0, |policy| Some(policy.urgent_ping_max_age_min)),
    ("booking_hold_h", 0.0, 168.0, |policy| Some(policy.booking_hold_h)),
    ("last_job_hold_h", 0.0, 168.0, |policy| Some(policy.last_job_hold_h)),
    ("max_late_min", 0.0, 1_440.0, |policy| Some(policy.max_late_min)),
    ("max_travel_km", 0.0, 20_000.0, |policy| policy.max_travel_km),
    ("max_utilisation", 0.0, 10.0, |policy| policy.max_utilisation),
    ("star_threshold", 0.0, 100.0, |policy| Some(policy.star_threshold)),
];

/// Adds an error for each setting out of its range, with its pointer below `at`.
pub fn check(policy: &Policy, at: &str, errors: &mut FieldErrors) {
    let w = &policy.weights;
    let weights = [
        ("travel", w.travel),
        ("service", w.service),
        ("region", w.region),
        ("skill", w.skill),
        ("language", w.language),
        ("panel", w.panel),
        ("continuity", w.continuity),
        ("workload", w.workload),
        ("availability", w.availability),
    ];
    for (name, _) in weights.iter().filter(|(_, weight)| *weight > MOST_WEIGHT) {
        let detail = format!("must be a whole number from 0 to {MOST_WEIGHT}");
        errors.push(format!("{at}/weights/{name}"), "invalid", detail);
    }
    if w.travel == 0 && w.workload == 0 && w.availability == 0 {
        let detail = "at least one of travel, workload and availability must be above 0: the \
            other terms do not apply to every case";
        errors.push(format!("{at}/weights"), "no_weight", detail);
    }
    for (name, least, most, value) in RANGES {
        if value(policy).is_some_and(|value| !(least..=most).contains(&value)) {
            let detail = format!("must be a number from {least} to {most}");
            errors.push(format!("{at}/{name}"), "invalid", detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Weights;

    fn pointers(policy: &Policy) -> Vec<String> {
        let mut errors = FieldErrors::default();
        check(policy, "/settings", &mut errors);
        let faults = errors.conclude(Ok(())).err().unwrap_or_default();
        faults.iter().map(|fault| fault.pointer.clone()).collect()
    }

    #[test]
    fn everything_out_of_range_is_reported_at_once() {
        assert_eq!(pointers(&Policy::default()), [""; 0]);
        let weights =
            Weights { travel: 0, workload: 0, availability: 0, panel: 1_001, ..Weights::default() };
        let policy = Policy {
            weights,
            speed_kmh: 0.0,
            max_travel_km: Some(-1.0),
            star_threshold: f64::NAN,
            ..Policy::default()
        };
        let wrong =
            ["/weights/panel", "/weights", "/speed_kmh", "/max_travel_km", "/star_threshold"];
        assert_eq!(pointers(&policy), wrong.map(|at| format!("/settings{at}")));
    }

    #[test]
    fn whatever_is_in_range_can_be_ranked_by() {
        for value in [RANGES.map(|r| r.1), RANGES.map(|r| r.2)] {
            let [
                speed,
                circuity,
                offset,
                scale,
                ping,
                lead,
                urgent,
                booking,
                job,
                late,
                km,
                load,
                star,
            ] = value;
            let policy = Policy {
                weights: Weights::default(),
                circuity,
                speed_kmh: speed,
                travel_offset_min: offset,
                travel_scale_min: scale,
                ping_half_life_min: ping,
                lead_half_life_min: lead,
                urgent_ping_max_age_min: urgent,
                booking_hold_h: booking,
                last_job_hold_h: job,
                max_late_min: late,
                max_travel_km: Some(km),
                max_utilisation: Some(load),
                require_location: false,
                star_threshold: star,
                filter_by_preferences: false,
            };
            assert_eq!(policy.check(), Ok(()));
            assert_eq!(pointers(&policy), [""; 0]);
        }
    }
}
