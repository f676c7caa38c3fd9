//! The relay: publishes the rows of the outbox to the feed, so that changes made through the API reach
//! every live index and every credential cache.
//!
//! Delivery is at least once: rows are deleted after the feed has them. Must not read rows by number:
//! a row that commits late would be skipped. Rows are claimed instead.

use crate::{
    backoff::{Backoff, rest},
    config::RelayConfig,
};
use nearhand_domain::facts::Fact;
use nearhand_queue::{
    CredentialChanged, CredentialKind, FeedItem, FeedWriter, Queue, QueueError, trace,
};
use nearhand_storage::{
    StorageError, Tx, WorkerPool, facts, outage,
    outbox::{self, OutboxKind, OutboxListener, OutboxRow},
};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use uuid::Uuid;

/// The most facts in one feed entry.
const ENTRY_FACTS: usize = 64;
/// The same of people's work: each may have thousands of visits.
const ENTRY_WORK_FACTS: usize = 8;

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl RelayError {
    /// Logs why the relay waits. An outage is logged once for all tasks.
    fn log(&self) {
        match self {
            Self::Storage(error) if error.is_outage() => outage::failed(error),
            // The feed writer records this outage.
            Self::Queue(error) if error.is_outage() => {
                tracing::debug!(%error, "the relay waits");
            }
            error => tracing::warn!(%error, "the relay waits"),
        }
    }
}

/// Publishes changes until `stop`.
pub(crate) async fn run(
    queue: Queue,
    pool: WorkerPool,
    config: RelayConfig,
    stop: CancellationToken,
) {
    let mut relay = Relay {
        feed: queue.feed_writer(),
        limit: config.batch_rows,
        postponed: BTreeMap::new(),
        last_heartbeat: None,
        pool,
        config,
    };
    let mut listener = None;
    let mut backoff = Backoff::new(Duration::from_secs(5));
    while !stop.is_cancelled() {
        let published = match relay.publish_batch().await {
            Ok(published) => relay.heartbeat().await.map(|()| published),
            Err(error) => Err(error),
        };
        match published {
            Ok(true) => backoff.reset(),
            Ok(false) => {
                backoff.reset();
                relay.wait(&mut listener, &stop).await;
            }
            Err(error) => {
                error.log();
                listener = None;
                backoff.pause(&stop).await;
            }
        }
    }
}

/// How often a heartbeat is published. A reader dates a heartbeat by the read before it, which is up to
/// two heartbeats ago.
const HEARTBEAT_EVERY: Duration = Duration::from_millis(100);
/// No heartbeat is published while a change has waited longer than this.
const HEARTBEAT_MAX_WAIT_S: f64 = 0.25;

struct Relay {
    pool: WorkerPool,
    feed: FeedWriter,
    config: RelayConfig,
    /// How many rows to claim. Halved when a row cannot be published, until that row is alone.
    limit: i64,
    /// Rows that could not be published, with the time of the next attempt.
    postponed: BTreeMap<i64, Instant>,
    last_heartbeat: Option<Instant>,
}

