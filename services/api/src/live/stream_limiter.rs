//! Limits the open event streams: of the process, so that memory is bounded, and of each session,
//! person and organisation, so that none of them can take all. Must not know what a stream sends.

use crate::http::{
    codes::Code,
    problem::{ApiResult, Problem},
};
use nearhand_domain::{OrganizationId, SessionId, StaffId};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::sync::Arc;
use uuid::Uuid;

/// The most streams of one session: a tab or two on a few screens.
const MAX_PER_SESSION: usize = 8;
/// The most streams of one person, in all sessions.
const MAX_PER_PERSON: usize = 16;

/// Who opens a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Watcher {
    pub(crate) organization: OrganizationId,
    pub(crate) staff: StaffId,
    pub(crate) session: SessionId,
}

impl Watcher {
    /// The limits that apply to a stream: who it counts for, how many are allowed, and the error.
    fn limits(&self, max: usize) -> [(Uuid, usize, Full); 3] {
        [
            (self.session.0, MAX_PER_SESSION, Full::Session),
            (self.staff.0, MAX_PER_PERSON, Full::Person),
            (self.organization.0, (max / 2).max(1), Full::Organization),
        ]
    }
}

/// Counts the open streams.
#[derive(Default)]
pub(crate) struct StreamLimiter(Mutex<Open>);

#[derive(Default)]
struct Open {
    all: usize,
    /// By session, person and organisation.
    by_subject: FxHashMap<Uuid, usize>,
}

/// Which limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Full {
    /// That of the process.
    Process,
    /// That of the session.
    Session,
    /// That of the person.
    Person,
    /// That of the organisation.
    Organization,
}

impl StreamLimiter {
    /// Counts one more stream, of at most `max` in the process; [`StreamLimiter::release`] uncounts it.
    fn acquire(&self, watcher: Watcher, max: usize) -> Result<(), Full> {
        let mut open = self.0.lock();
        if open.all >= max {
            return Err(Full::Process);
        }
        let limits = watcher.limits(max);
        for (subject, limit, full) in limits {
            if open.by_subject.get(&subject).is_some_and(|taken| *taken >= limit) {
                return Err(full);
            }
        }
        for (subject, ..) in limits {
            *open.by_subject.entry(subject).or_default() += 1;
        }
        open.all += 1;
        Ok(())
    }

    /// Uncounts a stream.
    fn release(&self, watcher: Watcher) {
        let mut open = self.0.lock();
        open.all = open.all.saturating_sub(1);
        for (subject, ..) in watcher.limits(0) {
            if let Some(taken) = open.by_subject.get_mut(&subject) {
                *taken -= 1;
                if *taken == 0 {
                    open.by_subject.remove(&subject);
                }
            }
        }
    }
}

/// The permit to keep one stream open; dropping it releases it.
pub(crate) struct StreamPermit {
    limiter: Arc<StreamLimiter>,
    watcher: Watcher,
}

impl StreamPermit {
    /// A permit for one of at most `max` streams of the process.
    ///
    /// # Errors
    /// When a limit is reached.
    pub(crate) fn acquire(
        limiter: &Arc<StreamLimiter>,
        watcher: Watcher,
        max: usize,
    ) -> ApiResult<Self> {
        limiter.acquire(watcher, max).map_err(|full| {
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
        Ok(Self { limiter: Arc::clone(limiter), watcher })
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        self.limiter.release(self.watcher);
        metrics::gauge!("nearhand_event_streams").decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_limited_by_session_person_organisation_and_process() {
        let limiter = StreamLimiter::default();
        let ada = Watcher {
            organization: OrganizationId::generate(),
            staff: StaffId::generate(),
            session: SessionId::generate(),
        };
        let elsewhere = Watcher { session: SessionId::generate(), ..ada };
        let third = Watcher { session: SessionId::generate(), ..ada };
        let grace = Watcher { staff: StaffId::generate(), ..third };
        let other = Watcher { organization: OrganizationId::generate(), ..grace };
        let mut open = Vec::new();
        let mut acquire = |watcher: Watcher, max: usize| {
            let result = limiter.acquire(watcher, max);
            if result.is_ok() {
                open.push(watcher);
            }
            result
        };
        for watcher in [ada, elsewhere] {
            for _ in 0..MAX_PER_SESSION {
                assert_eq!(acquire(watcher, 40), Ok(()));
            }
            assert_eq!(acquire(watcher, 40), Err(Full::Session));
        }
        assert_eq!(acquire(third, 40), Err(Full::Person));
        for _ in 0..4 {
            assert_eq!(acquire(grace, 40), Ok(()));
        }
        assert_eq!(acquire(grace, 40), Err(Full::Organization));
        assert_eq!(
            acquire(Watcher { session: SessionId::generate(), ..other }, 20),
            Err(Full::Process)
        );
        for watcher in open {
            limiter.release(watcher);
        }
        assert!(limiter.0.lock().by_subject.is_empty(), "nothing is left behind");
        assert_eq!(limiter.0.lock().all, 0);
    }
}
