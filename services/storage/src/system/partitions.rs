//! The daily partitions of pings and of recommendations, made ahead and dropped when they are too old,
//! and what else goes by age alone.

use crate::{StorageError, Tx};
use jiff::{Timestamp, civil::Date};
use jiff_sqlx::ToSqlx;

/// A table with a partition for each day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daily {
    /// Pings, by the day of the fix.
    Pings,
    /// Recommendations, by the day they were made.
    Recommendations,
}

/// Makes the partitions of these days that are missing; returns how many. Where any is missing it
/// needs the whole table for a moment, as [`drop_before`] does.
///
/// # Errors
/// When the database fails, somebody kept the table for too long, or more than 400 days are asked
/// for.
pub async fn ensure(
    tx: &mut Tx,
    table: Daily,
    first: Date,
    last: Date,
) -> Result<i32, StorageError> {
    unhurried(tx).await?;
    in_no_ones_way(tx).await?;
    let statement = match table {
        Daily::Pings => "SELECT ensure_ping_partitions($1, $2)",
        Daily::Recommendations => "SELECT ensure_recommendation_partitions($1, $2)",
    };
    Ok(sqlx::query_scalar(statement)
        .bind(first.to_sqlx())
        .bind(last.to_sqlx())
        .fetch_one(&mut **tx)
        .await?)
}

/// Drops the partitions of all days before `keep_from`; returns how many.
///
/// The drop needs the whole table for a moment, and while it waits for that every insert waits
/// behind it: so it waits for half a second at most.
///
/// # Errors
/// When the database fails, or somebody kept the table for too long
/// ([`StorageError::is_lock_timeout`]): try again later.
pub async fn drop_before(tx: &mut Tx, table: Daily, keep_from: Date) -> Result<i32, StorageError> {
    unhurried(tx).await?;
    in_no_ones_way(tx).await?;
    let statement = match table {
        Daily::Pings => "SELECT drop_ping_partitions($1)",
        Daily::Recommendations => "SELECT drop_recommendation_partitions($1)",
    };
    Ok(sqlx::query_scalar(statement).bind(keep_from.to_sqlx()).fetch_one(&mut **tx).await?)
}

/// Deletes sessions, tokens and idempotency keys that expired before an instant; returns how many.
///
/// # Errors
/// When the database fails.
pub async fn purge_expired(tx: &mut Tx, before: Timestamp) -> Result<i64, StorageError> {
    unhurried(tx).await?;
    Ok(sqlx::query_scalar("SELECT purge_expired($1)")
        .bind(before.to_sqlx())
        .fetch_one(&mut **tx)
        .await?)
}

/// Most rows of a kind deleted in one transaction.
const PURGED_AT_ONCE: i32 = 10_000;

/// Deletes devices revoked before the first instant and records of reads older than the second, a
/// good many at a time; returns how many went. Repeat until none does.
///
/// # Errors
/// When the database fails.
pub async fn purge_history(
    tx: &mut Tx,
    revoked_before: Timestamp,
    read_before: Timestamp,
) -> Result<i64, StorageError> {
    unhurried(tx).await?;
    Ok(sqlx::query_scalar("SELECT purge_history($1, $2, $3)")
        .bind(revoked_before.to_sqlx())
        .bind(read_before.to_sqlx())
        .bind(PURGED_AT_ONCE)
        .fetch_one(&mut **tx)
        .await?)
}

/// Deletes finished jobs and mails of all tenants that ended before these instants, a good many at a
/// time; returns how many went. Repeat until none does.
///
/// # Errors
/// When the database fails.
pub async fn purge_jobs(
    tx: &mut Tx,
    finished_before: Timestamp,
    mailed_before: Timestamp,
) -> Result<i64, StorageError> {
    unhurried(tx).await?;
    Ok(sqlx::query_scalar("SELECT purge_jobs($1, $2, $3)")
        .bind(finished_before.to_sqlx())
        .bind(mailed_before.to_sqlx())
        .bind(PURGED_AT_ONCE)
        .fetch_one(&mut **tx)
        .await?)
}

/// What goes by the calendar may take longer than other statements of the worker.
async fn unhurried(tx: &mut Tx) -> Result<(), StorageError> {
    sqlx::query("SET LOCAL statement_timeout = '10min'").execute(&mut **tx).await?;
    Ok(())
}

/// While a statement waits for the whole table, every insert waits behind it.
async fn in_no_ones_way(tx: &mut Tx) -> Result<(), StorageError> {
    sqlx::query("SET LOCAL lock_timeout = '500ms'").execute(&mut **tx).await?;
    Ok(())
}
