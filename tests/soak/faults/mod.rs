//! What bad days do to an installation. Each fault is injected alone, ends what it began, and says
//! in a few words what it saw. Must not judge what is stored: that is the checker's business.

mod clients;
mod clocks;
mod entries;
mod kills;
mod phones;
mod redis;

pub(crate) use entries::open as open_queue;

use crate::scene::Scene;
use clap::ValueEnum;

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub(crate) enum Fault {
    /// `kill -9` of the worker.
    WorkerKilled,
    /// `kill -9` of one API, or of both.
    ApiKilled,
    /// `kill -9` of Redis.
    RedisKilled,
    /// `kill -9` of PostgreSQL.
    PostgresKilled,
    /// PostgreSQL is killed and stays away: 20 seconds, in a long run five minutes.
    PostgresAway,
    /// Redis answers nobody (`CLIENT PAUSE`).
    RedisStalled,
    /// Redis has reached its `maxmemory`.
    RedisFull,
    /// Redis is emptied (`FLUSHALL`): here alone what waited in the queue may go.
    RedisEmptied,
    /// The disk under Redis is full: a limit on the size of its files.
    DiskFull,
    /// Entries that always fail: one that PostgreSQL refuses, one that nobody can read.
    PoisonEntry,
    /// The clocks of API and worker are off by two minutes, then by two days.
    ServerClock,
    /// The clocks of phones are off, by `fix_at`.
    PhoneClocks,
    /// Phones return with thousands of fixes each.
    Returning,
    /// Clients that trickle a body, or never end their head.
    SlowClients,
    /// A token is revoked while its phone sends.
    TokenRevoked,
}

impl Fault {
    /// Its name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Injects it and ends it again; returns what it saw.
    pub(crate) async fn inject(self, scene: &mut Scene) -> anyhow::Result<String> {
        match self {
            Self::WorkerKilled => kills::worker(scene).await,
            Self::ApiKilled => kills::api(scene).await,
            Self::RedisKilled => kills::server(scene, crate::servers::Server::Redis).await,
            Self::PostgresKilled => kills::server(scene, crate::servers::Server::Postgres).await,
            Self::PostgresAway => kills::postgres_away(scene).await,
            Self::RedisStalled => redis::stalled(scene).await,
            Self::RedisFull => redis::full(scene).await,
            Self::RedisEmptied => redis::emptied(scene).await,
            Self::DiskFull => redis::disk_full(scene).await,
            Self::PoisonEntry => entries::poison(scene).await,
            Self::ServerClock => clocks::server(scene).await,
            Self::PhoneClocks => clocks::phones(scene).await,
            Self::Returning => phones::returning(scene).await,
            Self::SlowClients => clients::slow(scene).await,
            Self::TokenRevoked => phones::revoked(scene).await,
        }
    }
}
