//! `POST /v1/invitations/batch`: invites many people at once, each judged alone.
//!
//! A person is judged whole before anything of theirs is written, so that a refusal leaves nothing
//! to be taken back.

use super::invite;
use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Posted},
    http::{
        body::{Field, Form, Unknown, any, forms, read_list},
        problem::{ApiResult, Problem},
        reply::Reply,
    },
    routes::people::reach,
    state::ApiState,
};
use axum::extract::State;
use nearhand_domain::{
    InvitationId, StaffId,
    access::{Action, Object},
    field::{FieldErrors, Reported},
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Most people of one request.
const MAX_PEOPLE: usize = 500;

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = InvitationBatchInput,
    example = json!({ "ids": ["01900000-0000-7000-8000-000000000000"] }))]
pub(crate) struct BatchForm {
    /// At most 500 people, each once.
    #[serde(default)]
    #[schema(value_type = Vec<uuid::Uuid>, required, min_items = 1, max_items = 500)]
    ids: Field<Vec<Uuid>>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(BatchForm);

/// What came of each.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct InvitationBatch {
    /// In the order of the request.
    results: Vec<InvitationResult>,
}

/// What came of one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct InvitationResult {
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    /// 201, or what `POST /v1/staff/{id}/invitation` would have answered.
    status: u16,
    /// The invitation; null where there is none.
    #[schema(value_type = Option<uuid::Uuid>)]
    invitation_id: Option<InvitationId>,
    /// Why there is none.
    code: Option<&'static str>,
    /// Why, and how to mend it.
    detail: Option<String>,
}

/// Invites up to 500 people.
///
/// Each is judged alone: the answer is 207 with one result for each, in the order of the request.
#[utoipa::path(post, path = "/v1/invitations/batch", operation_id = "invite_many",
    tag = "invitations",
    responses((status = 207, description = "One result each", body = InvitationBatch)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<BatchForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageStaff, Object::Organization)?;
    caller.require_person()?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let ids = form.check(BatchForm::read)?;
    // People are locked by id: that is the order of all locks.
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    let mut results = HashMap::with_capacity(ids.len());
    for id in sorted {
        results.insert(id, invite_one(&mut change, &caller, id).await?);
    }
    let results = ids.iter().filter_map(|id| results.remove(id)).collect();
    let reply = Reply::multi_status(&InvitationBatch { results })?;
    change.commit(Outcome { event: None, forget: Forget::Nothing, reply }).await
}

impl BatchForm {
    fn read(self, e: &mut FieldErrors) -> Result<Vec<StaffId>, Reported> {
        let ids = self.ids.required("/ids", e, |ids| {
            if ids.is_empty() { Err("name at least one person") } else { Ok(ids) }
        })?;
        let read =
            |id: Uuid, _: &str, _: &mut FieldErrors| any(StaffId(id)).map_err(|n| match n {});
        Ok(read_list(ids, "/ids", MAX_PEOPLE, e, read, |id| *id))
    }
}

/// Refusals are results; that the database fails is not.
async fn invite_one(
    change: &mut Change,
    caller: &Caller,
    id: StaffId,
) -> ApiResult<InvitationResult> {
    let invited = async {
        let person = reach::lock(change.tx(), caller, Action::ManageStaff, id).await?;
        invite(change, caller, &person).await
    };
    match invited.await {
        Ok((invitation, event)) => {
            change.record(&event).await?;
            let (status, invitation_id) = (201, Some(invitation));
            Ok(InvitationResult { staff_id: id, status, invitation_id, code: None, detail: None })
        }
        Err(problem) if problem.is_refusal() => Ok(refused(id, &problem)),
        Err(problem) => Err(problem),
    }
}

fn refused(staff_id: StaffId, problem: &Problem) -> InvitationResult {
    let (status, code, detail) = problem.summary();
    InvitationResult {
        staff_id,
        status,
        invitation_id: None,
        code: Some(code),
        detail: Some(detail.to_owned()),
    }
}
