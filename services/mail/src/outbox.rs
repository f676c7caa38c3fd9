//! The outbox: mails as files, for installations without a mail server. Must not send anything.
//!
//! Each mail is one JSON file named by its id, readable by its owner alone. It is written beside
//! its place and renamed, so that readers see whole files only. Only the newest are kept.

use crate::{
    letter::Kind,
    mailer::Mail,
    message::{self, sender},
};
use jiff::Timestamp;
use lettre::message::Mailbox;
use nearhand_domain::clock;
use serde::{Deserialize, Serialize};
use std::{
    fmt, fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};
use uuid::Uuid;

/// How many mails an outbox keeps. The oldest are removed first.
pub const KEPT: usize = 1000;

/// A folder of mails. Clones share it, and several processes may too.
#[derive(Clone, Debug)]
pub struct Outbox {
    folder: Arc<Path>,
    from: Mailbox,
    kept: usize,
}

/// A mail in the outbox. `Debug` does not print its words or its recipient.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutboxMail {
    /// Grows with time (UUIDv7).
    pub id: Uuid,
    /// When it was written.
    pub at: Timestamp,
    /// The sender, with a name if one is set.
    pub from: String,
    /// Address of the recipient.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The plain text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// Which letter it is.
    pub kind: Kind,
    /// Tag of the language it is in.
    pub language: String,
    /// As the sender gave it; attempts to send the same mail share it.
    pub message_id: String,
}

/// Why the outbox cannot be used. Contains nothing of a mail.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The sender is not valid.
    #[error("the sender must be an address such as `Nearhand <mail@example.org>`")]
    From,
    /// A file or the folder cannot be read or written.
    #[error("the outbox {}: {source}; check that the folder exists and is ours", folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A mail's file is not one that an outbox wrote.
    #[error("the mail {id} in the outbox {} cannot be read: remove its file", folder.display())]
    Unreadable {
        /// Its id.
        id: Uuid,
        /// The folder.
        folder: PathBuf,
    },
}

/// The id in a mail's Message-ID, so that a repeated mail has the same file; else a fresh one.
fn file_id(message_id: &str) -> Uuid {
    let name = message::bare_id(message_id).split('@').next().unwrap_or_default();
    let of_mail = Uuid::try_parse(name).ok().filter(|id| id.get_version_num() == 7);
    of_mail.unwrap_or_else(Uuid::now_v7)
}

