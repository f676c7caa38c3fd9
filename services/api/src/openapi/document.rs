//! What the document says as a whole.

use crate::http::problem::ProblemDocument;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Components, OpenApi as Document,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Nearhand",
        description = "Who is near at hand, free, and right for this case? Phones send their \
            pings, schedulers ask for recommendations, admins look after the people.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(ProblemDocument)),
    modifiers(&Bearer)
)]
struct Api;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An access token of `POST /v1/sessions`, or a device's token"))
            .build();
        let components = document.components.get_or_insert_with(Components::new);
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

/// The document before any operation has been added.
pub(crate) fn document() -> Document {
    Api::openapi()
}
