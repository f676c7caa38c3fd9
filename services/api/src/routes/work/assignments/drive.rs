//! How long a person would drive to a case from where they are now: great circle, as the ranking
//! estimates it. Without `positions:read` it is reckoned from the centre of a coarse cell, since
//! four exact drives locate a person.

use super::{by::By, judge::Judge, shown::may_see_drive};
use crate::http::problem::ApiResult;
use jiff::SignedDuration;
use nearhand_domain::Position;
use nearhand_index::{cells, geometry::sphere::haversine_km};
use nearhand_recommend::Policy;
use nearhand_storage::{Tx, audit, staff::StaffRecord};

/// Longest drive: half around the Earth, and more.
const LONGEST_MILLI_MIN: f64 = 10_000_000.0;

/// The drive in thousandths of minutes; none where a place is not known. A look at a live position
/// is recorded.
pub(super) async fn estimate(
    judge: &Judge<'_>,
    tx: &mut Tx,
    person: &StaffRecord,
    to: Option<Position>,
) -> ApiResult<Option<i64>> {
    let Some(to) = to else { return Ok(None) };
    let (by, now) = (judge.by, judge.now);
    let exact = match by {
        By::Holder { .. } => true,
        By::Scheduler(caller) => may_see_drive(caller, person.id),
    };
    let live = judge.state.follower().index().with_org(by.organization(), |index| {
        index.slot(person.id).and_then(|slot| index.live(slot, now.as_second()))
    });
    let live = live.flatten().map(|live| live.ping.position);
    if let By::Scheduler(caller) = by
        && live.is_some()
        && exact
        && person.id != caller.staff
    {
        let (context, people) = (caller.audit(), [person.id]);
        audit::note_position_read(tx, &context, caller.staff, judge.route, &people).await?;
    }
    let from = live.or(person.home);
    let from = from.map(|at| if exact { at } else { cells::coarse(at) });
    Ok(from.map(|from| milli_min(haversine_km(from, to))))
}

/// A drive of so many thousandths of minutes.
pub(super) fn duration(milli_min: i64) -> SignedDuration {
    SignedDuration::from_millis(milli_min.saturating_mul(60))
}

#[expect(clippy::cast_possible_truncation, reason = "rounded, and far below 2^53")]
fn milli_min(km: f64) -> i64 {
    let policy = Policy::default();
    let minutes = km * policy.circuity / policy.speed_kmh * 60.0;
    (minutes * 1_000.0).round_ties_even().clamp(0.0, LONGEST_MILLI_MIN) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_kilometres_are_nineteen_and_a_half_minutes() {
        assert_eq!(milli_min(10.0), 19_500);
        assert_eq!(duration(19_500), SignedDuration::from_secs(1_170));
        assert_eq!(milli_min(f64::MAX), 10_000_000);
    }
}