impl Outbox {
    /// Opens a folder, and makes it, for its owner alone, if it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made or read, or `from` is no sender.
    pub fn open(folder: impl Into<PathBuf>, from: &str) -> Result<Self, OutboxError> {
        let from = sender(from).ok_or(OutboxError::From)?;
        let outbox = Self { folder: folder.into().into(), from, kept: KEPT };
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&outbox.folder);
        outbox.told(made)?;
        outbox.told(outbox.ids())?;
        Ok(outbox)
    }

    /// The same outbox with another number of mails kept, at least one.
    #[must_use]
    pub fn keeping(mut self, kept: usize) -> Self {
        self.kept = kept.max(1);
        self
    }

    /// The newest mails, newest first. Files that cannot be read are left out. Reads at most so
    /// many files as the limit, more only if some cannot be read.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub async fn list(&self, limit: usize) -> Result<Vec<OutboxMail>, OutboxError> {
        self.aside(move |outbox| {
            let ids = outbox.told(outbox.ids())?;
            let readable = ids.into_iter().rev().filter_map(|id| match outbox.load(id) {
                Ok(mail) => mail,
                Err(error) => {
                    tracing::warn!(mail.id = %id, %error, "a mail in the outbox is left out");
                    None
                }
            });
            Ok(readable.take(limit).collect())
        })
        .await
    }

    /// The mail of an id, `None` if there is none (any more).
    ///
    /// # Errors
    /// When its file cannot be read.
    pub async fn read(&self, id: Uuid) -> Result<Option<OutboxMail>, OutboxError> {
        self.aside(move |outbox| outbox.load(id)).await
    }

    /// Writes a mail, removes the oldest beyond the number kept, and gives the id. Once this
    /// returns, the mail survives a power cut.
    pub(crate) async fn write(&self, mail: &Mail) -> Result<Uuid, OutboxError> {
        let mail = self.entry(mail);
        self.aside(move |outbox| {
            outbox.told(outbox.store(&mail))?;
            outbox.told(outbox.prune())?;
            Ok(mail.id)
        })
        .await
    }

    /// Removes the mails with these ids, and those that `concerned` says yes to; returns how many. Files
    /// that cannot be read stay unless their id is given.
    ///
    /// # Errors
    /// When the folder cannot be read, or a file cannot be removed.
    pub async fn remove(
        &self,
        of: Vec<Uuid>,
        concerned: impl Fn(&OutboxMail) -> bool + Send + 'static,
    ) -> Result<usize, OutboxError> {
        self.aside(move |outbox| {
            let mut removed = 0;
            for id in outbox.told(outbox.ids())? {
                let goes = of.contains(&id)
                    || outbox.load(id).ok().flatten().is_some_and(|mail| concerned(&mail));
                if goes {
                    outbox.told(outbox.unlink(id))?;
                    removed += 1;
                }
            }
            Ok(removed)
        })
        .await
    }

    pub(crate) fn from(&self) -> &Mailbox {
        &self.from
    }

    fn entry(&self, mail: &Mail) -> OutboxMail {
        let words = mail.rendered.clone();
        OutboxMail {
            id: file_id(&mail.message_id),
            at: clock::now(),
            from: self.from.to_string(),
            to: mail.to.clone(),
            subject: words.subject,
            text: words.text,
            html: words.html,
            kind: mail.kind,
            language: words.language.to_owned(),
            message_id: message::bare_id(&mail.message_id).to_owned(),
        }
    }

    /// Runs work on files where it may block.
    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, OutboxError> + Send + 'static,
    ) -> Result<T, OutboxError> {
        let outbox = self.clone();
        match tokio::task::spawn_blocking(move || work(&outbox)).await {
            Ok(done) => done,
            Err(error) => self.told(Err(io::Error::other(error))),
        }
    }

    fn store(&self, mail: &OutboxMail) -> io::Result<()> {
        // The temporary file is of mode 0600 and goes away if anything fails.
        let mut file = tempfile::Builder::new()
            .prefix(".part-")
            .permissions(fs::Permissions::from_mode(0o600))
            .tempfile_in(&self.folder)?;
        serde_json::to_writer_pretty(&mut file, mail)?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        // A mail that is sent once more replaces itself, as a reader with one Message-ID sees it.
        file.persist(self.path(mail.id)).map_err(|failed| failed.error)?;
        fs::File::open(&self.folder)?.sync_all()
    }

    /// Another process may remove the same files.
    fn prune(&self) -> io::Result<()> {
        let ids = self.ids()?;
        for id in ids.iter().take(ids.len().saturating_sub(self.kept)) {
            self.unlink(*id)?;
        }
        Ok(())
    }

    fn unlink(&self, id: Uuid) -> io::Result<()> {
        match fs::remove_file(self.path(id)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The ids of all mails, oldest first. Files of other names are none of ours.
    fn ids(&self) -> io::Result<Vec<Uuid>> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".json"));
            ids.extend(id.and_then(|id| id.parse::<Uuid>().ok()));
        }
        ids.sort_unstable();
        Ok(ids)
    }

    fn load(&self, id: Uuid) -> Result<Option<OutboxMail>, OutboxError> {
        let unreadable = || OutboxError::Unreadable { id, folder: self.folder.to_path_buf() };
        match fs::read(self.path(id)) {
            Ok(bytes) => {
                let mail: OutboxMail = serde_json::from_slice(&bytes).map_err(|_| unreadable())?;
                if mail.id == id { Ok(Some(mail)) } else { Err(unreadable()) }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(_) => Err(unreadable()),
        }
    }

    fn path(&self, id: Uuid) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    /// Adds which folder it was.
    fn told<T>(&self, done: io::Result<T>) -> Result<T, OutboxError> {
        done.map_err(|source| OutboxError::Io { folder: self.folder.to_path_buf(), source })
    }
}

impl fmt::Debug for OutboxMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboxMail")
            .field("id", &self.id)
            .field("kind", &self.kind.name())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
