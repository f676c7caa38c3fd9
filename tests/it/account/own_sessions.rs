//! Where people are logged in, and how that ends: for themselves, and by an admin.

use crate::support::{Account, Site, account::log_in, site::PASSWORD};
use reqwest::Method;
use serde_json::{Value, json};

const OWN: &str = "nine quiet harbour cranes";

async fn another<'a>(site: &'a Site, login: &str, password: &str) -> (Account<'a>, String) {
    let session = log_in(site, login, password).await.expect(201);
    (Account::from_session(site, &session.body), session.str("/session_id").to_owned())
}

fn ids(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn people_see_and_end_their_own_sessions() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let (second, second_id) = another(&site, "ada@harbour.example", PASSWORD).await;
    let (third, third_id) = another(&site, "ada@harbour.example", PASSWORD).await;
    let seen = second.get("/v1/me/sessions").await.expect(200);
    assert_eq!(ids(&seen.body)[1..], [second_id.as_str(), third_id.as_str()]);
    let current: Vec<&Value> =
        seen.body["items"].as_array().unwrap().iter().map(|one| &one["current"]).collect();
    assert_eq!(current, [&json!(false), &json!(true), &json!(false)]);
    let refresh = json!({ "refresh_token": third.refresh_token });
    site.call(Method::POST, "/v1/sessions/refresh", None, Some(refresh)).await.expect(200);
    let seen = second.get("/v1/me/sessions").await.expect(200);
    let renewed = |n: usize| {
        let session = &seen.body["items"][n];
        session["renewed_at"].as_str() > session["created_at"].as_str()
    };
    assert_eq!((renewed(1), renewed(2)), (false, true));
    let first = second.get("/v1/me/sessions?limit=1").await.expect(200);
    let rest = format!("/v1/me/sessions?limit=1&cursor={}", first.str("/next_cursor"));
    assert_eq!(ids(&second.get(&rest).await.expect(200).body), [second_id.as_str()]);
    let one = format!("/v1/me/sessions/{third_id}");
    second.delete(&one).await.expect(204);
    third.get("/v1/me").await.refused(401, "unauthorized");
    second.delete(&one).await.refused(404, "not_found");
    second.delete("/v1/me/sessions").await.expect(204);
    admin.get("/v1/me").await.refused(401, "unauthorized");
    second.get("/v1/me").await.expect(200);
    let left = second.get("/v1/me/sessions").await.expect(200);
    assert_eq!(ids(&left.body), [second_id.as_str()]);
    let told = "SELECT array_agg(action ORDER BY id) FROM audit_log \
        WHERE action IN ('session.end', 'me.sessions_end')";
    let mut db = site.database.look().await;
    let told: Vec<String> = sqlx::query_scalar(told).fetch_one(&mut db).await.unwrap();
    assert_eq!(told, ["session.end", "me.sessions_end"]);
}

#[tokio::test]
async fn nobody_ends_a_session_of_somebody_else_by_its_id() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_account("general", "limited").await;
    let seen = admin.get("/v1/me/sessions").await.expect(200);
    let path = format!("/v1/me/sessions/{}", ids(&seen.body)[0]);
    grace.delete(&path).await.refused(404, "not_found");
    admin.get("/v1/me").await.expect(200);
}

#[tokio::test]
async fn admins_see_and_end_the_sessions_of_those_below() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let people = admin.create_account("user_admin", "full").await;
    let grace = admin.create_account("general", "limited").await;
    let path = format!("/v1/staff/{}/sessions", grace.id);
    let seen = people.get(&path).await.expect(200);
    assert_eq!(seen.body["items"][0]["current"], json!(false));
    assert_eq!(ids(&grace.get(&path).await.expect(200).body), ids(&seen.body));
    people.delete(&path).await.expect(204);
    grace.get("/v1/me").await.refused(401, "unauthorized");
    assert_eq!(people.get(&path).await.expect(200).body["items"], json!([]));
    let scheduler = admin.create_account("scheduler", "full").await;
    let path = format!("/v1/staff/{}/sessions", scheduler.id);
    people.get(&path).await.expect(200);
    people.delete(&path).await.refused(403, "beyond_own_rights");
    let path = format!("/v1/staff/{}/sessions", people.id);
    scheduler.get(&path).await.refused(403, "forbidden");
    scheduler.delete(&path).await.refused(403, "forbidden");
    let email = admin.get(&format!("/v1/staff/{}", scheduler.id)).await.expect(200);
    let (again, _) = another(&site, email.str("/email"), OWN).await;
    again.get("/v1/me").await.expect(200);
    let told = "SELECT count(*) FROM audit_log WHERE action = 'staff.sessions_end' \
        AND subject_id = $1::uuid";
    let mut db = site.database.look().await;
    let told: i64 = sqlx::query_scalar(told).bind(&grace.id).fetch_one(&mut db).await.unwrap();
    assert_eq!(told, 1);
}
