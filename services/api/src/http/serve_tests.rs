//! Serving against clients that are slow, silent, or do not read.

use super::*;
use axum::{extract::Request, routing::get};
use std::{convert::Infallible, net::Ipv4Addr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinSet,
    time::{interval, timeout},
};

/// More than the system holds for a client that does not read.
const LARGE: usize = 32 << 20;
/// Far longer than any limit of these tests.
const LONG: Duration = Duration::from_secs(20);

fn limits(head: u64, idle: u64, unread: u64) -> ServeConfig {
    let [head, idle, unread] = [head, idle, unread].map(Duration::from_millis);
    ServeConfig { max_connections: 4, deadlines: Deadlines { head, idle, unread } }
}

/// What is served: an answer, a large one, and one that comes in parts for a while.
fn router() -> Router {
    let parts = |_: Request| async {
        let pace = interval(Duration::from_millis(100));
        let parts = futures::stream::unfold((pace, 0), |(mut pace, n)| async move {
            pace.tick().await;
            (n < 6).then(|| (Ok::<_, Infallible>(format!("part {n}\n")), (pace, n + 1)))
        });
        Body::from_stream(parts)
    };
    Router::new()
        .route("/", get(|| async { "here" }))
        .route("/large", get(|| async { vec![b'x'; LARGE] }))
        .route("/parts", get(parts))
}

struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    running: JoinSet<()>,
}

impl Server {
    async fn start(config: ServeConfig) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let mut running = JoinSet::new();
        running.spawn(serve(listener, router(), config, stop.clone()));
        Self { address, stop, running }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }
}

async fn ask(client: &mut TcpStream, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: h\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
}

/// Reads until `end` has come.
async fn read_until(client: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    while !text.contains(end) {
        let mut bytes = [0; 4096];
        let many = timeout(LONG, client.read(&mut bytes)).await.unwrap().unwrap();
        assert!(many > 0, "the connection ended after {text}");
        text.push_str(std::str::from_utf8(&bytes[..many]).unwrap());
    }
    text
}

/// Asks on new connections until one is answered.
async fn served(server: &Server) {
    let begun = Instant::now();
    loop {
        let mut client = server.connect().await;
        let mut bytes = [0; 64];
        // It may be closed before it is written to.
        let sent = client.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await;
        if sent.is_ok() && matches!(client.read(&mut bytes).await, Ok(1..)) {
            return;
        }
        assert!(begun.elapsed() < LONG, "the place never came back");
    }
}

/// How long the server keeps a connection on which nothing more is sent or read.
async fn kept(mut client: TcpStream) -> Duration {
    let begun = Instant::now();
    let ended = timeout(LONG, async {
        let mut bytes = [0; 1024];
        // Zero bytes or an error: either way it is closed.
        while matches!(client.read(&mut bytes).await, Ok(1..)) {}
    });
    ended.await.expect("the server closes it");
    begun.elapsed()
}

#[tokio::test]
async fn heads_that_are_not_completed_end_their_connection() {
    let server = Server::start(limits(300, 20_000, 20_000)).await;
    let silent = server.connect().await;
    let mut begun = server.connect().await;
    begun.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    // A byte now and then does not prolong it.
    let mut dripping = server.connect().await;
    let drips = async {
        let (started, mut pace) = (Instant::now(), interval(Duration::from_millis(50)));
        while dripping.write_all(b"G").await.is_ok() {
            assert!(started.elapsed() < LONG, "still open");
            pace.tick().await;
        }
        started.elapsed()
    };
    let (silent, begun, dripping) = tokio::join!(kept(silent), kept(begun), drips);
    for kept in [silent, begun, dripping] {
        assert!((200..5_000).contains(&kept.as_millis()), "{kept:?}");
    }
}

#[tokio::test]
async fn an_idle_connection_is_kept_longer_than_a_head_may_take() {
    let server = Server::start(limits(200, 20_000, 20_000)).await;
    let mut client = server.connect().await;
    for _ in 0..2 {
        ask(&mut client, "/").await;
        assert!(read_until(&mut client, "here").await.starts_with("HTTP/1.1 200"));
        // Longer than a head may take, shorter than a connection may be idle.
        let closed = timeout(Duration::from_millis(450), client.read(&mut [0; 1])).await;
        assert!(closed.is_err(), "{closed:?}");
    }
    let server = Server::start(limits(200, 900, 20_000)).await;
    let mut client = server.connect().await;
    ask(&mut client, "/").await;
    read_until(&mut client, "here").await;
    let idle = kept(client).await;
    assert!((700..6_000).contains(&idle.as_millis()), "{idle:?}");
}

#[tokio::test]
async fn an_answer_that_nobody_reads_ends_its_connection() {
    let one = ServeConfig { max_connections: 1, ..limits(20_000, 20_000, 300) };
    let server = Server::start(one).await;
    let mut client = server.connect().await;
    ask(&mut client, "/large").await;
    // The only place comes back once the server has given this client up.
    served(&server).await;
    // What the system holds can still be read; the rest never comes.
    let mut received = 0;
    let mut bytes = vec![0; 1 << 20];
    while let Ok(many @ 1..) = timeout(LONG, client.read(&mut bytes)).await.unwrap() {
        received += many;
    }
    assert!(received < LARGE, "{received}");
}

#[tokio::test]
async fn an_answer_in_parts_outlives_every_limit() {
    let server = Server::start(limits(100, 100, 100)).await;
    let mut client = server.connect().await;
    ask(&mut client, "/parts").await;
    assert!(read_until(&mut client, "part 5").await.contains("part 0"));
}

#[tokio::test]
async fn connections_beyond_the_bound_are_closed_and_places_come_back() {
    let server = Server::start(limits(20_000, 20_000, 20_000)).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        let mut client = server.connect().await;
        ask(&mut client, "/").await;
        read_until(&mut client, "here").await;
        held.push(client);
    }
    assert!(kept(server.connect().await).await < LONG);
    held.pop();
    served(&server).await;
}

#[tokio::test]
async fn at_the_end_running_requests_finish_and_idle_connections_do_not_wait() {
    let mut server = Server::start(limits(20_000, 20_000, 20_000)).await;
    let (mut idle, mut busy) = (server.connect().await, server.connect().await);
    ask(&mut idle, "/").await;
    read_until(&mut idle, "here").await;
    ask(&mut busy, "/parts").await;
    read_until(&mut busy, "part 0").await;
    server.stop.cancel();
    assert!(read_until(&mut busy, "part 5").await.contains("part 5"));
    timeout(LONG, server.running.join_next()).await.expect("it ends").unwrap().unwrap();
    assert!(kept(idle).await < LONG);
}
