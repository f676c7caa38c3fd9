//! `/v1/positions/counts`: how many people are live in each H3 cell of a viewport, for maps that
//! show too many people to show each. Must not reveal by counts what the caller may not see: up to
//! resolution 7 each person counts at the centre of their coarse cell, also against the viewport. Finer
//! counts use exact positions, need their permission, and are recorded like any read of them.

use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        place::LatLng,
        problem::{ApiResult, Problem},
        query::QueryOf,
    },
    live::view::{View, read_bbox, record_read, require_ready},
    routes::location::positions::read_index,
    state::ApiState,
};
use axum::{Json, extract::State};
use h3o::{CellIndex, Resolution};
use nearhand_domain::{
    OrganizationId, StaffId,
    access::{Action, Object},
    clock,
};
use nearhand_index::{LiveIndex, OrgIndex, Rectangle, geometry::cells};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

const ROUTE: &str = "/v1/positions/counts";
/// About how many cells a viewport may hold at a requested resolution.
const MAX_CELLS: f64 = 5_000.0;
/// The same at a resolution that the API chooses.
const GOOD_CELLS: f64 = 1_000.0;
/// The most people counted at exact positions: each is named in the record of reads.
const MAX_EXACT: usize = 10_000;

/// Where to look, and how finely.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CountsQuery {
    /// `min_lng,min_lat,max_lng,max_lat` in degrees; with the first longitude above the second it
    /// crosses the antimeridian.
    #[param(example = "-9.25,38.65,-9.05,38.80")]
    bbox: String,
    /// H3 resolution, 0 to 15; above 7 with `positions:read` only. Unless given, the finest up to
    /// 7 that makes no more than about 1,000 cells.
    #[param(example = "7")]
    resolution: Option<u8>,
}

/// How many people are live in a cell.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CellCount {
    /// H3 index.
    #[schema(example = "873933545ffffff")]
    cell: String,
    /// Its centre.
    position: LatLng,
    /// At least 1.
    people: u32,
}

/// How many people are live within a viewport, cell by cell.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PositionCounts {
    /// Of the cells.
    resolution: u8,
    /// Cells with anybody in them, by index.
    items: Vec<CellCount>,
    /// In all cells together.
    people: u32,
    /// Equal version, equal content of the index.
    #[schema(example = "00000000000000000000000000000000")]
    index_version: String,
}

/// Counts who is live within a viewport, by H3 cell.
///
/// Up to resolution 7 everybody counts from the centre of their cell of resolution 7. Finer counts
/// are made of exact positions: they need `positions:read`, and every such read is recorded.
#[utoipa::path(get, path = "/v1/positions/counts", operation_id = "count_positions",
    tag = "positions",
    responses((status = 200, description = "Cells with anybody in them", body = PositionCounts)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    QueryOf(query): QueryOf<CountsQuery>,
) -> ApiResult<Json<PositionCounts>> {
    caller.require(Action::SeePositions, Object::Organization)?;
    let within = read_bbox(&query.bbox)?;
    let resolution = choose(query.resolution, within)?;
    let exact = resolution > cells::COARSE_RESOLUTION;
    if exact {
        caller.require(Action::SeeExactPositions, Object::Organization)?;
    }
    require_ready(state.follower())?;
    let view = View { exact, ..View::of(&state, &caller, Some(within)).await? };
    let (organization, now) = (caller.organization, clock::now().as_second());
    let searched = view.clone();
    let read = move |index: &LiveIndex| count(index, organization, &searched, resolution, now);
    let found = read_index(&state, &view, read).await?;
    if exact {
        if found.people.len() > MAX_EXACT {
            let detail = format!("there are more than {MAX_EXACT} people; look at less");
            return Err(Problem::field("/resolution", "too_fine", detail));
        }
        record_read(&state, &caller, ROUTE, &found.people).await?;
    }
    Ok(Json(found.counts))
}

/// The resolution asked for, if it is one and not too fine for the viewport; else one that suits.
fn choose(asked: Option<u8>, within: Rectangle) -> ApiResult<Resolution> {
    let finest = |most: f64| {
        let fits = |resolution: &Resolution| cells_in(within, *resolution) <= most;
        Resolution::range(Resolution::Zero, Resolution::Fifteen).take_while(fits).last()
    };
    let Some(asked) = asked else {
        let suits = finest(GOOD_CELLS).unwrap_or(Resolution::Zero);
        return Ok(suits.min(cells::COARSE_RESOLUTION));
    };
    let asked = Resolution::try_from(asked)
        .map_err(|_| Problem::new(Code::MalformedQuery, "`resolution` must be 0 to 15"))?;
    if cells_in(within, asked) <= MAX_CELLS {
        return Ok(asked);
    }
    let most = u8::from(finest(MAX_CELLS).unwrap_or(Resolution::Zero));
    let detail = format!(
        "makes more than {MAX_CELLS} cells of this viewport; ask for {most} or less, or look at less"
    );
    Err(Problem::field("/resolution", "too_fine", detail))
}

