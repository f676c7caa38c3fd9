//! Makes the archive of everything that is held on one person. It is written as a stream: whatever its
//! size, a few pages are in memory. A try after a crash begins anew; nobody sees half an archive.

mod archive;
mod contents;
mod pings;

use super::{Handler, JobContext, Outcome, Schedule, author::Author};
use archive::Archive;
use nearhand_domain::{
    StaffId,
    access::{Action, ActorKind, decide},
    clock,
    jobs::DataExportJob,
};
use nearhand_photos::Objects;
use nearhand_storage::{
    StorageError,
    exports::{self, ExportRecord},
    jobs::{self, Ending},
    staff,
};
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;

/// Bytes that are gathered before they become a part.
const PART_BYTES: usize = 512 * 1024;

/// Makes the archives of all organisations.
#[derive(Clone, Debug)]
pub struct DataExportJobs {
    objects: Option<Objects>,
}

/// Why a try ended without an archive.
enum Stop {
    Failed(StorageError),
    /// It cannot be put into an archive, or the photo cannot be read.
    Retry(String),
    /// Somebody cancelled it.
    Cancelled,
    /// The process ends.
    Interrupted,
}

impl From<StorageError> for Stop {
    fn from(error: StorageError) -> Self {
        Self::Failed(error)
    }
}

/// An archive on its way into the database.
struct Writer<'a> {
    context: &'a JobContext,
    job: DataExportJob,
    export: ExportRecord,
    person: StaffId,
    archive: Archive,
    run: Uuid,
    parts: i32,
    bytes: i64,
    files: i32,
}

impl DataExportJobs {
    /// Photos are in this store, if there is one.
    #[must_use]
    pub fn new(objects: Option<Objects>) -> Self {
        Self { objects }
    }
}

impl Handler for DataExportJobs {
    type Payload = DataExportJob;
    const CONCURRENCY: usize = 1;
    const TIMEOUT: Duration = Duration::from_hours(2);
    const SCHEDULE: Schedule =
        Schedule { first: Duration::from_secs(1), longest: Duration::from_mins(5), attempts: 20 };

    async fn handle(
        &self,
        job: DataExportJob,
        context: &JobContext,
    ) -> Result<Outcome, StorageError> {
        let mut tx = context.begin().await?;
        let started = jobs::start(&mut tx, job.job, clock::now()).await?;
        let export = exports::of_job(&mut tx, job.job).await?;
        let allowed = match &export {
            Some(export) => is_allowed(&mut tx, export).await?,
            None => false,
        };
        tx.commit().await?;
        if started.is_none() {
            return Ok(Outcome::Done);
        }
        let Some((export, person)) = export.and_then(|e| e.about.map(|about| (e, about))) else {
            let why = "it has gone; ask for it again, if the person is still there";
            return end(&job, context, Ending::Failed(why.to_owned())).await;
        };
        if !allowed {
            let why = "whoever asked for it may no longer see all that is held on this person";
            return end(&job, context, Ending::Failed(why.to_owned())).await;
        }
        let mut writer = Writer::new(context, job, export, person);
        match Box::pin(contents::write(&mut writer, self.objects.as_ref())).await {
            Ok(()) => Box::pin(writer.finish()).await,
            Err(Stop::Failed(StorageError::Constraint(name)))
                if name.starts_with("export_parts") =>
            {
                let why = "it was removed meanwhile; ask for it again";
                end(&job, context, Ending::Failed(why.to_owned())).await
            }
            Err(Stop::Failed(error)) => Err(error),
            Err(Stop::Retry(reason)) => Ok(Outcome::retry(reason)),
            Err(Stop::Interrupted) => Ok(Outcome::retry("the process ends")),
            Err(Stop::Cancelled) => {
                end(&job, context, Ending::Cancelled(json!({ "files": writer.files }))).await
            }
        }
    }

