//! `/v1/cases`: work to be done at a place. Whoever's reach is limited sees only those they made;
//! for them there are no others.

use crate::{
    access::caller::Caller,
    http::{
        body::{Field, JsonBody, Unknown, any, refuse_unknown},
        changes::changes,
        codes::Code,
        problem::{ApiResult, Problem, ProblemDocument},
        query::{PathId, QueryOf, list_name, page_limit},
        reply::{IdempotencyKey, Reply, require_match, versioned},
    },
    routes::{
        location::place::{LatLng, PlaceForm},
        work::needs_form::{Needs, NeedsForm, NeedsShown, hold_services},
    },
    state::ApiState,
};
use axum::{Json, extract::State, http::HeaderMap, response::Response};
use jiff::Timestamp;
use nearhand_domain::{
    CaseId, Position, StaffId,
    access::{AccessLevel, Permission},
    clock,
    field::FieldErrors,
    text::line,
};
use nearhand_storage::{
    StorageError, Tx,
    audit::{self, AuditEvent},
    cases::{self, CaseFilter, CaseRecord, CaseStatus},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Longest title, in characters.
const MAX_TITLE: usize = 200;

/// A case.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Case {
    #[schema(value_type = uuid::Uuid)]
    id: CaseId,
    /// Raised by every change; also the ETag.
    version: i64,
    title: String,
    /// `open` or `closed`.
    #[schema(example = "open")]
    status: &'static str,
    position: LatLng,
    #[serde(flatten)]
    needs: NeedsShown,
    /// Who made it.
    #[schema(value_type = uuid::Uuid)]
    created_by: StaffId,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A page of cases.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CasePage {
    items: Vec<Case>,
    /// For the next page; null at the end.
    next_cursor: Option<String>,
}

/// What may be said about a case. In a change, what is left out stays and null clears.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CaseInput, example = json!({ "title": "Watch the harbour office",
    "position": { "lat": 38.7071, "lng": -9.1355 }, "duration_min": 90, "languages": ["pt", "en"],
    "skills": [{ "code": "surveillance", "required": 2, "preferred": 4 }] }))]
pub(crate) struct CaseForm {
    /// At most 200 characters.
    #[serde(default)]
    #[schema(value_type = String)]
    title: Field<String>,
    /// `open` or `closed`; changing it needs `cases:manage`.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    status: Field<String>,
    /// Where.
    #[serde(default)]
    #[schema(value_type = LatLng)]
    position: Field<PlaceForm>,
    #[serde(flatten)]
    needs: NeedsForm,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// Which cases to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CaseQuery {
    /// 1 to 200, 50 unless given.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Only `open` or only `closed` ones.
    status: Option<String>,
}

impl From<CaseRecord> for Case {
    fn from(record: CaseRecord) -> Self {
        let needs = needs_of(&record);
        Self {
            id: record.id,
            version: record.version,
            title: record.title,
            status: record.status.as_str(),
            position: record.position.into(),
            needs: needs.into(),
            created_by: record.created_by,
            created_at: record.created_at,
        }
    }
}

/// What a case asks for.
pub(crate) fn needs_of(record: &CaseRecord) -> Needs {
    Needs {
        starts_at: record.starts_at,
        duration_min: record.duration_min,
        urgent: record.urgent,
        services: record.services.clone(),
        requirements: record.requirements.clone(),
    }
}

/// Whose cases the caller may see, if not everybody's.
fn only_of(caller: &Caller) -> Option<StaffId> {
    (caller.access_level != AccessLevel::Full).then_some(caller.staff)
}

/// The case, if it is there for the caller.
fn visible(caller: &Caller, record: Option<CaseRecord>) -> ApiResult<CaseRecord> {
    record
        .filter(|record| only_of(caller).is_none_or(|own| record.created_by == own))
        .ok_or_else(Problem::not_found)
}

/// Creates a case.
#[utoipa::path(post, path = "/v1/cases", tag = "cases", request_body = CaseForm,
    params(("idempotency-key" = Option<String>, Header, description = "Repeats do nothing twice for 24 h")),
    responses((status = 201, description = "Created", body = Case),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    key: IdempotencyKey,
    JsonBody { value: form, hash }: JsonBody<CaseForm>,
) -> ApiResult<Reply> {
    caller.require(Permission::CasesEdit)?;
    let mut tx = caller.begin(&state).await?;
    if let Some(reply) = key.replay(&mut tx, &caller, hash).await? {
        return Ok(reply);
    }
    let mut draft = form.apply(None)?;
    require_status(&caller, CaseStatus::Open, draft.status)?;
    hold_services(&mut tx, "", &mut draft.needs).await?;
    let blank = CaseRecord {
        id: CaseId::generate(),
        version: 1,
        title: String::new(),
        status: CaseStatus::Open,
        position: draft.position,
        starts_at: None,
        duration_min: 0,
        urgent: false,
        services: Vec::new(),
        requirements: Default::default(),
        created_by: caller.staff,
        created_at: clock::now(),
    };
    let record = draft.into_record(&blank);
    cases::insert(&mut tx, caller.organization, &record).await?;
    record_change(&mut tx, &caller, "case.create", None, &record).await?;
    let id = record.id;
    let reply = Reply::created(format!("/v1/cases/{id}"), &Case::from(record))?.etag(1);
    key.keep(&mut tx, &caller, hash, &reply).await?;
    tx.commit().await.map_err(StorageError::from)?;
    Ok(reply)
}

