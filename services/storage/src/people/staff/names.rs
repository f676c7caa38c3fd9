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
    // One's user name may be one's own e-mail address.
    let username = username.filter(|name| Some(name) != email.as_ref());
    let logins = |record: &StaffRecord| (record.texts().email_key(), record.texts().username_key());
    if before.map(logins) == Some(logins(record)) {
        // A login that was somebody else's when it was derived, and has become free.
        claim_free_logins(tx, organization, record.id, email.into_iter().chain(username)).await?;
    } else {
        sqlx::query("DELETE FROM login_names WHERE staff_id = $1")
            .bind(record.id.0)
            .execute(&mut **tx)
            .await?;
        let logins = [(email, Conflict::EmailTaken), (username, Conflict::UsernameTaken)];
        for (key, conflict) in logins {
            if let Some(key) = key {
                add_login(tx, organization, record.id, &key, conflict).await?;
            }
        }
    }
    let words = texts.words();
    if before.map(|before| before.texts().words()).as_ref() != Some(&words) {
        replace_words(tx, organization, record.id, words).await?;
    }
    Ok(())
}

async fn claim_free_logins(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    keys: impl Iterator<Item = String>,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO login_names (organization_id, key, staff_id) \
         SELECT $1, key, $2 FROM unnest($3::text[]) AS key ON CONFLICT DO NOTHING",
    )
    .bind(organization.0)
    .bind(staff.0)
    .bind(keys.collect::<Vec<_>>())
    .execute(&mut **tx)
    .await?;
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
    words: Vec<(String, bool)>,
) -> Result<(), StorageError> {
    let (words, personal): (Vec<String>, Vec<bool>) = words.into_iter().unzip();
    sqlx::query("DELETE FROM staff_words WHERE staff_id = $1")
        .bind(staff.0)
        .execute(&mut **tx)
        .await?;
    sqlx::query(
        "INSERT INTO staff_words (organization_id, staff_id, word, personal) \
         SELECT $1, $2, * FROM unnest($3::text[], $4::boolean[])",
    )
    .bind(organization.0)
    .bind(staff.0)
    .bind(words)
    .bind(personal)
    .execute(&mut **tx)
    .await?;
    Ok(())
}
