//! A row's cells as the form of a person, which the API's rules then judge. A cell that says what an
//! export would say of the person leaves them as they are: so an export comes back without a change.

use crate::{
    cells::{View, cell},
    codec,
    columns::{CLEAR, Field, name_of},
    list::split,
    name_lookup::{MembershipKind, NameLookup},
};
use nearhand_domain::{
    Position,
    field::{FieldErrors, Reported},
};
use nearhand_storage::staff::StaffRecord;
use serde_json::{Map, Value, json};

/// A row of a file: what each column holds, restored and trimmed.
#[derive(Clone, Debug, Default)]
pub struct Row<'a> {
    /// Where it is in the file.
    pub line: u32,
    /// Only cells that say something.
    pub cells: Vec<(Field, &'a str)>,
}

impl Row<'_> {
    /// What a column holds, if it says something else than that it is to be cleared.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<&str> {
        self.cells
            .iter()
            .find(|(one, _)| *one == field)
            .map(|(_, text)| *text)
            .filter(|t| !clears(t))
    }
}

/// The form's fields, as JSON. `before` is the person there is already. Errors are collected under
/// the pointers of the form.
#[must_use]
pub fn form(
    row: &Row<'_>,
    before: Option<&StaffRecord>,
    names: &NameLookup,
    view: View<'_>,
    errors: &mut FieldErrors,
) -> Map<String, Value> {
    let mut form = Map::new();
    let said = row.cells.iter().filter(|(field, text)| {
        *field != Field::Id
            && before.is_none_or(|before| !says_the_same(&cell(before, *field, names, view), text))
    });
    let said: Vec<(Field, &str)> = said.copied().collect();
    for (field, text) in &said {
        if let Ok(Some(value)) = value(*field, text, names, errors) {
            form.insert(name_of(*field).to_owned(), value);
        }
    }
    address(&said, before, &mut form);
    home(&said, before, &mut form, errors);
    form
}

/// The column that a pointer of the form is about.
#[must_use]
pub fn column_of(pointer: &str) -> Option<&'static str> {
    let mut parts = pointer.trim_start_matches('/').split('/');
    let (first, second) = (parts.next()?, parts.next());
    let name = match (first, second) {
        ("address", Some(part)) => part,
        ("address", None) => "street",
        ("home", Some("lng")) => "home_lng",
        ("home", _) => "home_lat",
        (first, _) => first,
    };
    crate::names().into_iter().find(|known| *known == name)
}

fn clears(text: &str) -> bool {
    text.eq_ignore_ascii_case(CLEAR)
}

/// Spreadsheet programs change the ends of lines, and people add spaces.
fn says_the_same(cell: &str, text: &str) -> bool {
    let plain = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n").trim().to_owned();
    cell == text || plain(cell) == plain(text)
}

/// What a cell says of its field; none where several columns make one field.
fn value(
    field: Field,
    text: &str,
    names: &NameLookup,
    errors: &mut FieldErrors,
) -> Result<Option<Value>, Reported> {
    let pointer = format!("/{}", name_of(field));
    let column = is_part(field);
    if column {
        return Ok(None);
    }
    if clears(text) {
        return Ok(Some(Value::Null));
    }
    let list =
        |kind: MembershipKind, errors: &mut FieldErrors| ids(kind, text, names, &pointer, errors);
    Ok(Some(match field {
        Field::Kind | Field::AccessLevel | Field::AdminRole => json!(text.to_lowercase()),
        Field::Active => match text.to_lowercase().as_str() {
            "true" | "yes" | "1" => json!(true),
            "false" | "no" | "0" => json!(false),
            _ => return Err(errors.push(pointer, "wrong_type", "must be `true` or `false`")),
        },
        Field::MaxTravelKm => json!(number(text, &pointer, errors)?),
        Field::BirthDate => {
            let day = text.parse::<jiff::civil::Date>();
            let detail = "must be a date such as 1906-12-09";
            errors.check(&pointer, "wrong_type", day.map_err(|_| detail))?;
            json!(text)
        }
        Field::Departments => list(MembershipKind::Department, errors)?,
        Field::PrimaryDepartment => {
            let id = names.id(MembershipKind::Department, unquoted(text).as_str());
            json!(id.ok_or_else(|| unknown(
                MembershipKind::Department,
                text,
                names,
                &pointer,
                errors
            ))?)
        }
        Field::Groups => list(MembershipKind::Group, errors)?,
        Field::Tags => list(MembershipKind::Tag, errors)?,
        Field::Queues => list(MembershipKind::Queue, errors)?,
        Field::Roles => list(MembershipKind::Role, errors)?,
        Field::Skills => errors.check(&pointer, "invalid", codec::read_skills(text))?,
        Field::Languages => errors.check(&pointer, "invalid", codec::read_languages(text))?,
        Field::Licences => errors.check(&pointer, "invalid", codec::read_licences(text))?,
        Field::WorkingHours => errors.check(&pointer, "invalid", codec::read_hours(text))?,
        _ => json!(text),
    }))
}

