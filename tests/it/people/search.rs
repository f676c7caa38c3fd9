//! Finding people: by the beginnings of words, however they are written.

use crate::support::Site;
use serde_json::json;

#[tokio::test]
async fn people_are_found_by_the_beginnings_of_words() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let jose = admin
        .create_staff(json!({ "first_name": "José", "last_name": "O’Neill-Łukasz",
            "username": "ranger7", "email": "jose.on@harbour.example", "account_code": "TK 01/7" }))
        .await;
    let other = admin.create_staff(json!({ "first_name": "Josef", "last_name": "Neumann" })).await;
    let find = |q: &'static str| {
        let admin = &admin;
        async move {
            let url = reqwest::Url::parse_with_params("http://x/v1/staff", [("q", q)]).unwrap();
            let path = format!("/v1/staff?{}", url.query().unwrap());
            let found = admin.get(&path).await.expect(200);
            let mut ids: Vec<String> = found.body["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|person| person["id"].as_str().unwrap().to_owned())
                .collect();
            ids.sort();
            ids
        }
    };
    for q in
        ["jose", "JOSE\u{301} neill", "lukasz jos", "O'Neill", "ranger", "jose.on@harb", "tk 01"]
    {
        assert!(find(q).await.contains(&jose), "{q}");
    }
    assert_eq!(find("neill").await, std::slice::from_ref(&jose));
    assert_eq!(find("jos").await.len(), 2);
    assert_eq!(find("jos neu").await, [other]);
    assert!(find("eill").await.is_empty(), "a middle part of a word is not searched");
    assert!(find("jose nobody").await.is_empty());
    admin.get("/v1/staff?q=%2D").await.refused(400, "malformed_query");
    let path = format!("/v1/staff/{jose}");
    admin.patch(&path, json!({ "last_name": "Quist", "display_name": null })).await.expect(200);
    assert!(find("lukasz").await.is_empty(), "words follow the name");
    assert_eq!(find("quist").await, [jose]);
}

#[tokio::test]
async fn names_have_one_form_and_nothing_that_cannot_be_seen() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let created = admin
        .post("/v1/staff", json!({ "display_name": "  Cafe\u{301}  noir " }))
        .await
        .expect(201);
    assert_eq!(created.str("/display_name"), "Café noir");
    for name in ["\u{200b}", "\u{feff}", "a\u{202e}b", "a\nb"] {
        for path in ["/v1/services", "/v1/staff"] {
            let field = if path == "/v1/staff" { "display_name" } else { "name" };
            let refused = admin.post(path, json!({ field: name })).await.refused(422, "invalid");
            assert!(refused.pointers().contains(&format!("/{field}").as_str()), "{}", refused.text);
        }
    }
    let wrong = json!({ "display_name": "A", "access_level": "full", "email": "a\u{200b}@x.org" });
    let refused = admin.post("/v1/staff", wrong).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/email"], "no second, false error");
    assert!(refused.text.contains("U+200B"), "{}", refused.text);
}
