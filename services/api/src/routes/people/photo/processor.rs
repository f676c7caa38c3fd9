//! Re-encodes photos off the async threads. Must not run many at a time: each takes a core for seconds
//! and up to half a gigabyte.

use crate::http::{
    codes::Code,
    problem::{ApiResult, Problem},
};
use axum::body::Bytes;
use nearhand_photos::{PhotoError, ReencodedImage, reencode};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The most photos that are re-encoded at a time.
const RUNNING: usize = 2;
/// The most photos that wait. Further uploads get 503 with `Retry-After`.
const WAITING: usize = 16;
const RETRY_AFTER_S: u32 = 5;

/// Limits and runs the re-encoding of photos.
pub(crate) struct PhotoProcessor {
    running: Arc<Semaphore>,
    /// Photos that are re-encoded, and photos that wait.
    admitted: Arc<Semaphore>,
}

impl Default for PhotoProcessor {
    fn default() -> Self {
        Self {
            running: Arc::new(Semaphore::new(RUNNING)),
            admitted: Arc::new(Semaphore::new(RUNNING + WAITING)),
        }
    }
}

impl PhotoProcessor {
    /// Re-encodes an upload.
    pub(crate) async fn reencode(&self, bytes: Bytes) -> ApiResult<ReencodedImage> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().map_err(|_| busy())?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| busy())?;
        let made = tokio::task::spawn_blocking(move || {
            // Held until the work ends, also after the request has been dropped.
            let _permits = (admitted, running);
            reencode(&bytes)
        });
        match made.await {
            Ok(made) => made.map_err(|error| refused(&error)),
            Err(error) => {
                tracing::error!(%error, "a photo could not be made anew");
                Err(Problem::internal())
            }
        }
    }
}

/// The problem for an upload that cannot become a photo.
pub(super) fn refused(error: &PhotoError) -> Problem {
    let code = match error {
        PhotoError::Unsupported { .. } => Code::UnsupportedImage,
        PhotoError::TooLarge { .. } => Code::TooLarge,
        PhotoError::TooManyPixels { .. } => Code::TooManyPixels,
        PhotoError::Broken { .. } => Code::BrokenImage,
    };
    Problem::new(code, error.to_string())
}

fn busy() -> Problem {
    let detail = "too many photos are being worked on; try again in a moment";
    Problem::new(Code::Unavailable, detail).retry_after(RETRY_AFTER_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_number_of_waiting_photos_is_limited() {
        let processor = PhotoProcessor::default();
        let all = u32::try_from(RUNNING + WAITING).unwrap();
        let others = Arc::clone(&processor.admitted).acquire_many_owned(all).await.unwrap();
        let refused = processor.reencode(Bytes::new()).await.unwrap_err();
        assert_eq!(refused.code(), Code::Unavailable);
        drop(others);
        let refused = processor.reencode(Bytes::new()).await.unwrap_err();
        assert_eq!(refused.code(), Code::BrokenImage);
    }
}
