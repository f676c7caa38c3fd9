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
    live::scope::{self, Scope},
    state::ApiState,
};
use jiff::Timestamp;
use nearhand_domain::{
    Position, StaffId,
    access::{Action, Object},
};
use nearhand_index::{Duty, Grade, LivePosition, Rectangle};
use nearhand_indexer::Follower;
use nearhand_storage::{audit, outage};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// A wider viewport may hold the people of a country. The number of such scans at a time is limited.
const WIDE_DEG: f64 = 2.0;

/// What one caller looks at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct View {
    /// The viewport; everywhere without one.
    pub(crate) within: Option<Rectangle>,
    /// Whether exact positions may be shown.
    pub(crate) exact: bool,
    /// Whether it may be shown who works now.
    pub(crate) duty: bool,
    /// The only people who may be shown; `None`: everybody.
    pub(crate) scope: Option<Scope>,
}

/// A person's live position, or the place without one, as far as the caller may see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LivePosition)]
pub(crate) struct Shown {
    #[schema(value_type = uuid::Uuid)]
    pub(crate) staff_id: StaffId,
    #[schema(example = "Grace Hopper")]
    display_name: Option<String>,
    /// Exact with `positions:read`, else the centre of an H3 cell of resolution 7. A home is exact
    /// only with `staff.pii:read` as well.
    position: LatLng,
    /// Seconds since the fix; null without one.
    age_s: Option<i64>,
    /// Null without a fix.
    #[schema(value_type = Option<String>, format = DateTime)]
    fix_at: Option<Timestamp>,
    /// Radius; null where unknown, without a fix, and with a cell's centre.
    #[schema(example = 12.5)]
    accuracy_m: Option<f32>,
    /// `live`; `coarse` beyond 100 m and for a cell's centre; null for an exact place without a fix.
    #[schema(example = "live")]
    grade: Option<&'static str>,
    /// Where it comes from: `ping`; without a live fix `last_job`, `home` or `base`.
    #[schema(example = "ping")]
    source: &'static str,
    /// Within working hours and not absent; without working hours, on duty. Null without
    /// `staff:view`.
    on_shift: Option<bool>,
    /// Booked for a case now. Null without `staff:view`.
    busy: Option<bool>,
}

impl View {
    /// What the caller may see of a viewport, and of whom.
    pub(crate) async fn of(
        state: &ApiState,
        caller: &Caller,
        within: Option<Rectangle>,
    ) -> ApiResult<Self> {
        let exact = caller.may(Action::SeeExactPositions, Object::Organization);
        let duty = caller.may(Action::ListStaff, Object::Organization);
        let scope = scope::of(state, caller, Action::SeePositions).await?;
        Ok(Self { within, exact, duty, scope })
    }

    /// Where somebody is shown, if within the scope and the viewport.
    pub(crate) fn place(&self, live: &LivePosition) -> Option<Position> {
        let at = live.ping.position;
        let coarse = || live.path.coarse_cell_centre();
        let shown = if self.exact { Some(at) } else { coarse() };
        shown.filter(|shown| self.in_scope(live.staff) && self.contains(*shown))
    }

    /// Whether two positions of a person in the viewport look the same to the caller. Without exact
    /// positions the caller sees the cell, and may know the next fix only by another cell.
    pub(crate) fn sees_same(&self, before: &LivePosition, after: &LivePosition) -> bool {
        let same_duty = !self.duty || before.duty == after.duty;
        let same_place = if self.exact {
            LivePosition { duty: before.duty, ..*after } == *before
        } else {
            self.place(before) == self.place(after)
        };
        same_duty && same_place
    }

    /// Whether the caller may see a person.
    pub(crate) fn in_scope(&self, person: StaffId) -> bool {
        self.scope.as_ref().is_none_or(|scope| scope.contains(&person))
    }

    /// Whether a shown position lies in the viewport.
    pub(crate) fn contains(&self, shown: Position) -> bool {
        self.within.is_none_or(|within| within.contains(shown))
    }

    /// Where to look for everybody who may be shown in the viewport.
    pub(crate) fn search_area(&self) -> Rectangle {
        let Some(within) = self.within else { return Rectangle::WORLD };
        if self.exact { within } else { within.with_cell_margin() }
    }

    /// Tells views apart in event ids: one is never continued as another.
    pub(crate) fn tag(&self) -> String {
        let mut hash = Sha256::new();
        hash.update(format!(
            "{:?} {} {} {}",
            self.within,
            self.exact,
            self.duty,
            self.scope.is_some()
        ));
        if let Some(scope) = &self.scope {
            let mut people: Vec<StaffId> = scope.iter().copied().collect();
            people.sort_unstable();
            people.iter().for_each(|staff| hash.update(staff.0.as_bytes()));
        }
        hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
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
            age_s: Some((now - fix_at.as_second()).max(0)),
            fix_at: Some(fix_at),
            accuracy_m: live.ping.accuracy_m.filter(|_| self.exact),
            grade: Some(if fine { "live" } else { "coarse" }),
            source: "ping",
            on_shift: None,
            busy: None,
        }
        .with_duty(live.duty, self.duty)
    }
}

