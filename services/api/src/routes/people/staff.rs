//! `/v1/staff`: create, list, read and change people, and reset their passwords.

use crate::{
    access::caller::Caller,
    http::{
        body::JsonBody,
        codes::Code,
        problem::{ApiResult, Problem, ProblemDocument},
        query::{PathId, QueryOf, list_name, page_limit},
        reply::{IdempotencyKey, NO_BODY, Reply, require_match, versioned},
    },
    routes::{
        location::place::LatLng,
        people::staff_form::{self, Language, Licence, Shift, Skill, StaffForm},
    },
    state::ApiState,
};
use axum::{Json, extract::State, http::HeaderMap, response::Response};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use nearhand_domain::{
    StaffId,
    access::{AccessLevel, AdminRole, Permission, role_permissions},
    clock,
    password::generate_password,
};
use nearhand_storage::{
    StorageError, Tx,
    audit::{self, AuditEvent},
    sessions,
    staff::{self, StaffFilter, StaffRecord},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// A person. `home`, `birth_date` and `email` are shown only with `staff.pii:read`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Staff {
    #[schema(value_type = uuid::Uuid)]
    id: StaffId,
    /// Raised by every change; also the ETag.
    version: i64,
    first_name: Option<String>,
    last_name: Option<String>,
    /// What colleagues and customers see.
    display_name: String,
    username: Option<String>,
    email: Option<String>,
    kind: String,
    active: bool,
    access_level: String,
    admin_role: String,
    language: String,
    account_code: Option<String>,
    #[schema(value_type = Option<String>, format = Date)]
    birth_date: Option<Date>,
    home: Option<LatLng>,
    time_zone: Option<String>,
    /// Null: not recorded, always available.
    working_hours: Option<Vec<Shift>>,
    max_travel_km: Option<f64>,
    skills: Vec<Skill>,
    licences: Vec<Licence>,
    languages: Vec<Language>,
    /// Whether tracking is permitted at present.
    tracked: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// A page of people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StaffPage {
    items: Vec<Staff>,
    /// For the next page; null at the end.
    next_cursor: Option<String>,
}

/// A password, shown once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemporaryPassword {
    /// Must be changed at the first login.
    password: String,
    /// After this it no longer works.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
}

/// Which people to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaffQuery {
    /// 1 to 200, 50 unless given.
    limit: Option<i64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Display name starts with this.
    q: Option<String>,
    /// Only active or inactive people.
    active: Option<bool>,
    /// Only this `admin_role`.
    role: Option<String>,
    /// Only this access level.
    access_level: Option<String>,
}

impl Staff {
    /// What the caller may see of a person: everything of oneself, details of others only with
    /// `staff.pii:read`.
    pub(crate) fn shown_to(caller: &Caller, record: StaffRecord) -> Self {
        let full = caller.may(Permission::StaffPiiRead) || caller.staff == record.id;
        let shown = Self::shown_in_full(record);
        if full { shown } else { Self { email: None, birth_date: None, home: None, ..shown } }
    }

    fn shown_in_full(record: StaffRecord) -> Self {
        let shift = |s: nearhand_domain::schedule::WeeklyShift| Shift {
            weekday: s.weekday,
            start_min: s.start_min,
            end_min: s.end_min,
        };
        Self {
            id: record.id,
            version: record.version,
            first_name: record.first_name,
            last_name: record.last_name,
            display_name: record.display_name,
            username: record.username,
            email: record.email,
            kind: record.kind,
            active: record.active,
            access_level: record.access_level.to_string(),
            admin_role: record.admin_role.to_string(),
            language: record.language,
            account_code: record.account_code,
            birth_date: record.birth_date,
            home: record.home.map(LatLng::from),
            time_zone: record.time_zone,
            working_hours: record.working_hours.map(|w| w.into_iter().map(shift).collect()),
            max_travel_km: record.max_travel_km,
            skills: record.skills.into_iter().map(|(code, level)| Skill { code, level }).collect(),
            licences: record
                .licences
                .into_iter()
                .map(|l| Licence {
                    code: l.code,
                    jurisdiction: l.jurisdiction,
                    valid_from: l.valid_from,
                    valid_to: l.valid_to,
                })
                .collect(),
            languages: record
                .languages
                .into_iter()
                .map(|(language, level)| Language { language, level: level.as_str().to_owned() })
                .collect(),
            tracked: record.tracked,
            created_at: record.created_at,
        }
    }
}

/// Refuses to touch anyone whose rights are not a subset of the caller's.
pub(crate) fn require_no_more(caller: &Caller, role: AdminRole) -> ApiResult<()> {
    if role_permissions(role).is_subset_of(caller.permissions) {
        return Ok(());
    }
    let detail = format!("`{role}` may do things that you may not; ask an account admin");
    Err(Problem::new(Code::BeyondOwnRights, detail))
}

