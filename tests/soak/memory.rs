//! How much memory each process of a run holds, as Linux tells it.

use crate::{
    servers::Server,
    stack::{Process, Stack},
};
use nix::unistd::Pid;
use std::fs;

/// MiB of each process; PostgreSQL's are counted together, what they share once.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Memory(pub(crate) Vec<(&'static str, f64)>);

impl Memory {
    pub(crate) fn of(stack: &Stack) -> Self {
        let one = |pid: Option<Pid>| pid.map_or(0.0, |pid| mib(&status(pid), "VmRSS:"));
        let process = |process| one(stack.pid(process));
        Self(vec![
            ("API 1", process(Process::Api(0))),
            ("API 2", process(Process::Api(1))),
            ("worker", process(Process::Worker)),
            ("Redis", one(stack.servers.pid(Server::Redis))),
            ("PostgreSQL", stack.servers.pid(Server::Postgres).map_or(0.0, family)),
        ])
    }
}

fn status(pid: Pid) -> String {
    fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default()
}

/// A process and its children, each with its share of what they share.
fn family(parent: Pid) -> f64 {
    let share = |pid: i32| {
        mib(&fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default(), "Pss:")
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let is_child = |pid: &i32| {
        let parent_of = status(Pid::from_raw(*pid));
        let named = parent_of.lines().find_map(|line| line.strip_prefix("PPid:"));
        named.is_some_and(|text| text.trim() == parent.to_string())
    };
    share(parent.as_raw()) + pids.filter(is_child).map(share).sum::<f64>()
}

/// The value of a line such as `VmRSS:  1024 kB`.
fn mib(text: &str, name: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1_024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kibibytes_are_read() {
        assert!((mib("Name:\tx\nVmRSS:\t    2048 kB\n", "VmRSS:") - 2.0).abs() < 1e-9);
        assert!(mib("", "VmRSS:").abs() < 1e-9);
    }

    #[test]
    fn this_process_holds_something() {
        assert!(mib(&status(Pid::this()), "VmRSS:") > 1.0);
        assert!(family(Pid::this()) > 1.0);
    }
}
