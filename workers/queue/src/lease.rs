//! The lease on a partition: the lock that gives it one active consumer.
//!
//! Correctness must not depend on it; it only saves work. Two consumers that both believe to hold the
//! lease do the same work twice. Every step of that work is idempotent, so the database needs no fencing
//! token.

use crate::error::QueueError;
use redis::{Script, aio::ConnectionLike};
use std::{sync::LazyLock, time::Duration};

static RENEW: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then
           return redis.call('PEXPIRE', KEYS[1], ARGV[2])
         end
         return 0",
    )
});

static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
         return 0",
    )
});

/// One consumer's claim on a partition.
pub(crate) struct Lease {
    key: String,
    /// Random, so that a consumer cannot renew or release the lease of another.
    token: String,
    duration: Duration,
}

impl Lease {
    pub(crate) fn new(key: String, duration: Duration) -> Self {
        Self { key, token: uuid::Uuid::new_v4().to_string(), duration }
    }

    /// Takes the lease if it is free or already ours.
    pub(crate) async fn acquire(
        &self,
        redis: &mut (impl ConnectionLike + Send + Sync),
    ) -> Result<bool, QueueError> {
        let taken: Option<String> = redis::cmd("SET")
            .arg(&self.key)
            .arg(&self.token)
            .arg("NX")
            .arg("PX")
            .arg(self.millis())
            .query_async(redis)
            .await?;
        if taken.is_some() { Ok(true) } else { self.renew(redis).await }
    }

    /// Prolongs the lease; false when it is no longer ours.
    pub(crate) async fn renew(
        &self,
        redis: &mut (impl ConnectionLike + Send + Sync),
    ) -> Result<bool, QueueError> {
        let mut call = RENEW.key(&self.key);
        Ok(call.arg(&self.token).arg(self.millis()).invoke_async(redis).await?)
    }

    /// Releases the lease, so that the next consumer need not wait until it expires.
    pub(crate) async fn release(
        &self,
        redis: &mut (impl ConnectionLike + Send + Sync),
    ) -> Result<(), QueueError> {
        Ok(RELEASE.key(&self.key).arg(&self.token).invoke_async::<()>(redis).await?)
    }

    /// How often to renew it.
    pub(crate) fn renewal_interval(&self) -> Duration {
        self.duration / 3
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.duration.as_millis()).unwrap_or(u64::MAX)
    }
}
