//! Writes the rows of a committed import, a batch a transaction, together with what became of each
//! row: a worker that is killed goes on where it stopped, and nothing is done twice.

mod apply;
mod people;

use super::{Handler, JobContext, Outcome, Schedule, author::Author};
use nearhand_domain::{
    access::{Action, ActorKind},
    audit, clock,
    imports::ImportState,
    jobs::{ImportJob, JobState},
    mails::MailKind,
};
use nearhand_storage::{
    StorageError, Tx,
    audit::{self as trail, AuditContext, AuditEvent},
    imports::{self, ImportRecord},
    jobs::{self, Ending},
    mails::{self, NewMail},
};
use serde_json::json;
use std::time::Duration;

/// Rows written in one transaction.
const BATCH: i64 = 200;

/// Writes the imports of all organisations.
#[derive(Clone, Copy, Debug, Default)]
pub struct ImportJobs;

/// How far a batch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    More,
    Ended,
}

impl Handler for ImportJobs {
    type Payload = ImportJob;
    const CONCURRENCY: usize = 2;
    const TIMEOUT: Duration = Duration::from_hours(1);
    const SCHEDULE: Schedule =
        Schedule { first: Duration::from_secs(1), longest: Duration::from_mins(1), attempts: 30 };

    async fn handle(&self, job: ImportJob, context: &JobContext) -> Result<Outcome, StorageError> {
        if begin(job, context).await? == Step::Ended {
            return Ok(Outcome::Done);
        }
        loop {
            if context.is_stopping() {
                return Ok(Outcome::retry("the process ends"));
            }
            if batch(job, context).await? == Step::Ended {
                return Ok(Outcome::Done);
            }
        }
    }

    async fn give_up(
        &self,
        job: &ImportJob,
        _: &str,
        context: &JobContext,
    ) -> Result<(), StorageError> {
        let mut tx = context.begin().await?;
        let import = imports::lock_of_job(&mut tx, job.job).await?;
        let Some(import) = import.filter(is_open) else { return Ok(()) };
        let why = "it could not be finished; what was written stays, and the file can be imported \
            again for the rest";
        fail(&mut tx, *job, &import, why).await?;
        tx.commit().await
    }
}

/// Takes the job up, unless it has ended; rows that are not to be written are passed over.
async fn begin(job: ImportJob, context: &JobContext) -> Result<Step, StorageError> {
    let mut tx = context.begin().await?;
    let import = imports::lock_of_job(&mut tx, job.job).await?;
    let Some(import) = import.filter(is_open) else { return Ok(Step::Ended) };
    if jobs::start(&mut tx, job.job, clock::now()).await?.is_none() {
        // It was cancelled before anybody began it, or failed.
        let record = jobs::get(&mut tx, job.job).await?;
        let cancelled = record.is_none_or(|record| record.state == JobState::Cancelled);
        if cancelled {
            cancel(&mut tx, job, &import).await?;
        } else {
            imports::finish(&mut tx, import.id, ImportState::Failed).await?;
        }
        tx.commit().await?;
        return Ok(Step::Ended);
    }
    imports::pass_over(&mut tx, import.id).await?;
    tx.commit().await?;
    Ok(Step::More)
}

/// Writes the next rows under the rights that the author has now.
async fn batch(job: ImportJob, context: &JobContext) -> Result<Step, StorageError> {
    let mut tx = context.begin().await?;
    // Held until the batch ends: a second worker that has the same job waits, and then sees it done.
    let import = imports::lock_of_job(&mut tx, job.job).await?;
    let Some(import) = import.filter(is_open) else { return Ok(Step::Ended) };
    let author = Author::find(&mut tx, import.created_by.0).await?;
    let Some(author) = author.filter(|author| author.may(Action::ImportStaff)) else {
        let why = "whoever committed it may no longer import people; what was written stays";
        fail(&mut tx, job, &import, why).await?;
        tx.commit().await?;
        return Ok(Step::Ended);
    };
    if jobs::is_cancelled(&mut tx, job.job).await? {
        cancel(&mut tx, job, &import).await?;
        tx.commit().await?;
        return Ok(Step::Ended);
    }
    let rows = imports::open_rows(&mut tx, import.id, BATCH).await?;
    if rows.is_empty() {
        succeed(&mut tx, job, &import, &author).await?;
        tx.commit().await?;
        return Ok(Step::Ended);
    }
    let audit = trail_of(job, &author);
    let written = apply::apply(&mut tx, &audit, &author.actor(), rows).await?;
    imports::written(&mut tx, import.id, &written).await?;
    let sum = imports::outcomes(&mut tx, import.id).await?;
    let done = sum.created + sum.updated + sum.skipped + sum.failed;
    let done = i32::try_from(done).unwrap_or(i32::MAX);
    jobs::progress(&mut tx, job.job, done, None).await?;
    tx.commit().await?;
    Ok(Step::More)
}

fn is_open(import: &ImportRecord) -> bool {
    import.state == ImportState::Committing
}

fn trail_of(job: ImportJob, author: &Author) -> AuditContext {
    AuditContext { actor: Some(author.id), actor_kind: author.kind, ..trail_of_nobody(job) }
}

/// Whoever stopped the job is in the trail with that.
fn trail_of_nobody(job: ImportJob) -> AuditContext {
    AuditContext {
        organization: job.organization,
        actor: None,
        actor_kind: ActorKind::Staff,
        request_id: format!("job:{}", job.job),
        remote_addr: None,
    }
}

async fn succeed(
    tx: &mut Tx,
    job: ImportJob,
    import: &ImportRecord,
    author: &Author,
) -> Result<(), StorageError> {
    let (now, organization) = (clock::now(), job.organization);
    let result = imports::finish(tx, import.id, ImportState::Done).await?;
    jobs::progress(tx, job.job, total(import), None).await?;
    jobs::finish(tx, job.job, now, &Ending::Succeeded(json!(result))).await?;
    if author.has_email {
        let kind = MailKind::ImportFinished;
        let mail = NewMail { kind, staff: Some(author.id), subject: Some(import.id.0) };
        mails::queue(tx, organization, mail, now).await?;
    }
    Ok(())
}

async fn cancel(tx: &mut Tx, job: ImportJob, import: &ImportRecord) -> Result<(), StorageError> {
    let result = imports::finish(tx, import.id, ImportState::Cancelled).await?;
    jobs::finish(tx, job.job, clock::now(), &Ending::Cancelled(json!(result))).await?;
    let event =
        AuditEvent::of(audit::IMPORT_CANCEL, import.id).details(json!({ "counts": result }));
    trail::record(tx, &trail_of_nobody(job), &event).await
}

async fn fail(
    tx: &mut Tx,
    job: ImportJob,
    import: &ImportRecord,
    why: &str,
) -> Result<(), StorageError> {
    imports::finish(tx, import.id, ImportState::Failed).await?;
    jobs::finish(tx, job.job, clock::now(), &Ending::Failed(why.to_owned())).await?;
    Ok(())
}

fn total(import: &ImportRecord) -> i32 {
    let counts = import.counts;
    let total = counts.create + counts.update + counts.skip + counts.error;
    i32::try_from(total).unwrap_or(i32::MAX)
}
