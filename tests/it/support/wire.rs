//! A wire to Redis on which a command can be held back, and then let through or cut off.

use super::given;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinSet,
};

/// What becomes of that which is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    /// Whatever contains the word waits, and all behind it on its connection.
    Holding(&'static str),
    /// Every connection ends, and what waited is lost.
    Cut,
}

/// A wire to the tests' Redis. Every connection ends with it.
pub(crate) struct Wire {
    pub(crate) url: String,
    way: watch::Sender<Way>,
    seen: Seen,
    _tasks: JoinSet<()>,
}

/// What the connections say of themselves.
#[derive(Clone, Debug, Default)]
struct Seen {
    /// Something is held back.
    held: watch::Sender<bool>,
    connections: watch::Sender<usize>,
}

impl Wire {
    pub(crate) async fn new() -> Self {
        let mut url = reqwest::Url::parse(&given("NEARHAND_TEST_REDIS_URL")).unwrap();
        let redis = url.socket_addrs(|| Some(6379)).unwrap()[0];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        url.set_ip_host(address.ip()).unwrap();
        url.set_port(Some(address.port())).unwrap();
        let (way, seen) = (watch::Sender::new(Way::Open), Seen::default());
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, redis, way.subscribe(), seen.clone()));
        Self { url: url.into(), way, seen, _tasks: tasks }
    }

    /// From now on holds back whatever contains this word.
    pub(crate) fn hold(&self, word: &'static str) {
        self.way.send_replace(Way::Holding(word));
    }

    /// Waits until something is held back.
    pub(crate) async fn holds_something(&self) {
        self.seen.held.subscribe().wait_for(|held| *held).await.unwrap();
    }

    /// Lets everything through.
    pub(crate) fn open(&self) {
        self.way.send_replace(Way::Open);
    }

    /// Cuts every connection; those made from now on are as they should be.
    pub(crate) async fn cut(&self) {
        self.way.send_replace(Way::Cut);
        self.seen.connections.subscribe().wait_for(|many| *many == 0).await.unwrap();
        self.open();
    }
}

async fn serve(listener: TcpListener, redis: SocketAddr, way: watch::Receiver<Way>, seen: Seen) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        seen.connections.send_modify(|many| *many += 1);
        connections.spawn(connect(client, redis, way.clone(), seen.clone()));
    }
}

/// One connection, until somebody hangs up or it is cut.
async fn connect(client: TcpStream, redis: SocketAddr, way: watch::Receiver<Way>, seen: Seen) {
    let server = TcpStream::connect(redis).await.unwrap();
    let (from_client, mut to_client) = client.into_split();
    let (mut from_server, to_server) = server.into_split();
    let mut end = way.clone();
    tokio::select! {
        // Looked at first: nothing passes a wire that is cut.
        biased;
        _ = end.wait_for(|way| *way == Way::Cut) => {}
        () = forward(from_client, to_server, way, &seen.held) => {}
        _ = copy(&mut from_server, &mut to_client) => {}
    }
    seen.connections.send_modify(|many| *many -= 1);
}

/// Passes commands on, each as soon as it may.
async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut way: watch::Receiver<Way>,
    held: &watch::Sender<bool>,
) {
    let mut bytes = vec![0; 1 << 20];
    while let Ok(many @ 1..) = from.read(&mut bytes).await {
        let sent = &bytes[..many];
        let waits = |way: &Way| matches!(way, Way::Holding(word) if contains(sent, word));
        if waits(&way.borrow()) {
            held.send_replace(true);
        }
        if way.wait_for(|way| !waits(way)).await.is_err() || to.write_all(sent).await.is_err() {
            return;
        }
    }
}

fn contains(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|part| part == word.as_bytes())
}
