//! Entries that were handed out and are being worked on.

use crate::{
    entry::{
        DecodeError, FIELD_DATA, FIELD_SUSPECT, FIELD_TRACE, FIELD_VERSION, Lane, PingBatch, decode,
    },
    reply::{self, RawEntry},
};

/// Most deliveries that a worker killed for other reasons explains: one restart, not two.
const SUSPECT_DELIVERIES: u64 = 3;

/// An entry in work.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Where it came from.
    pub lane: Lane,
    /// Its identifier in the stream.
    pub id: String,
    /// When Redis took it in, Unix milliseconds: about when it was acknowledged.
    pub queued_at_ms: i64,
    /// How often it was handed out, this time included.
    pub deliveries: u64,
    /// Taken out of one that is suspected.
    of_suspect: bool,
    /// The requests' pings, at least of one.
    pub batches: Result<Vec<PingBatch>, DecodeError>,
}

impl Entry {
    /// One that was handed out for the first time, as far as is known.
    pub(crate) fn read(lane: Lane, mut raw: RawEntry) -> Self {
        Self {
            lane,
            queued_at_ms: reply::entry_ms(&raw.id),
            deliveries: 1,
            of_suspect: raw.take(FIELD_SUSPECT).is_some(),
            batches: batches(&mut raw),
            id: raw.id,
        }
    }

    /// Whether it was in hand so often without being acknowledged that it may be what takes
    /// workers down. Whoever shared its batches looks as guilty, and is no worse off for being
    /// tried alone.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.of_suspect || self.deliveries >= SUSPECT_DELIVERIES
    }

    /// The pings of each request; none when they cannot be read.
    #[must_use]
    pub fn batches(&self) -> &[PingBatch] {
        self.batches.as_deref().unwrap_or_default()
    }

    /// How many pings it holds.
    #[must_use]
    pub fn pings(&self) -> usize {
        self.batches().iter().map(|batch| batch.pings.len()).sum()
    }

    /// The W3C trace contexts of the requests that brought it.
    pub fn traceparents(&self) -> impl Iterator<Item = &str> {
        self.batches().iter().filter_map(|batch| batch.traceparent.as_deref())
    }
}

/// What an entry holds.
pub(crate) fn batches(raw: &mut RawEntry) -> Result<Vec<PingBatch>, DecodeError> {
    let version = raw.take(FIELD_VERSION).unwrap_or_default();
    let data = raw.take(FIELD_DATA).unwrap_or_default();
    let mut batches = decode(&version, &data)?;
    if let Some(traceparent) = raw.take_text(FIELD_TRACE) {
        // As the layout before had it.
        batches.iter_mut().for_each(|batch| batch.traceparent = Some(traceparent.clone()));
    }
    Ok(batches)
}
