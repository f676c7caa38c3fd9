//! Entries in flight: delivered to a consumer and not yet acknowledged. Must not talk to Redis.

use crate::{
    entry::{
        DecodeError, FIELD_DATA, FIELD_POISON, FIELD_TRACE, FIELD_VERSION, Lane, PingBatch, decode,
    },
    reply::{self, RawEntry},
};

/// From this many deliveries on an entry may be poison. One worker that is killed for another
/// reason explains two deliveries, but not three.
const POISON_DELIVERIES: u64 = 3;

/// An entry in flight.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The lane it was read from.
    pub lane: Lane,
    /// Its identifier in the stream.
    pub id: String,
    /// When Redis stored it, Unix milliseconds: about when its pings were acknowledged to the phone.
    pub queued_at_ms: i64,
    /// How often it was delivered, this time included.
    pub deliveries: u64,
    /// It was split off an entry that may have been poison.
    from_poison: bool,
    /// The pings of each request, at least of one.
    pub batches: Result<Vec<PingBatch>, DecodeError>,
}

impl Entry {
    /// An entry as it was read. Counts as its first delivery until more is known.
    pub(crate) fn read(lane: Lane, mut raw: RawEntry) -> Self {
        Self {
            lane,
            queued_at_ms: reply::entry_ms(&raw.id),
            deliveries: 1,
            from_poison: raw.take(FIELD_POISON).is_some(),
            batches: batches(&mut raw),
            id: raw.id,
        }
    }

    /// Whether this may be a poison entry, one that kills its worker: it was delivered several times
    /// and never acknowledged. Entries that were in flight beside a poison entry look the same; that
    /// costs them nothing but being processed alone.
    #[must_use]
    pub fn may_be_poison(&self) -> bool {
        self.from_poison || self.deliveries >= POISON_DELIVERIES
    }

    /// The pings of each request; none when the entry cannot be decoded.
    #[must_use]
    pub fn batches(&self) -> &[PingBatch] {
        self.batches.as_deref().unwrap_or_default()
    }

    /// How many pings it holds.
    #[must_use]
    pub fn pings(&self) -> usize {
        self.batches().iter().map(|batch| batch.pings.len()).sum()
    }

    /// The W3C trace contexts of its requests.
    pub fn traceparents(&self) -> impl Iterator<Item = &str> {
        self.batches().iter().filter_map(|batch| batch.traceparent.as_deref())
    }
}

/// Decodes the batches of an entry.
pub(crate) fn batches(raw: &mut RawEntry) -> Result<Vec<PingBatch>, DecodeError> {
    let version = raw.take(FIELD_VERSION).unwrap_or_default();
    let data = raw.take(FIELD_DATA).unwrap_or_default();
    let mut batches = decode(&version, &data)?;
    if let Some(traceparent) = raw.take_text(FIELD_TRACE) {
        // Layout 1 has the trace context in a field of its own.
        batches.iter_mut().for_each(|batch| batch.traceparent = Some(traceparent.clone()));
    }
    Ok(batches)
}