impl Relay {
    /// Publishes one batch; false when the outbox was empty.
    async fn publish_batch(&mut self) -> Result<bool, RelayError> {
        let now = Instant::now();
        self.postponed.retain(|_, until| *until > now);
        let except: Vec<i64> = self.postponed.keys().copied().collect();
        let mut tx = self.pool.begin().await?;
        let rows = outbox::claim(&mut tx, self.limit, &except).await?;
        let (Some(first), claimed) = (rows.first(), rows.len()) else { return Ok(false) };
        let span = tracing::info_span!(
            "relay",
            batch_len = claimed,
            trace.id = rows.iter().find_map(|row| row.traceparent.as_deref()),
        );
        trace::adopt(&span, rows.iter().filter_map(|row| row.traceparent.as_deref()));
        match self.publish(tx, &rows).instrument(span).await {
            Ok(()) => {
                self.limit = (self.limit * 2).min(self.config.batch_rows);
                Ok(true)
            }
            Err(RelayError::Storage(error)) if error.blames_data() => {
                if claimed > 1 {
                    self.limit = (i64::try_from(claimed).unwrap_or(2) / 2).max(1);
                } else {
                    tracing::error!(
                        %error, trace.id = first.traceparent.as_deref(),
                        outbox.kind = ?first.kind, outbox.entity = %first.entity,
                        "a change cannot be told to the indexes"
                    );
                    // The index keeps its last facts. Dropping a credential must not wait for them.
                    let credentials: Vec<FeedItem> =
                        changed_credential(first).map(FeedItem::Credential).into_iter().collect();
                    self.feed.append(&credentials).await?;
                    self.postponed.insert(first.id, now + self.config.set_aside);
                }
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Publishes a heartbeat when it is due: all changes are published, by this relay or another. There
    /// is no heartbeat while a change waits. Postponed rows do not count; their credentials are
    /// published already.
    async fn heartbeat(&mut self) -> Result<(), RelayError> {
        if self.last_heartbeat.is_some_and(|at| at.elapsed() < HEARTBEAT_EVERY) {
            return Ok(());
        }
        let mut tx = self.pool.begin().await?;
        let except: Vec<i64> = self.postponed.keys().copied().collect();
        let (_, oldest_s) = outbox::waiting(&mut tx, &except).await?;
        drop(tx);
        if oldest_s <= HEARTBEAT_MAX_WAIT_S {
            self.feed.append(&[FeedItem::Heartbeat]).await?;
        }
        self.last_heartbeat = Some(Instant::now());
        Ok(())
    }

    async fn publish(&self, mut tx: Tx, rows: &[OutboxRow]) -> Result<(), RelayError> {
        let items = load(&mut tx, rows).await?;
        self.feed.append(&items).await?;
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        outbox::delete(&mut tx, &ids).await?;
        tx.commit().await?;
        metrics::counter!("nearhand_relay_rows_total").increment(ids.len() as u64);
        for row in rows {
            tracing::debug!(
                trace.id = row.traceparent.as_deref(), outbox.kind = ?row.kind,
                outbox.entity = %row.entity, "a change was told to the indexes"
            );
        }
        Ok(())
    }

    /// Waits for the notification that rows were added, but never longer than a poll.
    async fn wait(&self, listener: &mut Option<OutboxListener>, stop: &CancellationToken) {
        let pause = self.config.poll.min(HEARTBEAT_EVERY);
        if listener.is_none() {
            *listener = OutboxListener::connect(&self.pool).await.ok();
            // Rows that came before we listened notified nobody: read at once. Without a listener
            // read at the next poll.
            let wait = if listener.is_some() { Duration::ZERO } else { pause };
            rest(wait, stop).await;
            return;
        }
        let Some(open) = listener else { return };
        let heard = tokio::select! {
            heard = open.heard() => heard,
            _ = rest(pause, stop) => Ok(()),
        };
        if heard.is_err() {
            *listener = None;
        }
    }
}

/// The feed items of these rows: each entity once, in its state now.
async fn load(tx: &mut Tx, rows: &[OutboxRow]) -> Result<Vec<FeedItem>, StorageError> {
    let mut facts_now = Vec::new();
    let staff = facts::staff(tx, &ids_of(rows, OutboxKind::Staff)).await?;
    let work = facts::work::of(tx, &ids_of(rows, OutboxKind::Work)).await?;
    let regions = facts::regions(tx, &ids_of(rows, OutboxKind::Region)).await?;
    let organizations = facts::organizations(tx, &ids_of(rows, OutboxKind::Organization)).await?;
    facts_now.extend(organizations.into_iter().map(Fact::Organization));
    facts_now.extend(regions.into_iter().map(Fact::Region));
    facts_now.extend(staff.into_iter().map(|facts| Fact::Staff(Box::new(facts))));
    let work: Vec<Fact> = work.into_iter().map(|facts| Fact::Work(Box::new(facts))).collect();
    let credentials = rows.iter().filter_map(changed_credential).map(FeedItem::Credential);
    let chunks = facts_now.chunks(ENTRY_FACTS).chain(work.chunks(ENTRY_WORK_FACTS));
    let chunks = chunks.map(|facts| FeedItem::Facts(facts.to_vec()));
    Ok(credentials.chain(chunks).collect())
}

fn ids_of<T: From<Uuid>>(rows: &[OutboxRow], kind: OutboxKind) -> Vec<T> {
    let mut ids: Vec<Uuid> =
        rows.iter().filter(|row| row.kind == kind).map(|row| row.entity).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(T::from).collect()
}

fn changed_credential(row: &OutboxRow) -> Option<CredentialChanged> {
    let kind = match row.kind {
        OutboxKind::Staff => CredentialKind::Staff,
        OutboxKind::Session => CredentialKind::Session,
        OutboxKind::Device => CredentialKind::Device,
        OutboxKind::Region | OutboxKind::Organization | OutboxKind::Work => return None,
    };
    Some(CredentialChanged { organization: row.organization, kind, id: row.entity })
}
