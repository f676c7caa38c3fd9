//! The outbox as the relay reads it: rows are claimed, told to the feed, and deleted in one
//! transaction. Never by number: rows that commit late would be skipped.

use crate::{StorageError, Tx, convert};
use nearhand_domain::OrganizationId;
use sqlx::postgres::PgListener;
use uuid::Uuid;

/// What the trigger on the outbox notifies.
const CHANNEL: &str = "nearhand_outbox";

/// What an outbox row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OutboxKind {
    /// A person: facts to load, credentials to forget.
    Staff,
    /// A region.
    Region,
    /// The organisation itself.
    Organization,
    /// A person's work: facts to load.
    Work,
    /// A login to forget.
    Session,
    /// A phone to forget.
    Device,
}

impl OutboxKind {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "staff" => Self::Staff,
            "region" => Self::Region,
            "organization" => Self::Organization,
            "work" => Self::Work,
            "session" => Self::Session,
            "device" => Self::Device,
            _ => return None,
        })
    }
}

/// A claimed row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxRow {
    /// Its number, for deleting it.
    pub id: i64,
    /// Tenant.
    pub organization: OrganizationId,
    /// What changed.
    pub kind: OutboxKind,
    /// Which one.
    pub entity: Uuid,
    /// The trace of the request that changed it.
    pub traceparent: Option<String>,
}

/// Claims up to `limit` rows that nobody else has claimed, passing over those named; they stay
/// claimed until the transaction ends.
///
/// # Errors
/// When the database fails.
pub async fn claim(
    tx: &mut Tx,
    limit: i64,
    except: &[i64],
) -> Result<Vec<OutboxRow>, StorageError> {
    let rows: Vec<(i64, Uuid, String, Uuid, Option<String>)> = sqlx::query_as(
        "SELECT id, organization_id, kind, entity_id, trace_parent FROM outbox \
         WHERE id <> ALL($2) ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED",
    )
    .bind(limit)
    .bind(except)
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter()
        .map(|(id, organization, kind, entity, traceparent)| {
            let kind = OutboxKind::parse(&kind)
                .ok_or_else(|| convert::corrupt("outbox kind", "an unknown word"))?;
            Ok(OutboxRow { id, organization: organization.into(), kind, entity, traceparent })
        })
        .collect()
}

/// Deletes claimed rows.
///
/// # Errors
/// When the database fails.
pub async fn delete(tx: &mut Tx, ids: &[i64]) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM outbox WHERE id = ANY($1)").bind(ids).execute(&mut **tx).await?;
    Ok(())
}

/// How many rows wait besides those named, and for how many seconds the oldest has.
///
/// # Errors
/// When the database fails.
pub async fn waiting(tx: &mut Tx, except: &[i64]) -> Result<(i64, f64), StorageError> {
    Ok(sqlx::query_as(
        "SELECT count(*), COALESCE(EXTRACT(EPOCH FROM now() - min(created_at)), 0)::float8 \
         FROM outbox WHERE id <> ALL($1)",
    )
    .bind(except)
    .fetch_one(&mut **tx)
    .await?)
}

/// Hears of new rows, on a connection of its own. A hint only: whoever listens polls as well.
pub struct OutboxListener(PgListener);

impl OutboxListener {
    /// Connects and listens.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn connect(pool: &crate::WorkerPool) -> Result<Self, StorageError> {
        let mut listener = PgListener::connect_with(pool.pool()).await?;
        listener.listen(CHANNEL).await?;
        Ok(Self(listener))
    }

    /// Returns once rows were added. May be dropped at any time.
    ///
    /// # Errors
    /// When the connection fails; connect anew.
    pub async fn heard(&mut self) -> Result<(), StorageError> {
        self.0.recv().await?;
        Ok(())
    }
}
