//! `/v1/staff/{id}/track` and `/v1/me/track`: where a person was, exactly or by coarse cells, and
//! `/v1/staff/{id}/distance`: how far they went. Every read of somebody else's exact way is recorded
//! before it is answered. The privacy gate was applied when the fixes were stored.

mod dwell;
mod lines;

use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
        query::{PathId, QueryOf},
    },
    live::view::record_read,
    routes::people::reach,
    state::ApiState,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use dwell::{DwellTimes, finest_coarse};
use h3o::Resolution;
use jiff::{SignedDuration, Timestamp, civil::Date};
use lines::TrackCollection;
use nearhand_domain::{
    StaffId,
    access::{Action, ActorKind, Object},
    clock,
    track::{self, HistoryFix},
    zone,
};
use nearhand_storage::{Tx, track as stored};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

const ROUTE: &str = "/v1/staff/{id}/track";
const DISTANCE_ROUTE: &str = "/v1/staff/{id}/distance";
/// The longest time of one answer.
const MAX_DAYS: i64 = 31;
/// The most fixes of one answer.
const MAX_FIXES: usize = 100_000;
/// The widest tolerance.
const MAX_TOLERANCE_M: f64 = 10_000.0;
/// The time that is shown unless one is given.
const SHOWN: SignedDuration = SignedDuration::from_hours(24);
const DEFAULT_RESOLUTION: u8 = 9;

/// What of a person's history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrackQuery {
    /// From this instant on; a day before `to` unless given.
    #[param(value_type = Option<String>, example = "2026-03-01T08:00:00Z")]
    from: Option<Timestamp>,
    /// Up to but not including this instant; now unless given. At most 31 days after `from`.
    #[param(value_type = Option<String>, example = "2026-03-01T18:00:00Z")]
    to: Option<Timestamp>,
    /// Leaves out fixes within so many metres of the line between others, 0 to 10000.
    #[param(example = 10.0)]
    tolerance_m: Option<f64>,
    /// `geojson`, `gpx` or `dwell`; unless given, what `Accept` asks for, else GeoJSON.
    #[param(example = "geojson")]
    format: Option<String>,
    /// Of the cells of `dwell`, 0 to 15; 9 unless given. Above 7 with `positions:read` only.
    #[param(minimum = 0, maximum = 15)]
    resolution: Option<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Geojson,
    Gpx,
    Dwell(Resolution),
}

/// Where a person was.
///
/// GeoJSON has a line for each stretch without a gap of more than 30 minutes, with the time of each
/// point; GPX 1.1 has a segment for each. `dwell` says in which H3 cells the person was, from when to
/// when. Jumps, mock fixes, and fixes that cannot be live are left out.
///
/// Needs `positions:read`, and is recorded; `dwell` up to resolution 7 needs `tracking:view`.
#[utoipa::path(get, path = "/v1/staff/{id}/track", operation_id = "get_track", tag = "positions",
    responses((status = 200, description = "The way", content(
        (TrackCollection = "application/geo+json"), (String = "application/gpx+xml"),
        (DwellTimes = "application/json")))))]
pub(crate) async fn get(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    QueryOf(query): QueryOf<TrackQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let format = query.format(&headers)?;
    let exact = format.is_exact();
    let action = if exact { Action::ReadTrack } else { Action::ReadCoarseTrack };
    caller.require(action, Object::staff(id))?;
    let (from, to) = query.span()?;
    let tolerance_m = query.tolerance()?;
    let mut tx = caller.read(&state).await?;
    reach::read(&mut tx, &caller, action, id).await?;
    let span = (from.as_millisecond(), to.as_millisecond());
    let fixes = read_fixes(&mut tx, &caller, id, span).await?;
    drop(tx);
    if exact {
        record(&state, &caller, ROUTE, id).await?;
    }
    let shown = move || shown(&fixes, format, tolerance_m);
    let shown = tokio::task::spawn_blocking(shown).await;
    shown.map_err(|_| Problem::internal())
}

/// Where one was oneself, as far as it is known here.
#[utoipa::path(get, path = "/v1/me/track", operation_id = "get_own_track", tag = "me",
    responses((status = 200, description = "The way", content(
        (TrackCollection = "application/geo+json"), (String = "application/gpx+xml"),
        (DwellTimes = "application/json")))))]
