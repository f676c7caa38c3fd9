//! Logging in with a browser: a cookie in place of tokens, how it ends, and that nothing else counts.

use crate::support::{
    Account, Answer, Site,
    account::log_in,
    browser::{Browser, OWN_PAGE, Way, set_cookies},
    eventually,
    site::{PASSWORD, setup_body},
};
use reqwest::Method;
use serde_json::json;

const ADA: &str = "ada@harbour.example";

/// Changes what is stored of the browsers' sessions.
async fn alter(site: &Site, what: &'static str) {
    let statement = sqlx::AssertSqlSafe(format!(
        "UPDATE sessions SET {what} WHERE idle_expires_at IS NOT NULL"
    ));
    sqlx::query(statement).execute(&mut site.database.look().await).await.expect("changed");
}

/// Whether this is true of the browsers' sessions.
async fn holds(site: &Site, what: &'static str) -> bool {
    let statement = sqlx::AssertSqlSafe(format!(
        "SELECT bool_and({what}) FROM sessions WHERE idle_expires_at IS NOT NULL"
    ));
    sqlx::query_scalar(statement).fetch_one(&mut site.database.look().await).await.expect("a truth")
}

/// Waits until the browser is refused.
async fn out(browser: &Browser<'_>) {
    eventually("the browser is logged out", || async {
        (browser.get("/v1/me").await.status.as_u16() == 401).then_some(())
    })
    .await;
}

fn one_cookie(answer: &Answer) -> String {
    let cookies = set_cookies(answer);
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    cookies[0].clone()
}

#[tokio::test]
async fn a_browser_gets_a_cookie_and_no_token() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let browser = Browser::new(&site, Way::Local);
    let session = browser.log_in(ADA, json!({})).await.expect(201);
    assert_eq!(session.header("cache-control"), "no-store");
    let cookie = one_cookie(&session);
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert_eq!(attributes, "HttpOnly; SameSite=Strict; Path=/");
    let secret = pair.strip_prefix("nearhand=").unwrap();
    assert!(secret.starts_with("nh_web_") && !session.text.contains("nh_"), "{}", session.text);
    assert_eq!(session.str("/staff_id"), admin.id);
    let length = |to: &str| {
        let at = |name: &str| session.str(name).parse::<jiff::Timestamp>().unwrap();
        at(to).duration_since(nearhand_domain::clock::now()).as_mins()
    };
    assert_eq!((length("/idle_expires_at"), length("/expires_at")), (119, 24 * 60 - 1));
    assert_eq!(
        (&session.body["remembered"], &session.body["must_change_password"]),
        (&json!(false), &json!(false))
    );
    assert_eq!(browser.get("/v1/me").await.expect(200).str("/staff/id"), admin.id);
    let made = browser.post("/v1/services", json!({ "name": "Interview" })).await.expect(201);
    browser.delete(&format!("/v1/services/{}", made.str("/id"))).await.expect(204);
    let stored: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM session_tokens WHERE kind = 'browser' \
         AND token_hash = sha256(convert_to($1, 'UTF8'))",
    )
    .bind(secret)
    .fetch_one(&mut site.database.look().await)
    .await
    .unwrap();
    assert_eq!(stored, 1, "only the hash is stored");
    let told = admin.get("/v1/audit?action=session.open").await.expect(200);
    assert_eq!(told.body["items"][0]["subject"]["id"], session.body["session_id"]);
    // The secret is no bearer's, and a bearer's token is no cookie.
    site.call(Method::GET, "/v1/me", Some(secret), None).await.refused(401, "unauthorized");
    for other in [&admin.token, &admin.refresh_token] {
        let thief = Browser::new(&site, Way::Local);
        thief.put("nearhand", other);
        thief.get("/v1/me").await.refused(401, "unauthorized");
    }
}

