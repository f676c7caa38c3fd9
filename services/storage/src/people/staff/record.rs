//! A person as stored, with everything of theirs that one request may change.

use crate::audit::AuditEvent;
use jiff::{SignedDuration, Timestamp, civil::Date};
use nearhand_domain::{
    DepartmentId, GroupId, PhotoId, Position, QueueId, RoleId, StaffId, TagId,
    access::{
        AccessLevel, AdminRole, EditScope, Module, ModuleLevel, Object, PermissionSet, Rights,
        ViewScope, granted,
    },
    address::{Address, GeocodePrecision, GeocodeStatus, HomeSource},
    facts::LicenceFact,
    keys::PersonTexts,
    preference::LanguageLevel,
    schedule::{WeeklyHours, WeeklyShift},
    time::Interval,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// How long a deleted person can be restored.
pub const RESTORABLE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StaffRecord {
    /// Who.
    pub id: StaffId,
    /// Raised by every write; also the ETag.
    pub version: i64,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// What colleagues and customers see.
    pub display_name: String,
    /// A second login name.
    pub username: Option<String>,
    /// Login, unique among the people who are not deleted.
    pub email: Option<String>,
    /// `employee` or `external`.
    pub kind: String,
    /// May log in and be assigned.
    pub active: bool,
    /// How far permissions reach.
    pub access_level: AccessLevel,
    /// What permissions there are.
    pub admin_role: AdminRole,
    /// Roles of the organisation's own, by id.
    pub roles: Vec<RoleId>,
    /// What those roles allow together. Read, not written.
    pub role_permissions: PermissionSet,
    /// Levels of modules beyond the roles, in the order of the vocabulary.
    pub modules: Vec<(Module, ModuleLevel)>,
    /// Whom they see.
    pub view_scope: ViewScope,
    /// Whom they may change.
    pub edit_scope: EditScope,
    /// Where they belong, by id.
    pub departments: Vec<DepartmentId>,
    /// The department whose base they start from; one of `departments`.
    pub primary_department: Option<DepartmentId>,
    /// Groups, by id.
    pub groups: Vec<GroupId>,
    /// Tags, by id.
    pub tags: Vec<TagId>,
    /// Queues they reach, by id; none: all.
    pub queues: Vec<QueueId>,
    /// BCP 47, for mail.
    pub language: String,
    /// Code in invoices.
    pub account_code: Option<String>,
    /// Birth date.
    pub birth_date: Option<Date>,
    /// Stored as written; sanitised where it is shown.
    pub signature: Option<String>,
    /// Where they live or work from.
    pub address: Option<Address>,
    /// Raised with every change of the address.
    pub address_version: i64,
    /// How far the address has been found.
    pub geocode_status: Option<GeocodeStatus>,
    /// How exactly, when it has.
    pub geocode_precision: Option<GeocodePrecision>,
    /// Why it was not, or what there is to choose from.
    pub geocode_detail: Option<Value>,
    /// Where they start from when nothing else is known.
    pub home: Option<Position>,
    /// Where `home` comes from.
    pub home_source: Option<HomeSource>,
    /// Zone of the working hours; the organisation's if none.
    pub time_zone: Option<String>,
    /// `None`: not recorded, always available.
    pub working_hours: Option<Vec<WeeklyShift>>,
    /// Own travel limit.
    pub max_travel_km: Option<f64>,
    /// Tracking only in working hours, widened by this.
    pub tracking_hours_margin_min: Option<i16>,
    /// Code and level, 1 to 5.
    pub skills: Vec<(String, u8)>,
    /// Licences held.
    pub licences: Vec<LicenceFact>,
    /// Language and level.
    pub languages: Vec<(String, LanguageLevel)>,
    /// Whether tracking is permitted at present. Read, not written.
    pub tracked: bool,
    /// The photo in the object store. Written by `photos` alone.
    pub photo: Option<PhotoId>,
    /// `pending`, `accepted`, `expired` or `revoked`: the last invitation. Read, not written.
    pub invitation: Option<String>,
    /// `queued`, `sending`, `sent` or `failed`: its last mail, as long as that is remembered. Read,
    /// not written.
    pub invitation_mail: Option<String>,
    /// Moves when all sessions must end.
    pub session_epoch: i32,
    /// When they were created.
    pub created_at: Timestamp,
    /// When they were deleted.
    pub deleted_at: Option<Timestamp>,
}

impl StaffRecord {
    /// A person about whom nothing has been said yet.
    #[must_use]
    pub fn blank() -> Self {
        Self {
            id: StaffId::generate(),
            version: 1,
            first_name: None,
            last_name: None,
            display_name: String::new(),
            username: None,
            email: None,
            kind: "employee".to_owned(),
            active: true,
            access_level: AccessLevel::Disabled,
            admin_role: AdminRole::General,
            roles: Vec::new(),
            role_permissions: PermissionSet::NONE,
            modules: Vec::new(),
            view_scope: ViewScope::All,
            edit_scope: EditScope::All,
            departments: Vec::new(),
            primary_department: None,
            groups: Vec::new(),
            tags: Vec::new(),
            queues: Vec::new(),
            language: "en".to_owned(),
            account_code: None,
            birth_date: None,
            signature: None,
            address: None,
            address_version: 0,
            geocode_status: None,
            geocode_precision: None,
            geocode_detail: None,
            home: None,
            home_source: None,
            time_zone: None,
            working_hours: None,
            max_travel_km: None,
            tracking_hours_margin_min: None,
            skills: Vec::new(),
            licences: Vec::new(),
            languages: Vec::new(),
            tracked: false,
            photo: None,
            invitation: None,
            invitation_mail: None,
            session_epoch: 0,
            created_at: Timestamp::UNIX_EPOCH,
            deleted_at: None,
        }
    }

    /// What they may do, and to whom.
    #[must_use]
    pub fn rights(&self) -> Rights<'_> {
        Rights {
            permissions: granted(self.admin_role, self.role_permissions, &self.modules),
            view: self.view_scope,
            edit: self.edit_scope,
            departments: &self.departments,
        }
    }

    /// The person as what is acted upon.
    #[must_use]
    pub fn object(&self) -> Object<'_> {
        Object::staff_with(self.id, self.rights())
    }

    /// When they work around `time`; `None` if nothing is recorded, which counts as always. The hours
    /// are in `zone` unless the person has a time zone of their own.
    #[must_use]
    pub fn hours_around(&self, time: Interval, zone: &str) -> Option<Vec<Interval>> {
        let shifts = self.working_hours.clone()?;
        let time_zone = self.time_zone.clone().unwrap_or_else(|| zone.to_owned());
        Some(WeeklyHours { time_zone, shifts }.intervals(time))
    }

    /// Whether they may do something else than the other, or come in otherwise.
    #[must_use]
    pub fn access_differs(&self, other: &Self) -> bool {
        let access = |r: &Self| {
            (r.active, r.access_level, r.admin_role, r.view_scope, r.edit_scope, r.role_permissions)
        };
        access(self) != access(other)
            || (&self.roles, &self.modules) != (&other.roles, &other.modules)
    }

    /// Whether they may do something that they could not do as `before`, or come in further.
    #[must_use]
    pub fn gains_over(&self, before: &Self) -> bool {
        !self.rights().is_subset_of(&before.rights()) || self.access_level > before.access_level
    }

    /// Whether they differ in what needs `staff:manage`: access, logins, place or kind.
    #[must_use]
    pub fn managed_differs(&self, other: &Self) -> bool {
        self.access_differs(other)
            || self.place_differs(other)
            || self.email_differs(other)
            || self.texts().username_key() != other.texts().username_key()
            || self.kind != other.kind
    }

    /// Whether they belong elsewhere than the other, or reach other cases.
    #[must_use]
    pub fn place_differs(&self, other: &Self) -> bool {
        (&self.departments, self.primary_department, &self.queues)
            != (&other.departments, other.primary_department, &other.queues)
    }

    /// Whether their personal details differ.
    #[must_use]
    pub fn personal_differs(&self, other: &Self) -> bool {
        (self.home, self.birth_date, &self.address)
            != (other.home, other.birth_date, &other.address)
    }

    /// Whether their e-mail addresses differ: another spelling of one does not.
    #[must_use]
    pub fn email_differs(&self, other: &Self) -> bool {
        self.texts().email_key() != other.texts().email_key()
    }

    /// Whether they count as an account admin, as far as this record says: one whose scopes do not
    /// reach everybody cannot mend everything.
    #[must_use]
    pub fn is_account_admin(&self) -> bool {
        self.active
            && self.admin_role == AdminRole::AccountAdmin
            && self.view_scope == ViewScope::All
            && self.edit_scope == EditScope::All
    }

    /// When a deleted person is forgotten for good.
    #[must_use]
    pub fn purged_at(&self) -> Option<Timestamp> {
        self.deleted_at.map(|at| at + RESTORABLE)
    }

    /// What keys and words are derived from.
    pub(super) fn texts(&self) -> PersonTexts<'_> {
        PersonTexts {
            first_name: self.first_name.as_deref(),
            last_name: self.last_name.as_deref(),
            display_name: &self.display_name,
            username: self.username.as_deref(),
            email: self.email.as_deref(),
            account_code: self.account_code.as_deref(),
        }
    }

    /// Every value by the name of its field, for the audit trail.
    fn values(&self) -> Map<String, Value> {
        let mut values = match serde_json::to_value(self) {
            Ok(Value::Object(values)) => values,
            _ => Map::new(),
        };
        for derived in
            ["role_permissions", "invitation", "invitation_mail", "session_epoch", "version"]
        {
            values.remove(derived);
        }
        let home = self.home.map(|home| json!({ "lat": home.lat(), "lng": home.lng() }));
        values.insert("home".to_owned(), home.unwrap_or_default());
        values
    }
}

