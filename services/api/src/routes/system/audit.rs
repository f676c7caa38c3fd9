//! `/v1/audit`: who did what to whom. Must show personal values only to those who may read them,
//! and to callers of a limited view scope only what concerns people in it.

use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::Timestamp;
use nearhand_domain::{
    access::{Action, Object},
    audit,
};
use nearhand_storage::audit::trail::{self, Personal, Reader, TrailActor, TrailEntry, TrailFilter};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// Which entries to list. Conditions count together.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Only by this person or service account, by id.
    actor: Option<Uuid>,
    /// Only upon this subject, by id.
    subject: Option<Uuid>,
    /// Only upon subjects of this kind, such as `staff`.
    #[param(example = "staff")]
    subject_kind: Option<String>,
    /// Only this action; `GET /v1/audit/actions` lists them.
    #[param(example = "staff.update")]
    action: Option<String>,
    /// Only from this instant on.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// Only before this instant.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
}

/// Who did it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditActor {
    id: Uuid,
    /// `staff` or `service_account`.
    kind: &'static str,
    /// Null when they are forgotten.
    display_name: Option<String>,
}

/// What it happened to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditSubject {
    kind: String,
    id: Uuid,
    /// Of a person who is not forgotten.
    display_name: Option<String>,
}

/// Personal values before and after.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditChanges {
    #[schema(value_type = Option<Object>)]
    before: Value,
    #[schema(value_type = Option<Object>)]
    after: Value,
}

/// What happened.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    id: Uuid,
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// Null: the installation itself.
    actor: Option<AuditActor>,
    /// Its word.
    #[schema(example = "staff.update")]
    action: String,
    /// The word in a sentence.
    meaning: Option<&'static str>,
    subject: AuditSubject,
    /// What is nobody's personal value.
    #[schema(value_type = Object)]
    details: Value,
    /// Null where there are none, and while they are sealed or erased.
    changes: Option<AuditChanges>,
    /// There are personal values; reading them needs `staff.pii:read`.
    sealed: bool,
    /// There were personal values; nobody can read them any more.
    erased: bool,
    request_id: String,
    remote_addr: Option<String>,
}

/// An action that the audit trail knows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditAction {
    /// Its word.
    #[schema(example = "staff.update")]
    action: &'static str,
    /// What it happens to.
    #[schema(example = "staff")]
    subject_kind: &'static str,
    /// The word in a sentence.
    meaning: &'static str,
}

/// The actions that the audit trail knows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditActions {
    /// By word.
    items: Vec<AuditAction>,
}

/// Lists what happened, newest first.
///
/// Needs `audit:read`; personal values are shown only with `staff.pii:read` as well. Callers whose
/// view scope is `departments` see what concerns people in it, and their own acts.
#[utoipa::path(get, path = "/v1/audit", operation_id = "list_audit", tag = "audit",
    responses((status = 200, description = "A page", body = Page<AuditEntry>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf<AuditQuery>,
) -> ApiResult<Json<Page<AuditEntry>>> {
    let scope = caller.people_scope(Action::ReadAudit)?;
    let (paging, query) = list.open(&state, caller.organization)?;
    let filter = read_filter(query)?;
    let personal = caller.may(Action::ReadPersonalDetails, Object::Organization);
    let reader = Reader { scope, personal };
    let mut tx = caller.read(&state).await?;
    let entries = trail::list(&mut tx, &filter, reader, paging.before(), paging.rows()).await?;
    Ok(paging.page(entries, |entry| entry.id, AuditEntry::from))
}

/// Lists every action that the audit trail knows, with its meaning.
#[utoipa::path(get, path = "/v1/audit/actions", operation_id = "list_audit_actions", tag = "audit",
    responses((status = 200, description = "All of them", body = AuditActions)))]
pub(crate) async fn actions(
    State(_): State<ApiState>,
    caller: Caller,
) -> ApiResult<Json<AuditActions>> {
    caller.require(Action::ReadAudit, Object::Organization)?;
    let all = audit::ALL.iter();
    let items = all
        .map(|&(action, subject_kind, meaning)| AuditAction { action, subject_kind, meaning })
        .collect();
    Ok(Json(AuditActions { items }))
}

/// Reads the conditions; words that the trail does not know are errors.
pub(crate) fn read_filter(query: AuditQuery) -> ApiResult<TrailFilter> {
    let unknown = |name: &str| {
        let detail = format!("`{name}` holds an unknown word; see GET /v1/audit/actions");
        Problem::new(Code::MalformedQuery, detail)
    };
    let knows = |word: &Option<String>,
                 of: fn(&(&'static str, &'static str, &str)) -> &'static str| {
        word.as_deref().is_none_or(|word| audit::ALL.iter().any(|one| of(one) == word))
    };
    if !knows(&query.action, |one| one.0) {
        return Err(unknown("action"));
    }
    if !knows(&query.subject_kind, |one| one.1) {
        return Err(unknown("subject_kind"));
    }
    let AuditQuery { actor, subject, subject_kind, action, from, to } = query;
    Ok(TrailFilter { actor, subject, subject_kind, action, from, to })
}

impl From<TrailEntry> for AuditEntry {
    fn from(entry: TrailEntry) -> Self {
        let known = audit::ALL.iter().find(|(word, ..)| *word == entry.action);
        let (sealed, erased) =
            (entry.personal == Personal::Sealed, entry.personal == Personal::Erased);
        let changes = match entry.personal {
            Personal::Open(values) => {
                let (before, after) = trail::sides(&entry.action, values);
                Some(AuditChanges { before, after })
            }
            Personal::None | Personal::Sealed | Personal::Erased => None,
        };
        let actor = entry.actor.map(|TrailActor { id, kind, name }| AuditActor {
            id,
            kind: kind.as_str(),
            display_name: name,
        });
        Self {
            id: entry.id,
            at: entry.at,
            actor,
            meaning: known.map(|(.., meaning)| *meaning),
            action: entry.action,
            subject: AuditSubject {
                kind: entry.subject_kind,
                id: entry.subject,
                display_name: entry.subject_name,
            },
            details: entry.details,
            changes,
            sealed,
            erased,
            request_id: entry.request_id,
            remote_addr: entry.remote_addr,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_are_told() {
        let query = |action: Option<&str>, kind: Option<&str>| {
            let (action, subject_kind) = (action.map(str::to_owned), kind.map(str::to_owned));
            let (actor, subject, from, to) = (None, None, None, None);
            read_filter(AuditQuery { actor, subject, subject_kind, action, from, to })
        };
        assert!(query(Some("staff.update"), Some("staff")).is_ok());
        assert!(query(Some("staff.updated"), None).is_err());
        assert!(query(None, Some("people")).is_err());
    }
}
