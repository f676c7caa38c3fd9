//! A case as stored, with the state that its assignments bring it to. Must not decide who sees it.

use crate::{
    StorageError,
    convert::{self, corrupt},
};
use jiff::Timestamp;
use nearhand_domain::{
    CaseId, ClientId, DepartmentId, GroupId, Position, QueueId, ServiceId, StaffId,
    address::{Address, GeocodePrecision, GeocodeStatus, HomeSource},
    requirement::Requirements,
};
use sqlx::{FromRow, types::Json};
use uuid::Uuid;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$vdoc])* $variant),*
        }

        impl $name {
            /// The word on the wire and in the database.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// What a word means, if it is one of these.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                [$(Self::$variant),*].into_iter().find(|one| one.as_str() == word)
            }
        }
    };
}

words! {
    /// Whether a case still needs somebody, as people set it.
    CaseStatus {
        /// It does.
        Open = "open",
        /// All of its work is done.
        Done = "done",
        /// It is given up.
        Cancelled = "cancelled",
    }
}

words! {
    /// How far a case has come: its status and its assignments together.
    CaseState {
        /// Some of its slots are free.
        Open = "open",
        /// All of its slots are taken.
        Assigned = "assigned",
        /// Somebody is on the way, at work, or done before the others.
        InProgress = "in_progress",
        /// Somebody said so, or everybody who holds it is done.
        Done = "done",
        /// It is given up.
        Cancelled = "cancelled",
    }
}

/// A case as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct CaseRecord {
    /// Which.
    pub id: CaseId,
    /// Raised by every write; also the ETag.
    pub version: i64,
    /// Unique in the organisation without regard to case. Of a case to be: `None` takes the next
    /// one of the counter.
    pub number: Option<String>,
    /// What people call it.
    pub title: String,
    /// Whether it still needs somebody.
    pub status: CaseStatus,
    /// How far it has come. Never written.
    pub state: CaseState,
    /// How many people hold it. Never written.
    pub slots_filled: i64,
    /// How many people it takes.
    pub slots: i16,
    /// For whom it is done.
    pub client: Option<ClientId>,
    /// What people should know about it.
    pub notes: String,
    /// In which lane it waits.
    pub queue: Option<QueueId>,
    /// The people of this group may see it.
    pub group: Option<GroupId>,
    /// Whose it is.
    pub department: Option<DepartmentId>,
    /// Where; `None` until the address has been found.
    pub position: Option<Position>,
    /// Where the position comes from.
    pub position_source: Option<HomeSource>,
    /// Where, in words.
    pub address: Option<Address>,
    /// Raised whenever the address is to be looked for anew, or no longer.
    pub address_version: i64,
    /// How far the address has been found.
    pub geocode_status: Option<GeocodeStatus>,
    /// How exactly it was found.
    pub geocode_precision: Option<GeocodePrecision>,
    /// Attribution, reason or choices.
    pub geocode_detail: Option<serde_json::Value>,
    /// Within this distance of the position people are on site, in metres.
    pub arrival_radius_m: i32,
    /// When; `None`: as soon as possible.
    pub starts_at: Option<Timestamp>,
    /// How long it takes.
    pub duration_min: i32,
    /// Old positions count nothing.
    pub urgent: bool,
    /// Services asked for, by id.
    pub services: Vec<ServiceId>,
    /// What else is asked for.
    pub requirements: Requirements,
    /// Who made it.
    pub created_by: StaffId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its status became `done`.
    pub done_at: Option<Timestamp>,
    /// When its status became `cancelled`.
    pub cancelled_at: Option<Timestamp>,
}

