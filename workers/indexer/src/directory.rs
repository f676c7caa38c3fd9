//! What people are called, for answers. Names stay out of the index, which only ranks.

use nearhand_domain::{StaffId, facts::Fact};
use parking_lot::RwLock;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Display names by person.
#[derive(Debug, Default)]
pub struct Directory(RwLock<FxHashMap<StaffId, Named>>);

#[derive(Debug)]
struct Named {
    version: i64,
    /// None: deleted.
    name: Option<Arc<str>>,
}

impl Directory {
    /// What colleagues call this person; `None` when unknown or deleted.
    #[must_use]
    pub fn name(&self, staff: StaffId) -> Option<Arc<str>> {
        self.0.read().get(&staff)?.name.clone()
    }

    /// Takes the names out of facts, in any order and any number of times.
    pub(crate) fn apply(&self, facts: &[Fact]) {
        if !facts.iter().any(|fact| matches!(fact, Fact::Staff(_))) {
            return;
        }
        let mut names = self.0.write();
        for fact in facts {
            let Fact::Staff(staff) = fact else { continue };
            if names.get(&staff.staff).is_some_and(|known| known.version >= staff.version) {
                continue;
            }
            let name = (!staff.deleted).then(|| Arc::from(staff.display_name.as_str()));
            names.insert(staff.staff, Named { version: staff.version, name });
        }
    }

    /// Replaces everything at one blow.
    pub(crate) fn replace(&self, fresh: Self) {
        *self.0.write() = fresh.0.into_inner();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_domain::{OrganizationId, facts::StaffFacts, tracking::TrackingGate};

    fn named(staff: StaffId, version: i64, name: &str, deleted: bool) -> Fact {
        Fact::Staff(Box::new(StaffFacts {
            organization: OrganizationId(uuid::Uuid::nil()),
            staff,
            version,
            deleted,
            active: true,
            display_name: name.into(),
            home: None,
            services: vec![],
            regions: vec![],
            skills: vec![],
            licences: vec![],
            languages: vec![],
            working_hours: None,
            time_off: vec![],
            max_travel_km: None,
            tracking: TrackingGate::default(),
            positions_valid_from: i64::MIN,
        }))
    }

    #[test]
    fn the_newest_name_stands_in_whatever_order_it_came() {
        let (directory, staff) = (Directory::default(), StaffId::generate());
        directory.apply(&[named(staff, 2, "Ana Reis", false), named(staff, 1, "Ana", false)]);
        assert_eq!(directory.name(staff).as_deref(), Some("Ana Reis"));
        directory.apply(&[named(staff, 3, "", true), named(staff, 2, "Ana Reis", false)]);
        assert_eq!(directory.name(staff), None);
        assert_eq!(directory.name(StaffId::generate()), None);
    }
}
