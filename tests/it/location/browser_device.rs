//! A browser that is a device: its token is in a cookie of its own, which counts where a device's
//! token does and nowhere else.

use crate::support::{
    Account, Answer, Site,
    account::now,
    browser::{Browser, OWN_PAGE, Way, set_cookies},
};
use reqwest::Method;
use serde_json::{Value, json};

const COOKIE: &str = "nearhand-device";
const ADA: &str = "ada@harbour.example";

/// A browser whose person is tracked, and is a device of theirs; the device's id.
async fn phone<'a>(site: &'a Site, admin: &Account<'_>) -> (Browser<'a>, String) {
    let basis = json!({ "legal_basis": "written consent" });
    admin.put(&format!("/v1/staff/{}/tracking", admin.id), basis).await.expect(200);
    let browser = Browser::of_admin(site).await;
    let device = enrol(&browser).await.str("/device/id").to_owned();
    (browser, device)
}

async fn enrol(browser: &Browser<'_>) -> Answer {
    let form = json!({ "name": "this browser", "cookie": true });
    browser.post("/v1/me/devices", form).await.expect(201)
}

fn ping() -> Value {
    json!({ "pings": [{ "fix_at": now(), "lat": 38.7, "lng": -9.1, "accuracy_m": 8 }] })
}

async fn devices(browser: &Browser<'_>) -> Vec<(bool, bool)> {
    let page = browser.get("/v1/me/devices").await.expect(200);
    let items = page.body["items"].as_array().unwrap().iter();
    items.map(|one| (one["this_browser"] == json!(true), one["revoked_at"].is_string())).collect()
}

#[tokio::test]
async fn a_browser_sends_pings_by_its_own_cookie() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let basis = json!({ "legal_basis": "written consent" });
    admin.put(&format!("/v1/staff/{}/tracking", admin.id), basis).await.expect(200);
    let browser = Browser::of_admin(&site).await;
    browser.post("/v1/pings", ping()).await.refused(401, "unauthorized");
    let enrolled = enrol(&browser).await;
    assert!(!enrolled.text.contains("nh_"), "{}", enrolled.text);
    assert_eq!((&enrolled.body["token"], &enrolled.body["setup"]), (&Value::Null, &Value::Null));
    let [cookie] = &set_cookies(&enrolled)[..] else { panic!("one cookie") };
    let lasting = "; HttpOnly; SameSite=Strict; Path=/; Max-Age=34560000";
    assert!(cookie.starts_with("nearhand-device=nh_dev_") && cookie.ends_with(lasting), "{cookie}");
    // Both cookies are there: pings count by the device's, everything else by the session's.
    let sent = browser.post("/v1/pings", ping()).await.expect(200);
    assert_eq!(sent.body["accepted"], json!(1));
    let wanted = browser.get("/v1/pings/wanted").await.expect(200);
    assert_eq!(set_cookies(&wanted), std::slice::from_ref(cookie), "it lasts on");
    browser.get("/v1/me/tracking").await.expect(200);
    assert_eq!(devices(&browser).await, [(true, false)]);
    assert_eq!(devices(&Browser::of_admin(&site).await).await, [(false, false)]);
    let foreign = [("sec-fetch-site", "cross-site")];
    let answer = browser.call(Method::POST, "/v1/pings", &foreign, Some(ping())).await;
    answer.refused(403, "cross_origin");
    let both = [OWN_PAGE[0], ("authorization", "Bearer x")];
    let answer = browser.call(Method::POST, "/v1/pings", &both, Some(ping())).await;
    answer.refused(400, "two_credentials");
    // The device's cookie alone opens nothing else, and the session's no ping.
    let alone = Browser::new(&site, Way::Local);
    alone.put(COOKIE, &browser.cookie(COOKIE).unwrap());
    alone.post("/v1/pings", ping()).await.expect(200);
    for path in ["/v1/me", "/v1/me/tracking", "/v1/me/devices", "/v1/positions/stream"] {
        alone.get(path).await.refused(401, "unauthorized");
    }
    let swapped = Browser::new(&site, Way::Local);
    swapped.put("nearhand", &browser.cookie(COOKIE).unwrap());
    swapped.put(COOKIE, &browser.cookie("nearhand").unwrap());
    swapped.get("/v1/me").await.refused(401, "unauthorized");
    swapped.post("/v1/pings", ping()).await.refused(401, "unauthorized");
    // A device's cookie is no fault where it does not count.
    let request = site.http.get(format!("{}/v1/me", site.url)).bearer_auth(&admin.token);
    let request = request.header("cookie", format!("{COOKIE}={}", browser.cookie(COOKIE).unwrap()));
    Answer::read(request.send().await.unwrap()).await.expect(200);
}

