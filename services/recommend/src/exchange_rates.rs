//! What a policy's weights mean in driving minutes: how much farther away somebody may be who is
//! one step better in another term, and still get the same score. Must be worked out from the
//! formulas of the score alone.
//!
//! A step of `Δu` in a term of weight `w` is worth `m` minutes at a driving time `e` when
//! `w_travel · (D(e) − D(e + m)) = w · Δu`, with `D(e) = 2^(−max(0, e − offset) / scale)`. The sum of
//! the weights stands on both sides, so the rate is the same for every case to which the term
//! applies.

use crate::{
    judge::terms::{FLUENCY_VALUES, WILLINGNESS_VALUES},
    policy::{Policy, Weights},
    term::{ONE, Term},
};
use serde::Serialize;

/// The driving time at which rates are given unless somebody asks for another.
pub const USUAL_ETA_MIN: f64 = 25.0;

/// What one step is worth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExchangeRate {
    /// The term.
    pub term: Term,
    /// What somebody has.
    pub from: &'static str,
    /// What another has.
    pub to: &'static str,
    /// The driving time of the one who has less.
    pub eta_min: f64,
    /// How many minutes more the other may drive; `None`: any drive is outweighed.
    pub worth_min: Option<f64>,
    /// The same in words.
    pub text: String,
}

/// A step in a term, in millionths.
struct Step {
    term: Term,
    from: &'static str,
    to: &'static str,
    values: (u32, u32),
}

const fn step(term: Term, from: &'static str, to: &'static str, values: (u32, u32)) -> Step {
    Step { term, from, to, values }
}

/// The steps that are shown. Services, skills: of a case that asks for one.
const STEPS: [Step; 15] = [
    step(
        Term::Service,
        "avoided",
        "unstated service",
        (WILLINGNESS_VALUES[1], WILLINGNESS_VALUES[2]),
    ),
    step(
        Term::Service,
        "unstated",
        "willing service",
        (WILLINGNESS_VALUES[2], WILLINGNESS_VALUES[3]),
    ),
    step(
        Term::Service,
        "unstated",
        "preferred service",
        (WILLINGNESS_VALUES[2], WILLINGNESS_VALUES[4]),
    ),
    step(
        Term::Region,
        "avoided",
        "unstated region",
        (WILLINGNESS_VALUES[1], WILLINGNESS_VALUES[2]),
    ),
    step(
        Term::Region,
        "unstated",
        "willing region",
        (WILLINGNESS_VALUES[2], WILLINGNESS_VALUES[3]),
    ),
    step(
        Term::Region,
        "unstated",
        "preferred region",
        (WILLINGNESS_VALUES[2], WILLINGNESS_VALUES[4]),
    ),
    step(Term::Skill, "required", "preferred level", (ONE / 2, ONE)),
    step(Term::Skill, "level 5", "preferred level below 5", (ONE / 5 * 4, ONE)),
    step(Term::Language, "B1", "B2", (FLUENCY_VALUES[1], FLUENCY_VALUES[2])),
    step(Term::Language, "B2", "native language", (FLUENCY_VALUES[2], FLUENCY_VALUES[4])),
    step(Term::Panel, "off", "on the panel", (0, ONE)),
    step(Term::Continuity, "no visit", "a visit to the client today", (0, ONE / 2)),
    step(Term::Continuity, "no visit", "a visit to the client 90 days ago", (0, 292_893)),
    step(Term::Workload, "some load", "10 percentage points less load", (0, ONE / 10)),
    step(Term::Availability, "no slack", "an hour of slack", (0, ONE)),
];

/// What each step is worth at a driving time, rounded to tenths of a minute.
#[must_use]
pub fn exchange_rates(policy: &Policy, eta_min: f64) -> Vec<ExchangeRate> {
    let rate = |step: &Step| {
        let Step { term, from, to, values } = *step;
        let worth = worth_in_minutes(policy, term, values, eta_min);
        let words = match worth {
            Some(minutes) if minutes < 10.0 => format!("= {minutes:.1} min"),
            Some(minutes) => format!("= {minutes:.0} min"),
            None => "outweighs any drive".to_owned(),
        };
        let text = format!("{from} to {to} {words} at ETA {eta_min}");
        let worth_min = worth.map(|minutes| libm::rint(minutes * 10.0) / 10.0);
        ExchangeRate { term, from, to, eta_min, worth_min, text }
    };
    STEPS.iter().map(rate).collect()
}

/// How many minutes more than `eta_min` somebody may drive whose value of a term is the second
/// instead of the first, in millionths, for the same score. `None`: no drive is long enough, since
/// the step gives more points than their nearness.
#[must_use]
pub fn worth_in_minutes(
    policy: &Policy,
    term: Term,
    (from, to): (u32, u32),
    eta_min: f64,
) -> Option<f64> {
    let gained = f64::from(weight(&policy.weights, term)) * f64::from(to.saturating_sub(from));
    if gained <= 0.0 {
        return Some(0.0);
    }
    let travel = f64::from(policy.weights.travel) * f64::from(ONE);
    let (offset, scale) = (policy.travel_offset_min, policy.travel_scale_min);
    let near = libm::exp2(-(eta_min - offset).max(0.0) / scale);
    let left = near - gained / travel;
    // Without a weight of travel it is minus infinity.
    (left > 0.0).then(|| offset - scale * libm::log2(left) - eta_min)
}

fn weight(weights: &Weights, term: Term) -> u32 {
    match term {
        Term::Travel => weights.travel,
        Term::Service => weights.service,
        Term::Region => weights.region,
        Term::Skill => weights.skill,
        Term::Language => weights.language,
        Term::Panel => weights.panel,
        Term::Continuity => weights.continuity,
        Term::Workload => weights.workload,
        Term::Availability => weights.availability,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presets::Preset;

    fn text(policy: &Policy, eta_min: f64, to: &str) -> String {
        let rates = exchange_rates(policy, eta_min);
        rates.into_iter().find(|rate| rate.to == to).unwrap().text
    }

    #[test]
    fn the_contracts_example_holds() {
        let policy = Policy::default();
        let wanted = "unstated to preferred service = 16 min at ETA 25";
        assert_eq!(text(&policy, 25.0, "preferred service"), wanted);
    }

    #[test]
    fn a_step_that_gives_more_than_nearness_outweighs_any_drive() {
        let policy = Preset::ClientFirst.policy();
        let wanted = "off to on the panel outweighs any drive at ETA 25";
        assert_eq!(text(&policy, 25.0, "on the panel"), wanted);
        let weights = Weights { travel: 0, service: 0, ..Weights::default() };
        let policy = Policy { weights, ..Policy::default() };
        assert_eq!(worth_in_minutes(&policy, Term::Service, (0, ONE), 25.0), Some(0.0));
        assert_eq!(worth_in_minutes(&policy, Term::Region, (0, 1), 25.0), None);
    }
}
