//! The lock by which a partition has one active consumer.
//!
//! It saves work and keeps consumers out of each other's way; nothing depends on it for being
//! right. Two consumers that both believe in their lease do the same work twice, and every step
//! of that work is idempotent: which is why no fencing token travels to the database.

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
    /// Random, so that nobody else's lease is renewed or released.
    token: String,
    lasts: Duration,
}

impl Lease {
    pub(crate) fn new(key: String, lasts: Duration) -> Self {
        Self { key, token: uuid::Uuid::new_v4().to_string(), lasts }
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

    /// Gives the lease back, so that the next consumer need not wait for its end.
    pub(crate) async fn release(
        &self,
        redis: &mut (impl ConnectionLike + Send + Sync),
    ) -> Result<(), QueueError> {
        Ok(RELEASE.key(&self.key).arg(&self.token).invoke_async::<()>(redis).await?)
    }

    /// How often it should be renewed.
    pub(crate) fn pace(&self) -> Duration {
        self.lasts / 3
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.lasts.as_millis()).unwrap_or(u64::MAX)
    }
}
