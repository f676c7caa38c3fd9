//! `POST /v1/staff/batch`: one small change to up to 500 people. Each person is judged and written
//! alone, in one transaction: what is refused for one keeps nobody else from being changed.

use super::change::{settle, write};
use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcomes, Posted},
    http::{
        body::{Field, Form, Unknown, any, forms},
        problem::{ApiResult, Problem},
        reply::Reply,
    },
    routes::people::staff_form::memberships::{self, ReferencedMemberships},
    state::ApiState,
};
use axum::extract::State;
use nearhand_domain::{
    DepartmentId, GroupId, StaffId, TagId,
    access::{Action, Object},
    audit,
    field::{FieldErrors, Reported},
};
use nearhand_storage::{
    audit::AuditEvent,
    staff::{self, MembershipKind, StaffRecord},
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap, HashSet};
use utoipa::ToSchema;
use uuid::Uuid;

/// Most people of one request.
const MAX_PEOPLE: usize = 500;
/// Most ids that one request adds or takes away.
const MAX_IDS: usize = 100;

/// Whom to change, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = StaffBatchInput, example = json!({
    "ids": ["0197f5c6-0000-7000-8000-000000000000"], "set": { "active": false } }))]
pub(crate) struct BatchForm {
    /// People, by id. One that is named twice counts once.
    #[serde(default)]
    #[schema(value_type = Vec<uuid::Uuid>, required, min_items = 1, max_items = 500)]
    ids: Field<Vec<Uuid>>,
    /// What to change of each.
    #[serde(default)]
    #[schema(value_type = SetForm, required)]
    set: Field<SetForm>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// What to change of each person. What is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = StaffBatchSet)]
pub(crate) struct SetForm {
    /// May log in and be assigned.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    active: Field<bool>,
    #[serde(default)]
    #[schema(value_type = Option<MembershipForm>)]
    tags: Field<MembershipForm>,
    #[serde(default)]
    #[schema(value_type = Option<MembershipForm>)]
    groups: Field<MembershipForm>,
    #[serde(default)]
    #[schema(value_type = Option<MembershipForm>)]
    departments: Field<MembershipForm>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// What to add and what to take away.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = MembershipChange)]
pub(crate) struct MembershipForm {
    /// Add these, by id.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>, max_items = 100)]
    add: Field<Vec<Uuid>>,
    /// Take these away, by id.
    #[serde(default)]
    #[schema(value_type = Option<Vec<uuid::Uuid>>, max_items = 100)]
    remove: Field<Vec<Uuid>>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(BatchForm, SetForm, MembershipForm);

/// What became of each person, in the order they were named.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchAnswer {
    results: Vec<BatchResult>,
}

/// What became of one person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchResult {
    #[schema(value_type = uuid::Uuid)]
    id: StaffId,
    /// The HTTP status that changing this person alone would have answered with.
    status: u16,
    /// Why they were not changed; null where they were.
    code: Option<&'static str>,
    /// What happened and how to mend it; null where they were changed.
    detail: Option<String>,
    /// Their version now; null where they were not changed. It is the old one if they were like
    /// that already.
    version: Option<i64>,
}

/// Sets active, tags, groups and departments of up to 500 people.
///
/// Each person has a result of their own; one that is refused keeps nobody else from being changed.
#[utoipa::path(post, path = "/v1/staff/batch", operation_id = "change_staff_batch", tag = "staff",
    responses((status = 207, description = "A result for each person", body = BatchAnswer)))]
pub(crate) async fn change_many(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<BatchForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditStaff, Object::Organization)?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let (ids, wish) = form.check(BatchForm::read)?;
    let missing = wish.wanted().hold(change.tx()).await?;
    missing.conclude(Ok(()))?;
    let batch = run(&mut change, &caller, &ids, &wish).await?;
    let forget = batch.events.iter().map(|(id, _)| Forget::Person(*id)).collect();
    let events = batch.events.into_iter().map(|(_, event)| event).collect();
    let reply = Reply::multi(&BatchAnswer { results: batch.results })?;
    change.commit(Outcomes { events, forget, reply }).await
}

/// What has been done so far.
struct Batch {
    results: Vec<BatchResult>,
    events: Vec<(StaffId, AuditEvent)>,
}

async fn run(
    change: &mut Change,
    caller: &Caller,
    ids: &[StaffId],
    wish: &Wish,
) -> ApiResult<Batch> {
    let people = staff::lock_all(change.tx(), ids).await?;
    let mut people: HashMap<StaffId, StaffRecord> =
        people.into_iter().map(|person| (person.id, person)).collect();
    let mut batch = Batch { results: Vec::with_capacity(ids.len()), events: Vec::new() };
    for id in ids {
        let done = match people.remove(id) {
            Some(person) => one(change, caller, &person, wish).await,
            None => Err(Problem::not_found()),
        };
        batch.results.push(match done {
            Ok((version, event)) => {
                batch.events.extend(event.map(|event| (*id, event)));
                let version = Some(version);
                BatchResult { id: *id, status: 200, code: None, detail: None, version }
            }
            Err(problem) => refused(*id, problem)?,
        });
    }
    Ok(batch)
}