impl Shown {
    /// The place of somebody without a live fix.
    pub(crate) fn without_fix(
        staff: StaffId,
        place: Position,
        (source, grade): (&'static str, Option<&'static str>),
        follower: &Follower,
    ) -> Self {
        Self {
            staff_id: staff,
            display_name: follower.display_name(staff).map(|name| name.to_string()),
            position: place.into(),
            age_s: None,
            fix_at: None,
            accuracy_m: None,
            grade,
            source,
            on_shift: None,
            busy: None,
        }
    }

    /// With what the person does now, if the caller may know it.
    pub(crate) fn with_duty(mut self, duty: Duty, may_know: bool) -> Self {
        self.on_shift = may_know.then_some(duty.on_shift);
        self.busy = may_know.then_some(duty.busy);
        self
    }
}

/// Whether looking at a viewport may take long.
pub(crate) fn is_wide(within: Rectangle) -> bool {
    let turn = if within.west <= within.east { 0.0 } else { 360.0 };
    let width = within.east + turn - within.west;
    within.north - within.south > WIDE_DEG || width > WIDE_DEG
}

/// Reads `min_lng,min_lat,max_lng,max_lat`; with the first longitude above the second it crosses
/// the antimeridian.
pub(crate) fn read_bbox(text: &str) -> ApiResult<Rectangle> {
    parse_bbox(text).map_err(|why| {
        let detail = format!("`bbox` {why}");
        Problem::new(Code::MalformedQuery, detail)
    })
}

/// The same; the error says how to mend it.
pub(crate) fn parse_bbox(text: &str) -> Result<Rectangle, String> {
    let refused = |why: &str| format!("must be min_lng,min_lat,max_lng,max_lat in degrees: {why}");
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
    use nearhand_index::{cells, people::person::Ping};

    fn live(lat: f64, lng: f64) -> LivePosition {
        let position = Position::new(lat, lng).unwrap();
        LivePosition {
            staff: StaffId::generate(),
            ping: Ping { fix_at_ms: 0, position, accuracy_m: Some(5.0), mock: false },
            grade: Grade::Live,
            path: cells::CellPath::of(position),
            duty: Duty::default(),
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
        let view = |within, exact| View { within: Some(within), exact, duty: true, scope: None };
        let exactly = around(somebody.ping.position);
        assert_eq!(view(exactly, true).place(&somebody), Some(somebody.ping.position));
        assert_eq!(view(exactly, false).place(&somebody), None, "the edge would locate them");
        let centred = view(around(centre), false);
        assert_eq!(centred.place(&somebody), Some(centre));
        assert!(centred.search_area().contains(somebody.ping.position));
        // The ancestor of this position's finest cell is not the cell that contains it.
        let stray = live(38.769, -9.15);
        let shown = View { within: None, exact: false, duty: true, scope: None }.place(&stray);
        assert_eq!(shown, Some(cells::coarse(stray.ping.position)));
        let around = cells::cell(stray.ping.position, cells::COARSE_RESOLUTION);
        assert_ne!(shown, cells::centre(around));
    }

    #[test]
    fn search_areas_reach_over_the_antimeridian_and_the_poles() {
        let area = |text| {
            View { within: Some(read_bbox(text).unwrap()), exact: false, duty: true, scope: None }
                .search_area()
        };
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
        let view = |within: Option<&str>, exact| View {
            within: within.map(|text| read_bbox(text).unwrap()),
            exact,
            duty: true,
            scope: None,
        };
        let scoped = |people: &[StaffId]| View {
            scope: Some(std::sync::Arc::new(people.iter().copied().collect())),
            ..view(None, true)
        };
        let [one, other] = [StaffId::generate(), StaffId::generate()];
        let views = [
            view(None, true),
            view(None, false),
            view(Some("0,0,1,1"), true),
            scoped(&[]),
            scoped(&[one]),
            scoped(&[one, other]),
        ];
        let tags: std::collections::HashSet<String> = views.iter().map(View::tag).collect();
        assert_eq!(tags.len(), views.len());
        assert_eq!(scoped(&[one, other]).tag(), scoped(&[other, one]).tag());
    }

    #[test]
    fn nobody_out_of_scope_has_a_place() {
        let somebody = live(38.7, -9.1);
        let scoped = |people: &[StaffId]| View {
            within: None,
            exact: true,
            duty: true,
            scope: Some(std::sync::Arc::new(people.iter().copied().collect())),
        };
        assert!(scoped(&[somebody.staff]).place(&somebody).is_some());
        assert!(scoped(&[StaffId::generate()]).place(&somebody).is_none());
    }
}
