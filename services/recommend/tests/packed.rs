//! Answers packed into bytes come back exactly, and stay small.

#![expect(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test may fail loudly")]

mod golden_cases;

use golden_cases::{Golden, read};
use nearhand_domain::StaffId;
use nearhand_recommend::{
    Disclosure, Recommendation, Request,
    packed::{Packed, pack, unpack},
    recommend,
};

fn ask(golden: &Golden, disclosure: Disclosure, funnel: bool) -> Recommendation {
    let request =
        Request { as_of: golden.as_of, shown_at: golden.as_of, limit: 200, disclosure, funnel };
    recommend(&golden.index(), &golden.case, &golden.policy, request, None, None)
}

/// Every worked case in every way it can be asked, with the first of its candidates.
fn answers() -> Vec<Recommendation> {
    let ways = [Disclosure::Exact, Disclosure::Coarse].map(|way| [(way, false), (way, true)]);
    let mut answers = Vec::new();
    for golden in &read() {
        for (way, funnel) in ways.concat() {
            let answer = ask(golden, way, funnel);
            assert_eq!(answer.considered, golden.rows.len(), "{}", golden.name);
            let best = answer.candidates.first().map(|best| best.staff.to_string());
            if way == Disclosure::Exact {
                assert_eq!(best.as_ref(), golden.order.first(), "{}", golden.name);
            }
            answers.push(answer);
        }
    }
    answers
}

fn bytes(packed: &Packed) -> usize {
    packed.candidates.iter().map(|(_, bytes)| bytes.len()).sum()
}

#[test]
fn every_answer_comes_back_as_it_was() {
    let (mut candidates, mut size, mut relaxed) = (0, 0, 0);
    for answer in answers() {
        let packed = pack(&answer).unwrap();
        let back = unpack(&packed).unwrap();
        assert_eq!(back, answer);
        // Equal numbers may still be printed in two ways.
        let text = |answer| serde_json::to_string(answer).unwrap();
        assert_eq!(text(&back), text(&answer));
        candidates += answer.candidates.len();
        size += bytes(&packed);
        relaxed +=
            usize::from(answer.funnel.is_some_and(|funnel| funnel.best_relaxation.is_some()));
    }
    assert!(candidates > 100 && relaxed > 0, "{candidates} candidates, {relaxed} relaxations");
    assert!(size / candidates <= 130, "{} bytes a candidate", size / candidates);
}

/// An answer that was kept: its bytes, and what was answered.
#[derive(serde::Deserialize)]
struct Kept {
    head: Vec<u8>,
    candidates: Vec<(StaffId, Vec<u8>)>,
    answer: serde_json::Value,
}

/// Answers are kept for weeks, and a later release must give them back. The file was written by the
/// release that made the format and is never made anew; a new format gets a file of its own.
#[test]
fn answers_kept_in_the_first_format_are_still_read() {
    let kept: Vec<Kept> = serde_json::from_str(include_str!("data/packed-1.json")).unwrap();
    assert!(kept.len() >= 3);
    for Kept { head, candidates, answer } in kept {
        let back = unpack(&Packed { head, candidates }).unwrap();
        // Both as text that was read: reading rounds.
        let text = serde_json::to_string(&back).unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), answer);
    }
}

#[test]
fn bytes_that_are_damaged_are_no_answer() {
    let answer = answers().into_iter().find(|answer| answer.candidates.len() > 1).unwrap();
    let packed = pack(&answer).unwrap();
    for length in 0..packed.head.len() {
        let cut = Packed { head: packed.head[..length].to_vec(), ..packed.clone() };
        assert_eq!(unpack(&cut), None, "a head of {length} bytes");
    }
    for length in 0..packed.candidates[0].1.len() {
        let mut cut = packed.clone();
        cut.candidates[0].1.truncate(length);
        assert_eq!(unpack(&cut), None, "a candidate of {length} bytes");
    }
    let mut longer = packed.clone();
    longer.head.push(0);
    assert_eq!(unpack(&longer), None);
    let mut later = packed;
    later.head[0] = u8::MAX;
    assert_eq!(unpack(&later), None, "a format that is not known");
}
