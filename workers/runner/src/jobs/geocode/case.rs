//! The address of a case, and the position that is found for it. A position that somebody gave stays.

use super::{Finding, is_open, system};
use nearhand_domain::{
    CaseId, OrganizationId,
    address::{Address, HomeSource},
    audit,
};
use nearhand_storage::{
    StorageError, Tx,
    audit::AuditEvent,
    cases::{self, CaseRecord},
};
use serde_json::json;

/// The address, if this version of it is still to be found.
pub(super) async fn address(
    tx: &mut Tx,
    id: CaseId,
    version: i64,
) -> Result<Option<Address>, StorageError> {
    let case = cases::get(tx, id).await?.filter(|case| waits(case, version));
    Ok(case.and_then(|case| case.address))
}

/// Writes the finding; false if there is nothing to write.
pub(super) async fn settle(
    tx: &mut Tx,
    organization: OrganizationId,
    id: CaseId,
    version: i64,
    finding: Finding,
) -> Result<bool, StorageError> {
    let Some(before) = cases::lock(tx, id).await?.filter(|case| waits(case, version)) else {
        return Ok(false);
    };
    let mut after = before.clone();
    apply(&mut after, finding);
    if after == before {
        return Ok(false);
    }
    cases::update(tx, organization, &before, &after).await?;
    // The address is nobody's of the organisation: the entry says only what came of it.
    let details = json!({ "status": after.geocode_status, "precision": after.geocode_precision });
    let event = AuditEvent::of(audit::CASE_GEOCODE, id).details(details);
    nearhand_storage::audit::record(tx, &system(organization), &event).await?;
    Ok(true)
}

fn waits(case: &CaseRecord, version: i64) -> bool {
    case.address_version == version && is_open(case.geocode_status)
}

fn apply(case: &mut CaseRecord, finding: Finding) {
    case.geocode_status = Some(finding.status);
    case.geocode_precision = finding.precision;
    case.geocode_detail = Some(finding.detail);
    if let Some(place) = finding.place
        && case.position_source != Some(HomeSource::Manual)
    {
        (case.position, case.position_source) = (Some(place), Some(HomeSource::Geocoded));
    }
}
