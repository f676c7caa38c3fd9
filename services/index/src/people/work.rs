//! What a person is booked for and has done. Must keep what one fact says together: a newer fact
//! replaces all of it.

use super::vocabulary::Vocabulary;
use nearhand_domain::{
    BookingId, CaseId, ClientId, Position,
    facts::{BookingFact, WorkFacts, held_at},
    time::Interval,
};

/// The site of a finished job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastJob {
    /// Where.
    pub position: Position,
    /// When it was finished, in Unix seconds.
    pub completed_at: i64,
}

/// Time held for a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The booking.
    pub id: BookingId,
    /// What it is for.
    pub case: CaseId,
    /// Unix seconds, half-open.
    pub time: Interval,
    /// Where, if known.
    pub position: Option<Position>,
    /// Counts nowhere.
    pub cancelled: bool,
    /// The person is on site: it goes on past its end.
    pub open_ended: bool,
}

impl Booking {
    /// The time that is held as of an instant in Unix seconds. Never less than [`Self::time`], so
    /// that what is kept by that time never says "busy" too often.
    #[must_use]
    pub fn time_at(&self, instant: i64) -> Interval {
        held_at(self.time, self.open_ended, instant)
    }
}

/// All work of a person.
#[derive(Clone, Debug, Default)]
pub(crate) struct Work {
    /// Of the fact; 0 without one.
    pub(crate) version: i64,
    pub(crate) last_job: Option<LastJob>,
    /// By start.
    pub(crate) bookings: Box<[Booking]>,
    /// Code of the client and Unix second, sorted.
    pub(crate) visits: Box<[(u32, i64)]>,
}

impl Work {
    pub(crate) fn new(
        version: i64,
        last_job: Option<LastJob>,
        mut bookings: Vec<Booking>,
        visits: &[(ClientId, i64)],
        vocabulary: &mut Vocabulary,
    ) -> Self {
        bookings.sort_unstable_by_key(|booking| (booking.time, booking.id));
        let visits = visits.iter().filter_map(|(client, at)| {
            vocabulary.clients.intern(client).map(|client| (client, *at))
        });
        let mut visits: Vec<(u32, i64)> = visits.collect();
        visits.sort_unstable();
        let (bookings, visits) = (bookings.into_boxed_slice(), visits.into_boxed_slice());
        Self { version, last_job, bookings, visits }
    }

    /// The work of a fact.
    pub(crate) fn of(facts: &WorkFacts, vocabulary: &mut Vocabulary) -> Self {
        let job = facts.last_job;
        let last_job =
            job.map(|job| LastJob { position: job.position, completed_at: job.completed_at });
        let bookings = facts.bookings.iter().map(booking).collect();
        Self::new(facts.version, last_job, bookings, &facts.visits, vocabulary)
    }

    /// Whether there is neither work nor a fact that says so.
    pub(crate) fn is_nothing(&self) -> bool {
        self.version == 0
            && self.last_job.is_none()
            && self.bookings.is_empty()
            && self.visits.is_empty()
    }
}

fn booking(fact: &BookingFact) -> Booking {
    Booking {
        id: fact.id,
        case: fact.case,
        time: fact.time,
        position: fact.position,
        cancelled: false,
        open_ended: fact.open_ended,
    }
}