pub(crate) async fn get_own(
    state: State<ApiState>,
    caller: Caller,
    query: QueryOf<TrackQuery>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    caller.require_person()?;
    let id = PathId(caller.staff);
    get(state, caller, id, query, headers).await
}

fn shown(fixes: &[HistoryFix], format: Format, tolerance_m: f64) -> Response {
    let ways = || -> Vec<Vec<HistoryFix>> {
        let stretches = track::stretches(fixes);
        stretches.iter().map(|stretch| track::simplified(stretch, tolerance_m)).collect()
    };
    match format {
        Format::Geojson => {
            let kind = [(header::CONTENT_TYPE, "application/geo+json")];
            (kind, Json(TrackCollection::of(&ways()))).into_response()
        }
        Format::Gpx => {
            let kind = [(header::CONTENT_TYPE, "application/gpx+xml")];
            (kind, lines::gpx(&ways())).into_response()
        }
        Format::Dwell(resolution) => Json(DwellTimes::of(fixes, resolution)).into_response(),
    }
}

impl TrackQuery {
    fn format(&self, headers: &HeaderMap) -> ApiResult<Format> {
        let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        let word = match (self.format.as_deref(), accept) {
            (Some(word), _) => word,
            (None, Some(accept)) if accept.contains("application/gpx+xml") => "gpx",
            _ => "geojson",
        };
        if self.resolution.is_some() && word != "dwell" {
            let detail = "`resolution` is only for `format=dwell`";
            return Err(Problem::new(Code::MalformedQuery, detail));
        }
        match word {
            "geojson" => Ok(Format::Geojson),
            "gpx" => Ok(Format::Gpx),
            "dwell" => {
                let asked = self.resolution.unwrap_or(DEFAULT_RESOLUTION);
                let resolution = Resolution::try_from(asked).map_err(|_| {
                    Problem::new(Code::MalformedQuery, "`resolution` must be 0 to 15")
                })?;
                Ok(Format::Dwell(resolution))
            }
            _ => {
                let detail = "`format` can only be `geojson`, `gpx` or `dwell`";
                Err(Problem::new(Code::MalformedQuery, detail))
            }
        }
    }

    fn span(&self) -> ApiResult<(Timestamp, Timestamp)> {
        let to = self.to.unwrap_or_else(clock::now);
        let from = match self.from {
            Some(from) => from,
            None => to.checked_sub(SHOWN).unwrap_or(Timestamp::MIN),
        };
        if from > to {
            return Err(Problem::field("/from", "invalid", "must not lie after `to`"));
        }
        if to.duration_since(from) > SignedDuration::from_hours(24 * MAX_DAYS) {
            return Err(too_long());
        }
        Ok((from, to))
    }

    fn tolerance(&self) -> ApiResult<f64> {
        let tolerance_m = self.tolerance_m.unwrap_or(0.0);
        if (0.0..=MAX_TOLERANCE_M).contains(&tolerance_m) {
            return Ok(tolerance_m);
        }
        Err(Problem::field("/tolerance_m", "out_of_range", "must be 0 to 10000"))
    }
}

impl Format {
    fn is_exact(self) -> bool {
        !matches!(self, Self::Dwell(resolution) if resolution <= finest_coarse())
    }
}

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DistanceQuery {
    /// The first day; `to` unless given.
    #[param(value_type = Option<String>, example = "2026-03-01")]
    from: Option<Date>,
    /// The last day; today unless given. At most 31 days in all.
    #[param(value_type = Option<String>, example = "2026-03-07")]
    to: Option<Date>,
}

/// How far a person went.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Distances {
    /// Where the days begin and end: the person's, else the organisation's.
    #[schema(example = "Europe/Lisbon")]
    time_zone: String,
    /// Days with any fix, in order.
    items: Vec<DayDistance>,
    /// On all of them.
    metres: f64,
    /// When a ping of any of their devices was last stored, to the minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_seen_at: Option<Timestamp>,
}

