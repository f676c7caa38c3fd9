//! One case of the demo's day, from the call until it is done.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use jiff::{SignedDuration, Timestamp};
use nearhand_domain::clock;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::{World, asking, close};
use crate::client::Error;
use crate::demo::calls::{self, Call, Manner};
use crate::demo::crew::Hand;
use crate::demo::dice::Dice;

/// Before somebody sets out, in seconds.
const SET_OUT_S: (f64, f64) = (3.0, 10.0);
/// The drive of somebody without a phone, in seconds.
const UNSEEN_S: (f64, f64) = (40.0, 120.0);
/// The longest drive; then they are there, wherever their phone is.
const LONGEST_DRIVE: Duration = Duration::from_secs(600);
/// How often one looks whether they have arrived.
const LOOK: Duration = Duration::from_secs(2);
/// The work itself, in seconds; what is written in the case takes too long to watch.
const WORK_S: (f64, f64) = (20.0, 50.0);
/// For a fixed start they set out so long before the drive begins to be late.
const EARLY: SignedDuration = SignedDuration::from_secs(30);
/// Candidates who are tried where the best is assigned outright.
const TRIED: usize = 5;

#[derive(Deserialize)]
struct Made {
    id: Uuid,
    number: String,
}

/// What somebody holds of a case.
#[derive(Deserialize)]
struct Held {
    id: Uuid,
    staff_id: Uuid,
    staff_name: String,
    eta_min: Option<f64>,
}

#[derive(Deserialize)]
struct Ranked {
    result: Candidates,
}

#[derive(Deserialize)]
struct Candidates {
    candidates: Vec<Candidate>,
}

#[derive(Deserialize)]
struct Candidate {
    staff_id: Uuid,
}

struct Story<'a> {
    world: &'a World,
    call: &'a Call,
    case: Made,
}

/// Plays a case. What goes wrong ends it, and is logged.
pub(super) async fn play(world: Arc<World>, call: Call, mut dice: Dice) {
    let case = match world.scheduler.create("/v1/cases", &call.body).await {
        Ok(case) => case,
        Err(error) => {
            tracing::warn!(error = %error, "a case of the demo could not be made");
            return;
        }
    };
    let story = Story { world: &world, call: &call, case };
    let ended = story.go_through(&mut dice).await;
    let status = match &ended {
        Ok(true) => "done",
        Ok(false) => "cancelled",
        Err(error) => {
            tracing::warn!(error = %error, "a case of the demo was given up");
            "cancelled"
        }
    };
    story.say(status);
    if let Err(error) = close(&world.scheduler, story.case.id, status).await {
        tracing::warn!(error = %error, "a case of the demo could not be closed");
    }
}