/// Lists cases in order of creation.
#[utoipa::path(get, path = "/v1/cases", tag = "cases", params(CaseQuery), responses(
    (status = 200, description = "A page", body = CasePage),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    QueryOf(query): QueryOf<CaseQuery>,
) -> ApiResult<Json<CasePage>> {
    caller.require(Permission::CasesView)?;
    let limit = page_limit(query.limit)?;
    let unknown = || Problem::new(Code::MalformedQuery, "`status` must be `open` or `closed`");
    let status = query.status.as_deref().map(|w| CaseStatus::parse(w).ok_or_else(unknown));
    let filter = CaseFilter { status: status.transpose()?, created_by: only_of(&caller) };
    let filters = BTreeMap::from([("filter", format!("{filter:?}"))]);
    let name = list_name(caller.organization, "cases", &filters);
    let after = state.cursors().open(&name, query.cursor.as_deref())?.map(CaseId);
    let mut tx = caller.begin(&state).await?;
    let mut records = cases::list(&mut tx, &filter, after, limit + 1).await?;
    let more = i64::try_from(records.len()).is_ok_and(|len| len > limit);
    if more {
        records.pop();
    }
    let last = records.last().map(|record| record.id.0).filter(|_| more);
    Ok(Json(CasePage {
        next_cursor: last.map(|last| state.cursors().seal(&name, last)),
        items: records.into_iter().map(Case::from).collect(),
    }))
}

/// One case.
#[utoipa::path(get, path = "/v1/cases/{id}", tag = "cases",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The case", body = Case),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<CaseId>,
) -> ApiResult<Response> {
    caller.require(Permission::CasesView)?;
    let mut tx = caller.begin(&state).await?;
    let record = visible(&caller, cases::get(&mut tx, id).await?)?;
    Ok(versioned(record.version, Case::from(record)))
}

/// Changes a case; `status` opens and closes it.
#[utoipa::path(patch, path = "/v1/cases/{id}", tag = "cases", request_body = CaseForm,
    params(("id" = uuid::Uuid, Path), ("if-match" = String, Header, description = "The ETag last read, or `*`")),
    responses((status = 200, description = "Changed", body = Case),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<CaseId>,
    headers: HeaderMap,
    JsonBody { value: form, .. }: JsonBody<CaseForm>,
) -> ApiResult<Response> {
    caller.require(Permission::CasesEdit)?;
    let mut tx = caller.begin(&state).await?;
    let before = visible(&caller, cases::lock(&mut tx, id).await?)?;
    require_match(&headers, before.version)?;
    let mut draft = form.apply(Some(&before))?;
    require_status(&caller, before.status, draft.status)?;
    hold_services(&mut tx, "", &mut draft.needs).await?;
    let mut after = draft.into_record(&before);
    after.version = cases::update(&mut tx, caller.organization, &before, &after).await?;
    record_change(&mut tx, &caller, "case.update", Some(&before), &after).await?;
    tx.commit().await.map_err(StorageError::from)?;
    Ok(versioned(after.version, Case::from(after)))
}

/// Opening and closing is for those who administer cases.
fn require_status(caller: &Caller, before: CaseStatus, after: CaseStatus) -> ApiResult<()> {
    if before == after { Ok(()) } else { caller.require(Permission::CasesManage) }
}

/// A case as a form leaves it, before its services have been found.
struct Draft {
    title: String,
    status: CaseStatus,
    position: Position,
    needs: Needs,
}

impl Draft {
    fn into_record(self, base: &CaseRecord) -> CaseRecord {
        CaseRecord {
            title: self.title,
            status: self.status,
            position: self.position,
            starts_at: self.needs.starts_at,
            duration_min: self.needs.duration_min,
            urgent: self.needs.urgent,
            services: self.needs.services,
            requirements: self.needs.requirements,
            ..base.clone()
        }
    }
}

impl CaseForm {
    /// Reads the form over what is stored; of a new case, title and position are required.
    fn apply(self, stored: Option<&CaseRecord>) -> ApiResult<Draft> {
        let mut errors = FieldErrors::default();
        let e = &mut errors;
        refuse_unknown(&self.unknown, "", e);
        let parse = |v: String| line(&v, MAX_TITLE);
        let (title, place) = if stored.is_some() {
            (
                self.title.replacement("/title", e, parse),
                self.position.replacement("/position", e, any),
            )
        } else {
            (self.title.required("/title", e, parse), self.position.required("/position", e, any))
        };
        let position = place.and_then(|place| place.read("/position", e));
        let status = self.status.replacement("/status", e, |word| {
            CaseStatus::parse(&word).ok_or("must be `open` or `closed`")
        });
        let mut needs = stored.map(needs_of).unwrap_or_default();
        self.needs.apply("", &mut needs, e);
        errors.finish()?;
        let title = title.or_else(|| stored.map(|record| record.title.clone()));
        let position = position.or_else(|| stored.map(|record| record.position));
        let (title, position) = title.zip(position).ok_or_else(Problem::internal)?;
        let status = status.or_else(|| stored.map(|record| record.status));
        Ok(Draft { title, status: status.unwrap_or(CaseStatus::Open), position, needs })
    }
}

/// Writes the audit entry: the changed fields with their values before and after.
async fn record_change(
    tx: &mut Tx,
    caller: &Caller,
    action: &'static str,
    before: Option<&CaseRecord>,
    after: &CaseRecord,
) -> ApiResult<()> {
    let shown = |record: &CaseRecord| Case::from(record.clone());
    let event = AuditEvent {
        action,
        subject_kind: "case",
        subject: after.id.0,
        details: changes(before.map(shown).as_ref(), &shown(after)),
        personal: None,
    };
    Ok(audit::record(tx, &caller.audit(), &event).await?)
}
