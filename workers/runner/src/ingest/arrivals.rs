//! Says which assignments' arrivals must be computed again after a batch. The sites of people's
//! assignments are kept between batches, for one version of their work; people without work cost
//! nothing. Must not compute an arrival: a job does, from the whole history.

use super::plan::{Person, Plan};
use nearhand_domain::{AssignmentId, OrganizationId, StaffId, arrival::may_change, ping::flags};
use nearhand_storage::{
    StorageError, Tx,
    arrivals::{self, AssignedSite},
    ingest::PingRow,
};
use rustc_hash::FxHashMap;

/// Fixes of work that ended longer ago than this change nothing any more.
const ENDED_MS: i64 = 7 * 24 * 60 * 60 * 1_000;
/// Most people kept; beyond it all are dropped and read again as needed.
const MOST_PEOPLE: usize = 50_000;

/// The sites of one partition's people.
#[derive(Default)]
pub(super) struct SiteCache {
    people: FxHashMap<StaffId, (i64, Vec<AssignedSite>)>,
}

impl SiteCache {
    /// The assignments whose arrival may be another one after these fixes.
    pub(super) async fn changed(
        &mut self,
        tx: &mut Tx,
        plan: &Plan<'_>,
        people: &FxHashMap<StaffId, Person>,
        now_ms: i64,
    ) -> Result<Vec<(OrganizationId, AssignmentId)>, StorageError> {
        let version = |staff: &StaffId| people.get(staff).map_or(0, |person| person.work_version);
        let working = plan.people.iter().map(|(_, staff)| *staff);
        let working: Vec<StaffId> = working.filter(|staff| version(staff) > 0).collect();
        let is_stale = |staff: &&StaffId| {
            self.people.get(*staff).is_none_or(|(known, _)| *known != version(staff))
        };
        let stale: Vec<StaffId> = working.iter().filter(is_stale).copied().collect();
        if !stale.is_empty() {
            self.read(tx, &stale, version, now_ms).await?;
        }
        let mut changed: Vec<_> = working
            .iter()
            .filter_map(|staff| self.people.get(staff))
            .flat_map(|(_, sites)| sites)
            .filter(|site| plan.rows_of(site.staff).iter().any(|row| concerns(site, row)))
            .map(|site| (site.organization, site.assignment))
            .collect();
        changed.sort_unstable();
        changed.dedup();
        Ok(changed)
    }

    /// Read after the versions: at worst newer than the version they are filed under.
    async fn read(
        &mut self,
        tx: &mut Tx,
        stale: &[StaffId],
        version: impl Fn(&StaffId) -> i64,
        now_ms: i64,
    ) -> Result<(), StorageError> {
        if self.people.len() + stale.len() > MOST_PEOPLE {
            self.people.clear();
        }
        for staff in stale {
            self.people.insert(*staff, (version(staff), Vec::new()));
        }
        for site in arrivals::sites(tx, stale, now_ms - ENDED_MS).await? {
            if let Some((_, sites)) = self.people.get_mut(&site.staff) {
                sites.push(site);
            }
        }
        Ok(())
    }
}

fn concerns(site: &AssignedSite, row: &PingRow<'_>) -> bool {
    let at_ms = row.ping.fix_at_ms;
    let counts = !row.ping.mock && row.flags & (flags::JUMP | flags::CLOCK_AHEAD) == 0;
    counts
        && (site.from_ms..site.to_ms).contains(&at_ms)
        && site
            .site
            .contains(row.ping.position, row.ping.accuracy_m)
            .is_some_and(|inside| may_change(site.visit, at_ms, inside))
}
