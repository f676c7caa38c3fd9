//! Which mails about assignments and offers people want, and the queueing of those that they do want.

use crate::{
    StorageError, Tx,
    mails::{self, NewMail},
};
use jiff::Timestamp;
use nearhand_domain::{OrganizationId, StaffId, mails::MailKind};
use sqlx::FromRow;
use uuid::Uuid;

/// A person's switches. All are on until they say otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct NotificationSettings {
    /// Raised by every write; also the ETag. 0 as long as nothing is stored.
    pub version: i64,
    /// When they are assigned.
    pub assigned: bool,
    /// When an assignment of theirs changes.
    pub changed: bool,
    /// When one is taken back.
    pub withdrawn: bool,
    /// When a case is offered to them.
    pub offered: bool,
    /// Whether by mail at all.
    pub mail: bool,
}

impl Default for NotificationSettings {
    fn default() -> Self {
        Self {
            version: 0,
            assigned: true,
            changed: true,
            withdrawn: true,
            offered: true,
            mail: true,
        }
    }
}

impl NotificationSettings {
    /// Whether they want a mail of this kind.
    #[must_use]
    pub fn wants(&self, kind: MailKind) -> bool {
        let wanted = match kind {
            MailKind::Assigned => self.assigned,
            MailKind::AssignmentChanged => self.changed,
            MailKind::Withdrawn => self.withdrawn,
            MailKind::Offered => self.offered,
            _ => true,
        };
        wanted && self.mail
    }
}

/// A person's switches.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, staff: StaffId) -> Result<NotificationSettings, StorageError> {
    let row = sqlx::query_as(
        "SELECT version, assigned, changed, withdrawn, offered, mail FROM notification_settings \
         WHERE staff_id = $1",
    );
    Ok(row.bind(staff.0).fetch_optional(&mut **tx).await?.unwrap_or_default())
}

/// Stores the switches of a person, who must be locked. Returns the new version.
///
/// # Errors
/// When the database fails.
pub async fn put(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    settings: NotificationSettings,
) -> Result<i64, StorageError> {
    let statement = sqlx::query_scalar(
        "INSERT INTO notification_settings AS n (organization_id, staff_id, assigned, changed, \
         withdrawn, offered, mail) VALUES ($1, $2, $3, $4, $5, $6, $7) \
         ON CONFLICT (staff_id) DO UPDATE SET assigned = $3, changed = $4, withdrawn = $5, \
         offered = $6, mail = $7, version = n.version + 1 RETURNING version",
    );
    let statement = statement.bind(organization.0).bind(staff.0).bind(settings.assigned);
    let statement = statement.bind(settings.changed).bind(settings.withdrawn);
    let statement = statement.bind(settings.offered).bind(settings.mail);
    Ok(statement.fetch_one(&mut **tx).await?)
}

/// Queues a mail about an assignment or an offer, which is its subject, if the person has an address
/// and wants mails of this kind. Returns whether it was queued.
///
/// # Errors
/// When the database fails.
pub async fn tell(
    tx: &mut Tx,
    organization: OrganizationId,
    kind: MailKind,
    staff: StaffId,
    subject: Uuid,
    now: Timestamp,
) -> Result<bool, StorageError> {
    let reachable: Option<bool> = sqlx::query_scalar(
        "SELECT email IS NOT NULL FROM staff WHERE id = $1 AND deleted_at IS NULL",
    )
    .bind(staff.0)
    .fetch_optional(&mut **tx)
    .await?;
    if reachable != Some(true) || !get(tx, staff).await?.wants(kind) {
        return Ok(false);
    }
    let mail = NewMail { kind, staff: Some(staff), subject: Some(subject) };
    mails::queue(tx, organization, mail, now).await?;
    Ok(true)
}
