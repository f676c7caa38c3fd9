//! Reading JSON bodies: every wrong field is reported at once, absent and null are told apart, and
//! unknown fields are errors.

use crate::http::{
    codes::Code,
    json::{REPEATED, UniqueKeys, escaped, too_large},
    problem::{ApiResult, Problem},
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{HeaderMap, header},
};
use nearhand_domain::field::{FieldErrors, Reported};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};

/// A JSON object as `T`.
pub(crate) struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> ApiResult<Self> {
        require_json(request.headers())?;
        let bytes = read(request, state).await?;
        parse(&bytes).map(Self)
    }
}

/// Reads a JSON object that came with these headers.
pub(crate) fn parse_json<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> ApiResult<T> {
    require_json(headers)?;
    parse(bytes)
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
    let UniqueKeys(value) = serde_json::from_slice(bytes).map_err(|error| {
        if error.to_string().starts_with(OUT_OF_RANGE) {
            let mut errors = FieldErrors::default();
            for pointer in too_large(bytes) {
                errors.push(pointer, "number_out_of_range", BEYOND_BOUNDS);
            }
            if let Err(faults) = errors.conclude(Ok(())) {
                return faults.into();
            }
        }
        let repeated = error.is_data() && error.to_string().starts_with(REPEATED);
        let what = if repeated { REPEATED } else { "not JSON" };
        let detail = format!("{what} at line {}, column {}", error.line(), error.column());
        Problem::new(Code::MalformedBody, detail)
    })?;
    if !value.is_object() {
        return Err(Problem::new(Code::MalformedBody, "the top level must be a JSON object"));
    }
    // What the parser says may hold what was sent, and that may be a secret.
    serde_json::from_value(value).map_err(|_| Problem::field("", "wrong_type", WRONG_OBJECT))
}

/// How the parser begins its word on numbers such as `1e999`.
const OUT_OF_RANGE: &str = "number out of range";