/// A refusal becomes a result; a failure ends the whole request.
fn refused(id: StaffId, problem: Problem) -> ApiResult<BatchResult> {
    let code = problem.code();
    if code.status().is_server_error() {
        return Err(problem);
    }
    let (status, detail) = (code.status().as_u16(), Some(problem.detail().to_owned()));
    Ok(BatchResult { id, status, code: Some(code.as_str()), detail, version: None })
}

/// Changes one person, or leaves no trace of having tried. Returns their version, and the audit
/// entry if anything changed.
async fn one(
    change: &mut Change,
    caller: &Caller,
    before: &StaffRecord,
    wish: &Wish,
) -> ApiResult<(i64, Option<AuditEvent>)> {
    caller.require(Action::EditStaff, before.object())?;
    let after = wish.apply(before.clone());
    let after = settle(change, caller, Some(before), after).await?;
    if after == *before {
        return Ok((before.version, None));
    }
    change.tx().savepoint().await?;
    match write(change, caller, audit::STAFF_BATCH, before, after).await {
        Ok((after, event)) => {
            change.tx().release_savepoint().await?;
            Ok((after.version, Some(event)))
        }
        Err(problem) => {
            change.tx().back_to_savepoint().await?;
            Err(problem)
        }
    }
}

/// What is asked of each person.
#[derive(Debug, Default)]
struct Wish {
    active: Option<bool>,
    tags: Membership,
    groups: Membership,
    departments: Membership,
}

#[derive(Debug, Default)]
struct Membership {
    add: Vec<Uuid>,
    remove: HashSet<Uuid>,
}

impl BatchForm {
    fn read(self, e: &mut FieldErrors) -> Result<(Vec<StaffId>, Wish), Reported> {
        let ids = self.ids.required("/ids", e, |ids| match ids.len() {
            0 => Err("must name at least one person"),
            1..=MAX_PEOPLE => Ok(ids),
            _ => Err("must name at most 500 people; send several requests"),
        });
        let set = self.set.required("/set", e, any);
        let wish = set.and_then(|set| set.check_at("/set", e, SetForm::read));
        let mut seen = HashSet::new();
        let ids = ids?.into_iter().filter(|id| seen.insert(*id)).map(StaffId).collect();
        Ok((ids, wish?))
    }
}

impl SetForm {
    fn read(self, e: &mut FieldErrors) -> Result<Wish, Reported> {
        let fields = [&self.tags, &self.groups, &self.departments];
        if !self.active.is_given() && !fields.iter().any(|field| field.is_given()) {
            let detail = "names nothing to change; give active, tags, groups or departments";
            return Err(e.push("/set", "required", detail));
        }
        let active = self.active.replacement("/set/active", e, any);
        let tags = read_membership(self.tags, "/set/tags", e);
        let groups = read_membership(self.groups, "/set/groups", e);
        let departments = read_membership(self.departments, "/set/departments", e);
        Ok(Wish { active, tags: tags?, groups: groups?, departments: departments? })
    }
}

fn read_membership(
    field: Field<MembershipForm>,
    at: &str,
    e: &mut FieldErrors,
) -> Result<Membership, Reported> {
    let Some(form) = field.optional(at, e, any) else { return Ok(Membership::default()) };
    form.check_at(at, e, |form, e| {
        let few = |ids: Vec<Uuid>| {
            if ids.len() <= MAX_IDS { Ok(ids) } else { Err("must hold at most 100 ids") }
        };
        let add = form.add.optional(&format!("{at}/add"), e, few).unwrap_or_default();
        let remove = form.remove.optional(&format!("{at}/remove"), e, few).unwrap_or_default();
        let remove: HashSet<Uuid> = remove.into_iter().collect();
        if let Some(i) = add.iter().position(|id| remove.contains(id)) {
            let detail = "is to be added and taken away at once";
            return Err(e.push(format!("{at}/add/{i}"), "invalid", detail));
        }
        Ok(Membership { add, remove })
    })
}

impl Wish {
    /// What it adds must exist; to take away what does not is no error.
    fn wanted(&self) -> ReferencedMemberships {
        let mut wanted = ReferencedMemberships::default();
        let lists = [
            (MembershipKind::Departments, "/set/departments/add", &self.departments.add),
            (MembershipKind::Groups, "/set/groups/add", &self.groups.add),
            (MembershipKind::Tags, "/set/tags/add", &self.tags.add),
        ];
        for (kind, pointer, ids) in lists {
            wanted.add(kind, pointer, ids.clone());
        }
        wanted
    }

    fn apply(&self, mut person: StaffRecord) -> StaffRecord {
        person.active = self.active.unwrap_or(person.active);
        self.tags.apply(&mut person.tags, |TagId(id)| id);
        self.groups.apply(&mut person.groups, |GroupId(id)| id);
        self.departments.apply(&mut person.departments, |DepartmentId(id)| id);
        memberships::settle_primary(&mut person);
        person
    }
}

impl Membership {
    fn apply<T: From<Uuid> + Ord + Copy>(&self, target: &mut Vec<T>, id: impl Fn(T) -> Uuid) {
        let mut ids: BTreeSet<T> = target.iter().copied().collect();
        ids.retain(|one| !self.remove.contains(&id(*one)));
        ids.extend(self.add.iter().copied().map(T::from));
        *target = ids.into_iter().collect();
    }
}
