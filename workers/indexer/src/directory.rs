//! Display names of people, kept beside the index so that answers need no query. A name belongs to a
//! version of a person, as everything does that the index has of them.

use nearhand_domain::{StaffId, facts::StaffFacts};
use rustc_hash::FxHashMap;
use std::sync::Arc;

type Name = Option<Arc<str>>;

/// Names by person, each with the version it came with.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    names: FxHashMap<StaffId, (i64, Name)>,
    /// What the newest facts replaced: the index may still be about to take these facts.
    replaced: FxHashMap<(StaffId, i64), Name>,
}

impl Directory {
    /// Begins to take further facts. All taken before are in the index by now.
    pub(crate) fn begin(&mut self) {
        self.replaced.clear();
    }

    /// Takes a name unless a newer one is known; deleted people keep none.
    pub(crate) fn take(&mut self, facts: &StaffFacts) {
        let name = || (!facts.deleted).then(|| facts.display_name.as_str().into());
        let Some(known) = self.names.get_mut(&facts.staff) else {
            self.names.insert(facts.staff, (facts.version, name()));
            return;
        };
        if facts.version > known.0 {
            let (version, old) = std::mem::replace(known, (facts.version, name()));
            self.replaced.insert((facts.staff, version), old);
        }
    }

    /// A person's name.
    pub(crate) fn name(&self, staff: StaffId) -> Name {
        self.names.get(&staff).and_then(|(_, name)| name.clone())
    }

    /// A person's name in a version that the index has. The newest one where that version's is not
    /// known: the index is being rebuilt.
    pub(crate) fn name_at(&self, staff: StaffId, version: i64) -> Name {
        let (newest, name) = self.names.get(&staff)?;
        let replaced = || self.replaced.get(&(staff, version));
        let of_version = if *newest == version { None } else { replaced() };
        of_version.unwrap_or(name).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_domain::{OrganizationId, tracking::TrackingGate};

    #[test]
    fn a_version_keeps_its_name_until_the_index_has_the_next_one() {
        let staff = StaffId::generate();
        let facts = |version, name: &str| StaffFacts {
            organization: OrganizationId::generate(),
            staff,
            version,
            deleted: false,
            active: true,
            display_name: name.into(),
            home: None,
            base: None,
            services: Vec::new(),
            regions: Vec::new(),
            skills: Vec::new(),
            licences: Vec::new(),
            languages: Vec::new(),
            working_hours: None,
            off_duty: false,
            time_off: Vec::new(),
            max_travel_km: None,
            tracking: TrackingGate::default(),
            positions_valid_from: 0,
        };
        let mut directory = Directory::default();
        directory.begin();
        directory.take(&facts(1, "Grace Murray"));
        directory.begin();
        directory.take(&facts(2, "Grace Hopper"));
        directory.take(&facts(1, "late"));
        let at = |directory: &Directory, version| directory.name_at(staff, version);
        assert_eq!(at(&directory, 1).as_deref(), Some("Grace Murray"));
        assert_eq!(at(&directory, 2).as_deref(), Some("Grace Hopper"));
        directory.begin();
        assert_eq!(at(&directory, 1).as_deref(), Some("Grace Hopper"));
        assert_eq!(directory.name_at(StaffId::generate(), 1), None);
    }
}
