//! The address and the home of a person. A new address is looked for on the map; a home that was
//! given outright stays.

use super::AddressForm;
use crate::http::{
    body::{Field, Form, Patch, any},
    place::PlaceForm,
};
use nearhand_domain::{
    Position,
    address::{Address, GeocodePrecision, GeocodeStatus, HomeSource},
    field::{FieldErrors, Reported},
};
use nearhand_storage::staff::StaffRecord;
use serde_json::{Value, json};

/// Applies what is said of both.
pub(super) fn apply(
    address: Field<AddressForm>,
    home: Field<PlaceForm>,
    e: &mut FieldErrors,
    record: &mut StaffRecord,
) {
    let before = record.address.clone();
    match address.patch("/address", e, any) {
        Patch::Keep => {}
        Patch::Clear => record.address = None,
        Patch::Set(form) => {
            if let Ok(address) = form.check_at("/address", e, AddressForm::read) {
                record.address = Some(address).filter(|address| !address.is_empty());
            }
        }
    }
    let moved = record.address != before;
    let mut again = moved;
    match home.patch("/home", e, any) {
        Patch::Keep if moved && record.address.is_none() && is_geocoded(record) => {
            (record.home, record.home_source) = (None, None);
        }
        Patch::Keep => {}
        Patch::Clear => {
            again |= record.home.is_some();
            (record.home, record.home_source) = (None, None);
        }
        Patch::Set(place) => {
            if let Ok(place) = place.read("/home", e) {
                (record.home, record.home_source) = (Some(place), Some(HomeSource::Manual));
                choose(record, place);
            }
        }
    }
    if again {
        let pending = record.address.is_some().then_some(GeocodeStatus::Pending);
        record.address_version += 1;
        record.geocode_status = pending;
        (record.geocode_precision, record.geocode_detail) = (None, None);
    }
}

/// A home that is one of the places to choose from says which of them the address means.
fn choose(record: &mut StaffRecord, home: Position) {
    if record.geocode_status != Some(GeocodeStatus::Ambiguous) {
        return;
    }
    let Some((precision, detail)) = record.geocode_detail.as_ref().and_then(|d| chosen(d, home))
    else {
        return;
    };
    record.geocode_precision = precision;
    record.geocode_status = Some(GeocodeStatus::Ok);
    record.geocode_detail = detail;
}

/// Precision and detail of the choice that lies at a position, if one of the choices in `detail`
/// does.
pub(crate) fn chosen(
    detail: &Value,
    position: Position,
) -> Option<(Option<GeocodePrecision>, Option<Value>)> {
    let choices = detail["choices"].as_array().map(Vec::as_slice).unwrap_or_default();
    let at = |choice: &Value| {
        let position = &choice["position"];
        Position::new(position["lat"].as_f64()?, position["lng"].as_f64()?).ok()
    };
    let choice = choices.iter().find(|choice| at(choice) == Some(position))?;
    let precision = choice["precision"].as_str().and_then(GeocodePrecision::parse);
    Some((precision, detail.get("attribution").map(|by| json!({ "attribution": by }))))
}

fn is_geocoded(record: &StaffRecord) -> bool {
    record.home_source == Some(HomeSource::Geocoded)
}

impl AddressForm {
    /// Whether it says nothing.
    pub(crate) fn is_blank(&self) -> bool {
        let Self { street, city, region, postcode, country, .. } = self;
        [street, city, region, postcode, country]
            .iter()
            .all(|part| matches!(part, Field::Absent | Field::Null))
    }

    /// Reads an address that lies at `/address`.
    pub(crate) fn read(self, e: &mut FieldErrors) -> Result<Address, Reported> {
        let part = |text: String| Address::part(&text);
        Ok(Address {
            street: self.street.optional("/address/street", e, part),
            city: self.city.optional("/address/city", e, part),
            region: self.region.optional("/address/region", e, part),
            postcode: self.postcode.optional("/address/postcode", e, part),
            country: self.country.optional("/address/country", e, part),
        })
    }
}
