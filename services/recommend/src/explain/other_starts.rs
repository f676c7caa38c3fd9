//! Other starts for a person who is absent, booked or off work at the time. Must offer a start only
//! if the rule passes there.

use crate::{judge::judgement::Judgement, query::Query, rule::Rule};
use nearhand_domain::time::{DAY_S, Interval};
use nearhand_index::Person;

/// Working hours are looked at so far ahead.
const AHEAD_S: i64 = 14 * DAY_S;
/// So many starts are tried, the nearest first.
const TRIED: usize = 64;

impl Query<'_> {
    /// The start nearest to the case's at which a person passes a rule about time, in Unix seconds.
    /// Cost: a judgement for each start tried.
    pub(crate) fn nearest_start(&self, of: &Judgement, rule: Rule) -> Option<i64> {
        let person = self.index.person(of.slot);
        let duration = self.duration_ms / 1_000;
        let mut starts = match rule {
            Rule::OutsideWorkingHours => self.starts_in_hours(person, duration),
            Rule::TimeOff => around(person.time_off().iter().copied(), duration),
            _ => around(self.bookings(person).map(|b| b.time_at(self.as_of)), duration),
        };
        let asked = self.case.starts_at.map(|_| self.start);
        starts.retain(|&start| start >= self.as_of && Some(start) != asked);
        starts.sort_unstable_by_key(|&start| (start.abs_diff(self.start), start));
        starts.dedup();
        starts.truncate(TRIED);
        starts.into_iter().find(|&start| {
            let case = self.case_at(start);
            !self.variant(&case, self.policy).failures(of.slot).0.contains(rule)
        })
    }

    /// The first and the last start within each working interval, and now.
    fn starts_in_hours(&self, person: &Person, duration: i64) -> Vec<i64> {
        let Some(hours) = person.hours() else { return Vec::new() };
        let end = self.start.saturating_add(AHEAD_S);
        let window = Interval { start: self.as_of, end };
        let start_and_last = |intervals: &[Interval]| {
            let within = intervals.iter().filter_map(|interval| interval.clip(window));
            within.flat_map(|interval| [interval.start, interval.end - duration]).collect()
        };
        self.index.schedules().with(hours, window, start_and_last)
    }
}

/// The starts just before and just after each interval.
fn around(busy: impl Iterator<Item = Interval>, duration: i64) -> Vec<i64> {
    busy.flat_map(|busy| [busy.start.saturating_sub(duration), busy.end]).collect()
}
