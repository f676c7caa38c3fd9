//! `nearhand backup`: writes the database and the photos into one file, while everything runs on.

use crate::{
    backup_file::{Manifest, NewBackup},
    commands::migrate::Urls,
    objects::ObjectsSettings,
    pg_programs,
    progress::{announced, say},
    settings::options,
};
use anyhow::Context;
use nearhand_domain::{OrganizationId, PhotoId, clock, photo::PhotoFile};
use nearhand_migrations::backup::{Inventory, inventory, server_major};
use nearhand_photos::Objects;
use std::{
    path::PathBuf,
    process::{ExitCode, Stdio},
};
use tokio::io::AsyncReadExt;

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
    let manifest = Manifest::new(found.schema_version, major, clock::now(), objects.is_some());
    let mut backup = NewBackup::create(&args.file, &manifest)?;
    let mut command = pg_programs::command(&program, args.urls.superuser()?, &database)?;
    command.args(["--format=custom", "--no-password"]);
    let written = async {
        announced("dumping the database", dump(&mut backup, command)).await?;
        announced("copying photos", copy_photos(&mut backup, &found, objects.as_ref())).await
    };
    match written.await {
        Ok(photos) => {
            let mib = backup.finish()? / (1024 * 1024);
            say(&format!("{}: the database and {photos} photos, {mib} MiB", args.file.display()));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            backup.discard();
            Err(error)
        }
    }
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
    found: &Inventory,
    objects: Option<&Objects>,
) -> anyhow::Result<usize> {
    let Some(objects) = objects else {
        if !found.photos.is_empty() {
            say(&format!(
                "{} photos are left out: say where they are with --objects",
                found.photos.len()
            ));
        }
        return Ok(0);
    };
    let mut copied = 0;
    for (organization, photo) in &found.photos {
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
