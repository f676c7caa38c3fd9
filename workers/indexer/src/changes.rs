//! What others are told when the index moves on.

use nearhand_domain::{OrganizationId, StaffId};
use nearhand_queue::CredentialChanged;
use std::sync::Arc;

/// Something a view of live positions may want to redraw.
#[derive(Clone, Debug)]
pub enum Change {
    /// These people moved, or something about them changed; read them from the index.
    People(Arc<[(OrganizationId, StaffId)]>),
    /// The whole index was replaced: begin anew.
    Replaced,
}

/// What a cache of credentials must forget before it answers again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalidation {
    /// One credential, or all of one person.
    One(CredentialChanged),
    /// Everything: changes may have been missed.
    All,
}
