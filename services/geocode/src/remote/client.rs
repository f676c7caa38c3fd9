//! The HTTP client of a service: one GET at a time, with limits on rate, time and size. It does not
//! read answers, and its errors never quote a request or an answer.

use super::rate_limiter::RateLimiter;
use crate::{
    error::{GeocodeError, Trouble},
    geocoder::SetupError,
};
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::{Response, StatusCode, Url, header::RETRY_AFTER, redirect};
use std::time::Duration;

/// The longest answer that is read, in bytes.
const MAX_BODY: usize = 1 << 20;
/// Longer pauses are not believed.
const LONGEST_PAUSE: Duration = Duration::from_secs(86_400);
/// Redirects followed on one host.
const MAX_REDIRECTS: usize = 3;

/// A client for one service.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    rate_limiter: RateLimiter,
}

impl Client {
    pub(crate) fn new(
        base: &Url,
        user_agent: &str,
        contact: Option<&str>,
        interval: Duration,
        timeout: Duration,
    ) -> Result<Self, SetupError> {
        // Some other part of the process may have installed it already.
        let _installed = rustls::crypto::ring::default_provider().install_default();
        let mut agent = user_agent.to_owned();
        if let Some(contact) = contact.map(str::trim).filter(|contact| !contact.is_empty()) {
            agent = format!("{agent} ({contact})");
        }
        if agent.is_empty() || !agent.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
            return Err(SetupError::UserAgent);
        }
        let mut http =
            reqwest::Client::builder().user_agent(agent).timeout(timeout).redirect(same_host());
        if is_loopback(base) {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|_| SetupError::Client)?;
        Ok(Self { http, base: base.clone(), rate_limiter: RateLimiter::new(interval) })
    }

    /// Waits for its turn, asks, and reads the answer to a success.
    pub(crate) async fn get(
        &self,
        path: &str,
        query: &[(&'static str, String)],
    ) -> Result<Vec<u8>, GeocodeError> {
        let busy =
            |left| GeocodeError::Temporary { trouble: Trouble::Busy, retry_after: Some(left) };
        self.rate_limiter.acquire().await.map_err(busy)?;
        // The base ends with a slash and the path is a word of ours, so that joining cannot fail.
        let url = self
            .base
            .join(path)
            .map_err(|_| GeocodeError::Permanent { trouble: Trouble::Unreachable })?;
        let response =
            self.http.get(url).query(query).send().await.map_err(|error| trouble(&error))?;
        if response.status().is_success() {
            return read(response).await;
        }
        let error = refusal(&response);
        if let GeocodeError::Temporary { retry_after: Some(pause), .. } = error {
            self.rate_limiter.pause_for(pause);
        }
        Err(error)
    }
}

/// Follows a few redirects on the same host; never away from it, nor from https to http.
fn same_host() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        let same = attempt.previous().last().is_some_and(|from| {
            let to = attempt.url();
            let secure = to.scheme() == "https" || from.scheme() == to.scheme();
            from.host() == to.host() && secure
        });
        if same && attempt.previous().len() <= MAX_REDIRECTS {
            attempt.follow()
        } else {
            attempt.stop()
        }
    })
}

/// No proxy can reach what only this machine has.
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let ip = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || ip.is_ok_and(|ip| ip.is_loopback())
}

async fn read(mut response: Response) -> Result<Vec<u8>, GeocodeError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| trouble(&error))? {
        if body.len() + chunk.len() > MAX_BODY {
            return Err(GeocodeError::temporary(Trouble::TooLarge));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The error itself is dropped: its text holds the URL, and so the address.
fn trouble(error: &reqwest::Error) -> GeocodeError {
    GeocodeError::temporary(if error.is_timeout() {
        Trouble::TimedOut
    } else {
        Trouble::Unreachable
    })
}

fn refusal(response: &Response) -> GeocodeError {
    let status = response.status();
    let trouble = Trouble::Status(status.as_u16());
    if status.is_redirection() {
        return GeocodeError::Permanent { trouble: Trouble::Redirected(status.as_u16()) };
    }
    let later = [StatusCode::TOO_MANY_REQUESTS, StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_EARLY];
    if status.is_server_error() || later.contains(&status) {
        return GeocodeError::Temporary { trouble, retry_after: retry_after(response) };
    }
    GeocodeError::Permanent { trouble }
}

/// `Retry-After`, in seconds or as a date.
fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = DateTimeParser::new().parse_timestamp(text).ok()?;
            // A date that has passed is no pause.
            Duration::try_from(at.duration_since(nearhand_domain::clock::now()))
                .unwrap_or(Duration::ZERO)
        }
    };
    Some(pause.min(LONGEST_PAUSE))
}
