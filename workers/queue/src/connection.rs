//! Opening the queue: one shared connection, the check that Redis keeps what it acknowledges, and
//! the parts that are built on them.

use crate::{
    config::QueueConfig,
    consumer::Consumer,
    dead_letters::DeadLetters,
    error::{ConnectError, QueueError},
    feed::FeedWriter,
    keys::Keys,
    producer::Producer,
};
use redis::{
    AsyncConnectionConfig, Client,
    aio::{ConnectionManager, ConnectionManagerConfig, MultiplexedConnection},
};
use std::{collections::HashMap, sync::Arc, time::Duration};

/// An open queue. Cheap to clone.
#[derive(Clone)]
pub struct Queue(Arc<Inner>);

struct Inner {
    client: Client,
    shared: ConnectionManager,
    config: QueueConfig,
    keys: Keys,
    durability: Durability,
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
        let client = Client::open(config.url.as_str())?;
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
        Ok(Self(Arc::new(Inner { client, shared, config, keys, durability })))
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

    /// The sending side. Reads the depth in the background for as long as it lives.
    #[must_use]
    pub fn producer(&self) -> Producer {
        Producer::new(self)
    }

    /// The receiving side of one partition.
    #[must_use]
    pub fn consumer(&self, partition: u32) -> Consumer {
        Consumer::new(self, partition)
    }

    /// The writing side of the feed.
    #[must_use]
    pub fn feed_writer(&self) -> FeedWriter {
        FeedWriter::new(self)
    }

    /// What was given up.
    #[must_use]
    pub fn dead_letters(&self) -> DeadLetters {
        DeadLetters::new(self)
    }

    pub(crate) fn shared(&self) -> ConnectionManager {
        self.0.shared.clone()
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
            Err(error) if error.is_io_error() => return Err(error.into()),
            // Hosted servers often forbid CONFIG.
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
