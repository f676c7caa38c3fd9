//! `/v1/jobs/{id}`: work in the background, to be watched and cancelled. Starts none.

use crate::{
    access::caller::Caller,
    change::{ChangeResult, Empty, Forget, Outcome, Posted},
    http::{
        problem::{ApiResult, Problem},
        query::PathId,
        reply::{Reply, versioned},
    },
    state::ApiState,
};
use axum::{extract::State, response::Response};
use jiff::Timestamp;
use nearhand_domain::{
    JobId, StaffId,
    access::{Action, Object, PeopleScope},
    audit, clock,
};
use nearhand_storage::{
    audit::AuditEvent,
    jobs::{self, JobRecord},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// Work in the background.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Job {
    #[schema(value_type = Uuid)]
    id: JobId,
    /// Raised by every step; also the ETag.
    version: i64,
    /// `import`, `export` or `erase`.
    kind: &'static str,
    /// `queued`, `running`, `succeeded`, `failed` or `cancelled`.
    state: &'static str,
    /// Steps done.
    done: i32,
    /// Steps in all, once known.
    total: Option<i32>,
    /// The person or service account that asked for it.
    requested_by: Uuid,
    #[schema(value_type = String, format = DateTime)]
    requested_at: Timestamp,
    /// When it was begun.
    #[schema(value_type = Option<String>, format = DateTime)]
    started_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// When somebody asked to stop it: it stops after its present step.
    #[schema(value_type = Option<String>, format = DateTime)]
    cancel_requested_at: Option<Timestamp>,
    /// What came of it; what was done before it was cancelled.
    #[schema(value_type = Option<Object>)]
    result: Option<Value>,
    /// Why it failed.
    error: Option<String>,
}

impl From<JobRecord> for Job {
    fn from(record: JobRecord) -> Self {
        Self {
            id: record.id,
            version: record.version,
            kind: record.kind.as_str(),
            state: record.state.as_str(),
            done: record.done,
            total: record.total,
            requested_by: record.requested_by,
            requested_at: record.requested_at,
            started_at: record.started_at,
            finished_at: record.finished_at,
            cancel_requested_at: record.cancel_requested_at,
            result: record.result,
            error: record.error,
        }
    }
}

/// How far work in the background has come.
///
/// Seen by whoever asked for it, and by those who import people and whose view scope reaches
/// everybody. Ended work is kept for
/// 30 days.
#[utoipa::path(get, path = "/v1/jobs/{id}", operation_id = "get_job", tag = "jobs",
    responses((status = 200, description = "The job", body = Job)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<JobId>,
) -> ApiResult<Response> {
    let mut tx = caller.read(&state).await?;
    let record = jobs::get(&mut tx, id).await?;
    let record = record.filter(|job| sees(&caller, job)).ok_or_else(Problem::not_found)?;
    Ok(versioned(record.version, Job::from(record)))
}

/// Stops work in the background.
///
/// What nobody has begun is cancelled at once; what runs stops after its present step and keeps what
/// it has done. What has ended stays as it is.
#[utoipa::path(post, path = "/v1/jobs/{id}/cancel", operation_id = "cancel_job", tag = "jobs",
    responses((status = 200, description = "The job", body = Job)))]
pub(crate) async fn cancel(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<JobId>,
    posted: Posted<Empty>,
) -> ChangeResult {
    // Everybody may stop what is their own; whose it is turns out once it has been read.
    let allowed = caller.allow(Action::ActForOneself, Object::staff(caller.staff))?;
    let mut change = posted.begin_empty(&state, &caller, allowed).await?;
    let before = jobs::lock(change.tx(), id).await?;
    let before = before.filter(|job| sees(&caller, job)).ok_or_else(Problem::not_found)?;
    let record = jobs::request_cancel(change.tx(), id, clock::now()).await?;
    let record = record.ok_or_else(Problem::not_found)?;
    let is_new = before.cancel_requested_at.is_none() && !before.state.is_final();
    let details = serde_json::json!({ "kind": record.kind.as_str() });
    let event = is_new.then(|| AuditEvent::of(audit::JOB_CANCEL, id).details(details));
    let version = record.version;
    // A result may name people.
    let reply = Reply::ok(&Job::from(record))?.etag(version).about(caller.staff);
    change.commit(Outcome { event, forget: Forget::Nothing, reply }).await
}

/// Whoever asked for it, and those who import people without a limited scope: others' work may be
/// about people beyond it.
fn sees(caller: &Caller, job: &JobRecord) -> bool {
    caller.may(Action::ActForOneself, Object::staff(StaffId(job.requested_by)))
        || matches!(caller.people_scope(Action::ImportStaff), Ok(PeopleScope::Everybody))
}
