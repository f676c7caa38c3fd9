//! `/v1/staff/delete-requests`: deleting several people, by typing the number that is shown.

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Outcomes, Posted},
    http::{
        body::{Field, Form, Unknown, any, forms, read_list},
        codes::Code,
        problem::{ApiResult, Problem},
        query::PathId,
        reply::Reply,
    },
    routes::people::staff::change::can_admin,
    state::ApiState,
};
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use nearhand_domain::{
    DeleteRequestId, StaffId,
    access::{Action, Object},
    audit, clock,
    field::{FieldErrors, Reported},
    token::random_bytes,
};
use nearhand_storage::{
    audit::AuditEvent,
    delete_requests::{self, DeleteRequest},
    staff::{self, StaffRecord},
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Most people of one request.
const MAX_PEOPLE: usize = 500;
/// How long a request can be confirmed.
const VALID_FOR: SignedDuration = SignedDuration::from_mins(5);
/// How many numbers may be typed.
const MAX_ATTEMPTS: i16 = 3;

/// People to be deleted.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = DeleteRequestInput,
    example = json!({ "ids": ["01980a5e-7c3b-7f43-8d8a-2b7a4c1f9e01"] }))]
pub(crate) struct DeleteRequestForm {
    /// 1 to 500.
    #[serde(default)]
    #[schema(value_type = Vec<uuid::Uuid>, required, min_items = 1, max_items = 500)]
    ids: Field<Vec<Uuid>>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// A confirmation.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = DeleteConfirmationInput)]
pub(crate) struct ConfirmForm {
    /// The number that was shown.
    #[serde(default)]
    #[schema(value_type = i32, example = 4711, required, minimum = 1000, maximum = 9999)]
    number: Field<i32>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// A request that waits for its confirmation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeleteRequest)]
pub(crate) struct Requested {
    #[schema(value_type = uuid::Uuid)]
    id: DeleteRequestId,
    /// Have the person who confirms type it.
    number: i32,
    /// Whom it would delete.
    affected: Vec<Affected>,
    /// Who stays, and why.
    left_out: Vec<LeftOut>,
    /// Until when it can be confirmed.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// A person who would be deleted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Affected {
    #[schema(value_type = uuid::Uuid)]
    id: StaffId,
    display_name: String,
}

/// A person who stays.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LeftOut {
    #[schema(value_type = uuid::Uuid)]
    id: StaffId,
    /// As deleting that one person would be refused: `own_account`, `last_account_admin`,
    /// `not_found`, `beyond_own_rights`, `outside_scope` or `forbidden`.
    code: &'static str,
}

/// What came of a request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Confirmed {
    /// How many people were deleted.
    deleted: usize,
    /// One for each who would have been.
    results: Vec<DeleteResult>,
}

/// What came of deleting a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeleteResult {
    #[schema(value_type = uuid::Uuid)]
    id: StaffId,
    deleted: bool,
    /// Why they were not deleted; null if they were.
    code: Option<&'static str>,
}

forms!(DeleteRequestForm, ConfirmForm);

/// Asks to delete several people. Nothing happens until the number shown is typed.
///
/// Counts for its author and these people alone, for five minutes and three tries.
#[utoipa::path(post, path = "/v1/staff/delete-requests", operation_id = "request_staff_deletion",
    tag = "staff", responses((status = 201, description = "To be confirmed", body = Requested)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<DeleteRequestForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageStaff, Object::Organization)?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let ids = form.check(DeleteRequestForm::read)?;
    let Sorted { affected, left_out } = sort_out(&mut change, &caller, &ids).await?;
    let created_at = clock::now();
    let request = DeleteRequest {
        id: DeleteRequestId::generate(),
        actor: caller.staff,
        number: draw_number(),
        people: affected.iter().map(|person| person.id).collect(),
        created_at,
        expires_at: created_at + VALID_FOR,
        attempts: 0,
        confirmed_at: None,
    };
    delete_requests::insert(change.tx(), caller.organization, &request).await?;
    let details = serde_json::json!({ "people": request.people, "left_out": left_out.len() });
    let event = AuditEvent::of(audit::DELETE_REQUEST_CREATE, request.id).details(details);
    let named = |person: StaffRecord| Affected { id: person.id, display_name: person.display_name };
    let body = Requested {
        id: request.id,
        number: request.number,
        affected: affected.into_iter().map(named).collect(),
        left_out,
        expires_at: request.expires_at,
    };
    let mut reply = Reply::made(&body)?;
    if let Some(first) = request.people.first() {
        // Names of many are kept for a repeat: under the key of one of them, since whoever asked
        // may be a service account, which has none.
        reply = reply.about(*first);
    }
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Deletes the people of a request. All rights are checked again, and each person has a result.
#[utoipa::path(post, path = "/v1/staff/delete-requests/{id}/confirm",
    operation_id = "confirm_staff_deletion", tag = "staff",
    responses((status = 200, description = "What came of it", body = Confirmed)))]
