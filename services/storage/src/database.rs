//! Connections: one pool per database role, and transactions that know their tenant.
//!
//! Nothing here reads a table. A pool refuses to open as anything stronger than its role.

use crate::{
    error::{self, StorageError},
    outage,
};
use nearhand_domain::OrganizationId;
use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, PgPool, Postgres, Row, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};
use tokio_util::task::TaskTracker;

/// The application's role: sees one tenant at a time.
const APP_ROLE: &str = "nearhand_app";
/// The worker's role: sees all tenants, on the tables of ingest, outbox and snapshot only.
const WORKER_ROLE: &str = "nearhand_worker";

/// How long the worker's statements may take, wait for a lock, and leave a transaction open: a
/// lock that somebody keeps must not stop a partition for longer than it takes to try again. Set
/// by statement, since poolers in between refuse start-up options.
const WORKER_LIMITS: &str = "SET statement_timeout = '30s'; SET lock_timeout = '5s'; \
     SET idle_in_transaction_session_timeout = '10s'";

/// How long a request's transaction may stay open without doing anything: one that was forgotten
/// must not hold its locks for ever.
const APP_LIMITS: &str = "SET idle_in_transaction_session_timeout = '60s'";

/// Held in common by every transaction of ingest, and alone by whoever waits until all of them have
/// ended.
pub(crate) const INGEST_LOCK: i64 = 0x6e65_6172_6861_6e64;

/// Begins a transaction of ingest. In one round trip with the beginning, the lock costs next to nothing.
const BEGIN_INGEST: &str =
    "BEGIN; SELECT pg_advisory_xact_lock_shared(x'6e65617268616e64'::bigint)";

/// True outside a transaction that an earlier statement began. As a simple query, since each
/// message of the extended protocol counts as a statement of its own.
const IS_FREE: &str = "SELECT transaction_timestamp() = statement_timestamp()";

/// A connection that did something so lately is believed to live without being asked.
const IDLE_BELIEVED: Duration = Duration::from_secs(1);

/// A transaction on the database. Dropped without [`Tx::commit`], it is rolled back.
#[derive(Debug)]
pub struct Tx(Transaction<'static, Postgres>);

impl Tx {
    /// Makes everything done in it last.
    ///
    /// # Errors
    /// When the database fails; it is then unknown whether the changes last.
    pub async fn commit(self) -> Result<(), StorageError> {
        Ok(self.0.commit().await?)
    }

    /// Marks the point that [`Tx::back_to_savepoint`] goes back to. There is one at a time: end it
    /// by going back or by [`Tx::release_savepoint`] before the next.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn savepoint(&mut self) -> Result<(), StorageError> {
        self.say("SAVEPOINT step").await
    }

    /// Keeps what was done since the savepoint.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_savepoint(&mut self) -> Result<(), StorageError> {
        self.say("RELEASE SAVEPOINT step").await
    }

    /// Takes back what was done since the savepoint, and gives up the locks taken since.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn back_to_savepoint(&mut self) -> Result<(), StorageError> {
        self.say("ROLLBACK TO SAVEPOINT step; RELEASE SAVEPOINT step").await
    }

    async fn say(&mut self, statement: &'static str) -> Result<(), StorageError> {
        self.0.execute(statement).await?;
        Ok(())
    }

    /// Takes everything done in it back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rollback(self) -> Result<(), StorageError> {
        Ok(self.0.rollback().await?)
    }
}

impl Deref for Tx {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.0
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.0
    }
}

/// How large a pool is and how long a caller waits for a connection.
#[derive(Clone, Copy, Debug)]
pub struct PoolLimits {
    /// Most connections at a time.
    pub max_connections: u32,
    /// How long a caller waits for one before it gets [`StorageError::Unavailable`].
    pub acquire_timeout: Duration,
}

/// Serves requests: every transaction is bound to one organisation.
///
/// A request may be dropped at any moment. If it is while its transaction begins, the driver would
/// leave the transaction open in the pool, and the next one to use that connection would work in
/// it. So transactions begin in tasks of their own, which end whoever waits for them, and a
/// connection that comes back within a transaction is closed. That check costs one short statement
/// for each release, in the background.
#[derive(Clone, Debug)]
pub struct AppPool {
    pool: PgPool,
    beginning: TaskTracker,
}

/// Serves ingest, relay and snapshots across organisations.
#[derive(Clone, Debug)]
pub struct WorkerPool(PgPool);

impl AppPool {
    /// Connects and checks the role.
    ///
    /// # Errors
    /// When the server cannot be reached, or the role is not the application's.
    pub async fn connect(
        options: PgConnectOptions,
        limits: PoolLimits,
    ) -> Result<Self, StorageError> {
        let pool = connect_as(APP_ROLE, options, limits, APP_LIMITS).await?;
        Ok(Self { pool, beginning: TaskTracker::new() })
    }

