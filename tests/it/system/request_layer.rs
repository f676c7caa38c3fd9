//! The request layer: what it refuses before a route sees it, and what it adds to every response.

use crate::support::{Site, eventually};
use metrics_exporter_prometheus::PrometheusBuilder;
use nearhand_api::{Readiness, ServeConfig, operators_router};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// Sends bytes as they stand and reads the answer until the connection ends.
async fn raw(url: &str, request: &str) -> (u16, Value) {
    let mut socket = TcpStream::connect(url.trim_start_matches("http://")).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    (status, serde_json::from_str(body).unwrap_or_default())
}

#[tokio::test]
async fn heads_that_are_too_long_or_name_no_host_are_refused_with_a_problem() {
    let site = Site::without_worker(|_| {}).await;
    let long = "a".repeat(9_000);
    let many: String = (0..50).map(|n| format!("x-{n}: {}\r\n", "b".repeat(800))).collect();
    let cases = [
        ("GET /healthz HTTP/1.1\r\nconnection: close\r\n\r\n".to_owned(), 400, "malformed_request"),
        (get("/healthz", "host: a\r\nhost: b\r\n"), 400, "malformed_request"),
        (get(&format!("/v1/staff?search={long}"), "host: a\r\n"), 414, "uri_too_long"),
        (get("/v1/staff", &format!("host: a\r\n{many}")), 431, "headers_too_large"),
        // What hyper refuses before there is a request.
        ("GARBAGE\r\n\r\n".to_owned(), 400, "malformed_request"),
        (get("/v1/staff", "host: a\r\nx y: z\r\n"), 400, "malformed_request"),
        (get(&format!("/{}", long.repeat(7)), "host: a\r\n"), 414, "uri_too_long"),
        (
            get("/v1/staff", &format!("host: a\r\n{}", "x: y\r\n".repeat(150))),
            431,
            "headers_too_large",
        ),
    ];
    for (request, status, code) in cases {
        let (found, problem) = raw(&site.url, &request).await;
        assert_eq!((found, problem["code"].as_str()), (status, Some(code)), "{problem}");
        assert!(!problem["request_id"].as_str().unwrap().is_empty());
    }
    // HTTP/1.0 knows no hosts.
    let (status, _) = raw(&site.url, "GET /healthz HTTP/1.0\r\n\r\n").await;
    assert_eq!(status, 200);
}

fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nconnection: close\r\n{headers}\r\n")
}

#[tokio::test]
async fn every_answer_tells_browsers_and_caches_what_they_must_not_do() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let cases = [
        ("/v1/me", 200, "default-src 'none'", "no-store"),
        ("/v1/nothing", 404, "default-src 'none'", "no-store"),
        ("/healthz", 200, "default-src 'none'", ""),
        ("/openapi.json", 200, "default-src 'none'", ""),
        ("/docs/", 200, "script-src 'self'", ""),
    ];
    for (path, status, policy, cache) in cases {
        let answer = site.call(Method::GET, path, Some(&admin.token), None).await.expect(status);
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let found = answer.header("content-security-policy");
        assert!(
            found.contains(policy) && found.contains("frame-ancestors 'none'"),
            "{path}: {found}"
        );
        assert_eq!(answer.header("cache-control"), cache, "{path}");
    }
    let refused = site.call(Method::GET, "/v1/staff", None, None).await.expect(401);
    assert_eq!(refused.header("cache-control"), "no-store");
}

#[tokio::test]
async fn the_documentation_page_loads_nothing_from_elsewhere() {
    let site = Site::without_worker(|_| {}).await;
    let page = site.call(Method::GET, "/docs/", None, None).await.expect(200).text;
    assert!(page.contains("swagger-initializer.js") && !page.contains("://"), "{page}");
    // A script within the page would not run under its policy.
    assert!(!page.contains("<script>"), "{page}");
    let script = site.call(Method::GET, "/docs/swagger-initializer.js", None, None).await;
    assert!(script.text.contains(r#""validatorUrl": "none""#), "{}", script.text);
}

#[tokio::test]
async fn an_answer_holds_at_most_fifty_field_errors_and_counts_the_rest() {
    let site = Site::without_worker(|_| {}).await;
    let junk =
        |many: usize| -> Value { (0..many).map(|n| (format!("junk{n}"), json!(1))).collect() };
    let refused = async |body| {
        site.call(Method::POST, "/v1/setup", None, Some(body)).await.refused(422, "invalid")
    };
    let few = refused(junk(3)).await;
    let all = few.pointers().len();
    assert!(all > 3 && few.body.get("errors_left_out").is_none(), "{}", few.text);
    let many = refused(junk(12_000)).await;
    assert_eq!(many.pointers().len(), 50);
    assert_eq!(many.body["errors_left_out"], 12_000 + all - 3 - 50);
    assert!(many.text.len() < 10_000, "{}", many.text.len());
    let long = refused(json!({ "x".repeat(200_000): 1 })).await;
    assert!(long.text.len() < 10_000, "{}", long.text.len());
}

#[tokio::test]
async fn everybody_learns_whether_it_is_ready_and_no_more() {
    let site = Site::without_worker(|_| {}).await;
    let ready = site.call(Method::GET, "/readyz", None, None).await.expect(200);
    assert_eq!(ready.body, json!({ "ready": true }));
    site.call(Method::GET, "/metrics", None, None).await.refused(404, "not_found");
}

#[tokio::test]
async fn operators_see_metrics_and_what_is_missing_on_a_listener_of_their_own() {
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    let check = || async {
        let missing = Some("PostgreSQL does not answer".to_owned());
        Readiness::of([("redis", None), ("postgresql", missing)], None)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (router, stop) = (operators_router(metrics, check), CancellationToken::new());
    let mut running = JoinSet::new();
    running.spawn(nearhand_api::serve(listener, router, ServeConfig::default(), stop.clone()));
    let http = crate::support::http_client().build().unwrap();
    let ready = http.get(format!("{url}/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 503);
    let ready: Value = ready.json().await.unwrap();
    assert_eq!(ready["checks"][1]["detail"], "PostgreSQL does not answer");
    assert_eq!((&ready["ready"], &ready["checks"][0]["ok"]), (&json!(false), &json!(true)));
    assert_eq!(http.get(format!("{url}/metrics")).send().await.unwrap().status(), 200);
    assert_eq!(http.get(format!("{url}/v1/staff")).send().await.unwrap().status(), 404);
    stop.cancel();
    eventually("it ends", async || running.try_join_next()).await.unwrap();
}
