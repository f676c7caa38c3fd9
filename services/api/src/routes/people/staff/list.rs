//! `GET /v1/staff`: who there is, by what they are called, what they may do and where they belong.

use super::Staff;
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
use nearhand_domain::{
    DepartmentId, GroupId, QueueId, RegionId, RoleId, ServiceId, StaffId, TagId,
    access::{AccessLevel, Action, AdminRole, Object},
    text::search_words,
};
use nearhand_storage::{
    Tx,
    staff::{self, Deleted, StaffFilter, StaffOrder},
};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which people to list. Conditions count together.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StaffQuery {
    /// Each of its words must begin a word of their names, user name, account code or, with
    /// `staff.pii:read`, e-mail address, without regard to case, accents and normal form.
    q: Option<String>,
    /// Only active or inactive people.
    active: Option<bool>,
    /// Only this `admin_role`, or this role of the organisation's own, by id.
    role: Option<String>,
    /// Only this access level.
    access_level: Option<String>,
    /// `only` or `with`: people who are deleted as well. Needs `staff:manage`.
    deleted: Option<String>,
    /// Only of this department, by id.
    #[param(value_type = Option<uuid::Uuid>)]
    department: Option<DepartmentId>,
    /// Only of this group, by id.
    #[param(value_type = Option<uuid::Uuid>)]
    group: Option<GroupId>,
    /// Only with this tag, by id.
    #[param(value_type = Option<uuid::Uuid>)]
    tag: Option<TagId>,
    /// Only with this queue, by id.
    #[param(value_type = Option<uuid::Uuid>)]
    queue: Option<QueueId>,
    /// `employee` or `external`.
    kind: Option<String>,
    /// State of the last invitation: `pending`, `accepted`, `expired`, `revoked`, or `none`.
    invitation: Option<String>,
    /// State of the mail of the last invitation: `queued`, `sending`, `sent` or `failed`.
    invitation_mail: Option<String>,
    /// Only those who stated a preference other than `never` for this service, by id.
    #[param(value_type = Option<uuid::Uuid>)]
    service: Option<ServiceId>,
    /// Only those who stated a preference other than `never` for this region, by id.
    #[param(value_type = Option<uuid::Uuid>)]
    region: Option<RegionId>,
    /// Only those who may be tracked, or may not.
    tracked: Option<bool>,
    /// Only those with this skill, by its code, without regard to case.
    skill: Option<String>,
    /// `created`, `-created` (the newest first) or `name`; `created` unless given.
    #[param(example = "name")]
    sort: Option<String>,
}

/// Lists people, unless asked otherwise in order of creation.
#[utoipa::path(get, path = "/v1/staff", operation_id = "list_staff", tag = "staff",
    responses((status = 200, description = "A page", body = Page<Staff>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf<StaffQuery>,
) -> ApiResult<Json<Page<Staff>>> {
    let scope = caller.people_scope(Action::ListStaff)?;
    let (paging, query) = list.open(&state, caller.organization)?;
    let filter = filter(&query, by_email(&caller))?;
    if filter.deleted != Deleted::Without {
        caller.require(Action::ListDeletedStaff, Object::Organization)?;
    }
    let mut tx = caller.read(&state).await?;
    require_place(&mut tx, filter.order, paging.after()).await?;
    let records = staff::list(&mut tx, &filter, scope, paging.after(), paging.rows()).await?;
    Ok(paging.page(records, |record| record.id.0, |record| Staff::shown_to(&caller, record)))
}

/// Refuses to go on by name after somebody who has been erased since: nobody knows where that was.
pub(crate) async fn require_place(
    tx: &mut Tx,
    order: StaffOrder,
    after: Option<StaffId>,
) -> ApiResult<()> {
    let Some(after) = after.filter(|_| order == StaffOrder::Name) else { return Ok(()) };
    if staff::get_any(tx, after).await?.is_some() {
        return Ok(());
    }
    let detail = "the last person of the page before has been erased; begin the list anew";
    Err(Problem::new(Code::InvalidCursor, detail))
}

/// Whether words of e-mail addresses count.
pub(crate) fn by_email(caller: &Caller) -> bool {
    caller.may(Action::ReadPersonalDetails, Object::Organization)
}

/// Reads the words of `q`.
pub(crate) fn read_words(q: Option<&str>) -> ApiResult<Vec<String>> {
    let asked = q.unwrap_or_default().trim();
    let words = search_words(asked);
    if asked.contains(char::is_control) || (words.is_empty() && !asked.is_empty()) {
        let detail = "`q` must hold letters or digits, and no control characters";
        return Err(Problem::new(Code::MalformedQuery, detail));
    }
    Ok(words)
}

/// Reads the conditions.
pub(crate) fn filter(query: &StaffQuery, by_email: bool) -> ApiResult<StaffFilter> {
    let words = read_words(query.q.as_deref())?;
    let role = query.role.as_deref();
    let own_role = role.and_then(|word| word.parse::<RoleId>().ok());
    let built_in = role.filter(|_| own_role.is_none());
    let deleted = one_of("deleted", query.deleted.as_deref(), &["only", "with"])?;
    let states = ["pending", "accepted", "expired", "revoked", "none"];
    let mails = ["queued", "sending", "sent", "failed"];
    let mail = one_of("invitation_mail", query.invitation_mail.as_deref(), &mails)?;
    Ok(StaffFilter {
        deleted: match deleted {
            None => Deleted::Without,
            Some("only") => Deleted::Only,
            Some(_) => Deleted::With,
        },
        active: query.active,
        admin_role: known("role", built_in, AdminRole::parse)?,
        role: own_role,
        access_level: known("access_level", query.access_level.as_deref(), AccessLevel::parse)?,
        kind: one_of("kind", query.kind.as_deref(), &["employee", "external"])?.map(str::to_owned),
        department: query.department,
        group: query.group,
        tag: query.tag,
        queue: query.queue,
        service: query.service,
        region: query.region,
        invitation: one_of("invitation", query.invitation.as_deref(), &states)?.map(str::to_owned),
        invitation_mail: mail.map(str::to_owned),
        tracked: query.tracked,
        skill: query.skill.clone(),
        order: known("sort", query.sort.as_deref(), StaffOrder::parse)?.unwrap_or_default(),
        words,
        by_email,
        ids: None,
    })
}

fn known<T>(
    name: &str,
    word: Option<&str>,
    parse: impl Fn(&str) -> Option<T>,
) -> ApiResult<Option<T>> {
    let unknown = || Problem::new(Code::MalformedQuery, format!("`{name}` holds an unknown word"));
    word.map(|word| parse(word).ok_or_else(unknown)).transpose()
}

fn one_of<'a>(name: &str, word: Option<&'a str>, words: &[&str]) -> ApiResult<Option<&'a str>> {
    match word {
        Some(word) if !words.contains(&word) => {
            let detail = format!("`{name}` must be one of {}", words.join(", "));
            Err(Problem::new(Code::MalformedQuery, detail))
        }
        word => Ok(word),
    }
}