/// Whether the column is one of several that make a field.
fn is_part(field: Field) -> bool {
    matches!(
        field,
        Field::Street
            | Field::City
            | Field::Region
            | Field::Postcode
            | Field::Country
            | Field::HomeLat
            | Field::HomeLng
    )
}

/// A name that was written as an entry of a list.
fn unquoted(text: &str) -> String {
    match split(text).as_slice() {
        [one] => one.clone(),
        _ => text.to_owned(),
    }
}

fn ids(
    kind: MembershipKind,
    text: &str,
    names: &NameLookup,
    pointer: &str,
    errors: &mut FieldErrors,
) -> Result<Value, Reported> {
    let mut ids = Vec::new();
    let mut failed = None;
    for (name, n) in split(text).iter().zip(0..) {
        match names.id(kind, name) {
            Some(id) => ids.push(id),
            None => failed = Some(unknown(kind, name, names, &format!("{pointer}/{n}"), errors)),
        }
    }
    failed.map_or_else(|| Ok(json!(ids)), Err)
}

fn unknown(
    kind: MembershipKind,
    name: &str,
    names: &NameLookup,
    pointer: &str,
    errors: &mut FieldErrors,
) -> Reported {
    let place = pointer.rsplit('/').next().and_then(|n| n.parse::<usize>().ok());
    let entry = place.map(|n| format!("entry {}: ", n + 1)).unwrap_or_default();
    let word = kind.word();
    let detail = match names.closest(kind, name) {
        Some(close) => format!("{entry}there is no such {word}; did you mean `{close}`?"),
        None => format!("{entry}there is no such {word}; create it first"),
    };
    errors.push(pointer, "unknown", detail)
}

/// A number with a decimal point, or a decimal comma where nothing else can be meant.
fn number(text: &str, pointer: &str, errors: &mut FieldErrors) -> Result<f64, Reported> {
    let plain = if text.contains('.') { text.to_owned() } else { text.replacen(',', ".", 1) };
    let read = plain.parse::<f64>().ok().filter(|number| number.is_finite());
    read.ok_or_else(|| errors.push(pointer, "wrong_type", "must be a number such as 38.7169"))
}

/// The parts that are said, beside those that stay.
fn address(said: &[(Field, &str)], before: Option<&StaffRecord>, form: &mut Map<String, Value>) {
    let parts = [Field::Street, Field::City, Field::Region, Field::Postcode, Field::Country];
    if !said.iter().any(|(field, _)| parts.contains(field)) {
        return;
    }
    let stored = before.and_then(|before| before.address.as_ref());
    let mut address = match serde_json::to_value(stored) {
        Ok(Value::Object(parts)) => parts,
        _ => Map::new(),
    };
    for (field, text) in said.iter().filter(|(field, _)| parts.contains(field)) {
        let value = if clears(text) { Value::Null } else { json!(text) };
        address.insert(name_of(*field).to_owned(), value);
    }
    let is_empty = address.values().all(Value::is_null);
    form.insert("address".to_owned(), if is_empty { Value::Null } else { address.into() });
}

/// Both coordinates, of which one may stay.
fn home(
    said: &[(Field, &str)],
    before: Option<&StaffRecord>,
    form: &mut Map<String, Value>,
    errors: &mut FieldErrors,
) {
    let of = |field: Field| said.iter().find(|(one, _)| *one == field).map(|(_, text)| *text);
    let (lat, lng) = (of(Field::HomeLat), of(Field::HomeLng));
    if lat.is_none() && lng.is_none() {
        return;
    }
    if lat.is_none_or(clears) && lng.is_none_or(clears) {
        form.insert("home".to_owned(), Value::Null);
        return;
    }
    let stored = before.and_then(|before| before.home);
    let mut read = |text: Option<&str>, pointer: &str, stored: Option<f64>| match text {
        Some(text) if clears(text) => {
            Err(errors.push(pointer, "required", "clear both coordinates, or none"))
        }
        Some(text) => number(text, pointer, errors),
        None => {
            stored.ok_or_else(|| errors.push(pointer, "required", "give both coordinates, or none"))
        }
    };
    let lat = read(lat, "/home/lat", stored.map(Position::lat));
    let lng = read(lng, "/home/lng", stored.map(Position::lng));
    let (Ok(lat), Ok(lng)) = (lat, lng) else { return };
    // Another spelling of the same place is no change.
    if stored.is_none() || Position::new(lat, lng).ok() != stored {
        form.insert("home".to_owned(), json!({ "lat": lat, "lng": lng }));
    }
}
