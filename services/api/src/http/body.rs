//! Reading JSON bodies: every wrong field is reported at once, absent and null are told apart, and
//! unknown fields are errors.

use crate::http::{
    codes::Code,
    problem::{ApiResult, Problem},
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use nearhand_domain::field::FieldErrors;
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// A JSON object as `T`, with the hash of its bytes for idempotency.
pub(crate) struct JsonBody<T> {
    /// What was sent.
    pub value: T,
    /// SHA-256 of the bytes.
    pub hash: [u8; 32],
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        require_json(request.headers())?;
        let bytes = read(request, state).await?;
        Ok(Self { value: parse(&bytes)?, hash: Sha256::digest(&bytes).into() })
    }
}

/// The whole body, within the route's limit.
pub(crate) async fn read<S: Send + Sync>(request: Request, state: &S) -> ApiResult<Bytes> {
    use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
    Bytes::from_request(request, state).await.map_err(|rejection| match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Problem::new(Code::TooLarge, "send less at a time")
        }
        _ => Problem::new(Code::MalformedBody, "the body was cut short; send it again"),
    })
}

fn require_json(headers: &HeaderMap) -> ApiResult<()> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let fits = kind == "application/json"
        || kind == "application/merge-patch+json"
        || (kind.starts_with("application/") && kind.ends_with("+json"));
    if fits {
        Ok(())
    } else {
        Err(Problem::new(Code::UnsupportedMediaType, "send `content-type: application/json`"))
    }
}

/// Reads JSON; a syntax error says where, anything but an object is refused.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> ApiResult<T> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let detail = format!("not JSON at line {}, column {}", error.line(), error.column());
        Problem::new(Code::MalformedBody, detail)
    })?;
    if !value.is_object() {
        return Err(Problem::new(Code::MalformedBody, "the top level must be a JSON object"));
    }
    // What the parser says may hold what was sent, and that may be a secret.
    serde_json::from_value(value).map_err(|_| Problem::field("", "wrong_type", WRONG_OBJECT))
}

const WRONG_OBJECT: &str = "is of the wrong type; an object with known fields is expected";

/// What a value of this type looks like in JSON.
fn expected<T>() -> &'static str {
    let name = std::any::type_name::<T>();
    match name.rsplit("::").next().unwrap_or(name) {
        "String" => "a string",
        "bool" => "true or false",
        "f64" => "a number",
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65,535",
        "i16" => "a whole number from -32,768 to 32,767",
        "i32" => "a whole number from -2,147,483,648 to 2,147,483,647",
        "i64" | "u64" | "usize" => "a whole number",
        "Uuid" => "a UUID",
        "Date" => "a date, such as 2026-03-01",
        "Timestamp" => "an instant, such as 2026-03-01T08:00:00Z",
        _ if name.starts_with("alloc::vec::Vec<") => "a list",
        _ => "an object",
    }
}

/// One field of a body, before it has been looked at.
#[derive(Clone, Debug, Default)]
pub(crate) enum Field<T> {
    /// Not there.
    #[default]
    Absent,
    /// There, and null.
    Null,
    /// There, of the right type.
    Value(T),
    /// There, of a wrong type.
    Wrong,
}

/// A change to a stored value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Patch<T> {
    /// Leave it.
    Keep,
    /// Remove it.
    Clear,
    /// Replace it.
    Set(T),
}

impl<T> Patch<T> {
    /// Applies the change to an optional value.
    pub(crate) fn apply(self, target: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *target = None,
            Self::Set(value) => *target = Some(value),
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_null() {
            return Ok(Self::Null);
        }
        Ok(serde_json::from_value(value).map_or(Self::Wrong, Self::Value))
    }
}

impl<T> Field<T> {
    /// The change it asks for, parsed; errors are collected under `pointer`.
    pub(crate) fn patch<U, E: std::fmt::Display>(
        self,
        pointer: &str,
        errors: &mut FieldErrors,
        parse: impl FnOnce(T) -> Result<U, E>,
    ) -> Patch<U> {
        match self {
            Self::Absent => Patch::Keep,
            Self::Null => Patch::Clear,
            Self::Value(value) => {
                errors.check(pointer, "invalid", parse(value)).map_or(Patch::Keep, Patch::Set)
            }
            Self::Wrong => {
                let detail = format!("is of the wrong type; {} is expected", expected::<T>());
                errors.push(pointer, "wrong_type", detail);
                Patch::Keep
            }
        }
    }

