//! What a caller sees of people's live positions: the exact point, or the centre of an H3 cell of
//! resolution 7. A coarse caller must never learn more than the cell. So the test whether a person
//! lies inside a viewport uses the point that is shown, not the exact one.

use crate::{
    access::caller::Caller,
    http::{
        codes::Code,
        place::LatLng,
        problem::{ApiResult, Problem},
    },
    state::ApiState,
};
use jiff::Timestamp;
use nearhand_domain::{
    Position, StaffId,
    access::{Action, Object},
};
use nearhand_index::{Grade, LivePosition, Rectangle, cells};
use nearhand_indexer::Follower;
use nearhand_storage::{audit, outage};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// How far a viewport must reach to hold everybody whose cell's centre lies in it, in degrees of
/// latitude: a little over the largest radius of a cell.
const CELL_MARGIN_DEG: f64 = 0.03;
/// Beyond this latitude a viewport is searched all around the pole.
const POLAR_LAT: f64 = 85.0;

/// What one caller looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct View {
    /// The viewport; everywhere without one.
    pub(crate) within: Option<Rectangle>,
    /// Whether exact positions may be shown.
    pub(crate) exact: bool,
}

/// A person's live position, as far as the caller may see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LivePosition)]
pub(crate) struct Shown {
    #[schema(value_type = uuid::Uuid)]
    pub(crate) staff_id: StaffId,
    #[schema(example = "Grace Hopper")]
    display_name: Option<String>,
    /// Exact with `positions:read`, else the centre of an H3 cell of resolution 7.
    position: LatLng,
    /// Seconds since the fix.
    age_s: i64,
    #[schema(value_type = String, format = DateTime)]
    fix_at: Timestamp,
    /// Radius; null where unknown, and with a cell's centre.
    #[schema(example = 12.5)]
    accuracy_m: Option<f32>,
    /// `live`, or `coarse` beyond 100 m and for a cell's centre.
    #[schema(example = "live")]
    grade: &'static str,
    /// Where it comes from.
    #[schema(example = "ping")]
    source: &'static str,
}

impl View {
    /// What the caller may see of a viewport.
    pub(crate) fn of(caller: &Caller, within: Option<Rectangle>) -> Self {
        Self { within, exact: caller.may(Action::SeeExactPositions, Object::Organization) }
    }

    /// Where somebody is shown, if within the viewport.
    pub(crate) fn place(&self, live: &LivePosition) -> Option<Position> {
        let at = live.ping.position;
        let shown = if self.exact { at } else { cells::coarse(at) };
        self.within.is_none_or(|within| within.contains(shown)).then_some(shown)
    }

    /// Where to look for everybody who may be shown in the viewport.
    pub(crate) fn search_area(&self) -> Rectangle {
        let world = Rectangle { south: -90.0, west: -180.0, north: 90.0, east: 180.0 };
        let Some(within) = self.within else { return world };
        if self.exact {
            return within;
        }
        let south = (within.south - CELL_MARGIN_DEG).max(-90.0);
        let north = (within.north + CELL_MARGIN_DEG).min(90.0);
        let highest = south.abs().max(north.abs());
        let margin = CELL_MARGIN_DEG / highest.to_radians().cos().max(f64::MIN_POSITIVE);
        let width = (within.east - within.west).rem_euclid(360.0);
        if highest > POLAR_LAT
            || within.east - within.west + 2.0 * margin >= 360.0
            || (within.west > within.east && width + 2.0 * margin >= 360.0)
        {
            return Rectangle { south, north, ..world };
        }
        Rectangle {
            south,
            north,
            west: turn(within.west - margin),
            east: turn(within.east + margin),
        }
    }

    /// Tells views apart in event ids: one is never continued as another.
    pub(crate) fn tag(&self) -> String {
        let digest = Sha256::digest(format!("{self:?}"));
        digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }

    /// A live position as it is shown, with the name the follower knows.
    pub(crate) fn show(
        &self,
        live: &LivePosition,
        place: Position,
        follower: &Follower,
        now: i64,
    ) -> Shown {
        let fine = self.exact && live.grade == Grade::Live;
        let fix_at = Timestamp::from_millisecond(live.ping.fix_at_ms).unwrap_or_default();
        Shown {
            staff_id: live.staff,
            display_name: follower.display_name(live.staff).map(|name| name.to_string()),
            position: place.into(),
            age_s: (now - fix_at.as_second()).max(0),
            fix_at,
            accuracy_m: live.ping.accuracy_m.filter(|_| self.exact),
            grade: if fine { "live" } else { "coarse" },
            source: "ping",
        }
    }
}

/// A longitude brought back between −180 and 180.
fn turn(lng: f64) -> f64 {
    if lng < -180.0 {
        lng + 360.0
    } else if lng > 180.0 {
        lng - 360.0
    } else {
        lng
    }
}

