//! What is wrong with a phone, as far as its fixes tell: no app says that its user has denied it the
//! location, but what it sends then has a pattern.
//!
//! Guesses for people who help. Must not decide about any fix.

use crate::ping::PersonGate;

/// A phone is silent after so long, in seconds, if its position was wanted all the while.
pub const SILENT_S: i64 = 3_600;
/// How far back fixes are looked at, in seconds.
pub const LOOKED_AT_S: i64 = 2 * 86_400;
/// At most so many of the newest fixes.
pub const MOST_FIXES: usize = 30;

/// Below this a battery is low.
const LOW_BATTERY: f32 = 0.15;
/// An older fix says nothing about the battery of now.
const BATTERY_FRESH_S: i64 = 12 * 3_600;
/// Of fewer fixes nothing can be said.
const FEW: usize = 10;
/// Approximate location is off by kilometres.
const APPROXIMATE_M: f32 = 1_000.0;
/// Between two visits of the app.
const GAP_S: i64 = 20 * 60;
/// How long people look at an app.
const VISIT_S: i64 = 5 * 60;
/// So many visits in a row make a pattern.
const VISITS: usize = 4;

/// What is wrong with a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// Nothing of it ever came.
    NeverHeard,
    /// It has fallen silent.
    Silent,
    /// Its battery is low.
    LowBattery,
    /// The app sees only an approximate location.
    Approximate,
    /// The app sees the location only while it is open.
    OnlyWhenOpen,
    /// Its position comes from a mock provider.
    Mock,
    /// Its clock is ahead.
    ClockAhead,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NeverHeard,
        Self::Silent,
        Self::LowBattery,
        Self::Approximate,
        Self::OnlyWhenOpen,
        Self::Mock,
        Self::ClockAhead,
    ];

    /// The word on the wire and in metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NeverHeard => "never_heard",
            Self::Silent => "silent",
            Self::LowBattery => "low_battery",
            Self::Approximate => "approximate",
            Self::OnlyWhenOpen => "only_when_open",
            Self::Mock => "mock",
            Self::ClockAhead => "clock_ahead",
        }
    }

    /// The trouble of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trouble| trouble.as_str() == word)
    }

    /// What it is and how to mend it.
    #[must_use]
    pub fn detail(self) -> &'static str {
        match self {
            Self::NeverHeard => {
                "enrolled over an hour ago and never heard; scan its code again, or check address \
                 and token in the app"
            }
            Self::Silent => {
                "not heard for over an hour although its position is wanted; is the phone on and \
                 online, and does the app run?"
            }
            Self::LowBattery => "below 15 % and not being charged",
            Self::Approximate => {
                "its fixes are off by a kilometre and more; allow the app the precise location"
            }
            Self::OnlyWhenOpen => {
                "its fixes come in short bursts with long gaps; allow the app the location at all \
                 times, and exempt it from saving battery"
            }
            Self::Mock => "its position comes from an app for mock locations",
            Self::ClockAhead => "its clock is over two minutes ahead; let the network set it",
        }
    }
}

/// What is known of a phone. Times in Unix seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceSigns {
    /// When it was enrolled.
    pub enrolled_at: i64,
    /// When it was last heard.
    pub last_seen_at: Option<i64>,
    /// Its newest fixes, newest first: at most [`MOST_FIXES`] of the last [`LOOKED_AT_S`].
    pub fixes: Vec<SeenFix>,
}

/// What a fix says about its phone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SeenFix {
    /// When it was taken.
    pub at: i64,
    /// Radius in metres.
    pub accuracy_m: Option<f32>,
    /// 0 to 1.
    pub battery: Option<f32>,
    /// Being charged.
    pub charging: Option<bool>,
    /// From a mock provider.
    pub mock: bool,
    /// The clock was ahead.
    pub ahead: bool,
}

impl DeviceSigns {
    /// What is wrong with a phone of a person with this gate. O(fixes).
    #[must_use]
    pub fn troubles(&self, gate: &PersonGate, now: i64) -> Vec<Trouble> {
        let newest = self.fixes.first();
        let found = |trouble: Trouble| match trouble {
            Trouble::NeverHeard => {
                self.last_seen_at.is_none() && is_silent(gate, self.enrolled_at, now)
            }
            Trouble::Silent => self.last_seen_at.is_some_and(|at| is_silent(gate, at, now)),
            Trouble::LowBattery => newest.is_some_and(|fix| {
                now - fix.at <= BATTERY_FRESH_S
                    && fix.battery.is_some_and(|battery| battery < LOW_BATTERY)
                    && fix.charging != Some(true)
            }),
            Trouble::Approximate => {
                let is_wide = |fix: &SeenFix| fix.accuracy_m.is_some_and(|m| m >= APPROXIMATE_M);
                self.fixes.len() >= FEW && self.fixes.iter().all(is_wide)
            }
            Trouble::OnlyWhenOpen => self.comes_in_visits(gate),
            Trouble::Mock => newest.is_some_and(|fix| fix.mock),
            Trouble::ClockAhead => newest.is_some_and(|fix| fix.ahead),
        };
        Trouble::ALL.into_iter().filter(|trouble| found(*trouble)).collect()
    }

