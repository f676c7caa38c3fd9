//! How many event streams are open: altogether, so that memory is bounded, and of each session,
//! person and organisation, so that none of them can take them all.

use crate::http::{
    codes::Code,
    problem::{ApiResult, Problem},
};
use nearhand_domain::{OrganizationId, SessionId, StaffId};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Most streams of one session: a tab or two on a few screens.
const MOST_A_SESSION: usize = 8;
/// Most streams of one person, whatever their sessions.
const MOST_A_PERSON: usize = 16;

/// Who watches.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watcher {
    pub(crate) organization: OrganizationId,
    pub(crate) staff: StaffId,
    pub(crate) session: SessionId,
}

impl Watcher {
    /// Whose streams are counted together, and how many of them there may be.
    fn shares(&self, most: usize) -> [(Uuid, usize, Full); 3] {
        [
            (self.session.0, MOST_A_SESSION, Full::Session),
            (self.staff.0, MOST_A_PERSON, Full::Person),
            (self.organization.0, (most / 2).max(1), Full::Organization),
        ]
    }
}

/// The streams that are open.
#[derive(Default)]
pub(crate) struct Streams(Mutex<Open>);

#[derive(Default)]
struct Open {
    all: usize,
    /// By session, person and organisation.
    by_share: FxHashMap<Uuid, usize>,
}

/// Why no more is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Full {
    /// The process has as many as it may have.
    Process,
    /// The session has.
    Session,
    /// The person has.
    Person,
    /// The organisation has.
    Organization,
}

impl Streams {
    /// Takes one of at most `most`; given back with [`Streams::leave`].
    fn enter(&self, watcher: Watcher, most: usize) -> Result<(), Full> {
        let mut open = self.0.lock();
        if open.all >= most {
            return Err(Full::Process);
        }
        let shares = watcher.shares(most);
        for (share, limit, full) in shares {
            if open.by_share.get(&share).is_some_and(|taken| *taken >= limit) {
                return Err(full);
            }
        }
        for (share, ..) in shares {
            *open.by_share.entry(share).or_default() += 1;
        }
        open.all += 1;
        Ok(())
    }

    /// Gives one back.
    fn leave(&self, watcher: Watcher) {
        let mut open = self.0.lock();
        open.all = open.all.saturating_sub(1);
        for (share, ..) in watcher.shares(0) {
            if let Some(taken) = open.by_share.get_mut(&share) {
                *taken -= 1;
                if *taken == 0 {
                    open.by_share.remove(&share);
                }
            }
        }
    }
}

/// One of the streams that may be open at a time; dropping it makes room.
pub(crate) struct Slot {
    streams: Arc<Streams>,
    watcher: Watcher,
}

impl Slot {
    /// Takes one of at most `most`, unless there are too many.
    pub(crate) fn take(streams: &Arc<Streams>, watcher: Watcher, most: usize) -> ApiResult<Self> {
        streams.enter(watcher, most).map_err(|full| {
            let (code, detail) = match full {
                Full::Process => (Code::Unavailable, "too many event streams are open; try again"),
                Full::Session => {
                    (Code::TooManyRequests, "this session has too many event streams; close one")
                }
                Full::Person => {
                    (Code::TooManyRequests, "you have too many event streams open; close one")
                }
                Full::Organization => {
                    (Code::TooManyRequests, "your organisation has too many event streams open")
                }
            };
            Problem::new(code, detail).retry_after(10)
        })?;
        metrics::gauge!("nearhand_event_streams").increment(1.0);
        Ok(Self { streams: Arc::clone(streams), watcher })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.streams.leave(self.watcher);
        metrics::gauge!("nearhand_event_streams").decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_session_a_person_an_organisation_nor_all_together_have_too_many() {
        let streams = Streams::default();
        let ada = Watcher {
            organization: OrganizationId::generate(),
            staff: StaffId::generate(),
            session: SessionId::generate(),
        };
        let elsewhere = Watcher { session: SessionId::generate(), ..ada };
        let third = Watcher { session: SessionId::generate(), ..ada };
        let grace = Watcher { staff: StaffId::generate(), ..third };
        let other = Watcher { organization: OrganizationId::generate(), ..grace };
        let mut entered = Vec::new();
        let mut enter = |watcher: Watcher, most: usize| {
            let result = streams.enter(watcher, most);
            if result.is_ok() {
                entered.push(watcher);
            }
            result
        };
        for watcher in [ada, elsewhere] {
            for _ in 0..MOST_A_SESSION {
                assert_eq!(enter(watcher, 40), Ok(()));
            }
            assert_eq!(enter(watcher, 40), Err(Full::Session));
        }
        assert_eq!(enter(third, 40), Err(Full::Person));
        for _ in 0..4 {
            assert_eq!(enter(grace, 40), Ok(()));
        }
        assert_eq!(enter(grace, 40), Err(Full::Organization));
        assert_eq!(
            enter(Watcher { session: SessionId::generate(), ..other }, 20),
            Err(Full::Process)
        );
        for watcher in entered {
            streams.leave(watcher);
        }
        assert!(streams.0.lock().by_share.is_empty(), "nothing is left behind");
        assert_eq!(streams.0.lock().all, 0);
    }
}
