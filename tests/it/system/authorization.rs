//! Who may do what, as data: every route of the API has a row, and every row is tried with every
//! role, with a limited account, with another tenant, with a device, and with nobody.

use crate::support::{Account, Site};
use nearhand_domain::access::{AdminRole, Permission, role_permissions};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeSet;

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Needs {
    /// Nothing: login, health.
    Nobody,
    /// A device's token.
    Device,
    /// Any session, however restricted.
    AnySession,
    /// Any session whose password is one's own.
    Session,
    /// A permission.
    May(Permission),
    /// A permission; with an access level below `full` there is nothing to be found.
    MayFully(Permission),
    /// A permission and access level `full`.
    OnlyFully(Permission),
}

use Needs::{AnySession, Device, May, MayFully, Nobody, OnlyFully, Session};
use Permission as P;

/// `{id}` stands for a person, service, region or case that is not there. Own resources (one's own
/// devices and time off) are tested in `people/staff.rs`.
const ROUTES: &[(&str, &str, Needs)] = &[
    ("post", "/v1/setup", Nobody),
    ("post", "/v1/sessions", Nobody),
    ("post", "/v1/sessions/refresh", Nobody),
    ("get", "/healthz", Nobody),
    ("get", "/readyz", Nobody),
    ("post", "/v1/pings", Device),
    ("get", "/v1/me", AnySession),
    ("post", "/v1/me/password", AnySession),
    ("delete", "/v1/sessions/current", AnySession),
    ("post", "/v1/me/tracking/pause", Session),
    ("delete", "/v1/me/tracking/pause", Session),
    ("delete", "/v1/me/tracking", Session),
    ("get", "/v1/organization", May(P::SettingsView)),
    ("patch", "/v1/organization", MayFully(P::SettingsManage)),
    ("post", "/v1/staff", MayFully(P::StaffManage)),
    ("get", "/v1/staff", MayFully(P::StaffView)),
    ("get", "/v1/staff/{id}", MayFully(P::StaffView)),
    ("patch", "/v1/staff/{id}", MayFully(P::StaffEdit)),
    ("post", "/v1/staff/{id}/password", MayFully(P::StaffManage)),
    ("get", "/v1/staff/{id}/tracking", MayFully(P::StaffView)),
    ("put", "/v1/staff/{id}/tracking", MayFully(P::StaffManage)),
    ("delete", "/v1/staff/{id}/tracking", MayFully(P::StaffManage)),
    ("post", "/v1/staff/{id}/time-off", MayFully(P::StaffEdit)),
    ("get", "/v1/staff/{id}/time-off", MayFully(P::StaffView)),
    ("delete", "/v1/staff/{id}/time-off/{time_off_id}", MayFully(P::StaffEdit)),
    ("post", "/v1/staff/{id}/devices", MayFully(P::StaffManage)),
    ("get", "/v1/staff/{id}/devices", MayFully(P::StaffView)),
    ("delete", "/v1/staff/{id}/devices/{device_id}", MayFully(P::StaffManage)),
    ("get", "/v1/staff/{id}/work-preferences", MayFully(P::StaffView)),
    ("put", "/v1/staff/{id}/work-preferences", MayFully(P::StaffEdit)),
    ("post", "/v1/services", MayFully(P::SettingsEdit)),
    ("get", "/v1/services", May(P::SettingsView)),
    ("get", "/v1/services/{id}", May(P::SettingsView)),
    ("patch", "/v1/services/{id}", MayFully(P::SettingsEdit)),
    ("delete", "/v1/services/{id}", MayFully(P::SettingsEdit)),
    ("post", "/v1/regions", MayFully(P::SettingsEdit)),
    ("get", "/v1/regions", May(P::SettingsView)),
    ("get", "/v1/regions/{id}", May(P::SettingsView)),
    ("patch", "/v1/regions/{id}", MayFully(P::SettingsEdit)),
    ("delete", "/v1/regions/{id}", MayFully(P::SettingsEdit)),
    ("post", "/v1/cases", May(P::CasesEdit)),
    ("get", "/v1/cases", May(P::CasesView)),
    ("get", "/v1/cases/{id}", May(P::CasesView)),
    ("patch", "/v1/cases/{id}", May(P::CasesEdit)),
    ("post", "/v1/recommendations", OnlyFully(P::RecommendationsView)),
    ("get", "/v1/positions", MayFully(P::TrackingView)),
    ("get", "/v1/positions/counts", MayFully(P::TrackingView)),
    ("get", "/v1/positions/stream", MayFully(P::TrackingView)),
    ("post", "/v1/positions/stream-tickets", MayFully(P::TrackingView)),
];

#[test]
fn every_route_has_a_row() {
    let document = serde_json::to_value(nearhand_api::openapi()).unwrap();
    let mut routes = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|key| *key != "parameters") {
            routes.insert((method.clone(), path.clone()));
        }
    }
    let rows: BTreeSet<_> =
        ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(routes, rows, "left: the API's routes, right: the rows of this file");
}

fn path_of(template: &str) -> String {
    let nobody = uuid::Uuid::now_v7().to_string();
    let path = template.split('/').map(|part| if part.starts_with('{') { &nobody } else { part });
    let path = path.collect::<Vec<_>>().join("/");
    let query = if path.starts_with("/v1/positions") && !path.ends_with("tickets") {
        "?bbox=1,1,2,2"
    } else {
        ""
    };
    path + query
}

