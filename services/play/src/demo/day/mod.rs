//! A day's work in the demo: cases arrive, are offered to people or assigned to them, and are worked
//! on and done. Through the public API alone, like everything here.
//!
//! Never more than [`AT_ONCE`] cases are under way, and what an earlier run has left is cancelled at
//! the start. A case that goes wrong is given up; the day goes on.

mod asking;
mod story;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use nearhand_domain::clock;
use serde::Deserialize;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use super::accounts::Accounts;
use super::calls::{self, Setting};
use super::crew::{self, Hand};
use super::dice::Dice;
use crate::Say;
use crate::client::{Error, Session};

/// Most cases under way.
const AT_ONCE: usize = 10;
/// Between two arrivals, in seconds.
const BETWEEN_S: (f64, f64) = (10.0, 26.0);
/// Before a start that failed is tried again.
const RETRY: Duration = Duration::from_secs(15);

/// Who plays, and where.
pub(super) struct Cast {
    /// Everybody who goes out.
    pub(super) hands: Vec<Hand>,
    /// What every case belongs to.
    pub(super) setting: Setting,
}

/// What every story needs.
struct World {
    scheduler: Session,
    /// Everybody who goes out, by id.
    hands: HashMap<Uuid, Hand>,
    /// The sessions of those who have a login, by person.
    crew: HashMap<Uuid, Session>,
    say: Say,
}

#[derive(Deserialize)]
struct Left {
    id: Uuid,
}

/// Plays until it is dropped.
pub(super) async fn run(accounts: &Accounts, cast: Cast, say: Say) {
    let Cast { hands, setting } = cast;
    let crew = loop {
        match open(accounts, &hands, &setting).await {
            Ok(crew) => break crew,
            Err(error) => {
                tracing::warn!(error = %error, "the demo's day cannot begin yet");
                sleep(RETRY).await;
            }
        }
    };
    say(&format!("Cases arrive now; {} people have a login and answer offers.", crew.len()));
    let hands = hands.into_iter().map(|hand| (hand.id, hand)).collect();
    let world = Arc::new(World { scheduler: accounts.scheduler.clone(), hands, crew, say });
    let now = clock::now();
    arrive(&world, &setting, Dice::new(seed(now))).await;
}

/// Clears up after an earlier run, and logs the crew in.
async fn open(
    accounts: &Accounts,
    hands: &[Hand],
    setting: &Setting,
) -> anyhow::Result<HashMap<Uuid, Session>> {
    let path = format!("/v1/cases?status=open&queue_id={}", setting.queue);
    let left: Vec<Left> = accounts.scheduler.list(&path).await?;
    for case in left {
        close(&accounts.scheduler, case.id, "cancelled").await?;
    }
    crew::enter(&accounts.admin, &crew::choose(hands), &accounts.crew_password).await
}

/// Another day, other cases.
fn seed(now: Timestamp) -> u64 {
    now.as_second().unsigned_abs()
}

/// Lets cases arrive, one after the other.
async fn arrive(world: &Arc<World>, setting: &Setting, mut dice: Dice) {
    let mut stories = JoinSet::new();
    loop {
        sleep(Duration::from_secs_f64(dice.between(BETWEEN_S.0, BETWEEN_S.1))).await;
        while let Some(ended) = stories.try_join_next() {
            if let Err(error) = ended {
                tracing::error!(error = %error, "a case of the demo broke down");
            }
        }
        if stories.len() < AT_ONCE {
            let call = calls::call(clock::now(), setting, &mut dice);
            let own = Dice::new(u64::from(dice.whole(0, u32::MAX)));
            stories.spawn(story::play(Arc::clone(world), call, own));
        }
    }
}

/// Closes a case as `done` or `cancelled`; what is still held of it is taken back then.
async fn close(scheduler: &Session, case: Uuid, status: &str) -> Result<(), Error> {
    scheduler.patch(&format!("/v1/cases/{case}"), &json!({ "status": status })).await
}
