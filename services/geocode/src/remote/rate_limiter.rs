//! The rate limiter of one service: requests are at least one interval apart. Must not send requests.

use parking_lot::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// A caller that would wait longer gets an error with the time to wait.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// When the next request may be sent.
pub(crate) struct RateLimiter {
    interval: Duration,
    next: Mutex<Instant>,
}

impl RateLimiter {
    pub(crate) fn new(interval: Duration) -> Self {
        Self { interval, next: Mutex::new(Instant::now()) }
    }

    /// Waits until the next request may be sent. If the caller is dropped meanwhile, its slot stays unused.
    ///
    /// # Errors
    /// The time to wait, when it is more than 30 seconds.
    pub(crate) async fn acquire(&self) -> Result<(), Duration> {
        let slot = {
            let mut next = self.next.lock();
            let now = Instant::now();
            let slot = (*next).max(now);
            if slot - now > MAX_WAIT {
                return Err(slot - now);
            }
            *next = slot + self.interval;
            slot
        };
        tokio::time::sleep_until(slot).await;
        Ok(())
    }

    /// Allows no request before this time has passed, because the service asked for it.
    pub(crate) fn pause_for(&self, time: Duration) {
        let mut next = self.next.lock();
        *next = (*next).max(Instant::now() + time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_are_an_interval_apart_and_the_first_is_at_once() {
        let (limiter, start) = (RateLimiter::new(Duration::from_secs(1)), Instant::now());
        for second in 0..5 {
            limiter.acquire().await.unwrap();
            assert_eq!(start.elapsed().as_secs(), second);
        }
        tokio::time::advance(Duration::from_secs(10)).await;
        let idle = Instant::now();
        limiter.acquire().await.unwrap();
        limiter.acquire().await.unwrap();
        assert_eq!(idle.elapsed().as_secs(), 1, "unused slots are not saved up");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_is_too_long_is_refused_with_its_time() {
        let limiter = RateLimiter::new(Duration::from_secs(1));
        limiter.pause_for(Duration::from_secs(60));
        let left = limiter.acquire().await.unwrap_err();
        assert!(left > Duration::from_secs(59) && left <= Duration::from_secs(61));
        tokio::time::advance(Duration::from_secs(40)).await;
        let start = Instant::now();
        limiter.acquire().await.unwrap();
        assert!((19..=20).contains(&start.elapsed().as_secs()));
    }
}
