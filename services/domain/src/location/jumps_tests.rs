//! Jumps, by example and by property: a store in memory that takes fixes in any order.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

const LIMIT: f64 = 70.0;
const MINUTE: i64 = 60_000;
const J: u8 = flags::JUMP;
const R: u8 = flags::RELEASED;

/// A fix at a minute, so many kilometres to the north.
fn fix(minute: i64, km: i32) -> TrackFix {
    let position = Position::from_e7(387_000_000 + km * 89_932, -91_000_000).unwrap();
    TrackFix {
        at_ms: 1_790_000_000_000 + minute * MINUTE,
        key: Uuid::from_u128(u128::try_from(km).unwrap()),
        position,
        accuracy_m: Some(10.0),
        received_at_ms: 0,
        flags: 0,
    }
}

/// One device's fixes and its live position, as the tables hold them.
#[derive(Default)]
struct Store {
    fixes: BTreeMap<(i64, Uuid), TrackFix>,
    live: Option<TrackFix>,
    live_is_newest: bool,
}

impl Store {
    fn add(&mut self, batch: &[TrackFix]) {
        let mut new = batch.to_vec();
        new.sort_by_key(TrackFix::order);
        let newest = self.live.filter(|_| self.live_is_newest);
        if newest.is_some_and(|newest| goes_on(LIMIT, &newest, &new)) {
            self.choose(&new, new.last().copied(), true);
            self.fixes.extend(new.iter().map(|fix| ((fix.at_ms, fix.key), *fix)));
            return;
        }
        let (first, last) = (new[0].at_ms, new[new.len() - 1].at_ms);
        let mut most = 2;
        let verdict = loop {
            if let Some(verdict) = judge(LIMIT, &new, &self.around(first, last, most)) {
                break verdict;
            }
            most *= 4;
        };
        for fix in &new {
            self.fixes.entry((fix.at_ms, fix.key)).or_insert(*fix);
        }
        for (at, key, flags) in verdict.new.iter().chain(&verdict.changed) {
            self.fixes.get_mut(&(*at, *key)).unwrap().flags = *flags;
        }
        // As ingest does: by what the verdict says of those that came.
        let is_jump = |fix: &TrackFix| {
            let same = |(at, key, _): &&Flagged| (*at, *key) == (fix.at_ms, fix.key);
            verdict.new.iter().find(same).is_some_and(|(_, _, flags)| flags & J != 0)
        };
        let good: Vec<TrackFix> = new.iter().filter(|fix| !is_jump(fix)).copied().collect();
        let settled = matches!(verdict.end, End::Newest { settled: true, .. });
        self.choose(&good, verdict.good, settled);
        if matches!(verdict.end, End::Newest { settled: false, .. }) {
            self.live_is_newest = false;
        }
    }

    fn choose(&mut self, new: &[TrackFix], good: Option<TrackFix>, settled: bool) {
        let best = new.iter().copied().chain(good).max_by_key(TrackFix::rank);
        if best.map(|best| best.rank()) > self.live.map(|live| live.rank()) {
            let is_good = best.map(|best| best.rank()) == good.map(|good| good.rank());
            (self.live, self.live_is_newest) = (best, settled && is_good);
        }
    }

    fn around(&self, first: i64, last: i64, most: usize) -> Around {
        let all = self.fixes.values().copied();
        let day_before =
            all.clone().filter(|fix| fix.at_ms < first && fix.at_ms >= first - COMPARED_MS);
        let before: Vec<TrackFix> = day_before.collect();
        let between = all.clone().filter(|fix| fix.at_ms >= first && fix.at_ms <= last);
        let then: Vec<TrackFix> =
            all.filter(|fix| fix.at_ms > last && fix.at_ms <= last + AFTER_MS).collect();
        Around {
            before_cut: before.len() > most,
            before: before[before.len().saturating_sub(most)..].to_vec(),
            after_cut: then.len() > most,
            after: between.chain(then.iter().take(most).copied()).collect(),
        }
    }

    fn flags(&self) -> Vec<u8> {
        self.fixes.values().map(|fix| fix.flags).collect()
    }
}

fn flags_of(fixes: &[TrackFix]) -> Vec<u8> {
    let mut store = Store::default();
    store.add(fixes);
    store.flags()
}

#[test]
fn a_good_fix_after_a_bad_one_is_kept() {
    assert_eq!(flags_of(&[fix(0, 0), fix(1, 500), fix(2, 1)]), [0, J, 0]);
    assert_eq!(flags_of(&[fix(0, 0), fix(1, 500), fix(2, 900), fix(3, 1)]), [0, J, J, 0]);
}

