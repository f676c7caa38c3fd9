//! The transaction of one change: it commits with its audit entry and its kept answer, or not at
//! all.

use super::{
    key::Key,
    outcome::{ChangeResult, Committed, Ended, Outcome},
};
use crate::{
    access::caller::{Allowed, Caller},
    http::origin::Origin,
    state::ApiState,
};
use nearhand_domain::{OrganizationId, StaffId};
use nearhand_storage::{
    StorageError, Tx,
    audit::{self, AuditContext},
};

/// A change on its way. Dropped without [`Change::commit`], nothing has happened.
pub(crate) struct Change {
    state: ApiState,
    tx: Tx,
    context: AuditContext,
    key: Option<Key>,
}

impl Change {
    /// Begins a change of a caller who may make it.
    pub(crate) async fn begin(
        state: &ApiState,
        caller: &Caller,
        _: Allowed,
    ) -> Result<Self, StorageError> {
        Self::of(state, caller.organization, Some(caller.staff), caller.origin()).await
    }

    /// The same, under an idempotency key.
    pub(super) async fn begin_with_key(
        state: &ApiState,
        caller: &Caller,
        allowed: Allowed,
        key: Option<Key>,
    ) -> Result<Self, Ended> {
        let mut change = Self::begin(state, caller, allowed).await?;
        if let Some(key) = &key {
            key.claim(&mut change.tx).await?;
        }
        Ok(Self { key, ..change })
    }

    /// Begins a change that nobody with a session makes: a login, a refresh.
    pub(crate) async fn of(
        state: &ApiState,
        organization: OrganizationId,
        actor: Option<StaffId>,
        origin: &Origin,
    ) -> Result<Self, StorageError> {
        let tx = state.app().traced(organization, origin.trace_parent.as_deref()).await?;
        let context = AuditContext {
            organization,
            actor,
            request_id: origin.request_id.clone(),
            remote_addr: origin.remote_addr.clone(),
        };
        Ok(Self { state: state.clone(), tx, context, key: None })
    }

    /// Where the work is done.
    pub(crate) fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// Writes the audit entry, keeps the answer for repeats, commits, and forgets credentials.
    pub(crate) async fn commit(mut self, outcome: Outcome) -> ChangeResult {
        let Outcome { event, forget, reply } = outcome;
        if let Some(event) = event {
            audit::record(&mut self.tx, &self.context, &event).await?;
        }
        if let Some(key) = self.key {
            key.keep(&mut self.tx, self.context.organization, &reply).await?;
        }
        self.tx.commit().await?;
        if let Some(subject) = forget.subject() {
            self.state.credentials().forget(subject);
        }
        Ok(Committed(reply))
    }
}
