//! A person's history as ways: stretches without gaps, made simpler to a tolerance, and how far
//! somebody went on each day. Must not read anything, and says nothing of who may see it.

use crate::{
    DeviceId,
    position::{EARTH_RADIUS_KM, Position},
};
use geo::{Coord, LineString, SimplifyIdx};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use std::collections::BTreeMap;

/// A longer time without a fix ends a stretch.
pub const GAP_MS: i64 = 30 * 60 * 1_000;
/// Simplifying takes so many fixes at a time. It is recursive, and slow for long ways.
const PART: usize = 1_000;
/// Moves within the radii of both fixes, and at least within this, are no movement.
const STILL_M: f64 = 5.0;

/// A fix of the history that counts: no jump, no mock, not from a clock that ran ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HistoryFix {
    /// Whose phone.
    pub device: DeviceId,
    /// When, Unix milliseconds.
    pub at_ms: i64,
    /// Where.
    pub position: Position,
    /// Radius in metres.
    pub accuracy_m: Option<f32>,
}

/// What a person covered on one day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    /// The day, in the person's time zone.
    pub date: Date,
    /// Metres.
    pub metres: f64,
    /// The first fix of the day.
    pub first_ms: i64,
    /// The last fix of the day.
    pub last_ms: i64,
    /// How many there were.
    pub fixes: usize,
}

/// The stretches of these fixes, which come in the order of their times: each of one device, without a
/// gap, and on one side of the antimeridian. In the order of their beginnings.
#[must_use]
pub fn stretches(fixes: &[HistoryFix]) -> Vec<Vec<HistoryFix>> {
    let mut stretches: Vec<Vec<HistoryFix>> = Vec::new();
    for track in by_device(fixes).into_values() {
        let follows = |a: &HistoryFix, b: &HistoryFix| {
            b.at_ms - a.at_ms <= GAP_MS && (b.position.lng() - a.position.lng()).abs() <= 180.0
        };
        stretches.extend(track.chunk_by(follows).map(<[_]>::to_vec));
    }
    stretches.sort_by_key(|stretch| stretch.first().map(|fix| (fix.at_ms, fix.device)));
    stretches
}

fn by_device(fixes: &[HistoryFix]) -> BTreeMap<DeviceId, Vec<HistoryFix>> {
    let mut tracks: BTreeMap<DeviceId, Vec<HistoryFix>> = BTreeMap::new();
    for fix in fixes {
        tracks.entry(fix.device).or_default().push(*fix);
    }
    tracks
}

/// A stretch without the fixes that lie within `tolerance_m` of the line between others
/// (Douglas and Peucker). The first and the last stay.
#[must_use]
pub fn simplified(stretch: &[HistoryFix], tolerance_m: f64) -> Vec<HistoryFix> {
    if tolerance_m <= 0.0 {
        return stretch.to_vec();
    }
    let mut kept = Vec::new();
    let mut begin = 0;
    while begin + 1 < stretch.len() {
        let end = (begin + PART).min(stretch.len() - 1);
        let part = &stretch[begin..=end];
        let line: LineString<f64> = metres(part).collect();
        let last = part.len() - 1;
        kept.extend(
            line.simplify_idx(tolerance_m).into_iter().filter(|at| *at != last).map(|at| part[at]),
        );
        begin = end;
    }
    kept.extend(stretch.last());
    kept
}

/// The fixes on a plane that touches the globe at the first of them.
fn metres(part: &[HistoryFix]) -> impl Iterator<Item = Coord<f64>> {
    let first = part.first().map(|fix| fix.position);
    let (lat, lng) = first.map_or((0.0, 0.0), |at| (at.lat(), at.lng()));
    let radius_m = EARTH_RADIUS_KM * 1_000.0;
    let narrow = lat.to_radians().cos();
    part.iter().map(move |fix| Coord {
        x: (fix.position.lng() - lng).to_radians() * narrow * radius_m,
        y: (fix.position.lat() - lat).to_radians() * radius_m,
    })
}

/// How far somebody went on each day on which there are fixes. With several phones the one counts
/// that went furthest. A way over midnight counts on the day on which it ended.
#[must_use]
pub fn days(fixes: &[HistoryFix], zone: &TimeZone) -> Vec<Day> {
    let mut days: BTreeMap<Date, Day> = BTreeMap::new();
    for track in by_device(fixes).into_values() {
        for day in device_days(&track, zone) {
            let known = days.entry(day.date).or_insert(Day { fixes: 0, ..day });
            known.metres = known.metres.max(day.metres);
            known.first_ms = known.first_ms.min(day.first_ms);
            known.last_ms = known.last_ms.max(day.last_ms);
            known.fixes += day.fixes;
        }
    }
    days.into_values().collect()
}

