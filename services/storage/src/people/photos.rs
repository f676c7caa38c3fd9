//! Which photo a person has. The files are in the object store; none is read or written here.
//!
//! Whatever happens to a photo, a job of it is queued with it, which brings its files in line.

use crate::{StorageError, Tx, announce::raise_staff, jobs};
use jiff::Timestamp;
use nearhand_domain::{OrganizationId, PhotoId, StaffId, jobs::PhotoJob};
use uuid::Uuid;

/// A person's photo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhotoRecord {
    /// Which.
    pub id: PhotoId,
    /// Its content type, such as `image/jpeg`.
    pub content_type: String,
    /// Whether its thumbnails are in the object store.
    pub thumbnails_ready: bool,
}

/// The photo of a person, deleted or not.
///
/// # Errors
/// When the database fails.
pub async fn get(tx: &mut Tx, staff: StaffId) -> Result<Option<PhotoRecord>, StorageError> {
    let row: Option<(Uuid, Option<String>, bool)> = sqlx::query_as(
        "SELECT photo, photo_type, thumbnails_ready FROM staff WHERE id = $1 AND photo IS NOT NULL",
    )
    .bind(staff.0)
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|(id, content_type, thumbnails_ready)| PhotoRecord {
        id: PhotoId(id),
        content_type: content_type.unwrap_or_else(|| "image/jpeg".to_owned()),
        thumbnails_ready,
    }))
}

/// Queues a look at a photo that is about to be written, for `at`: if the person does not have it
/// by then, its files are deleted. Commit this before the files are written.
///
/// # Errors
/// When the database fails.
pub async fn expect(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    photo: PhotoId,
    at: Timestamp,
) -> Result<(), StorageError> {
    jobs::enqueue(tx, &PhotoJob::new(organization, staff, photo), Some(at)).await
}

/// Gives a person, who must be locked, another photo or none, and queues jobs for the new one and
/// for the one before. Returns the person's new version.
///
/// # Errors
/// When the database fails.
pub async fn replace(
    tx: &mut Tx,
    organization: OrganizationId,
    staff: StaffId,
    before: Option<PhotoId>,
    after: Option<(PhotoId, &str)>,
) -> Result<i64, StorageError> {
    sqlx::query(
        "UPDATE staff SET photo = $2, photo_type = $3, thumbnails_ready = false WHERE id = $1",
    )
    .bind(staff.0)
    .bind(after.map(|(photo, _)| photo.0))
    .bind(after.map(|(_, content_type)| content_type))
    .execute(&mut **tx)
    .await?;
    for photo in after.map(|(photo, _)| photo).into_iter().chain(before) {
        jobs::enqueue(tx, &PhotoJob::new(organization, staff, photo), None).await?;
    }
    raise_staff(tx, organization, staff).await
}

/// Notes that the thumbnails are there. False if the person has another photo by now, or none.
///
/// # Errors
/// When the database fails.
pub async fn thumbnails_made(
    tx: &mut Tx,
    staff: StaffId,
    photo: PhotoId,
) -> Result<bool, StorageError> {
    let noted =
        sqlx::query("UPDATE staff SET thumbnails_ready = true WHERE id = $1 AND photo = $2")
            .bind(staff.0)
            .bind(photo.0)
            .execute(&mut **tx)
            .await?;
    Ok(noted.rows_affected() > 0)
}
