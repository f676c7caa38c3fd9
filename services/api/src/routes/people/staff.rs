//! `/v1/staff`: create, list, read and change people, and reset their passwords.

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Empty, Forget, Outcome, Posted, Updated},
    http::{
        body::Form,
        codes::Code,
        pages::{ListOf, Page},
        place::LatLng,
        problem::{ApiResult, Problem},
        query::PathId,
        reply::{Reply, versioned},
    },
    routes::people::{
        reach,
        staff_form::{self, Language, Licence, Shift, Skill, StaffForm},
    },
    state::ApiState,
};
use axum::{Json, extract::State, response::Response};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use nearhand_domain::{
    StaffId,
    access::{AccessLevel, Action, AdminRole, Object},
    audit, clock,
    password::generate_password,
    text::{login_key, search_words},
};
use nearhand_storage::{
    audit::{AuditEvent, create_person_key},
    devices, sessions,
    staff::{self, StaffFilter, StaffRecord},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
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
#[into_params(parameter_in = Query)]
pub(crate) struct StaffQuery {
    /// Each of its words must begin a word of their names, user name, account code or, with
    /// `staff.pii:read`, e-mail address, without regard to case, accents and normal form.
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
        let full = caller.may(Action::ReadPersonalDetails, Object::staff(record.id));
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

/// Creates a person.
#[utoipa::path(post, path = "/v1/staff", operation_id = "create_staff", tag = "staff",
    responses((status = 201, description = "Created", body = Staff)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<StaffForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::CreateStaff, Object::Organization)?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let mut record = form.check(|form, e| form.apply(staff_form::blank(), today(), e))?;
    let id = record.id;
    caller.require(Action::CreateStaff, Object::staff_with(id, record.admin_role))?;
    record.created_at = clock::now();
    staff::insert(change.tx(), caller.organization, &record).await?;
    create_person_key(change.tx(), caller.organization, id).await?;
    let event = changed(AuditEvent::of(audit::STAFF_CREATE, id), None, &record);
    let shown = Staff::shown_to(&caller, record);
    let reply = Reply::created(format!("/v1/staff/{id}"), &shown)?.etag(1).about(id);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Lists people in order of creation.
#[utoipa::path(get, path = "/v1/staff", operation_id = "list_staff", tag = "staff",
    responses((status = 200, description = "A page", body = Page<Staff>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf<StaffQuery>,
) -> ApiResult<Json<Page<Staff>>> {
    caller.require(Action::ListStaff, Object::Organization)?;
    let (paging, query) = list.open(&state, caller.organization)?;
    let by_email = caller.may(Action::ReadPersonalDetails, Object::Organization);
    let filter = filter(&query, by_email)?;
    let mut tx = caller.read(&state).await?;
    let records = staff::list(&mut tx, &filter, paging.after(), paging.rows()).await?;
    Ok(paging.page(records, |record| record.id.0, |record| Staff::shown_to(&caller, record)))
}

fn filter(query: &StaffQuery, by_email: bool) -> ApiResult<StaffFilter> {
    let bad =
        |name: &str| Problem::new(Code::MalformedQuery, format!("`{name}` holds an unknown word"));
    let asked = query.q.as_deref().unwrap_or_default().trim();
    let words = search_words(asked);
    if asked.contains(char::is_control) || (words.is_empty() && !asked.is_empty()) {
        let detail = "`q` must hold letters or digits, and no control characters";
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
        words,
        by_email,
    })
}

/// One person.
#[utoipa::path(get, path = "/v1/staff/{id}", operation_id = "get_staff", tag = "staff",
    responses((status = 200, description = "The person", body = Staff)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ApiResult<Response> {
    caller.require(Action::ReadStaff, Object::staff(id))?;
    let mut tx = caller.read(&state).await?;
    let record = staff::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    Ok(versioned(record.version, Staff::shown_to(&caller, record)))
}

/// Changes a person: what is left out stays, null clears.
#[utoipa::path(patch, path = "/v1/staff/{id}", operation_id = "update_staff", tag = "staff",
    responses((status = 200, description = "Changed", body = Staff)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    update: Updated<StaffForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditStaff, Object::staff(id))?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let before = reach::lock(change.tx(), &caller, Action::EditStaff, id).await?;
    let form = update.matching(before.version)?;
    let mut after = form.check(|form, e| form.apply(before.clone(), today(), e))?;
    caller.require(Action::EditStaff, Object::staff_with(id, after.admin_role))?;
    check_change(&mut change, &caller, &before, &after).await?;
    after.version = staff::update(change.tx(), caller.organization, &before, &after).await?;
    if access_moved(&before, &after) {
        sessions::end_all(change.tx(), caller.organization, id).await?;
    }
    if before.active && !after.active {
        // They stay dead when the person comes back.
        devices::revoke_all(change.tx(), id, clock::now()).await?;
    }
    let event = changed(AuditEvent::of(audit::STAFF_UPDATE, id), Some(&before), &after);
    let version = after.version;
    let reply = Reply::ok(&Staff::shown_to(&caller, after))?.etag(version);
    change.commit(Outcome { event: Some(event), forget: Forget::Person(id), reply }).await
}

fn access_moved(before: &StaffRecord, after: &StaffRecord) -> bool {
    (before.active, before.access_level, before.admin_role)
        != (after.active, after.access_level, after.admin_role)
}

/// What a change must not do: touch access without the right, move an e-mail address somebody
/// logs in with, or leave the organisation without an account admin.
async fn check_change(
    change: &mut Change,
    caller: &Caller,
    before: &StaffRecord,
    after: &StaffRecord,
) -> ApiResult<()> {
    let person = Object::staff(before.id);
    let email_moved = email_key(before) != email_key(after);
    if access_moved(before, after) || email_moved {
        caller.require(Action::ManageStaff, person)?;
    }
    if (before.home, before.birth_date) != (after.home, after.birth_date) {
        caller.require(Action::EditPersonalDetails, person)?;
    }
    let tx = change.tx();
    if email_moved && sessions::credential(tx, before.id).await?.is_some() {
        let detail =
            "somebody logs in with it; move it by an e-mail change confirmed from the new address";
        return Err(Problem::field("/email", "immutable_field", detail));
    }
    let can_admin = |r: &StaffRecord| r.active && r.admin_role == AdminRole::AccountAdmin;
    if can_admin(before) && !can_admin(after) {
        require_other_account_admin(change, caller, before.id).await?;
    }
    Ok(())
}

/// By what e-mail addresses are compared: another spelling of one is no change.
fn email_key(record: &StaffRecord) -> Option<String> {
    record.email.as_deref().map(login_key)
}

/// Refuses what would leave the organisation without an account admin who can log in.
async fn require_other_account_admin(
    change: &mut Change,
    caller: &Caller,
    than: StaffId,
) -> ApiResult<()> {
    if staff::other_account_admin(change.tx(), caller.organization, than).await? {
        return Ok(());
    }
    let detail = "make somebody else an account admin first, with a password of their own";
    Err(Problem::new(Code::LastAccountAdmin, detail))
}

/// Generates a temporary password, shown once; every session of the person ends.
#[utoipa::path(post, path = "/v1/staff/{id}/password", operation_id = "reset_staff_password",
    tag = "staff", responses((status = 201, description = "Shown once", body = TemporaryPassword)))]