#[tokio::test]
async fn over_tls_the_cookie_is_bound_to_the_host_and_elsewhere_there_is_none() {
    let site = Site::without_worker(|_| {}).await;
    site.set_up().await;
    let browser = Browser::new(&site, Way::Https);
    let session = browser.log_in(ADA, json!({ "remember": true })).await.expect(201);
    let cookie = one_cookie(&session);
    assert!(cookie.starts_with("__Host-nearhand=nh_web_"), "{cookie}");
    let attributes = cookie.split_once("; ").unwrap().1;
    assert_eq!(attributes, "HttpOnly; Secure; SameSite=Strict; Path=/; Max-Age=2592000");
    assert_eq!(session.body["remembered"], json!(true));
    browser.get("/v1/me").await.expect(200);
    // Another host of the domain could put a cookie of the other name into the browser.
    let tossed = Browser::new(&site, Way::Https);
    tossed.put("nearhand", &browser.cookie("__Host-nearhand").unwrap());
    tossed.get("/v1/me").await.refused(401, "unauthorized");
    let plain = Browser::new(&site, Way::Plain);
    let refused = plain.log_in(ADA, json!({})).await.refused(403, "https_required");
    assert!(refused.str("/detail").contains("HTTPS"), "{}", refused.text);
    assert_eq!(set_cookies(&refused), Vec::<String>::new());
    for name in ["nearhand", "__Host-nearhand"] {
        plain.put(name, &browser.cookie("__Host-nearhand").unwrap());
    }
    plain.get("/v1/me").await.refused(401, "unauthorized");
    log_in(&site, ADA, PASSWORD).await.expect(201);
    let alone = json!({ "login": ADA, "password": PASSWORD, "remember": true });
    let alone = browser.post("/v1/sessions", alone).await.refused(422, "invalid");
    assert_eq!(alone.pointers(), ["/remember"]);
}

#[tokio::test]
async fn the_first_admin_is_logged_in_by_the_setup() {
    let site = Site::without_worker(|_| {}).await;
    let browser = Browser::new(&site, Way::Local);
    let mut form = setup_body();
    form["cookie"] = json!(true);
    let plain = Browser::new(&site, Way::Plain);
    plain.post("/v1/setup", form.clone()).await.refused(403, "https_required");
    let done = browser.post("/v1/setup", form).await.expect(201);
    assert!(!done.text.contains("nh_"), "{}", done.text);
    assert_eq!(browser.get("/v1/me").await.expect(200).str("/staff/id"), done.str("/staff_id"));
}

#[tokio::test]
async fn a_session_that_nobody_uses_ends_and_each_use_puts_that_off() {
    let site = Site::without_worker(|_| {}).await;
    site.set_up().await;
    let browser = Browser::of_admin(&site).await;
    alter(&site, "renewed_at = now() - interval '1 h', idle_expires_at = now() + interval '1 h'")
        .await;
    browser.get("/v1/me").await.expect(200);
    eventually("the use is written down", || async {
        holds(
            &site,
            "idle_expires_at > now() + interval '119 min' AND renewed_at > now() - interval '1 min'",
        )
        .await
        .then_some(())
    })
    .await;
    // Known to this process as good for two hours; a process that reads it now sees the end.
    alter(&site, "idle_expires_at = now() - interval '1 s'").await;
    browser.at(&site.beside().await).get("/v1/me").await.refused(401, "unauthorized");
    // A process that knows the session sees its end as well.
    let again = Browser::of_admin(&site).await;
    alter(&site, "idle_expires_at = now() + interval '10 s'").await;
    again.get("/v1/me").await.expect(200);
    out(&again).await;
}

#[tokio::test]
async fn a_use_at_one_process_counts_at_all() {
    let site = Site::without_worker(|_| {}).await;
    site.set_up().await;
    let browser = Browser::of_admin(&site).await;
    alter(&site, "idle_expires_at = now() + interval '10 s'").await;
    browser.get("/v1/me").await.expect(200);
    // As another process would, before the session ends as far as this one knows.
    alter(&site, "idle_expires_at = now() + interval '1 h', created_at = now()").await;
    eventually("the end that this process knew is over", || async {
        holds(&site, "now() > created_at + interval '11 s'").await.then_some(())
    })
    .await;
    browser.get("/v1/me").await.expect(200);
}

#[tokio::test]
async fn no_use_puts_the_fixed_end_off() {
    let site = Site::without_worker(|_| {}).await;
    site.set_up().await;
    let browser = Browser::of_admin(&site).await;
    alter(
        &site,
        "renewed_at = now() - interval '1 h', idle_expires_at = now() + interval '1 h', \
        expires_at = now() + interval '10 s'",
    )
    .await;
    browser.get("/v1/me").await.expect(200);
    eventually("the use is written down", || async {
        holds(&site, "idle_expires_at = expires_at").await.then_some(())
    })
    .await;
    out(&browser).await;
}

