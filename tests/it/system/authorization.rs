//! Who may do what, as data: every route of the API has a row, and every row is tried with every
//! role, with a limited account, with another tenant, with a device, and with nobody.

mod document;
mod rows;

use crate::support::{
    Account, Site,
    browser::{Browser, OWN_PAGE, Way},
};
use nearhand_domain::access::{AdminRole, Permission, role_permissions};
use reqwest::{Method, RequestBuilder};
use rows::{PEOPLE_ONLY, ROUTES};
use serde_json::json;
use std::collections::BTreeSet;

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Needs {
    /// Nothing: login, health.
    Nobody,
    /// A device's token.
    Device,
    /// The same, for an app to which every complete body is acknowledged.
    App,
    /// The same, with the token in the path.
    AppPath,
    /// Any session, however restricted.
    AnySession,
    /// Any session whose password is one's own.
    Session,
    /// The same and access level `full`.
    FullSession,
    /// A permission.
    May(Permission),
    /// A permission; with an access level below `full` there is nothing to be found.
    MayFully(Permission),
    /// A permission and access level `full`.
    OnlyFully(Permission),
}

use Needs::{
    AnySession, App, AppPath, Device, FullSession, May, MayFully, Nobody, OnlyFully, Session,
};

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

/// What a page of somebody else sends.
const FOREIGN_PAGE: &[(&str, &str)] = &[("sec-fetch-site", "cross-site")];

fn path_of(template: &str, id: &str) -> String {
    let path = template.split('/').map(|part| if part.starts_with('{') { id } else { part });
    let path = path.collect::<Vec<_>>().join("/");
    let query = if path.ends_with("/nearest") {
        "?lat=1&lng=2"
    } else if path.starts_with("/v1/positions") && !path.ends_with("tickets") {
        "?bbox=1,1,2,2"
    } else {
        ""
    };
    path + query
}

/// The status of a call with an empty body: what matters is whether the door opens.
async fn knock(site: &Site, method: &str, template: &str, token: Option<&str>) -> (u16, String) {
    let nobody = uuid::Uuid::now_v7().to_string();
    knock_at(site, method, &path_of(template, &nobody), token).await
}

/// The same by a browser, from some page.
async fn knock_with(
    browser: &Browser<'_>,
    method: &str,
    template: &str,
    page: &[(&str, &str)],
) -> (u16, String) {
    let path = path_of(template, &uuid::Uuid::now_v7().to_string());
    let request = browser.request(method.to_uppercase().parse().unwrap(), &path, page);
    knock_by(request, method).await
}

/// The same at an address that is no template.
async fn knock_at(site: &Site, method: &str, path: &str, token: Option<&str>) -> (u16, String) {
    let verb: Method = method.to_uppercase().parse().unwrap();
    let mut request = site.http.request(verb, format!("{}{path}", site.url));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    knock_by(request, method).await
}

