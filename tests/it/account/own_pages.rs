//! Cookies count only in requests of our own pages, and never beside `authorization`.

use crate::support::{
    Answer, Site,
    browser::{Browser, OWN_PAGE, Way},
    events::Events,
    eventually,
};
use reqwest::Method;
use serde_json::json;

const STREAM: &str = "/v1/positions/stream";

#[tokio::test]
async fn requests_of_other_pages_are_refused_whatever_they_ask() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let browser = Browser::of_admin(&site).await;
    let own_origin = site.url.as_str();
    let foreign: [&[(&str, &str)]; 8] = [
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", own_origin)],
        &[("origin", "https://evil.example")],
        &[("origin", "http://127.0.0.1:1")],
        &[("origin", "null")],
        &[],
    ];
    for headers in foreign {
        let body = Some(json!({ "name": "Interview" }));
        let answer = browser.call(Method::POST, "/v1/services", headers, body).await;
        answer.refused(403, "cross_origin");
        for path in ["/v1/me", "/v1/positions?bbox=1,1,2,2", STREAM, "/v1/me/events"] {
            let answer = browser.call(Method::GET, path, headers, None).await;
            answer.refused(403, "cross_origin");
        }
        let answer = browser.call(Method::DELETE, "/v1/sessions/current", headers, None).await;
        answer.refused(403, "cross_origin");
        let login = json!({ "login": "ada@harbour.example", "password": "x", "cookie": true });
        let answer = browser.call(Method::POST, "/v1/sessions", headers, Some(login)).await;
        answer.refused(403, "cross_origin");
    }
    assert_eq!(admin.get("/v1/services").await.expect(200).body["items"], json!([]));
    for own in [OWN_PAGE, &[("origin", own_origin)]] {
        browser.call(Method::GET, "/v1/me", own, None).await.expect(200);
        let body = Some(json!({ "name": format!("With {}", own[0].0) }));
        browser.call(Method::POST, "/v1/services", own, body).await.expect(201);
    }
    // A bearer's request is nobody's but its sender's, wherever it comes from.
    let request = site.http.get(format!("{}/v1/me", site.url)).bearer_auth(&admin.token);
    let request = request.header("sec-fetch-site", "cross-site").header("cookie", "theme=dark");
    Answer::read(request.send().await.unwrap()).await.expect(200);
}

#[tokio::test]
async fn behind_a_proxy_the_own_page_is_that_of_the_public_host() {
    let site = Site::without_worker(|_| {}).await;
    site.set_up().await;
    let browser = Browser::new(&site, Way::Https);
    browser.log_in("ada@harbour.example", json!({})).await.expect(201);
    for (origin, own) in
        [("https://n.example", true), ("http://n.example", false), ("https://x.example", false)]
    {
        let answer = browser.call(Method::GET, "/v1/me", &[("origin", origin)], None).await;
        assert_eq!(answer.status.as_u16(), if own { 200 } else { 403 }, "{origin}");
    }
}

#[tokio::test]
async fn a_cookie_and_a_token_together_are_refused() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let browser = Browser::of_admin(&site).await;
    let bearer = format!("Bearer {}", admin.token);
    for authorization in [bearer.as_str(), "Bearer nh_acc_x_y", "Basic eDp5"] {
        let headers = [OWN_PAGE[0], ("authorization", authorization)];
        for (method, path) in [
            (Method::GET, "/v1/me"),
            (Method::DELETE, "/v1/sessions/current"),
            (Method::GET, STREAM),
            (Method::GET, "/v1/pings/wanted"),
        ] {
            browser.call(method, path, &headers, None).await.refused(400, "two_credentials");
        }
    }
    browser.get("/v1/me").await.expect(200);
}

#[tokio::test]
async fn a_page_of_somebody_who_has_left_the_browser_changes_nothing() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let browser = Browser::of_admin(&site).await;
    let own = browser.get("/v1/me").await.expect(200).str("/staff/id").to_owned();
    let other = site.create_another_organization().await;
    let other = other.get("/v1/me").await.expect(200).str("/staff/id").to_owned();
    let tag = |name: &str| Some(json!({ "name": name }));
    for (page_of, name) in [(other.as_str(), "Theirs"), ("", "Nobody's"), ("x", "Garbled")] {
        let headers = [OWN_PAGE[0], ("nearhand-staff", page_of)];
        let answer = browser.call(Method::POST, "/v1/tags", &headers, tag(name)).await;
        assert!(answer.str("/detail").contains("somebody else"), "{}", answer.text);
        answer.refused(401, "unauthorized");
    }
    let headers = [OWN_PAGE[0], ("nearhand-staff", own.as_str())];
    browser.call(Method::POST, "/v1/tags", &headers, tag("Own")).await.expect(201);
    let tags = admin.get("/v1/tags").await.expect(200);
    assert_eq!(tags.body["items"].as_array().unwrap().len(), 1, "{}", tags.text);
}

