//! The one HTTP error: an RFC 9457 problem document. What an error carries inward (causes,
//! sources) goes to the log here and nowhere else; a 5xx body never holds it.

use crate::{
    access::throttle::{FORGET_AFTER, FREE_FAILURES},
    http::codes::Code,
};
use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use nearhand_domain::field::{Faults, FieldError};
use nearhand_storage::{Conflict, StorageError, outage};
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// When to come back after what passes by itself.
const RETRY_AFTER_S: u32 = 2;

/// An error on its way to the client.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    code: Code,
    detail: String,
    faults: Faults,
    retry_after_s: Option<u32>,
    location: Option<String>,
    throttled: bool,
}

/// The answer of a handler.
pub(crate) type ApiResult<T> = Result<T, Problem>;

impl Problem {
    /// An error with a sentence that says what, where, and how to mend it.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            faults: Faults::default(),
            retry_after_s: None,
            location: None,
            throttled: false,
        }
    }

    /// Asks the client to come back after so many seconds.
    #[must_use]
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Names the resource this is about.
    #[must_use]
    pub(crate) fn location(mut self, address: Option<String>) -> Self {
        self.location = address;
        self
    }

    /// Too many attempts; says when there may be another.
    pub(crate) fn throttled(what: &str, wait: Duration) -> Self {
        let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
        let detail = format!("{what}; try again in {seconds} s");
        let problem = Self::new(Code::TooManyRequests, detail).retry_after(seconds);
        Self { throttled: true, ..problem }
    }

    /// One wrong field.
    pub(crate) fn field(
        pointer: impl Into<String>,
        code: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Faults::from(FieldError { pointer: pointer.into(), code, detail: detail.into() }).into()
    }

    /// Nothing here, or nothing the caller may know of.
    #[must_use]
    pub(crate) fn not_found() -> Self {
        Self::new(Code::NotFound, "check the address; it may also belong to somebody else")
    }

    /// A fault of ours; log the cause before calling.
    #[must_use]
    pub(crate) fn internal() -> Self {
        Self::new(Code::Internal, "it has been logged under the request id; please report that id")
    }

    /// With what is wrong in particular.
    #[must_use]
    pub(crate) fn because(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// Whether the request is at fault, and no server.
    pub(crate) fn is_refusal(&self) -> bool {
        self.code.status().is_client_error()
    }

    /// Status, code and detail for one entry of many. The code of the first wrong field says more
    /// than that there is one.
    pub(crate) fn summary(&self) -> (u16, &'static str, &str) {
        let fault = self.faults.first().map(|fault| fault.code);
        let code = fault.unwrap_or_else(|| self.code.as_str());
        (self.code.status().as_u16(), code, &self.detail)
    }

    /// Its code.
    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// What happened and how to mend it.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }
}

impl From<Faults> for Problem {
    fn from(faults: Faults) -> Self {
        let detail = match &*faults {
            [one] if faults.left_out() == 0 => format!("{}: {}", one.pointer, one.detail),
            _ => format!("{} fields need mending; see `errors`", faults.total()),
        };
        Self { faults, ..Self::new(Code::Invalid, detail) }
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        if let StorageError::Conflict(conflict) = error {
            return conflict.into();
        }
        if error.is_transient() {
            if error.is_outage() {
                outage::refused(&error);
            } else {
                tracing::warn!(error = %error, "the database is unavailable");
            }
            return Self::new(Code::Unavailable, "the database does not answer; try again")
                .retry_after(RETRY_AFTER_S);
        }
        tracing::error!(error = %error, "the database refused");
        Self::internal()
    }
}

