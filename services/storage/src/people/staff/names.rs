//! What a person is called by: their logins, each the organisation's only one, and the words they
//! are found by.

use super::StaffRecord;
use crate::{Conflict, StorageError, Tx, error::OnConstraint};
use nearhand_domain::{OrganizationId, StaffId};

/// Writes what differs from `before`, or everything.
///
/// # Errors
/// The [`Conflict`] of a login that is taken, or the database fails.
pub(super) async fn write(
    tx: &mut Tx,
    organization: OrganizationId,
    record: &StaffRecord,
    before: Option<&StaffRecord>,
) -> Result<(), StorageError> {
    let texts = record.texts();
    let (email, username) = (texts.email_key(), texts.username_key());
    let logins = |record: &StaffRecord| (record.texts().email_key(), record.texts().username_key());
    if before.map(logins).as_ref() != Some(&(email.clone(), username.clone())) {
        sqlx::query("DELETE FROM login_names WHERE staff_id = $1")
            .bind(record.id.0)
            .execute(&mut **tx)
            .await?;
        // One's user name may be one's own e-mail address.
        let username = username.filter(|name| Some(name) != email.as_ref());
        let logins = [(email, Conflict::EmailTaken), (username, Conflict::UsernameTaken)];
        for (key, conflict) in logins {
            if let Some(key) = key {
                add_login(tx, organization, record.id, &key, conflict).await?;
            }
        }
    }
    let words = texts.words();
    if before.map(|before| before.texts().words()).as_ref() != Some(&words) {
        replace_words(tx, organization, record.id, &words).await?;
    }
    Ok(())
}

async fn add_login(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    key: &str,
    conflict: Conflict,
) -> Result<(), StorageError> {
    sqlx::query("INSERT INTO login_names (organization_id, key, staff_id) VALUES ($1, $2, $3)")
        .bind(organization.0)
        .bind(key)
        .bind(staff.0)
        .execute(&mut **tx)
        .await
        .on_constraint("login_names_pkey", conflict)?;
    Ok(())
}

async fn replace_words(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    words: &[String],
) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM staff_words WHERE staff_id = $1")
        .bind(staff.0)
        .execute(&mut **tx)
        .await?;
    sqlx::query(
        "INSERT INTO staff_words (organization_id, staff_id, word) \
         SELECT $1, $2, * FROM unnest($3::text[])",
    )
    .bind(organization.0)
    .bind(staff.0)
    .bind(words)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
