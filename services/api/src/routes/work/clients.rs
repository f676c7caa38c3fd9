//! `/v1/clients`: those whom cases are done for. Their cases are `GET /v1/cases?client_id=`.

mod form;
mod people;

pub(crate) use people::{__path_put_people, put_people};

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Posted, Updated},
    http::{
        body::Form,
        changes::changes,
        codes::Code,
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
        query::PathId,
        reply::{Reply, versioned},
    },
    state::ApiState,
};
use axum::{Json, extract::State, response::Response};
use form::{ClientForm, blank};
use jiff::Timestamp;
use nearhand_domain::{
    ClientId, StaffId,
    access::{Action, Object},
    audit,
};
use nearhand_storage::{
    audit::AuditEvent,
    clients::{self, ClientFilter, ClientPeople, ClientRecord},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

/// A client.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Client {
    #[schema(value_type = uuid::Uuid)]
    id: ClientId,
    /// Raised by every change; also the ETag.
    version: i64,
    /// Unique in the organisation without regard to case.
    name: String,
    notes: String,
    /// Whether only people on its panel may work for it.
    panel_required: bool,
    /// No new case can name a client that is not active.
    active: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A client with the people it wants and does not want.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClientDetails {
    #[serde(flatten)]
    client: Client,
    /// People on its panel, by id.
    #[schema(value_type = Vec<uuid::Uuid>)]
    panel: Vec<StaffId>,
    /// People it does not want, by id.
    #[schema(value_type = Vec<uuid::Uuid>)]
    excluded: Vec<StaffId>,
}

/// Which clients to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ClientQuery {
    /// Only those whose names begin so, without regard to case.
    q: Option<String>,
    /// Only those that are active, or are not.
    active: Option<bool>,
}

impl From<ClientRecord> for Client {
    fn from(record: ClientRecord) -> Self {
        let ClientRecord { id, version, name, notes, panel_required, active, created_at } = record;
        Self { id, version, name, notes, panel_required, active, created_at }
    }
}

impl ClientDetails {
    fn new(record: ClientRecord, people: ClientPeople) -> Self {
        let ClientPeople { panel, excluded } = people;
        Self { client: record.into(), panel, excluded }
    }
}

/// Creates a client.
#[utoipa::path(post, path = "/v1/clients", operation_id = "create_client", tag = "clients",
    responses((status = 201, description = "Created", body = ClientDetails)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<ClientForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditClients, Object::Organization)?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let record = form.check(|form, e| form.apply(blank(), true, e))?;
    clients::insert(change.tx(), caller.organization, &record).await?;
    let id = record.id;
    let shown = ClientDetails::new(record, ClientPeople::default());
    let event = AuditEvent::of(audit::CLIENT_CREATE, id).details(differs(None, &shown.client));
    let reply = Reply::created(format!("/v1/clients/{id}"), &shown)?.etag(1);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Lists clients in order of creation, without their people.
#[utoipa::path(get, path = "/v1/clients", operation_id = "list_clients", tag = "clients",
    responses((status = 200, description = "A page", body = Page<Client>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf<ClientQuery>,
) -> ApiResult<Json<Page<Client>>> {
    caller.require(Action::ReadClients, Object::Organization)?;
    let (paging, query) = list.open(&state, caller.organization)?;
    if query.q.as_ref().is_some_and(|q| q.contains(char::is_control)) {
        let detail = "`q` must hold no control characters";
        return Err(Problem::new(Code::MalformedQuery, detail));
    }
    let filter = ClientFilter { name_prefix: query.q, active: query.active };
    let mut tx = caller.read(&state).await?;
    let records = clients::list(&mut tx, &filter, paging.after(), paging.rows()).await?;
    Ok(paging.page(records, |record| record.id.0, Client::from))
}

/// One client, with its panel and its exclusions.
#[utoipa::path(get, path = "/v1/clients/{id}", operation_id = "get_client", tag = "clients",
    responses((status = 200, description = "The client", body = ClientDetails)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ClientId>,
) -> ApiResult<Response> {
    caller.require(Action::ReadClients, Object::Organization)?;
    let mut tx = caller.read(&state).await?;
    let record = clients::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    let people = clients::people(&mut tx, id).await?;
    Ok(versioned(record.version, ClientDetails::new(record, people)))
}

/// Changes a client.
#[utoipa::path(patch, path = "/v1/clients/{id}", operation_id = "update_client", tag = "clients",
    responses((status = 200, description = "Changed", body = ClientDetails)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ClientId>,
    update: Updated<ClientForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditClients, Object::Organization)?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let before = clients::lock(change.tx(), id).await?.ok_or_else(Problem::not_found)?;
    let form = update.matching(before.version)?;
    let mut after = form.check(|form, e| form.apply(before.clone(), false, e))?;
    after.version = clients::update(change.tx(), &after).await?;
    let people = clients::people(change.tx(), id).await?;
    let (before, after) = (Client::from(before), ClientDetails::new(after, people));
    let details = differs(Some(&before), &after.client);
    let event = AuditEvent::of(audit::CLIENT_UPDATE, id).details(details);
    let reply = Reply::ok(&after)?.etag(after.client.version);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Removes a client together with its panel and exclusions.
///
/// While a case names it: 409 `in_use`; set `active` to false instead.
#[utoipa::path(delete, path = "/v1/clients/{id}", operation_id = "delete_client",
    tag = "clients", responses((status = 204, description = "Removed")))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ClientId>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageClients, Object::Organization)?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    let record = clients::lock(change.tx(), id).await?.ok_or_else(Problem::not_found)?;
    clients::delete(change.tx(), id).await?;
    let event = AuditEvent::of(audit::CLIENT_DELETE, id).details(json!({ "name": record.name }));
    let reply = Reply::no_content();
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// What differs from before, for the audit trail. Of the notes it says only that they differ: they
/// may be about people whom nobody could erase from it.
fn differs(before: Option<&Client>, after: &Client) -> Value {
    let mut changed = changes(before, after);
    if let Some(notes) = changed.get_mut("notes") {
        *notes = json!({ "changed": true });
    }
    changed
}
