//! The first account: once per installation, and only with the right token.

use crate::support::{Site, account::log_in_to, mailbox::accept, site::setup_body};
use nearhand_api::{NewOrganization, Origin, create_organization_with_invitation};
use nearhand_domain::text::{Email, Name, Slug, ZoneName};
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn of_two_setups_at_once_one_wins() {
    let site = Site::without_worker(|_| {}).await;
    let ask = || site.call(Method::POST, "/v1/setup", None, Some(setup_body()));
    let (one, two) = tokio::join!(ask(), ask());
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "{} {}", one.text, two.text);
    let loser = if one.status.as_u16() == 409 { one } else { two };
    loser.refused(409, "setup_complete");
    ask().await.refused(409, "setup_complete");
}

#[tokio::test]
async fn a_wrong_token_and_wrong_fields_are_told_apart() {
    let site = Site::without_worker(|_| {}).await;
    let mut body = setup_body();
    body["bootstrap_token"] = json!("guess");
    let call = |body| site.call(Method::POST, "/v1/setup", None, Some(body));
    call(body).await.refused(401, "bootstrap_refused");
    let answer = call(json!({
        "bootstrap_token": "x", "surplus": 1,
        "organization": { "name": " ", "time_zone": "Mars/Base" },
        "admin": { "first_name": 7, "email": "ada", "password": "ada lovelace 123" },
    }))
    .await
    .refused(422, "invalid");
    let wanted = [
        "/surplus",
        "/organization/name",
        "/organization/time_zone",
        "/admin/first_name",
        "/admin/last_name",
        "/admin/email",
    ];
    for pointer in wanted {
        assert!(answer.pointers().contains(&pointer), "{pointer} in {}", answer.text);
    }
    let mut weak = setup_body();
    weak["admin"]["password"] = json!("ada lovelace 123");
    let answer = call(weak).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/admin/password"]);
    let mut long = setup_body();
    long["admin"]["first_name"] = json!("x".repeat(120));
    long["admin"]["last_name"] = json!("y".repeat(120));
    let answer = call(long).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/admin/last_name"]);
    site.set_up().await;
}

#[tokio::test]
async fn bodies_that_are_no_json_say_so() {
    let site = Site::without_worker(|_| {}).await;
    for (kind, body, status, code) in [
        ("application/json", "{", 400, "malformed_body"),
        ("application/json", "\u{0}\u{1}garbage", 400, "malformed_body"),
        ("application/json", "[]", 400, "malformed_body"),
        ("text/plain", "{}", 415, "unsupported_media_type"),
    ] {
        let request = site.http.post(format!("{}/v1/setup", site.url));
        let request = request.header("content-type", kind).body(body);
        let answer = crate::support::Answer::read(request.send().await.unwrap()).await;
        answer.refused(status, code);
    }
    let huge = "x".repeat(400_000);
    let request = site.http.post(format!("{}/v1/setup", site.url));
    let request = request.header("content-type", "application/json").body(huge);
    crate::support::Answer::read(request.send().await.unwrap()).await.refused(413, "too_large");
    site.call(Method::GET, "/v1/nothing", None, None).await.refused(404, "not_found");
    site.call(Method::DELETE, "/v1/setup", None, None).await.refused(405, "method_not_allowed");
}

#[tokio::test]
async fn the_admin_of_a_further_organisation_comes_in_by_an_invitation() {
    let site = Site::without_worker(|_| {}).await;
    site.set_up().await;
    let new = NewOrganization {
        name: Name::parse("Other").unwrap(),
        slug: Slug::parse("other").unwrap(),
        zone: ZoneName::parse("UTC").unwrap(),
        first_name: Name::parse("Olga").unwrap(),
        last_name: Name::parse("Other").unwrap(),
        email: Email::parse("olga@other.example").unwrap(),
    };
    let origin = Origin { request_id: "test".into(), remote_addr: None, trace_parent: None };
    let mut tx = site.database.app().await.tenantless().await.unwrap();
    let invited = create_organization_with_invitation(&mut tx, &new, origin).await.unwrap();
    tx.commit().await.unwrap();
    let own = "nine quiet harbour cranes";
    let joined = accept(&site, &invited.token, own).await.expect(200);
    assert_eq!(
        (joined.str("/login"), joined.str("/organization")),
        ("olga@other.example", "other")
    );
    accept(&site, &invited.token, own).await.refused(410, "invitation_invalid");
    let session = log_in_to(&site, "other", "olga@other.example", own).await.expect(201);
    let olga = crate::support::Account::from_session(&site, &session.body);
    let invitation = olga.get(&format!("/v1/staff/{}/invitation", olga.id)).await.expect(200);
    assert_eq!(invitation.str("/state"), "accepted");
    assert_eq!(
        (&invitation.body["created_by"], &invitation.body["mail"]),
        (&json!(null), &json!(null))
    );
}
