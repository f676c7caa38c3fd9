//! Making an organisation with its first account admin: behind setup and behind
//! `nearhand organization create`.

use crate::{
    http::origin::Origin,
    routes::people::staff_form::{self, MAX_DISPLAY_NAME},
};
use jiff::Timestamp;
use nearhand_domain::{
    OrganizationId, StaffId,
    access::{AccessLevel, AdminRole},
    audit::ORGANIZATION_FOUND,
    clock,
    text::{Email, Name, Slug, ZoneName},
};
use nearhand_storage::{
    StorageError, Tx,
    audit::{self, AuditContext, AuditEvent},
    enter_tenant, organizations, sessions,
    staff::{self, StaffRecord},
};

/// An organisation to be, and its first account admin.
#[derive(Clone, Debug)]
pub struct Founding {
    /// What people call it.
    pub name: Name,
    /// What logins call it.
    pub slug: Slug,
    /// Where its days begin and end.
    pub zone: ZoneName,
    /// The admin's given name.
    pub first_name: Name,
    /// The admin's family name.
    pub last_name: Name,
    /// The admin's login.
    pub email: Email,
}

impl Founding {
    /// Refuses names that are too long together: the admin is called by both.
    ///
    /// # Errors
    /// Says of the family name what is wrong with it.
    pub fn check_names(first: &Name, last: &Name) -> Result<(), String> {
        let together = display_name(first, last).chars().count();
        if together <= MAX_DISPLAY_NAME {
            return Ok(());
        }
        Err(format!("makes more than {MAX_DISPLAY_NAME} characters together with the first name"))
    }
}

fn display_name(first: &Name, last: &Name) -> String {
    format!("{first} {last}")
}

/// The admin's password.
#[derive(Clone, Debug)]
pub struct FirstPassword {
    /// PHC string.
    pub hash: String,
    /// When it dies, if it is temporary.
    pub expires_at: Option<Timestamp>,
}

/// Makes both in the transaction, which is bound to the new organisation from then on.
///
/// # Errors
/// `Conflict::SlugTaken`, or the database fails.
pub async fn found(
    tx: &mut Tx,
    founding: &Founding,
    password: &FirstPassword,
    origin: Origin,
) -> Result<(OrganizationId, StaffRecord), StorageError> {
    let organization = OrganizationId::generate();
    enter_tenant(tx, organization).await?;
    let name = founding.name.as_str();
    organizations::create(tx, organization, name, &founding.slug, &founding.zone).await?;
    let admin = account_admin(founding);
    staff::insert(tx, organization, &admin).await?;
    audit::create_person_key(tx, organization, admin.id).await?;
    let (hash, expires_at) = (&password.hash, password.expires_at);
    sessions::set_password(tx, organization, admin.id, hash, expires_at, clock::now()).await?;
    record(tx, organization, admin.id, founding, origin).await?;
    Ok((organization, admin))
}

fn account_admin(founding: &Founding) -> StaffRecord {
    let (first, last) = (&founding.first_name, &founding.last_name);
    StaffRecord {
        first_name: Some(first.as_str().to_owned()),
        last_name: Some(last.as_str().to_owned()),
        display_name: display_name(first, last),
        email: Some(founding.email.as_str().to_owned()),
        access_level: AccessLevel::Full,
        admin_role: AdminRole::AccountAdmin,
        created_at: clock::now(),
        ..staff_form::blank()
    }
}

async fn record(
    tx: &mut Tx,
    organization: OrganizationId,
    admin: StaffId,
    founding: &Founding,
    origin: Origin,
) -> Result<(), StorageError> {
    let context = AuditContext {
        organization,
        actor: None,
        request_id: origin.request_id,
        remote_addr: origin.remote_addr,
    };
    let personal = serde_json::json!({ "email": founding.email });
    let event = AuditEvent::of(ORGANIZATION_FOUND, admin).personal(admin, personal);
    audit::record(tx, &context, &event).await
}
