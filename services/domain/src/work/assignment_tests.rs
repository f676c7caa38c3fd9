//! The states of an assignment against a model, and what its held time comes to.

use super::*;
use AssignmentState as S;
use proptest::prelude::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Every move there is, written out.
fn allowed(from: S, to: S, by: Mover) -> bool {
    let forward = match from {
        S::Assigned => vec![S::Assigned, S::EnRoute, S::OnSite, S::Done, S::Cancelled],
        S::EnRoute => vec![S::EnRoute, S::OnSite, S::Done, S::Cancelled],
        S::OnSite => vec![S::OnSite, S::Done, S::Cancelled],
        S::Done => vec![S::Done],
        S::Cancelled => vec![S::Cancelled],
    };
    let own = [S::EnRoute, S::OnSite, S::Done];
    forward.contains(&to) && (by == Mover::Scheduler || own.contains(&to))
}

fn stamp(progress: &Progress, state: S) -> Option<Timestamp> {
    match state {
        S::Assigned => Some(progress.assigned_at),
        S::EnRoute => progress.en_route_at,
        S::OnSite => progress.on_site_at,
        S::Done => progress.done_at,
        S::Cancelled => progress.cancelled_at,
    }
}

fn moves() -> impl Strategy<Value = Vec<(S, Mover, i64)>> {
    let state = prop::sample::select(S::ALL);
    let mover = prop::sample::select(vec![Mover::Holder, Mover::Scheduler]);
    prop::collection::vec((state, mover, -100i64..100), 0..12)
}

proptest! {
    #[test]
    fn it_moves_as_the_model_does_and_stamps_each_state_once(moves in moves()) {
        let mut progress = Progress::assigned(at(0));
        for (to, by, second) in moves {
            let moved = progress.moved(to, by, at(second));
            prop_assert_eq!(moved.is_ok(), allowed(progress.state, to, by), "{:?}", (progress, to));
            let Ok(next) = moved else { continue };
            prop_assert_eq!(next.state, to);
            for state in S::ALL {
                let (before, after) = (stamp(&progress, *state), stamp(&next, *state));
                if before.is_some() || *state != to {
                    prop_assert_eq!(before, after, "an instant is stamped once");
                } else {
                    prop_assert!(after >= Some(at(second)) && after >= Some(progress.latest()));
                }
            }
            progress = next;
        }
    }

    #[test]
    fn a_cut_never_lengthens(start in 0i64..100, length in 0i64..100, done in -50i64..300) {
        let held = HeldTime::at(at(start), SignedDuration::from_secs(length));
        let cut = held.cut(at(done));
        prop_assert_eq!(cut.starts_at, held.starts_at);
        prop_assert!(cut.starts_at <= cut.ends_at && cut.ends_at <= held.ends_at);
        prop_assert!(cut.ends_at <= at(done).max(held.starts_at));
    }
}

#[test]
fn who_is_on_site_too_long_is_busy_a_while_yet() {
    let held = HeldTime::soon(at(0), SignedDuration::from_mins(5), SignedDuration::from_mins(10));
    assert_eq!(held.ends_at, at(900));
    assert_eq!(held.busy_until(S::OnSite, at(899)), at(900));
    assert_eq!(held.busy_until(S::OnSite, at(1_000)), at(1_900));
    assert_eq!(held.busy_until(S::EnRoute, at(1_000)), at(900), "nobody knows that they work");
}

#[test]
fn refusals_say_why() {
    let done = Progress::assigned(at(0)).moved(S::Done, Mover::Holder, at(5)).unwrap();
    let refused = |progress: Progress, to, by| progress.moved(to, by, at(9)).unwrap_err();
    assert_eq!(refused(done, S::Cancelled, Mover::Scheduler), MoveError::Ended(S::Done));
    let not_yours = MoveError::NotYours(S::Cancelled);
    assert_eq!(refused(Progress::assigned(at(0)), S::Cancelled, Mover::Holder), not_yours);
    let on_site = Progress::assigned(at(0)).moved(S::OnSite, Mover::Holder, at(5)).unwrap();
    let backward = MoveError::Backward { from: S::OnSite, to: S::EnRoute };
    assert_eq!(refused(on_site, S::EnRoute, Mover::Holder), backward);
}
