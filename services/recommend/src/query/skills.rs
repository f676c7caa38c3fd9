//! The skills a case needs, and the formula of the skill term. Must know nothing of a query, so
//! that a query can hold its own table.

use crate::{
    query::combinations::{combination_index, combination_table},
    rounding::micro,
    term::ONE,
};
use nearhand_index::abilities::levels::BEST_LEVEL;

/// A skill that the case needs, by code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequiredSkill {
    /// `None`: nobody has it.
    pub(crate) code: Option<u32>,
    pub(crate) required: u8,
    pub(crate) preferred: u8,
}

/// The skills a case needs, and the skill term by the level in each.
#[derive(Debug)]
pub(crate) struct SkillNeeds {
    /// In the case's order.
    pub(crate) list: Vec<RequiredSkill>,
    /// Values in millionths, one for each combination of levels; empty for many skills.
    pub(crate) values: Vec<u32>,
}

/// The levels a skill can have, 0 among them.
pub(crate) const SKILL_LEVELS: usize = BEST_LEVEL as usize + 1;

impl SkillNeeds {
    /// Cost: the skill formula once for each entry of the table.
    pub(crate) fn new(list: Vec<RequiredSkill>) -> Self {
        let value = |levels: &[u8]| skill_value(&list, |nth| levels[nth]);
        let values = combination_table(list.len(), SKILL_LEVELS, value);
        Self { list, values }
    }

    /// The skill term in millionths, from the level a person has in each skill.
    pub(crate) fn value(&self, level: impl Fn(u32) -> u8) -> u32 {
        let nth_level = |nth: usize| self.list[nth].code.map_or(0, &level);
        if self.values.is_empty() {
            return skill_value(&self.list, nth_level);
        }
        self.values[combination_index((0..self.list.len()).map(nth_level), SKILL_LEVELS)]
    }

    /// An upper bound in millionths for everybody with at most these levels. Levels above the
    /// preferred one lower the value, so a higher level is not always better.
    pub(crate) fn value_at_most(&self, most: impl Fn(u32) -> u8) -> u32 {
        let capped = |nth: usize| {
            let need = &self.list[nth];
            need.code.map_or(0, &most).min(need.preferred).min(BEST_LEVEL)
        };
        if self.values.is_empty() {
            return skill_value(&self.list, capped).saturating_add(1).min(ONE);
        }
        self.values[combination_index((0..self.list.len()).map(capped), SKILL_LEVELS)]
    }
}

/// Skill: (Π f)^(1/n) · (1 − 0.2·o), from the level in each skill in turn.
fn skill_value(needs: &[RequiredSkill], level: impl Fn(usize) -> u8) -> u32 {
    let (mut product, mut over) = (1.0_f64, 0.0_f64);
    for (nth, need) in needs.iter().enumerate() {
        let (have, required) = (f64::from(level(nth)), f64::from(need.required));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn experts_are_kept_for_the_cases_that_need_them() {
        let need = |required, preferred| RequiredSkill { code: Some(0), required, preferred };
        let one = [need(2, 4)];
        assert_eq!(
            [1, 2, 3, 4, 5].map(|have| skill_value(&one, |_| have)),
            [0, 500_000, 750_000, ONE, 800_000]
        );
        assert_eq!(skill_value(&[need(5, 5)], |_| 5), ONE);
        assert_eq!(skill_value(&[need(1, 1), need(1, 1), need(1, 1)], |_| 1), ONE);
    }
}
