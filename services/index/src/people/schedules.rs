//! Working hours, each distinct pattern once for everybody who shares it. Must answer the same inside
//! the expanded horizon and outside it.
//!
//! A pattern is expanded into intervals for three weeks around the present. For a start further away
//! it is expanded around that start, two weeks each way at most, once a case.
//! Its hours of the UTC week cover a whole year. When they change with the years, the places of its
//! people are updated while the hours move on.

use super::load::{kept_hours, parity, window};
use crate::{abilities::HourSet, numbers::number};
use jiff::{Timestamp, ToSpan, tz::TimeZone};
use nearhand_domain::{
    schedule::{DAY_MIN, WeeklyHours},
    time::{DAY_S, Interval, merge},
    zone,
};
use rustc_hash::FxHashMap;

/// What is expanded around the present: two days back, three weeks ahead.
const BACK_S: i64 = 2 * DAY_S;
const AHEAD_S: i64 = 21 * DAY_S;
/// A shift is reported as reaching at most this far beyond the asked interval.
const REACH_S: i64 = DAY_S;
/// The most that is expanded before and after a start far from the present. Two weeks, because a
/// clock change can swallow the pause of one week.
const TWO_WEEKS_S: i64 = 15 * DAY_S;

/// The number of a schedule within its organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ScheduleId(u32);

/// How working hours are given.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pattern {
    /// Every week the same, in a time zone.
    Weekly(WeeklyHours),
    /// These intervals and no others, merged.
    Explicit(Vec<Interval>),
}

impl Pattern {
    /// Merged intervals touching `window`.
    fn intervals(&self, window: Interval) -> Vec<Interval> {
        match self {
            Self::Weekly(hours) => hours.intervals(window),
            Self::Explicit(merged) => {
                merged.iter().copied().filter(|i| i.overlaps(window)).collect()
            }
        }
    }
}

#[derive(Debug)]
struct Entry {
    pattern: Pattern,
    people: u32,
    hours: HourSet,
    /// Whether `hours` have changed since the places of its people were updated.
    renewed: bool,
    near: Box<[Interval]>,
    /// Where `near` is complete.
    horizon: Interval,
    /// Working seconds in the window of a kept hour, by parity: (hour, seconds).
    capacity: [(i64, i64); 2],
}

/// The schedules of an organisation.
#[derive(Debug, Default)]
pub struct Schedules {
    entries: Vec<Entry>,
    by_pattern: FxHashMap<Pattern, ScheduleId>,
    free: Vec<ScheduleId>,
    /// Whether the hours of any schedule have changed.
    renewed: bool,
}

impl Schedules {
    /// Counts one more person of a pattern's schedule; expands it around `now` at its first use.
    ///
    /// Cost of a first use: one zone lookup per day and shift of three weeks.
    pub fn acquire(&mut self, pattern: Pattern, now: i64) -> ScheduleId {
        if let Some(&id) = self.by_pattern.get(&pattern) {
            self.entries[id.at()].people += 1;
            return id;
        }
        let entry = Entry::new(pattern.clone(), now);
        let id = if let Some(id) = self.free.pop() {
            self.entries[id.at()] = entry;
            id
        } else {
            let id = ScheduleId(number(self.entries.len()));
            self.entries.push(entry);
            id
        };
        self.by_pattern.insert(pattern, id);
        id
    }

    /// Gives a share back; a schedule nobody shares is forgotten.
    pub fn release(&mut self, id: ScheduleId) {
        let entry = &mut self.entries[id.at()];
        entry.people = entry.people.saturating_sub(1);
        if entry.people == 0 {
            self.by_pattern.remove(&entry.pattern);
            entry.near = Box::default();
            entry.horizon = Interval { start: 0, end: 0 };
            entry.pattern = Pattern::Explicit(Vec::new());
            self.free.push(id);
        }
    }

