//! Reading what is said about a case, every error at once. Must not ask the database.

use super::place;
use crate::{
    http::{
        body::{Field, Patch, Unknown, any, forms},
        place::{LatLng, PlaceForm},
    },
    routes::{
        people::staff_form::{AddressForm, AddressInput},
        work::needs_form::NeedsForm,
    },
};
use jiff::Timestamp;
use nearhand_dispatch::Needs;
use nearhand_domain::{
    CaseId, StaffId, clock,
    field::{FieldErrors, Reported},
    requirement::Requirements,
    text::{line, lines},
};
use nearhand_storage::cases::{CaseRecord, CaseState, CaseStatus};
use serde::Deserialize;
use std::ops::RangeInclusive;
use utoipa::ToSchema;
use uuid::Uuid;

/// Longest title, in characters.
const MAX_TITLE: usize = 200;
/// Longest number, in characters.
const MAX_NUMBER: usize = 40;
/// Longest notes, in characters.
const MAX_NOTES: usize = 4_000;
/// Most people that a case takes.
const MAX_SLOTS: i16 = 50;
/// Within how many metres of a case people may count as being there.
const ARRIVAL_RADII_M: RangeInclusive<i32> = 20..=5_000;
/// The same unless given.
const DEFAULT_ARRIVAL_RADIUS_M: i32 = 150;
const AN_ARRIVAL_RADIUS: &str = "a whole number from 20 to 5000";
const A_SLOT_COUNT: &str = "a whole number from 1 to 50";

/// What may be said about a case. In a change, what is left out stays and null clears.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CaseInput, example = json!({ "title": "Watch the harbour office",
    "position": { "lat": 38.7071, "lng": -9.1355 }, "duration_min": 90, "languages": ["pt", "en"],
    "skills": [{ "code": "surveillance", "required": 2, "preferred": 4 }] }))]
