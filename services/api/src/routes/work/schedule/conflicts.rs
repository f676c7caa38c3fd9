//! What speaks against an assignment, by what its person has at that time. Pure; the words are those
//! of recommendations' rules, and assigning asks the same (`assignments/rules.rs`).

use jiff::Timestamp;
use nearhand_domain::{assignment::HeldTime, schedule::is_within, time::Interval};
use nearhand_recommend::Rule;
use nearhand_storage::{
    assignments::{AssignmentRecord, ClientObjection},
    time_off::TimeOffRecord,
};

/// What a person has around their assignments.
pub(super) struct Around<'a> {
    /// When they work; none if nothing is recorded.
    pub(super) hours: Option<&'a [Interval]>,
    pub(super) absences: &'a [TimeOffRecord],
    /// All they hold.
    pub(super) work: &'a [AssignmentRecord],
}

/// What speaks against an assignment, in the order of the rules. Nothing speaks against what has
/// ended.
pub(super) fn conflicts(
    of: &AssignmentRecord,
    around: &Around<'_>,
    objection: Option<ClientObjection>,
    now: Timestamp,
) -> Vec<Rule> {
    if !of.progress.state.is_open() {
        return Vec::new();
    }
    let (held, busy_time) = (of.held, busy(of, now));
    let is_away =
        |away: &TimeOffRecord| away.starts_at < held.ends_at && held.starts_at < away.ends_at;
    let collides = |other: &AssignmentRecord| {
        let time = busy(other, now);
        other.id != of.id
            && other.progress.state.is_open()
            && time.starts_at < busy_time.ends_at
            && busy_time.starts_at < time.ends_at
    };
    let fits = |hours: &[Interval]| is_within(hours, held.seconds());
    let found = [
        (Rule::ExcludedByClient, objection == Some(ClientObjection::Excluded)),
        (Rule::NotOnRequiredPanel, objection == Some(ClientObjection::NotOnPanel)),
        (Rule::TimeOff, around.absences.iter().any(is_away)),
        (Rule::DoubleBooked, around.work.iter().any(collides)),
        (Rule::OutsideWorkingHours, !around.hours.is_none_or(fits)),
    ];
    found.into_iter().filter(|(_, speaks)| *speaks).map(|(rule, _)| rule).collect()
}

/// The time for which a person is busy with it, as known at `now`.
pub(super) fn busy(record: &AssignmentRecord, now: Timestamp) -> HeldTime {
    let ends_at = record.held.busy_until(record.progress.state, now);
    HeldTime { ends_at, ..record.held }
}
