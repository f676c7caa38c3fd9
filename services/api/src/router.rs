//! Every URL there is, in one table, with what wraps them.

use crate::{
    change::IDEMPOTENCY_KEY,
    http::{problem, request_layer::RequestLayer},
    openapi::{document, finish},
    pages,
    routes::{account, location, organization, people, policies, recommendations, system, work},
    state::ApiState,
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, header},
};
use tower::{ServiceBuilder, util::option_layer};
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::openapi::OpenApi as Document;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

/// Largest body where a route does not say otherwise.
const BODY_LIMIT: usize = 256 * 1024;

/// One table an area.
fn table() -> OpenApiRouter<ApiState> {
    // The outermost limit is set first; areas with larger bodies set their own closer by.
    [
        account::table(),
        people::table(),
        organization::table(),
        work::table(),
        location::table(),
        policies::table(),
        recommendations::table(),
        system::table(),
    ]
    .into_iter()
    .fold(OpenApiRouter::with_openapi(document()), OpenApiRouter::merge)
    .layer(DefaultBodyLimit::max(BODY_LIMIT))
}

/// The API's description, as served at `/openapi.json`.
#[must_use]
pub fn openapi() -> Document {
    finish(table().split_for_parts().1)
}

/// The whole API, ready to be served. `console` stands beside it: its routes know nothing of the API,
/// and are wrapped like the API's own.
pub fn router(state: ApiState, console: Router) -> Router {
    let (routes, document) = table().split_for_parts();
    // Without this the page sends the document's address to its maker's validator.
    let docs = utoipa_swagger_ui::Config::default().validator_url("none");
    let config = state.config();
    let cors = cors(&config.cors_origins);
    routes
        .merge(system::outbox_pages())
        .merge(pages::routes())
        .merge(console.with_state(()))
        .merge(SwaggerUi::new("/docs").url("/openapi.json", finish(document)).config(docs))
        .fallback(not_found)
        .layer(
            // Outermost first. One layer of the router, since each costs every request a box.
            ServiceBuilder::new()
                // Outside the request layer, so that browsers may read its errors, too.
                .layer(option_layer((!config.cors_origins.is_empty()).then_some(cors)))
                .layer(RequestLayer { deadline: config.request_timeout }),
        )
        .with_state(state)
}

async fn not_found() -> problem::Problem {
    problem::Problem::not_found()
}

/// Browsers may call from the listed origins, and from nowhere else.
fn cors(origins: &[String]) -> CorsLayer {
    let origins: Vec<HeaderValue> = origins.iter().filter_map(|o| o.parse().ok()).collect();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            IDEMPOTENCY_KEY,
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("x-request-id"),
        ])
        .expose_headers([
            header::ETAG,
            header::LOCATION,
            header::RETRY_AFTER,
            HeaderName::from_static("x-request-id"),
        ])
}