/// Creates a person.
#[utoipa::path(post, path = "/v1/staff", tag = "staff", request_body = StaffForm,
    params(("idempotency-key" = Option<String>, Header, description = "Repeats do nothing twice for 24 h")),
    responses((status = 201, description = "Created", body = Staff),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    key: IdempotencyKey,
    JsonBody { value: form, hash }: JsonBody<StaffForm>,
) -> ApiResult<Reply> {
    caller.require_full(Permission::StaffManage)?;
    let mut tx = caller.begin(&state).await?;
    if let Some(reply) = key.replay(&mut tx, &caller, hash).await? {
        return Ok(reply);
    }
    let mut record = staff_form::blank();
    form.apply(&mut record, today())?;
    require_no_more(&caller, record.admin_role)?;
    record.created_at = clock::now();
    staff::insert(&mut tx, caller.organization, &record).await?;
    audit::create_person_key(&mut tx, caller.organization, record.id).await?;
    record_change(&mut tx, &caller, "staff.create", None, &record).await?;
    let id = record.id;
    let body = Staff::shown_to(&caller, record);
    let reply = Reply::created(format!("/v1/staff/{id}"), &body)?.etag(1);
    key.keep(&mut tx, &caller, hash, &reply).await?;
    tx.commit().await.map_err(StorageError::from)?;
    Ok(reply)
}

/// Lists people in order of creation.
#[utoipa::path(get, path = "/v1/staff", tag = "staff", params(StaffQuery), responses(
    (status = 200, description = "A page", body = StaffPage),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    QueryOf(query): QueryOf<StaffQuery>,
) -> ApiResult<Json<StaffPage>> {
    caller.require_full(Permission::StaffView)?;
    let limit = page_limit(query.limit)?;
    let filter = filter(&query)?;
    let filters = BTreeMap::from([("filter", format!("{filter:?}"))]);
    let name = list_name(caller.organization, "staff", &filters);
    let after = state.cursors().open(&name, query.cursor.as_deref())?.map(StaffId);
    let mut tx = caller.begin(&state).await?;
    let mut records = staff::list(&mut tx, &filter, after, limit + 1).await?;
    let more = i64::try_from(records.len()).is_ok_and(|len| len > limit);
    if more {
        records.pop();
    }
    let last = records.last().map(|record| record.id.0).filter(|_| more);
    Ok(Json(StaffPage {
        next_cursor: last.map(|last| state.cursors().seal(&name, last)),
        items: records.into_iter().map(|record| Staff::shown_to(&caller, record)).collect(),
    }))
}

fn filter(query: &StaffQuery) -> ApiResult<StaffFilter> {
    let bad =
        |name: &str| Problem::new(Code::MalformedQuery, format!("`{name}` holds an unknown word"));
    if query.q.as_deref().is_some_and(|q| q.contains(char::is_control)) {
        let detail = "`q` must not contain control characters";
        return Err(Problem::new(Code::MalformedQuery, detail));
    }
    let role = query.role.as_deref();
    let level = query.access_level.as_deref();
    Ok(StaffFilter {
        active: query.active,
        admin_role: role.map(|w| AdminRole::parse(w).ok_or_else(|| bad("role"))).transpose()?,
        access_level: level
            .map(|w| AccessLevel::parse(w).ok_or_else(|| bad("access_level")))
            .transpose()?,
        prefix: query.q.clone(),
    })
}

