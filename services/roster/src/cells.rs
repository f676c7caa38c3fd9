//! A person written into cells, as exports have them.

use crate::{
    codec,
    columns::{Field, header},
    list::join,
    name_lookup::NameLookup,
};
use nearhand_domain::{DepartmentId, address::Address};
use nearhand_storage::staff::StaffRecord;
use uuid::Uuid;

/// What somebody may see of people in a table.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// Whether personal values are shown.
    pub personal: bool,
    /// The departments they see; `None`: all.
    pub departments: Option<&'a [DepartmentId]>,
}

/// The person's cells, one for each column of [`header`]. What is not known is empty.
#[must_use]
pub fn cells(record: &StaffRecord, names: &NameLookup, view: View<'_>) -> Vec<String> {
    header(view.personal).iter().map(|(field, _)| cell(record, *field, names, view)).collect()
}

/// The columns whose cells differ between two states of a person, or are filled in for a new one.
#[must_use]
pub fn differing(
    before: Option<&StaffRecord>,
    after: &StaffRecord,
    names: &NameLookup,
    view: View<'_>,
) -> Vec<&'static str> {
    let shown = header(view.personal).into_iter().filter(|(field, _)| *field != Field::Id);
    let differs = |field: Field| {
        let now = cell(after, field, names, view);
        before.map_or(!now.is_empty(), |before| cell(before, field, names, view) != now)
    };
    shown.filter(|(field, _)| differs(*field)).map(|(_, name)| name).collect()
}

/// One cell of a person.
pub(crate) fn cell(
    record: &StaffRecord,
    field: Field,
    names: &NameLookup,
    view: View<'_>,
) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let part = |of: fn(&Address) -> &Option<String>| {
        record.address.as_ref().and_then(|address| of(address).clone()).unwrap_or_default()
    };
    match field {
        Field::Id => record.id.to_string(),
        Field::Email => text(&record.email),
        Field::Username => text(&record.username),
        Field::AccountCode => text(&record.account_code),
        Field::FirstName => text(&record.first_name),
        Field::LastName => text(&record.last_name),
        Field::DisplayName => record.display_name.clone(),
        Field::Kind => record.kind.clone(),
        Field::Active => record.active.to_string(),
        Field::AccessLevel => record.access_level.to_string(),
        Field::AdminRole => record.admin_role.to_string(),
        Field::Language => record.language.clone(),
        Field::BirthDate => record.birth_date.map(|day| day.to_string()).unwrap_or_default(),
        Field::Street => part(|a| &a.street),
        Field::City => part(|a| &a.city),
        Field::Region => part(|a| &a.region),
        Field::Postcode => part(|a| &a.postcode),
        Field::Country => part(|a| &a.country),
        Field::HomeLat => record.home.map(|home| home.lat().to_string()).unwrap_or_default(),
        Field::HomeLng => record.home.map(|home| home.lng().to_string()).unwrap_or_default(),
        Field::TimeZone => text(&record.time_zone),
        Field::MaxTravelKm => record.max_travel_km.map(|km| km.to_string()).unwrap_or_default(),
        Field::Departments => {
            let shown = record.departments.iter().filter(|id| sees(view, **id));
            join(sorted(shown.map(|id| id.0), names))
        }
        Field::PrimaryDepartment => {
            let shown = record.primary_department.filter(|id| sees(view, *id));
            shown.map(|id| names.name(id.0)).unwrap_or_default()
        }
        Field::Groups => join(sorted(record.groups.iter().map(|id| id.0), names)),
        Field::Tags => join(sorted(record.tags.iter().map(|id| id.0), names)),
        Field::Queues => join(sorted(record.queues.iter().map(|id| id.0), names)),
        Field::Roles => join(sorted(record.roles.iter().map(|id| id.0), names)),
        Field::Skills => codec::skills(&record.skills),
        Field::Languages => codec::languages(&record.languages),
        Field::Licences => codec::licences(&record.licences),
        Field::WorkingHours => codec::hours(record.working_hours.as_deref()),
        Field::Signature => text(&record.signature),
    }
}

fn sees(view: View<'_>, department: DepartmentId) -> bool {
    view.departments.is_none_or(|seen| seen.contains(&department))
}

fn sorted(ids: impl Iterator<Item = Uuid>, names: &NameLookup) -> Vec<String> {
    let mut all: Vec<String> = ids.map(|id| names.name(id)).collect();
    all.sort_unstable();
    all
}
