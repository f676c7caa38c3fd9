//! Logs the begin and the end of an outage of Redis, and of a full lane, once each. Must not log
//! every failed call: all callers see the same outage.

use crate::error::{QueueError, SendError};
use nearhand_domain::outage::{Ended, Outage};
use std::time::Instant;

/// The outages of the queue that this process knows of.
#[derive(Debug, Default)]
pub(crate) struct Outages {
    redis: Outage,
    full: Outage,
}

impl Outages {
    /// Records whether a call to Redis succeeded.
    pub(crate) fn record_result<T>(&self, result: &Result<T, QueueError>) {
        match result {
            Ok(_) => self.record_success(),
            Err(error) => self.record_failure(error),
        }
    }

    /// Records an error that is Redis' fault; ignores other errors.
    pub(crate) fn record_failure(&self, error: &QueueError) {
        if error.is_outage() {
            log_outage(error, self.redis.failed(Instant::now()));
        }
    }

    /// Records a call to Redis that succeeded.
    pub(crate) fn record_success(&self) {
        if let Some(Ended { lasted, refused }) = self.redis.worked(Instant::now()) {
            tracing::warn!(lasted_s = lasted.as_secs_f64(), refused, "Redis is back");
        }
    }

    /// Records the result of producing a request's pings.
    pub(crate) fn record_send(&self, sent: &Result<(), SendError>) {
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
                log_outage(error, self.redis.refused(Instant::now()));
            }
        }
    }
}

fn log_outage(error: &QueueError, begins: bool) {
    if begins {
        tracing::warn!(%error, "Redis is away");
    } else {
        tracing::debug!(%error, "Redis is still away");
    }
}