impl From<Conflict> for Problem {
    fn from(conflict: Conflict) -> Self {
        let (code, detail) = match conflict {
            Conflict::EmailTaken => (Code::EmailTaken, "choose another"),
            Conflict::UsernameTaken => (Code::UsernameTaken, "choose another"),
            Conflict::AccountCodeTaken => (Code::AccountCodeTaken, "choose another"),
            Conflict::NameTaken | Conflict::SlugTaken => (Code::NameTaken, "choose another"),
            Conflict::AlreadyAssigned => {
                (Code::AlreadyAssigned, "see GET /v1/assignments, and change that assignment")
            }
            Conflict::ServiceInUse => {
                (Code::InUse, "a case asks for this service; take it out of the case first")
            }
            Conflict::DepartmentInUse => {
                let detail = "somebody belongs to it; move them first, or set `active` to false so that nobody new is put into it";
                (Code::InUse, detail)
            }
            Conflict::CaseNumberTaken => {
                (Code::NumberTaken, "choose another, or leave it out and the next one is given")
            }
            Conflict::ClientInUse => {
                let detail = "cases name this client; set `active` to false instead, so that no new case is made for it";
                (Code::InUse, detail)
            }
            Conflict::OfferOpen => {
                let detail = "see GET /v1/offers?case=…; wait for its end, or take it back first";
                (Code::OfferOpen, detail)
            }
            Conflict::RoleInUse => (Code::InUse, "somebody has this role; take it from them first"),
        };
        Self::new(code, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.code.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The body of every error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProblemDocument {
    /// `about:nearhand/<code>`; the code is what programs should look at.
    #[serde(rename = "type")]
    kind: String,
    /// Short and the same for every error of this code.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened here and how to mend it.
    detail: String,
    /// The route's template, never the address with its values.
    instance: String,
    /// Stable machine code.
    code: String,
    /// The same as in the `x-request-id` header and the logs.
    request_id: String,
    /// Every wrong field at once; the first 50 where there are more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<FieldErrorDocument>, max_items = 50)]
    errors: Vec<FieldError>,
    /// How many more fields are wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    errors_left_out: Option<usize>,
}

impl ProblemDocument {
    /// What is said of a problem.
    pub(crate) fn of(problem: &Problem, route: &str, request_id: &HeaderValue) -> Self {
        Self {
            kind: format!("about:nearhand/{}", problem.code.as_str()),
            title: problem.code.title().to_owned(),
            status: problem.code.status().as_u16(),
            detail: problem.detail.clone(),
            instance: route.to_owned(),
            code: problem.code.as_str().to_owned(),
            request_id: request_id.to_str().unwrap_or_default().to_owned(),
            errors: problem.faults.to_vec(),
            errors_left_out: Some(problem.faults.left_out()).filter(|many| *many > 0),
        }
    }
}

/// One wrong field of a request.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldError)]
pub(crate) struct FieldErrorDocument {
    /// RFC 6901 pointer into the body, or the name of a query parameter.
    pointer: String,
    /// Stable machine code.
    code: String,
    /// What is wrong and how to mend it.
    detail: String,
}

/// Turns an error response, ours or the framework's, into a problem document that names the route
/// and the request.
pub(crate) fn render(mut response: Response, route: &str, request_id: &HeaderValue) -> Response {
    let problem = response.extensions_mut().remove::<Problem>();
    let Some(problem) = problem.or_else(|| framework_problem(&response)) else {
        return response;
    };
    let mut rendered = document(&problem, route, request_id);
    // What a layer has already said, such as `allow`, stays said.
    for (name, value) in response.headers() {
        if name != header::CONTENT_TYPE && name != header::CONTENT_LENGTH {
            rendered.headers_mut().insert(name, value.clone());
        }
    }
    rendered
}

fn document(problem: &Problem, route: &str, request_id: &HeaderValue) -> Response {
    let status = problem.code.status();
    let body = ProblemDocument::of(problem, route, request_id);
    let mut response = (status, Json(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if let Some(seconds) = problem.retry_after_s {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    if problem.throttled {
        rate_limit(headers, problem.retry_after_s.unwrap_or(1));
    }
    if let Some(address) = problem.location.as_deref().and_then(|a| HeaderValue::from_str(a).ok()) {
        headers.insert(header::LOCATION, address);
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// What was allowed, and when there is some again (draft-ietf-httpapi-ratelimit-headers).
fn rate_limit(headers: &mut HeaderMap, seconds: u32) {
    let policy = format!("\"failures\";q={FREE_FAILURES};w={}", FORGET_AFTER.as_secs());
    let left = format!("\"failures\";r=0;t={seconds}");
    for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
}

/// Errors that axum or a layer made by itself.
fn framework_problem(response: &Response) -> Option<Problem> {
    let (code, detail) = match response.status() {
        StatusCode::NOT_FOUND => return Some(Problem::not_found()),
        StatusCode::METHOD_NOT_ALLOWED => {
            (Code::MethodNotAllowed, "see the `allow` header for those it takes")
        }
        StatusCode::PAYLOAD_TOO_LARGE => (Code::TooLarge, "send less at a time"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (Code::UnsupportedMediaType, "send application/json"),
        StatusCode::BAD_REQUEST => (Code::MalformedBody, "the request cannot be read"),
        StatusCode::REQUEST_TIMEOUT => {
            let problem = Problem::new(Code::Unavailable, "it took too long; try again");
            return Some(problem.retry_after(RETRY_AFTER_S));
        }
        StatusCode::INTERNAL_SERVER_ERROR => return Some(Problem::internal()),
        _ => return None,
    };
    Some(Problem::new(code, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waited_too_long_is_told_when_to_come_back() {
        let late = StatusCode::REQUEST_TIMEOUT.into_response();
        let answer = render(late, "/v1/staff", &HeaderValue::from_static("r"));
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "2");
    }
}
