//! What a bench prints: a line on data and machine, then one line a result. Must be the only
//! place that prints.

use std::time::Duration;

/// Prints a line.
#[expect(clippy::print_stdout, reason = "results are what a bench is for")]
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// What a result is held to; a quick run and bad sets are held to nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// As small as this.
    AtMost(f64),
    /// As large as this.
    AtLeast(f64),
    /// Reported only.
    None,
}

impl Target {
    fn text(self) -> String {
        match self {
            Self::AtMost(limit) => format!("<={limit}"),
            Self::AtLeast(limit) => format!(">={limit}"),
            Self::None => "none".into(),
        }
    }
}

/// Prints how many times better we are than a peer in the same run.
pub(crate) fn ratio(name: &str, ratio: f64, target: Target) {
    line(&format!("ratio {name} {} target {}", digits(ratio), target.text()));
}

/// Prints a percentile, a rate or a size.
pub(crate) fn value(name: &str, value: f64, unit: &str, target: Target) {
    line(&format!("value {name} {} {unit} target {}", digits(value), target.text()));
}

/// Small numbers with more digits.
fn digits(value: f64) -> String {
    let digits = if value < 10.0 { 3 } else { 1 };
    format!("{value:.digits$}")
}

/// Prints what was measured and on what: processor, cores, memory, and how busy it was before.
pub(crate) fn describe(bench: &str, data: &str) {
    let file = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, key: &str| {
        let line = text.lines().find(|line| line.starts_with(key))?;
        line.split(':').nth(1).map(|value| value.trim().to_owned())
    };
    let processor = field(&file("/proc/cpuinfo"), "model name").unwrap_or_else(|| "unknown".into());
    let memory = field(&file("/proc/meminfo"), "MemTotal").unwrap_or_default();
    let load = file("/proc/loadavg").split(' ').next().unwrap_or("?").to_owned();
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    line(&format!(
        "# {bench}: {data}; {cores} cores of {processor}, {memory} memory, load {load} at the start"
    ));
}

/// Durations, asked for percentiles.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }

    pub(crate) fn sum(&self) -> Duration {
        self.0.iter().sum()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The time that so many in a thousand did not exceed.
    pub(crate) fn permille(&mut self, share: usize) -> Duration {
        self.0.sort_unstable();
        let at = (self.0.len() * share).div_ceil(1_000).max(1) - 1;
        self.0.get(at).copied().unwrap_or_default()
    }

    pub(crate) fn p50(&mut self) -> Duration {
        self.permille(500)
    }

    pub(crate) fn p99(&mut self) -> Duration {
        self.permille(990)
    }
}

/// A duration in microseconds.
pub(crate) fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A duration in milliseconds.
pub(crate) fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