pub(crate) async fn reset_password(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    posted: Posted<Empty>,
) -> ChangeResult {
    let allowed = caller.allow(Action::ManageStaff, Object::staff(id))?;
    if id == caller.staff {
        let detail = "it needs your present one: use POST /v1/me/password";
        return Err(Problem::new(Code::OwnPassword, detail).into());
    }
    // Hashed first: a transaction must not wait for its turn to hash.
    let password = generate_password();
    let hash = state.passwords().hash(password.clone()).await?;
    let mut change = posted.begin_empty(&state, &caller, allowed).await?;
    let record = reach::lock(change.tx(), &caller, Action::ManageStaff, id).await?;
    if record.access_level == AccessLevel::Disabled {
        let detail = "they cannot log in; raise access_level first";
        return Err(Problem::field("/access_level", "access_disabled", detail).into());
    }
    if record.admin_role == AdminRole::AccountAdmin {
        // A temporary password dies, and with it could the last way in.
        require_other_account_admin(&mut change, &caller, id).await?;
    }
    let now = clock::now();
    let expires_at = now + state.config().temporary_password_ttl;
    let (organization, tx) = (caller.organization, change.tx());
    sessions::set_password(tx, organization, id, &hash, Some(expires_at), now).await?;
    sessions::end_all(tx, organization, id).await?;
    let event = AuditEvent::of(audit::STAFF_PASSWORD_RESET, id);
    let body = TemporaryPassword { password, expires_at };
    let reply = Reply::created(format!("/v1/staff/{id}"), &body)?.secret();
    change.commit(Outcome { event: Some(event), forget: Forget::Person(id), reply }).await
}

/// Today in UTC plus a day: nobody east of here is told that today is the future.
fn today() -> Date {
    let today = clock::now().to_zoned(TimeZone::UTC).date();
    today.tomorrow().unwrap_or(today)
}

/// With the names of the fields that differ in the open, and their values sealed.
fn changed(event: AuditEvent, before: Option<&StaffRecord>, after: &StaffRecord) -> AuditEvent {
    let values = |record: &StaffRecord| {
        serde_json::to_value(Staff::shown_in_full(record.clone())).unwrap_or_default()
    };
    let (old, new) = (before.map(values).unwrap_or_default(), values(after));
    let fields = new.as_object().into_iter().flatten();
    let changed: Vec<&String> =
        fields.filter(|(name, value)| old.get(name) != Some(value)).map(|(name, _)| name).collect();
    let pick = |from: &Value| -> Map<String, Value> {
        let value = |name: &&String| Some(((*name).clone(), from.get(*name)?.clone()));
        changed.iter().filter_map(value).collect()
    };
    let personal = serde_json::json!({ "before": pick(&old), "after": pick(&new) });
    event.details(serde_json::json!({ "fields": changed })).personal(after.id, personal)
}
