//! What must become of a fix that was acknowledged. Pure: knows clocks as numbers.
//!
//! A request may be repeated, and the server's clock may have been set meanwhile. So there is not one
//! instant at which a fix was judged but a range, and what holds for a part of it only is open.

use nearhand_domain::ping::{AHEAD_FLAGGED_MS, AHEAD_REJECTED_MS};

/// Whether something is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whether {
    /// In any case.
    Yes,
    /// In no case.
    No,
    /// It may be or not.
    Open,
}

/// The server's clock while a fix was under way: Unix milliseconds, earliest and latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) earliest_ms: i64,
    pub(crate) latest_ms: i64,
}

impl Judged {
    /// The fix lies at most so far ahead in no case, in any case, or it depends.
    fn at_most_ahead(self, fix_at_ms: i64, limit_ms: i64) -> Whether {
        match (fix_at_ms - self.earliest_ms <= limit_ms, fix_at_ms - self.latest_ms <= limit_ms) {
            (true, _) => Whether::Yes,
            (false, false) => Whether::No,
            (false, true) => Whether::Open,
        }
    }

    /// Whether a fix of this time is stored.
    pub(crate) fn stores(self, fix_at_ms: i64) -> Whether {
        self.at_most_ahead(fix_at_ms, AHEAD_REJECTED_MS)
    }

    /// Whether it may become the live position.
    pub(crate) fn may_be_live(self, fix_at_ms: i64) -> Whether {
        self.at_most_ahead(fix_at_ms, AHEAD_FLAGGED_MS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_790_000_000_000;
    const HOUR_MS: i64 = 3_600_000;

    #[test]
    fn what_depends_on_the_clock_that_judged_is_open() {
        let judged = Judged { earliest_ms: NOW, latest_ms: NOW + HOUR_MS };
        for (ahead_h, stored, live) in [
            (-48, Whether::Yes, Whether::Yes),
            (0, Whether::Yes, Whether::Yes),
            (1, Whether::Yes, Whether::Open),
            (2, Whether::Yes, Whether::No),
            (25, Whether::Open, Whether::No),
            (26, Whether::No, Whether::No),
        ] {
            let fix_at_ms = NOW + ahead_h * HOUR_MS;
            assert_eq!(judged.may_be_live(fix_at_ms), live, "{ahead_h}");
            assert_eq!(judged.stores(fix_at_ms), stored, "{ahead_h}");
        }
    }
}
