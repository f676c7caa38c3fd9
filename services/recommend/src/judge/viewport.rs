//! Who is shown inside the viewport. Must go by the place that is shown, and by nothing finer.

use crate::{
    judge::{
        judgement::Judgement,
        location::{DriveFrom, Source},
    },
    query::{Query, viewport::Viewport},
};
use nearhand_domain::{Position, StaffId};
use nearhand_index::Person;

impl Query<'_> {
    /// Whether a judged person is shown inside the viewport; everybody is without one.
    pub(crate) fn is_inside(&self, of: &Judgement) -> bool {
        self.viewport.is_none_or(|viewport| {
            holds(viewport, self.index.person(of.slot), of.at.primary.as_ref())
        })
    }

    /// The same for a person who has not been judged. People who are not active have no place on a
    /// map.
    pub(crate) fn is_slot_inside(&self, slot: u32) -> bool {
        let Some(viewport) = self.viewport else { return true };
        let person = self.index.person(slot);
        person.is_active() && holds(viewport, person, self.locate(person).primary.as_ref())
    }

    /// Whether a person is shown inside the viewport; `None` for nobody the index knows. Everybody is
    /// inside without a viewport.
    #[must_use]
    pub fn shows_inside(&self, staff: StaffId) -> Option<bool> {
        self.index.slot(staff).map(|slot| self.is_slot_inside(slot))
    }

    /// Slots of the people the asker may see inside the viewport, ascending; `None` without one.
    /// Found once. Cost: up to half a microsecond for each person with a place there.
    pub(crate) fn slots_inside(&self) -> Option<&[u32]> {
        let viewport = self.viewport?;
        let find = || {
            let mut slots = self.index.people_in(viewport.within.with_cell_margin());
            slots.retain(|&slot| self.may_see(slot) && self.is_slot_inside(slot));
            slots
        };
        Some(self.inside.get_or_init(find))
    }
}

/// Whether the place that counts for a person is shown inside.
fn holds(viewport: Viewport, person: &Person, primary: Option<&DriveFrom>) -> bool {
    primary.is_some_and(|from| viewport.within.contains(shown(viewport, person, from)))
}

fn shown(viewport: Viewport, person: &Person, from: &DriveFrom) -> Position {
    if from.source == Source::Home && !viewport.exact_homes {
        return person.start_point().path.coarse_cell_centre().unwrap_or(from.position);
    }
    from.position
}
