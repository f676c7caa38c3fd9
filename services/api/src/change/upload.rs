//! Files that are sent. Like every change they are judged only once the caller is known to be
//! allowed, and they may be large: nothing of a file is read before that.

use super::{
    key::{self, Key},
    outcome::Ended,
    request::{Precondition, request_hash, require_if_match},
    transaction::Change,
};
use crate::{
    access::caller::{Allowed, Caller},
    http::{
        body,
        codes::Code,
        problem::{ApiResult, Problem},
    },
    state::ApiState,
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use std::convert::Infallible;

/// A POST of a file as it is, perhaps with an `Idempotency-Key`.
pub(crate) struct PostedFile {
    route: String,
    headers: HeaderMap,
    body: Unread,
}

/// The same once it has been read.
pub(crate) struct ReadFile {
    route: String,
    key: Option<String>,
    /// Its content.
    pub(crate) bytes: Bytes,
    /// What came with it.
    pub(crate) headers: HeaderMap,
}

/// A file that is to replace one version of a stored thing.
pub(crate) struct Uploaded {
    /// What is said of it.
    pub(crate) head: UploadHead,
    /// The file.
    pub(crate) body: Unread,
}

/// What is said of a file.
pub(crate) struct UploadHead {
    headers: HeaderMap,
}

/// A body that nobody has read yet.
pub(crate) struct Unread(Request);

impl Unread {
    /// Reads it, within the route's limit.
    pub(crate) async fn read(self, _: &Allowed) -> ApiResult<Bytes> {
        body::read(self.0, &()).await
    }
}

impl<S: Send + Sync> FromRequest<S> for PostedFile {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        let route = format!("{} {}", request.method(), request.uri().path());
        Ok(Self { route, headers: request.headers().clone(), body: Unread(request) })
    }
}

impl PostedFile {
    /// Reads a file of one of these content types.
    pub(crate) async fn read(
        self,
        allowed: &Allowed,
        kinds: &'static [&'static str],
    ) -> ApiResult<ReadFile> {
        let Self { route, headers, body } = self;
        let key = key::read(&headers)?;
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        if !kinds.iter().any(|known| known.eq_ignore_ascii_case(kind)) {
            let detail = format!("send the file with one of {}", kinds.join(", "));
            return Err(Problem::new(Code::UnsupportedMediaType, detail));
        }
        let bytes = body.read(allowed).await?;
        Ok(ReadFile { route, key, bytes, headers })
    }
}

impl ReadFile {
    /// Begins the change; ends with the answer kept under its key, if there is one.
    pub(crate) async fn begin(
        &mut self,
        state: &ApiState,
        caller: &Caller,
        allowed: Allowed,
    ) -> Result<Change, Ended> {
        let hash = |key| Key::new(caller.staff, key, request_hash(&self.route, &self.bytes));
        let key = self.key.take().map(hash);
        Change::begin_with_key(state, caller, allowed, key).await
    }
}

impl<S: Send + Sync> FromRequest<S> for Uploaded {
    type Rejection = Infallible;

    async fn from_request(request: Request, _: &S) -> Result<Self, Infallible> {
        let head = UploadHead { headers: request.headers().clone() };
        Ok(Self { head, body: Unread(request) })
    }
}

impl UploadHead {
    /// The version that is meant to be replaced.
    pub(crate) fn precondition(&self) -> ApiResult<Precondition<'_>> {
        require_if_match(&self.headers)
    }

    /// What the client says it is; nothing where it says that it is bytes.
    pub(crate) fn content_type(&self) -> ApiResult<Option<&str>> {
        let Some(value) = self.headers.get(header::CONTENT_TYPE) else { return Ok(None) };
        let text = value.to_str().map_err(|_| {
            Problem::new(Code::MalformedBody, "`content-type` must be printable ASCII")
        })?;
        Ok(Some(text).filter(|text| !text.starts_with("application/octet-stream")))
    }

    /// The name of the file in `content-disposition`, if there is one.
    pub(crate) fn file_name(&self) -> Option<&str> {
        let text = self.headers.get(header::CONTENT_DISPOSITION)?.to_str().ok()?;
        text.split(';').find_map(|part| {
            let (name, value) = part.split_once('=')?;
            let is_name =
                matches!(name.trim().to_ascii_lowercase().as_str(), "filename" | "filename*");
            is_name.then(|| value.trim().trim_matches('"'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn uploaded(name: header::HeaderName, value: &'static str) -> UploadHead {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        UploadHead { headers }
    }

    #[test]
    fn the_name_of_the_file_is_found() {
        let name =
            |value| uploaded(header::CONTENT_DISPOSITION, value).file_name().map(str::to_owned);
        assert_eq!(name("attachment; filename=\"me.PNG\"").as_deref(), Some("me.PNG"));
        assert_eq!(name("attachment; filename=me.gif; size=7").as_deref(), Some("me.gif"));
        assert_eq!(
            name("inline; FileName*=UTF-8''m%C3%A9.jpg").as_deref(),
            Some("UTF-8''m%C3%A9.jpg")
        );
        assert_eq!(name("attachment"), None);
    }

    #[test]
    fn bytes_are_no_declaration() {
        let kind =
            |value| uploaded(header::CONTENT_TYPE, value).content_type().map(|t| t.is_some());
        assert!(matches!(kind("application/octet-stream"), Ok(false)));
        assert!(matches!(kind("image/png"), Ok(true)));
    }
}
