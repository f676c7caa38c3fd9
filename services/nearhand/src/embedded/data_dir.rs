//! The data directory: whose it is, who works in it, and where the servers' own files lie.
//!
//! Touches nothing that Nearhand did not make: a folder that is not empty must hold our marker.
//! Starts no server.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::error::Error;
use super::marker::{LOCK, Marker, check_owner, read_marker, write_marker};
use super::processes;
use super::user::{self, RunAs};
use super::versions::{FORMAT, MARKER};

const SECRETS: &str = "secrets.json";

/// An open data directory. While it lives, no other process can open it.
#[derive(Debug)]
pub(crate) struct DataDir {
    root: PathBuf,
    servers: PathBuf,
    run_as: RunAs,
    _locks: Vec<File>,
}

impl DataDir {
    /// Opens the folder, making it if need be, and the folder of the servers' files: inside it, or
    /// under `/var/lib/nearhand` if the servers' user cannot reach it.
    ///
    /// # Errors
    /// If the folder is foreign, in use, another user's, of another format, or cannot be written.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let root = make_folder(path)?;
        let before = read_marker(&root)?;
        check_owner(&root)?;
        let mut locks = vec![lock(&root, &root)?];
        let marker = match before {
            Some(marker) => marker,
            // Once more under the lock: another process may have been first.
            None => match read_marker(&root)? {
                Some(marker) => marker,
                None => new_marker(&root)?,
            },
        };
        let recorded = marker.servers.clone().unwrap_or_else(|| PathBuf::from("servers"));
        let servers = root.join(recorded);
        if !servers.is_dir() {
            if root.join(SECRETS).exists() {
                return Err(Error::Vanished { data_dir: root, servers });
            }
            make_servers_folder(&root, &servers, &marker)?;
        }
        let servers = servers.canonicalize().map_err(Error::file("open", &servers))?;
        match read_marker(&servers)? {
            Some(theirs) if theirs.id == marker.id => {}
            Some(_) => return Err(Error::Foreign(servers)),
            None => {
                let theirs = Marker { servers: None, data_dir: Some(root.clone()), ..marker };
                write_marker(&servers, &theirs)?;
            }
        }
        if !servers.starts_with(&root) {
            locks.push(lock(&servers, &root)?);
        }
        let run_as = RunAs::choose(&servers.join("postgres"))?;
        Ok(Self { root, servers, run_as, _locks: locks })
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where the servers keep their files.
    pub(crate) fn servers(&self) -> &Path {
        &self.servers
    }

    /// Who the servers run as.
    pub(crate) fn run_as(&self) -> &RunAs {
        &self.run_as
    }

    /// Makes a folder that only the servers' user can enter.
    ///
    /// # Errors
    /// [`Error::File`] if it cannot be made or handed over.
    pub(super) fn make_private(&self, path: &Path) -> Result<(), Error> {
        DirBuilder::new().mode(0o700).create(path).map_err(Error::file("create", path))?;
        self.run_as.own(path)
    }

    /// The file of passwords.
    pub(crate) fn secrets(&self) -> PathBuf {
        self.root.join(SECRETS)
    }

    /// A server's log.
    pub(crate) fn log(&self, server: &str) -> PathBuf {
        self.root.join(format!("{server}.log"))
    }

    /// Whether the servers' files lie outside, so that people can be told.
    pub(crate) fn is_split(&self) -> bool {
        !self.servers.starts_with(&self.root)
    }

    /// Whether a server still works here, left over by a killed process.
    pub(crate) fn has_running_servers(&self) -> bool {
        ["postgres", "redis"].iter().any(|name| processes::any_in(&self.servers.join(name)))
    }

    /// Removes everything. For throw-away folders only.
    ///
    /// # Errors
    /// [`Error::File`] if something cannot be removed.
    pub(crate) fn remove(self) -> Result<(), Error> {
        for folder in [&self.servers, &self.root] {
            if folder.exists() {
                fs::remove_dir_all(folder).map_err(Error::file("remove", folder))?;
            }
        }
        Ok(())
    }
}

/// What [`look`] found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nothing yet; the nearest folder that exists.
    New {
        /// In which the data directory would be made.
        parent: PathBuf,
    },
    /// One of ours, or an empty folder.
    Existing {
        /// Where the servers' files lie.
        servers: PathBuf,
        /// Who works in it.
        used_by: Option<u32>,
    },
}