    /// Its parsed value; absent and null are both `None`.
    pub(crate) fn optional<U, E: std::fmt::Display>(
        self,
        pointer: &str,
        errors: &mut FieldErrors,
        parse: impl FnOnce(T) -> Result<U, E>,
    ) -> Option<U> {
        match self.patch(pointer, errors, parse) {
            Patch::Set(value) => Some(value),
            Patch::Keep | Patch::Clear => None,
        }
    }

    /// Its parsed value; absence is an error.
    pub(crate) fn required<U, E: std::fmt::Display>(
        self,
        pointer: &str,
        errors: &mut FieldErrors,
        parse: impl FnOnce(T) -> Result<U, E>,
    ) -> Option<U> {
        if matches!(self, Self::Absent | Self::Null) {
            errors.push(pointer, "required", "is required");
            return None;
        }
        self.optional(pointer, errors, parse)
    }

    /// A change to a value that cannot be removed: null is an error.
    pub(crate) fn replacement<U, E: std::fmt::Display>(
        self,
        pointer: &str,
        errors: &mut FieldErrors,
        parse: impl FnOnce(T) -> Result<U, E>,
    ) -> Option<U> {
        if matches!(self, Self::Null) {
            errors.push(pointer, "required", "cannot be removed");
            return None;
        }
        self.optional(pointer, errors, parse)
    }
}

/// Takes any value: for fields whose type says it all.
pub(crate) fn any<T>(value: T) -> Result<T, std::convert::Infallible> {
    Ok(value)
}

/// Whatever else was sent.
pub(crate) type Unknown = BTreeMap<String, Value>;

/// Reports fields that nobody asked for; `known` helps to find the typing error.
pub(crate) fn refuse_unknown(unknown: &Unknown, at: &str, errors: &mut FieldErrors) {
    for name in unknown.keys() {
        // RFC 6901 §3.
        let name = name.replace('~', "~0").replace('/', "~1");
        errors.push(format!("{at}/{name}"), "unknown_field", "is not a field of this request");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Form {
        #[serde(default)]
        name: Field<String>,
        #[serde(default)]
        age: Field<u8>,
        #[serde(flatten)]
        unknown: Unknown,
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        let form: Form = parse(br#"{"name":7,"age":null,"agee":3}"#).unwrap();
        let mut errors = FieldErrors::default();
        assert_eq!(form.name.patch("/name", &mut errors, any), Patch::Keep);
        assert_eq!(form.age.patch("/age", &mut errors, any), Patch::Clear);
        refuse_unknown(&form.unknown, "", &mut errors);
        let codes: Vec<_> = errors.finish().unwrap_err().into_iter().map(|e| e.code).collect();
        assert_eq!(codes, ["wrong_type", "unknown_field"]);
    }

    #[test]
    fn nothing_that_was_sent_is_said_again() {
        let sent = br#"{"name":["seven tall lighthouses"],"age":"38.7223","a/b~c":"d"}"#;
        let form: Form = parse(sent).unwrap();
        let mut errors = FieldErrors::default();
        form.name.required("/name", &mut errors, any);
        form.age.required("/age", &mut errors, any);
        refuse_unknown(&form.unknown, "", &mut errors);
        let errors = errors.finish().unwrap_err();
        let said: Vec<_> = errors.iter().map(|e| (e.pointer.as_str(), e.detail.as_str())).collect();
        assert_eq!(
            said,
            [
                ("/name", "is of the wrong type; a string is expected"),
                ("/age", "is of the wrong type; a whole number from 0 to 255 is expected"),
                ("/a~1b~0c", "is not a field of this request"),
            ]
        );
    }

    #[test]
    fn garbage_says_where_it_stops_making_sense() {
        for garbage in [&b"{"[..], b"\xff\xfe", b"", b"[1]", b"{\"a\":NaN}"] {
            let problem = parse::<Form>(garbage).err().unwrap();
            assert_eq!(problem.code(), Code::MalformedBody);
        }
    }
}