async fn knock_by(mut request: RequestBuilder, method: &str) -> (u16, String) {
    if method != "get" && method != "delete" {
        request = request.header("if-match", "*").json(&json!({}));
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
        Device | App | AppPath => false,
        FullSession => full,
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
            Device | App | AppPath => assert_eq!(status, 401, "{what}"),
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
async fn a_person_of_another_department_is_not_there() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let mine = admin.create_named("/v1/departments", "Mine").await;
    let other = admin.create_named("/v1/departments", "Other").await;
    let scoped = json!({ "departments": [mine], "view_scope": "departments",
        "edit_scope": "departments" });
    let person = json!({ "display_name": "Grace", "departments": [other] });
    let hidden = admin.create_staff(person).await;
    let me = admin.create_account_with("user_admin", "full", scoped).await;
    let token = Some(me.token.as_str());
    let department = format!("/v1/departments/{other}");
    for method in ["get", "patch", "delete"] {
        let answer = knock_at(&site, method, &department, token).await;
        assert_eq!(answer, (404, "not_found".to_owned()), "{method}");
    }
    let of_people = ROUTES.iter().filter(|(_, path, needs)| {
        path.starts_with("/v1/staff/{id}") && opens(*needs, AdminRole::UserAdmin, true)
    });
    for (method, path, _) in of_people {
        let nobody = uuid::Uuid::now_v7().to_string();
        let missing = knock_at(&site, method, &path_of(path, &nobody), token).await;
        let answer = knock_at(&site, method, &path_of(path, &hidden), token).await;
        // Where the form is judged first, it is for everybody.
        assert!(matches!(answer.0, 404 | 422), "{method} {path}: {answer:?}");
        assert_eq!(answer, missing, "{method} {path}: as if they were not there");
    }
}

#[tokio::test]
async fn an_api_key_opens_what_its_permissions_open_and_nothing_of_a_person() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    for role in AdminRole::ALL.iter().copied() {
        let account = json!({ "name": role.as_str(), "permissions": role_permissions(role) });
        let account = admin.post("/v1/service-accounts", account).await.expect(201);
        let keys = format!("/v1/service-accounts/{}/keys", account.str("/id"));
        let key = admin.post(&keys, json!({ "name": "k" })).await.expect(201);
        for (method, path, needs) in ROUTES {
            let (status, code) = knock(&site, method, path, Some(key.str("/key"))).await;
            let what = format!("{method} {path} as {role}: {status} {code}");
            let people_only = PEOPLE_ONLY.contains(&(*method, *path));
            match needs {
                Nobody => assert!(status != 403 && status < 500, "{what}"),
                Device | App | AppPath => assert_eq!(status, 401, "{what}"),
                // Software watches the jobs it may ask for.
                Session if *method == "get" && *path == "/v1/jobs/{id}" => {
                    assert_eq!((status, code.as_str()), (404, "not_found"), "{what}");
                }
                AnySession | Session | FullSession => {
                    assert_eq!((status, code.as_str()), (403, "person_required"), "{what}");
                }
                _ if !opens(*needs, role, true) => {
                    assert_eq!((status, code.as_str()), (403, "forbidden"), "{what}");
                }
                _ if people_only => {
                    assert_eq!((status, code.as_str()), (403, "person_required"), "{what}");
                }
                _ => assert!(!matches!(status, 401 | 403) && status < 500, "{what}"),
            }
        }
    }
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
            App => assert_eq!((nobody, device), (401, 200), "{method} {path}"),
            AppPath => {
                // A token in the header is none in the path.
                assert_eq!((nobody, device), (401, 401), "{method} {path}");
                let (named, _) = knock_at(&site, method, &path_of(path, &phone.token), None).await;
                assert_eq!(named, 200, "{method} {path}");
                let (admins, _) = knock_at(&site, method, &path_of(path, &admin.token), None).await;
                assert_eq!(admins, 401, "{method} {path}");
            }
            _ => assert_eq!((nobody, device), (401, 401), "{method} {path}"),
        }
    }
}

#[tokio::test]
async fn cookies_open_what_their_tokens_open_and_only_from_our_own_pages() {
    let site = Site::start().await;
    site.set_up().await;
    let browser = Browser::of_admin(&site).await;
    let enrol = json!({ "name": "this browser", "cookie": true });
    browser.post("/v1/me/devices", enrol).await.expect(201);
    let device = Browser::new(&site, Way::Local);
    device.put("nearhand-device", &browser.cookie("nearhand-device").unwrap());
    // Logging out would end the rest of the walk.
    let rows = ROUTES.iter().filter(|(_, path, _)| *path != "/v1/sessions/current");
    for (method, path, needs) in rows {
        let foreign = knock_with(&browser, method, path, FOREIGN_PAGE).await;
        let (session, _) = knock_with(&browser, method, path, OWN_PAGE).await;
        let (device, _) = knock_with(&device, method, path, OWN_PAGE).await;
        let what = format!("{method} {path}: {foreign:?} {session} {device}");
        let refused = (403, "cross_origin".to_owned());
        match needs {
            Nobody => assert!(foreign.0 != 403, "{what}"),
            Device => assert_eq!((foreign, session, device), (refused, 400, 400), "{what}"),
            App if *path == "/v1/pings/wanted" => {
                assert_eq!((foreign, session, device), (refused, 200, 200), "{what}");
            }
            // Apps know no cookies.
            App | AppPath => assert_eq!((foreign.0, session, device), (401, 401, 401), "{what}"),
            _ => {
                assert_eq!((foreign, device), (refused, 401), "{what}");
                assert!(!matches!(session, 401 | 403) && session < 500, "{what}");
            }
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
        if !matches!(needs, Nobody | Device | App | AppPath | AnySession) {
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
    let other = site.create_another_organization().await;
    let client = admin.create_named("/v1/clients", "Harbour Insurance").await;
    let (service, case) = (service.str("/id"), case.str("/id"));
    for path in [
        format!("/v1/staff/{staff}"),
        format!("/v1/staff/{staff}/devices"),
        format!("/v1/staff/{staff}/tracking"),
        format!("/v1/staff/{staff}/work-preferences"),
        format!("/v1/services/{service}"),
        format!("/v1/cases/{case}"),
        format!("/v1/clients/{client}"),
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
