//! Offers against a model of the world: people who answer whenever they like, slots that others
//! take, and a clock that jumps.

use super::*;
use AskedState as A;
use OfferState as O;
use proptest::prelude::*;
use std::collections::BTreeSet;
use uuid::Uuid;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn person(number: u8) -> StaffId {
    StaffId(Uuid::from_u128(u128::from(number) + 1))
}

fn terms(mode: OfferMode) -> OfferTerms {
    let answer_within = Some(SignedDuration::from_secs(60));
    OfferTerms { mode, most_people: 20, answer_within, deadline: at(600) }
}

fn situation(second: i64, free_slots: usize) -> Situation {
    Situation { now: at(second), case_open: true, free_slots }
}

/// Asks the first of `candidates` who have not been asked.
fn step(offer: &mut Offer, candidates: &[StaffId], now: Situation) -> Vec<StaffId> {
    let wanted = offer.advance(now);
    let fresh = candidates.iter().copied().filter(|staff| offer.find(*staff).is_none());
    let fresh: Vec<StaffId> = fresh.take(wanted).collect();
    for staff in &fresh {
        offer.ask(*staff, true, now.now);
    }
    offer.settle();
    fresh
}

/// What happens in the world.
#[derive(Clone, Debug)]
enum Event {
    Step,
    Accept(u8),
    Decline(u8),
    Leave(u8),
    Choose(Vec<u8>),
    /// Somebody is assigned by hand, or released.
    Slots(i8),
    Clock(i64),
    CloseCase,
    Cancel,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        6 => Just(Event::Step),
        6 => (0u8..8).prop_map(Event::Accept),
        3 => (0u8..8).prop_map(Event::Decline),
        1 => (0u8..8).prop_map(Event::Leave),
        2 => prop::collection::btree_set(0u8..8, 1..4)
            .prop_map(|people| Event::Choose(people.into_iter().collect())),
        1 => (-1i8..=1).prop_map(Event::Slots),
        4 => (-30i64..200).prop_map(Event::Clock),
        1 => Just(Event::CloseCase),
        1 => Just(Event::Cancel),
    ];
    prop::collection::vec(event, 1..60)
}

/// The world: who holds a slot by this offer, and how many slots others leave.
struct World {
    slots: usize,
    by_hand: usize,
    winners: BTreeSet<StaffId>,
    clock: i64,
    case_open: bool,
}

impl World {
    fn situation(&self) -> Situation {
        let free_slots = self.slots.saturating_sub(self.by_hand + self.winners.len());
        Situation { now: at(self.clock), case_open: self.case_open, free_slots }
    }
}

/// Every change of a person's state there is, written out.
fn may_become(from: A, to: A) -> bool {
    let next: &[A] = match from {
        A::Asked => &[A::Asked, A::Available, A::Accepted, A::Declined, A::TimedOut, A::Withdrawn],
        A::Available => &[A::Available, A::Accepted, A::Declined, A::Withdrawn],
        A::Accepted => &[A::Accepted],
        A::Declined => &[A::Declined],
        A::TimedOut => &[A::TimedOut],
        A::Withdrawn => &[A::Withdrawn],
        A::Unreachable => &[A::Unreachable],
    };
    next.contains(&to)
}

