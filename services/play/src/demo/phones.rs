//! The demo's phones: each goes from place to place along the city's streets, stops now and then, and
//! sends its fixes as one of the apps that exist would, keeping what is not taken. A phone with an
//! errand goes there and stays. What the errand is for is not known here.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use nearhand_domain::clock;
use secrecy::SecretString;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::car::Wheel;
use super::city::{DISTRICTS, Place};
use super::dice::Dice;
use super::network::Network;
use crate::apps::{App, Fix};
use crate::client::{Client, Error, pause};

/// Between two fixes, in seconds.
const EVERY_S: (f64, f64) = (5.0, 10.0);
/// Metres per second.
const SPEED_MPS: (f64, f64) = (5.0, 15.0);
/// The same with an errand: whoever watches a case wants to see them arrive.
const ERRAND_MPS: (f64, f64) = (16.0, 22.0);
/// A stop, in seconds.
const STOP_S: (f64, f64) = (20.0, 180.0);
/// Fixes kept while nobody takes them: well over an hour.
const MOST_KEPT: usize = 900;
/// Fixes in a request.
const BATCH: usize = 300;

/// A phone to be simulated.
pub(super) struct Route {
    token: SecretString,
    home: Place,
    district: usize,
    wheel: Wheel,
}

impl Route {
    /// A phone whose person lives here.
    pub(super) fn new(token: SecretString, home: Place, district: usize, wheel: Wheel) -> Self {
        Self { token, home, district, wheel }
    }
}

/// Simulates all phones until `shutdown`.
pub(super) async fn run(client: Client, routes: Vec<Route>, shutdown: CancellationToken) {
    let mut phones = JoinSet::new();
    // Each app is spoken by some.
    let apps = App::ALL.into_iter().cycle();
    for ((seed, route), app) in (1_000_u64..).zip(routes).zip(apps) {
        let phone = simulate(client.clone(), app, route, Dice::new(seed), shutdown.clone());
        phones.spawn(phone);
    }
    while let Some(ended) = phones.join_next().await {
        if let Err(error) = ended {
            tracing::error!(error = %error, "a simulated phone broke down");
        }
    }
}

async fn simulate(
    client: Client,
    app: App,
    route: Route,
    mut dice: Dice,
    shutdown: CancellationToken,
) {
    let mut walk = Walk::new(route.home, route.district, &mut dice);
    let mut kept: VecDeque<Fix> = VecDeque::new();
    let (mut attempt, mut next_try) = (0, Instant::now());
    // Not all at once.
    let mut until_next = dice.between(0.0, EVERY_S.1);
    loop {
        let rest = sleep(Duration::from_secs_f64(until_next));
        if shutdown.run_until_cancelled(rest).await.is_none() {
            return;
        }
        walk.obey(route.wheel.errand(), &mut dice);
        walk.go(until_next, &mut dice);
        route.wheel.tell(walk.at);
        kept.push_back(walk.fix(clock::now(), &mut dice));
        if kept.len() > MOST_KEPT {
            kept.pop_front();
        }
        until_next = dice.between(EVERY_S.0, EVERY_S.1);
        if Instant::now() < next_try {
            continue;
        }
        let sending = send_all(&client, app, &route.token, &mut kept);
        match shutdown.run_until_cancelled(sending).await {
            None => return,
            Some(Ok(())) => attempt = 0,
            Some(Err(error)) if error.is_passing() => {
                next_try = Instant::now() + pause(&error, attempt, dice.unit());
                attempt += 1;
            }
            Some(Err(error)) => {
                tracing::warn!(error = %error, "a simulated phone is no longer welcome and stops");
                return;
            }
        }
    }
}

/// Sends until nothing is kept, the oldest first.
async fn send_all(
    client: &Client,
    app: App,
    token: &SecretString,
    kept: &mut VecDeque<Fix>,
) -> Result<(), Error> {
    while !kept.is_empty() {
        let count = kept.len().min(BATCH).min(app.most_fixes());
        let report = app.report(token, &kept.make_contiguous()[..count]);
        client.report(report, token).done().await?;
        kept.drain(..count);
    }
    Ok(())
}

/// Somebody on their way through the city.
struct Walk {
    at: Place,
    /// What is left of the way: crossings, and the place itself.
    way: VecDeque<Place>,
    home: usize,
    /// Where they are sent.
    errand: Option<Place>,
    speed_mps: f64,
    /// Seconds left of the present stop.
    stop_s: f64,
    battery: f64,
}

impl Walk {
    fn new(at: Place, home: usize, dice: &mut Dice) -> Self {
        let mut walk = Self {
            at,
            way: VecDeque::new(),
            home,
            errand: None,
            speed_mps: 0.0,
            stop_s: dice.between(0.0, STOP_S.0),
            battery: dice.between(0.4, 1.0),
        };
        walk.set_out(dice);
        walk
    }

