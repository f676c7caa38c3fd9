//! Several people are deleted by typing the number that is shown.

use crate::support::{Account, Answer, Site};
use serde_json::{Value, json};

const PATH: &str = "/v1/staff/delete-requests";

async fn people(admin: &Account<'_>, how_many: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..how_many {
        ids.push(admin.create_staff(json!({ "display_name": format!("Person {n}") })).await);
    }
    ids
}

async fn confirm(admin: &Account<'_>, request: &Answer, number: i64) -> Answer {
    let path = format!("{PATH}/{}/confirm", request.str("/id"));
    admin.post(&path, json!({ "number": number })).await
}

fn number(request: &Answer) -> i64 {
    request.body["number"].as_i64().unwrap()
}

/// Another number of four digits.
fn wrong(request: &Answer) -> i64 {
    if number(request) == 1_000 { 1_001 } else { number(request) - 1 }
}

fn codes(list: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let entries = list.as_array().unwrap().iter();
    entries.map(|entry| (text(&entry["id"]), text(&entry["code"]))).collect()
}

#[tokio::test]
async fn whoever_types_the_number_deletes_them_all() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let ids = people(&admin, 3).await;
    let nobody = uuid::Uuid::now_v7().to_string();
    let asked = json!({ "ids": [ids[0], ids[1], nobody, admin.id] });
    let request = admin.post(PATH, asked).await.expect(201);
    assert!((1_000..=9_999).contains(&number(&request)));
    assert_eq!(request.body["affected"][1]["display_name"], "Person 1");
    assert_eq!(request.body["affected"].as_array().unwrap().len(), 2);
    let left = [(nobody.clone(), "not_found"), (admin.id.clone(), "own_account")];
    let left = left.map(|(id, code)| (id, code.to_owned()));
    assert_eq!(codes(&request.body["left_out"]), left);
    admin.get(&format!("/v1/staff/{}", ids[0])).await.expect(200);
    // One of them goes another way meanwhile.
    admin.delete(&format!("/v1/staff/{}", ids[1])).await.expect(204);
    let done = confirm(&admin, &request, number(&request)).await.expect(200);
    assert_eq!(done.body["deleted"], 1);
    assert_eq!(
        done.body["results"],
        json!([
            { "id": ids[0], "deleted": true, "code": null },
            { "id": ids[1], "deleted": false, "code": "not_found" },
        ])
    );
    admin.get(&format!("/v1/staff/{}", ids[0])).await.refused(404, "not_found");
    admin.get(&format!("/v1/staff/{}", ids[2])).await.expect(200);
    let again = confirm(&admin, &request, number(&request)).await;
    again.refused(409, "confirmation_expired");
    let told = "SELECT count(*) FROM audit_log WHERE action = 'staff.delete' \
        AND details->>'delete_request_id' = $1";
    let mut db = site.database.look().await;
    let told: i64 =
        sqlx::query_scalar(told).bind(request.str("/id")).fetch_one(&mut db).await.unwrap();
    assert_eq!(told, 1);
}

#[tokio::test]
async fn three_wrong_numbers_are_too_many() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let ids = people(&admin, 1).await;
    let request = admin.post(PATH, json!({ "ids": ids })).await.expect(201);
    let path = format!("{PATH}/{}/confirm", request.str("/id"));
    let missing = admin.post(&path, json!({})).await.refused(422, "invalid");
    assert_eq!(missing.pointers(), ["/number"], "no number is no try");
    for left in ["2 tries", "1 try", "no try"] {
        let refused = confirm(&admin, &request, wrong(&request)).await;
        let refused = refused.refused(422, "confirmation_mismatch");
        assert!(refused.str("/detail").contains(left), "{}", refused.text);
    }
    confirm(&admin, &request, number(&request)).await.refused(409, "confirmation_expired");
    admin.get(&format!("/v1/staff/{}", ids[0])).await.expect(200);
}

