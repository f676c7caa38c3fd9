//! What the document says as a whole.

use crate::http::problem::ProblemDocument;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Components, OpenApi as Document,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme},
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
    modifiers(&Schemes)
)]
struct Api;

struct Schemes;

/// Name and meaning.
const SESSION_COOKIE: (&str, &str) = (
    "__Host-nearhand",
    "A browser's session: `POST /v1/sessions` with `cookie: true` gives it. It counts only in requests \
     of this site's own pages (`sec-fetch-site: same-origin`, or without that header `origin` of this \
     host), else 403 `cross_origin`. With `authorization` besides, 400 `two_credentials`. Without TLS, \
     at `localhost`, its name is `nearhand`",
);
const DEVICE_COOKIE: (&str, &str) = (
    "__Host-nearhand-device",
    "The device that a browser is: `POST /v1/me/devices` with `cookie: true` gives it. The same rules \
     hold. Without TLS, at `localhost`, its name is `nearhand-device`",
);

impl Modify for Schemes {
    fn modify(&self, document: &mut Document) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An access token of `POST /v1/sessions`, or a device's token"))
            .build();
        let basic = HttpBuilder::new()
            .scheme(HttpAuthScheme::Basic)
            .description(Some("Any user name, and a device's token as password"))
            .build();
        let components = document.components.get_or_insert_with(Components::new);
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.add_security_scheme("basic", SecurityScheme::Http(basic));
        let cookie = |name: &str, what: &str| {
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(name, what)))
        };
        components.add_security_scheme("cookie", cookie(SESSION_COOKIE.0, SESSION_COOKIE.1));
        components.add_security_scheme("device_cookie", cookie(DEVICE_COOKIE.0, DEVICE_COOKIE.1));
    }
}

/// The document before any operation has been added.
pub(crate) fn document() -> Document {
    Api::openapi()
}
