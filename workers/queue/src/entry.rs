//! One entry of a ping stream: the pings of one request, or of several that share a group commit,
//! encoded with postcard, with the layout's version beside it. Must not talk to Redis.

use nearhand_domain::{DeviceId, OrganizationId, StaffId, ping::Ping};
use serde::{Deserialize, Serialize};

/// Field names: version, payload, whether the entry may be poison, and, in the first layout, trace
/// context.
pub(crate) const FIELD_VERSION: &str = "v";
pub(crate) const FIELD_DATA: &str = "d";
pub(crate) const FIELD_POISON: &str = "s";
pub(crate) const FIELD_TRACE: &str = "t";

/// The version of the payload's layout; raised with any change to it. 1 was a single batch, its
/// trace context in a field beside it; 2 is batches and their trace contexts in turn.
pub(crate) const PING_VERSION: &str = "2";
const SINGLE_VERSION: &str = "1";

/// Bytes of a payload, an upper bound for nearly all: its buffer is allocated once.
const HEAD_BYTES: usize = 128;
const PING_BYTES: usize = 72;

/// Which of a partition's two streams an entry travels in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Fresh fixes, consumed first.
    Live,
    /// Old fixes, with a fixed share of the reads.
    Backlog,
}

impl Lane {
    /// Both lanes.
    pub const ALL: [Self; 2] = [Self::Live, Self::Backlog];

    /// Its name in keys, metrics and logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Backlog => "backlog",
        }
    }

    /// The lane of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.as_str() == name)
    }
}

/// Pings of one phone, from one request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PingBatch {
    /// Tenant.
    pub organization: OrganizationId,
    /// The phone, by its token.
    pub device: DeviceId,
    /// Whose phone it was then.
    pub staff: StaffId,
    /// When the request came in, Unix milliseconds.
    pub received_at_ms: i64,
    /// The pings.
    pub pings: Vec<Ping>,
    /// The request's W3C trace context.
    #[serde(skip)]
    pub traceparent: Option<String>,
}

/// The same, borrowed, for encoding without a copy. The two must keep one layout.
#[derive(Serialize)]
pub(crate) struct PingBatchRef<'a> {
    pub(crate) organization: OrganizationId,
    pub(crate) device: DeviceId,
    pub(crate) staff: StaffId,
    pub(crate) received_at_ms: i64,
    pub(crate) pings: &'a [Ping],
}

impl PingBatch {
    pub(crate) fn borrowed(&self) -> PingBatchRef<'_> {
        PingBatchRef {
            organization: self.organization,
            device: self.device,
            staff: self.staff,
            received_at_ms: self.received_at_ms,
            pings: &self.pings,
        }
    }
}

/// Why an entry's payload cannot be read; trying again will not help.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Written by a newer program: another worker may know it.
    #[error("the payload was written by a newer program")]
    Newer,
    /// Written by an unknown program.
    #[error("the payload's version is unknown to this program")]
    Version,
    /// Not what its version promises.
    #[error("the payload is broken")]
    Payload,
}

/// A batch and its trace context. Concatenated payloads are the payload of an entry that holds all
/// their batches.
pub(crate) fn encode(batch: &PingBatchRef<'_>, traceparent: Option<&str>) -> Vec<u8> {
    let room = Vec::with_capacity(HEAD_BYTES + batch.pings.len() * PING_BYTES);
    // Writing plain values to memory has no way to fail.
    postcard::to_extend(&(batch, traceparent), room).unwrap_or_default()
}

