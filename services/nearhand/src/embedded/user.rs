//! Which user the private servers run as.
//!
//! PostgreSQL refuses to run as root, so root hands the servers to another user. This module only
//! chooses, asks and hands over; it never creates a user and never changes what is not ours.

use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;

use nix::unistd::{Uid, User, getegid, geteuid};

use super::error::Error;

/// The user, besides root, that the servers run as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunAs {
    uid: u32,
    gid: u32,
    /// True if it is not the user of this process.
    other: bool,
}

impl RunAs {
    /// Ourselves; as root whoever owns `existing`, or else `postgres`, or else `nobody`.
    ///
    /// # Errors
    /// [`Error::NoUser`] if root finds none.
    pub(crate) fn choose(existing: &Path) -> Result<Self, Error> {
        if !geteuid().is_root() {
            return Ok(Self { uid: geteuid().as_raw(), gid: getegid().as_raw(), other: false });
        }
        if let Ok(meta) = std::fs::metadata(existing)
            && meta.uid() != 0
        {
            return Ok(Self { uid: meta.uid(), gid: meta.gid(), other: true });
        }
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self { uid: user.uid.as_raw(), gid: user.gid.as_raw(), other: true })
            .ok_or(Error::NoUser)
    }

    /// Makes a command run as this user.
    pub(crate) fn apply(&self, command: &mut tokio::process::Command) {
        if self.other {
            command.uid(self.uid).gid(self.gid);
        }
    }

    /// Hands a file or folder of ours to this user.
    ///
    /// # Errors
    /// [`Error::File`] if the system refuses.
    pub(crate) fn own(&self, path: &Path) -> Result<(), Error> {
        if self.other {
            std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
                .map_err(Error::file("hand over", path))?;
        }
        Ok(())
    }

    /// Whether this user can enter the folder. Really tried, because modes do not tell it all.
    pub(crate) fn reaches(&self, folder: &Path) -> bool {
        use std::os::unix::process::CommandExt;
        if !self.other {
            return true;
        }
        std::process::Command::new("/bin/sh")
            .args(["-c", "cd \"$0\""])
            .arg(folder)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .uid(self.uid)
            .gid(self.gid)
            .status()
            .is_ok_and(|status| status.success())
    }
}

/// The name of a user, or its number.
pub(crate) fn name_of(uid: u32) -> String {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => user.name,
        _ => uid.to_string(),
    }
}

/// The user of this process.
pub(crate) fn current_uid() -> u32 {
    geteuid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_never_runs_the_servers_as_root() {
        let chosen = RunAs::choose(Path::new("/nonexistent")).unwrap();
        assert_ne!(chosen.uid, 0);
        assert_eq!(chosen.other, current_uid() == 0);
    }

    #[test]
    fn names_fall_back_to_numbers() {
        assert_eq!(name_of(0), "root");
        assert_eq!(name_of(3_999_999_999), "3999999999");
    }
}
