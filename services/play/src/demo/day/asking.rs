//! An offer of the demo, from being made until it ends: people answer it with their own logins, or
//! do not, and the scheduler chooses where that is needed.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::Method;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::World;
use crate::client::{Error, Session};
use crate::demo::calls::{Mind, mind};
use crate::demo::dice::Dice;

/// How often an open offer is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// An offer, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(super) struct Offer {
    id: Uuid,
    state: String,
    people: Vec<Asked>,
}

#[derive(Debug, Deserialize)]
struct Asked {
    staff_id: Uuid,
    state: String,
}

impl Offer {
    /// How it went, in words for the person at the terminal.
    pub(super) fn told(&self) -> String {
        let count = |state: &str| self.people.iter().filter(|one| one.state == state).count();
        let asked = self.people.len() - count("unreachable");
        let others = [("declined", "declined"), ("timed_out", "did not answer")];
        let others = others.map(|(state, words)| (count(state), words));
        let others = others.into_iter().filter(|(people, _)| *people > 0);
        let others: String = others.map(|(people, words)| format!(", {people} {words}")).collect();
        if asked == 0 {
            return "nobody could be asked".to_owned();
        }
        format!("offered to {asked}{others}")
    }
}

/// Plays an offer until it ends. `Ok(None)` where the case could not be offered.
///
/// # Errors
/// If the API refuses otherwise, or does not answer in time.
pub(super) async fn offer(
    world: &World,
    case: Uuid,
    body: &serde_json::Value,
    dice: &mut Dice,
) -> Result<Option<Offer>, Error> {
    let path = format!("/v1/cases/{case}/offers");
    let made: Offer = match world.scheduler.create(&path, body).await {
        Err(error) if error.is_conflict() => return Ok(None),
        made => made?,
    };
    let path = format!("/v1/offers/{}", made.id);
    let mut minds = HashMap::new();
    loop {
        sleep(LOOK).await;
        let offer: Offer = world.scheduler.get(&path).await?;
        match offer.state.as_str() {
            "open" => answer(world, &offer, &mut minds, dice).await?,
            "deciding" => choose(world, &offer).await?,
            _ => return Ok(Some(offer)),
        }
    }
}

/// Those who have thought long enough say what they think.
async fn answer(
    world: &World,
    offer: &Offer,
    minds: &mut HashMap<Uuid, (Mind, Instant)>,
    dice: &mut Dice,
) -> Result<(), Error> {
    let now = Instant::now();
    for one in offer.people.iter().filter(|one| one.state == "asked") {
        let Some(session) = world.crew.get(&one.staff_id) else { continue };
        let (mind, at) = *minds.entry(one.staff_id).or_insert_with(|| {
            let (mind, thinking) = mind(dice);
            (mind, now + thinking)
        });
        if at <= now {
            say(session, offer.id, mind).await?;
        }
    }
    Ok(())
}

/// Somebody says it. That others were faster, or that they have something else to do by now, is part
/// of life.
async fn say(session: &Session, offer: Uuid, mind: Mind) -> Result<(), Error> {
    let path = format!("/v1/me/offers/{offer}");
    let said: Result<IgnoredAny, Error> = match mind {
        Mind::Misses => return Ok(()),
        Mind::Accepts => session.create(&format!("{path}/accept"), &json!({})).await,
        Mind::Declines(reason) => {
            session.create(&format!("{path}/decline"), &json!({ "reason": reason })).await
        }
    };
    match said {
        // They cannot: an offer left open would wait for them.
        Err(error) if error.is("overlap") => {
            let reason = json!({ "reason": "I have something else to do by now." });
            let path = format!("{path}/decline");
            let declined: Result<IgnoredAny, Error> = session.create(&path, &reason).await;
            declined.map(drop).or_else(unless_conflict)
        }
        said => said.map(drop).or_else(unless_conflict),
    }
}

/// The scheduler takes the first who could do it; with more slots, the case stays open for others.
async fn choose(world: &World, offer: &Offer) -> Result<(), Error> {
    let path = format!("/v1/offers/{}", offer.id);
    for one in offer.people.iter().filter(|one| one.state == "available") {
        let body = json!({ "staff_ids": [one.staff_id] });
        let chosen: Result<IgnoredAny, Error> =
            world.scheduler.create(&format!("{path}/choose"), &body).await;
        match chosen {
            // They have something else to do by now: the next.
            Err(error) if error.is_conflict() => {}
            chosen => return chosen.map(drop),
        }
    }
    // Nobody can any more.
    let taken_back = world.scheduler.call(Method::DELETE, path).await?.done().await;
    taken_back.or_else(unless_conflict)
}

/// A conflict is no fault.
fn unless_conflict(error: Error) -> Result<(), Error> {
    if error.is_conflict() { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_told_in_one_line() {
        let people = ["declined", "timed_out", "accepted", "unreachable", "declined"];
        let people = people.map(|state| json!({ "staff_id": Uuid::nil(), "state": state }));
        let offer: Offer = serde_json::from_value(
            json!({ "id": Uuid::nil(), "state": "filled", "people": people }),
        )
        .unwrap();
        assert_eq!(offer.told(), "offered to 4, 2 declined, 1 did not answer");
        let nobody = json!({ "id": Uuid::nil(), "state": "unanswered", "people": [] });
        let nobody: Offer = serde_json::from_value(nobody).unwrap();
        assert_eq!(nobody.told(), "nobody could be asked");
    }
}