/// Looks at a data directory without touching it.
///
/// # Errors
/// If it could not be opened, for whatever reason but that it is in use.
pub(crate) fn look(path: &Path) -> Result<Place, Error> {
    let Ok(root) = path.canonicalize() else {
        let absolute = std::path::absolute(path).map_err(Error::file("find", path))?;
        let parent = absolute.ancestors().find(|folder| folder.is_dir());
        let parent = parent.unwrap_or(Path::new("/")).to_path_buf();
        return Ok(Place::New { parent });
    };
    let Some(marker) = read_marker(&root)? else {
        return Ok(Place::Existing { servers: root, used_by: None });
    };
    check_owner(&root)?;
    let servers = root.join(marker.servers.unwrap_or_else(|| PathBuf::from("servers")));
    if !servers.is_dir() && root.join(SECRETS).exists() {
        return Err(Error::Vanished { data_dir: root, servers });
    }
    let lock = root.join(LOCK);
    let is_free = File::open(&lock).map_or(true, |file| file.try_lock_shared().is_ok());
    let holder = fs::read_to_string(&lock).unwrap_or_default();
    let used_by = if is_free { None } else { holder.trim().parse().ok() };
    Ok(Place::Existing { servers: if servers.is_dir() { servers } else { root }, used_by })
}

/// The major version of the PostgreSQL data that is there already.
pub(crate) fn existing_major(path: &Path) -> Option<u32> {
    let root = path.canonicalize().ok()?;
    let marker = read_marker(&root).ok()??;
    let servers = root.join(marker.servers?);
    fs::read_to_string(servers.join("postgres/PG_VERSION")).ok()?.trim().parse().ok()
}

/// Root's folders let others through (not look), because the servers run as another user.
fn folder_mode() -> u32 {
    if user::current_uid() == 0 { 0o711 } else { 0o700 }
}

fn make_folder(path: &Path) -> Result<PathBuf, Error> {
    if !path.exists() {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(Error::file("create", parent))?;
        }
        match DirBuilder::new().mode(folder_mode()).create(path) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            result => result.map_err(Error::file("create", path))?,
        }
    }
    path.canonicalize().map_err(Error::file("open", path))
}

/// Takes the folder's lock, which the system gives back when this process ends, however it ends.
fn lock(folder: &Path, data_dir: &Path) -> Result<File, Error> {
    let path = folder.join(LOCK);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o644)
        .open(&path)
        .map_err(Error::file("open", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            return Err(Error::Locked {
                path: data_dir.to_path_buf(),
                pid: pid.trim().parse().ok(),
            });
        }
        Err(TryLockError::Error(error)) => return Err(Error::file("lock", &path)(error)),
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "{}", std::process::id()))
        .map_err(Error::file("write", &path))?;
    Ok(file)
}

/// Decides where the servers' files go, and writes it down.
fn new_marker(root: &Path) -> Result<Marker, Error> {
    let id = uuid::Uuid::new_v4().simple().to_string();
    let run_as = RunAs::choose(root)?;
    let servers = if run_as.reaches(root) {
        PathBuf::from("servers")
    } else {
        elsewhere(root, &id)
            .into_iter()
            .find(|folder| folder.parent().is_some_and(|parent| prepare(parent, &run_as)))
            .ok_or_else(|| {
                Error::System(format!(
                    "the servers' user cannot reach {}, and neither /var/lib nor /var/tmp can be used instead.\n\
                     Give a folder that others may enter with --data-dir, for example /srv/nearhand.",
                    root.display()
                ))
            })?
    };
    let marker = Marker { format: FORMAT, id, servers: Some(servers), data_dir: None };
    write_marker(root, &marker)?;
    Ok(marker)
}

/// Folders outside, best first. The name begins with a hash of the data directory, so that its
/// leftovers can be told; the random end keeps a new beginning apart from them.
fn elsewhere(root: &Path, id: &str) -> [PathBuf; 2] {
    let name = format!("{}-{}", place_hash(root), id.get(..8).unwrap_or(id));
    [
        Path::new("/var/lib/nearhand").join(&name),
        Path::new("/var/tmp").join(format!("nearhand-{name}")),
    ]
}

