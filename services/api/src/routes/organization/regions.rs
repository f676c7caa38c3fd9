//! `/v1/regions`: named areas, and what people state preferences for.

use crate::{
    access::caller::Caller,
    http::{
        body::{Field, JsonBody, Unknown, any, refuse_unknown},
        changes::changes,
        problem::{ApiResult, Problem, ProblemDocument},
        query::{PageQuery, PathId, QueryOf, list_name, page_limit},
        reply::{IdempotencyKey, Reply, require_match, versioned},
    },
    state::ApiState,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use nearhand_domain::{
    RegionId, access::Permission, field::FieldErrors, region::RegionArea, text::Name,
};
use nearhand_storage::{
    StorageError, Tx,
    audit::{self, AuditEvent},
    regions::{self, RegionRecord},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
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

/// A page of regions. It may hold fewer than asked for when their areas are large; `next_cursor`
/// says whether there are more.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegionPage {
    items: Vec<Region>,
    /// For the next page; null at the end.
    next_cursor: Option<String>,
}

/// What may be said about a region. In a change, what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = RegionInput, example = json!({ "name": "Old town", "area": { "type": "Polygon",
    "coordinates": [[[-9.15, 38.70], [-9.12, 38.70], [-9.12, 38.73], [-9.15, 38.73], [-9.15, 38.70]]] } }))]
pub(crate) struct RegionForm {
    /// At most 120 characters; unique without regard to case.
    #[serde(default)]
    #[schema(value_type = String)]
    name: Field<String>,
    /// GeoJSON `Polygon` or `MultiPolygon` of at most 5,000 positions, longitude first, outer
    /// rings counter-clockwise, holes clockwise.
    #[serde(default)]
    #[schema(value_type = Object)]
    area: Field<Value>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

/// A form that has been read: what it changes.
struct Change {
    name: Option<Name>,
    area: Option<RegionArea>,
}

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
#[utoipa::path(post, path = "/v1/regions", tag = "regions", request_body = RegionForm,
    params(("idempotency-key" = Option<String>, Header, description = "Repeats do nothing twice for 24 h")),
    responses((status = 201, description = "Created", body = Region),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    caller: Caller,
    key: IdempotencyKey,
    JsonBody { value: form, hash }: JsonBody<RegionForm>,
) -> ApiResult<Reply> {
    caller.require_full(Permission::SettingsEdit)?;
    let Change { name: Some(name), area: Some(area) } = read(form, true).await? else {
        return Err(Problem::internal());
    };
    let mut tx = caller.begin(&state).await?;
    if let Some(reply) = key.replay(&mut tx, &caller, hash).await? {
        return Ok(reply);
    }
    let id = RegionId::generate();
    let record = regions::insert(&mut tx, caller.organization, id, name.as_str(), &area).await?;
    record_event(&mut tx, &caller, "region.create", None, &record).await?;
    let version = record.version;
    let reply = Reply::created(format!("/v1/regions/{id}"), &Region::from(record))?.etag(version);
    key.keep(&mut tx, &caller, hash, &reply).await?;
    tx.commit().await.map_err(StorageError::from)?;
    Ok(reply)
}

/// Lists regions in order of creation.
#[utoipa::path(get, path = "/v1/regions", tag = "regions", params(
    ("limit" = Option<i64>, Query, description = "1 to 200, 50 unless given"),
    ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page", body = RegionPage),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    QueryOf(query): QueryOf<PageQuery>,
) -> ApiResult<Json<RegionPage>> {
    caller.require(Permission::SettingsView)?;
    let limit = page_limit(query.limit)?;
    let name = list_name(caller.organization, "regions", &BTreeMap::new());
    let after = state.cursors().open(&name, query.cursor.as_deref())?.map(RegionId);
    let mut tx = caller.begin(&state).await?;
    let (records, more) = regions::list(&mut tx, after, limit).await?;
    let last = records.last().map(|record| record.id.0).filter(|_| more);
    Ok(Json(RegionPage {
        next_cursor: last.map(|last| state.cursors().seal(&name, last)),
        items: records.into_iter().map(Region::from).collect(),
    }))
}

