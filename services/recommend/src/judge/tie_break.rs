//! The order of people who are equal in everything else. Must not depend on a name or on the age
//! of an account.

use nearhand_domain::{CaseId, StaffId};
use sha2::{Digest, Sha256};

/// A pseudo-random number of one person and one case; the smaller one comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TieBreak([u8; 32]);

impl TieBreak {
    /// SHA-256 of case id and staff id. Cost: one hash.
    pub(crate) fn new(case: CaseId, staff: StaffId) -> Self {
        let mut hash = Sha256::new();
        hash.update(case.0.as_bytes());
        hash.update(staff.0.as_bytes());
        Self(hash.finalize().into())
    }

    /// The first eight bytes, which sort in the same order.
    pub(crate) fn prefix(&self) -> u64 {
        self.0.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
    }
}
