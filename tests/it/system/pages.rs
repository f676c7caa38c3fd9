//! The pages behind mailed links: the same for everybody, under a strict policy, and harmless.

use crate::support::Site;
use reqwest::Method;

/// Each page and the script it loads.
const PAGES: [(&str, &str); 4] = [
    ("/invite", "pages/links.js"),
    ("/reset", "pages/links.js"),
    ("/confirm-email", "pages/links.js"),
    ("/offer", "pages/offer.js"),
];
const SCRIPTS: [&str; 3] = ["/pages/shared.js", "/pages/links.js", "/pages/offer.js"];

#[tokio::test]
async fn pages_load_only_their_own_files_and_change_nothing() {
    let site = Site::without_worker(|_| {}).await;
    for (path, script) in PAGES {
        let page = site.call(Method::GET, path, None, None).await.expect(200);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self';") && policy.contains("style-src 'self';"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-cache");
        // One script of our own, and nothing inline that the policy would refuse.
        assert_eq!(page.text.matches("<script").count(), 1);
        let loads = format!(r#"<script src="{script}" type="module"></script>"#);
        assert!(page.text.contains(&loads), "{path}");
        for refused in ["<style", " style=", " onclick", "javascript:", "http://", "https://"] {
            assert!(!page.text.contains(refused), "{path} holds {refused}");
        }
        assert!(page.text.contains(r#"<html lang="en">"#) && page.text.contains("viewport"));
        let head = site.call(Method::HEAD, path, None, None).await.expect(200);
        assert_eq!(head.text, "");
        for method in [Method::OPTIONS, Method::POST] {
            site.call(method, path, None, None).await.refused(405, "method_not_allowed");
        }
    }
}

/// A script as it is served.
async fn script(site: &Site, path: &str) -> String {
    let script = site.call(Method::GET, path, None, None).await.expect(200);
    assert!(script.header("content-type").starts_with("text/javascript"), "{path}");
    script.text
}

/// The names of the texts that a script has in a language.
fn texts(script: &str, language: &str) -> Vec<String> {
    let (_, rest) = script.split_once(&format!("\n  {language}: {{\n")).expect("a language");
    let (table, _) = rest.split_once("\n  },").expect("its end");
    table.lines().map(|line| line.trim().split(':').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_text_of_the_pages_is_there_in_every_language() {
    let site = Site::without_worker(|_| {}).await;
    let style = site.call(Method::GET, "/pages/links.css", None, None).await.expect(200);
    assert!(style.header("content-type").starts_with("text/css"));
    for path in SCRIPTS {
        let script = script(&site, path).await;
        let english = texts(&script, "en");
        for language in ["de", "es", "fr"] {
            assert_eq!(texts(&script, language), english, "{path}: {language}");
        }
        // Whatever would put text from outside into the page as markup.
        for refused in ["innerHTML", "document.write", "eval(", "localStorage"] {
            assert!(!script.contains(refused), "{path}: {refused}");
        }
    }
    let shared = texts(&script(&site, "/pages/shared.js").await, "en");
    for (path, of_page) in PAGES {
        let own = texts(&script(&site, &format!("/{of_page}")).await, "en");
        assert!(own.iter().all(|key| !shared.contains(key)), "{of_page} says again what is shared");
        let page = site.call(Method::GET, path, None, None).await.expect(200);
        for part in page.text.split("data-text=\"").skip(1) {
            let key = part.split('"').next().unwrap();
            assert!(own.iter().chain(&shared).any(|known| known == key), "{path}: {key}");
        }
    }
}

#[tokio::test]
async fn the_page_of_an_offer_has_words_for_every_refusal_and_sends_at_a_click_only() {
    let site = Site::without_worker(|_| {}).await;
    let offer = script(&site, "/pages/offer.js").await;
    let english = texts(&offer, "en");
    // The codes of a refused answer, and the states of an answer that counts.
    for key in [
        "offer_taken",
        "offer_too_late",
        "offer_ended",
        "offer_declined",
        "offer_accepted",
        "overlap",
        "accepted",
        "declined",
        "available",
    ] {
        assert!(english.iter().any(|known| known == key), "{key}");
    }
    // Whatever the script names as `text.key` is there; a key that is missing would read `undefined`.
    let shared = texts(&script(&site, "/pages/shared.js").await, "en");
    for part in offer.split("text.").skip(1) {
        let is_key = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
        let key: String = part.chars().take_while(is_key).collect();
        assert!(english.iter().chain(&shared).any(|known| *known == key), "{key}");
    }
    // An answer is sent by the two buttons, never while the page loads.
    let answers: Vec<_> = offer.match_indices("\"v1/offer-links/answer\"").collect();
    assert_eq!(answers.len(), 2);
    for ((at, _), button) in answers.iter().zip(["accept", "decline"]) {
        let before = &offer[..*at];
        let listens = before.rfind("addEventListener(").expect("a listener");
        assert!(before[..listens].ends_with(&format!("{button}.")), "{button}");
        assert!(before[listens..].starts_with("addEventListener(\"click\""), "{button}");
    }
}
