//! Who asked for a job, with the rights they have now: a person, or a service account with what its
//! creator still has.

use nearhand_domain::{
    ServiceAccountId, StaffId,
    access::{AccessLevel, Action, Actor, ActorKind, Object, ViewScope, decide},
};
use nearhand_storage::{
    StorageError, Tx, service_accounts,
    staff::{self, Access},
};
use uuid::Uuid;

/// The author of a job.
#[derive(Clone, Debug)]
pub(super) struct Author {
    /// The person, or the service account under the same kind of identifier.
    pub(super) id: StaffId,
    /// Which of the two.
    pub(super) kind: ActorKind,
    /// Whether a mail reaches them.
    pub(super) has_email: bool,
    access: Access,
}

impl Author {
    /// Whoever has this id and may come in.
    pub(super) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Self>, StorageError> {
        if let Some(person) = staff::get(tx, StaffId(id)).await? {
            let rights = person.rights();
            let access = Access {
                level: person.access_level,
                permissions: rights.permissions,
                view: rights.view,
                edit: rights.edit,
                departments: rights.departments.to_vec(),
            };
            let (id, kind, has_email) = (person.id, ActorKind::Staff, person.email.is_some());
            let comes_in = person.active && person.access_level != AccessLevel::Disabled;
            return Ok(comes_in.then_some(Self { id, kind, has_email, access }));
        }
        let account = service_accounts::get(tx, ServiceAccountId(id)).await?;
        let Some(account) = account.filter(|account| account.active) else { return Ok(None) };
        let mut creators = service_accounts::creators(tx, &[account.created_by]).await?;
        let Some(access) = creators.remove(&account.created_by) else { return Ok(None) };
        let permissions = account.permissions.intersection(access.permissions);
        let access = Access { level: AccessLevel::Full, permissions, ..access };
        let kind = ActorKind::ServiceAccount;
        Ok(Some(Self { id: StaffId(id), kind, has_email: false, access }))
    }

    /// The author as whoever acts.
    pub(super) fn actor(&self) -> Actor<'_> {
        let (kind, rights) = (self.kind, self.access.rights());
        Actor { staff: self.id, kind, level: self.access.level, rights }
    }

    /// Whether they may do this at all.
    pub(super) fn may(&self, action: Action) -> bool {
        decide(&self.actor(), action, &Object::Organization).is_ok()
    }

    /// Whether they see only people of their own departments.
    pub(super) fn is_narrow(&self) -> bool {
        self.access.view == ViewScope::Departments
    }

    /// The departments they belong to.
    pub(super) fn departments(&self) -> &[nearhand_domain::DepartmentId] {
        &self.access.departments
    }
}
