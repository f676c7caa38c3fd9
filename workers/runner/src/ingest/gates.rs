//! Privacy gates kept between batches. A gate holds for one version of its person and one of the
//! organisation; the versions themselves are read anew in every transaction.

use super::plan::Person;
use nearhand_domain::{StaffId, ping::PersonGate};
use nearhand_storage::{
    StorageError, Tx, erasure, facts,
    ingest::{self, PersonVersion},
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::sync::Arc;

/// Most gates kept; beyond it all are dropped and read again as needed.
const MOST_GATES: usize = 200_000;

/// The gates of one partition's people.
#[derive(Default)]
pub(super) struct GateCache {
    gates: FxHashMap<StaffId, (i64, i64, Arc<PersonGate>)>,
}

impl GateCache {
    /// What the plan must know of these people, as of this transaction.
    pub(super) async fn people(
        &mut self,
        tx: &mut Tx,
        staff: &[StaffId],
    ) -> Result<FxHashMap<StaffId, Person>, StorageError> {
        let versions = ingest::versions(tx, staff).await?;
        let erased = self.erased(tx, staff, &versions).await?;
        let stale: Vec<&PersonVersion> = versions
            .iter()
            .filter(|person| !person.deleted && self.held(person).is_none())
            .collect();
        if !stale.is_empty() {
            self.read(tx, &stale).await?;
        }
        let known = versions.iter().map(|person| {
            let gate = self.held(person);
            let known = Person {
                organization: person.organization,
                mock_policy: person.mock_policy,
                gate: gate.filter(|_| !person.deleted),
                work_version: person.work_version,
                jump_limit_mps: person.jump_limit_mps,
                newest: person.newest,
            };
            (person.staff, known)
        });
        Ok(known.chain(erased).collect())
    }

    /// Those whose row is gone because they were erased. Asked only where somebody is missing.
    async fn erased(
        &mut self,
        tx: &mut Tx,
        staff: &[StaffId],
        found: &[PersonVersion],
    ) -> Result<Vec<(StaffId, Person)>, StorageError> {
        if found.len() >= staff.len() {
            return Ok(Vec::new());
        }
        let found: FxHashSet<StaffId> = found.iter().map(|person| person.staff).collect();
        let missing: Vec<StaffId> =
            staff.iter().copied().filter(|id| !found.contains(id)).collect();
        let tombstones = erasure::tombstones(tx, &missing).await?;
        Ok(tombstones
            .into_iter()
            .map(|tombstone| {
                self.gates.remove(&tombstone.staff);
                (tombstone.staff, Person::erased(tombstone.organization))
            })
            .collect())
    }

    fn held(&self, person: &PersonVersion) -> Option<Arc<PersonGate>> {
        let (version, organization_version, gate) = self.gates.get(&person.staff)?;
        (*version == person.version && *organization_version == person.organization_version)
            .then(|| gate.clone())
    }

    /// Gates are read after the versions: at worst newer than the version they are filed under,
    /// and then read once more.
    async fn read(&mut self, tx: &mut Tx, stale: &[&PersonVersion]) -> Result<(), StorageError> {
        if self.gates.len() + stale.len() > MOST_GATES {
            self.gates.clear();
        }
        let ids: Vec<StaffId> = stale.iter().map(|person| person.staff).collect();
        let mut gates: FxHashMap<StaffId, PersonGate> =
            facts::gates(tx, &ids).await?.into_iter().collect();
        for person in stale {
            if let Some(gate) = gates.remove(&person.staff) {
                let filed = (person.version, person.organization_version, Arc::new(gate));
                self.gates.insert(person.staff, filed);
            }
        }
        Ok(())
    }
}