#[tokio::test]
async fn logging_out_takes_the_cookie_away() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let browser = Browser::of_admin(&site).await;
    let secret = browser.cookie("nearhand").unwrap();
    let gone = browser.delete("/v1/sessions/current").await.expect(204);
    assert_eq!(one_cookie(&gone), "nearhand=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0");
    browser.get("/v1/me").await.refused(401, "unauthorized");
    browser.put("nearhand", &secret);
    browser.get("/v1/me").await.refused(401, "unauthorized");
    let session = browser.log_in(ADA, json!({})).await.expect(201);
    let path = format!("/v1/me/sessions/{}", session.str("/session_id"));
    let ended = browser.delete(&path).await.expect(204);
    assert!(one_cookie(&ended).starts_with("nearhand=; "));
    assert_eq!(set_cookies(&admin.delete("/v1/sessions/current").await.expect(204)).len(), 0);
}

#[tokio::test]
async fn a_new_login_takes_the_place_of_the_one_before_in_the_same_browser() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let browser = Browser::of_admin(&site).await;
    let before = browser.cookie("nearhand").unwrap();
    let other = Browser::of_admin(&site).await;
    browser.log_in(ADA, json!({})).await.expect(201);
    assert_ne!(browser.cookie("nearhand").unwrap(), before);
    let old = Browser::new(&site, Way::Local);
    old.put("nearhand", &before);
    old.get("/v1/me").await.refused(401, "unauthorized");
    for still in [&browser, &other] {
        still.get("/v1/me").await.expect(200);
    }
    let listed = admin.get("/v1/me/sessions").await.expect(200);
    let browsers = listed.body["items"].as_array().unwrap().iter();
    assert_eq!(browsers.filter(|one| one["browser"] == json!(true)).count(), 2);
}

#[tokio::test]
async fn a_changed_password_gives_another_cookie_and_ends_all_other_sessions() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let [browser, elsewhere] = [Browser::of_admin(&site).await, Browser::of_admin(&site).await];
    let before = browser.cookie("nearhand").unwrap();
    let change =
        json!({ "current_password": PASSWORD, "new_password": "nine quiet harbour cranes" });
    let changed = browser.post("/v1/me/password", change).await.expect(204);
    assert!(one_cookie(&changed).starts_with("nearhand=nh_web_"));
    assert_ne!(browser.cookie("nearhand").unwrap(), before);
    browser.get("/v1/me").await.expect(200);
    elsewhere.get("/v1/me").await.refused(401, "unauthorized");
    admin.get("/v1/me").await.refused(401, "unauthorized");
    let listed = browser.get("/v1/me/sessions").await.expect(200);
    assert_eq!(listed.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_temporary_password_leads_a_browser_to_its_own() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let body = json!({ "display_name": "Grace", "email": "grace@harbour.example",
        "access_level": "limited" });
    let id = admin.create_staff(body).await;
    let reset = admin.post(&format!("/v1/staff/{id}/password"), json!({})).await.expect(201);
    let temporary = reset.str("/password").to_owned();
    let browser = Browser::new(&site, Way::Https);
    let form = json!({ "password": temporary, "remember": true });
    let session = browser.log_in("grace@harbour.example", form).await.expect(201);
    assert_eq!(session.body["must_change_password"], json!(true));
    browser.get("/v1/services").await.refused(403, "password_change_required");
    let change =
        json!({ "current_password": temporary, "new_password": "nine quiet harbour cranes" });
    let changed = browser.post("/v1/me/password", change).await.expect(204);
    assert!(one_cookie(&changed).ends_with("; Max-Age=2592000"), "remembered as before");
    browser.get("/v1/me/sessions").await.expect(200);
}

#[tokio::test]
async fn browsers_are_listed_and_ended_like_any_session() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let beside = site.beside().await;
    let browser = Browser::of_admin(&site).await;
    let there = browser.at(&beside);
    there.get("/v1/me").await.expect(200);
    let listed = browser.get("/v1/me/sessions").await.expect(200);
    let kinds: Vec<_> = listed.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (one["browser"].clone(), one["current"].clone(), one["idle_expires_at"].is_string())
        })
        .collect();
    let [yes, no] = [json!(true), json!(false)];
    assert_eq!(kinds, [(no.clone(), no, false), (yes.clone(), yes, true)]);
    let seen = admin.get(&format!("/v1/staff/{}/sessions", admin.id)).await.expect(200);
    assert_eq!(seen.body["items"][1]["browser"], json!(true));
    // Another process learns it by the feed.
    admin.delete("/v1/me/sessions").await.expect(204);
    browser.get("/v1/me").await.refused(401, "unauthorized");
    out(&there).await;
    admin.get("/v1/me").await.expect(200);
}

