//! `/v1/offer-links`: answers by the link in a mail, without a login. Opening a link changes nothing,
//! so that a program which follows every link of a mail accepts nothing.

use crate::{
    change::{Change, ChangeResult, Forget, Outcomes},
    http::{
        body::{Field, Form, JsonBody, Unknown, any, forms},
        codes::Code,
        origin::Origin,
        problem::{ApiResult, Problem},
        reply::Reply,
    },
    routes::{
        account::links::{Attempt, token},
        work::offers::{Answer, Answered, Answering, answer, reason},
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::Timestamp;
use nearhand_domain::{
    OrganizationId,
    address::in_words,
    field::{FieldErrors, Reported},
    offer::AskedState,
    token::TokenKind,
};
use nearhand_storage::{
    offers::{self, OfferLink, OfferRecord},
    organizations,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A link that is opened.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OfferLinkInput)]
pub(crate) struct LinkForm {
    /// What follows the `#` in the link.
    #[serde(default)]
    #[schema(value_type = String, example = "nh_ofr_…", required)]
    token: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// An answer by a link.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = OfferLinkAnswerInput)]
pub(crate) struct LinkAnswerForm {
    /// What follows the `#` in the link.
    #[serde(default)]
    #[schema(value_type = String, example = "nh_ofr_…", required)]
    token: Field<String>,
    /// `accept` or `decline`.
    #[serde(default)]
    #[schema(value_type = String, example = "accept", required)]
    answer: Field<String>,
    /// Why it is declined; at most 500 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 500)]
    reason: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(LinkForm, LinkAnswerForm);

/// What a link offers.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OfferLink)]
pub(crate) struct LinkShown {
    title: String,
    number: String,
    /// The organisation that offers it.
    organization: String,
    /// To whom.
    display_name: String,
    /// In an `availability` offer, accepting says that one could do it; somebody chooses then.
    #[schema(example = "sequential")]
    mode: &'static str,
    /// `open`, or how the offer has ended.
    #[schema(example = "open")]
    state: &'static str,
    /// Null: as soon as possible.
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    duration_min: i32,
    urgent: bool,
    /// The address, or degrees.
    place: Option<String>,
    message: String,
    /// The answer must come before.
    #[schema(value_type = String, format = DateTime)]
    respond_by: Timestamp,
    /// `accepted`, `available` or `declined`; null as long as there is no answer.
    answer: Option<&'static str>,
}

/// What an answer by a link came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OfferLinkAnswer)]
pub(crate) struct LinkAnswerShown {
    /// `accepted`, `available` or `declined`.
    #[schema(example = "accepted")]
    state: &'static str,
    /// From when one holds the case; null unless it was accepted.
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    /// Until when.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
}

/// A link that opens something.
struct Opened {
    organization: OrganizationId,
    link: OfferLink,
}

/// Shows what the link of a mail offers. Changes nothing.
///
/// A link that is unknown, or older than another mail about the same offer, answers 410
/// `offer_link_invalid`.
#[utoipa::path(post, path = "/v1/offer-links/show", operation_id = "show_offer_link",
    tag = "offers", responses((status = 200, description = "The offer", body = LinkShown)))]
pub(crate) async fn show(
    State(state): State<ApiState>,
    origin: Origin,
    JsonBody(form): JsonBody<LinkForm>,
) -> ApiResult<Json<LinkShown>> {
    let text = form.check(|form, e| form.token.required("/token", e, any))?;
    let opened = open(&state, &origin, &text).await?;
    let mut tx = state.app().tenant(opened.organization).await?;
    let record = offers::get(&mut tx, opened.link.offer).await?.ok_or_else(invalid)?;
    let organization = organizations::get(&mut tx, false).await?;
    LinkShown::new(record, opened.link, organization.name).map(Json)
}

/// Answers an offer by the link of a mail.
///
/// As `POST /v1/me/offers/{id}/accept` and `…/decline`, for people without a login, too.
/// `Idempotency-Key` is ignored: a repeat changes nothing.
#[utoipa::path(post, path = "/v1/offer-links/answer", operation_id = "answer_offer_link",
    tag = "offers", responses((status = 200, description = "Answered", body = LinkAnswerShown)))]
pub(crate) async fn respond(
    State(state): State<ApiState>,
    origin: Origin,
    JsonBody(form): JsonBody<LinkAnswerForm>,
) -> ChangeResult {
    let (text, said) = form.check(LinkAnswerForm::read)?;
    let Opened { organization, link } = open(&state, &origin, &text).await?;
    let mut change = Change::of(&state, organization, Some(link.staff), &origin).await?;
    let who = Answering { organization, staff: link.staff, offer: link.offer };
    let answered = answer(&state, &mut change, who, said).await;
    // Who leaves between the two looks has no link any more.
    let Answered { record, assignment, events } = answered
        .map_err(|problem| if problem.code() == Code::NotFound { invalid() } else { problem })?;
    let asked = record.offer.find(link.staff).ok_or_else(invalid)?;
    let shown = LinkAnswerShown {
        state: asked.state.as_str(),
        starts_at: assignment.as_ref().map(|held| held.held.starts_at),
        ends_at: assignment.as_ref().map(|held| held.held.ends_at),
    };
    let reply = Reply::ok(&shown)?;
    change.commit(Outcomes { events, forget: vec![Forget::Nothing], reply }).await
}

impl LinkAnswerForm {
    fn read(self, e: &mut FieldErrors) -> Result<(String, Answer), Reported> {
        let token = self.token.required("/token", e, any);
        let accepts = self.answer.required("/answer", e, |word| match word.as_str() {
            "accept" => Ok(true),
            "decline" => Ok(false),
            _ => Err("must be accept or decline"),
        });
        let reason = reason(self.reason, e);
        let said = if accepts? { Answer::Accept } else { Answer::Decline(reason) };
        Ok((token?, said))
    }
}

/// Whose link it is. One that opens nothing counts against the address that tried it.
async fn open(state: &ApiState, origin: &Origin, text: &str) -> ApiResult<Opened> {
    let attempt = Attempt::begin(state, origin)?;
    let Some(token) = token(text, TokenKind::Offer) else {
        return Err(attempt.wrong(invalid()));
    };
    let mut tx = state.app().tenant(token.organization).await?;
    match offers::by_link(&mut tx, token.hash).await? {
        Some(link) => Ok(Opened { organization: token.organization, link }),
        None => Err(attempt.wrong(invalid())),
    }
}

fn invalid() -> Problem {
    let detail = "open the link of the newest mail about it, or ask your scheduler";
    Problem::new(Code::OfferLinkInvalid, detail)
}

impl LinkShown {
    fn new(record: OfferRecord, link: OfferLink, organization: String) -> ApiResult<Self> {
        let asked = *record.offer.find(link.staff).ok_or_else(invalid)?;
        let person = record.person(link.staff).ok_or_else(invalid)?.clone();
        let answered = matches!(
            asked.state,
            AskedState::Accepted | AskedState::Available | AskedState::Declined
        );
        let case = record.case;
        Ok(Self {
            title: case.title,
            number: case.number,
            organization,
            display_name: person.name,
            mode: record.offer.terms.mode.as_str(),
            state: record.offer.state.as_str(),
            starts_at: case.starts_at,
            duration_min: case.duration_min,
            urgent: case.urgent,
            place: in_words(case.address.as_ref(), case.position),
            message: record.message,
            respond_by: asked.respond_by,
            answer: answered.then_some(asked.state.as_str()),
        })
    }
}
