//! The address of a person, and the home that is found for it. A home that somebody gave stays.

use super::{Finding, is_open, system};
use nearhand_domain::{
    OrganizationId, StaffId,
    address::{Address, HomeSource},
    audit,
};
use nearhand_storage::{
    StorageError, Tx,
    audit::AuditEvent,
    staff::{self, Difference, StaffRecord},
};
use serde_json::json;

/// The address, if this version of it is still to be found.
pub(super) async fn address(
    tx: &mut Tx,
    id: StaffId,
    version: i64,
) -> Result<Option<Address>, StorageError> {
    let person = staff::get(tx, id).await?.filter(|person| waits(person, version));
    Ok(person.and_then(|person| person.address))
}

/// Writes the finding; false if there is nothing to write.
pub(super) async fn settle(
    tx: &mut Tx,
    organization: OrganizationId,
    id: StaffId,
    version: i64,
    finding: Finding,
) -> Result<bool, StorageError> {
    let Some(before) = staff::lock(tx, id).await?.filter(|person| waits(person, version)) else {
        return Ok(false);
    };
    let mut after = before.clone();
    apply(&mut after, finding);
    if after == before {
        return Ok(false);
    }
    staff::update(tx, organization, &before, &after).await?;
    record(tx, organization, &before, &after).await?;
    Ok(true)
}

fn waits(person: &StaffRecord, version: i64) -> bool {
    person.address_version == version && is_open(person.geocode_status)
}

fn apply(person: &mut StaffRecord, finding: Finding) {
    person.geocode_status = Some(finding.status);
    person.geocode_precision = finding.precision;
    person.geocode_detail = Some(finding.detail);
    match finding.place {
        Some(place) if person.home_source != Some(HomeSource::Manual) => {
            (person.home, person.home_source) = (Some(place), Some(HomeSource::Geocoded));
        }
        // The place of an earlier address is not where they live.
        None if person.home_source == Some(HomeSource::Geocoded) => {
            (person.home, person.home_source) = (None, None);
        }
        _ => {}
    }
}

async fn record(
    tx: &mut Tx,
    organization: OrganizationId,
    before: &StaffRecord,
    after: &StaffRecord,
) -> Result<(), StorageError> {
    let id: StaffId = after.id;
    let Difference { fields, before, after: values } = Difference::between(Some(before), after);
    let details = json!({ "fields": fields, "status": after.geocode_status });
    let event = AuditEvent::of(audit::STAFF_GEOCODE, id)
        .details(details)
        .personal(id, json!({ "before": before, "after": values }));
    nearhand_storage::audit::record(tx, &system(organization), &event).await
}
