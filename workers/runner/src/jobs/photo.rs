//! Brings the files of one photo in line with the person: makes the thumbnails of the photo they
//! have, and deletes the files of one they do not have any more. Logs nothing of what it shows.

use super::{Handler, JobContext, Outcome, Schedule};
use nearhand_domain::{jobs::PhotoJob, photo::PhotoFile};
use nearhand_photos::{Objects, PhotoError, ReencodedImage, StoreError, thumbnail};
use nearhand_storage::{StorageError, photos};
use std::time::Duration;

/// Serves the photos of all organisations.
#[derive(Clone, Debug)]
pub struct PhotoJobs {
    objects: Objects,
}

/// Why thumbnails could not be made.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the photo is not in the object store")]
    Missing,
    #[error("the thumbnail could not be made: {0}")]
    Image(#[from] PhotoError),
    #[error("the thumbnail could not be made: {0}")]
    Task(#[from] tokio::task::JoinError),
}

impl PhotoJobs {
    /// The photos are in this store.
    #[must_use]
    pub fn new(objects: Objects) -> Self {
        Self { objects }
    }
}

impl Handler for PhotoJobs {
    type Payload = PhotoJob;
    /// A thumbnail takes up to half a second of a core, and a few megabytes.
    const CONCURRENCY: usize = 1;
    const TIMEOUT: Duration = Duration::from_mins(2);
    /// More than a day in all.
    const SCHEDULE: Schedule =
        Schedule { first: Duration::from_secs(5), longest: Duration::from_hours(4), attempts: 20 };

    async fn handle(&self, job: PhotoJob, context: &JobContext) -> Result<Outcome, StorageError> {
        let mut tx = context.begin().await?;
        let present = photos::get(&mut tx, job.staff).await?;
        tx.rollback().await?;
        let Some(photo) = present.filter(|present| present.id == job.photo) else {
            return Ok(self.delete(&job).await);
        };
        if photo.thumbnails_ready {
            return Ok(Outcome::Done);
        }
        match self.make_thumbnails(&job).await {
            Ok(()) => {}
            Err(Failure::Store(StoreError::Unavailable { why })) => return Ok(Outcome::retry(why)),
            // It may have been replaced and deleted since it was looked at.
            Err(Failure::Missing) => return Ok(Outcome::retry(Failure::Missing.to_string())),
            Err(failure) => return Ok(Outcome::dead(failure.to_string())),
        }
        let mut tx = context.begin().await?;
        let still = photos::thumbnails_made(&mut tx, job.staff, job.photo).await?;
        tx.commit().await?;
        if still { Ok(Outcome::Done) } else { Ok(self.delete(&job).await) }
    }
}

impl PhotoJobs {
    async fn make_thumbnails(&self, job: &PhotoJob) -> Result<(), Failure> {
        let key = |file: PhotoFile| file.key(job.organization, job.photo);
        let whole = self.objects.get(&key(PhotoFile::Whole)).await?.ok_or(Failure::Missing)?;
        for file in PhotoFile::THUMBNAILS {
            let Some(side) = file.side() else { continue };
            let whole = whole.clone();
            let made = tokio::task::spawn_blocking(move || thumbnail(&whole, side)).await??;
            let ReencodedImage { bytes, content_type, .. } = made;
            self.objects.put(&key(file), bytes, content_type).await?;
        }
        Ok(())
    }

    /// A photo that nobody has never comes back, since each has an id of its own.
    async fn delete(&self, job: &PhotoJob) -> Outcome {
        for file in PhotoFile::ALL {
            match self.objects.delete(&file.key(job.organization, job.photo)).await {
                Ok(()) => {}
                Err(StoreError::Unavailable { why }) => return Outcome::retry(why),
                Err(refused) => return Outcome::dead(refused.to_string()),
            }
        }
        Outcome::Done
    }
}