    /// Begins a transaction that sees `organization` and nothing else, in one round trip.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn tenant(&self, organization: OrganizationId) -> Result<Tx, StorageError> {
        self.traced(organization, None).await
    }

    /// The same for a request with a W3C trace context: what the transaction announces carries it
    /// on. Anything but hex digits and dashes is no trace context and left out.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn traced(
        &self,
        organization: OrganizationId,
        trace_parent: Option<&str>,
    ) -> Result<Tx, StorageError> {
        let is_plain = |text: &&str| text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
        let trace = trace_parent.filter(is_plain).unwrap_or_default();
        // Both are hex digits and dashes, so that nothing can be smuggled in.
        let begin = format!(
            "BEGIN; SET LOCAL app.organization_id = '{organization}'; \
             SET LOCAL app.trace_parent = '{trace}'"
        );
        self.begin(begin).await
    }

    /// Begins a transaction without a tenant, which sees no tenant's rows: for setup, and for
    /// the functions that find a login's organisation.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn tenantless(&self) -> Result<Tx, StorageError> {
        self.begin("BEGIN; SET LOCAL app.organization_id = ''".to_owned()).await
    }

    async fn begin(&self, statement: String) -> Result<Tx, StorageError> {
        let pool = self.pool.clone();
        let begin = async move { pool.begin_with(AssertSqlSafe(statement)).await };
        let begun = self.beginning.spawn(begin).await;
        let begun = begun.unwrap_or(Err(sqlx::Error::WorkerCrashed)).map(Tx).map_err(Into::into);
        outage::note(&begun);
        begun
    }

    /// The pool itself, for health checks and its own metrics.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }
}

impl WorkerPool {
    /// Connects and checks the role.
    ///
    /// # Errors
    /// When the server cannot be reached, or the role is not the worker's.
    pub async fn connect(
        options: PgConnectOptions,
        limits: PoolLimits,
    ) -> Result<Self, StorageError> {
        connect_as(WORKER_ROLE, options, limits, WORKER_LIMITS).await.map(Self)
    }

    /// Begins a transaction across organisations.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn begin(&self) -> Result<Tx, StorageError> {
        let begun = self.0.begin().await.map(Tx).map_err(Into::into);
        outage::note(&begun);
        begun
    }

    /// Begins a transaction that stores pings: a person who is erased meanwhile is waited for, or it is
    /// waited for by the erasure.
    ///
    /// # Errors
    /// When no connection is to be had.
    pub async fn begin_ingest(&self) -> Result<Tx, StorageError> {
        let begun = self.0.begin_with(BEGIN_INGEST).await.map(Tx).map_err(Into::into);
        outage::note(&begun);
        begun
    }

    /// The pool itself, for listeners and health checks.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.0
    }
}

/// Binds a running transaction to another organisation, as setup does once it has made one.
///
/// # Errors
/// When the connection fails.
pub async fn enter_tenant(tx: &mut Tx, organization: OrganizationId) -> Result<(), StorageError> {
    sqlx::query("SELECT set_config('app.organization_id', $1, true)")
        .bind(organization.to_string())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

async fn connect_as(
    wanted: &'static str,
    options: PgConnectOptions,
    limits: PoolLimits,
    settings: &'static str,
) -> Result<PgPool, StorageError> {
    let pool = PgPoolOptions::new()
        .max_connections(limits.max_connections)
        .acquire_timeout(limits.acquire_timeout)
        // Asking each connection whether it still lives costs a round trip a transaction.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > IDLE_BELIEVED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .after_connect(move |connection, _| Box::pin(set_up(connection, settings)))
        .after_release(|connection, _| {
            Box::pin(async move {
                let free: bool = sqlx::raw_sql(IS_FREE).fetch_one(connection).await?.try_get(0)?;
                if !free {
                    tracing::error!("a connection came back within a transaction; it is closed");
                }
                Ok(free)
            })
        })
        .connect_with(options)
        .await?;
    let (role, strong): (String, bool) = sqlx::query_as(
        "SELECT current_user::text, rolsuper OR rolbypassrls FROM pg_roles \
         WHERE rolname = current_user",
    )
    .fetch_one(&pool)
    .await?;
    if role != wanted || strong {
        return Err(StorageError::WrongRole { wanted, role });
    }
    Ok(pool)
}

/// Sets up a new connection. The pool tries again when this fails, and its own line about that is
/// left out of the log, because an outage would repeat it. So any other failure is logged here.
async fn set_up(connection: &mut PgConnection, settings: &'static str) -> Result<(), sqlx::Error> {
    let result = connection.execute(settings).await;
    if let Err(error) = &result
        && !error::is_outage(error)
    {
        tracing::error!(%error, "a new connection to PostgreSQL cannot be set up");
    }
    result.map(|_| ())
}
