//! The score's terms as whole millionths. Must round half-even once, and never look at other
//! candidates.

use crate::{
    location::Whereabouts,
    query::{Query, Skill, Term, minutes, whole},
};
use nearhand_index::{Person, load::LoadInputs, masks::UNSTATED, person::BEST_LEVEL};

/// One whole in millionths.
pub(crate) const ONE: u32 = 1_000_000;
/// Millionths by gladness: never, avoid, unstated, willing, preferred.
pub(crate) const GLADNESS: [u32; 5] = [0, 100_000, 500_000, 750_000, ONE];
/// Millionths by fluency: below b1, b1, b2, c1, c2 or native.
pub(crate) const FLUENCY: [u32; 5] = [0, 400_000, 750_000, 900_000, ONE];
/// A visit's weight halves every so many days.
const VISIT_HALF_LIFE_DAYS: f64 = 90.0;
/// Slack from which nothing more is gained, in milliseconds.
const FULL_SLACK_MS: i64 = 3_600_000;
/// Combinations of levels worked out beforehand at most.
const TABLE_MAX: usize = 216;
/// Levels of a skill, with none.
pub(crate) const SKILL_LEVELS: usize = BEST_LEVEL as usize + 1;

/// Millionths of a share, rounded half-even and kept within 0 and 1.
pub(crate) fn micro(share: f64) -> u32 {
    u32::try_from(whole(libm::rint(share * 1e6))).unwrap_or(0).min(ONE)
}

/// `numerator / denominator` rounded half-even; both not negative, the denominator above 0.
fn div_half_even(numerator: u64, denominator: u64) -> u64 {
    let (quotient, rest) = (numerator / denominator, numerator % denominator);
    let up = match (rest * 2).cmp(&denominator) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Equal => quotient & 1,
        std::cmp::Ordering::Greater => 1,
    };
    quotient + up
}

fn mean(sum: u64, count: usize) -> u32 {
    let count = u64::try_from(count.max(1)).unwrap_or(1);
    u32::try_from(div_half_even(sum, count)).unwrap_or(ONE)
}

