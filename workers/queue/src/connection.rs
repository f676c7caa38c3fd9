//! Opening the queue: one shared connection, and the check that Redis keeps what it acknowledges.
//! Knows none of the parts that are built on it.

use crate::{
    config::QueueConfig,
    error::{ConnectError, QueueError},
    keys::Keys,
    outage::Outages,
};
use redis::{
    AsyncConnectionConfig, Client, IntoConnectionInfo, RedisError,
    aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection},
    io::tcp::{TcpSettings, socket2::TcpKeepalive},
};
use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

/// An open queue. Cheap to clone.
#[derive(Clone)]
pub struct Queue(Arc<Inner>);

struct Inner {
    client: Client,
    shared: ConnectionManager,
    config: QueueConfig,
    keys: Keys,
    durability: Durability,
    outages: Outages,
}

/// Whether Redis keeps on disk what it acknowledged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durability {
    /// Each setting that differs from what is needed, in words for an operator; none is good.
    pub differences: Vec<String>,
}

impl Durability {
    /// Whether an acknowledged ping survives a crash of Redis.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Queue {
    /// Connects, checks the settings on both sides and records the layout.
    ///
    /// # Errors
    /// When the settings contradict each other, Redis cannot be reached, may lose what it
    /// acknowledged (unless that is accepted), or holds a queue of another layout.
    pub async fn connect(config: QueueConfig) -> Result<Self, ConnectError> {
        if let Some(fault) = config.fault() {
            return Err(ConnectError::Settings(fault));
        }
        let client = open(&config)?;
        let manager = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(config.connect_timeout))
            .set_response_timeout(Some(config.response_timeout));
        let mut shared = ConnectionManager::new_with_config(client.clone(), manager).await?;
        let durability = check_durability(&mut shared).await?;
        if !durability.is_full() && !config.accept_weaker_durability {
            return Err(ConnectError::Durability {
                differences: durability.differences.join("; "),
            });
        }
        let keys = Keys::new(&config.prefix);
        check_layout(&mut shared, &keys, config.partitions).await?;
        let outages = Outages::default();
        Ok(Self(Arc::new(Inner { client, shared, config, keys, durability, outages })))
    }

    /// The same, waiting for a Redis that is not there yet, says nothing, or still reads its files.
    ///
    /// # Errors
    /// As [`Self::connect`], and when it has been waited for so long.
    pub async fn connect_within(
        config: QueueConfig,
        patience: Duration,
    ) -> Result<Self, ConnectError> {
        let (begun, mut logged) = (Instant::now(), false);
        loop {
            let error = match Self::connect(config.clone()).await {
                Err(ConnectError::Redis(error)) if may_pass(&error) => error,
                other => return other,
            };
            if begun.elapsed() >= patience {
                return Err(ConnectError::Silent { waited_s: patience.as_secs(), error });
            }
            if !logged {
                tracing::warn!(%error, longest_s = patience.as_secs(), "waiting for Redis");
                logged = true;
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// What the check of Redis' settings found at the start.
    #[must_use]
    pub fn durability(&self) -> &Durability {
        &self.0.durability
    }

    /// The settings it was opened with.
    #[must_use]
    pub fn config(&self) -> &QueueConfig {
        &self.0.config
    }

    /// Whether Redis answers now.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), QueueError> {
        Ok(redis::cmd("PING").query_async(&mut self.shared()).await?)
    }

    /// Records whether a call to Redis succeeded, for the outage log.
    pub fn record_result<T>(&self, result: &Result<T, QueueError>) {
        self.0.outages.record_result(result);
    }

    pub(crate) fn shared(&self) -> ConnectionManager {
        self.0.shared.clone()
    }

    /// Ends the shared connection if the server has become a replica: it would refuse every write
    /// for as long as the connection lasts, while a new one may lead to the primary.
    pub(crate) async fn leave_replica<T>(&self, result: &Result<T, RedisError>) {
        if result.as_ref().is_err_and(|error| error.code() == Some("READONLY")) {
            tracing::warn!("Redis has become a replica; connecting anew");
            let left = redis::cmd("QUIT").query_async::<redis::Value>(&mut self.shared()).await;
            drop(left);
        }
    }

    pub(crate) fn outages(&self) -> &Outages {
        &self.0.outages
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    /// A connection of its own for a reader that blocks up to `block`: the crate's response
    /// timeout would otherwise end the read first, and a blocked connection serves nobody else.
    pub(crate) async fn dedicated(
        &self,
        block: Duration,
    ) -> Result<MultiplexedConnection, QueueError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.0.config.connect_timeout))
            .set_response_timeout(Some(block + self.0.config.response_timeout));
        Ok(self.0.client.get_multiplexed_async_connection_with_config(&config).await?)
    }
}

/// A client whose connections notice a host that is gone: the shared one is only replaced when its
/// socket fails, and without an answer to what was sent that would take a quarter of an hour.
fn open(config: &QueueConfig) -> Result<Client, ConnectError> {
    let probes = TcpKeepalive::new()
        .with_time(Duration::from_secs(5))
        .with_interval(Duration::from_secs(1))
        .with_retries(3);
    let tcp = TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(probes)
        .set_user_timeout(2 * config.response_timeout);
    let server = config.url.as_str().into_connection_info()?;
    Ok(Client::open(server.set_tcp_settings(tcp))?)
}

/// How long to wait before Redis is tried again.
const RETRY: Duration = Duration::from_millis(250);

/// Whether Redis may serve us by and by without anybody changing a setting.
fn may_pass(error: &RedisError) -> bool {
    let passing = ["LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"];
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.code().is_some_and(|code| passing.contains(&code))
}

/// The settings under which an acknowledged entry is on disk and stays in memory.
const NEEDED: [(&str, &str); 3] =
    [("appendonly", "yes"), ("appendfsync", "always"), ("maxmemory-policy", "noeviction")];

async fn check_durability(redis: &mut ConnectionManager) -> Result<Durability, ConnectError> {
    let mut differences = Vec::new();
    for (name, wanted) in NEEDED {
        let answer: Result<HashMap<String, String>, _> =
            redis::cmd("CONFIG").arg("GET").arg(name).query_async(redis).await;
        match answer {
            Ok(found) if found.get(name).is_some_and(|value| value == wanted) => {}
            Ok(found) => {
                let is = found.get(name).map_or("unknown", String::as_str);
                differences.push(format!("{name} is {is} and should be {wanted}"));
            }
            // Hosted servers often forbid CONFIG, or do not know it.
            Err(error) if !matches!(error.code(), Some("NOPERM" | "ERR")) => {
                return Err(error.into());
            }
            Err(_) => differences.push(format!("{name} cannot be read and should be {wanted}")),
        }
    }
    Ok(Durability { differences })
}

async fn check_layout(
    redis: &mut ConnectionManager,
    keys: &Keys,
    partitions: u32,
) -> Result<(), ConnectError> {
    let key = keys.layout();
    let (_, found): (redis::Value, u32) = redis::pipe()
        .atomic()
        .cmd("SET")
        .arg(&key)
        .arg(partitions)
        .arg("NX")
        .cmd("GET")
        .arg(&key)
        .query_async(redis)
        .await?;
    if found != partitions {
        return Err(ConnectError::Partitions { found, wanted: partitions, key });
    }
    Ok(())
}