/// About how many cells a viewport touches: those inside by area, those on its edge by length.
fn cells_in(within: Rectangle, resolution: Resolution) -> f64 {
    let turn = if within.west <= within.east { 0.0 } else { 360.0 };
    let width = (within.east + turn - within.west).to_radians();
    let (south, north) = (within.south.to_radians(), within.north.to_radians());
    let area = width * (north.sin() - south.sin());
    let widest = if south <= 0.0 && 0.0 <= north { 1.0 } else { south.cos().max(north.cos()) };
    let around = 2.0 * (width * widest + north - south);
    let across = 3.0_f64.sqrt() * resolution.edge_length_rads();
    area / resolution.area_rads2() + around / across
}

/// The counts of a viewport, and the people to record.
struct CountedPeople {
    counts: PositionCounts,
    /// The counted people, if their exact positions were used.
    people: Vec<StaffId>,
}

fn count(
    index: &LiveIndex,
    organization: OrganizationId,
    view: &View,
    resolution: Resolution,
    now: i64,
) -> CountedPeople {
    let collect = |org: &OrgIndex| {
        let (counts, people) = if view.exact {
            count_exactly(org, view, resolution, now)
        } else {
            (count_coarsely(org, view, resolution, now), Vec::new())
        };
        let counts = PositionCounts {
            resolution: resolution.into(),
            people: counts.values().sum(),
            items: counts.into_iter().map(CellCount::from).collect(),
            index_version: org.index_version().to_string(),
        };
        CountedPeople { counts, people }
    };
    let nothing = || collect(&OrgIndex::new(organization, now));
    index.with_org(organization, collect).unwrap_or_else(nothing)
}

/// Counts by the cells that contain people's positions, and names the people.
fn count_exactly(
    org: &OrgIndex,
    view: &View,
    resolution: Resolution,
    now: i64,
) -> (BTreeMap<CellIndex, u32>, Vec<StaffId>) {
    let (mut counts, mut people) = (BTreeMap::new(), Vec::new());
    org.live_in(view.search_area(), now, |live| {
        let Some(place) = view.place(&live) else { return };
        *counts.entry(cells::cell(place, resolution)).or_default() += 1;
        // One more than may be recorded says that there are too many.
        if people.len() <= MAX_EXACT {
            people.push(live.staff);
        }
    });
    (counts, people)
}

/// Counts by coarse cell, and those by the coarser cells around them. The index stores each
/// person's cells, so that a person costs a few shifts.
fn count_coarsely(
    org: &OrgIndex,
    view: &View,
    resolution: Resolution,
    now: i64,
) -> BTreeMap<CellIndex, u32> {
    let mut by_coarse_cell = BTreeMap::<CellIndex, u32>::new();
    org.live_in(view.search_area(), now, |live| {
        if view.in_scope(live.staff) {
            let cell = live.path.ancestor(cells::COARSE_RESOLUTION);
            *by_coarse_cell.entry(cell).or_default() += 1;
        }
    });
    let mut counts = BTreeMap::new();
    for (cell, people) in by_coarse_cell {
        if cells::centre(cell).is_some_and(|centre| view.contains(centre)) {
            *counts.entry(cell.parent(resolution).unwrap_or(cell)).or_default() += people;
        }
    }
    counts
}

impl From<(CellIndex, u32)> for CellCount {
    fn from((cell, people): (CellIndex, u32)) -> Self {
        let centre = h3o::LatLng::from(cell);
        let position = LatLng { lat: centre.lat(), lng: centre.lng() };
        Self { cell: cell.to_string(), position, people }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(asked: Option<u8>, bbox: &str) -> Result<u8, Code> {
        choose(asked, read_bbox(bbox).unwrap()).map(u8::from).map_err(|problem| problem.code())
    }

    #[test]
    fn the_resolution_suits_the_viewport() {
        let (city, world) = ("-9.25,38.65,-9.05,38.80", "-180,-90,180,90");
        assert_eq!(chosen(None, city), Ok(7));
        assert_eq!(chosen(None, "-10,37,-7,42"), Ok(5));
        assert_eq!(chosen(None, world), Ok(1));
        assert_eq!(chosen(Some(9), city), Ok(9));
        assert_eq!(chosen(Some(10), city), Err(Code::Invalid));
        assert_eq!(chosen(Some(3), world), Err(Code::Invalid));
        assert_eq!(chosen(Some(16), city), Err(Code::MalformedQuery));
        // However thin, a viewport around the world cuts through many cells.
        assert_eq!(chosen(Some(15), "-180,0,180,0"), Err(Code::Invalid));
        assert_eq!(chosen(Some(15), "-9.1,38.7,-9.1,38.7"), Ok(15));
        assert_eq!(chosen(None, "179,10,-179,11"), chosen(None, "10,10,12,11"));
    }

    #[test]
    fn cells_are_estimated_as_they_are() {
        for resolution in Resolution::range(Resolution::Zero, Resolution::Five) {
            let world = read_bbox("-180,-90,180,90").unwrap();
            #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
            let count = resolution.cell_count() as f64;
            assert!((1.0..3.0).contains(&(cells_in(world, resolution) / count)), "{resolution}");
        }
    }
}
