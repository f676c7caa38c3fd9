//! The object store: files under keys, in a folder or in S3.
//!
//! It does not know what the files are, and keeps no list of them.

mod address;
mod backend;
mod error;
mod key;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, GetResult, ObjectStore, ObjectStoreExt, PutOptions, PutPayload,
};
use secrecy::SecretString;
use tokio::time::timeout;

use address::Address;
pub use error::{OpenError, StoreError};

/// The largest file, in bytes: 32 MiB.
pub const MAX_OBJECT_BYTES: usize = 32 * 1024 * 1024;

/// Every call ends by then, whatever the store does.
const DEADLINE: Duration = Duration::from_secs(10);
/// What [`Objects::check`] writes and reads.
const PROBE_KEY: &str = "health/probe";
const PROBE: &[u8] = b"nearhand";

/// What S3 asks for. It does not print its secret.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The access key id.
    pub access_key_id: String,
    /// The secret access key.
    pub secret_access_key: SecretString,
}

/// The object store. A clone is another handle to the same one.
#[derive(Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    /// Stands before every key.
    prefix: String,
    /// A folder keeps no content types.
    keeps_types: bool,
}

impl Objects {
    /// Opens the store at `address`: a folder as a path or `file:` URL, which is made with mode
    /// 0700 if it is not there, or
    /// `s3://BUCKET/PREFIX?region=REGION&endpoint=http://HOST:PORT&path_style=true`.
    ///
    /// All parameters are optional. `region` is `us-east-1` by default, `endpoint` is that of AWS,
    /// and `path_style` is true if an endpoint is given. A folder needs no credentials.
    ///
    /// Nothing is sent to S3: [`Objects::check`] tells whether it answers.
    ///
    /// # Errors
    ///
    /// [`OpenError`], which says what to mend and repeats no secret.
    pub fn open(address: &str, credentials: Option<&Credentials>) -> Result<Self, OpenError> {
        match address::parse(address)? {
            Address::Folder(path) => {
                let store = backend::folder(&path)?;
                Ok(Self { store, prefix: String::new(), keeps_types: false })
            }
            Address::S3(address) => {
                let credentials = credentials.ok_or(OpenError::NoCredentials)?;
                let store = backend::s3(&address, credentials)?;
                Ok(Self { store, prefix: address.prefix, keeps_types: true })
            }
        }
    }

    /// Keeps a file and replaces what the key had. Readers see the old file or the new one, never
    /// a part. It is on disk, or with S3, when this returns.
    ///
    /// Keys have `a-z`, `0-9`, and `/ _ . -`, as in `photos/0198/256.jpg`.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; `Refused` for a wrong key or more than [`MAX_OBJECT_BYTES`].
    pub async fn put(
        &self,
        key: &str,
        bytes: impl Into<Bytes>,
        content_type: &str,
    ) -> Result<(), StoreError> {
        let place = key::place(&self.prefix, key)?;
        let bytes = bytes.into();
        fits(bytes.len() as u64)?;
        let mut options = PutOptions::default();
        if self.keeps_types {
            options.attributes =
                Attributes::from_iter([(Attribute::ContentType, content_type.to_owned())]);
        }
        let put = self.store.put_opts(&place, PutPayload::from_bytes(bytes), options);
        match within_deadline(put).await? {
            Some(_) => Ok(()),
            None => Err(StoreError::refused("there is no such folder or bucket")),
        }
    }

    /// The file under a key, or `None` if there is none. All of it is in memory.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; `Refused` for a wrong key or a file larger than [`MAX_OBJECT_BYTES`].
    pub async fn get(&self, key: &str) -> Result<Option<Bytes>, StoreError> {
        let place = key::place(&self.prefix, key)?;
        let Some(found) = within_deadline(self.read(&place)).await? else { return Ok(None) };
        found.map(Some)
    }

    /// Deletes the file under a key. That there is none is no error.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; `Refused` for a wrong key.
    pub async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let place = key::place(&self.prefix, key)?;
        within_deadline(self.store.delete(&place)).await?;
        Ok(())
    }

    /// Writes a small file under `health/probe` and reads it again. Many processes may do so at
    /// once, since all write the same.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as of [`Objects::put`] and [`Objects::get`].
    pub async fn check(&self) -> Result<(), StoreError> {
        self.put(PROBE_KEY, PROBE, "text/plain").await?;
        match self.get(PROBE_KEY).await? {
            Some(bytes) if bytes == PROBE => Ok(()),
            _ => Err(StoreError::unavailable("what was written could not be read again")),
        }
    }

    /// The inner result is about the size, which is known before the content is read.
    async fn read(&self, place: &Path) -> object_store::Result<Result<Bytes, StoreError>> {
        let found: GetResult = self.store.get(place).await?;
        if let Err(error) = fits(found.meta.size) {
            return Ok(Err(error));
        }
        Ok(Ok(found.bytes().await?))
    }
}

impl fmt::Debug for Objects {
    /// The library would print the access key id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Objects").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// `None` if there is no such object.
async fn within_deadline<T>(
    call: impl Future<Output = object_store::Result<T>>,
) -> Result<Option<T>, StoreError> {
    match timeout(DEADLINE, call).await {
        Ok(Ok(value)) => Ok(Some(value)),
        Ok(Err(error)) => error::told(&error).map_or(Ok(None), Err),
        Err(_) => Err(StoreError::unavailable(format!(
            "it did not answer within {} seconds",
            DEADLINE.as_secs()
        ))),
    }
}

fn fits(size: u64) -> Result<(), StoreError> {
    if size > MAX_OBJECT_BYTES as u64 {
        return Err(StoreError::refused(format!(
            "the file has {size} bytes, and at most {MAX_OBJECT_BYTES} are kept"
        )));
    }
    Ok(())
}