/// One region.
#[utoipa::path(get, path = "/v1/regions/{id}", tag = "regions",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, description = "The region", body = Region),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<RegionId>,
) -> ApiResult<Response> {
    caller.require(Permission::SettingsView)?;
    let mut tx = caller.begin(&state).await?;
    let record = regions::get(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    Ok(versioned(record.version, Region::from(record)))
}

/// Changes a region.
#[utoipa::path(patch, path = "/v1/regions/{id}", tag = "regions", request_body = RegionForm,
    params(("id" = uuid::Uuid, Path), ("if-match" = String, Header, description = "The ETag last read, or `*`")),
    responses((status = 200, description = "Changed", body = Region),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<RegionId>,
    headers: HeaderMap,
    JsonBody { value: form, .. }: JsonBody<RegionForm>,
) -> ApiResult<Response> {
    caller.require_full(Permission::SettingsEdit)?;
    let change = read(form, false).await?;
    let mut tx = caller.begin(&state).await?;
    let before = regions::lock(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    require_match(&headers, before.version)?;
    let name = change.name.as_ref().map(Name::as_str);
    let record =
        regions::update(&mut tx, caller.organization, id, name, change.area.as_ref()).await?;
    record_event(&mut tx, &caller, "region.update", Some(&before), &record).await?;
    tx.commit().await.map_err(StorageError::from)?;
    Ok(versioned(record.version, Region::from(record)))
}

/// Deletes a region together with everybody's preference for it.
#[utoipa::path(delete, path = "/v1/regions/{id}", tag = "regions",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 204, description = "Deleted"),
    (status = "4XX", description = "See `code`", body = ProblemDocument)))]
pub(crate) async fn delete(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<RegionId>,
) -> ApiResult<StatusCode> {
    caller.require_full(Permission::SettingsEdit)?;
    let mut tx = caller.begin(&state).await?;
    let before = regions::lock(&mut tx, id).await?.ok_or_else(Problem::not_found)?;
    let people = regions::delete(&mut tx, caller.organization, id).await?;
    let event = AuditEvent {
        action: "region.delete",
        subject_kind: "region",
        subject: id.0,
        details: serde_json::json!({
            "before": audited(&before),
            "preferences_removed": people.len(),
        }),
        personal: None,
    };
    audit::record(&mut tx, &caller.audit(), &event).await?;
    tx.commit().await.map_err(StorageError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads a form off the async threads: checking thousands of segments against each other takes
/// milliseconds.
async fn read(form: RegionForm, all_required: bool) -> ApiResult<Change> {
    let read = tokio::task::spawn_blocking(move || read_now(form, all_required));
    read.await.map_err(|error| {
        tracing::error!(error = %error, "an area could not be checked");
        Problem::internal()
    })?
}

fn read_now(form: RegionForm, all_required: bool) -> ApiResult<Change> {
    let mut errors = FieldErrors::default();
    let e = &mut errors;
    refuse_unknown(&form.unknown, "", e);
    let parse = |v: String| Name::parse(&v);
    let (name, area) = if all_required {
        (form.name.required("/name", e, parse), form.area.required("/area", e, any))
    } else {
        (form.name.replacement("/name", e, parse), form.area.replacement("/area", e, any))
    };
    let area = area.and_then(|geometry| match RegionArea::from_geojson(&geometry) {
        Ok(area) => Some(area),
        Err(error) => {
            e.push(format!("/area{}", error.at), error.code, error.detail);
            None
        }
    });
    errors.finish()?;
    Ok(Change { name, area })
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

async fn record_event(
    tx: &mut Tx,
    caller: &Caller,
    action: &'static str,
    before: Option<&RegionRecord>,
    after: &RegionRecord,
) -> ApiResult<()> {
    let event = AuditEvent {
        action,
        subject_kind: "region",
        subject: after.id.0,
        details: changes(before.map(audited).as_ref(), &audited(after)),
        personal: None,
    };
    Ok(audit::record(tx, &caller.audit(), &event).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body;

    fn pointers(body: &str) -> Vec<String> {
        let form = body::parse(body.as_bytes()).unwrap();
        let problem = read_now(form, true).err().unwrap();
        let text = format!("{problem:?}");
        ["/area/coordinates/0", "/area/type", "/area", "/name"]
            .into_iter()
            .filter(|pointer| text.contains(&format!("pointer: \"{pointer}\"")))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn a_wrong_area_is_pointed_at_below_area() {
        let clockwise = r#"{"area":{"type":"Polygon","coordinates":[[[0,0],[0,1],[1,1],[0,0]]]}}"#;
        assert_eq!(pointers(clockwise), ["/area/coordinates/0", "/name"]);
        assert_eq!(
            pointers(r#"{"name":"A","area":{"type":"Point","coordinates":[1,2]}}"#),
            ["/area/type"]
        );
        assert_eq!(pointers(r#"{"name":"A"}"#), ["/area"]);
        assert_eq!(pointers(r#"{"name":"A","area":"garbage"}"#), ["/area"]);
    }
}
