//! What people have in the time that was asked for and, where that reaches beyond it, around it.

use super::{
    Absence, HeldWork, PersonSchedule, Span,
    conflicts::{Around, busy, conflicts},
};
use crate::http::problem::ApiResult;
use jiff::Timestamp;
use nearhand_domain::{AssignmentId, StaffId, assignment::HeldTime, clock, time::Interval};
use nearhand_recommend::Rule;
use nearhand_storage::{
    Tx,
    assignments::{self, AssignmentRecord, ClientObjection},
    staff::StaffRecord,
    time_off::{self, TimeOffRecord},
};
use std::{collections::HashMap, hash::Hash};

/// Of the people of a page.
pub(super) struct Times {
    now: Timestamp,
    /// What was asked for.
    window: HeldTime,
    /// From the beginning of the first assignment in the window to the end of the last.
    whole: HeldTime,
    absences: HashMap<StaffId, Vec<TimeOffRecord>>,
    /// Without `cases:view` there is none.
    work: Option<HashMap<StaffId, Vec<AssignmentRecord>>>,
    objected: HashMap<AssignmentId, ClientObjection>,
}

impl Times {
    /// Reads what they have in `[from, to)`.
    pub(super) async fn read(
        tx: &mut Tx,
        people: &[StaffRecord],
        (from, to): (Timestamp, Timestamp),
        with_work: bool,
    ) -> ApiResult<Self> {
        let now = clock::now();
        let ids: Vec<StaffId> = people.iter().map(|person| person.id).collect();
        let window = HeldTime { starts_at: from, ends_at: to };
        let (mut whole, mut work, mut objected) = (window, None, HashMap::new());
        if with_work {
            for record in assignments::of_people(tx, &ids, (from, to), now).await? {
                let held = busy(&record, now);
                whole.starts_at = whole.starts_at.min(held.starts_at);
                whole.ends_at = whole.ends_at.max(held.ends_at);
            }
            // A second read finds what overlaps these assignments outside of the window.
            let around = (whole.starts_at, whole.ends_at);
            let records = assignments::of_people(tx, &ids, around, now).await?;
            let found: Vec<AssignmentId> = records.iter().map(|record| record.id).collect();
            objected = assignments::objected(tx, &found).await?;
            work = Some(grouped(records.into_iter().map(|record| (record.staff, record))));
        }
        let away = time_off::of_people(tx, &ids, whole.starts_at, whole.ends_at).await?;
        Ok(Self { now, window, whole, absences: grouped(away), work, objected })
    }

    /// What one person has. `zone` is the organisation's time zone.
    pub(super) fn of(&mut self, person: StaffRecord, zone: &str) -> PersonSchedule {
        let hours = person.hours_around(self.whole.seconds(), zone);
        let StaffRecord { id, display_name, .. } = person;
        let absences = self.absences.remove(&id).unwrap_or_default();
        let work = self.work.as_mut().map(|work| work.remove(&id).unwrap_or_default());
        let assignments = work.map(|work| {
            let around = Around { hours: hours.as_deref(), absences: &absences, work: &work };
            let in_window =
                |record: &&AssignmentRecord| overlaps(busy(record, self.now), self.window);
            let shown = |record: &AssignmentRecord| {
                let objection = self.objected.get(&record.id).copied();
                held_work(record, &conflicts(record, &around, objection, self.now))
            };
            work.iter().filter(in_window).map(shown).collect()
        });
        let window = self.window.seconds();
        PersonSchedule {
            staff_id: id,
            staff_name: display_name,
            working_hours: hours
                .map(|hours| hours.iter().filter_map(|shift| span(shift.clip(window)?)).collect()),
            time_off: absences
                .iter()
                .filter(|away| overlaps(time_of(away), self.window))
                .map(absence)
                .collect(),
            assignments,
        }
    }
}

fn held_work(record: &AssignmentRecord, conflicts: &[Rule]) -> HeldWork {
    HeldWork {
        id: record.id,
        version: record.version,
        case_id: record.case,
        case_number: record.case_number.clone(),
        case_title: record.case_title.clone(),
        state: record.progress.state.as_str(),
        starts_at: record.held.starts_at,
        ends_at: record.held.ends_at,
        conflicts: conflicts.iter().map(|rule| rule.code()).collect(),
        override_reason: record.override_reason.clone(),
    }
}

fn absence(record: &TimeOffRecord) -> Absence {
    Absence { id: record.id, starts_at: record.starts_at, ends_at: record.ends_at }
}

fn span(interval: Interval) -> Option<Span> {
    let instant = |second| Timestamp::from_second(second).ok();
    Some(Span { starts_at: instant(interval.start)?, ends_at: instant(interval.end)? })
}

fn time_of(absence: &TimeOffRecord) -> HeldTime {
    HeldTime { starts_at: absence.starts_at, ends_at: absence.ends_at }
}

fn overlaps(one: HeldTime, other: HeldTime) -> bool {
    one.starts_at < other.ends_at && other.starts_at < one.ends_at
}

fn grouped<K: Eq + Hash, V>(pairs: impl IntoIterator<Item = (K, V)>) -> HashMap<K, Vec<V>> {
    let mut groups: HashMap<K, Vec<V>> = HashMap::new();
    for (key, value) in pairs {
        groups.entry(key).or_default().push(value);
    }
    groups
}
