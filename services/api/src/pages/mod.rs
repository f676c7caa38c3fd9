//! The pages behind mailed links: `/invite`, `/reset`, `/confirm-email` and `/offer`, with their
//! scripts and one style. They are the same for everybody and change nothing: the secret is in the
//! link's fragment, which no browser sends, and only a script's POST uses it.

use crate::state::ApiState;
use axum::{
    Router,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";

/// Path, type and text of every page and of what they load.
const FILES: &[(&str, &str, &str)] = &[
    ("/invite", HTML, include_str!("invite.html")),
    ("/reset", HTML, include_str!("reset.html")),
    ("/confirm-email", HTML, include_str!("confirm-email.html")),
    ("/offer", HTML, include_str!("offer.html")),
    ("/pages/shared.js", SCRIPT, include_str!("shared.js")),
    ("/pages/offer.js", SCRIPT, include_str!("offer.js")),
    ("/pages/links.js", SCRIPT, include_str!("links.js")),
    ("/pages/links.css", STYLE, include_str!("links.css")),
];

/// Their addresses.
pub(crate) fn routes() -> Router<ApiState> {
    FILES.iter().fold(Router::new(), |router, (path, kind, text)| {
        router.route(path, get(async move || file(kind, text)))
    })
}

/// Whether a route is one of these.
pub(crate) fn is_page(route: &str) -> bool {
    FILES.iter().any(|(path, ..)| *path == route)
}

fn file(kind: &'static str, text: &'static str) -> Response {
    // Asked for again each time: a page and its script must be of one version.
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}
