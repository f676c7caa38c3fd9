//! A wire to Redis on which a command can be held back, and then let through or cut off.

use super::{eventually, given};
use std::{net::SocketAddr, sync::Arc};
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
    /// What waited is lost with its connection.
    Cut,
}

/// A wire to the tests' Redis. Every connection ends with it.
pub(crate) struct Wire {
    pub(crate) url: String,
    way: watch::Sender<Way>,
    held: Arc<watch::Sender<usize>>,
    _tasks: JoinSet<()>,
}

impl Wire {
    pub(crate) async fn new() -> Self {
        let mut url = reqwest::Url::parse(&given("NEARHAND_TEST_REDIS_URL")).unwrap();
        let redis = url.socket_addrs(|| Some(6379)).unwrap()[0];
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        url.set_ip_host(address.ip()).unwrap();
        url.set_port(Some(address.port())).unwrap();
        let (way, seen) = watch::channel(Way::Open);
        let held = Arc::new(watch::Sender::new(0));
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, redis, seen, Arc::clone(&held)));
        Self { url: url.into(), way, held, _tasks: tasks }
    }

    /// From now on holds back whatever contains this word.
    pub(crate) fn hold(&self, word: &'static str) {
        self.held.send_replace(0);
        self.way.send_replace(Way::Holding(word));
    }

    /// Waits until something is held back.
    pub(crate) async fn holds_something(&self) {
        eventually("something is held back", async || (*self.held.borrow() > 0).then_some(()))
            .await;
    }

    /// Lets everything through.
    pub(crate) fn open(&self) {
        self.way.send_replace(Way::Open);
    }

    /// Cuts every connection on which something is held back; others, and those made from now on,
    /// are as they should be.
    pub(crate) async fn cut(&self) {
        self.way.send_replace(Way::Cut);
        eventually("all are cut", async || (*self.held.borrow() == 0).then_some(())).await;
        self.open();
    }
}

async fn serve(
    listener: TcpListener,
    redis: SocketAddr,
    way: watch::Receiver<Way>,
    held: Arc<watch::Sender<usize>>,
) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let (way, held) = (way.clone(), Arc::clone(&held));
        connections.spawn(async move {
            let server = TcpStream::connect(redis).await.unwrap();
            let (from_client, mut to_client) = client.into_split();
            let (mut from_server, to_server) = server.into_split();
            tokio::select! {
                () = forward(from_client, to_server, way, held) => {}
                _ = copy(&mut from_server, &mut to_client) => {}
            }
        });
    }
}

/// Passes commands on until somebody hangs up or the wire is cut.
async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut way: watch::Receiver<Way>,
    held: Arc<watch::Sender<usize>>,
) {
    let mut bytes = vec![0; 1 << 20];
    while let Ok(many @ 1..) = from.read(&mut bytes).await {
        let sent = &bytes[..many];
        let waits = |way: &Way| matches!(way, Way::Holding(word) if contains(sent, word));
        let is_held = waits(&way.borrow());
        if is_held {
            held.send_modify(|held| *held += 1);
            let is_cut = way.wait_for(|way| !waits(way)).await.is_ok_and(|way| *way == Way::Cut);
            held.send_modify(|held| *held = held.saturating_sub(1));
            if is_cut {
                return;
            }
        }
        if to.write_all(sent).await.is_err() {
            return;
        }
    }
}

fn contains(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|part| part == word.as_bytes())
}