/// The batches of an entry, at least one.
///
/// # Errors
/// When this program does not know the version, or the payload is not what its version promises.
pub fn decode(version: &[u8], mut data: &[u8]) -> Result<Vec<PingBatch>, DecodeError> {
    if version == SINGLE_VERSION.as_bytes() {
        return match postcard::take_from_bytes(data) {
            Ok((batch, [])) => Ok(vec![batch]),
            _ => Err(DecodeError::Payload),
        };
    }
    if version != PING_VERSION.as_bytes() {
        let newer = number(version) > number(PING_VERSION.as_bytes());
        return Err(if newer { DecodeError::Newer } else { DecodeError::Version });
    }
    let mut batches = Vec::new();
    while batches.is_empty() || !data.is_empty() {
        let next: Result<((PingBatch, Option<String>), _), _> = postcard::take_from_bytes(data);
        let ((batch, traceparent), rest) = next.map_err(|_| DecodeError::Payload)?;
        batches.push(PingBatch { traceparent, ..batch });
        data = rest;
    }
    Ok(batches)
}

/// A version as a number; `None` when it is no number.
fn number(version: &[u8]) -> Option<u32> {
    std::str::from_utf8(version).ok()?.parse().ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use nearhand_domain::{
        Position,
        ping::{Motion, Source, ping_key},
    };

    pub(crate) fn ping(fix_at_ms: i64) -> Ping {
        let position = Position::new(38.7, -9.1).unwrap();
        Ping {
            fix_at_ms,
            key: ping_key(None, position),
            position,
            sent_at_ms: Some(fix_at_ms + 900),
            accuracy_m: Some(8.0),
            altitude_m: None,
            speed_mps: Some(1.5),
            course_deg: Some(271.0),
            battery: Some(0.62),
            charging: Some(false),
            motion: Some(Motion::Walking),
            mock: false,
            flags: 0,
            source: Source::Native,
        }
    }

    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn batch(pings: Vec<Ping>, traceparent: Option<&str>) -> PingBatch {
        PingBatch {
            organization: OrganizationId::generate(),
            device: DeviceId::generate(),
            staff: StaffId::generate(),
            received_at_ms: 1_790_000_000_000,
            pings,
            traceparent: traceparent.map(str::to_owned),
        }
    }

    fn encoded(batch: &PingBatch) -> Vec<u8> {
        encode(&batch.borrowed(), batch.traceparent.as_deref())
    }

    #[test]
    fn encoded_batches_are_decoded_and_stay_small() {
        let pings: Vec<Ping> = (0..100).map(|n| ping(1_790_000_000_000 + n)).collect();
        let batch = batch(pings, None);
        let data = encoded(&batch);
        assert!(data.len() < 100 * 75, "{} bytes", data.len());
        assert_eq!(decode(b"2", &data).unwrap(), [batch]);
    }

    #[test]
    fn concatenated_batches_are_decoded_with_their_traces() {
        let batches = [
            batch(vec![ping(1)], Some(TRACE)),
            batch(vec![], None),
            batch(vec![ping(2), ping(3)], Some(TRACE)),
        ];
        let data: Vec<u8> = batches.iter().flat_map(encoded).collect();
        assert_eq!(decode(b"2", &data).unwrap(), batches);
    }

    #[test]
    fn layout_1_is_still_decoded() {
        let batch = batch(vec![ping(1)], None);
        let data = postcard::to_stdvec(&batch.borrowed()).unwrap();
        assert_eq!(decode(b"1", &data).unwrap(), std::slice::from_ref(&batch));
        assert_eq!(decode(b"1", &[data, vec![0]].concat()), Err(DecodeError::Payload));
    }

    #[test]
    fn undecodable_payloads_say_why() {
        let data = encoded(&batch(vec![], Some(TRACE)));
        assert_eq!(decode(b"3", &data), Err(DecodeError::Newer));
        for unknown in [&b"0"[..], b"", b"x", b"\xff", b"99999999999999"] {
            assert_eq!(decode(unknown, &data), Err(DecodeError::Version));
        }
        assert_eq!(decode(b"2", &data[1..]), Err(DecodeError::Payload));
        assert_eq!(decode(b"2", &[data, vec![0]].concat()), Err(DecodeError::Payload));
        assert_eq!(decode(b"2", b""), Err(DecodeError::Payload));
    }
}