/// One person.
#[utoipa::path(get, path = "/v1/staff/{id}", tag = "staff", responses(
    (status = 200, description = "The person", body = Staff),
    (status = "4XX", description = "See `code`", body = ProblemDocument)),
    params(("id" = uuid::Uuid, Path)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ApiResult<Response> {
    if id != caller.staff {
        caller.require_full(Permission::StaffView)?;
    }
    let mut tx = caller.begin(&state).await?;
    let record = staff::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    Ok(versioned(record.version, Staff::shown_to(&caller, record)))
}

/// Changes a person: what is left out stays, null clears.
#[utoipa::path(patch, path = "/v1/staff/{id}", tag = "staff", request_body = StaffForm,
    params(("id" = uuid::Uuid, Path), ("if-match" = String, Header, description = "The ETag last read, or `*`")),
    responses((status = 200, description = "Changed", body = Staff),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    headers: HeaderMap,
    JsonBody { value: form, .. }: JsonBody<StaffForm>,
) -> ApiResult<Response> {
    caller.require_full(Permission::StaffEdit)?;
    let mut tx = caller.begin(&state).await?;
    let before = if form.moves_access() {
        staff::lock_with_account_admins(&mut tx, id).await?
    } else {
        staff::lock(&mut tx, id).await?
    };
    let before = before.ok_or_else(Problem::not_found)?;
    require_match(&headers, before.version)?;
    require_no_more(&caller, before.admin_role)?;
    let mut after = before.clone();
    form.apply(&mut after, today())?;
    require_no_more(&caller, after.admin_role)?;
    check_change(&mut tx, &caller, &before, &after).await?;
    after.version = staff::update(&mut tx, caller.organization, &before, &after).await?;
    if access_moved(&before, &after) {
        sessions::end_all(&mut tx, caller.organization, id).await?;
    }
    record_change(&mut tx, &caller, "staff.update", Some(&before), &after).await?;
    tx.commit().await.map_err(StorageError::from)?;
    state.credentials().forget(id.0);
    Ok(versioned(after.version, Staff::shown_to(&caller, after)))
}

fn access_moved(before: &StaffRecord, after: &StaffRecord) -> bool {
    (before.active, before.access_level, before.admin_role)
        != (after.active, after.access_level, after.admin_role)
}

/// What a change must not do: touch access without the right, move an e-mail address somebody
/// logs in with, or leave the organisation without an account admin.
async fn check_change(
    tx: &mut Tx,
    caller: &Caller,
    before: &StaffRecord,
    after: &StaffRecord,
) -> ApiResult<()> {
    if access_moved(before, after) || before.email != after.email {
        caller.require_full(Permission::StaffManage)?;
    }
    let details = (before.home, before.birth_date) != (after.home, after.birth_date);
    if details && caller.staff != after.id {
        caller.require_full(Permission::StaffPiiRead)?;
    }
    if before.email != after.email && sessions::credential(tx, before.id).await?.is_some() {
        let detail =
            "somebody logs in with it; move it by an e-mail change confirmed from the new address";
        return Err(Problem::field("/email", "immutable_field", detail));
    }
    let can_admin = |r: &StaffRecord| r.active && r.admin_role == AdminRole::AccountAdmin;
    if can_admin(before) && !can_admin(after) && !staff::other_account_admin(tx, before.id).await? {
        let detail = "make somebody else an account admin first";
        return Err(Problem::new(Code::LastAccountAdmin, detail));
    }
    Ok(())
}

/// Generates a temporary password, shown once; every session of the person ends.
#[utoipa::path(post, path = "/v1/staff/{id}/password", tag = "staff",
    params(("id" = uuid::Uuid, Path),
    ("idempotency-key" = Option<String>, Header, description = "Repeats do nothing twice for 24 h")),
    responses((status = 201, description = "Shown once", body = TemporaryPassword),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn reset_password(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    key: IdempotencyKey,
) -> ApiResult<Reply> {
    caller.require_full(Permission::StaffManage)?;
    let password = generate_password();
    let hash = state.passwords().hash(password.clone()).await?;
    let mut tx = caller.begin(&state).await?;
    if let Some(reply) = key.replay(&mut tx, &caller, NO_BODY).await? {
        return Ok(reply);
    }
    let record = staff::lock(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    require_no_more(&caller, record.admin_role)?;
    if record.access_level == AccessLevel::Disabled {
        let detail = "they cannot log in; raise access_level first";
        return Err(Problem::field("/access_level", "access_disabled", detail));
    }
    let now = clock::now();
    let expires_at = now + state.config().temporary_password_ttl;
    sessions::set_password(&mut tx, caller.organization, id, &hash, Some(expires_at), now).await?;
    sessions::end_all(&mut tx, caller.organization, id).await?;
    record_change(&mut tx, &caller, "staff.password_reset", None, &record).await?;
    let body = TemporaryPassword { password, expires_at };
    let reply = Reply::created(format!("/v1/staff/{id}"), &body)?.secret();
    key.keep(&mut tx, &caller, NO_BODY, &reply).await?;
    tx.commit().await.map_err(StorageError::from)?;
    state.credentials().forget(id.0);
    Ok(reply)
}

/// Today in UTC plus a day: nobody east of here is told that today is the future.
fn today() -> Date {
    let today = clock::now().to_zoned(TimeZone::UTC).date();
    today.tomorrow().unwrap_or(today)
}

/// Writes the audit entry: the names of the fields in the open, their values sealed.
pub(crate) async fn record_change(
    tx: &mut Tx,
    caller: &Caller,
    action: &'static str,
    before: Option<&StaffRecord>,
    after: &StaffRecord,
) -> ApiResult<()> {
    let values = |record: &StaffRecord| {
        let shown = Staff::shown_in_full(record.clone());
        serde_json::to_value(shown).unwrap_or_default()
    };
    let (old, new) = (before.map(values).unwrap_or_default(), values(after));
    let changed: Vec<&String> = new
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, value)| old.get(name) != Some(value))
        .map(|(name, _)| name)
        .collect();
    let pick = |from: &serde_json::Value| -> serde_json::Map<String, serde_json::Value> {
        changed
            .iter()
            .filter_map(|name| from.get(name).map(|value| ((*name).clone(), value.clone())))
            .collect()
    };
    let personal = serde_json::json!({ "before": pick(&old), "after": pick(&new) });
    let event = AuditEvent {
        action,
        subject_kind: "staff",
        subject: after.id.0,
        details: serde_json::json!({ "fields": changed }),
        personal: Some((after.id, &personal)),
    };
    Ok(audit::record(tx, &caller.audit(), &event).await?)
}
