//! `/v1/cases`: work to be done at a place. A caller whose reach is limited sees only the cases
//! they made.

use crate::{
    access::caller::Caller,
    change::{ChangeResult, Forget, Outcome, Posted, Updated},
    http::{
        body::{Field, Form, Unknown, any, forms},
        changes::changes,
        codes::Code,
        pages::{ListOf, Page},
        place::{LatLng, PlaceForm},
        problem::{ApiResult, Problem},
        query::PathId,
        reply::{Reply, versioned},
    },
    routes::work::needs_form::{Needs, NeedsForm, NeedsShown, hold_services},
    state::ApiState,
};
use axum::{Json, extract::State, response::Response};
use jiff::Timestamp;
use nearhand_domain::{
    CaseId, Position, StaffId,
    access::{Action, Object},
    audit, clock,
    field::{FieldErrors, Reported},
    text::line,
};
use nearhand_storage::{
    audit::AuditEvent,
    cases::{self, CaseFilter, CaseRecord, CaseStatus},
};
use serde::{Deserialize, Serialize};
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

/// What may be said about a case. In a change, what is left out stays and null clears.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CaseInput, example = json!({ "title": "Watch the harbour office",
    "position": { "lat": 38.7071, "lng": -9.1355 }, "duration_min": 90, "languages": ["pt", "en"],
    "skills": [{ "code": "surveillance", "required": 2, "preferred": 4 }] }))]
pub(crate) struct CaseForm {
    /// At most 200 characters.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 1, max_length = 200)]
    title: Field<String>,
    /// `open` or `closed`; changing it needs `cases:manage`.
    #[serde(default)]
    #[schema(value_type = String)]
    status: Field<String>,
    /// Where.
    #[serde(default)]
    #[schema(value_type = LatLng, required)]
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
    /// Only `open` or only `closed` ones.
    status: Option<String>,
}

forms!(CaseForm);

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

/// The case, if the caller may do this to it.
fn reached(caller: &Caller, action: Action, record: Option<CaseRecord>) -> ApiResult<CaseRecord> {
    let record = record.ok_or_else(Problem::not_found)?;
    caller.require(action, Object::Case { created_by: record.created_by })?;
    Ok(record)
}

/// Creates a case.
#[utoipa::path(post, path = "/v1/cases", operation_id = "create_case", tag = "cases",
    responses((status = 201, description = "Created", body = Case)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<CaseForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::CreateCase, Object::Organization)?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let mut draft = form.check(|form, e| form.apply(None, e))?;
    require_status(&caller, CaseStatus::Open, draft.status)?;
    hold_services(change.tx(), "", &mut draft.needs).await?;
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
    cases::insert(change.tx(), caller.organization, &record).await?;
    let id = record.id;
    let shown = Case::from(record);
    let event = AuditEvent::of(audit::CASE_CREATE, id).details(changes(None::<&Case>, &shown));
    let reply = Reply::created(format!("/v1/cases/{id}"), &shown)?.etag(1);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Lists cases in order of creation.
#[utoipa::path(get, path = "/v1/cases", operation_id = "list_cases", tag = "cases",
    responses((status = 200, description = "A page", body = Page<Case>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf<CaseQuery>,
) -> ApiResult<Json<Page<Case>>> {
    caller.require(Action::ReadCases, Object::Organization)?;
    let (paging, query) = list.open(&state, caller.organization)?;
    let unknown = || Problem::new(Code::MalformedQuery, "`status` must be `open` or `closed`");
    let status = query.status.map(|word| CaseStatus::parse(&word).ok_or_else(unknown));
    let created_by = caller.is_limited().then_some(caller.staff);
    let filter = CaseFilter { status: status.transpose()?, created_by };
    let mut tx = caller.read(&state).await?;
    let records = cases::list(&mut tx, &filter, paging.after(), paging.rows()).await?;
    Ok(paging.page(records, |record| record.id.0, Case::from))
}

/// One case.
#[utoipa::path(get, path = "/v1/cases/{id}", operation_id = "get_case", tag = "cases",
    responses((status = 200, description = "The case", body = Case)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<CaseId>,
) -> ApiResult<Response> {
    caller.require(Action::ReadCases, Object::Organization)?;
    let mut tx = caller.read(&state).await?;
    let record = reached(&caller, Action::ReadCases, cases::get(&mut tx, id).await?)?;
    Ok(versioned(record.version, Case::from(record)))
}

/// Changes a case; `status` opens and closes it.
#[utoipa::path(patch, path = "/v1/cases/{id}", operation_id = "update_case", tag = "cases",
    responses((status = 200, description = "Changed", body = Case)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<CaseId>,
    update: Updated<CaseForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditCase, Object::Organization)?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let before = cases::lock(change.tx(), id).await?;
    let before = reached(&caller, Action::EditCase, before)?;
    let form = update.matching(before.version)?;
    let mut draft = form.check(|form, e| form.apply(Some(&before), e))?;
    require_status(&caller, before.status, draft.status)?;
    hold_services(change.tx(), "", &mut draft.needs).await?;
    let mut after = draft.into_record(&before);
    after.version = cases::update(change.tx(), caller.organization, &before, &after).await?;
    let (before, after) = (Case::from(before), Case::from(after));
    let event = AuditEvent::of(audit::CASE_UPDATE, id).details(changes(Some(&before), &after));
    let reply = Reply::ok(&after)?.etag(after.version);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Opening and closing is for those who administer cases.
fn require_status(caller: &Caller, before: CaseStatus, after: CaseStatus) -> ApiResult<()> {
    if before == after {
        return Ok(());
    }
    caller.require(Action::ManageCases, Object::Organization)
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
    fn apply(self, stored: Option<&CaseRecord>, e: &mut FieldErrors) -> Result<Draft, Reported> {
        let title = stored.map(|record| record.title.clone());
        let title = self.title.required_unless(title, "/title", e, |v| line(&v, MAX_TITLE));
        let position = match (self.position, stored) {
            (Field::Absent, Some(record)) => Ok(record.position),
            (field, _) => field
                .required("/position", e, any)
                .and_then(|place: PlaceForm| place.read("/position", e)),
        };
        let status = self.status.replacement("/status", e, |word| {
            CaseStatus::parse(&word).ok_or("must be `open` or `closed`")
        });
        let status = status.or_else(|| stored.map(|record| record.status));
        let mut needs = stored.map(needs_of).unwrap_or_default();
        self.needs.apply("", &mut needs, e);
        let (title, position) = (title?, position?);
        Ok(Draft { title, status: status.unwrap_or(CaseStatus::Open), position, needs })
    }
}