pub(crate) struct CaseForm {
    /// At most 200 characters.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 1, max_length = 200)]
    title: Field<String>,
    /// Unique in the organisation without regard to case. Left out, the next one is given; a number
    /// that is given does not move the counter.
    #[serde(default)]
    #[schema(value_type = String, min_length = 1, max_length = 40)]
    number: Field<String>,
    /// `open`, `done` or `cancelled`; changing it needs `cases:manage`.
    #[serde(default)]
    #[schema(value_type = String)]
    status: Field<String>,
    /// How many people it takes; 1 unless given.
    #[serde(default)]
    #[schema(value_type = Option<i16>, minimum = 1, maximum = 50)]
    slots: Field<i16>,
    /// For whom it is done; an active client.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    pub(super) client_id: Field<Uuid>,
    /// In which lane it waits.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    pub(super) queue_id: Field<Uuid>,
    /// The people of this group may see it.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    pub(super) group_id: Field<Uuid>,
    /// Whose it is.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    pub(super) department_id: Field<Uuid>,
    /// At most 4,000 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 4000)]
    notes: Field<String>,
    /// Where. Required unless there is an address. Null lets the address be looked for again.
    #[serde(default)]
    #[schema(value_type = Option<LatLng>)]
    position: Field<PlaceForm>,
    /// Where, in words. Without a position it is looked for on the map.
    #[serde(default)]
    #[schema(value_type = Option<AddressInput>)]
    address: Field<AddressForm>,
    /// Within this distance of the position people are on site, in metres; 150 unless given.
    #[serde(default)]
    #[schema(value_type = Option<i32>, minimum = 20, maximum = 5000)]
    arrival_radius_m: Field<i32>,
    #[serde(flatten)]
    pub(super) needs: NeedsForm,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(CaseForm);

/// A case of which nothing has been said.
pub(super) fn blank(created_by: StaffId) -> CaseRecord {
    CaseRecord {
        id: CaseId::generate(),
        version: 1,
        number: None,
        title: String::new(),
        status: CaseStatus::Open,
        state: CaseState::Open,
        slots_filled: 0,
        slots: 1,
        client: None,
        notes: String::new(),
        queue: None,
        group: None,
        department: None,
        position: None,
        position_source: None,
        address: None,
        address_version: 0,
        geocode_status: None,
        geocode_precision: None,
        geocode_detail: None,
        arrival_radius_m: DEFAULT_ARRIVAL_RADIUS_M,
        starts_at: None,
        duration_min: nearhand_dispatch::DEFAULT_DURATION_MIN,
        urgent: false,
        services: Vec::new(),
        requirements: Requirements::default(),
        created_by,
        created_at: clock::now(),
        done_at: None,
        cancelled_at: None,
    }
}

impl CaseForm {
    /// The record with what was said of it. Of a case that is not stored yet the title is required.
    pub(super) fn apply(
        self,
        mut record: CaseRecord,
        is_new: bool,
        e: &mut FieldErrors,
    ) -> Result<CaseRecord, Reported> {
        let stored = (!is_new).then(|| record.title.clone());
        let title = self.title.required_unless(stored, "/title", e, |v| line(&v, MAX_TITLE));
        let number = |v: String| line(&v, MAX_NUMBER);
        let number = if is_new {
            self.number.optional("/number", e, number)
        } else {
            self.number.replacement("/number", e, number)
        };
        record.number = number.or(record.number);
        let status = self.status.replacement("/status", e, |word| {
            CaseStatus::parse(&word).ok_or("must be `open`, `done` or `cancelled`")
        });
        set_status(&mut record, status, clock::now());
        let slots = self.slots.expecting("/slots", e, A_SLOT_COUNT).patch("/slots", e, |v| {
            let fits = (1..=MAX_SLOTS).contains(&v);
            if fits { Ok(v) } else { Err("must be a whole number from 1 to 50") }
        });
        set(slots, &mut record.slots, 1);
        let at = "/arrival_radius_m";
        let radius = self.arrival_radius_m.expecting(at, e, AN_ARRIVAL_RADIUS).patch(at, e, |v| {
            let fits = ARRIVAL_RADII_M.contains(&v);
            if fits { Ok(v) } else { Err("must be a whole number from 20 to 5000") }
        });
        set(radius, &mut record.arrival_radius_m, DEFAULT_ARRIVAL_RADIUS_M);
        self.client_id.patch("/client_id", e, parsed).apply(&mut record.client);
        self.queue_id.patch("/queue_id", e, parsed).apply(&mut record.queue);
        self.group_id.patch("/group_id", e, parsed).apply(&mut record.group);
        self.department_id.patch("/department_id", e, parsed).apply(&mut record.department);
        let notes = self.notes.patch("/notes", e, |v| lines(&v, MAX_NOTES));
        set(notes, &mut record.notes, String::new());
        place::apply(self.address, self.position, e, &mut record);
        let mut needs = Needs::from(&record);
        self.needs.apply("", &mut needs, e);
        needs.services.sort_unstable();
        record.title = title?;
        record.starts_at = needs.starts_at;
        record.duration_min = needs.duration_min;
        record.urgent = needs.urgent;
        record.services = needs.services;
        record.requirements = needs.requirements;
        Ok(record)
    }
}

/// Moves a case to another status, and notes when.
fn set_status(record: &mut CaseRecord, status: Option<CaseStatus>, now: Timestamp) {
    let Some(status) = status.filter(|status| *status != record.status) else { return };
    record.status = status;
    record.done_at = (status == CaseStatus::Done).then_some(now);
    record.cancelled_at = (status == CaseStatus::Cancelled).then_some(now);
}

fn set<T>(change: Patch<T>, target: &mut T, cleared: T) {
    match change {
        Patch::Keep => {}
        Patch::Clear => *target = cleared,
        Patch::Set(value) => *target = value,
    }
}

fn parsed<T: From<Uuid>>(id: Uuid) -> Result<T, std::convert::Infallible> {
    any(T::from(id))
}