/// Travel, from places found.
pub(crate) fn travel(query: &Query<'_>, at: &Whereabouts) -> u32 {
    let near =
        |spot: Option<crate::location::Spot>| query.nearness(spot.map(|spot| spot.eta_milli_min));
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

/// Service, from the gladness for each.
pub(crate) fn service(query: &Query<'_>, gladness: impl Fn(u32) -> u8) -> u32 {
    let of = |code: &Option<u32>| u64::from(GLADNESS[usize::from(stated(*code, &gladness))]);
    mean(query.services.iter().map(of).sum(), query.services.len())
}

/// Service, from the gladness for each in turn.
pub(crate) fn service_of(levels: &[u8]) -> u32 {
    mean(levels.iter().map(|&level| u64::from(GLADNESS[usize::from(level)])).sum(), levels.len())
}

/// The gladness for a word, unstated if nobody ever stated it.
pub(crate) fn stated(code: Option<u32>, gladness: impl Fn(u32) -> u8) -> u8 {
    code.map_or(UNSTATED, gladness)
}

/// Region, from the gladness for each.
pub(crate) fn region(query: &Query<'_>, gladness: impl Fn(u32) -> u8) -> u32 {
    best_gladness(query, gladness).map_or(0, |best| GLADNESS[usize::from(best)])
}

/// The best gladness for a region, if there is any.
pub(crate) fn best_gladness(query: &Query<'_>, gladness: impl Fn(u32) -> u8) -> Option<u8> {
    query.regions.iter().map(|code| stated(*code, &gladness)).max()
}

/// Language, from the fluency in each.
pub(crate) fn language(query: &Query<'_>, fluency: impl Fn(u32) -> u8) -> u32 {
    best_fluency(query, fluency).map_or(0, |best| FLUENCY[usize::from(best)])
}

/// The best fluency in a language, if anybody speaks one.
pub(crate) fn best_fluency(query: &Query<'_>, fluency: impl Fn(u32) -> u8) -> Option<u8> {
    query.languages.iter().flatten().map(|&code| fluency(code)).max()
}

/// Skill: (Π f)^(1/n) · (1 − 0.2·o).
fn skill_of(needs: &[Skill], have: impl Fn(usize) -> u8) -> u32 {
    let (mut product, mut over) = (1.0_f64, 0.0_f64);
    for (at, need) in needs.iter().enumerate() {
        let (have, required) = (f64::from(have(at)), f64::from(need.required));
        let preferred = f64::from(need.preferred);
        product *= if have >= preferred {
            1.0
        } else if have < required {
            0.0
        } else {
            0.5 + 0.5 * (have - required) / (preferred - required)
        };
        if need.preferred < 5 {
            over += ((have - preferred) / (5.0 - preferred)).clamp(0.0, 1.0);
        }
    }
    let n = f64::from(u32::try_from(needs.len()).unwrap_or(u32::MAX).max(1));
    let root = match needs.len() {
        1 => product,
        2 => libm::sqrt(product),
        _ => libm::pow(product, 1.0 / n),
    };
    micro(root * (1.0 - 0.2 * over / n))
}

/// Skill, from the level in each.
pub(crate) fn skill(query: &Query<'_>, have: impl Fn(u32) -> u8) -> u32 {
    let level = |at: usize| query.skills[at].code.map_or(0, &have);
    if query.skill_u.is_empty() {
        return skill_of(&query.skills, level);
    }
    query.skill_u[index_of((0..query.skills.len()).map(level), SKILL_LEVELS)]
}

/// Where a combination of levels, each below `base`, stands in a table.
pub(crate) fn index_of(levels: impl Iterator<Item = u8>, base: usize) -> usize {
    levels.fold(0, |index, level| index * base + usize::from(level))
}

/// A value for each combination of so many levels below `base`, if those are few; else nothing.
pub(crate) fn table<T>(digits: usize, base: usize, value: impl Fn(&[u8]) -> T) -> Vec<T> {
    let combinations = (0..digits).fold(1_usize, |n, _| n.saturating_mul(base));
    if digits == 0 || combinations > TABLE_MAX {
        return Vec::new();
    }
    let mut levels = vec![0; digits];
    let of = |mut index: usize| {
        for level in levels.iter_mut().rev() {
            *level = u8::try_from(index % base).unwrap_or(0);
            index /= base;
        }
        value(&levels)
    };
    (0..combinations).map(of).collect()
}

/// Skill by the level in each, for few skills; else empty.
pub(crate) fn skill_table(query: &Query<'_>) -> Vec<u32> {
    table(query.skills.len(), SKILL_LEVELS, |levels| skill_of(&query.skills, |at| levels[at]))
}

/// The best skill value anybody with at most these levels may have: an expert counts less, so
/// more is not always better.
pub(crate) fn skill_at_most(query: &Query<'_>, most: impl Fn(u32) -> u8) -> u32 {
    let capped = |at: usize| {
        let need = &query.skills[at];
        need.code.map_or(0, &most).min(need.preferred).min(BEST_LEVEL)
    };
    if query.skill_u.is_empty() {
        return skill_of(&query.skills, capped).saturating_add(1).min(ONE);
    }
    query.skill_u[index_of((0..query.skills.len()).map(capped), SKILL_LEVELS)]
}

/// Σ 2^(−days/90) over completed visits up to now, and how many those are.
pub(crate) fn visits(query: &Query<'_>, person: &Person) -> (f64, u32) {
    let Some(client) = query.client else { return (0.0, 0) };
    let past = person.visits(client).filter(|&at| at <= query.as_of);
    past.fold((0.0, 0), |(sum, count), at| {
        let days = minutes(query.as_of.saturating_sub(at)) / 1_440.0;
        (sum + libm::exp2(-days / VISIT_HALF_LIFE_DAYS), count + 1)
    })
}

/// Continuity: 1 − 2^(−n).
pub(crate) fn continuity(query: &Query<'_>, person: &Person) -> u32 {
    match visits(query, person) {
        (_, 0) => 0,
        (n, _) => micro(1.0 - libm::exp2(-n)),
    }
}

/// Workload, from a load in millionths.
pub(crate) fn workload(query: &Query<'_>, load_ppm: u32) -> u32 {
    (ONE / 2).saturating_add(query.mean_ppm).saturating_sub(load_ppm).min(ONE)
}

/// Availability, from the smallest slack.
pub(crate) fn availability(slack_ms: Option<i64>) -> u32 {
    let Some(slack) = slack_ms else { return ONE };
    let slack = u64::try_from(slack.clamp(0, FULL_SLACK_MS)).unwrap_or(0);
    let full = FULL_SLACK_MS.unsigned_abs();
    u32::try_from(div_half_even(slack * u64::from(ONE), full)).unwrap_or(ONE)
}

/// The terms that depend on neither place nor time, of one person.
pub(crate) fn of_person(
    query: &Query<'_>,
    slot: u32,
    person: &Person,
    load: LoadInputs,
) -> [u32; 9] {
    let mut u = [0; 9];
    u[Term::Service as usize] = service(query, |code| person.service(code));
    u[Term::Region as usize] = region(query, |code| person.region(code));
    if query.applies(Term::Skill) {
        u[Term::Skill as usize] = skill(query, |code| person.skill(code));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_to_the_even_neighbour() {
        assert_eq!([1, 3, 5, 7].map(|n| div_half_even(n, 2)), [0, 2, 2, 4]);
        assert_eq!([4, 5, 7, 8].map(|n| div_half_even(n, 3)), [1, 2, 2, 3]);
        assert_eq!([1_800, -5, 4_000_000].map(|ms| availability(Some(ms))), [500, 0, ONE]);
    }

    #[test]
    fn experts_are_kept_for_the_cases_that_need_them() {
        let need = |required, preferred| Skill { code: Some(0), required, preferred };
        let one = [need(2, 4)];
        assert_eq!(
            [1, 2, 3, 4, 5].map(|have| skill_of(&one, |_| have)),
            [0, 500_000, 750_000, ONE, 800_000]
        );
        assert_eq!(skill_of(&[need(5, 5)], |_| 5), ONE);
        assert_eq!(skill_of(&[need(1, 1), need(1, 1), need(1, 1)], |_| 1), ONE);
    }
}
