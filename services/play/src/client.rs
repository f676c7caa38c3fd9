//! A small client of our own HTTP API, for those who play people and phones.
//!
//! Problem documents become errors that say what to do. It does not decide about repeating: that is
//! the caller's business, with the help of `Error::is_passing` and `Error::wait`.

mod calls;
mod private;
mod session;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::{Method, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};

use crate::apps::{Report, TokenIn};

pub(crate) use calls::{Person, token_works};
pub(crate) use private::{read_private, write_private};
pub use session::{Login, Session};
pub(crate) use session::{Tokens, log_in};

/// A request that takes longer counts as failed.
const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait that a server may ask of us.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// Longest text of an answer that is no problem document.
const MAX_SHOWN: usize = 200;

/// An API at a base URL. Cheap to clone; connections are kept and shared.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Arc<str>,
}

/// Why a request brought no answer of use.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody answered, or the answer broke off.
    #[error("{base} does not answer ({reason})")]
    Unreachable {
        /// Where.
        base: Arc<str>,
        /// Why not.
        reason: String,
    },
    /// The API refused.
    #[error("{0}")]
    Refused(Box<Refusal>),
    /// A success that cannot be understood.
    #[error("{what} was answered with something else than expected: {reason}")]
    Strange {
        /// Method and path.
        what: String,
        /// What was wrong.
        reason: String,
    },
}

/// What the API said when it refused.
#[derive(Debug)]
pub struct Refusal {
    /// Method and path.
    pub(crate) what: String,
    /// HTTP status.
    pub(crate) status: StatusCode,
    /// How long to wait before trying again, if the server said so.
    pub(crate) retry_after: Option<Duration>,
    /// The problem document, as far as there was one.
    pub(crate) problem: Problem,
}

/// An RFC 9457 problem document.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Problem {
    /// Stable machine code.
    pub(crate) code: String,
    /// What happened and how to mend it.
    pub(crate) detail: String,
    /// Every wrong field.
    pub(crate) errors: Vec<WrongField>,
    /// The same as in the server's log.
    pub(crate) request_id: String,
}

/// A wrong field of a request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct WrongField {
    /// Where in the body.
    pub(crate) pointer: String,
    /// What is wrong with it.
    pub(crate) detail: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, status, problem, .. } = self;
        write!(f, "{what} was refused with {}", status.as_u16())?;
        if !problem.code.is_empty() {
            write!(f, " {}", problem.code)?;
        }
        if !problem.detail.is_empty() {
            write!(f, ": {}", problem.detail)?;
        }
        for field in &problem.errors {
            write!(f, "; {} {}", field.pointer, field.detail)?;
        }
        if status.is_server_error() && !problem.request_id.is_empty() {
            write!(f, " (request {})", problem.request_id)?;
        }
        Ok(())
    }
}

impl Error {
    /// Whether the same request may well succeed later: nobody answered, or the server has too
    /// much to do or a fault of its own.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { .. } => true,
            Self::Refused(refusal) => {
                let status = refusal.status;
                status.is_server_error()
                    || status == StatusCode::TOO_MANY_REQUESTS
                    || status == StatusCode::REQUEST_TIMEOUT
                    || refusal.problem.code == "idempotency_in_flight"
            }
            Self::Strange { .. } => false,
        }
    }

    /// How long the server asked us to wait.
    pub(crate) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }

    /// Whether the API refused with this code.
    pub(crate) fn is(&self, code: &str) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.problem.code == code)
    }

    /// Whether the state of things did not allow it: somebody else was faster, or it has ended.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == StatusCode::CONFLICT)
    }

    /// Whether the token was not accepted.
    pub(crate) fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.status == StatusCode::UNAUTHORIZED)
    }
}

/// A request in the making.
pub(crate) struct Call<'a> {
    client: &'a Client,
    method: Method,
    /// For errors: without a query, which may hold coordinates.
    route: String,
    request: reqwest::RequestBuilder,
}

