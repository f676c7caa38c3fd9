//! Who assigns: a scheduler, or a person who accepts what a scheduler has offered.

use crate::access::caller::Caller;
use nearhand_domain::{OrganizationId, StaffId};

/// Who assigns.
#[derive(Clone, Copy)]
pub(crate) enum By<'a> {
    /// Somebody who may assign others.
    Scheduler(&'a Caller),
    /// The person who is to hold it.
    Holder {
        /// The tenant.
        organization: OrganizationId,
        /// The person.
        holder: StaffId,
        /// Who has offered it.
        offered_by: StaffId,
    },
}

impl By<'_> {
    /// The tenant.
    pub(super) fn organization(self) -> OrganizationId {
        match self {
            Self::Scheduler(caller) => caller.organization,
            Self::Holder { organization, .. } => organization,
        }
    }

    /// Who acts, and so need not be told.
    pub(super) fn actor(self) -> StaffId {
        match self {
            Self::Scheduler(caller) => caller.staff,
            Self::Holder { holder, .. } => holder,
        }
    }

    /// Whose decision the assignment is.
    pub(super) fn author(self) -> StaffId {
        match self {
            Self::Scheduler(caller) => caller.staff,
            Self::Holder { offered_by, .. } => offered_by,
        }
    }
}