/// The status of a call with an empty body: what matters is whether the door opens.
async fn knock(site: &Site, method: &str, template: &str, token: Option<&str>) -> (u16, String) {
    let method: Method = method.to_uppercase().parse().unwrap();
    let body = (method != Method::GET && method != Method::DELETE).then(|| json!({}));
    let mut request = site.http.request(method, format!("{}{}", site.url, path_of(template)));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.header("if-match", "*").json(&body);
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    // An event stream has no end to wait for.
    let text = if status == 200 { String::new() } else { response.text().await.unwrap() };
    let code = serde_json::from_str(&text).unwrap_or(serde_json::Value::Null);
    (status, code["code"].as_str().unwrap_or("").to_owned())
}

fn opens(needs: Needs, role: AdminRole, full: bool) -> bool {
    match needs {
        Nobody | AnySession | Session => true,
        Device => false,
        May(permission) | MayFully(permission) => role_permissions(role).has(permission),
        OnlyFully(permission) => full && role_permissions(role).has(permission),
    }
}

async fn try_all(site: &Site, who: &Account<'_>, role: AdminRole, full: bool) {
    // Logging out would end the rest of the walk.
    let rows = ROUTES.iter().filter(|(_, path, _)| *path != "/v1/sessions/current");
    for (method, path, needs) in rows {
        let (status, code) = knock(site, method, path, Some(&who.token)).await;
        let what = format!("{method} {path} as {role}, full: {full}: {status} {code}");
        match needs {
            Nobody => assert!(status != 403 && status < 500, "{what}"),
            Device => assert_eq!(status, 401, "{what}"),
            MayFully(permission) if !full && role_permissions(role).has(*permission) => {
                assert_eq!((status, code.as_str()), (404, "not_found"), "{what}");
            }
            _ if opens(*needs, role, full) => {
                assert!(!matches!(status, 401 | 403) && status < 500, "{what}");
            }
            _ => assert_eq!((status, code.as_str()), (403, "forbidden"), "{what}"),
        }
    }
}

#[tokio::test]
async fn every_row_holds_for_every_role_and_level() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    for role in AdminRole::ALL.iter().copied().filter(|role| *role != AdminRole::AccountAdmin) {
        for (level, full) in [("full", true), ("limited", false)] {
            let account = admin.create_account(role.as_str(), level).await;
            try_all(&site, &account, role, full).await;
        }
    }
    try_all(&site, &admin, AdminRole::AccountAdmin, true).await;
}

#[tokio::test]
async fn nobody_and_devices_get_through_no_door_but_their_own() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&staff).await;
    for (method, path, needs) in ROUTES {
        let (nobody, _) = knock(&site, method, path, None).await;
        let (device, _) = knock(&site, method, path, Some(&phone.token)).await;
        match needs {
            Nobody => {}
            Device => assert_eq!((nobody, device), (401, 400), "{method} {path}"),
            _ => assert_eq!((nobody, device), (401, 401), "{method} {path}"),
        }
    }
}

#[tokio::test]
async fn a_temporary_password_opens_nothing_but_what_it_must() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let id = admin
        .create_staff(json!({ "display_name": "G", "email": "g@harbour.example",
            "access_level": "full", "admin_role": "account_admin" }))
        .await;
    let reset = admin.post(&format!("/v1/staff/{id}/password"), json!({})).await.expect(201);
    let session =
        crate::support::account::log_in(&site, "g@harbour.example", reset.str("/password")).await;
    let restricted = Account::from_session(&site, &session.expect(201).body);
    for (method, path, needs) in ROUTES {
        if !matches!(needs, Nobody | Device | AnySession) {
            let (status, code) = knock(&site, method, path, Some(&restricted.token)).await;
            assert_eq!(
                (status, code.as_str()),
                (403, "password_change_required"),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn another_tenant_finds_nothing() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let service = admin.post("/v1/services", json!({ "name": "Interview" })).await.expect(201);
    let case = json!({ "title": "x", "position": { "lat": 1.5, "lng": 1.5 } });
    let case = admin.post("/v1/cases", case).await.expect(201);
    let phone = admin.create_phone(&staff).await;
    phone.send_from(1.5, 1.5).await.expect(200);
    let other = site.found_another().await;
    let (service, case) = (service.str("/id"), case.str("/id"));
    for path in [
        format!("/v1/staff/{staff}"),
        format!("/v1/staff/{staff}/devices"),
        format!("/v1/staff/{staff}/tracking"),
        format!("/v1/staff/{staff}/work-preferences"),
        format!("/v1/services/{service}"),
        format!("/v1/cases/{case}"),
    ] {
        admin.get(&path).await.expect(200);
        other.get(&path).await.refused(404, "not_found");
    }
    other.patch(&format!("/v1/staff/{staff}"), json!({})).await.refused(404, "not_found");
    other
        .delete(&format!("/v1/staff/{staff}/devices/{}", phone.id))
        .await
        .refused(404, "not_found");
    other.post("/v1/recommendations", json!({ "case_id": case })).await.refused(404, "not_found");
    let prefer = |service: &str| {
        let entry = json!({ "service_id": service, "preference": "never" });
        json!({ "services": [entry], "regions": [] })
    };
    let own = |id: &str| format!("/v1/staff/{id}/work-preferences");
    admin.put(&own(&admin.id), prefer(service)).await.expect(200);
    let stolen = other.put(&own(&other.id), prefer(service)).await.refused(422, "invalid");
    assert_eq!(stolen.pointers(), ["/services/0/service_id"]);
    crate::support::eventually("the owner sees her", async || {
        let seen = admin.get("/v1/positions?bbox=1,1,2,2").await.expect(200);
        (!seen.body["items"].as_array()?.is_empty()).then_some(())
    })
    .await;
    for path in ["/v1/positions?bbox=1,1,2,2", "/v1/positions/counts?bbox=1,1,2,2"] {
        let seen = other.get(path).await.expect(200);
        assert_eq!(seen.body["items"], json!([]), "{path}");
    }
}
