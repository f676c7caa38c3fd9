//! The cases that arrive while the demo runs, what the scheduler does with each, and what the people
//! who are asked make of it. Pure.

use std::time::Duration;

use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};
use uuid::Uuid;

use super::cases::{SPOKEN, work};
use super::city::{DISTRICTS, Place};
use super::dice::Dice;

/// The queue in which they wait, by which they are found again.
pub(super) const QUEUE: &str = "Calls";
/// How long each may take to answer, in seconds: one after the other, or all at once.
const ANSWER_S: (u32, u32) = (12, 25);
/// Most people who are asked, one after the other.
const ASKED: u32 = 4;
/// Before somebody answers, in seconds.
const THINK_S: (f64, f64) = (2.0, 9.0);
/// When a fixed start is, in minutes from now.
const STARTS_MIN: (u32, u32) = (5, 9);

const REASONS: [&str; 5] = [
    "I am with my children until four.",
    "The car is being repaired.",
    "Too far today.",
    "I have worked for them and would rather not.",
    "I am about to go home.",
];

/// How a case finds its person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Manner {
    /// One after the other is asked.
    Sequential,
    /// All are asked, and the first get it.
    Broadcast,
    /// All are asked who could, and the scheduler chooses.
    Availability,
    /// The scheduler assigns the best without asking.
    Outright,
}

/// A case that arrives.
pub(super) struct Call {
    /// In a few words.
    pub(super) what: String,
    /// The body of `POST /v1/cases`.
    pub(super) body: Value,
    /// Where it is.
    pub(super) position: Place,
    /// Its fixed start; else it is to be done as soon as possible.
    pub(super) starts_at: Option<Timestamp>,
    /// What is done with it.
    pub(super) manner: Manner,
}

/// What belongs to every case.
pub(super) struct Setting {
    /// In the order of `people::SERVICES`.
    pub(super) services: Vec<Uuid>,
    /// In the order of `cases::CLIENTS`.
    pub(super) clients: Vec<Uuid>,
    /// Of [`QUEUE`].
    pub(super) queue: Uuid,
}

/// The next one.
pub(super) fn call(now: Timestamp, setting: &Setting, dice: &mut Dice) -> Call {
    let kind = usize::try_from(dice.whole(0, 9)).unwrap_or(0);
    let (what, mut body) = work(kind, &setting.services);
    let district = dice.pick(&DISTRICTS).unwrap_or(&DISTRICTS[0]);
    let position = district.somewhere(dice);
    let urgent = dice.chance(0.3);
    let fixed = !urgent && dice.chance(0.25);
    let starts_at = fixed.then(|| on_the_minute(now, dice));
    let languages = dice.weighted(&SPOKEN).unwrap_or_default();
    let manner = manner(urgent, dice);
    let slots = if manner == Manner::Broadcast && dice.chance(0.4) { 2 } else { 1 };
    let title = format!("{what}, {}", district.name);
    body["title"] = json!(title);
    body["queue_id"] = json!(setting.queue);
    body["client_id"] = json!(dice.pick(&setting.clients).filter(|_| dice.clone().chance(0.8)));
    body["position"] = position.json();
    body["starts_at"] = json!(starts_at);
    body["duration_min"] = json!(dice.whole(1, 3) * 15);
    body["urgent"] = json!(urgent);
    body["slots"] = json!(slots);
    body["languages"] = json!(languages);
    let what = if urgent { format!("{title}, urgent") } else { title };
    Call { what, body, position, starts_at, manner }
}

fn on_the_minute(now: Timestamp, dice: &mut Dice) -> Timestamp {
    let at = now + i64::from(dice.whole(STARTS_MIN.0, STARTS_MIN.1)).minutes();
    Timestamp::from_second(at.as_second().div_euclid(60) * 60).unwrap_or(at)
}

fn manner(urgent: bool, dice: &mut Dice) -> Manner {
    // Urgent ones wait for nobody's turn.
    let usual = if urgent {
        [(60, Manner::Broadcast), (15, Manner::Availability), (0, Manner::Sequential)]
    } else {
        [(10, Manner::Broadcast), (20, Manner::Availability), (55, Manner::Sequential)]
    };
    dice.weighted(&usual).unwrap_or(Manner::Outright)
}

