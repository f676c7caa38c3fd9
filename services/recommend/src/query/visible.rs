//! The people whom the asker may see. Must be asked before anybody is listed or counted.

use crate::query::Query;

impl Query<'_> {
    /// Whether the asker may see the person at `slot`.
    pub(crate) fn may_see(&self, slot: u32) -> bool {
        self.scope.is_none_or(|scope| scope.contains(&self.index.person(slot).id()))
    }

    /// Slots of the people the asker may see who are not deleted; `None`: everybody. O(scope).
    pub(crate) fn visible_slots(&self) -> Option<Vec<u32>> {
        let slots = self.scope?.iter().filter_map(|&id| self.index.slot(id));
        Some(slots.filter(|&slot| !self.index.person(slot).is_deleted()).collect())
    }

    /// How many active people the asker may see who have neither a home nor a base. Cost: a word for
    /// 64 people, or O(scope).
    pub(crate) fn people_without_place(&self) -> usize {
        match self.visible_slots() {
            None => {
                let people = self.index.abilities().without_location();
                people.matching(std::iter::empty()).count()
            }
            Some(slots) => {
                let people = slots.iter().map(|&slot| self.index.person(slot));
                people.filter(|person| person.is_active() && person.start().is_none()).count()
            }
        }
    }
}
