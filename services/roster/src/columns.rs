//! The one list of columns: their names, what they hold, and whether they are personal.

use nearhand_sheets::Column;

/// A cell that clears what it stands for. An empty cell leaves it as it is.
pub const CLEAR: &str = "(none)";

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the column of its name")]
pub enum Field {
    Id,
    Email,
    Username,
    AccountCode,
    FirstName,
    LastName,
    DisplayName,
    Kind,
    Active,
    AccessLevel,
    AdminRole,
    Language,
    BirthDate,
    Street,
    City,
    Region,
    Postcode,
    Country,
    HomeLat,
    HomeLng,
    TimeZone,
    MaxTravelKm,
    Departments,
    PrimaryDepartment,
    Groups,
    Tags,
    Queues,
    Roles,
    Skills,
    Languages,
    Licences,
    WorkingHours,
    Signature,
}

impl Field {
    /// Whether only those with `staff.pii:read` see it.
    #[must_use]
    pub fn is_personal(self) -> bool {
        matches!(
            self,
            Self::Email
                | Self::BirthDate
                | Self::Street
                | Self::City
                | Self::Region
                | Self::Postcode
                | Self::Country
                | Self::HomeLat
                | Self::HomeLng
        )
    }
}

/// Every column, in the order of exports and the template.
pub const COLUMNS: &[(Field, Column<'static>)] = &[
    (
        Field::Id,
        column(
            "id",
            "Who it is. Leave it empty for new people; an export fills it in. Without it, a person is found by e-mail address, user name or account code, in this order.",
            "",
            &[],
        ),
    ),
    (
        Field::Email,
        column(
            "email",
            "The login. Needed unless access_level is disabled.",
            "grace@harbour.example",
            &[],
        ),
    ),
    (Field::Username, column("username", "A second login name.", "grace", &[])),
    (
        Field::AccountCode,
        column(
            "account_code",
            "Code in invoices (LEDES): at most 32 printable ASCII characters without | [ ].",
            "GH-1",
            &[],
        ),
    ),
    (Field::FirstName, column("first_name", "Given name.", "Grace", &[])),
    (Field::LastName, column("last_name", "Family name.", "Hopper", &[])),
    (
        Field::DisplayName,
        column(
            "display_name",
            "What colleagues and customers see; first and last name unless given.",
            "Grace Hopper",
            &[],
        ),
    ),
    (Field::Kind, column("kind", "employee unless given.", "employee", &["employee", "external"])),
    (
        Field::Active,
        column(
            "active",
            "May log in and be assigned; true unless given.",
            "true",
            &["true", "false"],
        ),
    ),
    (
        Field::AccessLevel,
        column(
            "access_level",
            "disabled unless given: cannot log in, can be assigned.",
            "limited",
            &["disabled", "limited", "full"],
        ),
    ),
    (
        Field::AdminRole,
        column(
            "admin_role",
            "general unless given.",
            "general",
            &["account_admin", "user_admin", "admin", "scheduler", "general"],
        ),
    ),
    (Field::Language, column("language", "Language of mails (BCP 47).", "pt", &[])),
    (Field::BirthDate, column("birth_date", "Year, month and day.", "1906-12-09", &[])),
    (
        Field::Street,
        column(
            "street",
            "Street and house number. The address is looked for on the map.",
            "Rua Augusta 1",
            &[],
        ),
    ),
    (Field::City, column("city", "Town.", "Lisboa", &[])),
    (Field::Region, column("region", "State, province or county.", "Lisboa", &[])),
    (Field::Postcode, column("postcode", "Postcode.", "1100-048", &[])),
    (Field::Country, column("country", "Code of two letters, or a name.", "PT", &[])),
    (
        Field::HomeLat,
        column(
            "home_lat",
            "Latitude of the place where they start from, in degrees; with home_lng.",
            "38.7169",
            &[],
        ),
    ),
    (Field::HomeLng, column("home_lng", "Longitude of that place, in degrees.", "-9.1399", &[])),
    (
        Field::TimeZone,
        column(
            "time_zone",
            "IANA zone of the working hours; the organisation's unless given.",
            "Europe/Lisbon",
            &[],
        ),
    ),
    (Field::MaxTravelKm, column("max_travel_km", "Own travel limit in kilometres.", "120.5", &[])),
    (
        Field::Departments,
        column(
            "departments",
            "Names of departments that are there, separated by semicolons.",
            "North; South",
            &[],
        ),
    ),
    (
        Field::PrimaryDepartment,
        column(
            "primary_department",
            "The name of one of the departments; the first unless given.",
            "North",
            &[],
        ),
    ),
    (
        Field::Groups,
        column(
            "groups",
            "Names of groups that are there, separated by semicolons.",
            "Night shift",
            &[],
        ),
    ),
    (
        Field::Tags,
        column(
            "tags",
            "Names of tags that are there, separated by semicolons.",
            "driver; diver",
            &[],
        ),
    ),
    (
        Field::Queues,
        column(
            "queues",
            "Names of queues that are there, separated by semicolons; none: they reach all.",
            "Claims",
            &[],
        ),
    ),
    (
        Field::Roles,
        column(
            "roles",
            "Names of roles of the organisation's own, separated by semicolons.",
            "Team lead",
            &[],
        ),
    ),
    (
        Field::Skills,
        column(
            "skills",
            "Code and level (1 to 5), separated by semicolons.",
            "surveillance:4; camera:2",
            &[],
        ),
    ),
    (
        Field::Languages,
        column(
            "languages",
            "Language (BCP 47) and level: a1, a2, b1, b2, c1, c2 or native.",
            "pt:native; en:c1",
            &[],
        ),
    ),
    (
        Field::Licences,
        column(
            "licences",
            "Code, jurisdiction, first day and last day, separated by slashes; the days may be left out.",
            "PI/PT/2020-01-01/2030-12-31",
            &[],
        ),
    ),
    (
        Field::WorkingHours,
        column(
            "working_hours",
            "Day or days and local times; `never` for none at all. An end at or before the start is on the next day.",
            "mon-fri 08:00-16:30; sat 22:00-06:00",
            &[],
        ),
    ),
    (Field::Signature, column("signature", "Signature of mails, at most 4 KB.", "", &[])),
];

/// The names of all columns.
#[must_use]
pub fn names() -> Vec<&'static str> {
    COLUMNS.iter().map(|(_, column)| column.name).collect()
}

/// The columns of an export, for those who see personal values or do not.
#[must_use]
pub fn header(personal: bool) -> Vec<(Field, &'static str)> {
    let shown = COLUMNS.iter().filter(|(field, _)| personal || !field.is_personal());
    shown.map(|(field, column)| (*field, column.name)).collect()
}

/// The columns as the template explains them.
#[must_use]
pub fn template_columns() -> Vec<Column<'static>> {
    COLUMNS.iter().map(|(_, column)| *column).collect()
}

/// A field's name.
pub(crate) fn name_of(field: Field) -> &'static str {
    COLUMNS.iter().find(|(one, _)| *one == field).map_or("", |(_, column)| column.name)
}

const fn column(
    name: &'static str,
    explanation: &'static str,
    example: &'static str,
    allowed: &'static [&'static str],
) -> Column<'static> {
    Column { name, explanation, example, allowed }
}
