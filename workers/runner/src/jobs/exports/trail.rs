//! Makes files of the audit trail, newest first: what the author may read now, and personal values if
//! they may see those.

use super::{Made, Table, coverage, file};
use crate::jobs::{JobContext, author::Author};
use nearhand_domain::{
    access::{Action, decide_list},
    jobs::ExportJob,
};
use nearhand_storage::{
    StorageError,
    audit::trail::{self, Personal, Reader, TrailEntry, TrailFilter},
    exports::ExportRecord,
    jobs,
};
use serde_json::Value;

/// Entries read in one transaction.
const PAGE: i64 = 1_000;
/// Most entries of a file: all of it is in memory while it is made.
const MOST: usize = 200_000;

const HEADER: [&str; 12] = [
    "id",
    "at",
    "actor_id",
    "actor_kind",
    "actor_name",
    "action",
    "subject_kind",
    "subject_id",
    "subject_name",
    "request_id",
    "remote_addr",
    "details",
];

/// A file of what happened.
pub(super) async fn of_audit(
    job: ExportJob,
    export: &ExportRecord,
    context: &JobContext,
) -> Result<Made, StorageError> {
    let filter: Option<TrailFilter> =
        export.request.get("filter").and_then(|f| serde_json::from_value(f.clone()).ok());
    let mut tx = context.begin().await?;
    let author = Author::find(&mut tx, export.created_by.0).await?;
    tx.commit().await?;
    let Some((author, filter)) = author.zip(filter) else {
        return Ok(Made::Refused("whoever asked for it may no longer read the audit trail"));
    };
    let actor = author.actor();
    let Ok(scope) = decide_list(&actor, Action::ReadAudit) else {
        return Ok(Made::Refused("whoever asked for it may no longer read the audit trail"));
    };
    let personal = author.may(Action::ReadPersonalDetails);
    let reader = Reader { scope, personal };
    let (mut rows, mut before) = (Vec::new(), None);
    loop {
        let mut tx = context.begin().await?;
        let page = trail::list(&mut tx, &filter, reader, before, PAGE).await?;
        before = page.last().map(|entry| entry.id);
        rows.extend(page.into_iter().map(|entry| cells(entry, personal)));
        let done = i32::try_from(rows.len()).unwrap_or(i32::MAX);
        let stop = jobs::progress(&mut tx, job.job, done, None).await?;
        tx.commit().await?;
        if before.is_none() {
            break;
        }
        if stop {
            return Ok(Made::Cancelled(rows.len()));
        }
        if rows.len() > MOST {
            return Ok(Made::Refused("there are more than 200,000 entries; narrow the filter"));
        }
        if context.is_stopping() {
            return Ok(Made::Interrupted);
        }
    }
    let mut header = HEADER.to_vec();
    if personal {
        header.extend(["before", "after"]);
    }
    let coverage = coverage(&author, personal);
    file(Table { header, rows, name: "Audit" }, coverage, export.format).await
}

/// An entry as a row. What is null, sealed or erased is empty.
fn cells(entry: TrailEntry, personal: bool) -> Vec<String> {
    let said = |text: Option<String>| text.unwrap_or_default();
    let (actor_id, actor_kind, actor_name) = entry.actor.map_or_else(Default::default, |actor| {
        (actor.id.to_string(), actor.kind.as_str().to_owned(), said(actor.name))
    });
    let (before, after) = match entry.personal {
        Personal::Open(values) => trail::sides(&entry.action, values),
        Personal::None | Personal::Sealed | Personal::Erased => (Value::Null, Value::Null),
    };
    let mut cells = vec![
        entry.id.to_string(),
        entry.at.to_string(),
        actor_id,
        actor_kind,
        actor_name,
        entry.action,
        entry.subject_kind,
        entry.subject.to_string(),
        said(entry.subject_name),
        entry.request_id,
        said(entry.remote_addr),
        json(&entry.details),
    ];
    if personal {
        cells.extend([json(&before), json(&after)]);
    }
    cells
}

fn json(value: &Value) -> String {
    if value.is_null() { String::new() } else { value.to_string() }
}