    /// Whether all fixes lie in short visits with long gaps between them, in each of which the
    /// position was wanted.
    fn comes_in_visits(&self, gate: &PersonGate) -> bool {
        let mut visits = 0;
        // The newest visit may still go on.
        let mut newest_of_visit = None;
        for pair in self.fixes.windows(2) {
            let [later, earlier] = pair else { continue };
            let end = newest_of_visit.get_or_insert(later.at);
            if later.at - earlier.at < GAP_S {
                continue;
            }
            if visits > 0 && *end - later.at > VISIT_S {
                return false;
            }
            if !was_wanted(gate, earlier.at, later.at) {
                return false;
            }
            newest_of_visit = Some(earlier.at);
            visits += 1;
        }
        let last = newest_of_visit.zip(self.fixes.last());
        visits >= VISITS && last.is_none_or(|(end, oldest)| end - oldest.at <= VISIT_S)
    }
}

/// Whether nothing came since an instant, although it should have for long enough.
fn is_silent(gate: &PersonGate, since: i64, now: i64) -> bool {
    now - since >= SILENT_S && was_wanted(gate, now - SILENT_S, now)
}

/// Whether a position was wanted from one instant to another: at its ends, and in between.
fn was_wanted(gate: &PersonGate, from: i64, to: i64) -> bool {
    let ms = |at: i64| at.saturating_mul(1_000);
    let gate = gate.over([ms(from), ms(to)].into_iter());
    (0..=4).all(|quarter| gate.allows_ms(ms(from + (to - from) / 4 * quarter)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        time::Interval,
        tracking::{OPEN_END, TrackingGate},
    };

    const NOW: i64 = 1_800_000_000;

    fn always() -> PersonGate {
        let permissions = vec![Interval { start: 0, end: OPEN_END }];
        PersonGate {
            tracking: TrackingGate { permissions, ..TrackingGate::default() },
            ..PersonGate::default()
        }
    }

    fn paused(from: i64, to: i64) -> PersonGate {
        let mut gate = always();
        gate.tracking.pauses.push(Interval { start: from, end: to });
        gate
    }

    fn seen(fixes: Vec<SeenFix>) -> DeviceSigns {
        let last_seen_at = fixes.first().map(|fix| fix.at.min(NOW));
        DeviceSigns { enrolled_at: NOW - 90 * 86_400, last_seen_at, fixes }
    }

    fn every(step_s: i64, many: i64) -> Vec<SeenFix> {
        (0..many).map(|n| SeenFix { at: NOW - n * step_s, ..SeenFix::default() }).collect()
    }

    #[test]
    fn words_are_read_again() {
        for trouble in Trouble::ALL {
            assert_eq!(Trouble::parse(trouble.as_str()), Some(trouble));
            assert!(trouble.detail().len() < 160);
        }
    }

    #[test]
    fn a_phone_that_sends_has_no_trouble() {
        assert!(seen(every(60, 30)).troubles(&always(), NOW).is_empty());
        // Every quarter of an hour is slow, and no pattern.
        assert!(seen(every(900, 30)).troubles(&always(), NOW).is_empty());
    }

    #[test]
    fn silence_counts_while_a_position_is_wanted() {
        let mut signs = seen(vec![SeenFix { at: NOW - 2 * SILENT_S, ..SeenFix::default() }]);
        assert_eq!(signs.troubles(&always(), NOW), [Trouble::Silent]);
        assert!(signs.troubles(&paused(NOW - 600, NOW + 600), NOW).is_empty());
        let since = paused(NOW - 2 * SILENT_S, NOW - SILENT_S / 2);
        assert!(signs.troubles(&since, NOW).is_empty(), "the pause ended half an hour ago");
        assert!(signs.troubles(&PersonGate::default(), NOW).is_empty());
        signs.last_seen_at = Some(NOW - SILENT_S + 1);
        assert!(signs.troubles(&always(), NOW).is_empty());
        let new = DeviceSigns { enrolled_at: NOW - SILENT_S, ..DeviceSigns::default() };
        assert_eq!(new.troubles(&always(), NOW), [Trouble::NeverHeard]);
        assert!(new.troubles(&always(), NOW - 1).is_empty());
    }

    #[test]
    fn the_newest_fix_tells_of_battery_mocks_and_clock() {
        let mut signs = seen(every(60, 3));
        signs.fixes[0].battery = Some(0.1);
        signs.fixes[0].mock = true;
        signs.fixes[0].ahead = true;
        let all = [Trouble::LowBattery, Trouble::Mock, Trouble::ClockAhead];
        assert_eq!(signs.troubles(&always(), NOW), all);
        signs.fixes[0].charging = Some(true);
        assert_eq!(signs.troubles(&always(), NOW), all[1..]);
    }

    #[test]
    fn approximate_location_is_told_by_its_radius() {
        let mut signs = seen(every(60, 12));
        signs.fixes.iter_mut().for_each(|fix| fix.accuracy_m = Some(3_000.0));
        assert_eq!(signs.troubles(&always(), NOW), [Trouble::Approximate]);
        signs.fixes[7].accuracy_m = Some(12.0);
        assert!(signs.troubles(&always(), NOW).is_empty());
    }

    #[test]
    fn short_visits_with_long_gaps_are_an_app_that_only_sees_when_open() {
        let visit = |hours: i64| {
            (0..3).map(move |n| SeenFix { at: NOW - hours * 3_600 - n * 20, ..SeenFix::default() })
        };
        let fixes: Vec<SeenFix> = (0..6).flat_map(visit).collect();
        let signs = seen(fixes);
        assert_eq!(signs.troubles(&always(), NOW), [Trouble::OnlyWhenOpen]);
        // A gap that the person wanted is none.
        let lunch = paused(NOW - 3 * 3_600 + 60, NOW - 2 * 3_600 - 60);
        assert!(signs.troubles(&lunch, NOW).is_empty());
    }
}
