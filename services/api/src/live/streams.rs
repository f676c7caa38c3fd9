//! How many event streams are open: altogether, so that memory is bounded, and of each session, so
//! that one login cannot take them all.

use crate::http::{
    codes::Code,
    problem::{ApiResult, Problem},
};
use nearhand_domain::SessionId;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Most streams of one session: a tab or two on a few screens.
const MOST_A_SESSION: usize = 8;

/// The streams that are open.
#[derive(Default)]
pub(crate) struct Streams(Mutex<Open>);

#[derive(Default)]
struct Open {
    all: usize,
    by_session: FxHashMap<SessionId, usize>,
}

/// Why no more is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Full {
    /// The process has as many as it may have.
    Process,
    /// The session has.
    Session,
}

impl Streams {
    /// Takes one of at most `most`; given back with [`Streams::leave`].
    fn enter(&self, session: SessionId, most: usize) -> Result<(), Full> {
        let mut open = self.0.lock();
        if open.all >= most {
            return Err(Full::Process);
        }
        let own = open.by_session.entry(session).or_default();
        if *own >= MOST_A_SESSION {
            return Err(Full::Session);
        }
        *own += 1;
        open.all += 1;
        Ok(())
    }

    /// Gives one back.
    fn leave(&self, session: SessionId) {
        let mut open = self.0.lock();
        open.all = open.all.saturating_sub(1);
        if let Some(own) = open.by_session.get_mut(&session) {
            *own -= 1;
            if *own == 0 {
                open.by_session.remove(&session);
            }
        }
    }
}

/// One of the streams that may be open at a time; dropping it makes room.
pub(crate) struct Slot {
    streams: Arc<Streams>,
    session: SessionId,
}

impl Slot {
    /// Takes one of at most `most`, unless there are too many.
    pub(crate) fn take(streams: &Arc<Streams>, session: SessionId, most: usize) -> ApiResult<Self> {
        streams.enter(session, most).map_err(|full| {
            let detail = match full {
                Full::Process => "too many event streams are open; try again",
                Full::Session => "this session has too many event streams open; close one",
            };
            Problem::new(Code::Unavailable, detail).retry_after(10)
        })?;
        metrics::gauge!("nearhand_event_streams").increment(1.0);
        Ok(Self { streams: Arc::clone(streams), session })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.streams.leave(self.session);
        metrics::gauge!("nearhand_event_streams").decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_session_nor_all_together_have_too_many() {
        let (streams, one, other) =
            (Streams::default(), SessionId::generate(), SessionId::generate());
        for _ in 0..MOST_A_SESSION {
            assert_eq!(streams.enter(one, 10), Ok(()));
        }
        assert_eq!(streams.enter(one, 10), Err(Full::Session));
        assert_eq!(streams.enter(other, 10), Ok(()));
        assert_eq!(streams.enter(other, 10), Ok(()));
        assert_eq!(streams.enter(other, 10), Err(Full::Process));
        streams.leave(one);
        assert_eq!(streams.enter(other, 10), Ok(()));
        for session in [one, one, one, one, one, one, one, other, other, other] {
            streams.leave(session);
        }
        assert!(streams.0.lock().by_session.is_empty(), "nothing is left behind");
    }
}
