//! `/v1/positions`: who is live within a viewport. Exact positions only with `positions:read`,
//! and every such read is recorded before it is answered.

use crate::{
    access::caller::Caller,
    http::{
        problem::{ApiResult, Problem},
        query::QueryOf,
    },
    live::view::{Shown, View, read_bbox, record_read, require_ready},
    state::ApiState,
};
use axum::{Json, extract::State};
use nearhand_domain::{
    OrganizationId, StaffId,
    access::{Action, Object},
    clock,
};
use nearhand_index::{LiveIndex, LivePosition, OrgIndex};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Most people shown at a time.
const MAX_PEOPLE: usize = 1_000;
/// From here on a viewport may hold a country's people, and those who look at one take turns.
const WIDE_DEG: f64 = 2.0;

/// Where to look.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PositionsQuery {
    /// `min_lng,min_lat,max_lng,max_lat` in degrees; with the first longitude above the second it
    /// crosses the antimeridian.
    #[param(example = "-9.25,38.65,-9.05,38.80")]
    bbox: String,
}

/// Who is live within the viewport.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Positions {
    /// By id.
    items: Vec<Shown>,
    /// Equal version, equal content of the index.
    #[schema(example = "00000000000000000000000000000000")]
    index_version: String,
    /// There are more than 1,000: look at less.
    truncated: bool,
}

/// Shows who is live within a viewport: whose tracking is permitted now, with a fix accurate to
/// 1 km.
#[utoipa::path(get, path = "/v1/positions", operation_id = "list_positions", tag = "positions",
    responses((status = 200, description = "At most 1,000 people", body = Positions)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    QueryOf(query): QueryOf<PositionsQuery>,
) -> ApiResult<Json<Positions>> {
    caller.require(Action::SeePositions, Object::Organization)?;
    let view = View::of(&caller, Some(read_bbox(&query.bbox)?));
    require_ready(state.follower())?;
    let now = clock::now().as_second();
    let organization = caller.organization;
    let find = move |index: &LiveIndex| find(index, organization, &view, now);
    let found = look_at(&state, &view, find).await?;
    if view.exact {
        let people: Vec<StaffId> = found.people.iter().map(|live| live.staff).collect();
        record_read(&state, &caller, "/v1/positions", &people).await?;
    }
    let show = |live: &LivePosition| {
        view.place(live).map(|place| view.show(live, place, state.follower(), now))
    };
    Ok(Json(Positions {
        items: found.people.iter().filter_map(show).collect(),
        index_version: found.index_version,
        truncated: found.truncated,
    }))
}

/// What a look at the index brought.
struct Found {
    people: Vec<LivePosition>,
    index_version: String,
    truncated: bool,
}

/// Looks at the index off the async threads: a viewport may hold everybody there is.
pub(crate) async fn look_at<T: Send + 'static>(
    state: &ApiState,
    view: &View,
    look: impl FnOnce(&LiveIndex) -> T + Send + 'static,
) -> ApiResult<T> {
    let follower = state.follower().clone();
    let wide = view.within.is_none_or(|within| {
        let turn = if within.west <= within.east { 0.0 } else { 360.0 };
        let width = within.east + turn - within.west;
        within.north - within.south > WIDE_DEG || width > WIDE_DEG
    });
    let turn = if wide { state.full_scans().acquire_owned().await.ok() } else { None };
    let looking = move || {
        let _turn = turn;
        look(follower.index())
    };
    tokio::task::spawn_blocking(looking).await.map_err(|error| {
        tracing::error!(error = %error, "looking at positions failed");
        Problem::internal()
    })
}

fn find(index: &LiveIndex, organization: OrganizationId, view: &View, now: i64) -> Found {
    let collect = |org: &OrgIndex| {
        let (mut people, mut truncated) = (Vec::new(), false);
        org.live_in(view.search_area(), now, |live| {
            if view.place(&live).is_some() {
                people.push(live);
                if people.len() >= 2 * MAX_PEOPLE {
                    keep_first(&mut people);
                    truncated = true;
                }
            }
        });
        truncated |= people.len() > MAX_PEOPLE;
        keep_first(&mut people);
        Found { people, index_version: org.index_version().to_string(), truncated }
    };
    let nothing = || collect(&OrgIndex::new(organization, now));
    index.with_org(organization, collect).unwrap_or_else(nothing)
}

/// The first by id, so that the same ones are shown each time.
fn keep_first(people: &mut Vec<LivePosition>) {
    people.sort_unstable_by_key(|live| live.staff);
    people.truncate(MAX_PEOPLE);
}
