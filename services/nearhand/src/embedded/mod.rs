//! A private PostgreSQL and Redis in a data directory, for machines where nobody runs them.
//!
//! [`start`] makes or opens the data directory, starts both servers on free loopback ports and
//! waits until they answer; [`Servers::supervise`] starts them again if they die;
//! [`Servers::stop`] stops them in order. Roles, extensions and the database itself are made by the
//! migrations' bootstrap with [`Connections::superuser_url`]: nothing here knows the schema.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use crate::progress::announced;

pub(crate) mod binaries;
pub(crate) mod data_dir;
pub(crate) mod ephemeral;
mod error;
mod marker;
mod ports;
mod postgres;
mod processes;
mod program;
mod redis;
mod secrets;
mod server;
mod supervise;
mod user;
pub(crate) mod versions;

use data_dir::DataDir;
pub(crate) use data_dir::{Place, existing_major, look};
pub(crate) use error::Error;
pub(crate) use ports::free_port as free_loopback_port;
pub(crate) use processes::send;
use server::{Server, Setup};

/// The database the migrations' bootstrap makes and everything else uses.
pub(crate) const DATABASE: &str = "nearhand";

/// How the servers are to run.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Where everything is kept; made if it is not there.
    pub(crate) data_dir: PathBuf,
    /// PostgreSQL does not wait for the disk. A killed process loses nothing, a power cut may
    /// lose all: for tests only.
    pub(crate) fast: bool,
    /// PostgreSQL's limit.
    pub(crate) max_connections: u16,
}

impl Options {
    /// Durable servers for real use.
    pub(crate) fn new(data_dir: PathBuf) -> Self {
        Self { data_dir, fast: false, max_connections: 100 }
    }
}

/// How the servers are reached. Ports and passwords stay the same as long as the servers run, also
/// when one is started again.
#[derive(Debug, Clone)]
pub(crate) struct Connections {
    /// `postgres://…/postgres` as superuser, for the bootstrap only.
    pub(crate) superuser_url: SecretString,
    /// The name of the database to make and use.
    pub(crate) database: &'static str,
    /// The password to give to `nearhand_owner`.
    pub(crate) owner_password: SecretString,
    /// The password to give to `nearhand_app`.
    pub(crate) app_password: SecretString,
    /// The password to give to `nearhand_worker`.
    pub(crate) worker_password: SecretString,
    /// `redis://default:…@127.0.0.1:…/0`
    pub(crate) redis_url: SecretString,
    postgres_port: u16,
}

impl Connections {
    /// The URL of a role in [`Self::database`].
    pub(crate) fn role_url(&self, role: &str, password: &SecretString) -> SecretString {
        postgres_url(role, password, self.postgres_port, self.database)
    }
}

/// Running servers. Dropping this asks them to stop without waiting; [`Self::stop`] waits.
#[derive(Debug)]
pub(crate) struct Servers {
    connections: Connections,
    postgres: Server,
    redis: Server,
    /// Last, so that the lock outlives the servers.
    data_dir: DataDir,
}

impl Servers {
    /// How they are reached.
    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }

    /// The data directory they work in.
    pub(crate) fn data_dir(&self) -> &DataDir {
        &self.data_dir
    }

    /// Starts a server again whenever it dies, until `stop`. Does not stop the servers.
    pub(crate) async fn supervise(&mut self, stop: &CancellationToken) {
        tokio::join!(
            supervise::keep(&mut self.postgres, stop),
            supervise::keep(&mut self.redis, stop)
        );
    }

    /// Stops both, harder if they do not go (about 80 s at worst), and gives back the data
    /// directory, still locked.
    pub(crate) async fn stop(mut self) -> DataDir {
        stop_both(&mut self.postgres, &mut self.redis).await;
        self.data_dir
    }
}

