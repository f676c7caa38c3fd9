//! What is known of one operation, and how it is written into the document.

use crate::http::codes::Code;
use axum::http::StatusCode;
use std::collections::BTreeMap;
use utoipa::{
    ToSchema,
    openapi::{
        Content, Header, HeaderBuilder, Ref, RefOr, Required, ResponseBuilder, Schema,
        SecurityRequirement,
        path::{Operation, Parameter, ParameterBuilder, ParameterIn},
        request_body::{RequestBody, RequestBodyBuilder},
        schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type},
    },
};

/// What the extractors of a handler say about it.
#[derive(Default)]
pub(crate) struct Description {
    /// The credentials that are taken, one of them; none are needed where there are none.
    pub(super) schemes: &'static [&'static str],
    /// How it can fail.
    pub(super) codes: Vec<Code>,
    /// Query parameters and headers.
    pub(super) parameters: Vec<Parameter>,
    /// Schemas that the body names.
    pub(super) schemas: Vec<(String, RefOr<Schema>)>,
    body: Option<RequestBody>,
}

impl Description {
    /// Adds ways to fail.
    pub(super) fn fails(&mut self, codes: &[Code]) {
        self.codes.extend_from_slice(codes);
    }

    /// Adds a request header.
    pub(super) fn header(&mut self, name: &str, required: Required, what: &str, schema: Schema) {
        let header = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(required)
            .description(Some(what))
            .schema(Some(schema));
        self.parameters.push(header.build());
    }

    /// Says what the body is.
    pub(super) fn body<T: ToSchema>(&mut self) {
        self.body_if::<T>(Required::True);
    }

    /// Says what the body is, if there is one.
    pub(super) fn optional_body<T: ToSchema>(&mut self) {
        self.body_if::<T>(Required::False);
    }

    fn body_if<T: ToSchema>(&mut self, required: Required) {
        let name = T::name().into_owned();
        let content = Content::new(Some(Ref::from_schema_name(&name)));
        let body =
            RequestBodyBuilder::new().content("application/json", content).required(Some(required));
        self.body = Some(body.build());
        T::schemas(&mut self.schemas);
        self.schemas.push((name, T::schema()));
    }

    /// Says that the body is a file.
    pub(super) fn file(&mut self) {
        let binary = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)))
            .build();
        let body = RequestBodyBuilder::new()
            .content("application/octet-stream", Content::new(Some(Schema::from(binary))))
            .required(Some(Required::True));
        self.body = Some(body.build());
    }

    /// Writes it into the operation at this address.
    pub(super) fn write(self, path: &str, operation: &mut Operation) {
        let parameters = operation.parameters.get_or_insert_default();
        let in_path = ids(path).map(path_id);
        parameters.splice(0..0, in_path.map(RefOr::T));
        parameters.extend(self.parameters.into_iter().map(RefOr::T));
        if parameters.is_empty() {
            operation.parameters = None;
        }
        if let Some(body) = self.body {
            operation.request_body = Some(RefOr::T(body));
        }
        let needed = |name: &&str| SecurityRequirement::new(*name, Vec::<String>::new());
        // What the handler says itself goes before.
        operation.security.get_or_insert_with(|| self.schemes.iter().map(needed).collect());
        for (status, codes) in by_status(&self.codes) {
            let response = problem(status, &codes);
            let responses = &mut operation.responses.responses;
            responses.entry(status.as_str().to_owned()).or_insert(RefOr::T(response));
        }
    }
}

/// The names in braces of an address's template.
fn ids(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn path_id(name: &str) -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String);
    // All but the tokens of phones are ids.
    let format = SchemaFormat::KnownFormat(KnownFormat::Uuid);
    let schema = if name == "token" { text } else { text.format(Some(format)) };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(schema))
        .build()
}

fn by_status(codes: &[Code]) -> BTreeMap<StatusCode, Vec<Code>> {
    let mut sorted: BTreeMap<StatusCode, Vec<Code>> = BTreeMap::new();
    for code in codes {
        let same = sorted.entry(code.status()).or_default();
        if !same.contains(code) {
            same.push(*code);
        }
    }
    sorted
}

fn problem(status: StatusCode, codes: &[Code]) -> utoipa::openapi::Response {
    let lines: Vec<String> =
        codes.iter().map(|code| format!("`{}`: {}", code.as_str(), code.title())).collect();
    let content = Content::new(Some(Ref::from_schema_name("ProblemDocument")));
    let mut response = ResponseBuilder::new()
        .description(lines.join("; "))
        .content("application/problem+json", content)
        .build();
    if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        response.headers.insert("retry-after".to_owned(), RefOr::T(retry_after()));
    }
    response
}

fn retry_after() -> Header {
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
    HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds to wait")).build()
}
