//! `/v1/groups`, `/v1/tags` and `/v1/queues`: names that people belong to, of one shape. What they
//! do is written once here; the handlers of each only say which of them they are.

use crate::{
    access::caller::{Allowed, Caller},
    change::{Change, ChangeResult, Forget, Outcome, Posted, Updated},
    http::{
        body::{Field, Form, Unknown, forms},
        changes::changes,
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
        reply::{Reply, versioned},
    },
    state::ApiState,
};
use axum::{Json, response::Response};
use jiff::Timestamp;
use nearhand_domain::{
    GroupId, QueueId, TagId,
    access::{Action, Object},
    audit::{self, Subject},
    text::Name,
};
use nearhand_storage::{
    audit::AuditEvent,
    collections::{self, CollectionKind, CollectionRecord},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// A group, a tag or a queue.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Collection {
    id: Uuid,
    /// Raised by every change; also the ETag.
    version: i64,
    /// Unique among its kind in the organisation, without regard to case.
    name: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// What may be said about a group, a tag or a queue. In a change, what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CollectionInput, example = json!({ "name": "Night shift" }))]
pub(crate) struct CollectionForm {
    /// At most 120 characters; unique among its kind without regard to case.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 1, max_length = 120)]
    name: Field<String>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(CollectionForm);

impl From<CollectionRecord> for Collection {
    fn from(record: CollectionRecord) -> Self {
        let CollectionRecord { id, version, name, created_at } = record;
        Self { id, version, name, created_at }
    }
}

/// Most people that the entry of a removal names; it always counts them all.
const MAX_NAMED: usize = 1_000;

/// What there is to know of one of the three.
struct Kind<I> {
    stored: CollectionKind,
    path: &'static str,
    edit: Action,
    created: audit::Action<I>,
    updated: audit::Action<I>,
    deleted: audit::Action<I>,
}

const GROUPS: Kind<GroupId> = Kind {
    stored: CollectionKind::Groups,
    path: "/v1/groups",
    edit: Action::ManageGroups,
    created: audit::GROUP_CREATE,
    updated: audit::GROUP_UPDATE,
    deleted: audit::GROUP_DELETE,
};

const TAGS: Kind<TagId> = Kind {
    stored: CollectionKind::Tags,
    path: "/v1/tags",
    edit: Action::ManageGroups,
    created: audit::TAG_CREATE,
    updated: audit::TAG_UPDATE,
    deleted: audit::TAG_DELETE,
};

const QUEUES: Kind<QueueId> = Kind {
    stored: CollectionKind::Queues,
    path: "/v1/queues",
    edit: Action::EditSettings,
    created: audit::QUEUE_CREATE,
    updated: audit::QUEUE_UPDATE,
    deleted: audit::QUEUE_DELETE,
};

impl<I: Subject + From<Uuid>> Kind<I> {
    fn allow(&self, caller: &Caller) -> ApiResult<Allowed> {
        caller.allow(self.edit, Object::Organization)
    }

    async fn create(
        &self,
        state: &ApiState,
        caller: &Caller,
        posted: Posted<CollectionForm>,
    ) -> ChangeResult {
        let (mut change, form) = posted.begin(state, caller, self.allow(caller)?).await?;
        let name = form.check(|form, e| form.name.required("/name", e, |v| Name::parse(&v)))?;
        let (organization, id) = (caller.organization, Uuid::now_v7());
        let name = name.as_str();
        let record = collections::insert(change.tx(), self.stored, organization, id, name).await?;
        let shown = Collection::from(record);
        let details = changes(None::<&Collection>, &shown);
        let event = AuditEvent::of(self.created, I::from(id)).details(details);
        let reply = Reply::created(format!("{}/{id}", self.path), &shown)?.etag(shown.version);
        change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
    }

    async fn list(
        &self,
        state: &ApiState,
        caller: &Caller,
        list: ListOf,
    ) -> ApiResult<Json<Page<Collection>>> {
        caller.require(Action::ReadSettings, Object::Organization)?;
        let (paging, _) = list.open(state, caller.organization)?;
        let mut tx = caller.read(state).await?;
        let (after, rows) = (paging.after(), paging.rows());
        let records = collections::list(&mut tx, self.stored, after, rows).await?;
        Ok(paging.page(records, |record| record.id, Collection::from))
    }

    async fn get(&self, state: &ApiState, caller: &Caller, id: I) -> ApiResult<Response> {
        caller.require(Action::ReadSettings, Object::Organization)?;
        let mut tx = caller.read(state).await?;
        let record = collections::get(&mut tx, self.stored, id.id()).await?;
        let record = record.ok_or_else(Problem::not_found)?;
        Ok(versioned(record.version, Collection::from(record)))
    }

    async fn patch(
        &self,
        state: &ApiState,
        caller: &Caller,
        id: I,
        update: Updated<CollectionForm>,
    ) -> ChangeResult {
        let (mut change, update) = update.begin(state, caller, self.allow(caller)?).await?;
        let before = collections::lock(change.tx(), self.stored, id.id()).await?;
        let before = before.ok_or_else(Problem::not_found)?;
        let form = update.matching(before.version)?;
        let name =
            form.check(|form, e| Ok(form.name.replacement("/name", e, |v| Name::parse(&v))))?;
        let name = name.map_or_else(|| before.name.clone(), String::from);
        let after = collections::rename(change.tx(), self.stored, id.id(), &name).await?;
        let (before, after) = (Collection::from(before), Collection::from(after));
        let event = AuditEvent::of(self.updated, id).details(changes(Some(&before), &after));
        let reply = Reply::ok(&after)?.etag(after.version);
        change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
    }

    async fn delete(&self, state: &ApiState, caller: &Caller, id: I) -> ChangeResult {
        let mut change = Change::begin(state, caller, self.allow(caller)?).await?;
        let record = collections::lock(change.tx(), self.stored, id.id()).await?;
        let record = record.ok_or_else(Problem::not_found)?;
        let organization = caller.organization;
        let people = collections::delete(change.tx(), self.stored, organization, id.id()).await?;
        let count = people.len();
        let named = &people[..count.min(MAX_NAMED)];
        let details =
            serde_json::json!({ "name": record.name, "people": named, "people_count": count });
        let event = AuditEvent::of(self.deleted, id).details(details);
        let reply = Reply::no_content();
        change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
    }
}

/// The handlers of one of the three: address, name of each operation, and what it says of itself.
/// Literals are taken as tokens, since `utoipa` reads nothing else.
macro_rules! handlers {
    (
        $module:ident $kind:ident $id:ty, $tag:tt, $all:tt, $one:tt,
        $create:tt $created:tt, $list:tt $listed:tt, $get:tt $got:tt,
        $patch:tt $patched:tt, $delete:tt $deleted:tt
    ) => {
        pub(crate) mod $module {
            use super::{Collection, CollectionForm, Kind, $kind};
            use crate::{
                access::caller::Caller,
                change::{ChangeResult, Posted, Updated},
                http::{
                    pages::{ListOf, Page},
                    problem::ApiResult,
                    query::PathId,
                },
                state::ApiState,
            };
            use axum::{Json, extract::State, response::Response};

            const KIND: Kind<$id> = $kind;

            #[doc = $created]
            #[utoipa::path(post, path = $all, operation_id = $create, tag = $tag,
                        responses((status = 201, description = "Created", body = Collection)))]
            pub(crate) async fn create(
                State(state): State<ApiState>,
                caller: Caller,
                posted: Posted<CollectionForm>,
            ) -> ChangeResult {
                KIND.create(&state, &caller, posted).await
            }

            #[doc = $listed]
            #[utoipa::path(get, path = $all, operation_id = $list, tag = $tag,
                        responses((status = 200, description = "A page", body = Page<Collection>)))]
            pub(crate) async fn list(
                State(state): State<ApiState>,
                caller: Caller,
                list: ListOf,
            ) -> ApiResult<Json<Page<Collection>>> {
                KIND.list(&state, &caller, list).await
            }

            #[doc = $got]
            #[utoipa::path(get, path = $one, operation_id = $get, tag = $tag,
                        responses((status = 200, description = "Found", body = Collection)))]
            pub(crate) async fn get(
                State(state): State<ApiState>,
                caller: Caller,
                PathId(id): PathId<$id>,
            ) -> ApiResult<Response> {
                KIND.get(&state, &caller, id).await
            }

            #[doc = $patched]
            #[utoipa::path(patch, path = $one, operation_id = $patch, tag = $tag,
                        responses((status = 200, description = "Changed", body = Collection)))]
            pub(crate) async fn patch(
                State(state): State<ApiState>,
                caller: Caller,
                PathId(id): PathId<$id>,
                update: Updated<CollectionForm>,
            ) -> ChangeResult {
                KIND.patch(&state, &caller, id, update).await
            }

            #[doc = $deleted]
            #[utoipa::path(delete, path = $one, operation_id = $delete, tag = $tag,
                        responses((status = 204, description = "Removed")))]
            pub(crate) async fn delete(
                State(state): State<ApiState>,
                caller: Caller,
                PathId(id): PathId<$id>,
            ) -> ChangeResult {
                KIND.delete(&state, &caller, id).await
            }
        }
    };
}

handlers!(groups GROUPS nearhand_domain::GroupId, "groups", "/v1/groups", "/v1/groups/{id}",
    "create_group" "Creates a group.",
    "list_groups" "Lists groups in order of creation.",
    "get_group" "One group.",
    "update_group" "Renames a group.",
    "delete_group" "Removes a group together with everybody's membership.");

handlers!(tags TAGS nearhand_domain::TagId, "tags", "/v1/tags", "/v1/tags/{id}",
    "create_tag" "Creates a tag.",
    "list_tags" "Lists tags in order of creation.",
    "get_tag" "One tag.",
    "update_tag" "Renames a tag.",
    "delete_tag" "Removes a tag, also from everybody who is marked with it.");

handlers!(queues QUEUES nearhand_domain::QueueId, "queues", "/v1/queues", "/v1/queues/{id}",
    "create_queue" "Creates a queue of cases.",
    "list_queues" "Lists queues in order of creation.",
    "get_queue" "One queue.",
    "update_queue" "Renames a queue.",
    "delete_queue" "Removes a queue, also from everybody who reaches it.");
