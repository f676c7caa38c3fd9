//! The web console and the phone page: files that `./dev console` builds from `web/`, embedded and
//! served. Must not know the API: the pages call it like any other client.
//!
//! `/console` and `/phone`, and what is below them, are the two pages; their scripts find out what to
//! show. Every other file of `dist/` has the address of its path.

mod files;
mod map_source;
mod policy;
mod settings;

use axum::{
    Json, Router,
    extract::{ConnectInfo, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::get,
};
use files::{FILES, File};
use policy::{Page, Policies};
use settings::Settings;
use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

pub use map_source::{MapSource, MapSourceError};
pub use settings::{Demo, DemoLogin, DemoSlot};

/// What an installation decides about its console.
#[derive(Clone, Default)]
pub struct Console {
    /// The style of the map; without one the built-in map is drawn.
    pub map_style: Option<MapSource>,
    /// What that style refers to on other hosts.
    pub map_origins: Vec<MapSource>,
    /// The demo's logins, if it runs.
    pub demo: DemoSlot,
}

/// It may serve `/phone` as well as what is below its own folder, `/phone/`, and nothing wider.
const SERVICE_WORKER: &str = "phone/sw.js";

/// Tells whether a browser on this machine asks, by its address and the headers of its request.
pub type IsLocal = Box<dyn Fn(SocketAddr, &HeaderMap) -> bool + Send + Sync>;

/// What every handler can reach.
struct Shared {
    console: Console,
    is_local: IsLocal,
    policies: Policies,
}

/// Its addresses; `/` leads to the console. Browsers that are local are told the demo's logins.
pub fn router(console: Console, is_local: IsLocal) -> Router {
    let sources: Vec<MapSource> =
        console.map_style.iter().chain(&console.map_origins).cloned().collect();
    let shared = Arc::new(Shared { console, is_local, policies: Policies::new(&sources) });
    let mut router = Router::new()
        .route("/", get(to_console))
        .route("/console", get(page))
        .route("/console/", get(page))
        .route("/console/{*path}", get(page))
        .route("/console/settings.json", get(console_settings))
        .route("/phone", get(page))
        .route("/phone/", get(page))
        .route("/phone/{*path}", get(page));
    for address in file_addresses() {
        router = router.route(&address, get(file));
    }
    router.with_state(shared)
}

/// Where files are that are neither a page nor below one: one address for each file at the top and
/// one for each folder, so that metrics have few labels.
fn file_addresses() -> BTreeSet<String> {
    let address = |file: &File| match file.path.split_once('/') {
        Some(("console" | "phone", _)) => None,
        Some((folder, _)) => Some(format!("/{folder}/{{*path}}")),
        None => (!file.is_page()).then(|| format!("/{}", file.path)),
    };
    FILES.iter().filter_map(address).collect()
}

/// Relative, for proxies that put a path before ours.
async fn to_console() -> Response {
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "console")]).into_response()
}

/// A page, or a file below it. What has an ending is a file: a page in the place of a script that is
/// gone would only be harder to understand.
async fn page(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches('/');
    let (page, entry) = match path.split('/').next() {
        Some("phone") => (Page::Phone, "phone.html"),
        _ => (Page::Console, "console.html"),
    };
    let last = path.rsplit('/').next().unwrap_or_default();
    let name = if last.contains('.') { path } else { entry };
    answer(&shared, page, name, &headers)
}

async fn file(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    answer(&shared, Page::Console, uri.path().trim_start_matches('/'), &headers)
}

/// The API makes a problem document of an answer without a file.
fn answer(shared: &Shared, page: Page, name: &str, asked: &HeaderMap) -> Response {
    let Some(file) = files::find(name) else {
        let not_kept = [(header::CACHE_CONTROL, "no-store")];
        return (StatusCode::NOT_FOUND, not_kept).into_response();
    };
    let mut response = file.answer(asked);
    let headers = response.headers_mut();
    shared.policies.add(headers, page, file.is_page());
    if file.path == SERVICE_WORKER {
        headers.insert("service-worker-allowed", HeaderValue::from_static("/phone"));
    }
    response
}

async fn console_settings(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    let console = &shared.console;
    let demo = console.demo.logins().filter(|_| (shared.is_local)(peer, &headers));
    let mut response = Json(Settings::new(console.map_style.as_ref(), demo)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
