//! A person's bookings and load as far as they count for a case. Must leave out the case itself.

use crate::query::Query;
use nearhand_index::{
    Person,
    people::{load::LoadInputs, work::Booking},
};

impl Query<'_> {
    /// Bookings that count: not cancelled, and not of this case.
    pub(crate) fn bookings<'p>(&self, person: &'p Person) -> impl Iterator<Item = &'p Booking> {
        let case = self.case.id;
        person.bookings().iter().filter(move |b| !b.cancelled && b.case != case)
    }

    /// When a booking ends, as of the instant of asking.
    pub(crate) fn end_of(&self, booking: &Booking) -> i64 {
        booking.time_at(self.as_of).end
    }

    /// The week's load. For people who hold the case it leaves out the case's own bookings.
    ///
    /// People who hold the case fail a rule, so the bounds may use everybody's plain load.
    pub(crate) fn load(&self, slot: u32, person: &Person) -> LoadInputs {
        if !self.assigned.is_empty() && self.assigned.binary_search(&slot).is_ok() {
            self.index.load_without(person, self.hour, self.case.id)
        } else {
            self.index.load(person, self.hour)
        }
    }
}
