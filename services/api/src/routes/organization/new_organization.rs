//! Creates an organisation with its first account admin, for setup and for
//! `nearhand organization create`. Must not decide who may create one.

use crate::{http::origin::Origin, routes::people::staff_form::MAX_DISPLAY_NAME};
use jiff::Timestamp;
use nearhand_domain::{
    OrganizationId, StaffId,
    access::{AccessLevel, ActorKind, AdminRole},
    audit::ORGANIZATION_FOUND,
    clock,
    link::INVITATION_TTL,
    text::{Email, Name, Slug, ZoneName},
    token::{TokenKind, mint},
};
use nearhand_storage::{
    StorageError, Tx,
    audit::{self, AuditContext, AuditEvent},
    enter_tenant, invitations, organizations, sessions,
    staff::{self, StaffRecord},
};

/// An organisation that is to be created, and its first account admin.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Its name.
    pub name: Name,
    /// Its name in logins.
    pub slug: Slug,
    /// Its time zone.
    pub zone: ZoneName,
    /// The admin's given name.
    pub first_name: Name,
    /// The admin's family name.
    pub last_name: Name,
    /// The admin's login.
    pub email: Email,
}

impl NewOrganization {
    /// Refuses names whose combination is too long: the display name has both.
    ///
    /// # Errors
    /// Says what is wrong with the family name.
    pub fn check_names(first: &Name, last: &Name) -> Result<(), String> {
        let length = display_name(first, last).chars().count();
        if length <= MAX_DISPLAY_NAME {
            return Ok(());
        }
        Err(format!("makes more than {MAX_DISPLAY_NAME} characters together with the first name"))
    }
}

fn display_name(first: &Name, last: &Name) -> String {
    format!("{first} {last}")
}

/// The password of the first account admin.
#[derive(Clone, Debug)]
pub struct FirstPassword {
    /// PHC string.
    pub hash: String,
    /// When it expires, if it is temporary.
    pub expires_at: Option<Timestamp>,
}

/// An organisation whose admin was invited and has no password yet.
#[derive(Clone, Debug)]
pub struct InvitedAdmin {
    /// Tenant.
    pub organization: OrganizationId,
    /// The secret of the invitation. It is stored nowhere else.
    pub token: String,
    /// When the invitation expires.
    pub expires_at: Timestamp,
}

/// Creates the organisation and its admin. The transaction is bound to the organisation afterwards.
///
/// # Errors
/// `Conflict::SlugTaken`, or the database fails.
pub async fn create_organization(
    tx: &mut Tx,
    new: &NewOrganization,
    password: &FirstPassword,
    origin: Origin,
) -> Result<(OrganizationId, StaffRecord), StorageError> {
    let (organization, admin) = insert(tx, new, origin).await?;
    let (hash, expires_at) = (&password.hash, password.expires_at);
    sessions::set_password(tx, organization, admin.id, hash, expires_at, clock::now()).await?;
    Ok((organization, admin))
}

/// The same with an invitation in place of a password. Sends no mail: the caller hands the link over.
///
/// # Errors
/// `Conflict::SlugTaken`, or the database fails.
pub async fn create_organization_with_invitation(
    tx: &mut Tx,
    new: &NewOrganization,
    origin: Origin,
) -> Result<InvitedAdmin, StorageError> {
    let (organization, admin) = insert(tx, new, origin).await?;
    let (token, secret) = mint(TokenKind::Invitation, organization);
    let now = clock::now();
    invitations::insert(tx, organization, admin.id, None, Some(secret), now).await?;
    Ok(InvitedAdmin { organization, token, expires_at: now + INVITATION_TTL })
}

async fn insert(
    tx: &mut Tx,
    new: &NewOrganization,
    origin: Origin,
) -> Result<(OrganizationId, StaffRecord), StorageError> {
    let organization = OrganizationId::generate();
    enter_tenant(tx, organization).await?;
    let name = new.name.as_str();
    organizations::create(tx, organization, name, &new.slug, &new.zone).await?;
    let admin = account_admin(new);
    staff::insert(tx, organization, &admin).await?;
    audit::create_person_key(tx, organization, admin.id).await?;
    record(tx, organization, admin.id, new, origin).await?;
    Ok((organization, admin))
}

fn account_admin(new: &NewOrganization) -> StaffRecord {
    let (first, last) = (&new.first_name, &new.last_name);
    StaffRecord {
        first_name: Some(first.as_str().to_owned()),
        last_name: Some(last.as_str().to_owned()),
        display_name: display_name(first, last),
        email: Some(new.email.as_str().to_owned()),
        access_level: AccessLevel::Full,
        admin_role: AdminRole::AccountAdmin,
        created_at: clock::now(),
        ..StaffRecord::blank()
    }
}

async fn record(
    tx: &mut Tx,
    organization: OrganizationId,
    admin: StaffId,
    new: &NewOrganization,
    origin: Origin,
) -> Result<(), StorageError> {
    let context = AuditContext {
        organization,
        actor: None,
        actor_kind: ActorKind::Staff,
        request_id: origin.request_id,
        remote_addr: origin.remote_addr,
    };
    let personal = serde_json::json!({ "email": new.email });
    let event = AuditEvent::of(ORGANIZATION_FOUND, admin).personal(admin, personal);
    audit::record(tx, &context, &event).await
}
