//! `/v1/me/offers`: what one is asked, and one's answers. Must not reach anybody else's.

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Empty, Forget, OptionalForm, Outcomes, Posted},
    http::{
        body::Form,
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
        query::PathId,
        reply::Reply,
    },
    routes::work::{
        assignments::Assignment,
        offers::{Answer, AnswerShown, Answered, Answering, DeclineForm, OwnOffer, answer},
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use nearhand_domain::{
    OfferId,
    access::{Action, Object},
};
use nearhand_storage::offers::{self, OfferRecord};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which of the offers to oneself to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OwnOfferQuery {
    /// `true`: only those that wait for one's answer or for being chosen; `false`: only the others.
    open: Option<bool>,
}

/// What one was offered, in order of creation.
#[utoipa::path(get, path = "/v1/me/offers", operation_id = "list_own_offers", tag = "me",
    responses((status = 200, description = "A page", body = Page<OwnOffer>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf<OwnOfferQuery>,
) -> ApiResult<Json<Page<OwnOffer>>> {
    caller.require(Action::ActForOneself, Object::staff(caller.staff))?;
    let (paging, query) = list.open(&state, caller.organization)?;
    let mut tx = caller.read(&state).await?;
    let (staff, open, after, rows) = (caller.staff, query.open, paging.after(), paging.rows());
    let records = offers::list_own(&mut tx, staff, open, after, rows).await?;
    let known = |record: &OfferRecord| record.id.0;
    let shown = records.into_iter().filter_map(|record| {
        let own = OwnOffer::of(&record, staff)?;
        Some((known(&record), own))
    });
    Ok(paging.page(shown.collect(), |(id, _): &(uuid::Uuid, OwnOffer)| *id, |(_, own)| own))
}

/// Accepts an offer: one holds the case from now on, or, in an `availability` offer, one can be chosen.
///
/// An answer that comes too late is 409 with its reason: `offer_too_late`, `offer_taken` by others,
/// `offer_ended`, or `offer_declined`. Where it overlaps something else by now: 409 `overlap`; nothing
/// is accepted then. Accepting twice changes nothing.
#[utoipa::path(post, path = "/v1/me/offers/{id}/accept", operation_id = "accept_offer", tag = "me",
    responses((status = 200, description = "Accepted", body = AnswerShown)))]
pub(crate) async fn accept(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<OfferId>,
    posted: Posted<Empty>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ActForOneself, Object::staff(caller.staff))?;
    let change = posted.begin_empty(&state, &caller, allowed).await?;
    respond(&state, &caller, change, id, Answer::Accept).await
}

/// Declines an offer. One is not offered the case again.
///
/// An answer that comes too late is 409 with its reason. Declining twice changes nothing.
#[utoipa::path(post, path = "/v1/me/offers/{id}/decline", operation_id = "decline_offer", tag = "me",
    responses((status = 200, description = "Declined", body = AnswerShown)))]
pub(crate) async fn decline(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<OfferId>,
    posted: Posted<OptionalForm<DeclineForm>>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ActForOneself, Object::staff(caller.staff))?;
    let form = posted.ahead()?;
    let change = posted.begin_read(&state, &caller, allowed).await?;
    let reason = form.map(|form| form.check(DeclineForm::read)).transpose()?.flatten();
    respond(&state, &caller, change, id, Answer::Decline(reason)).await
}

async fn respond(
    state: &ApiState,
    caller: &Caller,
    mut change: Change,
    offer: OfferId,
    said: Answer,
) -> ChangeResult {
    let who = Answering { organization: caller.organization, staff: caller.staff, offer };
    let Answered { record, assignment, events } = answer(state, &mut change, who, said).await?;
    let offer = OwnOffer::of(&record, caller.staff).ok_or_else(Problem::not_found)?;
    let assignment = assignment.map(|record| Assignment::shown_to(caller, record));
    let reply = Reply::ok(&AnswerShown { offer, assignment })?;
    change.commit(Outcomes { events, forget: vec![Forget::Nothing], reply }).await
}
