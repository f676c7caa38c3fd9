//! Who is live within a rectangle. Must show nobody whom the privacy gate hides at the instant asked
//! for.

use super::{on_duty::Duty, rectangle::Rectangle};
use crate::{
    OrgIndex,
    geometry::cells::CellPath,
    people::person::{Grade, Ping},
    tree::PlaceKind,
};
use nearhand_domain::StaffId;
use rstar::Envelope as _;

/// A person's live position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LivePosition {
    /// Who.
    pub staff: StaffId,
    /// The fix.
    pub ping: Ping,
    /// How good it is.
    pub grade: Grade,
    /// The H3 cells around the fix.
    pub path: CellPath,
    /// What they do at the instant asked for.
    pub duty: Duty,
}

impl OrgIndex {
    /// Calls `visit` with everybody live in a rectangle at `at` (Unix seconds), in no order.
    ///
    /// Live means active, tracking permitted at the fix and at `at`, accurate to 1 km, and not a
    /// mock fix where those are history only. Cost: the leaves the rectangle touches.
    pub fn live_in(&self, within: Rectangle, at: i64, mut visit: impl FnMut(LivePosition)) {
        let around = within.bounds();
        self.tree.each(
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
        let path = person.ping_at.path;
        let duty = self.duty(person, at);
        Some(LivePosition { staff: person.id, ping, grade: ping.grade()?, path, duty })
    }
}
