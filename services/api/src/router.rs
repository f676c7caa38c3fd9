//! Every URL there is, in one table, with what wraps them.

use crate::{
    http::{edge::EdgeLayer, problem},
    routes::{
        account::{me, sessions},
        location::{devices, pings, position_counts, positions, stream, tracking},
        organization::{regions, services, settings, setup},
        people::{staff, time_off, work_preferences},
        recommendations::create as recommendations,
        system::health,
        work::cases,
    },
    state::ApiState,
};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, Method, header},
};
use tower::{ServiceBuilder, util::option_layer};
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Components, OpenApi as Document, SecurityRequirement,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::SwaggerUi;

/// Largest body where a route does not say otherwise.
const BODY_LIMIT: usize = 256 * 1024;
/// Largest body of a region, whose polygons take room.
const REGION_LIMIT: usize = 2 * 1024 * 1024;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Nearhand",
        description = "Who is near at hand, free, and right for this case? Phones send their \
            pings, schedulers ask for recommendations, admins look after the people.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
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
        document.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    }
}

/// The table.
fn table() -> OpenApiRouter<ApiState> {
    // Has a limit of its own.
    let pings = OpenApiRouter::new().routes(routes!(pings::receive));
    let regions = OpenApiRouter::new()
        .routes(routes!(regions::create, regions::list))
        .routes(routes!(regions::get, regions::patch, regions::delete))
        .layer(DefaultBodyLimit::max(REGION_LIMIT));
    let rest = OpenApiRouter::new()
        .routes(routes!(setup::set_up))
        .routes(routes!(sessions::log_in))
        .routes(routes!(sessions::refresh))
        .routes(routes!(sessions::log_out))
        .routes(routes!(me::get))
        .routes(routes!(me::change_password))
        .routes(routes!(me::withdraw_tracking))
        .routes(routes!(me::pause_tracking, me::resume_tracking))
        .routes(routes!(settings::get, settings::patch))
        .routes(routes!(staff::create, staff::list))
        .routes(routes!(staff::get, staff::patch))
        .routes(routes!(staff::reset_password))
        .routes(routes!(tracking::get, tracking::permit, tracking::revoke))
        .routes(routes!(time_off::create, time_off::list))
        .routes(routes!(time_off::delete))
        .routes(routes!(devices::enrol, devices::list))
        .routes(routes!(devices::revoke))
        .routes(routes!(services::create, services::list))
        .routes(routes!(services::get, services::patch, services::delete))
        .routes(routes!(work_preferences::get, work_preferences::put))
        .routes(routes!(cases::create, cases::list))
        .routes(routes!(cases::get, cases::patch))
        .routes(routes!(recommendations::create))
        .routes(routes!(positions::list))
        .routes(routes!(position_counts::list))
        .routes(routes!(stream::open))
        .routes(routes!(stream::create_ticket))
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(health::metrics))
        .layer(DefaultBodyLimit::max(BODY_LIMIT));
    OpenApiRouter::with_openapi(Api::openapi()).merge(pings).merge(regions).merge(rest)
}

/// The API's description, as served at `/openapi.json`.
#[must_use]
pub fn openapi() -> Document {
    table().split_for_parts().1
}

/// The whole API, ready to be served.
pub fn router(state: ApiState) -> Router {
    let (routes, document) = table().split_for_parts();
    let config = state.config();
    let cors = cors(&config.cors_origins);
    routes
        .merge(SwaggerUi::new("/docs").url("/openapi.json", document))
        .fallback(not_found)
        .layer(
            // Outermost first. One layer of the router, since each costs every request a box.
            ServiceBuilder::new()
                // Around the edge, so that browsers may read its errors, too.
                .layer(option_layer((!config.cors_origins.is_empty()).then_some(cors)))
                .layer(EdgeLayer { deadline: config.request_timeout }),
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
            HeaderName::from_static("idempotency-key"),
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