fn device_days(track: &[HistoryFix], zone: &TimeZone) -> Vec<Day> {
    let mut days: Vec<Day> = Vec::new();
    let mut from: Option<HistoryFix> = None;
    for fix in track {
        let step_m = from.map_or(0.0, |from| moved_m(&from, fix));
        if from.is_none() || step_m > 0.0 {
            from = Some(*fix);
        }
        let at = Timestamp::from_millisecond(fix.at_ms).unwrap_or_default();
        let date = zone.to_datetime(at).date();
        match days.last_mut().filter(|day| day.date == date) {
            Some(day) => {
                day.metres += step_m;
                day.last_ms = fix.at_ms;
                day.fixes += 1;
            }
            None => days.push(Day {
                date,
                metres: step_m,
                first_ms: fix.at_ms,
                last_ms: fix.at_ms,
                fixes: 1,
            }),
        }
    }
    days
}

/// How far it is between two fixes; 0 if that may be their inaccuracy.
fn moved_m(from: &HistoryFix, to: &HistoryFix) -> f64 {
    let radius = |fix: &HistoryFix| f64::from(fix.accuracy_m.unwrap_or(0.0));
    let metres = from.position.metres_to(to.position);
    if metres > (radius(from) + radius(to)).max(STILL_M) { metres } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone;
    use proptest::prelude::*;
    use uuid::Uuid;

    /// A fix at a minute, so many metres to the north.
    fn fix(device: u128, minute: i64, metres: i32) -> HistoryFix {
        let position = Position::from_e7(500_000_000 + metres * 90, 80_000_000).unwrap();
        HistoryFix {
            device: Uuid::from_u128(device).into(),
            at_ms: 1_790_000_000_000 + minute * 60_000,
            position,
            accuracy_m: Some(5.0),
        }
    }

    #[test]
    fn gaps_phones_and_the_antimeridian_end_a_stretch() {
        let fixes =
            [fix(1, 0, 0), fix(2, 1, 50), fix(1, 30, 100), fix(1, 61, 200), fix(1, 62, 210)];
        let minutes = |stretch: &Vec<HistoryFix>| -> Vec<i64> {
            stretch.iter().map(|fix| (fix.at_ms - 1_790_000_000_000) / 60_000).collect()
        };
        let cut: Vec<_> = stretches(&fixes).iter().map(minutes).collect();
        assert_eq!(cut, [vec![0, 30], vec![1], vec![61, 62]]);
        let at = |lng| Position::new(0.5, lng).unwrap();
        let across = [
            HistoryFix { position: at(179.9), ..fix(1, 0, 0) },
            HistoryFix { position: at(-179.9), ..fix(1, 1, 0) },
        ];
        assert_eq!(stretches(&across).len(), 2);
    }

    #[test]
    fn what_lies_on_the_line_is_left_out() {
        let straight: Vec<HistoryFix> = (0..5).map(|n| fix(1, i64::from(n), n * 100)).collect();
        assert_eq!(simplified(&straight, 10.0), [straight[0], straight[4]]);
        assert_eq!(simplified(&straight, 0.0), straight);
        assert_eq!(simplified(&straight[..1], 10.0), straight[..1]);
        assert_eq!(simplified(&[], 10.0), []);
    }

    #[test]
    fn each_day_has_its_metres() {
        let zone = zone::get("Europe/Berlin").unwrap();
        // 1_790_000_000 is 2026-09-21 14:13 UTC, 16:13 in Berlin.
        let fixes = [
            fix(1, 0, 0),
            fix(1, 1, 1_000),
            // Within both radii: no movement.
            fix(1, 2, 1_008),
            fix(2, 3, 0),
            fix(2, 4, 300),
            fix(1, 470, 3_000),
        ];
        let days = days(&fixes, &zone);
        let shown: Vec<(String, i64, usize)> = days
            .iter()
            .map(|day| {
                #[expect(clippy::cast_possible_truncation, reason = "some kilometres")]
                let tens = (day.metres / 10.0).round() as i64;
                (day.date.to_string(), tens, day.fixes)
            })
            .collect();
        // 90 units of 1e-7 degrees are 1.0008 m.
        assert_eq!(shown, [("2026-09-21".into(), 100, 5), ("2026-09-22".into(), 200, 1)]);
    }

    proptest! {
        #[test]
        fn a_simple_way_stays_near(
            steps in prop::collection::vec((0i64..3, -400i32..400), 0..2_500),
            tolerance_m in 1.0f64..200.0,
        ) {
            let mut minute = 0;
            let way: Vec<HistoryFix> = steps.into_iter().map(|(gap, metres)| {
                minute += gap;
                fix(1, minute, metres)
            }).collect();
            let kept = simplified(&way, tolerance_m);
            prop_assert_eq!(kept.first(), way.first());
            prop_assert_eq!(kept.last(), way.last());
            // On a straight line, nothing kept may be further out than what was there, and each
            // that was left out lies between two that were kept, by the tolerance.
            let lat = |fix: &HistoryFix| fix.position.lat();
            let most = |fixes: &[HistoryFix]| fixes.iter().map(lat).fold(f64::MIN, f64::max);
            if !way.is_empty() {
                prop_assert!((most(&way) - most(&kept)) * 111_195.0 <= tolerance_m + 0.01);
            }
        }
    }
}
