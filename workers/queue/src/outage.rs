//! Logs when Redis goes away or a lane fills up, and when that is over, once each: what every caller
//! meets meanwhile is the same.

use crate::error::{QueueError, SendError};
use nearhand_domain::outage::{Ended, Outage};
use std::time::Instant;

/// What a process sees of its queue.
#[derive(Debug, Default)]
pub(crate) struct Outages {
    redis: Outage,
    full: Outage,
}

impl Outages {
    /// Notes whether Redis served a call.
    pub(crate) fn note<T>(&self, result: &Result<T, QueueError>) {
        match result {
            Ok(_) => self.worked(),
            Err(error) => self.note_failed(error),
        }
    }

    /// Notes an error that is Redis' fault; others say nothing about it.
    pub(crate) fn note_failed(&self, error: &QueueError) {
        if error.is_outage() {
            tell(error, self.redis.failed(Instant::now()));
        }
    }

    /// Redis served a call.
    pub(crate) fn worked(&self) {
        if let Some(Ended { lasted, refused }) = self.redis.worked(Instant::now()) {
            tracing::warn!(lasted_s = lasted.as_secs_f64(), refused, "Redis is back");
        }
    }

    /// Notes what became of a request's pings.
    pub(crate) fn note_sent(&self, sent: &Result<(), SendError>) {
        match sent {
            Ok(()) => {
                if let Some(Ended { lasted, refused }) = self.full.worked(Instant::now()) {
                    let lasted_s = lasted.as_secs_f64();
                    tracing::warn!(lasted_s, refused, "the queue takes pings again");
                }
            }
            Err(SendError::Full(lane)) => {
                if self.full.refused(Instant::now()) {
                    tracing::warn!(lane = lane.as_str(), "the queue is full and takes no pings");
                }
            }
            Err(SendError::Unconfirmed(error)) => {
                tell(error, self.redis.refused(Instant::now()));
            }
        }
    }
}

fn tell(error: &QueueError, begins: bool) {
    if begins {
        tracing::warn!(%error, "Redis is away");
    } else {
        tracing::debug!(%error, "Redis is still away");
    }
}