const BEYOND_BOUNDS: &str = "is a number beyond what can be held (±1.8e308)";
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
        "Date" => "a date of the years 1900 to 2199, such as 2026-03-01",
        "Timestamp" => "an instant of the years 1900 to 2199, such as 2026-03-01T08:00:00Z",
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
    /// Whether anything but null was sent.
    pub(crate) fn is_given(&self) -> bool {
        !matches!(self, Self::Absent | Self::Null)
    }

    /// Tells a value of a wrong type in these words, which name what the field allows rather than
    /// what its type does. Nothing is left of it then: not for fields that are required.
    pub(crate) fn expecting(
        self,
        pointer: &str,
        errors: &mut FieldErrors,
        allowed: &'static str,
    ) -> Self {
        if matches!(self, Self::Wrong) {
            errors.push(
                pointer,
                "wrong_type",
                format!("is of the wrong type; {allowed} is expected"),
            );
            return Self::Absent;
        }
        self
    }

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
                wrong_type::<T>(pointer, errors);
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
    ) -> Result<U, Reported> {
        match self {
            Self::Absent | Self::Null => Err(errors.push(pointer, "required", "is required")),
            Self::Value(value) => errors.check(pointer, "invalid", parse(value)),
            Self::Wrong => Err(wrong_type::<T>(pointer, errors)),
        }
    }

    /// The same in a change of something stored: absence keeps the stored value.
    pub(crate) fn required_unless<U, E: std::fmt::Display>(
        self,
        stored: Option<U>,
        pointer: &str,
        errors: &mut FieldErrors,
        parse: impl FnOnce(T) -> Result<U, E>,
    ) -> Result<U, Reported> {
        match (self, stored) {
            (Self::Absent, Some(stored)) => Ok(stored),
            (Self::Null, Some(_)) => Err(errors.push(pointer, "required", "cannot be removed")),
            (field, _) => field.required(pointer, errors, parse),
        }
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

fn wrong_type<T>(pointer: &str, errors: &mut FieldErrors) -> Reported {
    let detail = format!("is of the wrong type; {} is expected", expected::<T>());
    errors.push(pointer, "wrong_type", detail)
}

/// Takes any value: for fields whose type says it all.
pub(crate) fn any<T>(value: T) -> Result<T, std::convert::Infallible> {
    Ok(value)
}

/// The members of an object that are no field of its form.
pub(crate) type Unknown = BTreeMap<String, Value>;

/// An object whose fields are checked one by one.
pub(crate) trait Form: Sized {
    /// The members that are no field of it.
    fn unknown(&self) -> &Unknown;

    /// Reads a whole body. Unknown fields are errors, and all errors are told at once.
    fn check<T>(
        self,
        read: impl FnOnce(Self, &mut FieldErrors) -> Result<T, Reported>,
    ) -> ApiResult<T> {
        let mut errors = FieldErrors::default();
        let value = self.check_at("", &mut errors, read);
        Ok(errors.conclude(value)?)
    }

    /// Reads an object within a body, at `at`.
    fn check_at<T>(
        self,
        at: &str,
        errors: &mut FieldErrors,
        read: impl FnOnce(Self, &mut FieldErrors) -> Result<T, Reported>,
    ) -> Result<T, Reported> {
        for name in self.unknown().keys() {
            let pointer = format!("{at}/{}", segment(name));
            errors.push(pointer, "unknown_field", "is not a field of this request");
        }
        read(self, errors)
    }
}

/// Longest name of an unknown field that an answer repeats, in characters.
const LONGEST_NAME: usize = 100;

/// An unknown field's name as a part of a pointer, cut short where it is long.
fn segment(name: &str) -> String {
    let short = name.char_indices().nth(LONGEST_NAME).map(|(end, _)| format!("{}…", &name[..end]));
    escaped(short.as_deref().unwrap_or(name))
}

/// Says of types with a field `unknown` that they are forms.
macro_rules! forms {
    ($($form:ty),* $(,)?) => {$(
        impl $crate::http::body::Form for $form {
            fn unknown(&self) -> &$crate::http::body::Unknown {
                &self.unknown
            }
        }
    )*};
}
pub(crate) use forms;

/// Reads a list of at most `max` entries, each with its pointer; a repeated key is an error.
pub(crate) fn read_list<F, T, K: std::hash::Hash + Eq>(
    forms: Vec<F>,
    at: &str,
    max: usize,
    errors: &mut FieldErrors,
    read: impl Fn(F, &str, &mut FieldErrors) -> Result<T, Reported>,
    key: impl Fn(&T) -> K,
) -> Vec<T> {
    if forms.len() > max {
        errors.push(at, "too_many", format!("at most {max} entries"));
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let mut entries = Vec::with_capacity(forms.len());
    for (i, form) in forms.into_iter().enumerate() {
        let pointer = format!("{at}/{i}");
        let Ok(entry) = read(form, &pointer, errors) else { continue };
        if !seen.insert(key(&entry)) {
            errors.push(pointer, "repeated", "is in the list twice");
            continue;
        }
        entries.push(entry);
    }
    entries
}

/// The same for a list of forms, whose unknown fields are errors.
pub(crate) fn read_forms<F: Form, T, K: std::hash::Hash + Eq>(
    forms: Vec<F>,
    at: &str,
    max: usize,
    errors: &mut FieldErrors,
    read: impl Fn(F, &str, &mut FieldErrors) -> Result<T, Reported>,
    key: impl Fn(&T) -> K,
) -> Vec<T> {
    let read = |form: F, at: &str, errors: &mut FieldErrors| {
        form.check_at(at, errors, |form, errors| read(form, at, errors))
    };
    read_list(forms, at, max, errors, read, key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Person {
        #[serde(default)]
        name: Field<String>,
        #[serde(default)]
        age: Field<u8>,
        #[serde(flatten)]
        unknown: Unknown,
    }

    forms!(Person);

    fn person(body: &str) -> Person {
        parse(body.as_bytes()).unwrap()
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        let mut errors = FieldErrors::default();
        let read =
            person(r#"{"name":7,"age":null,"agee":3}"#).check_at("", &mut errors, |form, e| {
                assert_eq!(form.name.patch("/name", e, any), Patch::Keep);
                assert_eq!(form.age.patch("/age", e, any), Patch::Clear);
                Ok(())
            });
        let codes: Vec<_> =
            errors.conclude(read).unwrap_err().iter().map(|error| error.code).collect();
        assert_eq!(codes, ["unknown_field", "wrong_type"]);
    }

    #[test]
    fn nothing_that_was_sent_is_said_again() {
        let sent = r#"{"name":["seven tall lighthouses"],"age":"38.7223","a/b~c":"d"}"#;
        let mut errors = FieldErrors::default();
        let read = person(sent).check_at("", &mut errors, |form, e| {
            let (name, age) =
                (form.name.required("/name", e, any), form.age.required("/age", e, any));
            Ok((name?, age?))
        });
        let errors = errors.conclude(read).unwrap_err();
        let said: Vec<_> = errors.iter().map(|e| (e.pointer.as_str(), e.detail.as_str())).collect();
        assert_eq!(
            said,
            [
                ("/a~1b~0c", "is not a field of this request"),
                ("/name", "is of the wrong type; a string is expected"),
                ("/age", "is of the wrong type; a whole number from 0 to 255 is expected"),
            ]
        );
    }

    #[test]
    fn a_long_name_of_an_unknown_field_is_cut_short() {
        let long = "ä".repeat(LONGEST_NAME + 1);
        assert_eq!(segment(&long[2..]), long[2..]);
        assert_eq!(segment(&long), format!("{}…", &long[2..]));
    }

    #[test]
    fn a_stored_value_stands_in_for_an_absent_one_and_not_for_null() {
        let read = |body: &str, stored: Option<u8>| {
            let mut errors = FieldErrors::default();
            let read = person(body).age.required_unless(stored, "/age", &mut errors, any);
            errors.conclude(read).map_err(|errors| errors[0].detail.clone())
        };
        assert_eq!(read("{}", Some(7)), Ok(7));
        assert_eq!(read(r#"{"age":8}"#, Some(7)), Ok(8));
        assert_eq!(read(r#"{"age":null}"#, Some(7)), Err("cannot be removed".to_owned()));
        assert_eq!(read("{}", None), Err("is required".to_owned()));
    }

    #[test]
    fn numbers_beyond_all_bounds_have_a_pointer() {
        let text = br#"{"name":"x","age":[1,1e999]}"#;
        assert_eq!(parse::<Person>(text).err().unwrap().code(), Code::Invalid);
        let cut_short = br#"{"age":1e999"#;
        assert_eq!(parse::<Person>(cut_short).err().unwrap().code(), Code::MalformedBody);
    }

    #[test]
    fn garbage_says_where_it_stops_making_sense() {
        for garbage in [&b"{"[..], b"\xff\xfe", b"", b"[1]", b"{\"a\":NaN}"] {
            let problem = parse::<Person>(garbage).err().unwrap();
            assert_eq!(problem.code(), Code::MalformedBody);
        }
    }
}
