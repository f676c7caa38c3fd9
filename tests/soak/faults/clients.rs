//! Clients that hold connections without using them: heads that never end, bodies that trickle.

use crate::{scene::Scene, stack::APIS};
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// Between two bytes.
const TRICKLE: Duration = Duration::from_millis(500);
/// The server must have ended each of them by then.
const LIMIT: Duration = Duration::from_secs(90);

/// What such a client does.
#[derive(Clone, Copy)]
enum Habit {
    /// Says nothing at all.
    Silent,
    /// A head that goes on for ever.
    EndlessHead,
    /// A body that comes byte by byte.
    TricklingBody,
}

/// Opens many, and waits until the server has ended each.
pub(super) async fn slow(scene: &mut Scene) -> anyhow::Result<String> {
    let habits = [Habit::Silent, Habit::EndlessHead, Habit::TricklingBody];
    let (begun, mut clients) = (Instant::now(), JoinSet::new());
    for (n, habit) in habits.iter().cycle().take(scene.sizes.slow_clients).enumerate() {
        let address = scene.fleet.urls[n % APIS].trim_start_matches("http://").to_owned();
        clients.spawn(hold(address, *habit, scene.poisoned.token().to_owned()));
    }
    let mut ended = 0;
    let all = async {
        while let Some(done) = clients.join_next().await {
            ended += usize::from(done.is_ok_and(|was_connected| was_connected));
        }
    };
    let in_time = tokio::time::timeout(LIMIT, all).await.is_ok();
    let (many, limit) = (scene.sizes.slow_clients, LIMIT.as_secs());
    let all_ended = in_time && ended == many;
    anyhow::ensure!(all_ended, "{ended} of {many} slow clients were ended within {limit} s");
    Ok(format!("{many} clients ended within {:.0} s", begun.elapsed().as_secs_f64()))
}

/// Returns when the server has ended the connection or answered; false if there was none.
async fn hold(address: String, habit: Habit, token: String) -> bool {
    let Ok(mut socket) = TcpStream::connect(&address).await else { return false };
    let (beginning, drop) = match habit {
        Habit::Silent => (String::new(), ""),
        Habit::EndlessHead => ("GET /v1/me HTTP/1.1\r\nhost: soak\r\nx-a: ".to_owned(), "a"),
        Habit::TricklingBody => (
            format!(
                "POST /v1/pings HTTP/1.1\r\nhost: soak\r\nauthorization: Bearer {token}\r\n\
                 content-type: application/json\r\ncontent-length: 100000\r\n\r\n"
            ),
            " ",
        ),
    };
    if socket.write_all(beginning.as_bytes()).await.is_err() {
        return true;
    }
    let (mut from, mut to) = socket.split();
    let mut bytes = [0; 1_024];
    let trickle = async {
        while to.write_all(drop.as_bytes()).await.is_ok() {
            tokio::time::sleep(TRICKLE).await;
        }
    };
    tokio::select! {
        _ = from.read(&mut bytes) => {}
        () = trickle => {}
    }
    true
}