#[test]
fn the_newest_waits_until_two_more_agree() {
    let flight = [fix(0, 0), fix(1, 500), fix(2, 501), fix(3, 502), fix(4, 503)];
    assert_eq!(flags_of(&flight[..2]), [0, J]);
    assert_eq!(flags_of(&flight[..3]), [0, J, J]);
    assert_eq!(flags_of(&flight[..4]), [0, R, R, 0]);
    assert_eq!(flags_of(&flight), [0, R, R, 0, 0]);
}

#[test]
fn a_jump_that_comes_again_is_not_live() {
    let mut store = Store::default();
    store.add(&[fix(0, 0)]);
    store.add(&[fix(1, 500)]);
    store.add(&[fix(1, 500)]);
    assert_eq!(store.flags(), [0, J]);
    assert_eq!(store.live, Some(fix(0, 0)));
}

#[test]
fn speed_and_radius_decide() {
    // 4.2 km in a minute are 70 m/s.
    assert!(reachable(LIMIT, &fix(0, 0), &fix(1, 4)));
    assert!(!reachable(LIMIT, &fix(0, 0), &fix(1, 5)));
    let vague = TrackFix { accuracy_m: Some(900.0), ..fix(1, 5) };
    assert!(reachable(LIMIT, &fix(0, 0), &vague));
    assert!(reachable(LIMIT, &fix(0, 0), &fix(24 * 60 + 1, 5_000)), "a day later");
    let near = TrackFix { at_ms: fix(0, 0).at_ms, ..fix(0, 0) };
    assert!(reachable(LIMIT, &fix(0, 0), &near), "two fixes of one instant");
}

#[test]
fn a_late_fix_shows_what_was_right() {
    let mut store = Store::default();
    store.add(&[fix(0, 0)]);
    store.add(&[fix(60, 400)]);
    assert_eq!(store.flags(), [0, J], "400 km in an hour");
    // It was on its way, the clock of the first phone was not.
    store.add(&[fix(-240, 0), fix(30, 300), fix(31, 301), fix(32, 302)]);
    assert_eq!(store.flags(), [0, 0, R, R, 0, 0]);
    // A late fix can show as well that a stored one was wrong.
    let mut store = Store::default();
    store.add(&[fix(0, 0)]);
    store.add(&[fix(600, 400)]);
    assert_eq!(store.flags(), [0, 0]);
    store.add(&[fix(599, 1)]);
    assert_eq!(store.flags(), [0, 0, J]);
}

fn any_fixes() -> impl Strategy<Value = Vec<TrackFix>> {
    let places = prop::sample::select(vec![0, 1, 2, 300, 301, 900, 2_000]);
    let gaps = prop_oneof![8 => 0..4i64, 2 => 20..200i64, 1 => 1_000..1_600i64];
    prop::collection::vec((gaps, places), 1..40).prop_map(|steps| {
        let mut minute = 0;
        let mut fixes: Vec<TrackFix> = Vec::new();
        for (gap, km) in steps {
            minute += gap;
            fixes.push(fix(minute, km));
        }
        fixes.sort_by_key(|fix| (fix.at_ms, fix.key));
        fixes.dedup_by_key(|fix| (fix.at_ms, fix.key));
        fixes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_order_and_any_split_give_the_same_flags(
        fixes in any_fixes(),
        order in prop::collection::vec(any::<u32>(), 40),
        cuts in prop::collection::vec(1usize..6, 40),
        again in any::<prop::sample::Index>(),
    ) {
        let mut all = Store::default();
        all.add(&fixes);
        let mut shuffled: Vec<(u32, TrackFix)> = order.into_iter().zip(fixes.clone()).collect();
        shuffled.sort_by_key(|(order, _)| *order);
        let mut rest: Vec<TrackFix> = shuffled.into_iter().map(|(_, fix)| fix).collect();
        let mut parts = Store::default();
        for cut in cuts {
            if rest.is_empty() {
                break;
            }
            let batch: Vec<TrackFix> = rest.drain(..cut.min(rest.len())).collect();
            parts.add(&batch);
        }
        prop_assert_eq!(all.flags(), parts.flags());
        // Nothing that is newer than the live position is good.
        let live = parts.live.map(|fix| fix.rank());
        let good = parts.fixes.values().filter(|fix| fix.flags & J == 0);
        prop_assert!(good.map(TrackFix::rank).max() <= live);
        // What comes again changes nothing, one by one and together.
        parts.add(&[*again.get(&fixes)]);
        prop_assert_eq!(all.flags(), parts.flags());
        prop_assert_eq!(parts.live.map(|fix| fix.rank()), live);
        parts.add(&fixes);
        prop_assert_eq!(all.flags(), parts.flags());
        prop_assert_eq!(parts.live.map(|fix| fix.rank()), live);
    }
}
