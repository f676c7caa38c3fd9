//! A replay's end in words and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use super::tally::Counts;

/// Everything a replay has to tell.
#[derive(Debug, Serialize)]
pub struct Summary {
    url: String,
    phones: usize,
    fixes: u64,
    sent: u64,
    accepted: u64,
    duplicates: u64,
    discarded: BTreeMap<String, u64>,
    rejected: BTreeMap<String, u64>,
    lost: u64,
    not_sent: u64,
    requests: u64,
    retries: BTreeMap<String, u64>,
    elapsed_s: f64,
    requests_per_s: f64,
    fixes_per_s: f64,
    /// Of the request that was acknowledged.
    round_trip_ms: Option<Delays>,
    /// From the first attempt to the acknowledgement.
    acknowledged_ms: Option<Delays>,
    /// From the first attempt until the live view shows it.
    visible_ms: Option<Delays>,
    visible_unseen: u64,
    visible_note: Option<String>,
    /// Points of the files that were not played, by reason.
    left_out: BTreeMap<&'static str, u64>,
    /// Files that were not played.
    unreadable_files: u64,
}

/// A histogram in milliseconds.
#[derive(Debug, Serialize)]
struct Delays {
    samples: u64,
    p50: f64,
    p90: f64,
    p99: f64,
    max: f64,
}

impl Delays {
    fn of(histogram: &Histogram<u64>) -> Option<Self> {
        let ms = |quantile| histogram_ms(histogram.value_at_quantile(quantile));
        (!histogram.is_empty()).then(|| Self {
            samples: histogram.len(),
            p50: ms(0.5),
            p90: ms(0.9),
            p99: ms(0.99),
            max: histogram_ms(histogram.max()),
        })
    }
}

/// Milliseconds to a hundredth.
fn histogram_ms(micros: u64) -> f64 {
    let micros = micros as f64;
    (micros / 10.0).round() / 100.0
}

impl Summary {
    /// Sums up; `fixes` is how many there were to send.
    pub(super) fn new(
        url: &str,
        phones: usize,
        fixes: u64,
        elapsed: Duration,
        counts: Counts,
    ) -> Self {
        let seconds = elapsed.as_secs_f64().max(1e-9);
        let rate = |n: u64| (n as f64 / seconds * 10.0).round() / 10.0;
        Self {
            url: url.to_owned(),
            phones,
            fixes,
            sent: counts.sent,
            accepted: counts.accepted,
            duplicates: counts.duplicates,
            lost: counts.lost,
            not_sent: fixes.saturating_sub(counts.sent),
            requests: counts.requests,
            elapsed_s: (seconds * 1e3).round() / 1e3,
            requests_per_s: rate(counts.requests),
            fixes_per_s: rate(counts.sent),
            round_trip_ms: Delays::of(&counts.round_trip),
            acknowledged_ms: Delays::of(&counts.acknowledged),
            visible_ms: Delays::of(&counts.visible),
            visible_unseen: counts.unseen,
            visible_note: counts.blind,
            discarded: counts.discarded,
            rejected: counts.rejected,
            retries: counts.retries,
            left_out: BTreeMap::new(),
            unreadable_files: 0,
        }
    }

    /// Adds what of the files was not played.
    #[must_use]
    pub fn without(self, left_out: BTreeMap<&'static str, u64>, unreadable_files: u64) -> Self {
        Self { left_out, unreadable_files, ..self }
    }

    /// How many fixes the server did not want because tracking was not permitted at their time.
    pub fn not_permitted(&self) -> u64 {
        self.discarded.get("tracking_off").copied().unwrap_or_default()
    }

    /// For people.
    pub fn words(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: String| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name:<14}{value}");
        };
        line("phones", format!("{}, {} fixes", self.phones, self.fixes));
        if !self.left_out.is_empty() {
            line("left out", by_reason(&self.left_out));
        }
        if self.unreadable_files > 0 {
            line("not played", format!("{} files that cannot be read", self.unreadable_files));
        }
        let rate = format!(
            "{:.1} s: {} requests/s, {} fixes/s",
            self.elapsed_s, self.requests_per_s, self.fixes_per_s
        );
        line("took", rate);
        line("sent", format!("{} in {} requests", self.sent, self.requests));
        line("accepted", self.accepted.to_string());
        line("duplicates", self.duplicates.to_string());
        line("discarded", by_reason(&self.discarded));
        line("rejected", by_reason(&self.rejected));
        line("lost", self.lost.to_string());
        if self.not_sent > 0 {
            line("not sent", self.not_sent.to_string());
        }
        line("retries", by_reason(&self.retries));
        line("round trip", delays(self.round_trip_ms.as_ref()));
        line(
            "acknowledged",
            format!("{} (from the first attempt)", delays(self.acknowledged_ms.as_ref())),
        );
        let unseen = if self.visible_unseen > 0 {
            format!(", {} not seen in time", self.visible_unseen)
        } else {
            String::new()
        };
        let note = self.visible_note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
        line("visible", format!("{}{unseen}{note}", delays(self.visible_ms.as_ref())));
        text
    }
}

fn by_reason<K: std::fmt::Display>(counts: &BTreeMap<K, u64>) -> String {
    if counts.is_empty() {
        return "0".to_owned();
    }
    let total: u64 = counts.values().sum();
    let parts: Vec<String> = counts.iter().map(|(reason, n)| format!("{reason} {n}")).collect();
    format!("{total} ({})", parts.join(", "))
}

fn delays(delays: Option<&Delays>) -> String {
    let Some(Delays { samples, p50, p90, p99, max }) = delays else {
        return "not measured".to_owned();
    };
    format!("p50 {p50} ms, p90 {p90} ms, p99 {p99} ms, max {max} ms of {samples}")
}

#[cfg(test)]
mod tests {
    use super::super::tally::Tally;
    use super::*;

    #[test]
    fn words_and_json_tell_the_same() {
        let tally = Tally::new().unwrap();
        tally.sent(7);
        tally.seen(Duration::from_micros(1_500));
        tally.blind("no more".to_owned());
        let url = "http://127.0.0.1:8080";
        let summary = Summary::new(url, 2, 9, Duration::from_secs(2), tally.now());
        assert!(!summary.words().contains("left out"));
        let summary = summary.without(BTreeMap::from([("no_place", 2), ("repeated", 1)]), 1);
        let words = summary.words();
        assert!(words.contains("left out      3 (no_place 2, repeated 1)"), "{words}");
        assert!(words.contains("not played    1 files"), "{words}");
        assert!(words.contains("not sent      2"), "{words}");
        assert!(words.contains("visible       p50 1.5 ms"), "{words}");
        assert!(words.contains("(no more)"), "{words}");
        let json = serde_json::to_value(&summary).unwrap();
        assert_eq!(json["not_sent"], 2);
        assert_eq!(json["left_out"]["no_place"], 2);
        assert_eq!(json["unreadable_files"], 1);
        assert_eq!(json["fixes_per_s"], 3.5);
        assert_eq!(json["acknowledged_ms"], serde_json::Value::Null);
    }
}
