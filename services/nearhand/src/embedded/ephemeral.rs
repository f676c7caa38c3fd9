//! Throw-away data directories for tests and benches.
//!
//! Made in the temporary folder, removed at the end; what a killed run left is removed by the next
//! one. Other folders are never touched.

use std::path::{Path, PathBuf};

use super::data_dir::DataDir;
use super::versions::MARKER;

const PREFIX: &str = "nearhand-ephemeral-";

/// A new path for a throw-away data directory. The folder is not made yet.
pub(crate) fn new_path(temporary: &Path) -> PathBuf {
    temporary.join(format!("{PREFIX}{}", uuid::Uuid::new_v4().simple()))
}

/// Removes one throw-away data directory, if it was made at all.
pub(crate) fn remove(path: &Path) {
    if path.join(MARKER).is_file()
        && let Err(error) = DataDir::open(path).and_then(DataDir::remove)
    {
        tracing::warn!(%error, "the throw-away data directory stays");
    }
}

/// Removes throw-away data directories that nobody works in any more.
pub(crate) fn sweep(temporary: &Path) {
    for entry in std::fs::read_dir(temporary).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        // Opening takes the lock, and fails if another run holds it.
        if is_ours
            && entry.path().join(MARKER).is_file()
            && let Ok(abandoned) = DataDir::open(&entry.path())
            && !abandoned.has_running_servers()
            && let Err(error) = abandoned.remove()
        {
            tracing::debug!(%error, "an abandoned throw-away folder stays");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn abandoned_folders_go_and_used_ones_stay() {
        let open = fs::Permissions::from_mode(0o755);
        let temporary = tempfile::Builder::new().permissions(open).tempdir().unwrap();
        let (used, abandoned) = (new_path(temporary.path()), new_path(temporary.path()));
        let foreign = temporary.path().join(format!("{PREFIX}notes"));
        fs::create_dir(&foreign).unwrap();
        let lock = DataDir::open(&used).unwrap();
        drop(DataDir::open(&abandoned).unwrap());
        sweep(temporary.path());
        assert!(used.exists() && foreign.exists() && !abandoned.exists());
        lock.remove().unwrap();
    }
}