/// A day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DayDistance {
    #[schema(value_type = String, example = "2026-03-01")]
    date: Date,
    /// Along the fixes; moves within their radii do not count.
    metres: f64,
    /// How many fixes count.
    fixes: usize,
    #[schema(value_type = String, format = DateTime)]
    first_fix_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    last_fix_at: Timestamp,
}

/// How far a person went on each day, and when they were last heard from. Jumps and mock fixes are
/// left out. With several devices the one counts that went furthest.
#[utoipa::path(get, path = "/v1/staff/{id}/distance", operation_id = "get_distance",
    tag = "positions",
    responses((status = 200, description = "Days with any fix", body = Distances)))]
pub(crate) async fn distance(
    State(state): State<ApiState>,
    caller: Caller,
    PathId(id): PathId<StaffId>,
    QueryOf(query): QueryOf<DistanceQuery>,
) -> ApiResult<Json<Distances>> {
    caller.require(Action::ReadTrack, Object::staff(id))?;
    let mut tx = caller.read(&state).await?;
    reach::read(&mut tx, &caller, Action::ReadTrack, id).await?;
    let time_zone = stored::time_zone(&mut tx, id).await?;
    let known = zone::get(&time_zone).ok_or_else(Problem::internal)?;
    let to = query.to.unwrap_or_else(|| known.to_datetime(clock::now()).date());
    let from = query.from.unwrap_or(to);
    if from > to {
        return Err(Problem::field("/from", "invalid", "must not lie after `to`"));
    }
    if (to - from).get_days() >= i32::try_from(MAX_DAYS).unwrap_or(i32::MAX) {
        return Err(too_long());
    }
    let begin = |date: Date| {
        let begin = date.to_zoned(known.clone()).map(|begin| begin.timestamp().as_millisecond());
        begin.map_err(|_| Problem::new(Code::MalformedQuery, "the days lie too far away"))
    };
    let end = to.tomorrow().map_or(Ok(i64::MAX / 1_000_000), begin)?;
    let fixes = read_fixes(&mut tx, &caller, id, (begin(from)?, end)).await?;
    let last_seen_at = stored::last_seen(&mut tx, id).await?;
    drop(tx);
    record(&state, &caller, DISTANCE_ROUTE, id).await?;
    let items: Vec<DayDistance> = track::days(&fixes, &known).iter().map(DayDistance::of).collect();
    // Nothing at all sums up to −0.
    let metres = 0.0 + items.iter().map(|day| day.metres).sum::<f64>();
    Ok(Json(Distances { time_zone, metres: rounded(metres), items, last_seen_at }))
}

impl DayDistance {
    fn of(day: &track::Day) -> Self {
        let at = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or_default();
        Self {
            date: day.date,
            metres: rounded(day.metres),
            fixes: day.fixes,
            first_fix_at: at(day.first_ms),
            last_fix_at: at(day.last_ms),
        }
    }
}

/// To a tenth.
fn rounded(metres: f64) -> f64 {
    (metres * 10.0).round() / 10.0
}

async fn read_fixes(
    tx: &mut Tx,
    caller: &Caller,
    id: StaffId,
    span_ms: (i64, i64),
) -> ApiResult<Vec<HistoryFix>> {
    let most = i64::try_from(MAX_FIXES).unwrap_or(i64::MAX) + 1;
    let fixes = stored::fixes(tx, caller.organization, id, span_ms, most).await?;
    if fixes.len() <= MAX_FIXES {
        return Ok(fixes);
    }
    let until = fixes.get(MAX_FIXES).map(|fix| fix.at_ms);
    let until = until.and_then(|ms| Timestamp::from_millisecond(ms).ok()).unwrap_or_default();
    let detail = format!("there are more than {MAX_FIXES} fixes; ask for those before {until}");
    Err(Problem::field("/to", "too_long", detail))
}

fn too_long() -> Problem {
    let detail = format!("must not lie more than {MAX_DAYS} days after `from`; ask for part of it");
    Problem::field("/to", "too_long", detail)
}

/// Records the read, unless somebody reads their own way.
async fn record(
    state: &ApiState,
    caller: &Caller,
    route: &'static str,
    id: StaffId,
) -> ApiResult<()> {
    if caller.kind == ActorKind::Staff && caller.staff == id {
        return Ok(());
    }
    record_read(state, caller, route, &[id]).await
}
