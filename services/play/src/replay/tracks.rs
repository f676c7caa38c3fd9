//! Which phone plays which fixes when: pure, from traces to tracks.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::traces::{Fix, Trace};

/// The fixes of one phone.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// In order of time.
    pub fixes: Vec<Planned>,
}

/// A fix and its place in the play.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planned {
    /// Since the play's beginning, at the speed of the recording.
    pub after: Duration,
    /// What was recorded.
    pub fix: Fix,
}

/// Makes tracks of traces. Folded, every UTC day of every file becomes a phone, and all days are
/// laid upon one; otherwise every file is a phone, and the play takes as long as the recording.
pub fn plan(traces: &[Trace], fold: bool) -> Vec<Track> {
    let mut tracks: Vec<Vec<(i64, Fix)>> = Vec::new();
    for trace in traces {
        let timed = trace.fixes.iter();
        if !fold {
            tracks.push(timed.map(|fix| (fix.at.as_millisecond(), *fix)).collect());
            continue;
        }
        let mut days: BTreeMap<_, Vec<(i64, Fix)>> = BTreeMap::new();
        for fix in timed {
            let at = fix.at.to_zoned(TimeZone::UTC);
            let of_day = fix.at.as_millisecond().rem_euclid(86_400_000);
            days.entry(at.date()).or_default().push((of_day, *fix));
        }
        tracks.extend(days.into_values());
    }
    let first = tracks.iter().flatten().map(|(at, _)| *at).min().unwrap_or(0);
    let planned = |(at, fix): (i64, Fix)| Planned {
        after: Duration::from_millis(u64::try_from(at - first).unwrap_or(0)),
        fix,
    };
    let track = |fixes: Vec<(i64, Fix)>| Track { fixes: fixes.into_iter().map(planned).collect() };
    tracks.into_iter().map(track).collect()
}

/// From the play's beginning to its last fix, at the speed of the recording.
pub fn length(tracks: &[Track]) -> Duration {
    tracks
        .iter()
        .filter_map(|track| track.fixes.last())
        .map(|last| last.after)
        .max()
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use nearhand_domain::Position;

    fn trace(times: &[&str]) -> Trace {
        let fix = |text: &&str| Fix {
            at: text.parse::<Timestamp>().unwrap(),
            position: Position::new(38.7, -9.1).unwrap(),
            speed_mps: None,
            course_deg: None,
            altitude_m: None,
        };
        Trace { path: "x".into(), fixes: times.iter().map(fix).collect(), left_out: Vec::new() }
    }

    fn seconds(tracks: &[Track]) -> Vec<Vec<u64>> {
        let of = |track: &Track| track.fixes.iter().map(|fix| fix.after.as_secs()).collect();
        tracks.iter().map(of).collect()
    }

    #[test]
    fn days_are_laid_upon_one() {
        let traces = [
            trace(&["2026-01-01T10:00:10Z", "2026-01-01T10:00:40Z", "2026-01-02T10:00:05Z"]),
            trace(&["2026-01-09T10:01:00Z"]),
        ];
        let tracks = plan(&traces, true);
        assert_eq!(seconds(&tracks), [vec![5, 35], vec![0], vec![55]]);
        assert_eq!(length(&tracks), Duration::from_secs(55));
    }

    #[test]
    fn without_folding_a_file_is_a_phone() {
        let traces = [
            trace(&["2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z"]),
            trace(&["2026-01-01T10:00:30Z"]),
        ];
        assert_eq!(seconds(&plan(&traces, false)), [vec![0, 86_400], vec![30]]);
        assert_eq!(length(&plan(&[], true)), Duration::ZERO);
    }
}