impl Client {
    /// A client of the API at this URL, such as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// If it is no URL that can be used.
    pub fn new(url: &str) -> anyhow::Result<Self> {
        let base = url.trim().trim_end_matches('/');
        let parsed = reqwest::Url::parse(base).map_err(|error| {
            anyhow::anyhow!("`{base}` is no URL ({error}); write it like http://127.0.0.1:8080")
        })?;
        anyhow::ensure!(
            parsed.scheme() == "http",
            "only http:// is spoken here; for a server behind TLS, use its inner address or a tunnel"
        );
        // The HTTP client is built without a TLS provider of its own. One may be there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("nearhand/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, base: base.into() })
    }

    /// The base URL, without a slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Begins a request.
    pub(crate) fn call(&self, method: Method, path: impl Into<String>) -> Call<'_> {
        let path = path.into();
        let request = self.http.request(method.clone(), format!("{}{path}", self.base));
        Call { client: self, method, route: template(&path).to_owned(), request }
    }

    /// Begins a report of an app.
    pub(crate) fn report(&self, report: Report, token: &SecretString) -> Call<'_> {
        let Report { method, path, route, token_in, content_type, body } = report;
        let address = format!("{}{}", self.base, path.expose_secret());
        let mut request = self.http.request(method.clone(), address);
        request = match token_in {
            TokenIn::Bearer => request.bearer_auth(token.expose_secret()),
            TokenIn::Basic => request.basic_auth("phone", Some(token.expose_secret())),
            TokenIn::Path => request,
        };
        if let Some(kind) = content_type {
            request = request.header(header::CONTENT_TYPE, kind).body(body);
        }
        Call { client: self, method, route: route.to_owned(), request }
    }

    fn unreachable(&self, error: &reqwest::Error) -> Error {
        // The error's own text repeats the URL, and some URLs hold what no log may.
        let reason = if error.is_timeout() {
            "it took too long"
        } else if error.is_connect() {
            "no connection"
        } else {
            "the connection broke"
        };
        Error::Unreachable { base: Arc::clone(&self.base), reason: reason.to_owned() }
    }
}

