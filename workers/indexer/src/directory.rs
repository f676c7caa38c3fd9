//! Display names of people, kept beside the index so that answers need no query.

use nearhand_domain::{StaffId, facts::StaffFacts};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// Names by person, each with the version it came with.
#[derive(Debug, Default)]
pub(crate) struct Directory(FxHashMap<StaffId, (i64, Option<Arc<str>>)>);

impl Directory {
    /// Takes a name unless a newer one is known; deleted people keep none.
    pub(crate) fn take(&mut self, facts: &StaffFacts) {
        let entry = self.0.entry(facts.staff).or_insert((i64::MIN, None));
        if facts.version > entry.0 {
            *entry = (facts.version, (!facts.deleted).then(|| facts.display_name.as_str().into()));
        }
    }

    /// A person's name.
    pub(crate) fn name(&self, staff: StaffId) -> Option<Arc<str>> {
        self.0.get(&staff).and_then(|(_, name)| name.clone())
    }
}