impl Story<'_> {
    fn say(&self, text: &str) {
        (self.world.say)(&format!("Case {} ({}): {text}", self.case.number, self.call.what));
    }

    /// True if somebody did it.
    async fn go_through(&self, dice: &mut Dice) -> Result<bool, Error> {
        let mut told = String::new();
        let crew: Vec<Uuid> = self.world.crew.keys().copied().collect();
        if let Some(body) = calls::offer(self.call.manner, &crew) {
            let offer = asking::offer(self.world, self.case.id, &body, dice).await?;
            told = offer.map(|offer| format!("{}; ", offer.told())).unwrap_or_default();
        }
        let mut held = self.held().await?;
        let how = match self.call.manner {
            Manner::Sequential | Manner::Broadcast if !held.is_empty() => "accepted by",
            _ => "assigned to",
        };
        if held.is_empty() {
            self.assign().await?;
            held = self.held().await?;
        }
        if held.is_empty() {
            self.say(&format!("{told}nobody can do it"));
            return Ok(false);
        }
        let names: Vec<&str> = held.iter().map(|held| held.staff_name.as_str()).collect();
        self.say(&format!("{told}{how} {}", names.join(" and ")));
        let all = held.iter().map(|held| {
            let own = Dice::new(u64::from(dice.whole(0, u32::MAX)));
            self.work(held, own)
        });
        let ended: Result<Vec<bool>, Error> = join_all(all).await.into_iter().collect();
        Ok(ended?.contains(&true))
    }

    /// What people hold of the case and have not done yet.
    async fn held(&self) -> Result<Vec<Held>, Error> {
        let path = format!("/v1/assignments?open=true&case={}", self.case.id);
        self.world.scheduler.list(&path).await
    }

    /// Assigns the best who can.
    async fn assign(&self) -> Result<(), Error> {
        let scheduler = &self.world.scheduler;
        let ask = json!({ "case_id": self.case.id, "limit": TRIED });
        let ranked: Ranked = match scheduler.create("/v1/recommendations", &ask).await {
            Err(error) if error.is_conflict() => return Ok(()),
            ranked => ranked?,
        };
        let path = format!("/v1/cases/{}/assignments", self.case.id);
        for Candidate { staff_id } in ranked.result.candidates {
            let assigned: Result<IgnoredAny, Error> =
                scheduler.create(&path, &json!({ "staff_id": staff_id })).await;
            match assigned {
                Err(error) if error.is_conflict() => {}
                assigned => return assigned.map(drop),
            }
        }
        Ok(())
    }

    /// Somebody goes there and does it. False if it was taken back meanwhile.
    async fn work(&self, held: &Held, mut dice: Dice) -> Result<bool, Error> {
        sleep(between(&mut dice, SET_OUT_S)).await;
        if let Some(at) = self.call.starts_at {
            sleep(until(set_out_at(at, held.eta_min), clock::now())).await;
        }
        let hand = self.world.hands.get(&held.staff_id);
        // One thing after the other.
        let _out = match hand {
            Some(hand) => Some(hand.out.lock().await),
            None => None,
        };
        let car = hand.and_then(|hand| hand.car.as_ref());
        let done = self.go_and_do(held, hand, &mut dice).await;
        if let Some(car) = car {
            car.release();
        }
        done
    }

    async fn go_and_do(
        &self,
        held: &Held,
        hand: Option<&Hand>,
        dice: &mut Dice,
    ) -> Result<bool, Error> {
        if !self.moves(held, "en_route").await? {
            return Ok(false);
        }
        match hand.and_then(|hand| hand.car.as_ref()) {
            Some(car) => {
                car.drive_to(self.call.position);
                let arriving = async {
                    while !car.is_at(self.call.position) {
                        sleep(LOOK).await;
                    }
                };
                // Too far to watch: they are there all the same.
                let _ = timeout(LONGEST_DRIVE, arriving).await;
            }
            None => sleep(between(dice, UNSEEN_S)).await,
        }
        if !self.moves(held, "on_site").await? {
            return Ok(false);
        }
        self.say(&format!("{} is on site", held.staff_name));
        if let Some(at) = self.call.starts_at {
            sleep(until(at, clock::now())).await;
        }
        sleep(between(dice, WORK_S)).await;
        self.moves(held, "done").await
    }

    /// Says how far somebody is: they themselves if they have a login, else the scheduler. False if
    /// somebody else has changed it meanwhile.
    async fn moves(&self, held: &Held, state: &str) -> Result<bool, Error> {
        let body = json!({ "state": state });
        let moved = match self.world.crew.get(&held.staff_id) {
            Some(own) => own.patch(&format!("/v1/me/assignments/{}", held.id), &body).await,
            None => {
                let path = format!("/v1/assignments/{}", held.id);
                self.world.scheduler.patch(&path, &body).await
            }
        };
        match moved {
            Err(error) if error.is_conflict() || error.is("not_found") => Ok(false),
            moved => moved.map(|()| true),
        }
    }
}

/// When somebody with such a drive sets out for a fixed start.
fn set_out_at(starts_at: Timestamp, eta_min: Option<f64>) -> Timestamp {
    let drive = SignedDuration::try_from_secs_f64(eta_min.unwrap_or(0.0) * 60.0);
    let before = drive.unwrap_or(SignedDuration::ZERO).saturating_add(EARLY);
    starts_at.checked_sub(before).unwrap_or(starts_at)
}

/// How long it is until then; nothing once it has passed.
fn until(at: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
}

fn between(dice: &mut Dice, seconds: (f64, f64)) -> Duration {
    Duration::from_secs_f64(dice.between(seconds.0, seconds.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn for_a_fixed_start_they_set_out_in_time_and_nobody_waits_for_the_past() {
        let at: Timestamp = "2026-03-04T15:20:00Z".parse().unwrap();
        let set_out = set_out_at(at, Some(12.5));
        assert_eq!(set_out.to_string(), "2026-03-04T15:07:00Z");
        assert_eq!(set_out_at(at, None).to_string(), "2026-03-04T15:19:30Z");
        assert_eq!(until(at, set_out), Duration::from_secs(780));
        assert_eq!(until(set_out, at), Duration::ZERO);
    }
}