    /// Chooses where to go next: mostly within the own district.
    fn set_out(&mut self, dice: &mut Dice) {
        let elsewhere = dice.pick(&DISTRICTS).filter(|_| dice.clone().chance(0.3));
        let district = elsewhere.unwrap_or(&DISTRICTS[self.home % DISTRICTS.len()]);
        self.way = Network::city().way(self.at, district.somewhere(dice));
        self.speed_mps = dice.between(SPEED_MPS.0, SPEED_MPS.1);
    }

    /// Takes up an errand, or gives it up.
    fn obey(&mut self, errand: Option<Place>, dice: &mut Dice) {
        if self.errand == errand {
            return;
        }
        self.errand = errand;
        self.stop_s = 0.0;
        match errand {
            Some(place) => {
                self.way = Network::city().way(self.at, place);
                self.speed_mps = dice.between(ERRAND_MPS.0, ERRAND_MPS.1);
            }
            None => self.set_out(dice),
        }
    }

    /// Lets time pass.
    fn go(&mut self, seconds: f64, dice: &mut Dice) {
        self.battery = (self.battery - seconds * 1e-5).max(0.05);
        let left = seconds - self.stop_s;
        self.stop_s = (self.stop_s - seconds).max(0.0);
        if left <= 0.0 {
            return;
        }
        let mut left_m = self.speed_mps * left;
        while let Some(next) = self.way.front() {
            let (north, east) = self.at.metres_to(*next);
            let distance = north.hypot(east);
            if left_m < distance {
                self.at = self.at.moved(north / distance * left_m, east / distance * left_m);
                return;
            }
            left_m -= distance;
            self.at = *next;
            self.way.pop_front();
        }
        if self.errand.is_none() {
            self.set_out(dice);
        }
        self.stop_s = dice.between(STOP_S.0, STOP_S.1);
    }

    /// What the receiver makes of it.
    fn fix(&self, at: Timestamp, dice: &mut Dice) -> Fix {
        let accuracy_m = dice.between(4.0, 25.0).round();
        let noise = accuracy_m / 3.0;
        let seen =
            self.at.moved(dice.between(-noise, noise), dice.between(-noise, noise)).rounded();
        let moving = self.stop_s <= 0.0;
        let (north, east) = self.at.metres_to(self.way.front().copied().unwrap_or(self.at));
        let tenth = |number: f64| (number * 10.0).round() / 10.0;
        Fix {
            at,
            lat: seen.lat,
            lng: seen.lng,
            accuracy_m: Some(accuracy_m),
            speed_mps: Some(if moving { tenth(self.speed_mps) } else { 0.0 }),
            course_deg: moving.then(|| tenth(east.atan2(north).to_degrees().rem_euclid(360.0))),
            battery: Some((self.battery * 100.0).round() / 100.0),
            motion: Some(if moving { "driving" } else { "stationary" }),
            ..Fix::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_never_jumps_and_does_get_about() {
        let mut dice = Dice::new(5);
        let start = DISTRICTS[2].somewhere(&mut dice);
        let mut walk = Walk::new(start, 2, &mut dice);
        let (mut stops, mut farthest) = (0, 0.0_f64);
        for _ in 0..2_000 {
            let before = walk.at;
            walk.go(7.0, &mut dice);
            let (north, east) = before.metres_to(walk.at);
            assert!(north.hypot(east) <= 15.0 * 7.0 + 1.0);
            stops += u32::from(walk.stop_s > 0.0);
            let (north, east) = start.metres_to(walk.at);
            farthest = farthest.max(north.hypot(east));
            let fix = walk.fix(Timestamp::UNIX_EPOCH, &mut dice);
            assert!(fix.course_deg.is_none_or(|course| (0.0..=360.0).contains(&course)));
        }
        assert!((50..1_950).contains(&stops), "{stops}");
        assert!(farthest > 1_000.0, "{farthest}");
    }

    #[test]
    fn who_has_an_errand_goes_there_and_stays_until_it_is_over() {
        let mut dice = Dice::new(6);
        let start = DISTRICTS[2].somewhere(&mut dice);
        let site = start.moved(3_000.0, -1_000.0);
        let mut walk = Walk::new(start, 2, &mut dice);
        let mut steps = 0;
        while walk.at != site {
            walk.obey(Some(site), &mut dice);
            walk.go(7.0, &mut dice);
            steps += 1;
            assert!(steps < 60, "3.2 km are at most 6 by street, which take 375 s at 16 m/s");
        }
        for _ in 0..100 {
            walk.obey(Some(site), &mut dice);
            walk.go(7.0, &mut dice);
            assert_eq!(walk.at, site);
        }
        walk.obey(None, &mut dice);
        walk.go(7.0, &mut dice);
        assert_ne!(walk.at, site);
    }
}
