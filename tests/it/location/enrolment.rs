//! A phone is enrolled by scanning a code: what the code says is all that its app needs.

use crate::support::{Answer, Site, eventually};
use reqwest::{Method, RequestBuilder, Url};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The query of a link.
fn query(link: &str) -> BTreeMap<String, String> {
    Url::parse(link).expect("a link").query_pairs().into_owned().collect()
}

/// What a phone's camera reads of a PNG in a `data:` URL.
fn scanned(png: &str) -> String {
    let data = png.strip_prefix("data:image/png;base64,").expect("a PNG");
    let image = image::load_from_memory(&decoded(data)).expect("an image").to_luma8();
    let (width, height) = (image.width() as usize, image.height() as usize);
    let shade = |x: usize, y: usize| image.as_raw()[y * width + x];
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, height, shade);
    image.detect_grids().first().expect("a code").decode().expect("a text").1
}

/// Base64, with its padding.
fn decoded(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let sextet = |byte| alphabet.iter().position(|known| *known == byte).expect("base64");
    let mut bytes = Vec::new();
    for group in text.trim_end_matches('=').as_bytes().chunks(4) {
        let bits = group.iter().fold(0, |bits, byte| bits << 6 | sextet(*byte));
        let bits = bits << (6 * (4 - group.len()));
        bytes.extend(&u32::try_from(bits).unwrap().to_be_bytes()[1..group.len()]);
    }
    bytes
}

/// A request of each app, as it is after being set up by what was answered and nothing else.
fn requests(site: &Site, setup: &Value) -> Vec<RequestBuilder> {
    let text = |pointer: &str| setup.pointer(pointer).and_then(Value::as_str).expect("a text");
    let http = &site.http;
    let mut requests = Vec::new();

    let inline = &query(&scanned(text("/owntracks/qr_png")))["inline"];
    let file: Value = serde_json::from_slice(&decoded(inline)).expect("a file");
    assert_eq!(&file, &setup["owntracks"]["file"]);
    let of = |name: &str| file[name].as_str().expect("a setting").to_owned();
    let report = r#"{"_type":"location","lat":38.7,"lon":-9.1}"#;
    let request = http.post(of("url")).basic_auth(of("username"), Some(of("password")));
    requests.push(request.body(report));

    let link = query(&scanned(text("/overland/qr_png")));
    let feature = json!({ "geometry": { "coordinates": [-9.1, 38.7] }, "properties": {} });
    let request = http.post(&link["url"]).bearer_auth(&link["token"]);
    requests.push(request.body(json!({ "locations": [feature] }).to_string()));

    let mut server = Url::parse(&scanned(text("/traccar/qr_png"))).expect("an address");
    assert!(server.query_pairs().any(|(name, _)| name == "id"));
    server.set_query(None);
    assert_eq!(server.as_str(), text("/traccar/url"));
    requests.push(http.post(server).body("lat=38.7&lon=-9.1"));

    let options = &setup["transistorsoft"]["options"];
    let of = |pointer: &str| options.pointer(pointer).and_then(Value::as_str).expect("an option");
    let request = http.request(of("/method").parse::<Method>().unwrap(), of("/url"));
    let request = request.header("authorization", of("/headers/Authorization"));
    let fix = json!({ "coords": { "latitude": 38.7, "longitude": -9.1 } });
    requests.push(request.body(json!({ of("/httpRootProperty"): [fix] }).to_string()));

    let profile = text("/gpslogger/profile");
    let line = profile.lines().find_map(|line| line.strip_prefix("log_customurl_url="));
    assert_eq!(line, Some(text("/gpslogger/url")));
    let url = text("/gpslogger/url").replace("%LAT", "38.7").replace("%LON", "-9.1");
    requests.push(http.get(url));
    requests
}

#[tokio::test]
async fn a_scanned_phone_sends_at_once_with_any_app() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let basis = json!({ "legal_basis": "written consent" });
    admin.put(&format!("/v1/staff/{staff}/tracking"), basis).await.expect(200);
    let path = format!("/v1/staff/{staff}/devices");
    let enrolled =
        admin.post_once(&path, "enrol", json!({ "name": "Grace's phone" })).await.expect(201);
    for code in ["owntracks", "overland", "traccar"] {
        assert!(enrolled.str(&format!("/setup/{code}/qr_svg")).starts_with("<svg "), "{code}");
    }
    for request in requests(&site, &enrolled.body["setup"]) {
        Answer::read(request.send().await.expect("an answer")).await.expect(200);
    }
    let mut db = site.database.look().await;
    eventually("a fix of each app is stored", async || {
        let sources = sqlx::query_scalar::<_, i64>("SELECT count(DISTINCT source) FROM pings");
        (sources.fetch_one(&mut db).await.expect("a count") == 5).then_some(())
    })
    .await;
    // Shown once: neither kept with the request nor shown with the device.
    let again = admin.post_once(&path, "enrol", json!({ "name": "Grace's phone" })).await;
    again.refused(409, "idempotency_secret_shown");
    let listed = admin.get(&path).await.expect(200);
    assert!(!listed.text.contains("nh_dev_") && listed.body["items"][0]["setup"].is_null());
}
