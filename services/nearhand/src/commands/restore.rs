//! `nearhand restore`: makes an installation of a backup, on a server that has none.

use crate::{
    backup_file::Backup,
    commands::migrate::Urls,
    objects::ObjectsSettings,
    pg_programs,
    progress::{announced, say},
    runtime::connect_queue,
    settings::{QueueSettings, options},
};
use anyhow::Context;
use nearhand_migrations::{
    backup::{is_empty, server_major},
    latest_version,
};
use nearhand_photos::Objects;
use secrecy::SecretString;
use std::{
    io,
    path::PathBuf,
    process::{ExitCode, Stdio},
};
use tokio::{io::AsyncWriteExt, process::Command, sync::mpsc};

/// Pieces of the dump that wait for `pg_restore`.
const WAITING: usize = 4;

/// Arguments of `nearhand restore`.
///
/// Stop `serve` and `work` first. Roles, database and extensions are made where they are missing, with
/// the passwords of the three URLs; a database that holds anything is refused. An older backup is
/// brought up to today's schema.
///
/// With --redis-url the feed begins anew, so that no live index keeps what is newer than the backup;
/// pings that wait in Redis are stored for people who are in the backup. Without it, use an empty
/// Redis.
///
/// People who were erased after the backup was made are in it again: erase them once more, with POST
/// /v1/staff/{id}/erase. The audit trail of the installation before says who they were (action
/// staff.erase).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What `nearhand backup` wrote.
    file: PathBuf,
    #[command(flatten)]
    urls: Urls,
    #[command(flatten)]
    objects: ObjectsSettings,
    #[command(flatten)]
    queue: QueueSettings,
    /// Redis, whose feed begins anew.
    #[arg(long, env = "NEARHAND_REDIS_URL", hide_env_values = true)]
    redis_url: Option<SecretString>,
}

/// Restores it.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let backup = Backup::open(&args.file)?;
    let (manifest, newest) = (backup.manifest.clone(), latest_version());
    if manifest.schema_version > newest {
        anyhow::bail!(
            "the backup is of schema {}, and this program knows {newest}; use Nearhand {} or newer",
            manifest.schema_version,
            manifest.nearhand_version
        );
    }
    let superuser = options(args.urls.superuser()?, "--superuser-url")?;
    let database = args.urls.database()?;
    let major = server_major(&superuser).await?;
    let program = pg_programs::find("pg_restore", major.max(manifest.postgres_major))?;
    if !is_empty(&superuser, &database).await? {
        anyhow::bail!(
            "the database `{database}` is not empty, and nothing was changed; drop it, or name \
             another in --database-url"
        );
    }
    // Both are tried first: without them the database would be there, and the rest would not.
    let objects = args.objects.open(None)?;
    let queue = match &args.redis_url {
        Some(url) => Some(connect_queue(&args.queue, url).await?),
        None => None,
    };
    say(&format!("The backup of {} is restored", manifest.created_at));
    args.urls.bootstrap().await?;
    let mut command = pg_programs::command(&program, args.urls.superuser()?, &database)?;
    command.args(["--exit-on-error", "--single-transaction", "--no-password"]);
    let backup = announced("restoring the database", pour(backup, command)).await?;
    args.urls.migrate().await?;
    let photos = announced("restoring photos", put_photos(backup, objects.as_ref())).await?;
    match queue {
        Some(queue) => queue.restart_feed().await.context("the feed cannot begin anew")?,
        None => say("No --redis-url was given: start with an empty Redis"),
    }
    say(&format!("`{database}` is as it was, with {photos} files of photos"));
    Ok(ExitCode::SUCCESS)
}

/// Feeds the dump to `pg_restore`; what it does not take whole, it takes back.
async fn pour(mut backup: Backup, mut command: Command) -> anyhow::Result<Backup> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    let mut input = child.stdin.take().context("pg_restore has no input")?;
    let (send, mut pieces) = mpsc::channel(WAITING);
    let reading = tokio::task::spawn_blocking(move || {
        let closed = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        let read = backup.read_dump(|piece| send.blocking_send(piece).map_err(closed));
        (backup, read)
    });
    let mut poured = Ok(());
    while let Some(piece) = pieces.recv().await {
        poured = input.write_all(&piece).await;
        if poured.is_err() {
            break;
        }
    }
    drop((input, pieces));
    let (backup, read) = reading.await?;
    let status = child.wait().await?;
    if !status.success() {
        anyhow::bail!("pg_restore failed ({status}); what it said stands above");
    }
    read?;
    poured?;
    Ok(backup)
}

/// Returns how many files were put into the object store.
async fn put_photos(mut backup: Backup, objects: Option<&Objects>) -> anyhow::Result<usize> {
    let keys = backup.objects();
    if keys.is_empty() {
        return Ok(0);
    }
    let Some(objects) = objects else {
        say(&format!("{} files of photos are left out: say where to with --objects", keys.len()));
        return Ok(0);
    };
    for key in &keys {
        // S3 keeps types; a folder does not, and the database knows them.
        objects.put(key, backup.object(key)?, "application/octet-stream").await?;
    }
    Ok(keys.len())
}
