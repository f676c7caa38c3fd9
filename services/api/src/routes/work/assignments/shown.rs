//! An assignment as callers see it. The estimated drive tells where a person was: it is shown to
//! themselves and to those who may see exact positions.

use crate::{access::caller::Caller, http::place::LatLng};
use jiff::Timestamp;
use nearhand_domain::{
    AssignmentId, CaseId, StaffId,
    access::{Action, Object},
};
use nearhand_storage::assignments::AssignmentRecord;
use serde::Serialize;
use utoipa::ToSchema;

/// An assignment: a person holds a slot of a case, for a time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Assignment {
    #[schema(value_type = uuid::Uuid)]
    id: AssignmentId,
    /// Raised by every change; also the ETag.
    version: i64,
    #[schema(value_type = uuid::Uuid)]
    case_id: CaseId,
    case_number: String,
    case_title: String,
    /// Where the case is; null until its address has been found.
    position: Option<LatLng>,
    #[schema(value_type = uuid::Uuid)]
    staff_id: StaffId,
    /// What the person is called.
    staff_name: String,
    /// `assigned`, `en_route`, `on_site`, `done` or `cancelled`.
    #[schema(example = "assigned")]
    state: &'static str,
    /// From when the person is held.
    #[schema(value_type = String, format = DateTime)]
    starts_at: Timestamp,
    /// Until when; done earlier, until then.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    /// The drive that was estimated when work as soon as possible was assigned. Null for a fixed
    /// start, where no place is known, and without `positions:read`.
    eta_min: Option<f64>,
    #[schema(value_type = String, format = DateTime)]
    assigned_at: Timestamp,
    /// Who assigned it.
    #[schema(value_type = uuid::Uuid)]
    assigned_by: StaffId,
    #[schema(value_type = Option<String>, format = DateTime)]
    en_route_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    on_site_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    done_at: Option<Timestamp>,
    #[schema(value_type = Option<String>, format = DateTime)]
    cancelled_at: Option<Timestamp>,
    /// When the person entered the case's site, as the fixes of their phone show.
    #[schema(value_type = Option<String>, format = DateTime)]
    arrived_at: Option<Timestamp>,
    /// When they left it; null while they are there.
    #[schema(value_type = Option<String>, format = DateTime)]
    left_at: Option<Timestamp>,
    /// Why it was taken back.
    cancel_reason: Option<String>,
    /// Why it was assigned although something spoke against it.
    override_reason: Option<String>,
}

impl Assignment {
    /// What a caller sees of it.
    pub(crate) fn shown_to(caller: &Caller, record: AssignmentRecord) -> Self {
        let exact = may_see_drive(caller, record.staff);
        let shown = Self::in_full(record);
        if exact { shown } else { Self { eta_min: None, ..shown } }
    }

    /// All of it: for the audit trail, which seals it.
    pub(super) fn in_full(record: AssignmentRecord) -> Self {
        let progress = record.progress;
        Self {
            id: record.id,
            version: record.version,
            case_id: record.case,
            case_number: record.case_number,
            case_title: record.case_title,
            position: record.position.map(LatLng::from),
            staff_id: record.staff,
            staff_name: record.staff_name,
            state: progress.state.as_str(),
            starts_at: record.held.starts_at,
            ends_at: record.held.ends_at,
            eta_min: record.eta_milli_min.map(drive_min),
            assigned_at: progress.assigned_at,
            assigned_by: record.assigned_by,
            en_route_at: progress.en_route_at,
            on_site_at: progress.on_site_at,
            done_at: progress.done_at,
            cancelled_at: progress.cancelled_at,
            arrived_at: record.arrived_at,
            left_at: record.left_at,
            cancel_reason: record.cancel_reason,
            override_reason: record.override_reason,
        }
    }

    pub(crate) fn id(&self) -> AssignmentId {
        self.id
    }
}

/// Whether a caller may see how long a person drives.
pub(super) fn may_see_drive(caller: &Caller, staff: StaffId) -> bool {
    staff == caller.staff || caller.may(Action::SeeExactPositions, Object::Organization)
}

/// A drive in minutes.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53 thousandths of minutes")]
pub(super) fn drive_min(milli: i64) -> f64 {
    milli as f64 / 1_000.0
}
