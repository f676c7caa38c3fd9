//! Words that mean the same: languages as ranges, codes without regard to case.

use crate::support::{Account, Site, eventually};
use serde_json::{Value, json};

/// Who is recommended for what a place asks for, once everybody is in the index.
async fn listed(site: &Site, admin: &Account<'_>, people: usize, asks: Value) -> Vec<String> {
    eventually("everybody is in the index", || async {
        let all = json!({ "place": { "position": { "lat": 1, "lng": 2 } }, "limit": 50 });
        let answer = admin.post("/v1/recommendations", all).await;
        let considered = answer.body.pointer("/result/considered")?.as_u64()?;
        (considered == people as u64).then_some(())
    })
    .await;
    let mut place = json!({ "position": { "lat": 1, "lng": 2 } });
    for (name, value) in asks.as_object().unwrap() {
        place[name] = value.clone();
    }
    let body = json!({ "place": place, "limit": 50 });
    let answer = admin.post("/v1/recommendations", body).await.expect(200);
    let _ = site;
    let mut names: Vec<String> = answer.body["result"]["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|candidate| candidate["display_name"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_language_asks_for_its_kinds() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    for tag in ["pt-BR", "por", "iw", "zh-Hant", "nb"] {
        let spoken = json!([{ "language": tag, "level": "native" }]);
        admin.create_staff(json!({ "display_name": tag, "languages": spoken })).await;
    }
    let ask = |tag: &'static str| {
        let needs = json!({ "languages": [tag], "language_required": true });
        listed(&site, &admin, 6, needs)
    };
    assert_eq!(ask("pt").await, ["por", "pt-BR"]);
    assert_eq!(ask("pt-BR").await, ["pt-BR"]);
    assert_eq!(ask("he").await, ["iw"]);
    assert_eq!(ask("zh").await, ["zh-Hant"]);
    assert_eq!(ask("no").await, ["nb"]);
    assert!(ask("es").await.is_empty());
}

#[tokio::test]
async fn codes_are_compared_without_regard_to_case_and_shown_as_written() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let grace = json!({ "display_name": "Grace", "skills": [{ "code": "Camera", "level": 4 }],
        "licences": [{ "code": "PI", "jurisdiction": "PT" }] });
    let created = admin.post("/v1/staff", grace).await.expect(201);
    assert_eq!(created.str("/skills/0/code"), "Camera");
    let twice = json!({ "display_name": "Twice",
        "skills": [{ "code": "Camera", "level": 4 }, { "code": "camera", "level": 2 }] });
    let refused = admin.post("/v1/staff", twice).await.refused(422, "invalid");
    assert_eq!(refused.pointers(), ["/skills/1"]);
    let needs = json!({ "skills": [{ "code": "camera", "required": 3 }],
        "licences": [{ "code": "pi", "jurisdiction": "pt" }] });
    assert_eq!(listed(&site, &admin, 2, needs).await, ["Grace"]);
}