/// The start of a statement that reads [`Row`]s of `cases AS c`. The lateral part counts the
/// assignments of a case by an index on them.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT c.id, c.version, c.number, c.title, c.status, w.state, w.filled, c.slots, \
             c.client_id, c.notes, c.queue_id, c.group_id, c.department_id, \
             ST_Y(c.position) AS lat, ST_X(c.position) AS lng, c.position_source, c.address, \
             c.address_version, c.geocode_status, c.geocode_precision, c.geocode_detail, \
             c.arrival_radius_m, c.starts_at, c.duration_min, c.urgent, c.requirements, c.created_by, c.created_at, \
             c.done_at, c.cancelled_at, \
             ARRAY(SELECT service_id FROM case_services WHERE case_id = c.id ORDER BY service_id) \
                AS services \
             FROM cases AS c CROSS JOIN LATERAL (SELECT filled, CASE \
                WHEN c.status <> 'open' THEN c.status \
                WHEN filled > 0 AND finished = filled THEN 'done' \
                WHEN finished + working > 0 THEN 'in_progress' \
                WHEN filled >= c.slots THEN 'assigned' ELSE 'open' END AS state \
                FROM (SELECT count(*) AS filled, \
                    count(*) FILTER (WHERE a.state = 'done') AS finished, \
                    count(*) FILTER (WHERE a.state IN ('en_route', 'on_site')) AS working \
                    FROM assignments AS a WHERE a.case_id = c.id AND a.state <> 'cancelled') \
                AS counted) AS w ",
            $rest
        )
    };
}
pub(super) use select;

/// A row of `select!`.
#[derive(FromRow)]
pub(super) struct Row {
    id: Uuid,
    version: i64,
    number: String,
    title: String,
    status: String,
    state: String,
    filled: i64,
    slots: i16,
    client_id: Option<Uuid>,
    notes: String,
    queue_id: Option<Uuid>,
    group_id: Option<Uuid>,
    department_id: Option<Uuid>,
    lat: Option<f64>,
    lng: Option<f64>,
    position_source: Option<String>,
    address: Option<Json<Address>>,
    address_version: i64,
    geocode_status: Option<String>,
    geocode_precision: Option<String>,
    geocode_detail: Option<serde_json::Value>,
    arrival_radius_m: i32,
    starts_at: Option<jiff_sqlx::Timestamp>,
    duration_min: i32,
    urgent: bool,
    requirements: Json<Requirements>,
    created_by: Uuid,
    created_at: jiff_sqlx::Timestamp,
    done_at: Option<jiff_sqlx::Timestamp>,
    cancelled_at: Option<jiff_sqlx::Timestamp>,
    services: Vec<Uuid>,
}

impl Row {
    pub(super) fn into_record(self) -> Result<CaseRecord, StorageError> {
        Ok(CaseRecord {
            id: CaseId(self.id),
            version: self.version,
            number: Some(self.number),
            title: self.title,
            status: word(&self.status, CaseStatus::parse)?,
            state: word(&self.state, CaseState::parse)?,
            slots_filled: self.filled,
            slots: self.slots,
            client: self.client_id.map(ClientId),
            notes: self.notes,
            queue: self.queue_id.map(QueueId),
            group: self.group_id.map(GroupId),
            department: self.department_id.map(DepartmentId),
            position: convert::position(self.lat, self.lng)?,
            position_source: optional(self.position_source, HomeSource::parse)?,
            address: self.address.map(|address| address.0),
            address_version: self.address_version,
            geocode_status: optional(self.geocode_status, GeocodeStatus::parse)?,
            geocode_precision: optional(self.geocode_precision, GeocodePrecision::parse)?,
            geocode_detail: self.geocode_detail,
            arrival_radius_m: self.arrival_radius_m,
            starts_at: convert::time(self.starts_at),
            duration_min: self.duration_min,
            urgent: self.urgent,
            services: self.services.into_iter().map(ServiceId).collect(),
            requirements: self.requirements.0,
            created_by: StaffId(self.created_by),
            created_at: self.created_at.to_jiff(),
            done_at: convert::time(self.done_at),
            cancelled_at: convert::time(self.cancelled_at),
        })
    }
}

fn word<T>(word: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, StorageError> {
    parse(word).ok_or_else(|| corrupt("case", "unknown word"))
}

fn optional<T>(
    text: Option<String>,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, StorageError> {
    text.map(|text| word(&text, parse)).transpose()
}
