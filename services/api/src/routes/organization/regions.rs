//! `/v1/regions`: named areas, and what people state preferences for.

use crate::{
    access::caller::Caller,
    change::{Change, ChangeResult, Forget, Outcome, Posted, Updated},
    http::{
        body::{Field, Form, Unknown, any, forms},
        changes::changes,
        pages::{ListOf, Page},
        problem::{ApiResult, Problem},
        query::PathId,
        reply::{Reply, versioned},
    },
    state::ApiState,
};
use axum::{Json, extract::State, response::Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use nearhand_domain::{
    RegionId,
    access::{Action, Object},
    audit,
    field::{FieldErrors, Reported},
    region::{RegionArea, RegionError, RegionFaults},
    text::Name,
};
use nearhand_storage::{
    audit::AuditEvent,
    regions::{self, RegionRecord},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// A region.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Region {
    #[schema(value_type = uuid::Uuid)]
    id: RegionId,
    /// Raised by every change; also the ETag.
    version: i64,
    /// Unique in the organisation without regard to case.
    name: String,
    /// GeoJSON `MultiPolygon`, longitude first.
    #[schema(value_type = Object)]
    area: Value,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// What may be said about a region. In a change, what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RegionInput, example = json!({ "name": "Old town", "area": { "type": "Polygon",
    "coordinates": [[[-9.15, 38.70], [-9.12, 38.70], [-9.12, 38.73], [-9.15, 38.73], [-9.15, 38.70]]] } }))]
pub(crate) struct RegionForm {
    /// At most 120 characters; unique without regard to case.
    #[serde(default)]
    #[schema(value_type = String, required, min_length = 1, max_length = 120)]
    name: Field<String>,
    /// GeoJSON `Polygon` or `MultiPolygon` of at most 5,000 positions, longitude first, bare or as
    /// the one member of a `Feature`, `FeatureCollection` or `GeometryCollection`. Rings may run in
    /// either direction; what reaches across ±180 degrees is cut there.
    #[serde(default)]
    #[schema(value_type = Object, required)]
    area: Field<Value>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(RegionForm);

impl From<RegionRecord> for Region {
    fn from(record: RegionRecord) -> Self {
        Self {
            id: record.id,
            version: record.version,
            name: record.name,
            area: record.area.to_geojson(),
            created_at: record.created_at,
        }
    }
}

/// Creates a region.
#[utoipa::path(post, path = "/v1/regions", operation_id = "create_region", tag = "regions",
    responses((status = 201, description = "Created", body = Region)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    posted: Posted<RegionForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditSettings, Object::Organization)?;
    let (mut change, form) = posted.begin(&state, &caller, allowed).await?;
    let (name, area) = apart(move || {
        form.check(|form, e| {
            let name = form.name.required("/name", e, |v| Name::parse(&v));
            let area = match form.area {
                Field::Null => read_area(&Value::Null, e),
                area => area.required("/area", e, any).and_then(|area| read_area(&area, e)),
            };
            Ok((name?, area?))
        })
    })
    .await?;
    let id = RegionId::generate();
    let organization = caller.organization;
    let record = regions::insert(change.tx(), organization, id, name.as_str(), &area).await?;
    let details = changes(None::<&Value>, &audited(&record));
    let event = AuditEvent::of(audit::REGION_CREATE, id).details(details);
    let version = record.version;
    let reply = Reply::created(format!("/v1/regions/{id}"), &Region::from(record))?;
    let reply = reply.etag(version);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Lists regions in order of creation.
///
/// A page may hold fewer than asked for when areas are large; `next_cursor` says whether there are
/// more.
#[utoipa::path(get, path = "/v1/regions", operation_id = "list_regions", tag = "regions",
    responses((status = 200, description = "A page", body = Page<Region>)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    list: ListOf,
) -> ApiResult<Json<Page<Region>>> {
    caller.require(Action::ReadSettings, Object::Organization)?;
    let (paging, _) = list.open(&state, caller.organization)?;
    let mut tx = caller.read(&state).await?;
    let (records, more) = regions::list(&mut tx, paging.after(), paging.limit()).await?;
    Ok(paging.page_with(records, more, |record| record.id.0, Region::from))
}

/// One region.
#[utoipa::path(get, path = "/v1/regions/{id}", operation_id = "get_region", tag = "regions",
    responses((status = 200, description = "The region", body = Region)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<RegionId>,
) -> ApiResult<Response> {
    caller.require(Action::ReadSettings, Object::Organization)?;
    let mut tx = caller.read(&state).await?;
    let record = regions::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    Ok(versioned(record.version, Region::from(record)))
}

/// Changes a region.
#[utoipa::path(patch, path = "/v1/regions/{id}", operation_id = "update_region", tag = "regions",
    responses((status = 200, description = "Changed", body = Region)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<RegionId>,
    update: Updated<RegionForm>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditSettings, Object::Organization)?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    let before = regions::lock(change.tx(), id).await?.ok_or_else(Problem::not_found)?;
    let form = update.matching(before.version)?;
    let (name, area) = apart(move || {
        form.check(|form, e| {
            let name = form.name.replacement("/name", e, |v| Name::parse(&v));
            let area = match form.area {
                Field::Null => Some(Value::Null),
                area => area.replacement("/area", e, any),
            };
            Ok((name, area.map(|area| read_area(&area, e)).transpose()?))
        })
    })
    .await?;
    let name = name.as_ref().map(Name::as_str);
    let organization = caller.organization;
    let record = regions::update(change.tx(), organization, id, name, area.as_ref()).await?;
    let details = changes(Some(&audited(&before)), &audited(&record));
    let event = AuditEvent::of(audit::REGION_UPDATE, id).details(details);
    let version = record.version;
    let reply = Reply::ok(&Region::from(record))?.etag(version);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Deletes a region together with everybody's preference for it.
#[utoipa::path(delete, path = "/v1/regions/{id}", operation_id = "delete_region", tag = "regions",
    responses((status = 204, description = "Deleted")))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<RegionId>,
) -> ChangeResult {
    let allowed = caller.allow(Action::EditSettings, Object::Organization)?;
    let mut change = Change::begin(&state, &caller, allowed).await?;
    let before = regions::lock(change.tx(), id).await?.ok_or_else(Problem::not_found)?;
    let people = regions::delete(change.tx(), caller.organization, id).await?;
    let event = AuditEvent::of(audit::REGION_DELETE, id).details(serde_json::json!({
        "before": audited(&before),
        "preferences_removed": people.len(),
    }));
    let reply = Reply::no_content();
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

/// Reads a form off the async threads: checking thousands of segments against each other takes
/// milliseconds.
async fn apart<T: Send + 'static>(
    read: impl FnOnce() -> ApiResult<T> + Send + 'static,
) -> ApiResult<T> {
    tokio::task::spawn_blocking(read).await.map_err(|error| {
        tracing::error!(error = %error, "an area could not be checked");
        Problem::internal()
    })?
}

