//! What is asked for on the command line, and how large everything is. Draws nothing and starts
//! nothing.

use crate::faults::Fault;
use clap::{Parser, ValueEnum};
use std::{path::PathBuf, time::Duration};

/// Load, faults and a checker: what was acknowledged must be what is stored.
///
/// Starts PostgreSQL, Redis, two `nearhand serve` and a `nearhand work` of its own, lets phones send
/// in the formats of all apps, and injects faults one after another, in an order that the seed draws.
/// Each fault comes once before any comes again. At the end nothing may be lost or doubled, each live
/// position must be the newest, and each live index must equal PostGIS. Ends with 1 when the checker
/// finds something, with 2 when it could not be run.
#[derive(Debug, Parser)]
#[command(name = "soak", bin_name = "./dev soak", version)]
pub(crate) struct Options {
    /// How long faults are injected, in seconds; longer if a fault has not had its turn by then.
    #[arg(default_value_t = 900)]
    pub(crate) seconds: u64,
    /// Draws the order of the faults and what phones do; drawn and printed unless given.
    pub(crate) seed: Option<u64>,
    /// Only this fault, again and again. May be given several times.
    #[arg(long, value_enum, value_name = "FAULT")]
    pub(crate) only: Vec<Fault>,
    /// How many phones there are and how long outages take; long from 600 seconds unless given.
    #[arg(long, value_enum)]
    pub(crate) scale: Option<Scale>,
    /// No faults: half the peak rate for so many seconds. Memory and delay must stay flat.
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["only", "scale"])]
    pub(crate) flat: Option<u64>,
    /// The program under test; the one beside this unless given.
    #[arg(long, env = "NEARHAND_SOAK_PROGRAM")]
    pub(crate) nearhand: Option<PathBuf>,
    /// Keep the folder with the data and the logs, whatever comes.
    #[arg(long)]
    pub(crate) keep: bool,
}

/// How much of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scale {
    /// 200 phones; 20 return with 1,000 fixes each; PostgreSQL is away for 20 seconds.
    Short,
    /// 5,000 phones; 500 return with 5,000 fixes each; PostgreSQL is away for five minutes.
    Long,
}

/// The sizes of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Phones that send as they measure.
    pub(crate) phones: usize,
    /// Each measures so often.
    pub(crate) every: Duration,
    /// Phones that return after days without a network.
    pub(crate) returning: usize,
    /// Fixes that each of them has kept.
    pub(crate) kept: usize,
    /// How long PostgreSQL is away.
    pub(crate) outage: Duration,
    /// How long other faults last.
    pub(crate) fault: Duration,
    /// Clients that send slowly or not at all.
    pub(crate) slow_clients: usize,
}

/// From here on a run is long unless it is said.
const LONG_S: u64 = 600;

impl Options {
    /// The command that does the same again.
    pub(crate) fn again(&self, seed: u64) -> String {
        let mut words = vec!["./dev soak".to_owned(), self.seconds.to_string(), seed.to_string()];
        let value_of = |name: Option<clap::builder::PossibleValue>| {
            name.map(|value| value.get_name().to_owned()).unwrap_or_default()
        };
        for fault in &self.only {
            words.push(format!("--only {}", value_of(fault.to_possible_value())));
        }
        if let Some(scale) = self.scale {
            words.push(format!("--scale {}", value_of(scale.to_possible_value())));
        }
        if let Some(flat) = self.flat {
            words.push(format!("--flat {flat}"));
        }
        words.join(" ")
    }

    pub(crate) fn sizes(&self) -> Sizes {
        let by_time = if self.seconds >= LONG_S { Scale::Long } else { Scale::Short };
        match self.scale.unwrap_or(by_time) {
            Scale::Short => Sizes {
                phones: 200,
                every: Duration::from_secs(2),
                returning: 20,
                kept: 1_000,
                outage: Duration::from_secs(20),
                fault: Duration::from_secs(4),
                slow_clients: 100,
            },
            Scale::Long => Sizes {
                phones: 5_000,
                every: Duration::from_secs(20),
                returning: 500,
                kept: 5_000,
                outage: Duration::from_mins(5),
                fault: Duration::from_secs(10),
                slow_clients: 1_000,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn the_same_again_is_read_again() {
        let line = "./dev soak 60 7 --only redis-full --only api-killed --scale long";
        let options = Options::parse_from(line.split(' ').skip(1));
        assert_eq!(options.again(7), line);
    }

    #[test]
    fn a_long_run_is_large_unless_it_is_said() {
        let phones = |line: &str| Options::parse_from(line.split(' ')).sizes().phones;
        assert_eq!(phones("soak 120 7"), 200);
        assert_eq!(phones("soak 900"), 5_000);
        assert_eq!(phones("soak 900 --scale short"), 200);
    }
}
