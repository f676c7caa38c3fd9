//! `/v1/staff/{id}/photo`: a person's photo. What is kept is made anew from the pixels of what was
//! sent; thumbnails are made by a job.

mod processor;

pub(crate) use processor::PhotoProcessor;

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, UploadHead, Uploaded},
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
        query::{PathId, QueryOf},
        reply::Reply,
    },
    routes::people::{reach, staff::Staff},
    state::ApiState,
};
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use jiff::SignedDuration;
use nearhand_domain::{
    PhotoId, StaffId,
    access::{Action, Object},
    audit, clock,
    photo::PhotoFile,
};
use nearhand_photos::{Declared, Objects, ReencodedImage, StoreError, check};
use nearhand_storage::{
    audit::AuditEvent,
    photos::{self, PhotoRecord},
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// When it is looked whether a photo that was written is anybody's. A request has long ended by then.
const LOOK_AFTER: SignedDuration = SignedDuration::from_hours(1);
/// A browser asks each time whether it is still the same.
const KEPT: HeaderValue = HeaderValue::from_static("private, no-cache");
const RETRY_AFTER_S: u32 = 5;

/// An image as it is in a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "describes bodies that are no JSON")]
pub(crate) struct ImageFile(Vec<u8>);

/// How a photo is sent.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct PhotoParams {
    /// The file's name; its extension must agree with the content. `content-disposition` may say it,
    /// too.
    #[param(max_length = 255, example = "me.png")]
    file_name: Option<String>,
}

/// Which photo is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct SizeParams {
    /// 64 or 256: a square of so many pixels, or the whole photo while there is none yet. The whole
    /// photo unless given.
    size: Option<u32>,
}

/// Replaces a person's photo by a JPEG, PNG or GIF of at most 5 MiB. The ETags are the person's. What
/// is kept has at most 1,024 pixels a side, and nothing but its pixels.
#[utoipa::path(put, path = "/v1/staff/{id}/photo", operation_id = "replace_photo", tag = "staff",
    request_body(description = "The image", content(
        (ImageFile = "image/jpeg"), (ImageFile = "image/png"), (ImageFile = "image/gif"))),
    responses((status = 200, description = "Replaced", body = Staff)))]
pub(crate) async fn put(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    QueryOf(params): QueryOf<PhotoParams>,
    upload: Uploaded,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditWorkProfile, Object::staff(id))?;
    let Uploaded { head, body } = upload;
    let precondition = head.precondition()?;
    // Refused before anything expensive is done; asked again once the person is locked.
    let mut tx = caller.read(&state).await?;
    let person = reach::read(&mut tx, &caller, Action::EditWorkProfile, id).await?;
    tx.rollback().await?;
    precondition.require(person.version)?;
    let objects = require_objects(&state)?;
    let name = params.file_name.as_deref().or(head.file_name());
    let bytes = body.read(&allowed).await?;
    let reencoded = reencode(&state, &head, bytes, name).await?;
    let photo = PhotoId::generate();
    let content_type = reencoded.content_type;
    keep(&state, &caller, objects, (id, photo), reencoded).await?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    let mut person = reach::lock(change.tx(), &caller, Action::EditWorkProfile, id).await?;
    precondition.require(person.version)?;
    let (before, after) = (person.photo, Some((photo, content_type)));
    person.version = photos::replace(change.tx(), caller.organization, id, before, after).await?;
    person.photo = Some(photo);
    let event = replaced(id, before, Some(photo));
    let version = person.version;
    let reply = Reply::ok(&Staff::shown_to(&caller, person))?.etag(version);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// A person's photo. Its ETag is its own, and `if-none-match` is heeded.
#[utoipa::path(get, path = "/v1/staff/{id}/photo", operation_id = "get_photo", tag = "staff",
    responses(
        (status = 200, description = "The image", content(
            (ImageFile = "image/jpeg"), (ImageFile = "image/png"))),
        (status = 304, description = "It is still the same")))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    QueryOf(params): QueryOf<SizeParams>,
    parts: Parts,
) -> ApiResult<Response> {
    caller.require(Action::ReadStaff, Object::staff(id))?;
    let wanted = params.size.map_or(Some(PhotoFile::Whole), PhotoFile::of_side);
    let wanted = wanted.ok_or_else(|| {
        Problem::new(Code::MalformedQuery, "`size` must be 64 or 256, or be left out")
    })?;
    // A photo that is replaced in between is gone when its file is read: once more.
    for _ in 0..2 {
        let mut tx = caller.read(&state).await?;
        reach::read(&mut tx, &caller, Action::ReadStaff, id).await?;
        let photo = photos::get(&mut tx, id).await?.ok_or_else(no_photo)?;
        tx.rollback().await?;
        let file = if photo.thumbnails_ready { wanted } else { PhotoFile::Whole };
        let tag = etag(photo.id, file);
        if is_known(&parts.headers, &tag) {
            return Ok((StatusCode::NOT_MODIFIED, caching(tag)).into_response());
        }
        let objects = require_objects(&state)?;
        let key = file.key(caller.organization, photo.id);
        if let Some(bytes) = objects.get(&key).await.map_err(|error| away(&error))? {
            return Ok(image(&photo, file, tag, bytes));
        }
    }
    tracing::error!(staff.id = %id, "a photo is not in the object store");
    Err(no_photo())
}