fn happen(offer: &mut Offer, world: &mut World, event: Event) -> Result<(), TestCaseError> {
    let now = world.situation();
    let candidates: Vec<StaffId> = (0..8).map(person).collect();
    match event {
        Event::Step => {
            let asked = step(offer, &candidates, now);
            if offer.terms.mode == OfferMode::Sequential && offer.state.is_open() {
                prop_assert!(offer.waiting() <= now.free_slots.max(offer.waiting() - asked.len()));
            }
        }
        Event::Accept(number) => {
            let staff = person(number);
            if offer.accept(staff, now) == Ok(true) {
                prop_assert!(now.free_slots > 0 && now.case_open);
                prop_assert!(offer.find(staff).unwrap().respond_by > now.now);
                prop_assert!(world.winners.insert(staff), "nobody wins twice");
            }
        }
        Event::Decline(number) => drop(offer.decline(person(number), now)),
        Event::Leave(number) => offer.withdraw(person(number)),
        Event::Choose(people) => {
            let people: Vec<StaffId> = people.into_iter().map(person).collect();
            if offer.choose(&people, now).is_ok() {
                prop_assert!(people.len() <= now.free_slots);
                world.winners.extend(people);
            }
        }
        Event::Slots(by) => {
            let most = world.slots.saturating_sub(world.winners.len());
            world.by_hand = world.by_hand.saturating_add_signed(isize::from(by)).min(most);
        }
        Event::Clock(by) => world.clock = (world.clock + by).max(0),
        Event::CloseCase => world.case_open = false,
        Event::Cancel => offer.cancel(),
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_order_of_events_breaks_an_offer(
        mode in prop::sample::select(OfferMode::ALL),
        slots in 1usize..4,
        events in events(),
    ) {
        let mut offer = Offer::new(terms(mode));
        let mut world =
            World { slots, by_hand: 0, winners: BTreeSet::new(), clock: 0, case_open: true };
        for event in events {
            let before = offer.clone();
            happen(&mut offer, &mut world, event)?;
            prop_assert!(world.winners.len() + world.by_hand <= slots);
            let asked: BTreeSet<StaffId> = offer.asked.iter().map(|asked| asked.staff).collect();
            prop_assert_eq!(asked.len(), offer.asked.len(), "nobody is asked twice");
            for (before, after) in before.asked.iter().zip(&offer.asked) {
                prop_assert_eq!(before.staff, after.staff);
                prop_assert!(may_become(before.state, after.state), "{before:?} {after:?}");
            }
            let accepted = offer.asked.iter().filter(|asked| asked.state == A::Accepted);
            let accepted: BTreeSet<StaffId> = accepted.map(|asked| asked.staff).collect();
            prop_assert_eq!(&accepted, &world.winners, "who accepted has a slot, and nobody else");
            if !before.state.is_open() {
                prop_assert_eq!(&before.state, &offer.state, "what has ended stays so");
            }
            if !offer.state.is_open() {
                let still = offer.count(|state| matches!(state, A::Asked | A::Available));
                prop_assert_eq!(still, 0, "nobody waits for what has ended");
                prop_assert_eq!(offer.next_at(), None);
            }
            prop_assert!(offer.state != O::Open || offer.next_at().is_some());
        }
    }

    #[test]
    fn as_many_win_as_there_are_slots_in_whatever_order_they_accept(
        slots in 1usize..5,
        order in Just((0u8..8).collect::<Vec<u8>>()).prop_shuffle(),
    ) {
        let mut offer = Offer::new(terms(OfferMode::Broadcast));
        let people: Vec<StaffId> = (0..8).map(person).collect();
        prop_assert_eq!(step(&mut offer, &people, situation(0, slots)).len(), 8);
        let mut won = 0;
        for number in order {
            let accepted = offer.accept(person(number), situation(1, slots - won));
            if won < slots {
                prop_assert_eq!(accepted, Ok(true));
                won += 1;
            } else {
                prop_assert_eq!(accepted, Err(Refusal::Taken));
            }
        }
        prop_assert_eq!(offer.state, O::Filled);
    }
}

#[test]
fn one_after_the_other_until_somebody_accepts() {
    let mut offer = Offer::new(terms(OfferMode::Sequential));
    let people: Vec<StaffId> = (0..3).map(person).collect();
    assert_eq!(step(&mut offer, &people, situation(0, 1)), [person(0)]);
    assert_eq!(offer.next_at(), Some(at(60)));
    assert_eq!(step(&mut offer, &people, situation(10, 1)), [], "one is asked at a time");
    assert_eq!(offer.decline(person(0), situation(20, 1)), Ok(true));
    assert_eq!(offer.decline(person(0), situation(20, 1)), Ok(false), "a repeat is nothing new");
    assert_eq!(step(&mut offer, &people, situation(20, 1)), [person(1)]);
    // The job is late; the answer is too.
    assert_eq!(offer.accept(person(1), situation(80, 1)), Err(Refusal::TooLate));
    assert_eq!(step(&mut offer, &people, situation(81, 1)), [person(2)]);
    assert_eq!(offer.accept(person(1), situation(82, 1)), Err(Refusal::TooLate));
    assert_eq!(offer.accept(person(2), situation(90, 1)), Ok(true));
    assert_eq!(
        offer.accept(person(2), situation(90, 0)),
        Ok(false),
        "a repeat gets no second slot"
    );
    let states: Vec<A> = offer.asked.iter().map(|asked| asked.state).collect();
    assert_eq!((offer.state, states), (O::Filled, vec![A::Declined, A::TimedOut, A::Accepted]));
}

#[test]
fn nobody_left_to_ask_ends_it() {
    let mut offer = Offer::new(terms(OfferMode::Sequential));
    assert_eq!(step(&mut offer, &[], situation(0, 1)), []);
    assert_eq!(offer.state, O::Unanswered);
    let mut offer = Offer::new(terms(OfferMode::Sequential));
    let wanted = offer.advance(situation(0, 1));
    assert_eq!(wanted, 1);
    offer.ask(person(0), false, at(0));
    assert_eq!(offer.advance(situation(0, 1)), 1, "nothing reaches them: the next is asked");
    assert_eq!(offer.accept(person(0), situation(1, 1)), Err(Refusal::NotAsked));
}

#[test]
fn a_deadline_between_two_seconds_is_the_later_one() {
    let deadline = Timestamp::from_millisecond(600_742).unwrap();
    let terms = OfferTerms { answer_within: None, deadline, ..terms(OfferMode::Broadcast) };
    let mut offer = Offer::new(terms);
    step(&mut offer, &[person(0)], situation(0, 1));
    // A job for it comes within the second that it names, and finds it due.
    assert_eq!((offer.next_at(), offer.asked[0].respond_by), (Some(at(601)), at(601)));
    step(&mut offer, &[], situation(600, 1));
    assert_eq!(offer.state, O::Open);
    step(&mut offer, &[], situation(601, 1));
    assert_eq!(offer.state, O::Unanswered);
}

#[test]
fn an_answer_may_come_before_its_last_second_and_not_at_it() {
    let mut offer = Offer::new(terms(OfferMode::Broadcast));
    let half = Timestamp::from_millisecond(500).unwrap();
    offer.ask(person(0), true, half);
    offer.ask(person(1), true, half);
    assert_eq!(offer.asked[0].respond_by, at(61), "whole seconds, rounded up");
    let last = Situation { now: Timestamp::from_millisecond(60_999).unwrap(), ..situation(0, 2) };
    assert_eq!(offer.accept(person(0), last), Ok(true));
    assert_eq!(offer.accept(person(1), situation(61, 1)), Err(Refusal::TooLate));
}

#[test]
fn the_scheduler_chooses_among_those_who_could() {
    let people: Vec<StaffId> = (0..4).map(person).collect();
    let mut offer = Offer::new(terms(OfferMode::Availability));
    assert_eq!(step(&mut offer, &people, situation(0, 1)).len(), 4);
    for number in 0..3 {
        assert_eq!(offer.accept(person(number), situation(1, 1)), Ok(false));
    }
    assert_eq!(offer.decline(person(2), situation(2, 1)), Ok(true), "they may think better of it");
    assert_eq!(offer.choose(&people[2..3], situation(3, 1)), Err(Refusal::NotAvailable(person(2))));
    assert_eq!(offer.choose(&people[..2], situation(3, 1)), Err(Refusal::TooMany(1)));
    step(&mut offer, &people, situation(60, 1));
    assert_eq!(offer.state, O::Deciding, "all have answered, or have had their time");
    assert_eq!(offer.choose(&people[1..2], situation(900, 1)), Ok(()));
    let states: Vec<A> = offer.asked.iter().map(|asked| asked.state).collect();
    let expected = vec![A::Withdrawn, A::Accepted, A::Declined, A::TimedOut];
    assert_eq!((offer.state, states), (O::Filled, expected));
}

#[test]
fn a_slot_taken_by_hand_and_a_case_that_closes_end_it() {
    let people: Vec<StaffId> = (0..2).map(person).collect();
    let mut offer = Offer::new(terms(OfferMode::Broadcast));
    step(&mut offer, &people, situation(0, 1));
    assert_eq!(offer.accept(person(0), situation(1, 0)), Err(Refusal::Taken), "before the job ran");
    step(&mut offer, &people, situation(1, 0));
    assert_eq!(offer.state, O::Filled);
    assert_eq!(offer.accept(person(0), situation(2, 0)), Err(Refusal::Taken));
    let mut offer = Offer::new(terms(OfferMode::Broadcast));
    step(&mut offer, &people, situation(0, 1));
    let closed = Situation { case_open: false, ..situation(1, 1) };
    assert_eq!(offer.accept(person(0), closed), Err(Refusal::Ended));
    step(&mut offer, &people, closed);
    assert_eq!(offer.state, O::Cancelled);
    assert_eq!(offer.accept(person(0), situation(2, 1)), Err(Refusal::Ended));
}
