//! A person as callers see them: everything of oneself, personal details of others only with
//! `staff.pii:read`, and of departments only those within the caller's scope.

use crate::{
    access::caller::Caller,
    http::place::LatLng,
    routes::people::staff_form::{AddressInput, Language, Licence, Shift, Skill},
};
use jiff::{Timestamp, civil::Date};
use nearhand_domain::{
    DepartmentId, GroupId, QueueId, RoleId, StaffId, TagId,
    access::{Action, ViewScope},
    address::{Address, GeocodePrecision, GeocodeStatus, HomeSource},
};
use nearhand_storage::staff::StaffRecord;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A person. `email`, `birth_date`, `address`, `home` and what belongs to them are shown only with
/// `staff.pii:read`.
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
    /// `employee` or `external`.
    kind: String,
    active: bool,
    access_level: String,
    admin_role: String,
    /// Roles of the organisation's own.
    #[schema(value_type = Vec<uuid::Uuid>)]
    roles: Vec<RoleId>,
    /// Levels of modules beyond what the roles grant.
    modules: BTreeMap<&'static str, &'static str>,
    /// Whom they see: `all` or `departments`.
    view_scope: &'static str,
    /// Whom they may change: `all`, `departments` or `none`.
    edit_scope: &'static str,
    /// Of these, a caller whose view scope is `departments` sees only their own.
    #[schema(value_type = Vec<uuid::Uuid>)]
    departments: Vec<DepartmentId>,
    #[schema(value_type = Option<uuid::Uuid>)]
    primary_department: Option<DepartmentId>,
    #[schema(value_type = Vec<uuid::Uuid>)]
    groups: Vec<GroupId>,
    #[schema(value_type = Vec<uuid::Uuid>)]
    tags: Vec<TagId>,
    /// None: they reach every queue.
    #[schema(value_type = Vec<uuid::Uuid>)]
    queues: Vec<QueueId>,
    language: String,
    account_code: Option<String>,
    #[schema(value_type = Option<String>, format = Date)]
    birth_date: Option<Date>,
    /// As written. Sanitise it before you show it as anything but text.
    signature: Option<String>,
    #[schema(value_type = Option<AddressInput>)]
    address: Option<Address>,
    /// `pending`, `ok`, `ambiguous` or `failed`; null without an address.
    #[schema(value_type = Option<String>)]
    geocode_status: Option<GeocodeStatus>,
    /// `address`, `postcode` or `locality`, when the status is `ok`.
    #[schema(value_type = Option<String>)]
    geocode_precision: Option<GeocodePrecision>,
    /// With `ok`: `{ "attribution" }`, to be shown beside the place. With `failed`: `{ "reason" }`.
    /// With `ambiguous`: `{ "choices" }`, each with `label`, `position` and `precision`, and
    /// `attribution`; choose one by setting `home` to its position.
    #[schema(value_type = Option<Object>)]
    geocode_detail: Option<Value>,
    home: Option<LatLng>,
    /// `manual` or `geocoded`.
    #[schema(value_type = Option<String>)]
    home_source: Option<HomeSource>,
    time_zone: Option<String>,
    /// Null: not recorded, always available.
    working_hours: Option<Vec<Shift>>,
    max_travel_km: Option<f64>,
    skills: Vec<Skill>,
    licences: Vec<Licence>,
    languages: Vec<Language>,
    /// Whether tracking is permitted at present.
    tracked: bool,
    /// Where the photo is; null without one.
    photo: Option<String>,
    /// The last invitation: `pending`, `accepted`, `expired` or `revoked`; null without one.
    invitation: Option<String>,
    /// Its last mail: `queued`, `sending`, `sent` or `failed`; null when that is long ago.
    invitation_mail: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// Null unless they are deleted.
    #[schema(value_type = Option<String>, format = DateTime)]
    deleted_at: Option<Timestamp>,
    /// When a deleted person is forgotten for good.
    #[schema(value_type = Option<String>, format = DateTime)]
    purged_at: Option<Timestamp>,
}

impl Staff {
    /// What the caller may see of a person.
    pub(crate) fn shown_to(caller: &Caller, record: StaffRecord) -> Self {
        let full = caller.may(Action::ReadPersonalDetails, record.object());
        let oneself = record.id == caller.staff;
        let narrow = caller.view == ViewScope::Departments && !oneself;
        let mut shown = Self::shown_in_full(record);
        if narrow {
            shown.departments.retain(|id| caller.departments.contains(id));
            shown.primary_department =
                shown.primary_department.filter(|id| caller.departments.contains(id));
        }
        if full { shown } else { shown.without_personal_details() }
    }

    fn without_personal_details(self) -> Self {
        Self {
            email: None,
            birth_date: None,
            address: None,
            geocode_status: None,
            geocode_precision: None,
            geocode_detail: None,
            home: None,
            home_source: None,
            ..self
        }
    }

    fn shown_in_full(record: StaffRecord) -> Self {
        let purged_at = record.purged_at();
        let shift = |s: nearhand_domain::schedule::WeeklyShift| Shift {
            weekday: s.weekday,
            start_min: s.start_min,
            end_min: s.end_min,
        };
        let modules = record.modules.iter();
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
            roles: record.roles,
            modules: modules.map(|(module, level)| (module.as_str(), level.as_str())).collect(),
            view_scope: record.view_scope.as_str(),
            edit_scope: record.edit_scope.as_str(),
            departments: record.departments,
            primary_department: record.primary_department,
            groups: record.groups,
            tags: record.tags,
            queues: record.queues,
            language: record.language,
            account_code: record.account_code,
            birth_date: record.birth_date,
            signature: record.signature,
            address: record.address,
            geocode_status: record.geocode_status,
            geocode_precision: record.geocode_precision,
            geocode_detail: record.geocode_detail,
            home: record.home.map(LatLng::from),
            home_source: record.home_source,
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
            photo: record.photo.map(|_| format!("/v1/staff/{}/photo", record.id)),
            invitation: record.invitation,
            invitation_mail: record.invitation_mail,
            created_at: record.created_at,
            deleted_at: record.deleted_at,
            purged_at,
        }
    }
}
