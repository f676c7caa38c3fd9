//! Leaves out what a receiver got wrong: times that belong to no journey of the file, repeated
//! points, waypoints from another time. Pure. It must not change a fix that is kept.

use std::collections::{BTreeMap, HashSet};

use jiff::SignedDuration;

use super::{Content, Fix, Reason};

/// After so many weeks a receiver's count of weeks begins anew.
const ROLLOVER: SignedDuration = SignedDuration::from_hours(1_024 * 7 * 24);
/// How near to whole rollovers from the middle of the file a time is to count as one.
const ROLLOVER_NEAR: SignedDuration = SignedDuration::from_hours(7 * 24);
/// A day with so few fixes may be a mistake, …
const FEW: usize = 2;
/// … if it is so far from every fuller day, …
const FAR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// … or a fix of it further than this from both its neighbours in the file, …
const ASIDE: SignedDuration = SignedDuration::from_hours(24);
/// … while those are no further than this from each other.
const TOGETHER: SignedDuration = SignedDuration::from_hours(6);
/// More than one in so many fixes cannot all be mistakes: the file is made of such days.
const ONE_IN: usize = 20;
/// A waypoint further than this from the track was taken at another time.
const APART: SignedDuration = SignedDuration::from_hours(1);

/// The fixes of a journey, oldest first; what is left out is counted in the content.
pub(super) fn clean(content: &mut Content) -> Vec<Fix> {
    let mut left_out: Vec<Reason> = Vec::new();
    let mut fixes = std::mem::take(&mut content.fixes);
    drop_rolled_over(&mut fixes, &mut left_out);
    drop_stray(&mut fixes, &mut left_out);
    fixes.sort_by_key(|fix| fix.at);
    let mut waypoints = std::mem::take(&mut content.waypoints);
    if !fixes.is_empty() {
        let apart = |waypoint: &Fix| {
            let after = fixes.partition_point(|fix| fix.at < waypoint.at);
            let near = fixes[after.saturating_sub(1)..].iter().take(2);
            near.into_iter().all(|fix| distance(fix, waypoint) > APART)
        };
        drop_if(&mut waypoints, apart, Reason::WaypointApart, &mut left_out);
    }
    fixes.append(&mut waypoints);
    fixes.sort_by_key(|fix| fix.at);
    let mut seen = HashSet::with_capacity(fixes.len());
    let repeated = |fix: &Fix| !seen.insert((fix.at, fix.position));
    drop_if(&mut fixes, repeated, Reason::Repeated, &mut left_out);
    left_out.into_iter().for_each(|reason| content.leave_out(reason, 0));
    fixes
}

fn drop_if(
    fixes: &mut Vec<Fix>,
    mut wrong: impl FnMut(&Fix) -> bool,
    reason: Reason,
    left_out: &mut Vec<Reason>,
) {
    let before = fixes.len();
    fixes.retain(|fix| !wrong(fix));
    left_out.extend(std::iter::repeat_n(reason, before - fixes.len()));
}

fn distance(a: &Fix, b: &Fix) -> SignedDuration {
    a.at.duration_since(b.at).abs()
}

/// Fixes whole rollovers away from the middle of the file.
fn drop_rolled_over(fixes: &mut Vec<Fix>, left_out: &mut Vec<Reason>) {
    let mut times: Vec<_> = fixes.iter().map(|fix| fix.at).collect();
    times.sort_unstable();
    let Some(&middle) = times.get(times.len() / 2) else { return };
    let rolled_over = |fix: &Fix| {
        let (off, cycle) = (fix.at.duration_since(middle).as_secs().abs(), ROLLOVER.as_secs());
        let beside = off % cycle;
        off >= cycle / 2 && beside.min(cycle - beside) <= ROLLOVER_NEAR.as_secs()
    };
    drop_if(fixes, rolled_over, Reason::RolledOver, left_out);
}