    /// The merged working interval that holds all of `[start, end]`, cut to a day before the
    /// earlier of `start` and `now` and a day after `end`.
    ///
    /// Cost: a binary search near the present, else an expansion of some weeks.
    #[must_use]
    pub fn shift(&self, id: ScheduleId, now: i64, start: i64, end: i64) -> Option<Interval> {
        let reach = reach(now, start, end);
        let entry = &self.entries[id.at()];
        if entry.horizon.covers(reach) {
            return holding(&entry.near, start, end)?.clip(reach);
        }
        if let Pattern::Explicit(intervals) = &entry.pattern {
            return holding(intervals, start, end)?.clip(reach);
        }
        let first = start.saturating_sub(TWO_WEEKS_S).max(reach.start);
        let last = start.saturating_add(TWO_WEEKS_S).min(end);
        let window = Interval { start: first, end: reach.end.min(last.saturating_add(REACH_S)) };
        let mut shift = holding(&entry.pattern.intervals(window), start, last)?;
        // A weekly pattern without a pause in two weeks has none at all, so years need not be
        // expanded. One case is left out: shifts that overlap only over the hour of a clock change.
        if shift.start <= first {
            shift.start = reach.start;
        }
        if last < end {
            shift.end = reach.end;
        }
        shift.clip(reach)
    }

    /// Whether [`Self::shift`] costs no more than a search.
    #[must_use]
    pub fn is_near(&self, id: ScheduleId, now: i64, start: i64, end: i64) -> bool {
        self.entries[id.at()].horizon.covers(reach(now, start, end))
    }

    /// Calls `read` with merged intervals that are complete within `window`.
    pub fn with<T>(
        &self,
        id: ScheduleId,
        window: Interval,
        read: impl FnOnce(&[Interval]) -> T,
    ) -> T {
        let entry = &self.entries[id.at()];
        if entry.horizon.covers(window) {
            read(&entry.near)
        } else {
            read(&entry.pattern.intervals(window))
        }
    }

    /// Working seconds in the seven days from `hour`.
    #[must_use]
    pub fn capacity_s(&self, id: ScheduleId, hour: i64) -> i64 {
        let (kept, seconds) = self.entries[id.at()].capacity[parity(hour)];
        if kept == hour {
            return seconds;
        }
        let window = window(hour);
        self.with(id, window, |intervals| seconds_in(intervals, window))
    }

    /// Hours of the UTC week that may be worked in, for a year around the present.
    #[must_use]
    pub fn hours(&self, id: ScheduleId) -> HourSet {
        self.entries[id.at()].hours
    }

    /// How many distinct schedules there are, with those given back.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Moves the horizon of the `at`-th schedule when it has less than two weeks left, and fills
    /// the capacities of `hours`. Cost: as a first use when it does.
    pub fn advance(&mut self, at: usize, now: i64, hours: [i64; 2]) {
        let Some(entry) = self.entries.get_mut(at).filter(|entry| entry.people > 0) else { return };
        let ahead = entry.horizon.end.saturating_sub(now);
        if ahead < AHEAD_S - 2 * DAY_S || entry.horizon.start > now.saturating_sub(DAY_S) {
            entry.expand(now);
        }
        entry.fill_capacity(hours);
        self.renewed |= entry.renewed;
    }

    /// Whether the hours of some schedule have changed since [`Self::all_refreshed`].
    pub(crate) fn any_renewed(&self) -> bool {
        self.renewed
    }

    /// Whether the hours of one schedule have changed.
    pub(crate) fn is_renewed(&self, id: ScheduleId) -> bool {
        self.entries[id.at()].renewed
    }

    /// The places of all people have the new hours.
    pub(crate) fn all_refreshed(&mut self) {
        self.renewed = false;
        self.entries.iter_mut().for_each(|entry| entry.renewed = false);
    }

    /// Memory held, in bytes, roughly.
    #[must_use]
    pub fn approximate_bytes(&self) -> usize {
        let of = |entry: &Entry| {
            let pattern = match &entry.pattern {
                Pattern::Weekly(hours) => hours.shifts.len() * 6 + hours.time_zone.len(),
                Pattern::Explicit(intervals) => intervals.len() * size_of::<Interval>(),
            };
            size_of::<Entry>() + entry.near.len() * size_of::<Interval>() + 2 * pattern + 80
        };
        self.entries.iter().map(of).sum()
    }
}

