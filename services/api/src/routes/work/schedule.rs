//! `GET /v1/schedule`: when people work, are away and are held, and what speaks against what they
//! hold. Must not change anything; assignments are changed where they are.

mod conflicts;
mod times;

use crate::{
    access::caller::Caller,
    http::{
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
    },
    routes::people::staff::{by_email, read_words, require_place},
    state::ApiState,
};
use axum::{Json, extract::State};
use jiff::{SignedDuration, Timestamp};
use nearhand_domain::{
    AssignmentId, CaseId, DepartmentId, GroupId, StaffId, TimeOffId,
    access::{Action, Object},
    clock,
};
use nearhand_storage::{
    organizations,
    staff::{self, StaffFilter, StaffOrder},
};
use serde::{Deserialize, Serialize};
use times::Times;
use utoipa::{IntoParams, ToSchema};

/// The longest time of one answer.
const MAX_DAYS: i64 = 7;
/// The time that is shown unless one is given.
const SHOWN: SignedDuration = SignedDuration::from_hours(24);

/// Whose schedule, and when.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ScheduleQuery {
    /// From this instant on; now unless given. Needed with `cursor`.
    #[param(value_type = Option<String>, example = "2027-03-01T06:00:00Z")]
    from: Option<Timestamp>,
    /// Up to but not including this instant, at most 7 days after `from`; a day after it unless
    /// given.
    #[param(value_type = Option<String>, example = "2027-03-02T06:00:00Z")]
    to: Option<Timestamp>,
    /// Only people of this department, by id.
    #[param(value_type = Option<uuid::Uuid>)]
    department: Option<DepartmentId>,
    /// Only people of this group, by id.
    #[param(value_type = Option<uuid::Uuid>)]
    group: Option<GroupId>,
    /// Only this person.
    #[param(value_type = Option<uuid::Uuid>)]
    staff: Option<StaffId>,
    /// Only people of these words, as `q` of `GET /v1/staff`.
    q: Option<String>,
}

/// A person's time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PersonSchedule {
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    /// What the person is called.
    staff_name: String,
    /// When they work; null if no working hours are recorded, so that they count as always
    /// available.
    working_hours: Option<Vec<Span>>,
    time_off: Vec<Absence>,
    /// What they hold, without what was cancelled; null without `cases:view`.
    assignments: Option<Vec<HeldWork>>,
}

/// A time, cut to the time that was asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Span {
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

/// An absence, in full.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Absence {
    #[schema(value_type = uuid::Uuid)]
    id: TimeOffId,
    /// First instant away.
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// First instant back.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
}

/// An assignment, in full.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HeldWork {
    #[schema(value_type = uuid::Uuid)]
    id: AssignmentId,
    /// For `If-Match`, when it is changed.
    version: i64,
    #[schema(value_type = uuid::Uuid)]
    case_id: CaseId,
    case_number: String,
    case_title: String,
    /// `assigned`, `en_route`, `on_site` or `done`.
    #[schema(example = "assigned")]
    state: &'static str,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// What speaks against it while it is open: `excluded_by_client`, `not_on_required_panel`,
    /// `time_off`, `double_booked`, `outside_working_hours`.
    conflicts: Vec<&'static str>,
    /// Why it was assigned although something spoke against it.
    override_reason: Option<String>,
}

/// Shows when people work, are away and are held, by name, a page of people at a time.
///
/// Working hours are instants, resolved in each person's time zone. An open assignment says what
/// speaks against it, in the words of recommendations' rules; conflicts with what lies outside of
/// the time that was asked for are found, too. Only active people are shown.
#[utoipa::path(get, path = "/v1/schedule", operation_id = "get_schedule", tag = "assignments",
    responses((status = 200, description = "A page", body = Page<PersonSchedule>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf<ScheduleQuery>,
) -> ApiResult<Json<Page<PersonSchedule>>> {
    let scope = caller.people_scope(Action::ListStaff)?;
    let (paging, query) = list.open(&state, caller.organization)?;
    if query.from.is_none() && paging.after::<StaffId>().is_some() {
        let detail = "must be sent with `cursor`, as for the first page: else each page would begin at another instant";
        return Err(Problem::field("/from", "required", detail));
    }
    let (from, to) = query.span()?;
    let mut tx = caller.read(&state).await?;
    let (after, rows) = (paging.after(), paging.rows());
    let filter = query.filter(&caller)?;
    require_place(&mut tx, filter.order, after).await?;
    let people = staff::list(&mut tx, &filter, scope, after, rows).await?;
    let zone = organizations::get(&mut tx, false).await?.time_zone;
    let with_work = caller.may(Action::ReadAssignments, Object::Organization);
    let mut times = Times::read(&mut tx, &people, (from, to), with_work).await?;
    drop(tx);
    Ok(paging.page(people, |person| person.id.0, |person| times.of(person, &zone)))
}

impl ScheduleQuery {
    fn span(&self) -> ApiResult<(Timestamp, Timestamp)> {
        let from = self.from.unwrap_or_else(clock::now);
        let to = self.to.unwrap_or_else(|| from.checked_add(SHOWN).unwrap_or(Timestamp::MAX));
        if to <= from {
            return Err(Problem::field("/to", "invalid", "must be after `from`"));
        }
        if to.duration_since(from) > SignedDuration::from_hours(24 * MAX_DAYS) {
            let detail = format!("must be at most {MAX_DAYS} days after `from`");
            return Err(Problem::field("/to", "invalid", detail));
        }
        Ok((from, to))
    }

    fn filter(&self, caller: &Caller) -> ApiResult<StaffFilter> {
        Ok(StaffFilter {
            words: read_words(self.q.as_deref())?,
            by_email: by_email(caller),
            active: Some(true),
            department: self.department,
            group: self.group,
            ids: self.staff.map(|staff| vec![staff]),
            order: StaffOrder::Name,
            ..StaffFilter::default()
        })
    }
}
