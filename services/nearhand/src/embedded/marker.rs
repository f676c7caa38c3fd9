//! The marker that makes a folder ours, and private files in it.
//!
//! Decides whether a folder may be touched at all; changes nothing in one that may not.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::Error;
use super::user;
use super::versions::{FORMAT, MARKER};

/// The file whose lock is held by whoever works in the folder.
pub(super) const LOCK: &str = "lock";
/// The end of the name of a file that is still being written.
pub(super) const UNFINISHED: &str = ".unfinished";

/// What the marker says.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub(super) struct Marker {
    pub(super) format: u32,
    /// The same in the data directory and in the servers' folder.
    pub(super) id: String,
    /// In the data directory: where the servers' files lie, relative to it or absolute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) servers: Option<PathBuf>,
    /// In the servers' folder: whose they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) data_dir: Option<PathBuf>,
}

/// The marker of a folder; none if the folder is empty.
pub(super) fn read_marker(folder: &Path) -> Result<Option<Marker>, Error> {
    let path = folder.join(MARKER);
    match fs::read_to_string(&path) {
        Ok(text) => parse_marker(folder, &path, &text).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let entries = fs::read_dir(folder).map_err(Error::file("list", folder))?;
            for entry in entries {
                let name = entry.map_err(Error::file("list", folder))?.file_name();
                let name = name.to_string_lossy();
                if name != LOCK && !name.ends_with(UNFINISHED) {
                    return Err(Error::Foreign(folder.to_path_buf()));
                }
            }
            Ok(None)
        }
        Err(error) => {
            check_owner(folder)?;
            Err(Error::file("read", &path)(error))
        }
    }
}

fn parse_marker(folder: &Path, path: &Path, text: &str) -> Result<Marker, Error> {
    let broken = |error: serde_json::Error| Error::Marker {
        path: path.to_path_buf(),
        reason: error.to_string(),
    };
    let value: serde_json::Value = serde_json::from_str(text).map_err(broken)?;
    let format = value.get("format").and_then(serde_json::Value::as_u64);
    match format.and_then(|format| u32::try_from(format).ok()) {
        Some(FORMAT) => serde_json::from_value(value).map_err(broken),
        Some(found) => Err(Error::Format { path: folder.to_path_buf(), found }),
        None => Err(Error::Marker { path: path.to_path_buf(), reason: "no format".to_owned() }),
    }
}

pub(super) fn write_marker(folder: &Path, marker: &Marker) -> Result<(), Error> {
    let path = folder.join(MARKER);
    let text = serde_json::to_vec_pretty(marker)
        .map_err(|error| Error::Marker { path: path.clone(), reason: error.to_string() })?;
    write_whole(&path, &text, 0o644)
}

pub(super) fn check_owner(root: &Path) -> Result<(), Error> {
    let me = user::current_uid();
    let owner = fs::metadata(root.join(MARKER)).or_else(|_| fs::metadata(root));
    match owner {
        // Root may begin in an empty folder of somebody else's; what was begun stays its maker's.
        Ok(meta) if meta.uid() != me && (me != 0 || root.join(MARKER).exists()) => {
            Err(Error::OtherUser {
                path: root.to_path_buf(),
                owner: user::name_of(meta.uid()),
                me: user::name_of(me),
            })
        }
        _ => Ok(()),
    }
}

/// Writes a file that only we can read, so that it is there whole or not at all.
///
/// # Errors
/// [`Error::File`] if it cannot be written.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<(), Error> {
    write_whole(path, content, 0o600)
}

fn write_whole(path: &Path, content: &[u8], mode: u32) -> Result<(), Error> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(UNFINISHED);
    let unfinished = path.with_file_name(name);
    let write = || {
        let _ = fs::remove_file(&unfinished);
        let mut file =
            OpenOptions::new().write(true).create_new(true).mode(mode).open(&unfinished)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    write().map_err(Error::file("write", path))
}