/// What differs between two states of a person.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// The names of the fields, in the order of the record.
    pub fields: Vec<String>,
    /// Their values before.
    pub before: Map<String, Value>,
    /// Their values after.
    pub after: Map<String, Value>,
}

impl Difference {
    /// Of a person who was created, or changed.
    #[must_use]
    pub fn between(before: Option<&StaffRecord>, after: &StaffRecord) -> Self {
        let old = before.map(StaffRecord::values).unwrap_or_default();
        let mut difference = Self::default();
        for (name, value) in after.values() {
            let was = old.get(&name);
            let same = was.map_or(value.is_null() && before.is_none(), |was| *was == value);
            if same {
                continue;
            }
            if let Some(was) = was {
                difference.before.insert(name.clone(), was.clone());
            }
            difference.after.insert(name.clone(), value);
            difference.fields.push(name);
        }
        difference
    }
}

/// The entry of a person who was created or changed: the names of the fields that differ in the open,
/// and their values sealed.
#[must_use]
pub fn changed(event: AuditEvent, before: Option<&StaffRecord>, after: &StaffRecord) -> AuditEvent {
    let Difference { fields, before, after: values } = Difference::between(before, after);
    let personal = json!({ "before": before, "after": values });
    event.details(json!({ "fields": fields })).personal(after.id, personal)
}
