//! Redis' memory and its limit. Entries differ in size by a factor of a thousand, so a limit on their
//! number alone must not be trusted.

use crate::{connection::Queue, entry::Lane, error::QueueError};

/// Redis' memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// Used now, for all purposes.
    pub used: u64,
    /// From here on no pings are accepted; `None` when Redis does not report enough.
    pub limit: Option<u64>,
}

impl Memory {
    /// Whether a lane accepts no more pings. The backlog lane is full first, so that phones that were
    /// offline for long cannot block live pings.
    #[must_use]
    pub fn is_full(&self, lane: Lane) -> bool {
        self.limit.is_some_and(|limit| match lane {
            Lane::Live => self.used >= limit,
            Lane::Backlog => self.used >= limit / 4 * 3,
        })
    }

    /// From the reply of INFO. `given` is what an operator allows; else it is half of the machine,
    /// since rewriting its file may take Redis as much again. Where Redis has a bound of its own,
    /// a quarter of that is left for the feed and the leases, without which nothing drains.
    fn read(info: &str, given: Option<u64>) -> Self {
        let number = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|text| text.trim().parse::<u64>().ok()).filter(|bytes| *bytes > 0)
        };
        let machine = number("total_system_memory").map(|bytes| bytes / 2);
        let own = number("maxmemory").map(|bytes| bytes / 4 * 3);
        let limit = [given.or(machine), own].into_iter().flatten().min();
        Self { used: number("used_memory").unwrap_or(0), limit }
    }
}

/// Asks Redis.
pub(crate) async fn read_memory(queue: &Queue) -> Result<Memory, QueueError> {
    let mut call = redis::cmd("INFO");
    let info: String = call.arg("memory").query_async(&mut queue.shared()).await?;
    Ok(Memory::read(&info, queue.config().limits.memory_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_what_is_allowed_counts() {
        let info = |maxmemory: u64| {
            format!(
                "# Memory\r\nused_memory:300\r\nused_memory_rss:900\r\n\
                 total_system_memory:1000\r\nmaxmemory:{maxmemory}\r\nmaxmemory_policy:noeviction\r\n"
            )
        };
        let limit = |maxmemory, given| Memory::read(&info(maxmemory), given).limit;
        assert_eq!(limit(0, None), Some(500), "half of the machine");
        assert_eq!(limit(0, Some(800)), Some(800), "an operator knows better");
        assert_eq!(limit(400, Some(800)), Some(300), "and cannot exceed Redis' own bound");
        assert_eq!(Memory::read("", None), Memory::default());
        assert_eq!(Memory::read(&info(0), None).used, 300);
    }

    #[test]
    fn the_backlog_stops_first() {
        let full = |used| Lane::ALL.map(|lane| Memory { used, limit: Some(400) }.is_full(lane));
        assert_eq!(full(299), [false, false]);
        assert_eq!(full(300), [false, true]);
        assert_eq!(full(400), [true, true]);
        assert!(!Memory::default().is_full(Lane::Live), "nothing is known");
    }
}
