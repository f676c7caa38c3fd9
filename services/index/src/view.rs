//! Who is live within a rectangle. Must show nobody whom the privacy gate hides at the instant
//! asked for.

use crate::{
    OrgIndex,
    person::{Ping, PlaceKind},
    sphere::Bounds,
};
use nearhand_domain::{Position, StaffId, ping::LIVE_ACCURACY_M};
use rstar::Envelope as _;

/// Up to this radius in metres a fix is as good as they get.
const FINE_ACCURACY_M: f32 = 100.0;

/// A rectangle in degrees; with `west` above `east` it crosses the antimeridian.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rectangle {
    /// Least latitude.
    pub south: f64,
    /// Western edge.
    pub west: f64,
    /// Greatest latitude.
    pub north: f64,
    /// Eastern edge.
    pub east: f64,
}

/// How good a live position is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// Up to 100 m, or of unknown accuracy.
    Live,
    /// Up to 1 km.
    Coarse,
}

/// A person's live position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LivePosition {
    /// Who.
    pub staff: StaffId,
    /// The fix.
    pub ping: Ping,
    /// How good it is.
    pub grade: Grade,
}

impl OrgIndex {
    /// Calls `visit` with everybody live in a rectangle at `at` (Unix seconds), in no order.
    ///
    /// Live means active, tracking permitted at the fix and at `at`, accurate to 1 km, and not a
    /// mock fix where those are history only. Cost: the leaves the rectangle touches.
    pub fn live_in(&self, within: Rectangle, at: i64, mut visit: impl FnMut(LivePosition)) {
        let around = within.bounds();
        self.places.each(
            |bounds| bounds.intersects(&around),
            |places| {
                for place in places.iter().filter(|p| p.kind() == PlaceKind::Ping) {
                    if let Some(live) = self.live(place.slot(), at)
                        && within.contains(live.ping.position)
                    {
                        visit(live);
                    }
                }
            },
        );
    }

    /// The live position of the person at `slot` at `at`, if they have one.
    #[must_use]
    pub fn live(&self, slot: u32, at: i64) -> Option<LivePosition> {
        let person = self.person(slot);
        let ping = *self.live_ping(person, at).filter(|_| person.is_active())?;
        Some(LivePosition { staff: person.id, ping, grade: ping.grade()? })
    }
}

impl Ping {
    /// How good the fix is; `None`: beyond 1 km, or of an accuracy that is not a number.
    #[must_use]
    pub fn grade(&self) -> Option<Grade> {
        match self.accuracy_m {
            None => Some(Grade::Live),
            Some(metres) if metres <= FINE_ACCURACY_M => Some(Grade::Live),
            Some(metres) => (metres <= LIVE_ACCURACY_M).then_some(Grade::Coarse),
        }
    }
}

impl Rectangle {
    /// Whether a position lies inside or on the edge.
    #[must_use]
    pub fn contains(&self, position: Position) -> bool {
        let (lat, lng) = (position.lat(), position.lng());
        let between = |lng: f64| {
            if self.west <= self.east {
                self.west <= lng && lng <= self.east
            } else {
                lng >= self.west || lng <= self.east
            }
        };
        // −180° and 180° are one meridian.
        let inside = between(lng) || (lng <= -180.0 && between(180.0));
        self.south <= lat && lat <= self.north && inside
    }

    /// A box around the rectangle's part of the sphere.
    fn bounds(&self) -> Bounds {
        let (south, north) = (self.south.to_radians(), self.north.to_radians());
        let west = self.west.to_radians();
        let turn = if self.west <= self.east { 0.0 } else { 360.0 };
        let east = (self.east + turn).to_radians();
        let widest = if south <= 0.0 && 0.0 <= north { 1.0 } else { south.cos().max(north.cos()) };
        let narrowest = south.cos().min(north.cos());
        let span = |phase: f64| {
            let (low, high) = cosine_range(west - phase, east - phase);
            let products = [low * narrowest, low * widest, high * narrowest, high * widest];
            products.iter().fold((f64::MAX, f64::MIN), |(low, high), &x| (low.min(x), high.max(x)))
        };
        let axes = [span(0.0), span(std::f64::consts::FRAC_PI_2), (south.sin(), north.sin())];
        #[expect(clippy::cast_possible_truncation, reason = "the padding covers the rounding")]
        let pad = |x: f64, by: f64| (x + by) as f32;
        Bounds::from_corners(axes.map(|a| pad(a.0, -1e-6)), axes.map(|a| pad(a.1, 1e-6)))
    }
}

/// The range of the cosine between two angles, `from` ≤ `to`.
fn cosine_range(from: f64, to: f64) -> (f64, f64) {
    let turn = std::f64::consts::TAU;
    let reaches = |angle: f64| ((from - angle) / turn).ceil() * turn + angle <= to;
    let ends = [from.cos(), to.cos()];
    let low = if reaches(std::f64::consts::PI) { -1.0 } else { ends[0].min(ends[1]) };
    let high = if reaches(0.0) { 1.0 } else { ends[0].max(ends[1]) };
    (low, high)
}
