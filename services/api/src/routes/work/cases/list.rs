//! Lists of cases, with their filters.

use super::{reader, view::Case};
use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
    },
    live::view::read_bbox,
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::Timestamp;
use nearhand_domain::{
    ClientId, DepartmentId, GroupId, QueueId, ServiceId,
    access::{Action, Object},
};
use nearhand_storage::cases::{self, CaseBox, CaseFilter, CaseState, CaseStatus};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which cases to list; all conditions must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CaseQuery {
    /// Only those that are `open`, `done` or `cancelled`, as people set it.
    status: Option<String>,
    /// Only those that have come so far: `open`, `assigned`, `in_progress`, `done` or `cancelled`.
    state: Option<String>,
    /// Only those done for this client: its history.
    #[param(value_type = Option<uuid::Uuid>)]
    client_id: Option<ClientId>,
    /// Only those of this queue.
    #[param(value_type = Option<uuid::Uuid>)]
    queue_id: Option<QueueId>,
    /// Only those that belong to this group.
    #[param(value_type = Option<uuid::Uuid>)]
    group_id: Option<GroupId>,
    /// Only those of this department.
    #[param(value_type = Option<uuid::Uuid>)]
    department_id: Option<DepartmentId>,
    /// Only those that ask for this service.
    #[param(value_type = Option<uuid::Uuid>)]
    service_id: Option<ServiceId>,
    /// Only those that are urgent, or are not.
    urgent: Option<bool>,
    /// Only those that start at this instant or later. Cases that are to be done as soon as possible
    /// have no start.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<String>,
    /// Only those that start before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<String>,
    /// Only those whose number begins so, without regard to case.
    number: Option<String>,
    /// Each of its words must be in the title, or at the beginning of the number, without regard to
    /// case. Of more than 8 words the first 8 count.
    #[param(example = "harbour")]
    q: Option<String>,
    /// `min_lng,min_lat,max_lng,max_lat` in degrees; with the first longitude above the second it
    /// crosses the antimeridian.
    #[param(example = "-9.25,38.65,-9.05,38.80")]
    bbox: Option<String>,
    /// `created` or `-created` (the newest first); `created` unless given.
    #[param(example = "-created")]
    sort: Option<String>,
}

/// Lists the cases that the caller may see, unless asked otherwise in order of creation.
#[utoipa::path(get, path = "/v1/cases", operation_id = "list_cases", tag = "cases",
    responses((status = 200, description = "A page", body = Page<Case>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf<CaseQuery>,
) -> ApiResult<Json<Page<Case>>> {
    caller.require(Action::ReadCases, Object::Organization)?;
    let (paging, query) = list.open(&state, caller.organization)?;
    let filter = CaseFilter { reader: Some(reader(&caller)), ..query.filter()? };
    let mut tx = caller.read(&state).await?;
    let records = cases::list(&mut tx, &filter, paging.after(), paging.rows()).await?;
    Ok(paging.page(records, |record| record.id.0, Case::from))
}

impl CaseQuery {
    fn filter(self) -> ApiResult<CaseFilter> {
        let status = self.status.map(|word| {
            let words = "`status` must be `open`, `done` or `cancelled`";
            CaseStatus::parse(&word).ok_or_else(|| wrong(words))
        });
        let state = self.state.map(|word| {
            let words = "`state` must be `open`, `assigned`, `in_progress`, `done` or `cancelled`";
            CaseState::parse(&word).ok_or_else(|| wrong(words))
        });
        let within = self.bbox.map(|text| read_bbox(&text)).transpose()?;
        Ok(CaseFilter {
            reader: None,
            status: status.transpose()?,
            state: state.transpose()?,
            client: self.client_id,
            queue: self.queue_id,
            group: self.group_id,
            department: self.department_id,
            service: self.service_id,
            urgent: self.urgent,
            from: instant(self.from, "`from` must be an instant such as 2026-03-01T08:00:00Z")?,
            to: instant(self.to, "`to` must be an instant such as 2026-03-01T08:00:00Z")?,
            number_prefix: self.number.map(number).transpose()?,
            words: words(self.q.as_deref().unwrap_or_default())?,
            newest_first: match self.sort.as_deref() {
                None | Some("created") => false,
                Some("-created") => true,
                Some(_) => return Err(wrong("`sort` must be `created` or `-created`")),
            },
            within: within.map(|within| CaseBox {
                south: within.south,
                west: within.west,
                north: within.north,
                east: within.east,
            }),
        })
    }
}

fn instant(text: Option<String>, words: &'static str) -> ApiResult<Option<Timestamp>> {
    text.map(|text| text.parse().map_err(|_| wrong(words))).transpose()
}

/// How many words are looked for. A whole title may be pasted.
const MAX_WORDS: usize = 8;

fn words(q: &str) -> ApiResult<Vec<String>> {
    if q.contains(char::is_control) {
        return Err(wrong("`q` must hold no control characters"));
    }
    Ok(q.split_whitespace().take(MAX_WORDS).map(str::to_owned).collect())
}

fn number(text: String) -> ApiResult<String> {
    // The database holds no NUL, and no number has a control character.
    if text.is_empty() || text.contains(char::is_control) {
        return Err(wrong("`number` must be the beginning of a number"));
    }
    Ok(text)
}

fn wrong(words: &'static str) -> Problem {
    Problem::new(Code::MalformedQuery, words)
}