impl Call<'_> {
    /// With a token.
    pub(crate) fn bearer(mut self, token: &SecretString) -> Self {
        self.request = self.request.bearer_auth(token.expose_secret());
        self
    }

    /// With a JSON body.
    pub(crate) fn json(mut self, body: &impl Serialize) -> Self {
        self.request = self.request.json(body);
        self
    }

    /// With a header.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// Sends it and reads the answer.
    ///
    /// # Errors
    /// If there is no answer, a refusal, or an answer of another shape.
    pub(crate) async fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        let (client, what) = (self.client, format!("{} {}", self.method, self.route));
        let response = self.accepted(&what).await?;
        let bytes = response.bytes().await.map_err(|error| client.unreachable(&error))?;
        serde_json::from_slice(&bytes).map_err(|error| Error::Strange {
            what,
            // Neither values nor keys: the answer may hold secrets.
            reason: format!(
                "{:?} at line {} column {}",
                error.classify(),
                error.line(),
                error.column()
            ),
        })
    }

    /// Sends it; the answer's body does not matter.
    ///
    /// # Errors
    /// If there is no answer, or a refusal.
    pub(crate) async fn done(self) -> Result<(), Error> {
        let what = format!("{} {}", self.method, self.route);
        self.accepted(&what).await.map(drop)
    }

    async fn accepted(self, what: &str) -> Result<reqwest::Response, Error> {
        let client = self.client;
        let response = self.request.send().await.map_err(|error| client.unreachable(&error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = response.headers().get(header::RETRY_AFTER).and_then(retry_after);
        let text = response.text().await.unwrap_or_default();
        let problem = serde_json::from_str(&text).unwrap_or_else(|_| Problem {
            detail: text.trim().chars().take(MAX_SHOWN).collect(),
            ..Problem::default()
        });
        let what = what.to_owned();
        Err(Error::Refused(Box::new(Refusal { what, status, retry_after, problem })))
    }
}

/// The path without its query, which may hold coordinates.
fn template(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

/// Seconds are what our API sends; a date is answered with a cautious guess.
fn retry_after(value: &header::HeaderValue) -> Option<Duration> {
    let seconds = value.to_str().ok()?.trim().parse::<u64>().unwrap_or(5);
    Some(Duration::from_secs(seconds).min(MAX_WAIT))
}

/// How long to wait before the next attempt: what the server asked for, else a wait that doubles
/// from a quarter of a second to five seconds. `spread` in 0 to 1 lengthens it by up to a half,
/// so that many phones do not come back at the same instant.
pub(crate) fn pause(error: &Error, attempt: u32, spread: f64) -> Duration {
    let own = Duration::from_millis(250 << attempt.min(5)).min(Duration::from_secs(5));
    error.wait().unwrap_or(own).mul_f64(1.0 + spread.clamp(0.0, 1.0) / 2.0)
}

/// Sends a request until it is answered otherwise than by a passing fault, for at most `patience`.
///
/// # Errors
/// The last one.
pub(crate) async fn persist<T, F>(patience: Duration, request: impl Fn() -> F) -> Result<T, Error>
where
    F: Future<Output = Result<T, Error>>,
{
    let begun = tokio::time::Instant::now();
    let mut attempt = 0;
    loop {
        match request().await {
            Err(error) if error.is_passing() && begun.elapsed() < patience => {
                tokio::time::sleep(pause(&error, attempt, 0.5)).await;
                attempt += 1;
            }
            result => return result,
        }
    }
}

/// Reads a secret text.
pub(crate) fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, retry_after: Option<u64>) -> Error {
        Error::Refused(Box::new(Refusal {
            what: "POST /v1/pings".to_owned(),
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: retry_after.map(Duration::from_secs),
            problem: Problem {
                code: "queue_full".to_owned(),
                detail: "too much is waiting".to_owned(),
                errors: vec![WrongField { pointer: "/a".to_owned(), detail: "is odd".to_owned() }],
                request_id: "r-1".to_owned(),
            },
        }))
    }

    #[test]
    fn a_refusal_says_what_is_wrong_and_where() {
        assert_eq!(
            refused(503, None).to_string(),
            "POST /v1/pings was refused with 503 queue_full: too much is waiting; /a is odd (request r-1)"
        );
        assert!(!refused(422, None).to_string().contains("r-1"));
    }

    #[test]
    fn only_what_may_pass_is_repeated() {
        for status in [408, 429, 500, 502, 503] {
            assert!(refused(status, None).is_passing(), "{status}");
        }
        for status in [400, 401, 403, 404, 409, 413, 422] {
            assert!(!refused(status, None).is_passing(), "{status}");
        }
    }

    #[test]
    fn the_server_s_wish_comes_before_our_own_wait() {
        assert_eq!(pause(&refused(503, Some(10)), 0, 0.0), Duration::from_secs(10));
        assert_eq!(pause(&refused(503, None), 0, 0.0), Duration::from_millis(250));
        assert_eq!(pause(&refused(503, None), 40, 0.0), Duration::from_secs(5));
        assert_eq!(pause(&refused(503, None), 1, 1.0), Duration::from_millis(750));
    }

    #[test]
    fn odd_urls_are_refused_with_a_hint() {
        assert!(
            Client::new("http://127.0.0.1:8080/")
                .is_ok_and(|c| c.base() == "http://127.0.0.1:8080")
        );
        for bad in ["", "127.0.0.1:8080", "https://example.org", "ftp://x"] {
            assert!(Client::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn errors_hold_no_query() {
        assert_eq!(template("/v1/positions?bbox=1,2,3,4"), "/v1/positions");
    }
}