impl ScheduleId {
    fn at(self) -> usize {
        self.0 as usize
    }
}

impl Entry {
    fn new(pattern: Pattern, now: i64) -> Self {
        let hours = hours_of_week(&pattern, now);
        let mut entry = Self {
            pattern,
            people: 1,
            hours,
            renewed: false,
            near: Box::default(),
            horizon: Interval { start: 0, end: 0 },
            capacity: [(i64::MIN, 0); 2],
        };
        entry.expand(now);
        entry.fill_capacity(kept_hours(now));
        entry
    }

    fn expand(&mut self, now: i64) {
        let (start, end) = (now.saturating_sub(BACK_S), now.saturating_add(AHEAD_S));
        let horizon = Interval { start, end };
        self.near = self.pattern.intervals(horizon).into_boxed_slice();
        self.horizon = horizon;
        let hours = hours_of_week(&self.pattern, now);
        self.renewed |= hours != self.hours;
        self.hours = hours;
    }

    fn fill_capacity(&mut self, hours: [i64; 2]) {
        for hour in hours {
            if self.capacity[parity(hour)].0 != hour {
                let window = window(hour);
                let seconds = if self.horizon.covers(window) {
                    seconds_in(&self.near, window)
                } else {
                    seconds_in(&self.pattern.intervals(window), window)
                };
                self.capacity[parity(hour)] = (hour, seconds);
            }
        }
    }
}

/// What a shift is cut to.
fn reach(now: i64, start: i64, end: i64) -> Interval {
    Interval { start: start.min(now).saturating_sub(REACH_S), end: end.saturating_add(REACH_S) }
}

/// The one of some merged intervals that holds all of `[start, end]`.
fn holding(intervals: &[Interval], start: i64, end: i64) -> Option<Interval> {
    let past = intervals.partition_point(|i| i.start <= start);
    intervals[..past].last().copied().filter(|i| end <= i.end)
}

fn seconds_in(intervals: &[Interval], window: Interval) -> i64 {
    intervals.iter().filter_map(|i| i.clip(window)).map(Interval::seconds).sum()
}

/// Sorted and merged, as [`Pattern::Explicit`] needs them.
#[must_use]
pub fn explicit(intervals: Vec<Interval>) -> Pattern {
    Pattern::Explicit(merge(intervals))
}

/// The hours of the UTC week a pattern can touch. For a weekly one: under every UTC offset its
/// zone has from two years before to two years after `now`, and therefore wide by an hour where
/// clocks change.
fn hours_of_week(pattern: &Pattern, now: i64) -> HourSet {
    let mut hours = HourSet::EMPTY;
    match pattern {
        Pattern::Explicit(intervals) => {
            intervals.iter().for_each(|i| hours.insert(i.start, i.end));
        }
        Pattern::Weekly(weekly) => {
            let (least, most) = offsets(&weekly.time_zone, now);
            for shift in &weekly.shifts {
                // The epoch was a Thursday: Monday, weekday 1, came three days before.
                let day = (i64::from(shift.weekday) - 4) * DAY_S;
                let [start, end] = [shift.start_min, shift.end_min].map(|at| at.min(DAY_MIN));
                let wraps = if shift.end_min > shift.start_min { 0 } else { DAY_MIN };
                let (start, end) = (day + i64::from(start) * 60, day + i64::from(end + wraps) * 60);
                hours.insert(start - most, end - least);
            }
        }
    }
    hours
}

/// For how long [`Schedules::hours`] hold before and after the present, with a margin for rolling.
pub const HOURS_HOLD_S: i64 = 500 * DAY_S;

