//! The file of a backup: a ZIP archive with a manifest, the dump of the database, and the photos. Only
//! its owner can read it. Must not know PostgreSQL or the object store.

use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::{
    fs,
    io::{self, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

/// The number of this layout.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const DUMP: &str = "database.dump";
/// Stands before the keys of photos.
const OBJECTS: &str = "objects/";

/// What a backup says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The layout of the file.
    pub(crate) format: u32,
    /// The program that wrote it.
    pub(crate) nearhand_version: String,
    /// The newest migration of the database.
    pub(crate) schema_version: i64,
    /// The server's major version.
    pub(crate) postgres_major: u32,
    /// When it was begun.
    pub(crate) created_at: jiff::Timestamp,
    /// Whether it has photos.
    pub(crate) has_photos: bool,
}

impl Manifest {
    pub(crate) fn new(
        schema_version: i64,
        postgres_major: u32,
        created_at: jiff::Timestamp,
        has_photos: bool,
    ) -> Self {
        let nearhand_version = env!("CARGO_PKG_VERSION").to_owned();
        Self {
            format: FORMAT,
            nearhand_version,
            schema_version,
            postgres_major,
            created_at,
            has_photos,
        }
    }
}

/// A backup that is being written, under a name of its own until it is whole. If it is dropped before,
/// nothing is left of it.
pub(crate) struct NewBackup {
    zip: ZipWriter<NamedTempFile>,
    path: PathBuf,
}

impl NewBackup {
    /// Begins one. A file that is there already is never replaced.
    pub(crate) fn create(path: &Path, manifest: &Manifest) -> anyhow::Result<Self> {
        if path.exists() {
            anyhow::bail!("{} is there already; choose another name", path.display());
        }
        let file = tempfile::Builder::new()
            .prefix(".nearhand-backup-")
            .permissions(fs::Permissions::from_mode(0o600))
            .tempfile_in(folder_of(path))
            .with_context(|| format!("cannot write into {}", folder_of(path).display()))?;
        let mut backup = Self { zip: ZipWriter::new(file), path: path.to_owned() };
        backup.begin(MANIFEST)?;
        serde_json::to_writer_pretty(&mut backup.zip, manifest)?;
        Ok(backup)
    }

    fn begin(&mut self, name: &str) -> anyhow::Result<()> {
        // The dump is compressed already, and so are photos.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(true);
        self.zip.start_file(name, options).context("cannot write the backup")
    }

    /// Begins the dump, which [`Self::write`] continues.
    pub(crate) fn begin_dump(&mut self) -> anyhow::Result<()> {
        self.begin(DUMP)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.zip.write_all(bytes).context("cannot write the backup")
    }

    /// Adds a file of the object store.
    pub(crate) fn add_object(&mut self, key: &str, bytes: &[u8]) -> anyhow::Result<()> {
        self.begin(&format!("{OBJECTS}{key}"))?;
        self.write(bytes)
    }

    /// Gives the whole file its name, once it is on the disk; returns its size.
    pub(crate) fn finish(self) -> anyhow::Result<u64> {
        let Self { zip, path } = self;
        let file = zip.finish().context("cannot write the backup")?;
        file.as_file().sync_all()?;
        let bytes = file.as_file().metadata()?.len();
        file.persist_noclobber(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        fs::File::open(folder_of(&path))?.sync_all()?;
        Ok(bytes)
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A backup that is read.
pub(crate) struct Backup {
    zip: ZipArchive<fs::File>,
    pub(crate) manifest: Manifest,
}

impl Backup {
    /// Opens one; it must be of a layout that this program knows.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let file =
            fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        let no_backup = || format!("{} is no whole backup of Nearhand's", path.display());
        let mut zip = ZipArchive::new(file).with_context(no_backup)?;
        let manifest: serde_json::Value = {
            let entry = zip.by_name(MANIFEST).with_context(no_backup)?;
            serde_json::from_reader(entry).with_context(no_backup)?
        };
        let format = manifest["format"].as_u64();
        if format != Some(u64::from(FORMAT)) {
            anyhow::bail!("{} was written by another version of Nearhand", path.display());
        }
        let manifest = serde_json::from_value(manifest).with_context(no_backup)?;
        Ok(Self { zip, manifest })
    }

    /// Hands the dump out, piece by piece.
    pub(crate) fn read_dump(
        &mut self,
        mut take: impl FnMut(Vec<u8>) -> io::Result<()>,
    ) -> anyhow::Result<()> {
        let mut entry = self.zip.by_name(DUMP).context("the backup has no database")?;
        loop {
            let mut piece = vec![0; 256 * 1024];
            let read = entry.read(&mut piece).context("the backup is damaged")?;
            if read == 0 {
                return Ok(());
            }
            piece.truncate(read);
            take(piece)?;
        }
    }

    /// The keys of its photos.
    pub(crate) fn objects(&self) -> Vec<String> {
        let key = |name: &str| name.strip_prefix(OBJECTS).map(str::to_owned);
        self.zip.file_names().filter_map(|name| key(name.ok()?.as_ref())).collect()
    }

    /// One photo.
    pub(crate) fn object(&mut self, key: &str) -> anyhow::Result<Vec<u8>> {
        let mut entry = self.zip.by_name(&format!("{OBJECTS}{key}"))?;
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).context("the backup is damaged")?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest::new(33, 15, jiff::Timestamp::UNIX_EPOCH, true)
    }

    #[test]
    fn what_is_written_is_read_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.zip");
        let mut new = NewBackup::create(&path, &manifest()).unwrap();
        new.begin_dump().unwrap();
        let dump: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        dump.chunks(70_000).for_each(|piece| new.write(piece).unwrap());
        new.add_object("photos/a/b", b"photo").unwrap();
        assert!(!path.exists(), "it has no name until it is whole");
        let bytes = new.finish().unwrap();
        let found = fs::metadata(&path).unwrap();
        assert_eq!((found.len(), found.permissions().mode() & 0o777), (bytes, 0o600));
        let mut read = Backup::open(&path).unwrap();
        assert_eq!(read.manifest, manifest());
        let mut again = Vec::new();
        read.read_dump(|piece| {
            again.extend(piece);
            Ok(())
        })
        .unwrap();
        assert!(again == dump);
        assert_eq!(read.objects(), ["photos/a/b"]);
        assert_eq!(read.object("photos/a/b").unwrap(), b"photo");
        let refused = NewBackup::create(&path, &manifest()).err().unwrap().to_string();
        assert!(refused.contains("there already"), "{refused}");
    }

    #[test]
    fn what_is_no_backup_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b.zip");
        let mut new = NewBackup::create(&path, &manifest()).unwrap();
        new.begin_dump().unwrap();
        drop(new);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left of it");
        let late = NewBackup::create(&path, &manifest()).unwrap();
        fs::write(&path, "PK").unwrap();
        assert!(late.finish().is_err(), "what has come meanwhile is not replaced");
        assert_eq!(fs::read(&path).unwrap(), b"PK");
        let refused = Backup::open(&path).err().unwrap().to_string();
        assert!(refused.contains("no whole backup"), "{refused}");
        fs::remove_file(&path).unwrap();
        let newer = Manifest { format: 2, ..manifest() };
        NewBackup::create(&path, &newer).unwrap().finish().unwrap();
        let refused = Backup::open(&path).err().unwrap().to_string();
        assert!(refused.contains("another version"), "{refused}");
    }
}
