//! The crew: people of the demo who have a login. They answer offers, and say how far they are.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt, stream};
use secrecy::SecretString;
use tokio::sync::Mutex;
use uuid::Uuid;

use super::accounts::{Access, enter_field, field_login};
use super::car::Car;
use crate::client::Session;

/// How many have a login.
pub(super) const COUNT: usize = 24;
/// Logins under way at a time: each costs a core for a moment.
const AT_A_TIME: usize = 2;

/// Somebody who goes out.
pub(super) struct Hand {
    /// Which.
    pub(super) id: Uuid,
    /// Unique.
    pub(super) username: String,
    /// Whether they have no working hours, and so may be asked at any time.
    pub(super) always: bool,
    /// Where their simulated phone is, if they have one.
    pub(super) car: Option<Car>,
    /// Held while they are out, so that they do one thing after the other.
    pub(super) out: Mutex<()>,
}

/// Who becomes the crew: people with a phone, at any time available if there are enough of them.
pub(super) fn choose(hands: &[Hand]) -> Vec<&Hand> {
    let mut tracked: Vec<&Hand> = hands.iter().filter(|hand| hand.car.is_some()).collect();
    // Stable: those who are always available come first, in their order.
    tracked.sort_by_key(|hand| !hand.always);
    tracked.truncate(COUNT);
    tracked
}

/// Logs the crew in. Whoever has no login yet gets one.
///
/// # Errors
/// If the API refuses, or does not answer in time.
pub(super) async fn enter(
    admin: &Session,
    crew: &[&Hand],
    password: &SecretString,
) -> anyhow::Result<HashMap<Uuid, Session>> {
    let listed: Vec<Access> = admin.list("/v1/staff").await?;
    let with_login: Vec<Uuid> =
        listed.into_iter().filter(Access::is_field).map(|one| one.id).collect();
    let one = |hand: &Hand| {
        let (id, known) = (hand.id, with_login.contains(&hand.id));
        let login = field_login(&hand.username, password);
        async move { anyhow::Ok((id, enter_field(admin, id, known, login).await?)) }
    };
    let logins: Vec<_> = crew.iter().map(|hand| one(hand)).collect();
    stream::iter(logins).buffer_unordered(AT_A_TIME).try_collect().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::{car::car, city::Place};

    fn hand(number: u128, always: bool, tracked: bool) -> Hand {
        let (car, _) = car(Place { lat: 38.71, lng: -9.14 });
        Hand {
            id: Uuid::from_u128(number),
            username: format!("demo-{number:03}"),
            always,
            car: tracked.then_some(car),
            out: Mutex::new(()),
        }
    }

    #[test]
    fn those_who_are_always_there_and_have_a_phone_come_first() {
        let mut hands = vec![hand(0, false, true), hand(1, true, false)];
        hands.extend((2..60).map(|number| hand(number, number % 3 == 0, true)));
        let crew = choose(&hands);
        assert_eq!(crew.len(), COUNT);
        assert!(crew.iter().all(|hand| hand.car.is_some()));
        // Nineteen are always there; the rest are the first of the others.
        assert!(crew[..19].iter().all(|hand| hand.always));
        assert_eq!(crew[19].id, Uuid::from_u128(0));
        assert_eq!(crew[20].id, Uuid::from_u128(2));
    }
}
