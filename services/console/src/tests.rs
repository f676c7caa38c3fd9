//! The addresses of both pages and of every file, as a browser sees them.

use super::*;
use axum::{body::Body, http::Request};
use std::collections::BTreeSet;
use tower::ServiceExt;

const HERE: &str = "127.0.0.1:50000";

/// An answer with its body.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

async fn ask(console: Console, method: &str, path: &str, asked: &[(&str, &str)]) -> Answer {
    let peer: SocketAddr = HERE.parse().unwrap();
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost:8080");
    for (name, value) in asked {
        request = request.header(*name, *value);
    }
    let request = request.extension(ConnectInfo(peer)).body(Body::empty()).unwrap();
    let is_local = |peer: SocketAddr, asked: &HeaderMap| {
        peer == HERE.parse().unwrap() && !asked.contains_key("x-elsewhere")
    };
    let response = router(console, Box::new(is_local)).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

async fn get_plain(path: &str) -> Answer {
    ask(Console::default(), "GET", path, &[]).await
}

/// What a page names in its attributes.
fn references(html: &str) -> BTreeSet<String> {
    let values =
        ["src=\"", "href=\""].into_iter().flat_map(|attribute| html.split(attribute).skip(1));
    values.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn both_pages_are_served_at_their_addresses_and_below() {
    for (path, page) in [
        ("/console", "console.html"),
        ("/console/", "console.html"),
        ("/console/cases/0198c6f2-0000-7000-8000-000000000000", "console.html"),
        ("/console/people?search=a.b", "console.html"),
        ("/phone", "phone.html"),
        ("/phone/", "phone.html"),
        ("/phone/offers", "phone.html"),
    ] {
        let answer = get_plain(path).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, "text/html; charset=utf-8")
        );
        assert_eq!(answer.body, std::fs::read(dist(page)).unwrap(), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        let allowed = answer.header("permissions-policy");
        assert_eq!(allowed, "geolocation=(self), screen-wake-lock=(self)");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"));
        let head = ask(Console::default(), "HEAD", path, &[]).await;
        assert_eq!((head.status, head.body.len()), (200, 0));
        assert_eq!(ask(Console::default(), "POST", path, &[]).await.status, 405);
    }
    let start = get_plain("/").await;
    assert_eq!((start.status, start.header("location")), (307, "console"));
}

fn dist(path: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("dist").join(path)
}

#[tokio::test]
async fn what_the_pages_name_is_there_and_loads_from_nowhere_else() {
    for page in ["/console", "/phone"] {
        let html = get_plain(page).await;
        let named = references(html.text());
        assert!(
            named.iter().any(|path| path.ends_with(".js")),
            "{page} names its script: {named:?}"
        );
        for refused in ["<style", " style=", " onclick", "javascript:", "http://", "https://"] {
            assert!(!html.text().contains(refused), "{page} holds {refused}");
        }
        for path in named {
            assert!(path.starts_with('/'), "{page} names {path} from its root");
            let answer = get_plain(&path).await;
            assert_eq!(answer.status, 200, "{page} names {path}");
            assert!(
                !answer.body.is_empty() && !answer.header("content-type").contains("html"),
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn every_file_has_an_address_a_type_a_policy_and_a_time_to_be_kept() {
    for file in FILES.iter().filter(|file| !file.is_page()) {
        let path = format!("/{}", file.path);
        let answer = get_plain(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.body, std::fs::read(dist(file.path)).unwrap(), "{path}");
        assert!(
            !answer.header("content-type").is_empty()
                && !answer.header("content-security-policy").is_empty()
        );
        let kept = if path.starts_with("/assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        assert_eq!(answer.header("cache-control"), kept, "{path}");
        let known =
            ask(Console::default(), "GET", &path, &[("if-none-match", answer.header("etag"))])
                .await;
        assert_eq!((known.status, known.body.len()), (304, 0), "{path}");
    }
    let worker = get_plain("/phone/sw.js").await;
    assert_eq!(worker.header("service-worker-allowed"), "/phone");
    let manifest = get_plain("/phone/manifest.webmanifest").await;
    assert_eq!(manifest.header("content-type"), "application/manifest+json");
}

#[tokio::test]
async fn files_that_are_not_there_are_not_found_and_not_kept() {
    for path in
        ["/assets/none.js", "/assets/", "/console/none.js", "/phone/none.png", "/console.html"]
    {
        let answer = get_plain(path).await;
        assert_eq!((answer.status, answer.body.len()), (404, 0), "{path}");
    }
    assert_eq!(get_plain("/assets/none.js").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_client_gets_the_smallest_form_it_takes() {
    let script =
        FILES.iter().find(|file| file.path.starts_with("assets/") && file.path.ends_with(".js"));
    let path = format!("/{}", script.unwrap().path);
    let mut lengths = Vec::new();
    for (takes, form) in
        [("identity", ""), ("gzip, deflate", "gzip"), ("gzip, deflate, br, zstd", "br")]
    {
        let answer = ask(Console::default(), "GET", &path, &[("accept-encoding", takes)]).await;
        assert_eq!(answer.header("content-encoding"), form);
        assert_eq!(answer.header("vary"), "accept-encoding");
        lengths.push(answer.body.len());
    }
    assert!(lengths.is_sorted_by(|longer, shorter| longer > shorter), "{lengths:?}");
}

async fn settings_of(console: Console, asked: &[(&str, &str)]) -> serde_json::Value {
    let answer = ask(console, "GET", "/console/settings.json", asked).await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, "no-store"));
    serde_json::from_slice(&answer.body).unwrap()
}

#[tokio::test]
async fn the_settings_name_the_map_and_the_demo_to_local_browsers_alone() {
    let plain = settings_of(Console::default(), &[]).await;
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(plain, serde_json::json!({ "map_style": null, "demo": null, "version": version }));
    let style = "https://tiles.example.org/style.json?key=1";
    let console = Console { map_style: Some(style.parse().unwrap()), ..Console::default() };
    let login =
        |who: &str| DemoLogin { login: format!("{who}@example.org"), password: who.to_owned() };
    let (admin, scheduler, worker) = (login("admin"), login("scheduler"), login("worker"));
    let organization = "demo".to_owned();
    console.demo.offer(Demo { organization, admin, scheduler, worker: Some(worker) });
    let told = settings_of(console.clone(), &[]).await;
    assert_eq!(told["map_style"], style);
    let demo = serde_json::json!({
        "organization": "demo", "login": "admin@example.org", "password": "admin",
        "scheduler": { "login": "scheduler@example.org", "password": "scheduler" },
        "worker": { "login": "worker@example.org", "password": "worker" },
    });
    assert_eq!(told["demo"], demo);
    let elsewhere = settings_of(console, &[("x-elsewhere", "yes")]).await;
    assert!(elsewhere["demo"].is_null());
}
