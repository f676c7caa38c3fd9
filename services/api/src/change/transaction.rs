//! The transaction of one change: it commits with its audit entry and its kept answer, or not at
//! all.

use super::{
    key::Key,
    outcome::{ChangeResult, Committed, Ended, Forget, Outcomes},
};
use crate::{
    access::caller::{Allowed, Caller},
    http::origin::Origin,
    state::ApiState,
};
use nearhand_domain::{OrganizationId, StaffId, access::ActorKind};
use nearhand_storage::{
    StorageError, Tx,
    audit::{self, AuditContext, AuditEvent},
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
        let trace = caller.origin().trace_parent.as_deref();
        let tx = state.app().traced(caller.organization, trace).await?;
        Ok(Self { state: state.clone(), tx, context: caller.audit(), key: None })
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
            actor_kind: ActorKind::Staff,
            request_id: origin.request_id.clone(),
            remote_addr: origin.remote_addr.clone(),
        };
        Ok(Self { state: state.clone(), tx, context, key: None })
    }

    /// Where the work is done.
    pub(crate) fn tx(&mut self) -> &mut Tx {
        &mut self.tx
    }

    /// Writes one of several audit entries; the last may go with the commit.
    pub(crate) async fn record(&mut self, event: &AuditEvent) -> Result<(), StorageError> {
        audit::record(&mut self.tx, &self.context, event).await
    }

    /// Commits what a request leaves behind that is refused, such as a counted attempt. No answer
    /// is kept: the same key is judged anew.
    pub(crate) async fn commit_refused(self) -> Result<(), StorageError> {
        self.tx.commit().await
    }

    /// Writes the audit entries, keeps the answer for repeats, commits, and forgets credentials.
    /// Takes an `Outcome`, or `Outcomes` where many things were changed.
    pub(crate) async fn commit(mut self, outcome: impl Into<Outcomes>) -> ChangeResult {
        let Outcomes { events, forget, reply } = outcome.into();
        for event in &events {
            audit::record(&mut self.tx, &self.context, event).await?;
        }
        if let Some(key) = self.key {
            key.keep(&mut self.tx, self.context.organization, &reply).await?;
        }
        self.tx.commit().await?;
        for subject in forget.into_iter().filter_map(Forget::subject) {
            self.state.credentials().forget(subject);
        }
        Ok(Committed(reply))
    }
}
