//! Judges an assignment that is asked for: what it would be, and everything that speaks against it.
//! Must run under the locks of case and people, and must not change them.

use super::{
    by::By,
    drive,
    form::{Ask, PatchAsk},
    locked::Locked,
    rules::{self, Against},
    write,
};
use crate::{http::problem::ApiResult, state::ApiState};
use jiff::{SignedDuration, Timestamp};
use nearhand_domain::{
    assignment::{HeldTime, Mover, Progress},
    clock,
};
use nearhand_storage::{
    Tx,
    assignments::{AssignedCase, AssignmentRecord},
    staff::StaffRecord,
};

/// Who asks, and when.
pub(super) struct Judge<'a> {
    pub(super) state: &'a ApiState,
    pub(super) by: By<'a>,
    pub(super) now: Timestamp,
    /// The address that was asked, for the record of reads.
    pub(super) route: &'static str,
}

/// What a new assignment would hold, and what speaks against it.
pub(super) struct Judged {
    pub(super) held: HeldTime,
    /// The drive in it, in thousandths of minutes.
    pub(super) eta_milli_min: Option<i64>,
    /// In the order in which it is refused.
    pub(super) against: Vec<Against>,
}

impl<'a> Judge<'a> {
    /// Judges now.
    pub(super) fn new(state: &'a ApiState, by: By<'a>, route: &'static str) -> Self {
        Self { state, by, now: clock::now(), route }
    }

    /// Judges a new assignment.
    pub(super) async fn assigned(
        &self,
        tx: &mut Tx,
        case: &AssignedCase,
        person: &StaffRecord,
        ask: &Ask,
    ) -> ApiResult<Judged> {
        let mut against = Vec::new();
        against.extend(rules::closed(case));
        against.extend(rules::inactive(person));
        against.extend(rules::already_held(tx, case, person.id).await?);
        against.extend(rules::full(tx, case).await?);
        against.extend(rules::client(tx, case, person.id).await?);
        let (held, eta_milli_min) = self.held(tx, case, person, ask).await?;
        against.extend(rules::taken(tx, person.id, held, None, self.now).await?);
        Ok(Judged { held, eta_milli_min, against })
    }

    /// The time that is held, and the drive in it.
    async fn held(
        &self,
        tx: &mut Tx,
        case: &AssignedCase,
        person: &StaffRecord,
        ask: &Ask,
    ) -> ApiResult<(HeldTime, Option<i64>)> {
        let minutes = ask.duration_min.unwrap_or(case.duration_min);
        let duration = SignedDuration::from_mins(i64::from(minutes));
        if let Some(starts_at) = ask.starts_at.or(case.starts_at) {
            return Ok((HeldTime::at(starts_at, duration), None));
        }
        let eta = drive::estimate(self, tx, person, case.position).await?;
        Ok((HeldTime::soon(self.now, drive::duration(eta.unwrap_or(0)), duration), eta))
    }

    /// Judges a change of an assignment: returns it as it would be, and what speaks against that.
    pub(super) async fn changed(
        &self,
        tx: &mut Tx,
        locked: &Locked,
        ask: &PatchAsk,
    ) -> ApiResult<(AssignmentRecord, Vec<Against>)> {
        let before = &locked.before;
        let mut after = before.clone();
        if asks_nothing_new(before, ask) {
            return Ok((after, Vec::new()));
        }
        if let Some(ended) = rules::ended(before) {
            return Ok((after, vec![ended]));
        }
        let mut against = Vec::new();
        if let Some(person) = &locked.next {
            against.extend(rules::closed(&locked.case));
            against.extend(rules::inactive(person));
            against.extend(rules::already_held(tx, &locked.case, person.id).await?);
            against.extend(rules::client(tx, &locked.case, person.id).await?);
            self.give_to(&mut after, person);
            if before.eta_milli_min.is_some() {
                let eta = drive::estimate(self, tx, person, locked.case.position).await?;
                let drive = drive::duration(eta.unwrap_or(0));
                after.held = HeldTime::soon(self.now, drive, work_of(before));
                after.eta_milli_min = eta;
            }
        }
        set_times(&mut after, &ask.times);
        if let Some(to) = ask.state {
            match write::move_to(after.clone(), to, Mover::Scheduler, self.now) {
                Ok(moved) => after = moved,
                Err(problem) => against.push(Against::Refusal(problem)),
            }
            after.cancel_reason.clone_from(&ask.cancel_reason);
        }
        let moved = (after.staff, after.held) != (before.staff, before.held);
        if moved && after.progress.state.is_open() {
            let (staff, held, id) = (after.staff, after.held, Some(after.id));
            against.extend(rules::taken(tx, staff, held, id, self.now).await?);
        }
        Ok((after, against))
    }

    /// What speaks against an assignment as it is.
    pub(super) async fn standing(&self, tx: &mut Tx, locked: &Locked) -> ApiResult<Vec<Against>> {
        let AssignmentRecord { id, staff, held, .. } = locked.before;
        let mut against = Vec::new();
        against.extend(rules::client(tx, &locked.case, staff).await?);
        against.extend(rules::taken(tx, staff, held, Some(id), self.now).await?);
        Ok(against)
    }

    /// Another person begins anew.
    fn give_to(&self, record: &mut AssignmentRecord, person: &StaffRecord) {
        record.staff = person.id;
        record.staff_name.clone_from(&person.display_name);
        record.progress = Progress::assigned(self.now);
        (record.arrived_at, record.left_at) = (None, None);
        record.assigned_by = self.by.author();
        record.override_reason = None;
    }
}

/// Whether a change says nothing but what is so already.
pub(super) fn asks_nothing_new(before: &AssignmentRecord, ask: &PatchAsk) -> bool {
    let same_person = ask.staff.is_none_or(|staff| staff == before.staff);
    let same_state = ask.state.is_none_or(|state| state == before.progress.state);
    let same_times = ask.times.starts_at.is_none() && ask.times.duration_min.is_none();
    same_person && same_state && same_times && ask.cancel_reason.is_none()
}

/// The work in a held time, without the drive.
fn work_of(record: &AssignmentRecord) -> SignedDuration {
    let all = record.held.ends_at.duration_since(record.held.starts_at);
    let work = all - drive::duration(record.eta_milli_min.unwrap_or(0));
    work.max(SignedDuration::ZERO)
}

fn set_times(record: &mut AssignmentRecord, times: &Ask) {
    let minutes = times.duration_min.map(|minutes| SignedDuration::from_mins(i64::from(minutes)));
    let work = minutes.unwrap_or_else(|| work_of(record));
    if let Some(starts_at) = times.starts_at {
        record.held = HeldTime::at(starts_at, work);
        record.eta_milli_min = None;
    } else if minutes.is_some() {
        let drive = drive::duration(record.eta_milli_min.unwrap_or(0));
        record.held = HeldTime::soon(record.held.starts_at, drive, work);
    }
}
