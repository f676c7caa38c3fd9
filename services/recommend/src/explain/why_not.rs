//! Why somebody is not listed: each failed rule with the smallest change that lets it pass, or how
//! far the person is from the list. Must claim no change that was not tried.

use crate::{
    explain::{failed_rule::FailedRule, standing::Standing},
    query::Query,
};
use nearhand_domain::StaffId;
use serde::Serialize;

/// Why somebody is not listed, or where they stand.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WhyNot {
    /// The person.
    pub staff: StaffId,
    /// Whether no rule removes them.
    pub eligible: bool,
    /// The rules that remove them, in table order.
    pub failed: Vec<FailedRule>,
    /// Where they stand, if they are eligible.
    pub standing: Option<Standing>,
}

impl Query<'_> {
    /// Why a person is not among the best `limit`; `None` for nobody the asker may see, and for the
    /// deleted.
    ///
    /// Cost: microseconds for a person whom a rule removes. For the eligible one look at everybody,
    /// because a rank counts those who come before, and at most as much as the linear scan.
    #[must_use]
    pub fn why_not(&self, staff: StaffId, limit: usize) -> Option<WhyNot> {
        let slot = self.index.slot(staff).filter(|&slot| self.may_see(slot))?;
        if self.index.person(slot).is_deleted() {
            return None;
        }
        let judged = self.judge(slot);
        let failed: Vec<FailedRule> =
            judged.failed.iter().map(|rule| self.failed_rule(&judged, rule)).collect();
        let eligible = failed.is_empty();
        let standing = eligible.then(|| self.standing(&judged, limit));
        Some(WhyNot { staff, eligible, failed, standing })
    }
}
