//! From the outbox to the feed: what was changed through the API reaches every live index and
//! every cache of credentials.
//!
//! At least once: the rows are deleted after the feed has them. Rows are claimed, never counted
//! through, so that one that commits late is not skipped.

use crate::{
    backoff::{Backoff, rest},
    config::RelayConfig,
};
use nearhand_domain::facts::Fact;
use nearhand_queue::{CredentialChanged, CredentialKind, FeedItem, FeedWriter, Queue, QueueError};
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

/// Most facts in one feed entry.
const ENTRY_FACTS: usize = 64;

#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl RelayError {
    /// Logs why the relay waits; an outage only once for everybody.
    fn tell(&self) {
        match self {
            Self::Storage(error) if error.is_outage() => outage::failed(error),
            // Noted where the feed is written.
            Self::Queue(error) if error.is_outage() => {
                tracing::debug!(%error, "the relay waits");
            }
            error => tracing::warn!(%error, "the relay waits"),
        }
    }
}

/// Tells changes until `stop`.
pub(crate) async fn run(
    queue: Queue,
    pool: WorkerPool,
    config: RelayConfig,
    stop: CancellationToken,
) {
    let mut relay = Relay {
        feed: queue.feed_writer(),
        limit: config.batch_rows,
        aside: BTreeMap::new(),
        beaten: None,
        pool,
        config,
    };
    let mut listener = None;
    let mut backoff = Backoff::new(Duration::from_secs(5));
    while !stop.is_cancelled() {
        let done = match relay.batch().await {
            Ok(done) => relay.beat().await.map(|()| done),
            Err(error) => Err(error),
        };
        match done {
            Ok(true) => backoff.reset(),
            Ok(false) => {
                backoff.reset();
                relay.wait(&mut listener, &stop).await;
            }
            Err(error) => {
                error.tell();
                listener = None;
                backoff.pause(&stop).await;
            }
        }
    }
}

/// How often to say that a relay is at work. A reader counts a beat from before the read that did
/// not bring it, which is up to two beats ago.
const BEAT_EVERY: Duration = Duration::from_millis(100);
/// How long a change may have waited when that is said.
const BEAT_WITHIN_S: f64 = 0.25;

struct Relay {
    pool: WorkerPool,
    feed: FeedWriter,
    config: RelayConfig,
    /// How many rows to claim: halved by a row that cannot be told, until it stands alone.
    limit: i64,
    /// Rows that cannot be told, until they are tried again.
    aside: BTreeMap<i64, Instant>,
    beaten: Option<Instant>,
}

impl Relay {
    /// Tells one batch; false when there was nothing to tell.
    async fn batch(&mut self) -> Result<bool, RelayError> {
        let now = Instant::now();
        self.aside.retain(|_, until| *until > now);
        let except: Vec<i64> = self.aside.keys().copied().collect();
        let mut tx = self.pool.begin().await?;
        let rows = outbox::claim(&mut tx, self.limit, &except).await?;
        let (Some(first), claimed) = (rows.first(), rows.len()) else { return Ok(false) };
        let span = tracing::info_span!(
            "relay",
            batch_len = claimed,
            trace.id = rows.iter().find_map(|row| row.traceparent.as_deref()),
        );
        match self.tell(tx, &rows).instrument(span).await {
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
                    // The index keeps the last it knew; whom it lets in must not wait for that.
                    let known: Vec<FeedItem> =
                        forget(first).map(FeedItem::Credential).into_iter().collect();
                    self.feed.append(&known).await?;
                    self.aside.insert(first.id, now + self.config.set_aside);
                }
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Says, when it is due, that everything has been told, whoever told it; says nothing while a
    /// change waits, other than those that cannot be told but for their credentials.
    async fn beat(&mut self) -> Result<(), RelayError> {
        if self.beaten.is_some_and(|at| at.elapsed() < BEAT_EVERY) {
            return Ok(());
        }
        let mut tx = self.pool.begin().await?;
        let except: Vec<i64> = self.aside.keys().copied().collect();
        let (_, oldest_s) = outbox::waiting(&mut tx, &except).await?;
        drop(tx);
        if oldest_s <= BEAT_WITHIN_S {
            self.feed.append(&[FeedItem::Heartbeat]).await?;
        }
        self.beaten = Some(Instant::now());
        Ok(())
    }

    async fn tell(&self, mut tx: Tx, rows: &[OutboxRow]) -> Result<(), RelayError> {
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

    /// Waits for the word that rows were added, but never longer than a poll.
    async fn wait(&self, listener: &mut Option<OutboxListener>, stop: &CancellationToken) {
        let pause = self.config.poll.min(BEAT_EVERY);
        if listener.is_none() {
            *listener = OutboxListener::connect(&self.pool).await.ok();
            // What came before we listened was not heard: look at once, or, unheard, by and by.
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

/// What these rows have to say: each entity once, as it stands now.
async fn load(tx: &mut Tx, rows: &[OutboxRow]) -> Result<Vec<FeedItem>, StorageError> {
    let mut known = Vec::new();
    let staff = facts::staff(tx, &named(rows, OutboxKind::Staff)).await?;
    let regions = facts::regions(tx, &named(rows, OutboxKind::Region)).await?;
    let organizations = facts::organizations(tx, &named(rows, OutboxKind::Organization)).await?;
    known.extend(organizations.into_iter().map(Fact::Organization));
    known.extend(regions.into_iter().map(Fact::Region));
    known.extend(staff.into_iter().map(|facts| Fact::Staff(Box::new(facts))));
    let forgotten = rows.iter().filter_map(forget).map(FeedItem::Credential);
    let chunks = known.chunks(ENTRY_FACTS).map(|facts| FeedItem::Facts(facts.to_vec()));
    Ok(forgotten.chain(chunks).collect())
}

fn named<T: From<Uuid>>(rows: &[OutboxRow], kind: OutboxKind) -> Vec<T> {
    let mut ids: Vec<Uuid> =
        rows.iter().filter(|row| row.kind == kind).map(|row| row.entity).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(T::from).collect()
}

fn forget(row: &OutboxRow) -> Option<CredentialChanged> {
    let kind = match row.kind {
        OutboxKind::Staff => CredentialKind::Staff,
        OutboxKind::Session => CredentialKind::Session,
        OutboxKind::Device => CredentialKind::Device,
        OutboxKind::Region | OutboxKind::Organization => return None,
    };
    Some(CredentialChanged { organization: row.organization, kind, id: row.entity })
}
