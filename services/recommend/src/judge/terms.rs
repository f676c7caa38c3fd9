//! The score's terms of one person, as whole millionths. Must round half-even once, and never look
//! at other candidates.

use crate::{
    judge::location::{DriveFrom, PlaceAndTime},
    query::Query,
    rounding::{div_half_even, micro, minutes},
    term::{ONE, Term},
};
use nearhand_domain::{facts::VISITS_COUNT_S, time::Interval};
use nearhand_index::{Person, abilities::levels::UNSTATED, people::load::LoadInputs};

/// Millionths by willingness: never, avoid, unstated, willing, preferred.
pub(crate) const WILLINGNESS_VALUES: [u32; 5] = [0, 100_000, 500_000, 750_000, ONE];
/// Millionths by fluency: below b1, b1, b2, c1, c2 or native.
pub(crate) const FLUENCY_VALUES: [u32; 5] = [0, 400_000, 750_000, 900_000, ONE];
/// A visit's weight halves every so many days.
const VISIT_HALF_LIFE_DAYS: f64 = 90.0;
/// More slack than this earns nothing more, in milliseconds.
const FULL_SLACK_MS: i64 = 3_600_000;

/// The terms that depend on neither place nor time; travel and availability stay 0.
pub(crate) fn static_values(
    query: &Query<'_>,
    slot: u32,
    person: &Person,
    load: LoadInputs,
) -> [u32; 9] {
    let mut u = [0; 9];
    u[Term::Service as usize] = service(query, |code| person.service(code));
    u[Term::Region as usize] = region(query, |code| person.region(code));
    if query.applies(Term::Skill) {
        u[Term::Skill as usize] = query.skills.value(|code| person.skill(code));
    }
    u[Term::Language as usize] = language(query, |code| person.language(code));
    if query.panel.binary_search(&slot).is_ok() {
        u[Term::Panel as usize] = ONE;
    }
    if query.client.is_some() {
        u[Term::Continuity as usize] = continuity(query, person);
    }
    u[Term::Workload as usize] = workload(query, load.ppm());
    u
}

/// Travel: the drives from the ping and from the place without it, blended by the ping's weight.
pub(crate) fn travel(query: &Query<'_>, at: &PlaceAndTime) -> u32 {
    let near = |from: Option<DriveFrom>| query.nearness(from.map(|from| from.eta_milli_min));
    if at.ping.is_none() && at.fallback.is_none() {
        return micro(near(at.primary));
    }
    let c = at.ping_weight;
    if c > 0.0 {
        micro(c * near(at.ping) + (1.0 - c) * near(at.fallback))
    } else {
        micro(near(at.fallback))
    }
}

/// Service: the mean over the case's services, from the willingness for each code.
pub(crate) fn service(query: &Query<'_>, willingness: impl Fn(u32) -> u8) -> u32 {
    let value = |code: &Option<u32>| willingness_value(or_unstated(*code, &willingness));
    mean(query.services.iter().map(value).sum(), query.services.len())
}

/// Service, from the willingness for each of the case's services in turn.
pub(crate) fn service_of_levels(levels: &[u8]) -> u32 {
    mean(levels.iter().map(|&level| willingness_value(level)).sum(), levels.len())
}

/// Region: the best over the case's regions, from the willingness for each code.
pub(crate) fn region(query: &Query<'_>, willingness: impl Fn(u32) -> u8) -> u32 {
    let best = best_region_willingness(query, willingness);
    best.map_or(0, |best| WILLINGNESS_VALUES[usize::from(best)])
}

/// The best willingness for one of the case's regions; `None` without regions.
pub(crate) fn best_region_willingness(
    query: &Query<'_>,
    willingness: impl Fn(u32) -> u8,
) -> Option<u8> {
    query.regions.iter().map(|code| or_unstated(*code, &willingness)).max()
}

/// Language: the best over the case's languages, from the fluency in each code.
pub(crate) fn language(query: &Query<'_>, fluency: impl Fn(u32) -> u8) -> u32 {
    best_fluency(query, fluency).map_or(0, |best| FLUENCY_VALUES[usize::from(best)])
}

/// The best fluency in one of the case's languages; `None` if nobody speaks any.
pub(crate) fn best_fluency(query: &Query<'_>, fluency: impl Fn(u32) -> u8) -> Option<u8> {
    query.languages.iter().flatten().map(|&code| fluency(code)).max()
}

/// The willingness for a code; unstated if nobody ever stated one.
pub(crate) fn or_unstated(code: Option<u32>, willingness: impl Fn(u32) -> u8) -> u8 {
    code.map_or(UNSTATED, willingness)
}

/// Completed visits to the client in the two years up to now: Σ 2^(−days/90), and their number.
pub(crate) fn visits(query: &Query<'_>, person: &Person) -> (f64, u32) {
    let Some(client) = query.client else { return (0.0, 0) };
    let counts = Interval {
        start: query.as_of.saturating_sub(VISITS_COUNT_S),
        end: query.as_of.saturating_add(1),
    };
    let past = person.visits(client).filter(|&at| counts.contains(at));
    past.fold((0.0, 0), |(sum, count), at| {
        let days = minutes(query.as_of.saturating_sub(at)) / 1_440.0;
        (sum + libm::exp2(-days / VISIT_HALF_LIFE_DAYS), count + 1)
    })
}

/// Workload, from a load in millionths.
pub(crate) fn workload(query: &Query<'_>, load_ppm: u32) -> u32 {
    (ONE / 2).saturating_add(query.mean_ppm).saturating_sub(load_ppm).min(ONE)
}

/// Availability, from the smallest slack in milliseconds; full when nothing limits it.
pub(crate) fn availability(slack_ms: Option<i64>) -> u32 {
    let Some(slack) = slack_ms else { return ONE };
    let slack = u64::try_from(slack.clamp(0, FULL_SLACK_MS)).unwrap_or(0);
    let full = FULL_SLACK_MS.unsigned_abs();
    u32::try_from(div_half_even(slack * u64::from(ONE), full)).unwrap_or(ONE)
}

/// Continuity: 1 − 2^(−n).
fn continuity(query: &Query<'_>, person: &Person) -> u32 {
    match visits(query, person) {
        (_, 0) => 0,
        (n, _) => micro(1.0 - libm::exp2(-n)),
    }
}

fn willingness_value(level: u8) -> u64 {
    u64::from(WILLINGNESS_VALUES[usize::from(level)])
}

fn mean(sum: u64, count: usize) -> u32 {
    let count = u64::try_from(count.max(1)).unwrap_or(1);
    u32::try_from(div_half_even(sum, count)).unwrap_or(ONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_slack_is_full_availability() {
        assert_eq!([1_800, -5, 4_000_000].map(|ms| availability(Some(ms))), [500, 0, ONE]);
        assert_eq!(availability(None), ONE);
    }
}