/// Removes a person's photo.
#[utoipa::path(delete, path = "/v1/staff/{id}/photo", operation_id = "delete_photo", tag = "staff",
    responses((status = 204, description = "Removed")))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditWorkProfile, Object::staff(id))?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    let person = reach::lock(change.tx(), &caller, Action::EditWorkProfile, id).await?;
    let before = person.photo.ok_or_else(no_photo)?;
    photos::replace(change.tx(), caller.organization, id, Some(before), None).await?;
    let event = replaced(id, Some(before), None);
    let reply = Reply::no_content();
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// The photo to be kept.
async fn reencode(
    state: &ApiState,
    head: &UploadHead,
    bytes: Bytes,
    name: Option<&str>,
) -> ApiResult<ReencodedImage> {
    let extension = name.map(|name| name.rsplit_once('.').map_or("", |(_, end)| end));
    let declared = Declared { extension, content_type: head.content_type()? };
    check(&bytes, declared).map_err(|error| processor::refused(&error))?;
    state.photo_processor().reencode(bytes).await
}

/// Writes the file. A look at it is queued first: should this request go no further, it is deleted.
async fn keep(
    state: &ApiState,
    caller: &Caller,
    objects: &Objects,
    (staff, photo): (StaffId, PhotoId),
    reencoded: ReencodedImage,
) -> ApiResult<()> {
    let organization = caller.organization;
    let mut tx = state.app().tenant(organization).await?;
    photos::expect(&mut tx, organization, staff, photo, clock::now() + LOOK_AFTER).await?;
    tx.commit().await?;
    let key = PhotoFile::Whole.key(organization, photo);
    let ReencodedImage { bytes, content_type, .. } = reencoded;
    objects.put(&key, bytes, content_type).await.map_err(|error| away(&error))
}

fn image(photo: &PhotoRecord, file: PhotoFile, tag: HeaderValue, bytes: Bytes) -> Response {
    // A thumbnail may be of another format than its photo.
    let kind = match check(&bytes, Declared::default()) {
        Ok(checked) if file != PhotoFile::Whole => checked.kind.content_type().to_owned(),
        _ => photo.content_type.clone(),
    };
    let kind = HeaderValue::from_str(&kind);
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    (caching(tag), [(header::CONTENT_TYPE, kind)], bytes).into_response()
}

fn caching(tag: HeaderValue) -> [(header::HeaderName, HeaderValue); 2] {
    [(header::ETAG, tag), (header::CACHE_CONTROL, KEPT)]
}

fn etag(photo: PhotoId, file: PhotoFile) -> HeaderValue {
    let text = match file.side() {
        Some(side) => format!("\"{photo}-{side}\""),
        None => format!("\"{photo}\""),
    };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// Whether the client has what this tag names.
fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let sent = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|v| v.to_str().ok());
    let mut sent = sent.flat_map(|text| text.split(',')).map(str::trim);
    sent.any(|one| one == "*" || one.trim_start_matches("W/").as_bytes() == tag.as_bytes())
}

fn replaced(id: StaffId, before: Option<PhotoId>, after: Option<PhotoId>) -> AuditEvent {
    let details = serde_json::json!({ "before": before, "after": after });
    AuditEvent::of(audit::STAFF_PHOTO, id).details(details)
}

fn no_photo() -> Problem {
    Problem::new(Code::NotFound, "the person has no photo")
}

fn require_objects(state: &ApiState) -> ApiResult<&Objects> {
    state.objects().ok_or_else(|| {
        let detail = "no place for photos has been set; whoever runs this server gives one with --objects (NEARHAND_OBJECTS)";
        Problem::new(Code::Unavailable, detail).retry_after(RETRY_AFTER_S)
    })
}

fn away(error: &StoreError) -> Problem {
    match error {
        StoreError::Unavailable { .. } => tracing::warn!(%error, "the object store is away"),
        StoreError::Refused { .. } => tracing::error!(%error, "the object store refuses"),
    }
    let detail = "the place where photos are kept does not answer; try again";
    Problem::new(Code::Unavailable, detail).retry_after(RETRY_AFTER_S)
}