fn place_hash(root: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let digest = Sha256::digest(root.as_os_str().as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// Folders of servers that belonged to an earlier data directory at the same place.
pub(crate) fn leftovers_elsewhere(data_dir: &DataDir) -> Vec<PathBuf> {
    let prefix = place_hash(&data_dir.root);
    let entries = fs::read_dir("/var/lib/nearhand").into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&prefix))
        .map(|entry| entry.path())
        .filter(|folder| *folder != data_dir.servers && folder.join(MARKER).is_file())
        .collect()
}

fn prepare(parent: &Path, run_as: &RunAs) -> bool {
    if !parent.exists() && DirBuilder::new().mode(0o755).create(parent).is_err() {
        return false;
    }
    run_as.reaches(parent)
}

fn make_servers_folder(root: &Path, servers: &Path, marker: &Marker) -> Result<(), Error> {
    if let Some(parent) = servers.parent().filter(|parent| !parent.exists()) {
        DirBuilder::new().mode(0o755).create(parent).map_err(Error::file("create", parent))?;
    }
    DirBuilder::new()
        .mode(folder_mode())
        .create(servers)
        .map_err(Error::file("create", servers))?;
    let theirs = Marker { servers: None, data_dir: Some(root.to_path_buf()), ..marker.clone() };
    write_marker(servers, &theirs)
}

#[cfg(test)]
mod tests {
    use super::super::marker::{UNFINISHED, write_private};
    use super::*;

    /// Open to others, so that as root the servers' files stay inside.
    fn folder() -> tempfile::TempDir {
        use std::os::unix::fs::PermissionsExt;
        tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap()
    }

    #[test]
    fn a_new_folder_is_marked_and_opens_again() {
        let parent = folder();
        let path = parent.path().join("data");
        let first = DataDir::open(&path).unwrap();
        let servers = first.servers().to_path_buf();
        assert!(first.root().join(MARKER).is_file() && servers.join(MARKER).is_file());
        drop(first);
        let again = DataDir::open(&path).unwrap();
        assert_eq!(again.servers(), servers);
        again.remove().unwrap();
        assert!(!path.exists() && !servers.exists());
    }

    #[test]
    fn a_foreign_folder_is_left_alone() {
        let parent = folder();
        fs::write(parent.path().join("thesis.txt"), "precious").unwrap();
        let refused = DataDir::open(parent.path()).unwrap_err();
        assert!(matches!(refused, Error::Foreign(_)), "{refused}");
        let names: Vec<_> = fs::read_dir(parent.path()).unwrap().collect();
        assert_eq!(names.len(), 1);
    }

    #[test]
    fn two_cannot_work_in_one_folder() {
        let parent = folder();
        let path = parent.path().join("data");
        let first = DataDir::open(&path).unwrap();
        match DataDir::open(&path).unwrap_err() {
            Error::Locked { pid, .. } => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other}"),
        }
        first.remove().unwrap();
    }

    #[test]
    fn other_formats_and_broken_markers_are_refused() {
        let parent = folder();
        fs::write(parent.path().join(MARKER), r#"{"format":7,"later":true}"#).unwrap();
        let refused = DataDir::open(parent.path()).unwrap_err();
        assert!(matches!(refused, Error::Format { found: 7, .. }), "{refused}");
        fs::write(parent.path().join(MARKER), "{").unwrap();
        let refused = DataDir::open(parent.path()).unwrap_err();
        assert!(matches!(refused, Error::Marker { .. }), "{refused}");
    }

    #[test]
    fn lost_servers_are_not_silently_replaced() {
        let parent = folder();
        let path = parent.path().join("data");
        let first = DataDir::open(&path).unwrap();
        let servers = first.servers().to_path_buf();
        write_private(&first.secrets(), b"{}").unwrap();
        drop(first);
        fs::remove_dir_all(servers).unwrap();
        let refused = DataDir::open(&path).unwrap_err();
        assert!(matches!(refused, Error::Vanished { .. }), "{refused}");
    }

    #[test]
    fn an_interrupted_beginning_is_taken_up() {
        let parent = folder();
        fs::write(parent.path().join(LOCK), "").unwrap();
        fs::write(parent.path().join(format!("{MARKER}{UNFINISHED}")), "{").unwrap();
        DataDir::open(parent.path()).unwrap();
    }
}