/// Starts both servers and waits until they answer. Says on standard error what takes long.
///
/// # Errors
/// See [`Error`]; [`Error::Interrupted`] if `shutdown` is cancelled meanwhile. Whatever ran is
/// stopped again.
pub(crate) async fn start(
    options: &Options,
    shutdown: &CancellationToken,
) -> Result<Servers, Error> {
    let data_dir = DataDir::open(&options.data_dir)?;
    tell_where(&data_dir);
    let secrets = secrets::load_or_create(&data_dir)?;
    let mut setup = postgres::Setup::find(&data_dir, secrets.superuser.clone())?;
    setup.fast = options.fast;
    setup.max_connections = options.max_connections;
    let redis_setup = redis::Setup::find(&data_dir, secrets.redis.clone())?;
    let new_server = |setup, log| Server::new(setup, data_dir.run_as().clone(), data_dir.log(log));
    let mut postgres = new_server(Setup::Postgres(setup), "postgres");
    let mut redis = new_server(Setup::Redis(redis_setup), "redis");

    let outcome = tokio::select! {
        biased;
        () = shutdown.cancelled() => Err(Error::Interrupted),
        result = bring_up(&data_dir, &mut postgres, &mut redis) => result,
    };
    if let Err(error) = outcome {
        postgres::clear_unfinished(&data_dir).await;
        stop_both(&mut postgres, &mut redis).await;
        return Err(error);
    }
    let connections = Connections {
        superuser_url: postgres_url(
            postgres::SUPERUSER,
            &secrets.superuser,
            postgres.port(),
            postgres::MAINTENANCE_DATABASE,
        ),
        database: DATABASE,
        owner_password: secrets.owner,
        app_password: secrets.app,
        worker_password: secrets.worker,
        redis_url: redis::url(&secrets.redis, redis.port()),
        postgres_port: postgres.port(),
    };
    Ok(Servers { connections, postgres, redis, data_dir })
}

fn tell_where(data_dir: &DataDir) {
    if data_dir.is_split() {
        tracing::info!(
            data_dir = %data_dir.root().display(),
            servers = %data_dir.servers().display(),
            "the servers' user cannot reach the data directory, so their files lie elsewhere"
        );
    }
    for folder in data_dir::leftovers_elsewhere(data_dir) {
        tracing::warn!(
            folder = %folder.display(),
            "servers' data of an earlier data directory at the same place; remove it if it is no longer needed"
        );
    }
}

async fn bring_up(
    data_dir: &DataDir,
    postgres: &mut Server,
    redis: &mut Server,
) -> Result<(), Error> {
    let stopping = async {
        Ok::<_, Error>(postgres.clear_leftovers().await? + redis.clear_leftovers().await?)
    };
    let stopped = announced("stopping servers left over from an earlier run", stopping).await?;
    if stopped > 0 {
        tracing::warn!(processes = stopped, "stopped servers left over from an earlier run");
    }
    if let Setup::Postgres(setup) = postgres.setup_mut()
        && setup.is_new()
    {
        announced("initialising PostgreSQL", setup.initialise(data_dir)).await?;
    }
    let mut attempt = 1;
    loop {
        let ports = ports::choose(&data_dir.root().join("ports.json"))?;
        for server in [&mut *postgres, &mut *redis] {
            match server.setup_mut() {
                Setup::Postgres(setup) => setup.port = ports.postgres,
                Setup::Redis(setup) => setup.port = ports.redis,
            }
        }
        match launch_both(postgres, redis).await {
            // Somebody took the port between our look and the server's: take another.
            Err((Error::Exited { .. }, port)) if attempt < 3 && !ports::is_free(port) => {
                attempt += 1;
            }
            result => return result.map_err(|(error, _)| error),
        }
        stop_both(postgres, redis).await;
    }
}

async fn launch_both(postgres: &mut Server, redis: &mut Server) -> Result<(), (Error, u16)> {
    for server in [postgres, redis] {
        let (what, port) = (format!("starting {}", server.name()), server.port());
        announced(&what, server.launch()).await.map_err(|error| (error, port))?;
    }
    Ok(())
}

async fn stop_both(postgres: &mut Server, redis: &mut Server) {
    let both = async { tokio::join!(postgres.stop(), redis.stop()) };
    announced("stopping PostgreSQL and Redis", both).await;
}

fn postgres_url(role: &str, password: &SecretString, port: u16, database: &str) -> SecretString {
    format!("postgres://{role}:{}@127.0.0.1:{port}/{database}", password.expose_secret()).into()
}