/// The body of an offer to these people; `None` if they are not asked.
pub(super) fn offer(manner: Manner, people: &[Uuid]) -> Option<Value> {
    let (mode, max_people, answer_within_s) = match manner {
        Manner::Sequential => ("sequential", ASKED, ANSWER_S.0),
        Manner::Broadcast => ("broadcast", ASKED + 1, ANSWER_S.1),
        Manner::Availability => ("availability", ASKED + 1, ANSWER_S.1),
        Manner::Outright => return None,
    };
    // Whoever runs the demo sees how an offer ends, and wants no mail of it.
    Some(json!({ "mode": mode, "max_people": max_people, "answer_within_s": answer_within_s,
        "staff_ids": people, "when_unanswered": "close" }))
}

/// What somebody makes of being asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mind {
    /// They accept.
    Accepts,
    /// They decline, for a reason.
    Declines(&'static str),
    /// They do not look at their phone.
    Misses,
}

/// What somebody makes of it, and how long they think.
pub(super) fn mind(dice: &mut Dice) -> (Mind, Duration) {
    let reason = dice.pick(&REASONS).copied().unwrap_or_default();
    let drawn = dice.weighted(&[(50, Mind::Accepts), (25, Mind::Declines(reason))]);
    let thinking = Duration::from_secs_f64(dice.between(THINK_S.0, THINK_S.1));
    (drawn.unwrap_or(Mind::Misses), thinking)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn now() -> Timestamp {
        "2026-03-04T15:20:40Z".parse().unwrap()
    }

    fn setting() -> Setting {
        Setting {
            services: (0..8).map(Uuid::from_u128).collect(),
            clients: (10..14).map(Uuid::from_u128).collect(),
            queue: Uuid::from_u128(20),
        }
    }

    #[test]
    fn calls_are_of_every_kind() {
        let mut dice = Dice::new(1);
        let calls: Vec<Call> = (0..400).map(|_| call(now(), &setting(), &mut dice)).collect();
        let manners: HashSet<Manner> = calls.iter().map(|call| call.manner).collect();
        assert_eq!(manners.len(), 4);
        let count = |is: &dyn Fn(&Call) -> bool| calls.iter().filter(|call| is(call)).count();
        let urgent = count(&|call| call.body["urgent"] == true);
        assert!((80..160).contains(&urgent), "{urgent}");
        let fixed = count(&|call| call.starts_at.is_some());
        assert!((35..120).contains(&fixed), "{fixed}");
        let clients = count(&|call| !call.body["client_id"].is_null());
        assert!((280..370).contains(&clients), "{clients}");
        assert!(count(&|call| call.body["slots"] == 2) > 10);
        for call in &calls {
            assert!(DISTRICTS.iter().any(|district| district.contains(call.position)));
            assert_eq!(call.body["queue_id"], json!(setting().queue));
            assert_eq!(call.what.ends_with("urgent"), call.body["urgent"] == true);
        }
    }

    #[test]
    fn fixed_starts_are_whole_minutes_soon() {
        let mut dice = Dice::new(2);
        for _ in 0..100 {
            let at = on_the_minute(now(), &mut dice);
            let minutes = (at - now()).total(jiff::Unit::Minute).unwrap();
            assert!(at.as_second() % 60 == 0 && (4.0..=9.0).contains(&minutes), "{at}");
        }
    }

    #[test]
    fn an_answer_comes_in_time_or_not_at_all() {
        let mut dice = Dice::new(3);
        let (mut accepts, mut declines, mut misses) = (0, 0, 0);
        for _ in 0..1_000 {
            let (mind, thinking) = mind(&mut dice);
            assert!(thinking < Duration::from_secs(u64::from(ANSWER_S.0)));
            match mind {
                Mind::Accepts => accepts += 1,
                Mind::Declines(reason) => {
                    assert!(!reason.is_empty());
                    declines += 1;
                }
                Mind::Misses => misses += 1,
            }
        }
        assert!(accepts > 400 && declines > 150 && misses > 150, "{accepts} {declines} {misses}");
    }

    #[test]
    fn only_outright_assignments_ask_nobody() {
        let people = [Uuid::from_u128(1)];
        assert_eq!(offer(Manner::Outright, &people), None);
        for manner in [Manner::Sequential, Manner::Broadcast, Manner::Availability] {
            let body = offer(manner, &people).unwrap();
            assert_eq!(body["staff_ids"], json!(people));
        }
    }
}
