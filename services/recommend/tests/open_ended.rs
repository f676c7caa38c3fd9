//! A person on site past the end of a booking is busy for a quarter of an hour more, and free
//! afterwards, near that site.

use nearhand_domain::{BookingId, CaseId, OrganizationId, Position, StaffId, time::Interval};
use nearhand_index::{OrgIndex, PersonInput, people::person::Booking};
use nearhand_recommend::{Case, Disclosure, Policy, Query, Rule, Source};
use uuid::Uuid;

/// Half an hour past a full hour.
const NOW: i64 = 1_800_000_000 + 1_800;

#[test]
fn on_site_past_the_end_holds_a_quarter_of_an_hour_more() {
    let site = Position::new(38.7, -9.1).unwrap();
    let mut person = PersonInput::new(StaffId::generate());
    // It should have ended a minute ago.
    person.bookings.push(Booking {
        id: BookingId::generate(),
        case: CaseId::generate(),
        time: Interval { start: NOW - 3_600, end: NOW - 60 },
        position: Some(site),
        cancelled: false,
        open_ended: true,
    });
    let id = OrganizationId::from(Uuid::nil());
    let index = OrgIndex::bulk_load(id, [person], NOW);
    let policy = Policy::default();
    let mut case = Case::at(CaseId::generate(), site);
    let ask = |case: &Case, as_of: i64| {
        let query = Query::new(&index, case, &policy, as_of, Disclosure::Exact);
        let judged = query.judge(0);
        assert_eq!(query.search(1).len(), usize::from(judged.failed().is_empty()));
        (judged.failed().iter().collect::<Vec<_>>(), judged.source(), judged.load_ppm())
    };
    // 29 of the hour's minutes are booked; an overrun shows from the next hour on.
    let load = |minutes: u32| minutes * 1_000_000 / 2_400;
    assert_eq!(ask(&case, NOW), (vec![Rule::DoubleBooked], Source::None, load(29)));
    for (start, failed) in [(NOW + 899, vec![Rule::DoubleBooked]), (NOW + 900, vec![])] {
        case.starts_at = Some(start);
        let source = if failed.is_empty() { Source::Booking } else { Source::None };
        assert_eq!(ask(&case, NOW), (failed, source, load(29)), "from {start}");
    }
    // Before its end it is a booking like any other.
    case.starts_at = Some(NOW - 60);
    assert_eq!(ask(&case, NOW - 61).0, []);
    case.starts_at = Some(NOW + 3_600);
    assert_eq!(ask(&case, NOW + 3_600), (vec![Rule::DoubleBooked], Source::None, load(15)));
}
