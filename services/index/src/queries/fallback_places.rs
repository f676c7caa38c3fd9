//! Where people without a live fix are taken to be: at the site of a job just finished, at home, or
//! at their base. Must show nobody who has a live fix.

use super::{on_duty::Duty, rectangle::Rectangle};
use crate::{
    OrgIndex,
    geometry::cells::CellPath,
    people::person::StartKind,
    tree::{Place, PlaceKind},
};
use nearhand_domain::{Position, StaffId};
use rstar::Envelope as _;

/// What a place of somebody without a live fix is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FallbackKind {
    /// The site of a job just finished.
    LastJob,
    /// Home.
    Home,
    /// The department's or organisation's base.
    Base,
}

/// The place of somebody without a live fix.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FallbackPlace {
    /// Who.
    pub staff: StaffId,
    /// What the place is.
    pub kind: FallbackKind,
    /// Where it is, exactly.
    pub position: Position,
    /// The H3 cells around it.
    pub path: CellPath,
    /// What they do at the instant asked for.
    pub duty: Duty,
}

impl OrgIndex {
    /// Calls `visit` with everybody who is active, not live at `at` (Unix seconds), and whose
    /// fallback lies in a rectangle, in no order. Jobs count for `hold_s` seconds after their end.
    ///
    /// Cost: the leaves the rectangle touches.
    pub fn fallbacks_in(
        &self,
        within: Rectangle,
        at: i64,
        hold_s: i64,
        mut visit: impl FnMut(FallbackPlace),
    ) {
        let around = within.bounds();
        self.tree.each(
            |bounds| bounds.intersects(&around),
            |places| {
                for place in places {
                    let found = self.fallback(place.slot(), at, hold_s);
                    let found = found.filter(|fallback| is_it(place, fallback.kind));
                    if let Some(fallback) = found.filter(|f| within.contains(f.position)) {
                        visit(fallback);
                    }
                }
            },
        );
    }

    /// The same for the person at `slot`, wherever it is.
    #[must_use]
    pub fn fallback(&self, slot: u32, at: i64, hold_s: i64) -> Option<FallbackPlace> {
        let person = self.person(slot);
        if !person.is_active() || self.live_ping(person, at).is_some() {
            return None;
        }
        let (staff, duty) = (person.id, self.duty(person, at));
        let held = |ended: i64| ended <= at && at.saturating_sub(ended) <= hold_s;
        if let Some(job) = person.last_job().filter(|job| held(job.completed_at)) {
            let (position, path) = (job.position, CellPath::of(job.position));
            return Some(FallbackPlace {
                staff,
                kind: FallbackKind::LastJob,
                position,
                path,
                duty,
            });
        }
        let (position, start) = person.start()?;
        let kind = match start {
            StartKind::Home => FallbackKind::Home,
            StartKind::Base => FallbackKind::Base,
        };
        Some(FallbackPlace { staff, kind, position, path: person.start_at.path, duty })
    }
}

/// Whether a place in the tree is of the kind of somebody's fallback.
fn is_it(place: &Place, kind: FallbackKind) -> bool {
    match place.kind() {
        PlaceKind::Start => kind != FallbackKind::LastJob,
        PlaceKind::LastJob => kind == FallbackKind::LastJob,
        PlaceKind::Ping | PlaceKind::Booking => false,
    }
}
