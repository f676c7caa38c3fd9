//! What a run prints: lines, delays, and the table at its end. Must be the only place that prints.

use hdrhistogram::Histogram;
use parking_lot::Mutex;
use std::time::Duration;

/// Prints a line.
#[expect(clippy::print_stdout, reason = "figures are what a soak is for")]
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// Delays in milliseconds: of the present part of a run.
pub(crate) struct Delays(Mutex<Histogram<u64>>);

impl Default for Delays {
    fn default() -> Self {
        Self(Mutex::new(empty()))
    }
}

/// Two digits are enough. A number that is valid cannot fail.
pub(crate) fn empty() -> Histogram<u64> {
    Histogram::new(2).unwrap_or_else(|_| unreachable!("2 digits are allowed"))
}

impl Delays {
    pub(crate) fn record(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        // One that grows by itself takes every value that there is room for.
        let _ = self.0.lock().record(millis);
    }

    /// How many were recorded since the last [`Self::take`].
    pub(crate) fn count(&self) -> u64 {
        self.0.lock().len()
    }

    /// What was recorded since the last call.
    pub(crate) fn take(&self) -> Histogram<u64> {
        std::mem::replace(&mut *self.0.lock(), empty())
    }
}

/// A percentile in milliseconds, or that there was nothing.
pub(crate) fn percentile(of: &Histogram<u64>, quantile: f64) -> String {
    if of.is_empty() {
        return "-".to_owned();
    }
    of.value_at_quantile(quantile).to_string()
}

/// Prints rows of equal length below a head, each column as wide as its widest cell.
pub(crate) fn table(head: &[&str], rows: &[Vec<String>]) {
    for row in laid_out(head, rows) {
        line(&row);
    }
}

fn laid_out(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    let all = || std::iter::once(&head).chain(rows);
    let width = |column: usize| {
        all().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let lay = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all().map(lay).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["redis-full".to_owned(), "7".to_owned()], vec!["x".into(), "11".into()]];
        let laid = laid_out(&["fault", "times"], &rows);
        assert_eq!(laid, ["fault       times", "redis-full  7", "x           11"]);
    }

    #[test]
    fn delays_begin_anew_when_they_are_taken() {
        let delays = Delays::default();
        delays.record(Duration::from_millis(40));
        assert_eq!(percentile(&delays.take(), 0.5), "40");
        assert_eq!(percentile(&delays.take(), 0.5), "-");
    }
}