#[tokio::test]
async fn wrong_numbers_at_once_are_no_more_than_three() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let ids = people(&admin, 1).await;
    let request = admin.post(PATH, json!({ "ids": ids })).await.expect(201);
    let guesses = (0..8).map(|_| confirm(&admin, &request, wrong(&request)));
    let answers = futures::future::join_all(guesses).await;
    let judged = answers.iter().filter(|answer| answer.code() == "confirmation_mismatch").count();
    let late = answers.iter().filter(|answer| answer.code() == "confirmation_expired").count();
    assert_eq!((judged, late), (3, 5));
}

#[tokio::test]
async fn of_two_confirmations_at_once_one_wins() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let ids = people(&admin, 5).await;
    let request = admin.post(PATH, json!({ "ids": ids })).await.expect(201);
    let typed = number(&request);
    let (one, two) =
        tokio::join!(confirm(&admin, &request, typed), confirm(&admin, &request, typed));
    let (won, lost) = if one.status.is_success() { (one, two) } else { (two, one) };
    assert_eq!(won.expect(200).body["deleted"], 5);
    lost.refused(409, "confirmation_expired");
    let mut db = site.database.look().await;
    let told = "SELECT count(*) FROM audit_log WHERE action = 'staff.delete'";
    let told: i64 = sqlx::query_scalar(told).fetch_one(&mut db).await.unwrap();
    assert_eq!(told, 5);
}

#[tokio::test]
async fn a_request_is_its_authors_and_soon_over() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let second = admin.create_account("account_admin", "full").await;
    let ids = people(&admin, 1).await;
    let request = admin.post(PATH, json!({ "ids": ids })).await.expect(201);
    confirm(&second, &request, number(&request)).await.refused(404, "not_found");
    let mut db = site.database.look().await;
    let age = "UPDATE delete_requests SET expires_at = now() - interval '1 second'";
    sqlx::query(age).execute(&mut db).await.unwrap();
    confirm(&admin, &request, number(&request)).await.refused(409, "confirmation_expired");
    admin.get(&format!("/v1/staff/{}", ids[0])).await.expect(200);
}

#[tokio::test]
async fn rights_are_asked_twice() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let user_admin = admin.create_account("user_admin", "full").await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let ids = people(&admin, 2).await;
    let asked = json!({ "ids": [ids[0], scheduler.id, ids[1], admin.id] });
    let request = user_admin.post(PATH, asked).await.expect(201);
    let beyond = |id: &str| (id.to_owned(), "beyond_own_rights".to_owned());
    assert_eq!(codes(&request.body["left_out"]), [beyond(&scheduler.id), beyond(&admin.id)]);
    let promotion = json!({ "admin_role": "scheduler" });
    admin.patch(&format!("/v1/staff/{}", ids[1]), promotion).await.expect(200);
    let done = confirm(&user_admin, &request, number(&request)).await.expect(200);
    assert_eq!(codes(&done.body["results"]), [(ids[0].clone(), "-".to_owned()), beyond(&ids[1])]);
    let other = site.create_another_organization().await;
    let request = other.post(PATH, json!({ "ids": [ids[1]] })).await.expect(201);
    assert_eq!(codes(&request.body["left_out"]), [(ids[1].clone(), "not_found".to_owned())]);
}

#[tokio::test]
async fn a_request_names_whom_it_means() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let ids = people(&admin, 1).await;
    for (body, pointer) in [
        (json!({}), "/ids"),
        (json!({ "ids": [] }), "/ids"),
        (json!({ "ids": ["x"] }), "/ids"),
        (json!({ "ids": [ids[0], ids[0]] }), "/ids/1"),
        (json!({ "ids": vec![ids[0].clone(); 501] }), "/ids"),
    ] {
        let refused = admin.post(PATH, body).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), [pointer]);
    }
    let once = admin.post_once(PATH, "k", json!({ "ids": ids })).await.expect(201);
    let again = admin.post_once(PATH, "k", json!({ "ids": ids })).await.expect(201);
    assert_eq!(once.body, again.body);
    let mut db = site.database.look().await;
    let open = "SELECT count(*) FROM idempotency_keys WHERE body IS NOT NULL";
    let open: i64 = sqlx::query_scalar(open).fetch_one(&mut db).await.unwrap();
    assert_eq!(open, 0, "names are kept only sealed");
}
