//! What each kind of argument means for the operation whose handler takes it.

use super::description::Description;
use crate::{
    access::{
        apps::{HeaderPhone, PathPhone},
        browser::Browser,
        caller::{AnyCaller, Caller, Phone},
    },
    change::{Empty, OptionalForm, Posted, PostedFile, Updated, Uploaded},
    http::{
        body::JsonBody,
        codes::Code,
        origin::{Origin, PublicUrl},
        pages::{ListOf, PageParams},
        query::{PathId, PathIds, QueryOf},
    },
    state::ApiState,
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, request::Parts},
};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        Required, Schema,
        path::ParameterIn,
        schema::{ObjectBuilder, Type},
    },
};

/// An argument of handlers.
pub(crate) trait Describe {
    /// Adds what it means.
    fn describe(description: &mut Description);
}

/// Those that say nothing by themselves.
macro_rules! silent {
    ($($argument:ty),*) => {$(
        impl Describe for $argument {
            fn describe(_: &mut Description) {}
        }
    )*};
}

silent!(Browser, HeaderMap, Origin, Parts, PublicUrl, Request);

impl Describe for State<ApiState> {
    fn describe(description: &mut Description) {
        description.fails(&[Code::Internal, Code::Unavailable]);
    }
}

/// How a cookie can fail besides.
const COOKIE: [Code; 2] = [Code::TwoCredentials, Code::CrossOrigin];

impl Describe for Caller {
    fn describe(description: &mut Description) {
        description.schemes = &["bearer", "cookie"];
        description.fails(&COOKIE);
        let codes = [Code::Unauthorized, Code::Forbidden, Code::PasswordChangeRequired];
        description.fails(&codes);
        // Beyond the reach of a caller's access level there is nothing.
        description.fails(&[Code::NotFound]);
    }
}

impl Describe for AnyCaller {
    fn describe(description: &mut Description) {
        description.schemes = &["bearer", "cookie"];
        description.fails(&COOKIE);
        description.fails(&[Code::Unauthorized, Code::PersonRequired]);
    }
}

impl Describe for Phone {
    fn describe(description: &mut Description) {
        description.schemes = &["bearer", "device_cookie"];
        description.fails(&COOKIE);
        description.fails(&[Code::Unauthorized]);
    }
}

impl Describe for HeaderPhone {
    fn describe(description: &mut Description) {
        description.fails(&[Code::Unauthorized]);
    }
}

impl Describe for PathPhone {
    fn describe(description: &mut Description) {
        description.fails(&[Code::Unauthorized]);
    }
}

impl<T> Describe for PathId<T> {
    fn describe(description: &mut Description) {
        description.fails(&[Code::NotFound]);
    }
}

impl<A, B> Describe for PathIds<A, B> {
    fn describe(description: &mut Description) {
        description.fails(&[Code::NotFound]);
    }
}

impl<T: IntoParams> Describe for QueryOf<T> {
    fn describe(description: &mut Description) {
        description.parameters.extend(T::into_params(|| Some(ParameterIn::Query)));
        description.fails(&[Code::MalformedQuery]);
    }
}

impl<F: IntoParams> Describe for ListOf<F> {
    fn describe(description: &mut Description) {
        for params in [F::into_params, PageParams::into_params] {
            description.parameters.extend(params(|| Some(ParameterIn::Query)));
        }
        description.fails(&[Code::MalformedQuery, Code::InvalidCursor]);
    }
}

impl<T: ToSchema> Describe for JsonBody<T> {
    fn describe(description: &mut Description) {
        description.body::<T>();
        description.fails(BODY);
    }
}

impl<T: ToSchema> Describe for Posted<T> {
    fn describe(description: &mut Description) {
        description.body::<T>();
        description.fails(BODY);
        key(description);
    }
}

impl Describe for Posted<Empty> {
    fn describe(description: &mut Description) {
        description.fails(&[Code::MalformedBody, Code::TooLarge]);
        key(description);
    }
}

impl Describe for PostedFile {
    fn describe(description: &mut Description) {
        description.file();
        description.fails(&[Code::MalformedBody, Code::TooLarge, Code::UnsupportedMediaType]);
        key(description);
    }
}

impl<T: ToSchema> Describe for Posted<OptionalForm<T>> {
    fn describe(description: &mut Description) {
        description.optional_body::<T>();
        description.fails(BODY);
        key(description);
    }
}

impl<T: ToSchema> Describe for Updated<T> {
    fn describe(description: &mut Description) {
        description.body::<T>();
        description.fails(BODY);
        if_match(description);
    }
}

impl Describe for Uploaded {
    fn describe(description: &mut Description) {
        description.fails(&[Code::MalformedBody, Code::TooLarge]);
        if_match(description);
        let what = "With the file's name: `attachment; filename=\"me.jpg\"`";
        description.header("content-disposition", Required::False, what, text(None));
    }
}

/// How reading a JSON body can fail.
const BODY: &[Code] =
    &[Code::MalformedBody, Code::TooLarge, Code::UnsupportedMediaType, Code::Invalid];

fn if_match(description: &mut Description) {
    description.fails(&[Code::PreconditionFailed, Code::PreconditionRequired]);
    let what = "The `etag` last read, or `*` for any version";
    description.header("if-match", Required::True, what, text(None));
}

fn key(description: &mut Description) {
    let what = "A request that is repeated with the same key within 24 h does nothing twice: it \
        gets the first answer, or 409 where that held a secret";
    description.header("idempotency-key", Required::False, what, text(Some(255)));
    description.fails(&[
        Code::IdempotencyInFlight,
        Code::IdempotencySecretShown,
        Code::IdempotencyMismatch,
    ]);
}

fn text(longest: Option<usize>) -> Schema {
    let shortest = longest.map(|_| 1);
    let text = ObjectBuilder::new().schema_type(Type::String);
    text.min_length(shortest).max_length(longest).build().into()
}
