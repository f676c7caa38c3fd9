//! What a caller sees of people without a live fix: the site of their last job, their home, or their
//! base. Must show a home exactly only with `positions:read` and `staff.pii:read`; otherwise the
//! centre of its cell is shown, and decides whether the home lies in the viewport.

use crate::live::view::{Shown, View};
use nearhand_domain::Position;
use nearhand_index::{FallbackKind, FallbackPlace, OrgIndex, Rectangle};
use nearhand_indexer::Follower;
use nearhand_recommend::Policy;

/// Whose fallbacks a caller looks at, and how closely.
#[derive(Clone, Debug)]
pub(crate) struct Fallbacks {
    view: View,
    exact_homes: bool,
}

impl Fallbacks {
    /// Within a view; `personal`: whether the caller may read personal details.
    pub(crate) fn new(view: View, personal: bool) -> Self {
        let exact_homes = view.exact && personal;
        Self { view, exact_homes }
    }

    /// Calls `visit` with everybody whose fallback is shown in the viewport, in no order.
    pub(crate) fn each(&self, org: &OrgIndex, now: i64, mut visit: impl FnMut(FallbackPlace)) {
        org.fallbacks_in(self.search_area(), now, last_job_hold_s(), |found| {
            if self.place(&found).is_some() {
                visit(found);
            }
        });
    }

    /// Where somebody is shown, if within the scope and the viewport.
    fn place(&self, found: &FallbackPlace) -> Option<Position> {
        let place = if self.is_exact(found.kind) {
            found.position
        } else {
            found.path.coarse_cell_centre().unwrap_or(found.position)
        };
        (self.view.in_scope(found.staff) && self.view.contains(place)).then_some(place)
    }

    /// Whether a place of this kind is shown exactly. A base is no secret.
    fn is_exact(&self, kind: FallbackKind) -> bool {
        match kind {
            FallbackKind::LastJob => self.view.exact,
            FallbackKind::Home => self.exact_homes,
            FallbackKind::Base => true,
        }
    }

    /// Whether showing it is a read of where somebody exactly is.
    pub(crate) fn is_recorded(&self, found: &FallbackPlace) -> bool {
        found.kind != FallbackKind::Base && self.is_exact(found.kind)
    }

    /// A fallback as it is shown.
    pub(crate) fn show(&self, found: &FallbackPlace, follower: &Follower) -> Option<Shown> {
        let place = self.place(found)?;
        let source = match found.kind {
            FallbackKind::LastJob => "last_job",
            FallbackKind::Home => "home",
            FallbackKind::Base => "base",
        };
        let grade = (!self.is_exact(found.kind)).then_some("coarse");
        let shown = Shown::without_fix(found.staff, place, (source, grade), follower);
        Some(shown.with_duty(found.duty, self.view.duty))
    }

    /// Where to look for everybody who may be shown in the viewport.
    fn search_area(&self) -> Rectangle {
        match self.view.within {
            Some(within) if !self.exact_homes => within.with_cell_margin(),
            Some(within) => within,
            None => Rectangle::WORLD,
        }
    }
}

/// For how long after its end a job tells where somebody is, in seconds: as ranking has it.
#[expect(clippy::cast_possible_truncation, reason = "half a day")]
fn last_job_hold_s() -> i64 {
    (Policy::default().last_job_hold_h * 3_600.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use nearhand_domain::StaffId;
    use nearhand_index::{
        Duty,
        cells::{self, CellPath},
    };

    #[test]
    fn homes_are_decided_by_their_cell_unless_both_rights_are_there() {
        let at = Position::new(38.7, -9.1).unwrap();
        let home = |kind| FallbackPlace {
            staff: StaffId::generate(),
            kind,
            position: at,
            path: CellPath::of(at),
            duty: Duty::default(),
        };
        let shown = |exact, personal, kind| {
            let view = View { within: None, exact, duty: true, scope: None };
            Fallbacks::new(view, personal).place(&home(kind)).unwrap()
        };
        let centre = cells::coarse(at);
        use FallbackKind::{Base, Home, LastJob};
        assert_eq!(shown(true, true, Home), at);
        assert_eq!(shown(true, false, Home), centre);
        assert_eq!(shown(false, true, Home), centre);
        assert_eq!((shown(true, false, LastJob), shown(false, true, LastJob)), (at, centre));
        assert_eq!(shown(false, false, Base), at);
        let around = Rectangle { south: 38.6999, north: 38.7001, west: -9.1001, east: -9.0999 };
        let view = View { within: Some(around), exact: true, duty: true, scope: None };
        assert!(Fallbacks::new(view.clone(), true).place(&home(Home)).is_some());
        let coarse = Fallbacks::new(view, false);
        assert!(coarse.place(&home(Home)).is_none(), "the edge would locate it");
        assert!(coarse.search_area().contains(at));
        assert!(!coarse.is_recorded(&home(Home)) && coarse.is_recorded(&home(LastJob)));
    }
}