/// One or two fixes on a day of their own, far from every other day or in the middle of a journey.
fn drop_stray(fixes: &mut Vec<Fix>, left_out: &mut Vec<Reason>) {
    const DAY_S: i64 = 86_400;
    let day = |fix: &Fix| fix.at.as_second().div_euclid(DAY_S);
    let mut days: BTreeMap<i64, usize> = BTreeMap::new();
    for fix in &*fixes {
        *days.entry(day(fix)).or_default() += 1;
    }
    let most = days.values().copied().max().unwrap_or_default();
    let is_full = |many: usize| many > FEW || many == most;
    let full: Vec<i64> =
        days.iter().filter(|(_, many)| is_full(**many)).map(|(day, _)| *day).collect();
    let far_days = FAR.as_secs() / DAY_S;
    let far = |day: i64| {
        let after = full.partition_point(|full| *full < day);
        let near = full[after.saturating_sub(1)..].iter().take(2);
        near.into_iter().all(|full| (full - day).abs() > far_days)
    };
    let aside = |i: usize| {
        let neighbours =
            i.checked_sub(1).and_then(|before| fixes.get(before).zip(fixes.get(i + 1)));
        neighbours.is_some_and(|(before, after)| {
            distance(before, after) <= TOGETHER
                && distance(before, &fixes[i]) > ASIDE
                && distance(after, &fixes[i]) > ASIDE
        })
    };
    let stray: Vec<bool> = (0..fixes.len())
        .map(|i| {
            let day = day(&fixes[i]);
            days.get(&day).is_some_and(|many| !is_full(*many)) && (far(day) || aside(i))
        })
        .collect();
    let many = stray.iter().filter(|stray| **stray).count();
    if many > FEW.max(fixes.len() / ONE_IN) {
        return;
    }
    let mut stray = stray.into_iter();
    drop_if(fixes, |_| stray.next().unwrap_or(false), Reason::StrayTime, left_out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use nearhand_domain::Position;

    fn fix(at: &str, lng: f64) -> Fix {
        Fix {
            at: at.parse::<Timestamp>().unwrap(),
            position: Position::new(38.7, lng).unwrap(),
            speed_mps: None,
            course_deg: None,
            altitude_m: None,
        }
    }

    fn cleaned(times: &[&str], waypoints: &[&str]) -> (Vec<String>, Vec<(Reason, usize)>) {
        let fixes = |times: &[&str]| times.iter().map(|at| fix(at, -9.1)).collect();
        let mut content =
            Content { fixes: fixes(times), waypoints: fixes(waypoints), ..Content::default() };
        let kept = clean(&mut content).iter().map(|fix| fix.at.to_string()).collect();
        (kept, content.left_out.iter().map(|l| (l.reason, l.count)).collect())
    }

    #[test]
    fn times_whole_rollovers_off_are_left_out() {
        let (kept, left_out) = cleaned(
            &[
                "2026-03-05T08:00:00Z",
                "2045-10-19T08:00:10Z",
                "2026-03-05T08:00:20Z",
                "2006-07-20T08:00:30Z",
                "2026-03-05T08:00:40Z",
            ],
            &[],
        );
        assert_eq!(kept.len(), 3);
        assert_eq!(left_out, [(Reason::RolledOver, 2)]);
    }

    #[test]
    fn strays_are_left_out_and_short_days_of_a_journey_are_kept() {
        let day = ["2026-03-05T08:00:00Z", "2026-03-05T08:00:10Z", "2026-03-05T08:00:20Z"];
        let with = |at: &'static str, place: usize| {
            let mut times = day.to_vec();
            times.insert(place, at);
            cleaned(&times, &[]).1
        };
        let stray = [(Reason::StrayTime, 1)];
        assert_eq!(with("2036-01-01T00:00:00Z", 0), stray);
        assert_eq!(with("1999-01-01T00:00:00Z", 3), stray);
        assert_eq!(with("2026-03-07T08:00:15Z", 2), stray, "out and back");
        assert_eq!(with("2026-03-07T08:00:15Z", 3), [], "the journey goes on");
        assert_eq!(with("2026-03-04T23:59:00Z", 0), []);
        let two_and_one = ["2026-03-05T08:00:00Z", "2036-01-01T00:00:00Z", "2026-03-05T08:00:20Z"];
        assert_eq!(cleaned(&two_and_one, &[]).1, stray);
        assert_eq!(cleaned(&["2026-01-01T10:00:00Z", "2026-08-02T10:00:00Z"], &[]).1, []);
        let mut monthly: Vec<String> =
            (1..=12).map(|m| format!("2026-{m:02}-01T10:00:00Z")).collect();
        monthly.push("2026-06-01T11:00:00Z".to_owned());
        let monthly: Vec<&str> = monthly.iter().map(String::as_str).collect();
        assert_eq!(cleaned(&monthly, &[]).1, [], "a file of sparse days");
    }

    #[test]
    fn repeated_fixes_are_sent_once_and_places_that_share_a_time_all() {
        let mut content = Content {
            fixes: vec![
                fix("2026-03-05T08:00:00Z", -9.1),
                fix("2026-03-05T08:00:10Z", -9.2),
                fix("2026-03-05T08:00:00Z", -9.1),
                fix("2026-03-05T08:00:10Z", -9.3),
            ],
            ..Content::default()
        };
        assert_eq!(clean(&mut content).len(), 3);
        assert_eq!(content.left_out[0].reason, Reason::Repeated);
    }

    #[test]
    fn waypoints_count_if_they_belong_to_the_track() {
        let track = ["2026-03-05T08:00:00Z", "2026-03-05T09:30:00Z"];
        let (kept, left_out) = cleaned(
            &track,
            &["2026-03-05T08:10:00Z", "2019-07-01T12:00:00Z", "2026-03-05T12:00:00Z"],
        );
        assert_eq!(kept, ["2026-03-05T08:00:00Z", "2026-03-05T08:10:00Z", "2026-03-05T09:30:00Z"]);
        assert_eq!(left_out, [(Reason::WaypointApart, 2)]);
        let (kept, left_out) = cleaned(&[], &["2026-03-05T08:10:00Z", "2026-03-05T12:00:00Z"]);
        assert_eq!((kept.len(), left_out.len()), (2, 0));
    }
}