#[tokio::test]
async fn deactivated_people_lose_their_browser_and_tenants_stay_apart() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let other = site.create_another_organization().await;
    let olga = Browser::new(&site, Way::Local);
    olga.log_in(ADA, json!({ "organization": "other" })).await.expect(201);
    assert_eq!(olga.get("/v1/me").await.expect(200).str("/staff/id"), other.id);
    olga.get(&format!("/v1/staff/{}", admin.id)).await.refused(404, "not_found");
    // A secret under the name of another tenant is nobody's.
    let organization = |of: &Account<'_>| of.token.split('_').nth(2).unwrap().to_owned();
    let secret = olga.cookie("nearhand").unwrap();
    let moved = secret.replace(&organization(&other), &organization(&admin));
    let thief = Browser::new(&site, Way::Local);
    thief.put("nearhand", &moved);
    thief.get("/v1/me").await.refused(401, "unauthorized");
    // The same browser logs in to the first organisation: the other session is not touched.
    olga.log_in(ADA, json!({ "organization": "harbour-investigations" })).await.expect(201);
    assert_eq!(olga.get("/v1/me").await.expect(200).str("/staff/id"), admin.id);
    thief.put("nearhand", &secret);
    assert_eq!(thief.get("/v1/me").await.expect(200).str("/staff/id"), other.id);
    let body = json!({ "display_name": "Grace", "email": "grace@harbour.example",
        "access_level": "limited" });
    let grace = admin.create_staff(body).await;
    let password = json!({ "password": "nine quiet harbour cranes" });
    admin.post(&format!("/v1/staff/{grace}/password"), password.clone()).await.expect(201);
    let hers = Browser::new(&site, Way::Local);
    let mut login = password.clone();
    login["organization"] = json!("harbour-investigations");
    hers.log_in("grace@harbour.example", login).await.expect(201);
    hers.get("/v1/me").await.expect(200);
    admin.patch(&format!("/v1/staff/{grace}"), json!({ "active": false })).await.expect(200);
    hers.get("/v1/me").await.refused(401, "unauthorized");
}

#[tokio::test]
async fn a_cookie_is_found_among_many_and_garbage_is_none() {
    let site = Site::without_worker(|_| {}).await;
    site.set_up().await;
    let browser = Browser::of_admin(&site).await;
    let secret = browser.cookie("nearhand").unwrap();
    let ask = |cookies: Vec<u8>| {
        let bare = Browser::new(&site, Way::Local);
        let request = bare.request(Method::GET, "/v1/me", OWN_PAGE);
        let cookies = reqwest::header::HeaderValue::from_bytes(&cookies).unwrap();
        async { Answer::read(request.header("cookie", cookies).send().await.unwrap()).await }
    };
    let many: String = (0..300).map(|n| format!("other-{n}=v{n}; ")).collect();
    for good in [
        format!("{many}nearhand={secret}"),
        format!("nearhand=\"{secret}\";x=1"),
        format!(" theme=dark ;nearhand = {secret} ; nearhand-device=x"),
        format!("; =; x; nearhand={secret}; nearhand-theme=dark"),
    ] {
        ask(good.into_bytes()).await.expect(200);
    }
    let bytes = [b"x=\xff\xfe; nearhand=".as_slice(), secret.as_bytes()].concat();
    ask(bytes).await.expect(200);
    let long = format!("nearhand={}", "n".repeat(10_000));
    let cut = format!("nearhand={}", &secret[..secret.len() - 1]);
    for garbage in [&long, &cut, "nearhand=%00", "nearhand=nh_web_x_y", "NEARHAND=x", "nearhand"] {
        ask(garbage.as_bytes().to_vec()).await.refused(401, "unauthorized");
    }
    ask(b"nearhand=\xff\xfe".to_vec()).await.refused(401, "unauthorized");
}