/// Reads an area; all its faults are told, each with its pointer.
fn read_area(geometry: &Value, e: &mut FieldErrors) -> Result<RegionArea, Reported> {
    RegionArea::from_geojson(geometry).map_err(|RegionFaults { first, others }| {
        let mut tell =
            |fault: RegionError| e.push(format!("/area{}", fault.at), fault.code, fault.detail);
        let reported = tell(first);
        for fault in others {
            tell(fault);
        }
        reported
    })
}

/// What the audit trail keeps of a region: an area may be large, so only what tells it from others.
fn audited(record: &RegionRecord) -> serde_json::Value {
    let area = record.area.to_geojson().to_string();
    let positions: usize = record.area.rings().iter().flatten().map(Vec::len).sum();
    serde_json::json!({
        "name": record.name,
        "version": record.version,
        "positions": positions,
        "area_sha256": URL_SAFE_NO_PAD.encode(Sha256::digest(area)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(geometry: &str) -> Vec<String> {
        let mut errors = FieldErrors::default();
        let read = read_area(&serde_json::from_str(geometry).unwrap(), &mut errors);
        let errors = errors.conclude(read).err().unwrap();
        errors.iter().map(|error| error.pointer.clone()).collect()
    }

    #[test]
    fn every_fault_of_an_area_is_pointed_at_below_area() {
        assert_eq!(pointers(r#"{"type":"Point","coordinates":[1,2]}"#), ["/area/type"]);
        assert_eq!(pointers("null"), ["/area"]);
        let two = r#"{"type":"Feature","geometry":{"type":"MultiPolygon","coordinates":[
            [[[0,0],[1,0],[2,0],[0,0]]], [[[0,0],[1,0],[1,"1"],[0,0]]]]}}"#;
        let at = "/area/geometry/coordinates";
        assert_eq!(pointers(two), [format!("{at}/1/0/2"), format!("{at}/0/0")]);
    }
}
