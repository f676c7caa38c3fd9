//! How far a phone's clock is off, estimated from its last requests. Must not change any time: a fix
//! keeps the time that its phone gave it.

use crate::ping::{LIVE_LANE_MS, Ping, Source};

/// So many requests are remembered.
const REMEMBERED: usize = 9;

/// By how many seconds the clock seems ahead of ours, as one request shows it; negative: behind.
///
/// When the request was sent by the phone's own clock counts, if it says so. Else its newest fix does,
/// unless that is so old that it may have waited. Both are low by the time on the way.
#[must_use]
pub fn sample(received_at_ms: i64, pings: &[Ping]) -> Option<f64> {
    let is_fresh = |at_ms: i64| at_ms >= received_at_ms - LIVE_LANE_MS;
    // OwnTracks says when a message was written, which may have waited since.
    let is_sent =
        |ping: &&Ping| ping.source == Source::Native || ping.sent_at_ms.is_some_and(is_fresh);
    let sent = pings.iter().filter(is_sent).filter_map(|ping| ping.sent_at_ms).max();
    let newest = pings.iter().map(|ping| ping.fix_at_ms).max();
    let fresh = newest.filter(|at_ms| is_fresh(*at_ms));
    let ahead_ms = sent.or(fresh)?.saturating_sub(received_at_ms);
    #[expect(clippy::cast_precision_loss, reason = "a difference of instants of a calendar")]
    Some(ahead_ms as f64 / 1_000.0)
}

/// The samples of a phone's last requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClockSkew {
    samples: [f64; REMEMBERED],
    /// How many there have been.
    count: usize,
}

impl ClockSkew {
    /// Adds a sample, in place of the oldest.
    pub fn add(&mut self, sample_s: f64) {
        self.samples[self.count % REMEMBERED] = sample_s;
        self.count += 1;
    }

    /// The median of the samples: one request that waited on the way changes nothing.
    #[must_use]
    pub fn median_s(&self) -> Option<f64> {
        let mut samples = self.samples;
        let samples = &mut samples[..self.count.min(REMEMBERED)];
        samples.sort_by(f64::total_cmp);
        samples.get(samples.len() / 2).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ping::{Judged, RawFix, judge};

    const NOW: i64 = 1_790_000_000_000;

    fn ping(fix_at_ms: i64, sent_at_ms: Option<i64>) -> Ping {
        let raw = RawFix { fix_at_ms, sent_at_ms, lat: 38.7, lng: -9.1, ..RawFix::default() };
        match judge(&raw, NOW, i64::MAX / 2, Source::Native) {
            Judged::Accepted(ping) => ping,
            other => panic!("not accepted: {other:?}"),
        }
    }

    #[test]
    fn the_time_of_sending_counts_before_that_of_the_newest_fix() {
        let old = ping(NOW - 3_600_000, Some(NOW + 90_000));
        assert_eq!(sample(NOW, &[old.clone(), ping(NOW - 2_000, None)]), Some(90.0));
        let waited = Ping { source: Source::Owntracks, ..ping(NOW - 9, Some(NOW - 3_600_000)) };
        assert_eq!(sample(NOW, &[waited]), Some(-0.009), "a message that waited");
        assert_eq!(sample(NOW, &[ping(NOW - 9_000, None), ping(NOW - 2_000, None)]), Some(-2.0));
        assert_eq!(sample(NOW, &[ping(NOW - LIVE_LANE_MS - 1, None)]), None, "it may have waited");
        assert_eq!(sample(NOW, &[]), None);
    }

    #[test]
    fn one_request_that_waited_changes_nothing() {
        let mut skew = ClockSkew::default();
        assert_eq!(skew.median_s(), None);
        for sample_s in [120.0, 121.0, -4_000.0, 119.0, 120.5] {
            skew.add(sample_s);
        }
        assert_eq!(skew.median_s(), Some(120.0));
        for _ in 0..REMEMBERED {
            skew.add(0.5);
        }
        assert_eq!(skew.median_s(), Some(0.5), "the clock was set");
    }
}
