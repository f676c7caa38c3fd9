//! Makes the files of exports under the rights that their author has at that time. Making one again
//! after a crash replaces nothing that anybody has seen.

mod trail;

use super::{Handler, JobContext, Outcome, Schedule, author::Author};
use nearhand_domain::{
    access::{Action, decide_list},
    clock,
    imports::{ExportFormat, ExportKind},
    jobs::ExportJob,
};
use nearhand_roster::{NameLookup, View, cells, header};
use nearhand_sheets::{write_csv, write_xlsx};
use nearhand_storage::{
    StorageError,
    exports::{self, Coverage, ExportRecord},
    jobs::{self, Ending},
    membership_names,
    staff::{self, Deleted, StaffFilter, StaffOrder},
};
use serde_json::json;
use std::time::Duration;

/// People read in one transaction.
const PAGE: i64 = 1_000;

/// Makes the files of all organisations.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExportJobs;

/// What came of making a file.
enum Made {
    /// The file, how many rows it has, and what it holds.
    File(Vec<u8>, usize, Coverage),
    /// It was stopped after so many rows.
    Cancelled(usize),
    /// Why there is none, in words for its author.
    Refused(&'static str),
    /// The process ends.
    Interrupted,
}

impl Handler for ExportJobs {
    type Payload = ExportJob;
    const CONCURRENCY: usize = 1;
    const TIMEOUT: Duration = Duration::from_hours(1);
    const SCHEDULE: Schedule =
        Schedule { first: Duration::from_secs(1), longest: Duration::from_mins(1), attempts: 20 };

    async fn handle(&self, job: ExportJob, context: &JobContext) -> Result<Outcome, StorageError> {
        let mut tx = context.begin().await?;
        let started = jobs::start(&mut tx, job.job, clock::now()).await?;
        let export = exports::of_job(&mut tx, job.job).await?;
        tx.commit().await?;
        if started.is_none() {
            return Ok(Outcome::Done);
        }
        let made = match &export {
            None => Made::Refused("it has expired; ask for it again"),
            Some(export) => match export.kind {
                ExportKind::Staff => of_staff(job, export, context).await?,
                ExportKind::Audit => trail::of_audit(job, export, context).await?,
                // It has a queue of its own.
                ExportKind::Person => Made::Refused("ask for it again"),
            },
        };
        let mut tx = context.begin().await?;
        let ending = match (made, export) {
            (Made::File(content, rows, coverage), Some(export)) => {
                if exports::keep(&mut tx, export.id, &content, &coverage).await? {
                    Ending::Succeeded(json!({ "export_id": export.id, "rows": rows,
                        "bytes": content.len(), "expires_at": export.expires_at }))
                } else {
                    Ending::Failed("it was removed meanwhile; ask for it again".to_owned())
                }
            }
            (Made::Cancelled(rows), _) => Ending::Cancelled(json!({ "rows": rows })),
            (Made::Refused(why), _) => Ending::Failed(why.to_owned()),
            (Made::File(..), None) => Ending::Failed("it has expired".to_owned()),
            (Made::Interrupted, _) => return Ok(Outcome::retry("the process ends")),
        };
        jobs::finish(&mut tx, job.job, clock::now(), &ending).await?;
        tx.commit().await?;
        Ok(Outcome::Done)
    }

    async fn give_up(
        &self,
        job: &ExportJob,
        _: &str,
        context: &JobContext,
    ) -> Result<(), StorageError> {
        let mut tx = context.begin().await?;
        let ending = Ending::Failed("the file could not be made; ask for it again".to_owned());
        jobs::finish(&mut tx, job.job, clock::now(), &ending).await?;
        tx.commit().await
    }
}

/// A file of people: whom the author may see now, and personal values if they may see those.
async fn of_staff(
    job: ExportJob,
    export: &ExportRecord,
    context: &JobContext,
) -> Result<Made, StorageError> {
    let filter: Option<StaffFilter> =
        export.request.get("filter").and_then(|f| serde_json::from_value(f.clone()).ok());
    let mut tx = context.begin().await?;
    let author = Author::find(&mut tx, export.created_by.0).await?;
    let names = NameLookup::new(&membership_names::read(&mut tx).await?);
    tx.commit().await?;
    let allowed = author.zip(filter).and_then(|(author, filter)| allowed(author, filter));
    let Some((author, filter)) = allowed else {
        return Ok(Made::Refused("whoever asked for it may no longer export these people"));
    };
    let actor = author.actor();
    let Ok(scope) = decide_list(&actor, Action::ExportStaff) else {
        return Ok(Made::Refused("whoever asked for it may no longer export people"));
    };
    let departments = author.is_narrow().then(|| author.departments());
    let view = View { personal: filter.by_email, departments };
    let (mut rows, mut after) = (Vec::new(), None);
    loop {
        let mut tx = context.begin().await?;
        let total = match after {
            None => i32::try_from(staff::count(&mut tx, &filter, scope).await?).ok(),
            Some(_) => None,
        };
        let page = staff::list(&mut tx, &filter, scope, after, PAGE).await?;
        rows.extend(page.iter().map(|record| cells(record, &names, view)));
        let done = i32::try_from(rows.len()).unwrap_or(i32::MAX);
        let stop = jobs::progress(&mut tx, job.job, done, total).await?;
        tx.commit().await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        if stop {
            return Ok(Made::Cancelled(rows.len()));
        }
        if context.is_stopping() {
            return Ok(Made::Interrupted);
        }
    }
    let coverage = coverage(&author, view.personal);
    let header = header(view.personal).into_iter().map(|(_, name)| name).collect();
    file(Table { header, rows, name: "Staff" }, coverage, export.format).await
}

/// What a file holds that is made under the author's rights of now.
fn coverage(author: &Author, personal: bool) -> Coverage {
    let departments = author.is_narrow().then(|| author.departments().to_vec());
    Coverage { departments, personal }
}

/// Whether the author may still export, and what of it: `by_email` says whether they see personal
/// values.
fn allowed(author: Author, filter: StaffFilter) -> Option<(Author, StaffFilter)> {
    let sees = filter.deleted == Deleted::Without || author.may(Action::ListDeletedStaff);
    let by_email = author.may(Action::ReadPersonalDetails);
    let fits = sees && author.may(Action::ExportStaff);
    // In an order that nothing changes while the file is made.
    fits.then_some((author, StaffFilter { by_email, order: StaffOrder::Created, ..filter }))
}

/// What becomes a file.
struct Table {
    header: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    /// Of the sheet.
    name: &'static str,
}

/// Writes the file off the async threads.
async fn file(
    table: Table,
    coverage: Coverage,
    format: ExportFormat,
) -> Result<Made, StorageError> {
    let Table { header, rows, name } = table;
    let count = rows.len();
    let made = tokio::task::spawn_blocking(move || match format {
        ExportFormat::Csv => write_csv(&header, rows),
        ExportFormat::Xlsx | ExportFormat::Zip => write_xlsx(&header, rows, name, &[]),
    });
    let made = made.await.map_err(|error| error.to_string());
    match made.and_then(|made| made.map_err(|error| error.to_string())) {
        Ok(content) => Ok(Made::File(content, count, coverage)),
        Err(error) => {
            tracing::error!(%error, "the file of an export cannot be written");
            Ok(Made::Refused(
                "such a file does not hold all of it; narrow the filter, or ask for `csv`",
            ))
        }
    }
}
