//! Which cookies are read and given, by how a request reached us, and whose page may send them.

use super::*;

const TRUSTING: Surroundings = Surroundings { hops: 1, url: None };
const ALONE: Surroundings = Surroundings { hops: 0, url: None };

/// What of the settings matters here.
#[derive(Clone, Copy)]
struct Surroundings {
    hops: usize,
    url: Option<&'static str>,
}

fn browser(with: Surroundings, headers: &[(&'static str, &str)]) -> Browser {
    let config = ApiConfig {
        trusted_proxy_hops: with.hops,
        public_url: with.url.map(str::to_owned),
        ..ApiConfig::default()
    };
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    Browser::of(&map, &config)
}

fn given(browser: &Browser) -> Option<String> {
    let cookie = browser.give_session("s", None)?;
    Some(cookie.to_str().unwrap().to_owned())
}

/// Whether a page of ours gets a cookie.
fn fits(with: Surroundings, headers: &[(&'static str, &str)]) -> bool {
    let headers = [headers, &[("sec-fetch-site", "same-origin")]].concat();
    browser(with, &headers).require_fit_for_cookies().is_ok()
}

#[test]
fn a_cookie_is_as_safe_as_the_way_it_goes() {
    let safe = "__Host-nearhand=s; HttpOnly; Secure; SameSite=Strict; Path=/";
    let local = "nearhand=s; HttpOnly; SameSite=Strict; Path=/";
    let proxied = [("host", "n.example"), ("x-forwarded-proto", "https")];
    assert_eq!(given(&browser(TRUSTING, &proxied)).as_deref(), Some(safe));
    let named = Surroundings { hops: 0, url: Some("https://N.example/base") };
    assert_eq!(given(&browser(named, &[("host", "n.example")])).as_deref(), Some(safe));
    for host in
        ["localhost", "LOCALHOST:8080", "a.localhost", "127.0.0.1:1", "127.9.9.9", "[::1]:8"]
    {
        let local_one = browser(ALONE, &[("host", host)]);
        assert_eq!(given(&local_one).as_deref(), Some(local), "{host}");
        assert!(fits(ALONE, &[("host", host)]), "{host}");
    }
    for (with, headers) in [
        (ALONE, &[("host", "n.example"), ("x-forwarded-proto", "https")][..]),
        (TRUSTING, &[("host", "n.example"), ("x-forwarded-proto", "http")]),
        (ALONE, &[("host", "192.0.2.1")]),
        (ALONE, &[("host", "localhost.example")]),
        (ALONE, &[("host", "127.0.0.1.example")]),
        (named, &[("host", "other.example")]),
    ] {
        let plain = browser(with, headers);
        assert_eq!(given(&plain), None, "{headers:?}");
        assert!(!fits(with, headers), "{headers:?}");
    }
    let lasting = browser(TRUSTING, &proxied).give_session("s", Some(60)).unwrap();
    assert_eq!(lasting.to_str().unwrap(), format!("{safe}; Max-Age=60"));
}

#[test]
fn a_proxy_that_hides_itself_makes_no_machine_of_its_own() {
    for headers in [
        [("host", "127.0.0.1:8080"), ("x-forwarded-proto", "https")],
        [("host", "127.0.0.1:8080"), ("x-forwarded-for", "203.0.113.9")],
        [("host", "127.0.0.1:8080"), ("origin", "https://n.example")],
    ] {
        assert!(!fits(ALONE, &headers), "{headers:?}");
    }
    let headers = [("host", "127.0.0.1:8080"), ("origin", "http://localhost:5173")];
    assert!(fits(ALONE, &headers));
}

#[test]
fn only_our_own_pages_send_cookies() {
    let https = [("host", "n.example"), ("x-forwarded-proto", "https")];
    let local = [("host", "localhost:8080"), ("x-forwarded-proto", "http")];
    for (base, more, own) in [
        (https, &[("sec-fetch-site", "same-origin")][..], true),
        (https, &[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")], true),
        (https, &[("sec-fetch-site", "same-site")], false),
        (https, &[("sec-fetch-site", "cross-site")], false),
        (https, &[("sec-fetch-site", "none")], false),
        (https, &[("sec-fetch-site", "cross-site"), ("origin", "https://n.example")], false),
        (https, &[("origin", "https://n.example")], true),
        (https, &[("origin", "http://n.example")], false),
        (https, &[("origin", "https://n.example:8443")], false),
        (https, &[("origin", "https://n.example.evil.example")], false),
        (https, &[("origin", "null")], false),
        (https, &[], false),
        (local, &[("origin", "http://localhost:8080")], true),
        (local, &[("origin", "http://localhost:8081")], false),
    ] {
        let headers = [&base[..], more].concat();
        let is_own = browser(TRUSTING, &headers).require_own_page().is_ok();
        assert_eq!(is_own, own, "{headers:?}");
    }
}

#[test]
fn cookies_are_found_among_others_however_they_are_written() {
    let read = |lines: &[&str]| {
        let mut headers = vec![("host", "localhost")];
        headers.extend(lines.iter().map(|line| ("cookie", *line)));
        let browser = browser(ALONE, &headers);
        let text = |cookie| browser.cookie(cookie).map(str::to_owned);
        (text(Cookie::Session), text(Cookie::Device))
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(read(&["nearhand=a"]), (some("a"), None));
    assert_eq!(read(&["nearhand-device=d; x=1;nearhand=\"a\""]), (some("a"), some("d")));
    assert_eq!(read(&["x=1;  nearhand = a ;", "nearhand-device=d"]), (some("a"), some("d")));
    assert_eq!(read(&["nearhand=; nearhand=a"]), (some("a"), None));
    assert_eq!(read(&["x=ÿ€; nearhand=a"]), (some("a"), None));
    for none in ["", ";;;", "nearhand", "=a", "nearhand=\"\"", "Nearhand=a", "xnearhand=a"] {
        assert_eq!(read(&[none]), (None, None), "{none}");
    }
    assert_eq!(read(&["__Host-nearhand=a"]), (None, None), "not given without TLS");
    let over_tls =
        [("host", "n.example"), ("x-forwarded-proto", "https"), ("cookie", "nearhand=a")];
    assert_eq!(browser(TRUSTING, &over_tls).cookie(Cookie::Session), None, "may be another host's");
}
