//! The database part of creating and changing a person, the same as in one request: memberships exist,
//! an account admin remains, and sessions of people who lose rights end. Must not decide permissions.

use super::apply::error;
use nearhand_domain::{OrganizationId, StaffId, access::AccessLevel, clock, imports::RowError};
use nearhand_roster::Refusal;
use nearhand_storage::{
    StorageError, Tx, audit, devices, email_changes,
    imports::OpenRow,
    invitations,
    membership_names::{self, MembershipNames},
    resets, sessions,
    staff::{self, MembershipKind, StaffRecord},
};
use std::collections::HashSet;
use uuid::Uuid;

/// The memberships that the people of a batch refer to, locked against removal until the transaction
/// ends.
pub(super) struct LockedMemberships {
    existing: HashSet<Uuid>,
    membership_names: MembershipNames,
}

impl LockedMemberships {
    /// Call it before people are locked.
    pub(super) async fn of(tx: &mut Tx, rows: &[OpenRow]) -> Result<Self, StorageError> {
        let all = |of: fn(&StaffRecord) -> Vec<Uuid>| -> Vec<Uuid> {
            let ids: HashSet<Uuid> = rows.iter().flat_map(|row| of(&row.record)).collect();
            ids.into_iter().collect()
        };
        let mut existing = HashSet::new();
        for (kind, ids) in [
            (MembershipKind::Departments, all(|r| r.departments.iter().map(|id| id.0).collect())),
            (MembershipKind::Groups, all(|r| r.groups.iter().map(|id| id.0).collect())),
            (MembershipKind::Tags, all(|r| r.tags.iter().map(|id| id.0).collect())),
            (MembershipKind::Queues, all(|r| r.queues.iter().map(|id| id.0).collect())),
            (MembershipKind::Roles, all(|r| r.roles.iter().map(|id| id.0).collect())),
        ] {
            existing.extend(staff::hold(tx, kind, &ids).await?);
        }
        Ok(Self { existing, membership_names: membership_names::read(tx).await? })
    }

    /// Reads the roles' permissions again; refuses memberships that were removed since the check.
    pub(super) fn settle(
        &self,
        before: Option<&StaffRecord>,
        record: &mut StaffRecord,
    ) -> Result<(), Refusal> {
        let departments = record.departments.iter().map(|id| id.0);
        let groups = record.groups.iter().map(|id| id.0);
        let tags = record.tags.iter().map(|id| id.0);
        let queues = record.queues.iter().map(|id| id.0);
        let roles = record.roles.iter().map(|id| id.0);
        let mut all = departments.chain(groups).chain(tags).chain(queues).chain(roles.clone());
        if !all.all(|id| self.existing.contains(&id)) {
            let detail = "a department, group, tag, queue or role has been removed since the check";
            return Err(Refusal { code: "unknown", detail });
        }
        let had = before.map(|before| before.departments.as_slice()).unwrap_or_default();
        let fresh = record.departments.iter().filter(|id| !had.contains(id));
        if fresh.clone().any(|id| self.membership_names.inactive.contains(id)) {
            let detail = "a department has become inactive since the check";
            return Err(Refusal { code: "inactive", detail });
        }
        record.role_permissions = self.membership_names.permissions_of(roles);
        Ok(())
    }
}

/// Writes new people with their keys.
pub(super) async fn create_all(
    tx: &mut Tx,
    organization: OrganizationId,
    records: &[StaffRecord],
) -> Result<(), StorageError> {
    if records.is_empty() {
        return Ok(());
    }
    staff::insert_many(tx, organization, records).await?;
    let ids: Vec<StaffId> = records.iter().map(|record| record.id).collect();
    audit::create_person_keys(tx, organization, &ids).await
}

/// Writes a new person with their key.
pub(super) async fn create_one(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &StaffRecord,
) -> Result<(), StorageError> {
    staff::insert(tx, organization, record).await?;
    audit::create_person_key(tx, organization, record.id).await
}

/// What a row makes of a person: what no file says stays as it is now.
pub(super) fn upon(before: &StaffRecord, record: StaffRecord) -> StaffRecord {
    StaffRecord {
        version: before.version,
        session_epoch: before.session_epoch,
        photo: before.photo,
        tracked: before.tracked,
        invitation: before.invitation.clone(),
        invitation_mail: before.invitation_mail.clone(),
        created_at: before.created_at,
        deleted_at: before.deleted_at,
        ..record
    }
}

/// What only the database can tell: whether somebody logs in with an address that is to be moved,
/// and whether an account admin remains.
pub(super) async fn check(
    tx: &mut Tx,
    organization: OrganizationId,
    before: &StaffRecord,
    after: &StaffRecord,
) -> Result<Result<(), RowError>, StorageError> {
    if before.email_differs(after) && sessions::credential(tx, before.id).await?.is_some() {
        let detail = "somebody logs in with it by now";
        return Ok(Err(error(Some("email"), "immutable_field", detail)));
    }
    let ends = before.is_account_admin() && !after.is_account_admin();
    if ends && !staff::other_account_admin(tx, organization, before.id).await? {
        let detail = "at least one account admin who can log in must remain";
        return Ok(Err(error(Some("admin_role"), "last_account_admin", detail)));
    }
    Ok(Ok(()))
}

/// Writes a changed person, who must be locked.
pub(super) async fn change(
    tx: &mut Tx,
    organization: OrganizationId,
    before: &StaffRecord,
    after: &StaffRecord,
) -> Result<(), StorageError> {
    staff::update(tx, organization, before, after).await?;
    let (now, gains) = (clock::now(), after.gains_over(before));
    if gains || before.access_differs(after) {
        sessions::end_all(tx, organization, before.id).await?;
        // Whoever asked for it was judged by what the person might do then.
        email_changes::cancel_open(tx, before.id, now).await?;
    }
    if gains {
        // Whoever set it knows it, and was not judged by these rights.
        sessions::forget_temporary(tx, &[before.id]).await?;
    }
    if before.active && !after.active {
        devices::revoke_all(tx, before.id, now).await?;
    }
    let may_enter = |r: &StaffRecord| r.active && r.access_level != AccessLevel::Disabled;
    if before.email_differs(after) || (may_enter(before) && !may_enter(after)) {
        // Links went to another address, or open a login that is no more.
        invitations::revoke_open(tx, before.id, now).await?;
        resets::end_open(tx, before.id, now).await?;
        email_changes::cancel_open(tx, before.id, now).await?;
    }
    Ok(())
}
