//! `nearhand backup`: writes the database and the photos into one file, while everything runs on.

use crate::{
    backup_file::{Manifest, NewBackup},
    commands::migrate::Urls,
    objects::ObjectsSettings,
    pg_programs,
    progress::{announced, say},
    settings::options,
    signals::{self, Interrupts},
};
use anyhow::Context;
use nearhand_domain::{OrganizationId, PhotoId, clock, photo::PhotoFile};
use nearhand_migrations::backup::{Inventory, inventory, server_major};
use nearhand_photos::Objects;
use std::{
    collections::BTreeSet,
    path::PathBuf,
    process::{ExitCode, Stdio},
};
use tokio::io::AsyncReadExt;
use uuid::Uuid;

/// Arguments of `nearhand backup`.
///
/// The file holds everything: people, their positions, and the keys of their personal values in the
/// audit trail. Whoever reads it reads them, so it can be read by its owner alone; encrypt copies of
/// it. Keep it no longer than people's data may be kept: who is erased later is still in it, and comes
/// back with `restore`; erase them again then.
///
/// What the backup does not hold: pings that wait in Redis, mails in the outbox, and the passwords of
/// the roles.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The file to write; one that is there already is never replaced.
    file: PathBuf,
    #[command(flatten)]
    urls: Urls,
    #[command(flatten)]
    objects: ObjectsSettings,
    /// Leave photos out where --objects is not given.
    #[arg(long)]
    without_photos: bool,
}

/// Writes it.
pub(crate) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let superuser = options(args.urls.superuser()?, "--superuser-url")?;
    let database = args.urls.database()?;
    let objects = args.objects.open(None)?;
    let major = server_major(&superuser).await?;
    let program = pg_programs::find("pg_dump", major)?;
    let found = inventory(&superuser, &database).await?.with_context(|| {
        format!("the database `{database}` holds no schema of Nearhand's; nothing to back up")
    })?;
    if objects.is_none() && !found.photos.is_empty() && !args.without_photos {
        anyhow::bail!(
            "there are {} photos: say where they are with --objects, or leave them out with \
             --without-photos",
            found.photos.len()
        );
    }
    let manifest = Manifest::new(found.schema_version, major, clock::now(), objects.is_some());
    let mut interrupts = Interrupts::listen()?;
    let mut backup = NewBackup::create(&args.file, &manifest)?;
    let mut command = pg_programs::command(&program, args.urls.superuser()?, &database)?;
    command.args(["--format=custom", "--no-password"]);
    let written = async {
        announced("dumping the database", dump(&mut backup, command)).await?;
        // The dump began after the first look, and may name photos that were new by then.
        let later = inventory(&superuser, &database).await?;
        let photos = all_photos(&found, later.as_ref());
        announced("copying photos", copy_photos(&mut backup, &photos, objects.as_ref())).await
    };
    let photos = tokio::select! {
        photos = written => photos?,
        // What has been written goes with the file's name.
        signal = interrupts.next() => return Ok(signals::exit_status(signal).into()),
    };
    let mib = backup.finish()? / (1024 * 1024);
    say(&format!("{}: the database and {photos} photos, {mib} MiB", args.file.display()));
    Ok(ExitCode::SUCCESS)
}

/// The photos of both looks.
fn all_photos(first: &Inventory, later: Option<&Inventory>) -> BTreeSet<(Uuid, Uuid)> {
    let later = later.into_iter().flat_map(|later| &later.photos);
    first.photos.iter().chain(later).copied().collect()
}

/// The dump is a snapshot of one moment.
async fn dump(backup: &mut NewBackup, mut command: tokio::process::Command) -> anyhow::Result<()> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut output = child.stdout.take().context("pg_dump has no output")?;
    backup.begin_dump()?;
    let mut piece = vec![0; 256 * 1024];
    loop {
        let read = output.read(&mut piece).await?;
        if read == 0 {
            break;
        }
        backup.write(&piece[..read])?;
    }
    let status = child.wait().await?;
    if !status.success() {
        anyhow::bail!("pg_dump failed ({status}); what it said stands above");
    }
    Ok(())
}

/// The files of all photos; returns how many photos. One that is replaced meanwhile is left out.
async fn copy_photos(
    backup: &mut NewBackup,
    photos: &BTreeSet<(Uuid, Uuid)>,
    objects: Option<&Objects>,
) -> anyhow::Result<usize> {
    let Some(objects) = objects else {
        return Ok(0);
    };
    let mut copied = 0;
    for (organization, photo) in photos {
        for file in PhotoFile::ALL {
            let key = file.key(OrganizationId(*organization), PhotoId(*photo));
            if let Some(bytes) = objects.get(&key).await? {
                backup.add_object(&key, &bytes)?;
                copied += usize::from(file == PhotoFile::Whole);
            }
        }
    }
    Ok(copied)
}
