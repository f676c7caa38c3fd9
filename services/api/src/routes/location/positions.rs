//! `/v1/positions`: who is live within a viewport, and where people without a live fix are taken to
//! be. Exact positions only with `positions:read`, and every such read is recorded before it is
//! answered.

use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        problem::{ApiResult, Problem},
        query::QueryOf,
    },
    live::{
        fallbacks::Fallbacks,
        view::{Shown, View, is_wide, read_bbox, record_read, require_ready},
    },
    state::ApiState,
};
use axum::{Json, extract::State};
use nearhand_domain::{
    OrganizationId, StaffId,
    access::{Action, Object},
    clock,
};
use nearhand_index::{FallbackPlace, LiveIndex, LivePosition, OrgIndex};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedSemaphorePermit;
use utoipa::{IntoParams, ToSchema};

/// The most people of one response.
const MAX_PEOPLE: usize = 1_000;

/// Where to look.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PositionsQuery {
    /// `min_lng,min_lat,max_lng,max_lat` in degrees; with the first longitude above the second it
    /// crosses the antimeridian.
    #[param(example = "-9.25,38.65,-9.05,38.80")]
    bbox: String,
    /// `home`: also people without a live fix, at the site of a job finished in the last 12 hours,
    /// at home or at their base. Needs `staff:view`.
    #[param(example = "home")]
    include: Option<String>,
    /// Only this person, by id. With the whole world as `bbox` it tells where they are, as the caller
    /// may see it.
    #[param(value_type = Option<uuid::Uuid>)]
    staff: Option<StaffId>,
}

/// Who is shown within the viewport.
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
///
/// With `include=home`, people who have no live fix are shown as well: who never shared one, whose
/// tracking is paused or not permitted. A home is no live position: it is part of a person's
/// profile, so this needs what listing people needs, `staff:view`. Without both `positions:read` and
/// `staff.pii:read`, a home is the centre of its H3 cell of resolution 7.
#[utoipa::path(get, path = "/v1/positions", operation_id = "list_positions", tag = "positions",
    responses((status = 200, description = "At most 1,000 people", body = Positions)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    QueryOf(query): QueryOf<PositionsQuery>,
) -> ApiResult<Json<Positions>> {
    caller.require(Action::SeePositions, Object::Organization)?;
    let within = read_bbox(&query.bbox)?;
    let homes_too = reads_homes(query.include.as_deref())?;
    if homes_too {
        caller.require(Action::ListStaff, Object::Organization)?;
    }
    require_ready(state.follower())?;
    let view = View::of(&state, &caller, Some(within)).await?;
    let personal = caller.may(Action::ReadPersonalDetails, Object::Organization);
    let homes = homes_too.then(|| Fallbacks::new(view.clone(), personal));
    let now = clock::now().as_second();
    let organization = caller.organization;
    let search = Search { view: view.clone(), homes: homes.clone(), only: query.staff };
    let find = move |index: &LiveIndex| find(index, organization, &search, now);
    let found = read_index(&state, &view, find).await?;
    let exact = found.people.iter().filter(|person| person.is_exact(&view, homes.as_ref()));
    let exact: Vec<StaffId> = exact.map(OnMap::staff).collect();
    record_read(&state, &caller, "/v1/positions", &exact).await?;
    let show = |person: &OnMap| match person {
        OnMap::Live(live) => {
            view.place(live).map(|place| view.show(live, place, state.follower(), now))
        }
        OnMap::Fallback(place) => homes.as_ref()?.show(place, state.follower()),
    };
    Ok(Json(Positions {
        items: found.people.iter().filter_map(show).collect(),
        index_version: found.index_version,
        truncated: found.truncated,
    }))
}

fn reads_homes(include: Option<&str>) -> ApiResult<bool> {
    match include {
        None => Ok(false),
        Some("home") => Ok(true),
        Some(_) => Err(Problem::new(Code::MalformedQuery, "`include` can only be `home`")),
    }
}

/// Somebody on the map.
#[derive(Clone, Copy)]
enum OnMap {
    Live(LivePosition),
    Fallback(FallbackPlace),
}

impl OnMap {
    fn staff(&self) -> StaffId {
        match self {
            Self::Live(live) => live.staff,
            Self::Fallback(place) => place.staff,
        }
    }

    /// Whether showing them is a read of where they exactly are.
    fn is_exact(&self, view: &View, homes: Option<&Fallbacks>) -> bool {
        match self {
            Self::Live(_) => view.exact,
            Self::Fallback(place) => homes.is_some_and(|homes| homes.is_recorded(place)),
        }
    }
}

/// Whom to look for.
struct Search {
    view: View,
    homes: Option<Fallbacks>,
    only: Option<StaffId>,
}

impl Search {
    fn wants(&self, staff: StaffId) -> bool {
        self.only.is_none_or(|only| only == staff)
    }
}

/// The people of a viewport, and the version of the index they come from.
#[derive(Default)]
struct FoundPeople {
    people: Vec<OnMap>,
    index_version: String,
    truncated: bool,
}

/// Reads the index off the async threads: a viewport may hold everybody.
pub(crate) async fn read_index<T: Send + 'static>(
    state: &ApiState,
    view: &View,
    read: impl FnOnce(&LiveIndex) -> T + Send + 'static,
) -> ApiResult<T> {
    let wide = view.within.is_none_or(is_wide);
    let permit = if wide { state.full_scans().acquire_owned().await.ok() } else { None };
    read_aside(state, permit, read).await
}

/// The same with a permit that is given, or where none is needed.
pub(crate) async fn read_aside<T: Send + 'static>(
    state: &ApiState,
    permit: Option<OwnedSemaphorePermit>,
    read: impl FnOnce(&LiveIndex) -> T + Send + 'static,
) -> ApiResult<T> {
    let follower = state.follower().clone();
    let reading = move || {
        let _permit = permit;
        read(follower.index())
    };
    tokio::task::spawn_blocking(reading).await.map_err(|error| {
        tracing::error!(error = %error, "looking at positions failed");
        Problem::internal()
    })
}

fn find(index: &LiveIndex, organization: OrganizationId, search: &Search, now: i64) -> FoundPeople {
    let collect = |org: &OrgIndex| {
        let index_version = org.index_version().to_string();
        let mut found = FoundPeople { index_version, ..FoundPeople::default() };
        org.live_in(search.view.search_area(), now, |live| {
            if search.wants(live.staff) && search.view.place(&live).is_some() {
                found.add(OnMap::Live(live));
            }
        });
        if let Some(homes) = &search.homes {
            homes.each(org, now, |place| {
                if search.wants(place.staff) {
                    found.add(OnMap::Fallback(place));
                }
            });
        }
        found.truncated |= found.people.len() > MAX_PEOPLE;
        found.keep_first();
        found
    };
    let nothing = || collect(&OrgIndex::new(organization, now));
    index.with_org(organization, collect).unwrap_or_else(nothing)
}

impl FoundPeople {
    fn add(&mut self, person: OnMap) {
        self.people.push(person);
        if self.people.len() >= 2 * MAX_PEOPLE {
            self.keep_first();
            self.truncated = true;
        }
    }

    /// Keeps the first people by id, so that each request shows the same ones.
    fn keep_first(&mut self) {
        self.people.sort_unstable_by_key(OnMap::staff);
        self.people.truncate(MAX_PEOPLE);
    }
}