/// The least and the greatest UTC offset in seconds of a zone around `now`.
fn offsets(zone: &str, now: i64) -> (i64, i64) {
    let zone = zone::get(zone).unwrap_or(TimeZone::UTC);
    let Ok(at) = Timestamp::from_second(now) else { return (-26 * 3_600, 26 * 3_600) };
    let from = at.checked_sub((2 * 365 * 24).hours()).unwrap_or(at);
    let until = at.checked_add((2 * 365 * 24).hours()).unwrap_or(at);
    let first = i64::from(zone.to_offset(from).seconds());
    zone.following(from)
        .take_while(|change| change.timestamp() <= until)
        .map(|change| i64::from(change.offset().seconds()))
        .fold((first, first), |(least, most), offset| (least.min(offset), most.max(offset)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_domain::schedule::WeeklyShift;

    fn weekly(zone: &str, shifts: &[(u8, u16, u16)]) -> Pattern {
        let shifts = shifts
            .iter()
            .map(|&(weekday, start_min, end_min)| WeeklyShift { weekday, start_min, end_min })
            .collect();
        Pattern::Weekly(WeeklyHours { time_zone: zone.into(), shifts })
    }

    #[test]
    fn the_hours_of_the_week_hold_all_year() {
        let patterns = [
            weekly("America/New_York", &[(1, 540, 1_020), (5, 1_320, 360), (7, 0, 1_440)]),
            weekly("Australia/Lord_Howe", &[(2, 90, 120), (6, 1_439, 1)]),
            weekly("Africa/Casablanca", &[(3, 150, 180)]),
        ];
        let now = 1_800_000_000;
        for pattern in patterns {
            let hours = hours_of_week(&pattern, now);
            let year = Interval { start: now - 200 * DAY_S, end: now + 200 * DAY_S };
            let worked = pattern.intervals(year);
            assert!(worked.len() > 50);
            for interval in worked {
                let mut needed = HourSet::EMPTY;
                needed.insert(interval.start, interval.end);
                assert!(hours.covers(&needed));
            }
            assert_ne!(hours, HourSet::ALL);
        }
    }

    #[test]
    fn shifts_are_the_same_near_and_far() {
        let now = 1_800_000_000;
        let mut near = Schedules::default();
        let mut far = Schedules::default();
        let pattern = weekly("Europe/Lisbon", &[(1, 480, 960), (2, 0, 1_440), (3, 0, 60)]);
        let a = near.acquire(pattern.clone(), now);
        let b = far.acquire(pattern, now - 100 * DAY_S);
        let mut found = 0;
        for start in (now - DAY_S / 2..now + 14 * DAY_S).step_by(3_571) {
            let shift = near.shift(a, now, start, start + 3_600);
            assert_eq!(shift, far.shift(b, now, start, start + 3_600));
            found += usize::from(shift.is_some());
        }
        assert!(found > 50);
        assert_eq!(near.capacity_s(a, now / 3_600), far.capacity_s(b, now / 3_600));
        assert_eq!(near.capacity_s(a, now / 3_600), (8 + 24 + 1) * 3_600);
    }

    #[test]
    fn shifts_far_ahead_are_those_of_all_weeks_until_then() {
        let now = 1_800_000_000;
        let daily = |start, end| (1..=7).map(move |day| (day, start, end)).collect::<Vec<_>>();
        let mut pausing = daily(180, 120);
        pausing.iter_mut().filter(|shift| shift.0 != 6).for_each(|shift| shift.2 = 180);
        let patterns = [daily(0, 1_440), daily(180, 120), pausing, daily(540, 1_020)];
        for shifts in patterns {
            let mut schedules = Schedules::default();
            // In its night to Sunday, in March, the third of the patterns does not pause.
            let pattern = weekly("America/New_York", &shifts);
            let id = schedules.acquire(pattern.clone(), now);
            let mut found = 0;
            for start in (now..now + 500 * DAY_S).step_by(500_009) {
                let end = start + [3_600, 20 * DAY_S][usize::from(start % 7 == 0)];
                let reach = reach(now, start, end);
                let all = pattern.intervals(reach);
                let expected = holding(&all, start, end).and_then(|shift| shift.clip(reach));
                assert_eq!(schedules.shift(id, now, start, end), expected);
                found += usize::from(expected.is_some());
            }
            assert!(found > 10);
        }
    }
}