pub(crate) async fn confirm(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<DeleteRequestId>,
    posted: Posted<ConfirmForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageStaff, Object::Organization)?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let number = form.check(|form, e| form.number.required("/number", e, any))?;
    let request = delete_requests::lock(change.tx(), id, caller.staff).await?;
    let request = request.ok_or_else(Problem::not_found)?;
    let now = clock::now();
    require_open(&request, now)?;
    if number != request.number {
        delete_requests::count_attempt(change.tx(), id).await?;
        change.commit_refused().await?;
        return Err(mismatch(&request).into());
    }
    delete_requests::confirm(change.tx(), id, now).await?;
    let Sorted { affected, left_out } = sort_out(&mut change, &caller, &request.people).await?;
    let gone: Vec<StaffId> = affected.iter().map(|person| person.id).collect();
    let (organization, by) = (caller.organization, caller.staff);
    let released = staff::remove(change.tx(), organization, &gone, by, now).await?;
    let details = serde_json::json!({ "deleted": gone.len(), "left_out": left_out.len() });
    let mut events = vec![AuditEvent::of(audit::DELETE_REQUEST_CONFIRM, id).details(details)];
    events.extend(released.iter().map(|(person, held)| {
        let details = serde_json::json!({ "delete_request_id": id, "released_assignments": held });
        AuditEvent::of(audit::STAFF_DELETE, *person).details(details)
    }));
    let forget = gone.into_iter().map(Forget::Person).collect();
    let reply = Reply::ok(&Confirmed::of(&request.people, &left_out))?;
    change.commit(Outcomes { events, forget, reply }).await
}

impl DeleteRequestForm {
    fn read(self, e: &mut FieldErrors) -> Result<Vec<StaffId>, Reported> {
        let ids = self.ids.required("/ids", e, |ids| {
            if ids.is_empty() { Err("must name at least one person") } else { Ok(ids) }
        })?;
        let read = |id: Uuid, _: &str, _: &mut FieldErrors| Ok(StaffId(id));
        Ok(read_list(ids, "/ids", MAX_PEOPLE, e, read, |id| *id))
    }
}

impl Confirmed {
    fn of(people: &[StaffId], left_out: &[LeftOut]) -> Self {
        let why: HashMap<StaffId, &'static str> =
            left_out.iter().map(|person| (person.id, person.code)).collect();
        let result = |id: &StaffId| {
            let code = why.get(id).copied();
            DeleteResult { id: *id, deleted: code.is_none(), code }
        };
        let results: Vec<DeleteResult> = people.iter().map(result).collect();
        Self { deleted: people.len() - left_out.len(), results }
    }
}

/// People by whether the caller may delete them.
struct Sorted {
    affected: Vec<StaffRecord>,
    left_out: Vec<LeftOut>,
}

/// Locks these people and sorts them by whether the caller may delete them, in the given order.
async fn sort_out(change: &mut Change, caller: &Caller, ids: &[StaffId]) -> ApiResult<Sorted> {
    let others: Vec<StaffId> = ids.iter().copied().filter(|id| *id != caller.staff).collect();
    let found = staff::lock_all(change.tx(), &others).await?;
    let mut found: HashMap<StaffId, StaffRecord> =
        found.into_iter().map(|person| (person.id, person)).collect();
    let mut sorted = Sorted { affected: Vec::new(), left_out: Vec::new() };
    let mut admins = Vec::new();
    for id in ids {
        match may_go(change, caller, *id, found.remove(id), &mut admins).await? {
            Ok(person) => sorted.affected.push(person),
            Err(code) => sorted.left_out.push(LeftOut { id: *id, code: code.as_str() }),
        }
    }
    Ok(sorted)
}

/// The person, unless the caller may not delete them. `admins` are the account admins who go
/// already.
async fn may_go(
    change: &mut Change,
    caller: &Caller,
    id: StaffId,
    person: Option<StaffRecord>,
    admins: &mut Vec<StaffId>,
) -> ApiResult<Result<StaffRecord, Code>> {
    if id == caller.staff {
        return Ok(Err(Code::OwnAccount));
    }
    let Some(person) = person else { return Ok(Err(Code::NotFound)) };
    if let Err(problem) = caller.require(Action::ManageStaff, person.object()) {
        return Ok(Err(problem.code()));
    }
    if can_admin(&person) {
        admins.push(id);
        if !staff::account_admin_besides(change.tx(), caller.organization, admins).await? {
            admins.pop();
            return Ok(Err(Code::LastAccountAdmin));
        }
    }
    Ok(Ok(person))
}

fn require_open(request: &DeleteRequest, now: Timestamp) -> ApiResult<()> {
    let detail = if request.confirmed_at.is_some() {
        "it was confirmed before"
    } else if request.attempts >= MAX_ATTEMPTS {
        "three wrong numbers were typed; make a new request"
    } else if request.expires_at <= now {
        "it is older than five minutes; make a new request"
    } else {
        return Ok(());
    };
    Err(Problem::new(Code::ConfirmationExpired, detail))
}

fn mismatch(request: &DeleteRequest) -> Problem {
    let detail = match MAX_ATTEMPTS - request.attempts - 1 {
        0 => "make a new request; there is no try left".to_owned(),
        1 => "type the number that was shown; there is 1 try left".to_owned(),
        left => format!("type the number that was shown; there are {left} tries left"),
    };
    Problem::new(Code::ConfirmationMismatch, detail)
}

/// Four digits.
fn draw_number() -> i32 {
    let drawn = u16::from_le_bytes(random_bytes());
    1_000 + i32::from(drawn % 9_000)
}
