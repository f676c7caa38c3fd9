//! Who leaves gives their open work back, and gets again what is still free. A case that is given
//! up lets everybody go.

use crate::support::{
    Answer, Site,
    assigned::{assign, case_at, case_with, path, person, set_slots, work_version},
};
use serde_json::json;

fn id(answer: &Answer) -> String {
    answer.str("/id").to_owned()
}

#[tokio::test]
async fn a_deleted_person_gets_back_what_is_still_free() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (grace, other) = (person(&admin, "Grace").await, person(&admin, "Other").await);
    let mut made = Vec::new();
    for hour in [1, 3, 5, 7] {
        let case = case_at(&admin, hour, 1).await;
        made.push((case.clone(), assign(&admin, &case, &grace).await.expect(201)));
    }
    let [(_, free), (taken_case, taken), (closed_case, closed), (_, done)] =
        <[_; 4]>::try_from(made).unwrap();
    admin.patch(&path(&free), json!({ "state": "en_route" })).await.expect(200);
    admin.patch(&path(&done), json!({ "state": "done" })).await.expect(200);
    let before = work_version(&site, &grace).await;
    let staff = format!("/v1/staff/{grace}");
    admin.delete(&staff).await.expect(204);
    let open = admin.get("/v1/assignments?open=true").await.expect(200);
    assert_eq!(open.body["items"], json!([]));
    assert_eq!(admin.get(&path(&done)).await.expect(200).str("/state"), "done");
    assert!(work_version(&site, &grace).await > before);
    let trail = admin.get("/v1/audit?action=staff.delete").await.expect(200);
    let told = trail.body["items"][0]["details"]["released_assignments"].as_array().unwrap();
    assert_eq!(told.len(), 3);
    assign(&admin, &taken_case, &other).await.expect(201);
    let close = json!({ "status": "done" });
    admin.patch(&format!("/v1/cases/{closed_case}"), close).await.expect(200);
    let undelete = json!({ "restore_assignments": true });
    let back = admin.post(&format!("{staff}/undelete"), undelete).await.expect(200);
    assert_eq!(back.body["restored_assignments"], json!([id(&free)]));
    let mut lost = back.body["lost_assignments"].as_array().unwrap().clone();
    lost.sort_by_key(|one| one["reason"].as_str().unwrap().to_owned());
    let expected = json!([{ "id": id(&closed), "reason": "case_closed" },
        { "id": id(&taken), "reason": "no_slot_free" }]);
    assert_eq!(json!(lost), expected);
    let free = admin.get(&path(&free)).await.expect(200);
    assert_eq!(free.str("/state"), "assigned");
    assert!(free.body["cancelled_at"].is_null() && free.body["en_route_at"].is_null());
    let trail = admin.get("/v1/audit?action=assignment.restore").await.expect(200);
    assert_eq!(trail.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn nothing_comes_back_unless_it_is_wanted() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = person(&admin, "Grace").await;
    let made = assign(&admin, &case_at(&admin, 1, 1).await, &grace).await.expect(201);
    // Several at once go the same way.
    let ask = admin.post("/v1/staff/delete-requests", json!({ "ids": [grace] })).await.expect(201);
    let confirm = format!("/v1/staff/delete-requests/{}/confirm", id(&ask));
    admin.post(&confirm, json!({ "number": ask.body["number"] })).await.expect(200);
    assert_eq!(admin.get(&path(&made)).await.expect(200).str("/state"), "cancelled");
    let undelete = format!("/v1/staff/{grace}/undelete");
    let back = admin.post(&undelete, json!({})).await.expect(200);
    assert_eq!(back.body["restored_assignments"], json!([]));
    assert_eq!(back.body["lost_assignments"], json!([]));
    assert_eq!(admin.get(&path(&made)).await.expect(200).str("/state"), "cancelled");
    admin.delete(&format!("/v1/staff/{grace}")).await.expect(204);
    let later = json!({ "restore_assignments": true });
    let back = admin.post(&undelete, later).await.expect(200);
    assert_eq!(back.body["restored_assignments"], json!([]), "the note went with the first time");
}

#[tokio::test]
async fn a_cancelled_case_lets_everybody_go() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (grace, ada) = (person(&admin, "Grace").await, person(&admin, "Ada").await);
    let case = case_at(&admin, 8, 1).await;
    set_slots(&site, &case, 2).await;
    let open = assign(&admin, &case, &grace).await.expect(201);
    let done = assign(&admin, &case, &ada).await.expect(201);
    admin.patch(&path(&done), json!({ "state": "done" })).await.expect(200);
    let before = work_version(&site, &grace).await;
    let cancel = json!({ "status": "cancelled" });
    admin.patch(&format!("/v1/cases/{case}"), cancel).await.expect(200);
    let gone = admin.get(&path(&open)).await.expect(200);
    assert_eq!(gone.str("/state"), "cancelled");
    assert_eq!(gone.str("/cancel_reason"), "the case was cancelled");
    assert_eq!(admin.get(&path(&done)).await.expect(200).str("/state"), "done");
    assert_eq!(work_version(&site, &grace).await, before + 1);
    let trail = admin.get("/v1/audit?action=assignment.cancel").await.expect(200);
    assert_eq!(trail.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_done_case_lets_everybody_go() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (grace, ada) = (person(&admin, "Grace").await, person(&admin, "Ada").await);
    // As soon as possible: its time begins when it is assigned.
    let case = case_with(&admin, json!({})).await;
    set_slots(&site, &case, 2).await;
    let begun = assign(&admin, &case, &grace).await.expect(201);
    admin.patch(&path(&begun), json!({ "state": "on_site" })).await.expect(200);
    let waiting = assign(&admin, &case, &ada).await.expect(201);
    let before = [work_version(&site, &grace).await, work_version(&site, &ada).await];
    let closed = json!({ "status": "done" });
    admin.patch(&format!("/v1/cases/{case}"), closed).await.expect(200);
    assert_eq!(admin.get(&path(&begun)).await.expect(200).str("/state"), "done");
    let gone = admin.get(&path(&waiting)).await.expect(200);
    assert_eq!(gone.str("/state"), "cancelled");
    assert_eq!(gone.str("/cancel_reason"), "the case was done");
    let after = [work_version(&site, &grace).await, work_version(&site, &ada).await];
    assert_eq!(after, before.map(|version| version + 1));
    for (action, how_many) in [("assignment.update", 2), ("assignment.cancel", 1)] {
        let trail = admin.get(&format!("/v1/audit?action={action}")).await.expect(200);
        assert_eq!(trail.body["items"].as_array().unwrap().len(), how_many, "{action}");
    }
    // Those who are free again can be sent elsewhere at once.
    assign(&admin, &case_at(&admin, 8, 1).await, &ada).await.expect(201);
}