#[tokio::test]
async fn a_stream_opens_by_the_cookie_and_goes_on_where_it_was_cut() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&grace).await;
    phone.send_from(38.7, -9.1).await.expect(200);
    let browser = Browser::of_admin(&site).await;
    eventually("she is on the map", || async {
        let seen = browser.get("/v1/positions?bbox=-10,38,-9,39").await.expect(200);
        (seen.body["items"].as_array()?.len() == 1).then_some(())
    })
    .await;
    let open = |path: &'static str, last: Option<String>| {
        let mut request = browser.request(Method::GET, path, OWN_PAGE);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        async {
            let response = request.send().await.unwrap();
            assert_eq!(response.status().as_u16(), 200);
            Events::of(response)
        }
    };
    let mut events = open(STREAM, None).await;
    let snapshot = events.next().await.unwrap();
    assert_eq!(
        (snapshot.name.as_str(), snapshot.data["items"].as_array().unwrap().len()),
        ("snapshot", 1)
    );
    drop(events);
    phone.send_from(38.72, -9.1).await.expect(200);
    let mut events = open(STREAM, Some(snapshot.id)).await;
    let moved = events.until(|event| event.name == "position").await;
    assert_eq!(moved.data["staff_id"].as_str(), Some(grace.as_str()));
    let mut own = open("/v1/me/events", None).await;
    let first = own.next().await.unwrap();
    assert_eq!(first.name, "snapshot");
    drop(own);
    let mut own = open("/v1/me/events", Some(first.id)).await;
    browser.delete("/v1/sessions/current").await.expect(204);
    events.end().await;
    own.end().await;
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let site = Site::start().await;
    site.set_up().await;
    let browser = Browser::of_admin(&site).await;
    sqlx::query("UPDATE sessions SET expires_at = now() + interval '10 s'")
        .execute(&mut site.database.look().await)
        .await
        .unwrap();
    let response = browser.request(Method::GET, STREAM, OWN_PAGE).send().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    Events::of(response).end().await;
    browser.get("/v1/me").await.refused(401, "unauthorized");
}

#[tokio::test]
async fn other_origins_that_may_call_get_no_cookies() {
    let site = Site::with_api(|api| api.cors_origins = vec!["https://app.example".into()]).await;
    let admin = site.set_up().await;
    let browser = Browser::of_admin(&site).await;
    let listed = ("origin", "https://app.example");
    let asks = [listed, ("access-control-request-method", "POST")];
    let allowed = browser.call(Method::OPTIONS, "/v1/services", &asks, None).await.expect(200);
    assert_eq!(allowed.header("access-control-allow-origin"), "https://app.example");
    assert_eq!(allowed.header("access-control-allow-credentials"), "");
    let sent = [listed, ("sec-fetch-site", "same-site")];
    for headers in [&sent[..], &sent[..1]] {
        let answer = browser.call(Method::GET, "/v1/me", headers, None).await;
        let answer = answer.refused(403, "cross_origin");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
    }
    let request = site.http.get(format!("{}/v1/me", site.url)).bearer_auth(&admin.token);
    let answer = Answer::read(request.header(listed.0, listed.1).send().await.unwrap()).await;
    assert_eq!(answer.expect(200).header("access-control-allow-origin"), "https://app.example");
}

#[tokio::test]
async fn the_configured_address_tells_of_a_proxy_that_is_not_trusted() {
    let site = Site::with_api(|api| {
        api.trusted_proxy_hops = 0;
        api.public_url = Some("https://n.example".into());
    })
    .await;
    site.set_up().await;
    // The proxy passes the host on, and says nothing of TLS that would be believed.
    let browser = Browser::new(&site, Way::Https);
    browser.log_in("ada@harbour.example", json!({})).await.expect(201);
    assert!(browser.cookie("__Host-nearhand").is_some());
    browser.get("/v1/me").await.expect(200);
    // One that passes nothing on looks like this machine, but for what the browser says.
    let hidden = Browser::new(&site, Way::Local);
    let login = json!({ "login": "ada@harbour.example", "password": "x", "cookie": true });
    for tell in [("origin", "https://n.example"), ("x-forwarded-proto", "https")] {
        let headers = [OWN_PAGE[0], tell];
        let answer = hidden.call(Method::POST, "/v1/sessions", &headers, Some(login.clone())).await;
        answer.refused(403, "https_required");
    }
}
