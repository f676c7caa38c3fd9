//! Where a case is: a position, an address, or both. An address alone is looked for on the map; a
//! position that was given is never replaced by what was found.

use crate::{
    http::{
        body::{Field, Form, Patch, any},
        place::PlaceForm,
    },
    routes::people::staff_form::{AddressForm, chosen},
};
use nearhand_domain::{
    Position,
    address::{GeocodeStatus, HomeSource},
    field::{FieldErrors, Reported},
};
use nearhand_storage::cases::CaseRecord;

/// Applies what is said of both. A case has at least one of them.
pub(super) fn apply(
    address: Field<AddressForm>,
    position: Field<PlaceForm>,
    e: &mut FieldErrors,
    record: &mut CaseRecord,
) {
    // Of an address that says something and cannot be read, the errors have been told.
    let says_address = match &address {
        Field::Value(form) => !form.is_blank(),
        Field::Wrong => true,
        Field::Absent | Field::Null => false,
    };
    let mut told = says_address || matches!(position, Field::Wrong);
    let moved = apply_address(address, e, record);
    match position.patch("/position", e, any) {
        Patch::Keep if !moved => {}
        // The place of an earlier address is not where the work is.
        Patch::Keep if record.position_source == Some(HomeSource::Geocoded) => look(record, None),
        Patch::Keep => look(record, record.position),
        Patch::Clear => look(record, None),
        Patch::Set(place) => match place.read("/position", e) {
            Ok(place) => set(record, place),
            Err(Reported { .. }) => told = true,
        },
    }
    if !told && record.position.is_none() && record.address.is_none() {
        e.push("/position", "required", "is required unless there is an `address`");
    }
}

/// Returns whether the address differs from before.
fn apply_address(
    address: Field<AddressForm>,
    e: &mut FieldErrors,
    record: &mut CaseRecord,
) -> bool {
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
    record.address != before
}

/// Sets a position outright. One of the places to choose from says which of them the address means.
fn set(record: &mut CaseRecord, place: Position) {
    let choices = record.geocode_detail.take();
    let choice = choices.filter(|_| record.geocode_status == Some(GeocodeStatus::Ambiguous));
    let choice = choice.and_then(|detail| chosen(&detail, place));
    look(record, Some(place));
    record.position_source = Some(HomeSource::Manual);
    if let Some((precision, detail)) = choice {
        record.geocode_status = Some(GeocodeStatus::Ok);
        (record.geocode_precision, record.geocode_detail) = (precision, detail);
    }
}

/// Starts anew with this position: without one, the address is looked for. An answer to an earlier
/// question no longer counts.
fn look(record: &mut CaseRecord, position: Option<Position>) {
    let sought = position.is_none() && record.address.is_some();
    record.position = position;
    record.position_source = record.position_source.filter(|_| position.is_some());
    record.address_version += 1;
    record.geocode_status = sought.then_some(GeocodeStatus::Pending);
    (record.geocode_precision, record.geocode_detail) = (None, None);
}