/// Reads `min_lng,min_lat,max_lng,max_lat`; with the first longitude above the second it crosses
/// the antimeridian.
pub(crate) fn read_bbox(text: &str) -> ApiResult<Rectangle> {
    let refused = |why: &str| {
        let detail = format!("`bbox` must be min_lng,min_lat,max_lng,max_lat in degrees: {why}");
        Problem::new(Code::MalformedQuery, detail)
    };
    let numbers: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    let numbers = numbers.map_err(|_| refused("four numbers"))?;
    let &[west, south, east, north] = numbers.as_slice() else {
        return Err(refused("four numbers"));
    };
    if ![west, east].iter().all(|lng| (-180.0..=180.0).contains(lng)) {
        return Err(refused("longitudes lie in -180 to 180"));
    }
    if ![south, north].iter().all(|lat| (-90.0..=90.0).contains(lat)) {
        return Err(refused("latitudes lie in -90 to 90"));
    }
    if south > north {
        return Err(refused("min_lat must not be above max_lat"));
    }
    Ok(Rectangle { south, west, north, east })
}

/// Records who is about to read whose exact position. Nothing may be shown unless this succeeds.
pub(crate) async fn record_read(
    state: &ApiState,
    caller: &Caller,
    route: &'static str,
    people: &[StaffId],
) -> ApiResult<()> {
    if people.is_empty() {
        return Ok(());
    }
    let context = caller.audit();
    let recorded =
        audit::record_position_read(state.app(), &context, caller.staff, route, people).await;
    recorded.map_err(|error| {
        if error.is_outage() {
            outage::refused(&error);
        } else {
            tracing::warn!(error = %error, "a read of positions could not be recorded");
        }
        let detail = "the read cannot be recorded, so nothing is shown; try again";
        Problem::new(Code::Unavailable, detail).retry_after(2)
    })
}

/// Refuses while the live index is catching up.
pub(crate) fn require_ready(follower: &Follower) -> ApiResult<()> {
    match follower.not_ready() {
        None => Ok(()),
        Some(reason) => Err(Problem::new(Code::NotReady, reason).retry_after(2)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_index::person::Ping;

    fn live(lat: f64, lng: f64) -> LivePosition {
        let position = Position::new(lat, lng).unwrap();
        LivePosition {
            staff: StaffId::generate(),
            ping: Ping { fix_at_ms: 0, position, accuracy_m: Some(5.0), mock: false },
            grade: Grade::Live,
        }
    }

    #[test]
    fn a_coarse_view_is_decided_by_cells_alone() {
        let somebody = live(38.7, -9.1);
        let centre = cells::coarse(somebody.ping.position);
        let around = |at: Position| Rectangle {
            south: at.lat() - 1e-4,
            north: at.lat() + 1e-4,
            west: at.lng() - 1e-4,
            east: at.lng() + 1e-4,
        };
        let view = |within, exact| View { within: Some(within), exact };
        let exactly = around(somebody.ping.position);
        assert_eq!(view(exactly, true).place(&somebody), Some(somebody.ping.position));
        assert_eq!(view(exactly, false).place(&somebody), None, "the edge would locate them");
        let centred = view(around(centre), false);
        assert_eq!(centred.place(&somebody), Some(centre));
        assert!(centred.search_area().contains(somebody.ping.position));
    }

    #[test]
    fn search_areas_reach_over_the_antimeridian_and_the_poles() {
        let area =
            |text| View { within: Some(read_bbox(text).unwrap()), exact: false }.search_area();
        let east = area("179.5,10,180,11");
        assert!(east.west > east.east && east.contains(Position::new(10.5, -179.99).unwrap()));
        let across = area("179,10,-179,11");
        assert!(across.west < 179.0 && across.east > -179.0 && across.west > across.east);
        let pole = area("10,89,11,90");
        assert!(pole.contains(Position::new(89.99, -170.0).unwrap()));
        let nearly_all = area("-179.99,0,179.99,1");
        assert!(nearly_all.contains(Position::new(0.5, 180.0).unwrap()));
        let all_but_a_sliver = area("0.01,0,-0.01,1");
        assert!(all_but_a_sliver.contains(Position::new(0.5, 0.0).unwrap()));
    }

    #[test]
    fn boxes_that_are_none_are_refused() {
        for bad in
            ["", "1,2,3", "1,2,3,4,5", "a,2,3,4", "1,91,3,92", "181,1,2,3", "1,3,2,1", "NaN,0,1,1"]
        {
            assert!(read_bbox(bad).is_err(), "{bad}");
        }
        assert!(read_bbox("-9.2, 38.6, -9.0, 38.8").is_ok());
    }

    #[test]
    fn views_have_tags_of_their_own() {
        let views = [
            View { within: None, exact: true },
            View { within: None, exact: false },
            View { within: Some(read_bbox("0,0,1,1").unwrap()), exact: true },
        ];
        let tags: std::collections::HashSet<String> = views.iter().map(View::tag).collect();
        assert_eq!(tags.len(), 3);
    }
}
