//! When somebody entered and left the site of a case, from the fixes of their phone. A pure function
//! of all fixes in the order of their times, so that an offline visit counts as well. Must not read
//! anything.

use crate::position::Position;

/// How long after the end of an assignment its fixes still count.
pub const AFTER_END_MS: i64 = 24 * 60 * 60 * 1_000;

/// Where the work is, and within which distance people are there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Site {
    /// Its middle.
    pub position: Position,
    /// Metres.
    pub radius_m: f64,
}

/// A visit to a site. Unix milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// The first of the first two fixes inside, one after the other.
    pub arrived_ms: Option<i64>,
    /// The first of the last two fixes outside that follow on fixes inside; none while inside.
    pub left_ms: Option<i64>,
}

impl Site {
    /// Whether a fix lies inside. A fix that is wider than the site says nothing.
    #[must_use]
    pub fn contains(&self, position: Position, accuracy_m: Option<f32>) -> Option<bool> {
        let is_vague = accuracy_m.is_some_and(|radius| f64::from(radius) > self.radius_m);
        (!is_vague).then(|| self.position.metres_to(position) <= self.radius_m)
    }
}

/// The visit that these fixes show: the time of each, and whether it lies inside.
#[must_use]
pub fn visit(fixes: impl IntoIterator<Item = (i64, bool)>) -> Visit {
    let mut visit = Visit::default();
    let mut is_inside = false;
    let mut before: Option<(i64, bool)> = None;
    for (at_ms, inside) in fixes {
        let same = before.filter(|(_, was_inside)| *was_inside == inside && inside != is_inside);
        if let Some((since_ms, _)) = same {
            is_inside = inside;
            if inside {
                visit.arrived_ms.get_or_insert(since_ms);
                visit.left_ms = None;
            } else {
                visit.left_ms = Some(since_ms);
            }
        }
        before = Some((at_ms, inside));
    }
    visit
}

/// Whether one more fix may change a visit that was computed from others.
#[must_use]
pub fn may_change(visit: Visit, at_ms: i64, inside: bool) -> bool {
    match (visit.arrived_ms, visit.left_ms) {
        (None, _) => inside,
        (Some(arrived_ms), None) => !inside || at_ms < arrived_ms,
        (Some(arrived_ms), Some(left_ms)) => {
            if inside {
                at_ms < arrived_ms || at_ms > left_ms
            } else {
                at_ms <= left_ms
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(text: &str) -> (Option<i64>, Option<i64>) {
        let fixes = (0..).zip(text.chars().map(|letter| letter == 'i'));
        let visit = visit(fixes);
        (visit.arrived_ms, visit.left_ms)
    }

    #[test]
    fn two_fixes_one_after_the_other_decide() {
        assert_eq!(of(""), (None, None));
        assert_eq!(of("oioio"), (None, None), "never two");
        assert_eq!(of("oii"), (Some(1), None));
        assert_eq!(of("oiioi"), (Some(1), None), "one outside is no exit");
        assert_eq!(of("oiioo"), (Some(1), Some(3)));
        assert_eq!(of("oiiooii"), (Some(1), None), "back again");
        assert_eq!(of("oiiooiioioo"), (Some(1), Some(9)));
    }

    #[test]
    fn a_site_is_a_circle_and_vague_fixes_say_nothing() {
        let position = Position::new(38.7, -9.1).unwrap();
        let site = Site { position, radius_m: 150.0 };
        let near = Position::new(38.701_3, -9.1).unwrap();
        let far = Position::new(38.701_4, -9.1).unwrap();
        assert_eq!(site.contains(near, Some(10.0)), Some(true));
        assert_eq!(site.contains(far, None), Some(false));
        assert_eq!(site.contains(near, Some(151.0)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_may_not_change_a_visit_does_not(
            fixes in prop::collection::btree_map(0i64..60, any::<bool>(), 0..30),
            at in 0i64..60,
            inside in any::<bool>(),
        ) {
            prop_assume!(!fixes.contains_key(&at));
            let before = visit(fixes.clone());
            let mut more = fixes;
            more.insert(at, inside);
            let after = visit(more);
            if after != before {
                prop_assert!(may_change(before, at, inside));
            }
            let ordered = after.left_ms.is_none() || after.left_ms > after.arrived_ms;
            prop_assert!(ordered);
        }
    }
}
