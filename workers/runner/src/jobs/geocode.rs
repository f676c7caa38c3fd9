//! Looks for the addresses of people and cases on the map. An answer counts only for the version of
//! the address that was asked for, and a place that somebody gave stays. Logs no address and no
//! coordinate.

mod case;
mod person;

use super::{Handler, JobContext, Outcome, Schedule};
use jiff::Timestamp;
use nearhand_domain::{
    OrganizationId, Position,
    access::ActorKind,
    address::{Address, GeocodePrecision, GeocodeStatus},
    jobs::{GeocodeJob, GeocodeSubject},
};
use nearhand_geocode::{GeocodeError, GeocodeMatch, Geocoder, Place, Precision};
use nearhand_storage::{StorageError, audit::AuditContext, erasure};
use serde_json::{Value, json};
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

/// Serves the addresses of all organisations.
#[derive(Clone)]
pub struct GeocodeJobs {
    geocoder: Arc<Geocoder>,
    /// The newest erasure that the geocoder knows of, in Unix microseconds: what it remembers may be
    /// the address of somebody who was erased later.
    erased_until: Arc<AtomicI64>,
}

impl fmt::Debug for GeocodeJobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GeocodeJobs").finish_non_exhaustive()
    }
}

impl GeocodeJobs {
    /// Asks this geocoder.
    #[must_use]
    pub fn new(geocoder: Geocoder) -> Self {
        Self { geocoder: Arc::new(geocoder), erased_until: Arc::default() }
    }

    /// Lets the geocoder forget everything if anybody was erased since it was last asked. Every process
    /// does that before it uses what it remembers.
    fn heed(&self, erased_at: Option<Timestamp>) {
        let erased_at = erased_at.map_or(0, Timestamp::as_microsecond);
        if self.erased_until.fetch_max(erased_at, Ordering::Relaxed) < erased_at {
            self.geocoder.forget();
        }
    }
}

/// What came of a search.
struct Finding {
    status: GeocodeStatus,
    precision: Option<GeocodePrecision>,
    /// Attribution, choices or a reason.
    detail: Value,
    /// Where, with status `ok`.
    place: Option<Position>,
}

impl Handler for GeocodeJobs {
    type Payload = GeocodeJob;
    /// With one request a second, the last of these waits for four.
    const CONCURRENCY: usize = 4;
    /// A turn is waited for half a minute at most, an answer ten seconds.
    const TIMEOUT: Duration = Duration::from_mins(1);
    /// A day in all.
    const SCHEDULE: Schedule =
        Schedule { first: Duration::from_secs(2), longest: Duration::from_hours(2), attempts: 24 };

    async fn handle(&self, job: GeocodeJob, context: &JobContext) -> Result<Outcome, StorageError> {
        let mut tx = context.begin().await?;
        let address = match job.subject {
            GeocodeSubject::Staff(id) => person::address(&mut tx, id, job.address_version).await?,
            GeocodeSubject::Case(id) => case::address(&mut tx, id, job.address_version).await?,
        };
        self.heed(erasure::last(&mut tx).await?);
        tx.rollback().await?;
        let Some(address) = address else { return Ok(Outcome::Done) };
        let found = match self.geocoder.find(&asked(address)).await {
            Ok(found) => found,
            Err(error @ GeocodeError::Permanent { .. }) => {
                return Ok(Outcome::dead(error.to_string()));
            }
            Err(error @ GeocodeError::Temporary { retry_after, .. }) => {
                let scheduled = Self::SCHEDULE.pause(job.attempt);
                let after = retry_after.map(|wait| wait.max(scheduled));
                return Ok(Outcome::Retry { after, reason: error.to_string() });
            }
        };
        settle(&job, context, Finding::of(found, self.geocoder.attribution())).await?;
        Ok(Outcome::Done)
    }

    async fn give_up(
        &self,
        job: &GeocodeJob,
        reason: &str,
        context: &JobContext,
    ) -> Result<(), StorageError> {
        settle(job, context, Finding::failed(reason)).await
    }
}

/// Writes what came of it, with its entry in the audit trail, unless the address has changed.
async fn settle(
    job: &GeocodeJob,
    context: &JobContext,
    finding: Finding,
) -> Result<(), StorageError> {
    let mut tx = context.begin().await?;
    let (organization, version) = (job.organization, job.address_version);
    let written = match job.subject {
        GeocodeSubject::Staff(id) => {
            person::settle(&mut tx, organization, id, version, finding).await?
        }
        GeocodeSubject::Case(id) => {
            case::settle(&mut tx, organization, id, version, finding).await?
        }
    };
    if written { tx.commit().await } else { tx.rollback().await }
}

/// Whether this very address is still to be found. One that failed may be tried again by operators.
fn is_open(status: Option<GeocodeStatus>) -> bool {
    [Some(GeocodeStatus::Pending), Some(GeocodeStatus::Failed)].contains(&status)
}

/// The system, as whoever acts.
fn system(organization: OrganizationId) -> AuditContext {
    AuditContext {
        organization,
        actor: None,
        actor_kind: ActorKind::Staff,
        request_id: "job geocode".to_owned(),
        remote_addr: None,
    }
}

impl Finding {
    fn of(found: GeocodeMatch, attribution: &str) -> Self {
        match found {
            GeocodeMatch::Ok(place) => Self {
                status: GeocodeStatus::Ok,
                precision: Some(precision(place.precision)),
                detail: json!({ "attribution": attribution }),
                place: Some(place.position),
            },
            GeocodeMatch::Ambiguous(places) => {
                let choices: Vec<_> = places.iter().map(choice).collect();
                Self {
                    status: GeocodeStatus::Ambiguous,
                    precision: None,
                    detail: json!({ "choices": choices, "attribution": attribution }),
                    place: None,
                }
            }
            GeocodeMatch::Nothing { why } => Self::failed(&why),
        }
    }

    fn failed(reason: &str) -> Self {
        Self {
            status: GeocodeStatus::Failed,
            precision: None,
            detail: json!({ "reason": reason }),
            place: None,
        }
    }
}

fn choice(place: &Place) -> Value {
    let Place { position, label, .. } = place;
    let position: &Position = position;
    json!({
        "label": label,
        "position": { "lat": position.lat(), "lng": position.lng() },
        "precision": place.precision.as_str(),
    })
}

fn precision(found: Precision) -> GeocodePrecision {
    match found {
        Precision::Address => GeocodePrecision::Address,
        Precision::Postcode => GeocodePrecision::Postcode,
        Precision::Locality => GeocodePrecision::Locality,
    }
}

fn asked(address: Address) -> nearhand_geocode::Address {
    let Address { street, city, region, postcode, country } = address;
    nearhand_geocode::Address { street, city, region, postcode, country }
}
