//! `/v1/clients/{id}/people`: the panel of a client and the people it does not want. Both lists are
//! replaced together, so that nobody comes to stand in both.

use super::ClientDetails;
use crate::{
    access::caller::Caller,
    change::{ChangeResult, Forget, Outcome, Updated},
    http::{
        body::{Field, Form, Unknown, any, forms, read_list},
        problem::Problem,
        query::PathId,
        reply::Reply,
    },
    state::ApiState,
};
use axum::extract::State;
use nearhand_domain::{
    ClientId, StaffId,
    access::{Action, Object},
    audit,
    field::{FieldErrors, Reported},
};
use nearhand_storage::{
    StorageError, Tx,
    audit::AuditEvent,
    clients::{self, ClientPeople},
};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

/// Most people of one list.
const MAX_PEOPLE: usize = 500;

/// The panel of a client and its exclusions, all of them: what was there before is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = ClientPeopleInput, example = json!({ "panel": [], "excluded": [] }))]
pub(crate) struct ClientPeopleForm {
    /// People on its panel.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>, required, max_items = 500)]
    panel: Field<Vec<Uuid>>,
    /// People it does not want. Nobody may be in both lists.
    #[serde(default)]
    #[schema(value_type = Vec<Uuid>, required, max_items = 500)]
    excluded: Field<Vec<Uuid>>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(ClientPeopleForm);

/// Replaces the panel and the exclusions of a client. The ETag is the client's.
#[utoipa::path(put, path = "/v1/clients/{id}/people", operation_id = "replace_client_people",
    tag = "clients",
    responses((status = 200, description = "Replaced", body = ClientDetails)))]
pub(crate) async fn put_people(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<ClientId>,
    update: Updated<ClientPeopleForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditClients, Object::Organization)?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let mut record = clients::lock(change.tx(), id).await?.ok_or_else(Problem::not_found)?;
    let wanted = update.matching(record.version)?.check(ClientPeopleForm::read)?;
    hold(change.tx(), &wanted).await?.conclude(Ok(())).map_err(Problem::from)?;
    let wanted = sorted(wanted);
    let before = clients::people(change.tx(), id).await?;
    let organization = caller.organization;
    record.version = clients::replace_people(change.tx(), organization, id, &wanted).await?;
    let details = json!({
        "panel": { "before": before.panel, "after": wanted.panel },
        "excluded": { "before": before.excluded, "after": wanted.excluded },
    });
    let event = AuditEvent::of(audit::CLIENT_PEOPLE, id).details(details);
    let version = record.version;
    let reply = Reply::ok(&ClientDetails::new(record, wanted))?.etag(version);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

impl ClientPeopleForm {
    fn read(self, e: &mut FieldErrors) -> Result<ClientPeople, Reported> {
        let list = |field: Field<Vec<Uuid>>, at: &str, e: &mut FieldErrors| {
            let ids = field.required(at, e, any)?;
            Ok(read_list(ids, at, MAX_PEOPLE, e, |id, _, _| Ok(StaffId(id)), |id| *id))
        };
        let panel = list(self.panel, "/panel", e);
        let excluded = list(self.excluded, "/excluded", e);
        let (panel, excluded): (Vec<StaffId>, Vec<StaffId>) = (panel?, excluded?);
        for (i, _) in excluded.iter().enumerate().filter(|(_, id)| panel.contains(id)) {
            e.push(format!("/excluded/{i}"), "repeated", "is on the panel as well");
        }
        Ok(ClientPeople { panel, excluded })
    }
}

/// Holds the people; says whom there is not.
async fn hold(tx: &mut Tx, wanted: &ClientPeople) -> Result<FieldErrors, StorageError> {
    let all: Vec<StaffId> = wanted.panel.iter().chain(&wanted.excluded).copied().collect();
    let there = clients::hold_people(tx, &all).await?;
    let mut errors = FieldErrors::default();
    for (at, ids) in [("/panel", &wanted.panel), ("/excluded", &wanted.excluded)] {
        for (i, _) in ids.iter().enumerate().filter(|(_, id)| !there.contains(id)) {
            errors.push(format!("{at}/{i}"), "unknown", "there is no such person");
        }
    }
    Ok(errors)
}

/// By id, as they are read back.
fn sorted(mut people: ClientPeople) -> ClientPeople {
    people.panel.sort_unstable();
    people.excluded.sort_unstable();
    people
}
