//! What goes wrong with the store, in words that hold no secret.
//!
//! Texts of the store itself are never passed on: answers of S3 repeat the access key, and errors
//! of the library hold the whole answer. Only the error code of S3 is taken out of them.

use std::error::Error;
use std::io::ErrorKind;

/// Why a file could not be put, got or deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The store is away, too slow, or full. Try again later.
    #[error("the object store is unavailable: {why}")]
    Unavailable {
        /// What happened.
        why: String,
    },
    /// The store says no, or the request is wrong. Trying again will not help.
    #[error("the object store refuses: {why}")]
    Refused {
        /// What is wrong, and how to mend it.
        why: String,
    },
}

/// Why the store cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The address cannot be understood.
    #[error(
        "the address of the object store is wrong: {why}; use a folder such as /var/lib/nearhand \
         or s3://BUCKET/PREFIX?region=REGION"
    )]
    Address {
        /// What is wrong.
        why: String,
    },
    /// S3 needs credentials.
    #[error("the object store in S3 needs an access key id and a secret access key")]
    NoCredentials,
    /// The folder can be neither found nor made.
    #[error("the folder {path} of the object store cannot be used: {why}")]
    Folder {
        /// The folder.
        path: String,
        /// What the system says.
        why: String,
    },
    /// The client of S3 could not be made.
    #[error("the client of the object store could not be made: {why}")]
    Client {
        /// What is wrong.
        why: String,
    },
}

impl StoreError {
    pub(super) fn refused(why: impl Into<String>) -> Self {
        Self::Refused { why: why.into() }
    }

    pub(super) fn unavailable(why: impl Into<String>) -> Self {
        Self::Unavailable { why: why.into() }
    }
}

/// `None` if there is simply no such object; else what is wrong.
pub(super) fn told(error: &object_store::Error) -> Option<StoreError> {
    let text = error.to_string();
    let code = s3_code(&text);
    if code == Some("NoSuchBucket") {
        return Some(StoreError::refused("the bucket does not exist; create it, or mend its name"));
    }
    match error {
        object_store::Error::NotFound { .. } => None,
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => Some(StoreError::refused(format!(
            "access is denied ({}); check the credentials and what they may do",
            code.unwrap_or("no reason given")
        ))),
        _ => Some(from_system(error).unwrap_or_else(|| from_answer(&text, code))),
    }
}

/// Looks for an error of the file system.
fn from_system(error: &object_store::Error) -> Option<StoreError> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(io) = current.downcast_ref::<std::io::Error>() {
            let kind = io.kind();
            return match kind {
                ErrorKind::PermissionDenied
                | ErrorKind::ReadOnlyFilesystem
                | ErrorKind::NotADirectory
                | ErrorKind::IsADirectory
                | ErrorKind::InvalidFilename => Some(StoreError::refused(kind.to_string())),
                _ => Some(StoreError::unavailable(kind.to_string())),
            };
        }
        cause = current.source();
    }
    None
}

/// Judges an answer of S3 by its status, which the library only tells as text.
fn from_answer(text: &str, code: Option<&str>) -> StoreError {
    let status = text
        .split_once("status code: ")
        .and_then(|(_, rest)| rest.get(..3))
        .and_then(|digits| digits.parse::<u16>().ok());
    match status {
        Some(status @ (408 | 429 | 500..)) => {
            StoreError::unavailable(format!("it answers with status {status}"))
        }
        Some(300..=399) => elsewhere(),
        Some(status) => StoreError::refused(format!(
            "it answers with status {status} ({})",
            code.unwrap_or("no reason given")
        )),
        None if text.contains("redirect") => elsewhere(),
        None => StoreError::unavailable("it cannot be reached, or its answer broke off"),
    }
}

fn elsewhere() -> StoreError {
    StoreError::refused("it answers with a redirect; check region and endpoint")
}

/// The error code in an answer of S3, such as `NoSuchBucket`.
fn s3_code(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("<Code>")?;
    let (code, _) = rest.split_once("</Code>")?;
    let plain = code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    plain.then_some(code)
}