    async fn give_up(
        &self,
        job: &DataExportJob,
        _: &str,
        context: &JobContext,
    ) -> Result<(), StorageError> {
        let why = "the archive could not be made; ask for it again";
        end(job, context, Ending::Failed(why.to_owned())).await.map(drop)
    }
}

async fn end(
    job: &DataExportJob,
    context: &JobContext,
    ending: Ending,
) -> Result<Outcome, StorageError> {
    let mut tx = context.begin().await?;
    jobs::finish(&mut tx, job.job, clock::now(), &ending).await?;
    tx.commit().await?;
    Ok(Outcome::Done)
}

/// Whether the author may still see all that is held on the person.
async fn is_allowed(
    tx: &mut nearhand_storage::Tx,
    export: &ExportRecord,
) -> Result<bool, StorageError> {
    let Some(person) = export.about else { return Ok(false) };
    let Some(author) = Author::find(tx, export.created_by.0).await? else { return Ok(false) };
    if author.kind == ActorKind::Staff && author.id == person {
        return Ok(true);
    }
    let Some(record) = staff::get_any(tx, person).await? else { return Ok(false) };
    let reaches = decide(&author.actor(), Action::ExportPerson, &record.object()).is_ok();
    let details = [Action::ReadPersonalDetails, Action::SeeExactPositions, Action::ReadAudit];
    Ok(reaches && details.into_iter().all(|action| author.may(action)))
}

impl<'a> Writer<'a> {
    fn new(
        context: &'a JobContext,
        job: DataExportJob,
        export: ExportRecord,
        person: StaffId,
    ) -> Self {
        let (archive, run) = (Archive::new(), Uuid::now_v7());
        Self { context, job, export, person, archive, run, parts: 0, bytes: 0, files: 0 }
    }

    /// Begins the next file, and looks whether this is to stop.
    async fn begin(&mut self, name: &str) -> Result<(), Stop> {
        self.archive.begin(name).map_err(|error| Stop::Retry(error.to_string()))?;
        self.files += 1;
        let mut tx = self.context.begin().await?;
        let stop = jobs::progress(&mut tx, self.job.job, self.files, None).await?;
        tx.commit().await?;
        if stop {
            return Err(Stop::Cancelled);
        }
        if self.context.is_stopping() { Err(Stop::Interrupted) } else { Ok(()) }
    }

    /// Adds to the present file; what has been gathered goes to the database.
    async fn add(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        self.archive.add(bytes).map_err(|error| Stop::Retry(error.to_string()))?;
        if self.archive.waiting() >= PART_BYTES {
            let part = self.archive.take();
            self.keep(part).await?;
        }
        Ok(())
    }

    async fn keep(&mut self, part: Vec<u8>) -> Result<(), StorageError> {
        let mut tx = self.context.begin().await?;
        let organization = self.context.organization();
        let (id, run) = (self.export.id, self.run);
        exports::keep_part(&mut tx, organization, id, run, self.parts, &part).await?;
        tx.commit().await?;
        self.parts += 1;
        self.bytes += i64::try_from(part.len()).unwrap_or(i64::MAX);
        Ok(())
    }

    async fn finish(mut self) -> Result<Outcome, StorageError> {
        let last = match std::mem::take(&mut self.archive).finish() {
            Ok(last) => last,
            Err(error) => return Ok(Outcome::retry(error.to_string())),
        };
        self.keep(last).await?;
        let mut tx = self.context.begin().await?;
        let ending = if exports::finish_parts(&mut tx, self.export.id, self.run, self.bytes).await?
        {
            Ending::Succeeded(json!({ "export_id": self.export.id, "files": self.files,
                "bytes": self.bytes, "expires_at": self.export.expires_at }))
        } else {
            Ending::Failed("it was removed meanwhile; ask for it again".to_owned())
        };
        jobs::finish(&mut tx, self.job.job, clock::now(), &ending).await?;
        tx.commit().await?;
        Ok(Outcome::Done)
    }
}
