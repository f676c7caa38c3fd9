//! The console beside the API: both are wrapped alike, and neither answers for the other.

use crate::support::Site;
use reqwest::Method;

#[tokio::test]
async fn the_pages_have_their_own_policy_and_what_every_answer_has() {
    let site = Site::without_worker(|_| {}).await;
    for path in ["/console", "/console/people", "/phone"] {
        let page = site.call(Method::GET, path, None, None).await.expect(200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("cache-control"), "no-store");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("worker-src 'self';"), "{path}: {policy}");
        assert!(!page.header("x-request-id").is_empty());
        let script = page.text.split("src=\"").nth(1).and_then(|rest| rest.split('"').next());
        let script =
            site.call(Method::GET, script.expect("a script"), None, None).await.expect(200);
        assert!(script.header("content-type").starts_with("text/javascript"));
        // A worker obeys the policy of its own script.
        let policy = script.header("content-security-policy");
        assert!(policy.contains("connect-src 'self';"), "{path}: {policy}");
        assert!(script.header("cache-control").contains("immutable"));
        site.call(Method::POST, path, None, None).await.refused(405, "method_not_allowed");
    }
}

#[tokio::test]
async fn an_address_that_is_nobodys_is_refused_with_a_problem() {
    let site = Site::without_worker(|_| {}).await;
    for path in ["/v1/unknown", "/v1/console", "/assets/none.js", "/console/none.js", "/unknown"] {
        let answer = site.call(Method::GET, path, None, None).await;
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        answer.refused(404, "not_found");
    }
}

#[tokio::test]
async fn the_console_learns_its_settings_and_no_demo_without_one() {
    let site = Site::without_worker(|_| {}).await;
    let settings = site.call(Method::GET, "/console/settings.json", None, None).await.expect(200);
    assert!(settings.body["demo"].is_null() && settings.body["map_style"].is_null());
    assert!(!settings.body["version"].as_str().unwrap().is_empty());
    assert_eq!(settings.header("cache-control"), "no-store");
}
