//! Computes when somebody arrived at the site of a case and left it, from all their fixes of the time
//! of the assignment. A job that comes twice finds nothing to change.

use super::{Handler, JobContext, Outcome, Schedule};
use nearhand_domain::{arrival::visit, jobs::ArrivalJob};
use nearhand_storage::{StorageError, arrivals, assignments, staff, track};
use std::time::Duration;

/// The most fixes that are read, from the beginning of the assignment on.
const MOST_FIXES: i64 = 200_000;

/// Serves the arrivals of all organisations.
#[derive(Clone, Copy, Debug, Default)]
pub struct ArrivalJobs;

impl Handler for ArrivalJobs {
    type Payload = ArrivalJob;
    /// A day of fixes takes some milliseconds.
    const CONCURRENCY: usize = 4;
    const TIMEOUT: Duration = Duration::from_mins(1);
    const SCHEDULE: Schedule =
        Schedule { first: Duration::from_secs(1), longest: Duration::from_mins(5), attempts: 30 };

    async fn handle(&self, job: ArrivalJob, context: &JobContext) -> Result<Outcome, StorageError> {
        // Committed first: ingest, which marks the assignment again, must not wait for the reading.
        let mut tx = context.begin().await?;
        arrivals::begin_check(&mut tx, job.assignment).await?;
        tx.commit().await?;
        let mut tx = context.begin().await?;
        let seen = assignments::get(&mut tx, job.assignment).await?;
        if let Some(seen) = &seen {
            // The order of every change of an assignment.
            assignments::lock_case(&mut tx, seen.case).await?;
            staff::lock(&mut tx, seen.staff).await?;
            assignments::lock(&mut tx, job.assignment).await?;
        }
        let assigned = arrivals::site(&mut tx, job.assignment).await?;
        // Somebody else may have got it before the locks were to be had; their fixes queue another job.
        let same = |staff| seen.as_ref().is_some_and(|seen| seen.staff == staff);
        if let Some(assigned) = assigned.filter(|assigned| same(assigned.staff)) {
            let span = (assigned.from_ms, assigned.to_ms.min(LAST_MS));
            let organization = context.organization();
            let fixes =
                track::fixes(&mut tx, organization, assigned.staff, span, MOST_FIXES).await?;
            let inside = fixes.iter().filter_map(|fix| {
                let inside = assigned.site.contains(fix.position, fix.accuracy_m)?;
                Some((fix.at_ms, inside))
            });
            let visit = visit(inside);
            if visit != assigned.visit {
                arrivals::save(&mut tx, &assigned, visit).await?;
            }
        }
        tx.commit().await?;
        Ok(Outcome::Done)
    }

    async fn give_up(
        &self,
        job: &ArrivalJob,
        _: &str,
        context: &JobContext,
    ) -> Result<(), StorageError> {
        let mut tx = context.begin().await?;
        arrivals::begin_check(&mut tx, job.assignment).await?;
        tx.commit().await
    }
}

/// The year 9999, beyond which PostgreSQL and the calendar here differ.
const LAST_MS: i64 = 253_402_300_799_999;