#[tokio::test]
async fn a_device_is_given_over_tls_or_on_this_machine_to_oneself_alone() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let browser = Browser::new(&site, Way::Https);
    browser.log_in(ADA, json!({})).await.expect(201);
    enrol(&browser).await;
    assert!(browser.cookie("__Host-nearhand-device").unwrap().starts_with("nh_dev_"));
    let form = json!({ "name": "x", "cookie": true });
    let plain = admin.site.http.post(format!("{}/v1/me/devices", site.url)).json(&form);
    let plain = plain.bearer_auth(&admin.token).header("host", "n.example");
    let plain = plain.header(OWN_PAGE[0].0, OWN_PAGE[0].1);
    Answer::read(plain.send().await.unwrap()).await.refused(403, "https_required");
    admin.post("/v1/me/devices", form.clone()).await.refused(403, "cross_origin");
    let of_other = admin.post(&format!("/v1/staff/{}/devices", admin.id), form).await;
    assert_eq!(of_other.refused(422, "invalid").pointers(), ["/cookie"]);
    let token = admin.post("/v1/me/devices", json!({ "name": "a phone" })).await.expect(201);
    assert!(token.str("/token").starts_with("nh_dev_") && token.body["setup"].is_object());
}

#[tokio::test]
async fn revoking_the_device_and_logging_out_make_the_browser_forget_it() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (browser, device) = phone(&site, &admin).await;
    let secret = browser.cookie(COOKIE).unwrap();
    let other = admin.post("/v1/me/devices", json!({ "name": "other" })).await.expect(201);
    let path = format!("/v1/me/devices/{}", other.str("/device/id"));
    assert_eq!(set_cookies(&browser.delete(&path).await.expect(204)).len(), 0);
    browser.delete(&format!("/v1/me/devices/{device}")).await.expect(204);
    assert_eq!(browser.cookie(COOKIE), None);
    browser.put(COOKIE, &secret);
    browser.post("/v1/pings", ping()).await.refused(401, "unauthorized");
    enrol(&browser).await;
    let (session, secret) = (browser.cookie("nearhand"), browser.cookie(COOKIE).unwrap());
    assert!(session.is_some());
    browser.delete("/v1/sessions/current").await.expect(204);
    assert_eq!((browser.cookie("nearhand"), browser.cookie(COOKIE)), (None, None));
    browser.put(COOKIE, &secret);
    browser.post("/v1/pings", ping()).await.refused(401, "unauthorized");
    browser.log_in(ADA, json!({})).await.expect(201);
    assert_eq!(browser.cookie(COOKIE), None, "a dead one is taken away");
    assert_eq!(devices(&browser).await, [(false, true), (false, true), (false, true)]);
    let told: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE action = 'device.revoke'")
            .fetch_one(&mut site.database.look().await)
            .await
            .unwrap();
    assert_eq!(told, 3);
}

#[tokio::test]
async fn positions_of_one_person_never_count_for_the_next_in_the_same_browser() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (browser, _) = phone(&site, &admin).await;
    let grace = admin.create_account("general", "limited").await;
    let email = admin.get(&format!("/v1/staff/{}", grace.id)).await.expect(200);
    let password = json!({ "password": "nine quiet harbour cranes" });
    // The session ended by itself, so that nobody logged out.
    browser.log_in(ADA, json!({})).await.expect(201);
    assert!(browser.cookie(COOKIE).is_some(), "it stays one's own");
    browser.log_in(email.str("/email"), password).await.expect(201);
    assert_eq!(browser.cookie(COOKIE), None);
    browser.post("/v1/pings", ping()).await.refused(401, "unauthorized");
    assert_eq!(devices(&browser).await, []);
}
