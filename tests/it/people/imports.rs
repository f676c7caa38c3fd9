//! People imported from files: checked row by row, committed by a job, found by what they are called.

use crate::support::{Account, Site, account::log_in, eventually};
use nearhand_runner::{ExportJobs, ImportJobs};
use serde_json::{Value, json};

async fn site() -> Site {
    let mut site = Site::without_worker(|_| {}).await;
    site.start_worker_with(|jobs| jobs.with(ImportJobs).with(ExportJobs)).await;
    site
}

async fn count(site: &Site, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut site.database.look().await).await.unwrap()
}

async fn department(site: &Site, admin: &Account<'_>, name: &str) -> String {
    let id = uuid::Uuid::now_v7();
    sqlx::query(
        "INSERT INTO departments (organization_id, id, name) \
         SELECT organization_id, $1, $2 FROM staff WHERE id = $3",
    )
    .bind(id)
    .bind(name)
    .bind(admin.id.parse::<uuid::Uuid>().unwrap())
    .execute(&mut site.database.look().await)
    .await
    .unwrap();
    id.to_string()
}

const FULL: &str = "email,username,account_code,first_name,last_name,kind,active,access_level,\
    admin_role,language,birth_date,street,city,country,home_lat,home_lng,time_zone,max_travel_km,\
    departments,primary_department,skills,languages,licences,working_hours,signature\n\
    grace@harbour.example,grace,GH-1,Grace,Hopper,external,true,limited,general,pt,1906-12-09,\
    Rua Augusta 1,Lisboa,PT,38.7169,-9.1399,Europe/Lisbon,120.5,north; South,South,\
    camera:2; surveillance:4,pt:native; en:c1,PI/PT/2020-01-01/2030-12-31,\
    mon-fri 08:00-16:30,\"Grace\nHarbour\"\n\
    ,,,Joan,Clarke,,,,,,,,,,,,,,,,,,,,\n";

/// What the people of rows are called.
fn names(rows: &[Value]) -> Vec<&str> {
    rows.iter().filter_map(|row| row["name"].as_str()).collect()
}

#[tokio::test]
async fn a_file_is_checked_and_then_written() {
    let site = site().await;
    let admin = site.set_up().await;
    let (north, south) =
        (department(&site, &admin, "North").await, department(&site, &admin, "South").await);
    let import = admin.check(FULL).await;
    assert_eq!(import.body["counts"], json!({ "create": 2, "update": 0, "skip": 0, "error": 0 }));
    assert_eq!((import.str("/state"), import.str("/file_name")), ("checked", "people.csv"));
    assert_eq!(count(&site, "SELECT count(*) FROM staff").await, 1, "a check changes nothing");
    let id = import.str("/id");
    let rows = admin.rows(id, "?action=create").await;
    assert_eq!((&rows[0]["line"], &rows[1]["line"]), (&json!(2), &json!(4)));
    assert_eq!(names(&rows), ["Grace Hopper", "Joan Clarke"]);
    assert_eq!(
        rows[1]["changed"],
        json!([
            "first_name",
            "last_name",
            "display_name",
            "kind",
            "active",
            "access_level",
            "admin_role",
            "language"
        ])
    );
    let begun = admin.commit(&import, json!({})).await.expect(202);
    assert_eq!(begun.header("location"), format!("/v1/jobs/{}", begun.str("/job_id")));
    let import = admin.ended(id).await;
    assert_eq!(import.str("/state"), "done");
    assert_eq!(
        import.body["result"],
        json!({ "created": 2, "updated": 0, "skipped": 0, "failed": 0 })
    );
    let job = admin.get(&format!("/v1/jobs/{}", begun.str("/job_id"))).await.expect(200);
    assert_eq!((job.str("/state"), &job.body["done"]), ("succeeded", &json!(2)));
    assert_eq!(job.body["result"], import.body["result"]);
    let rows = admin.rows(id, "?outcome=created").await;
    assert_eq!(names(&rows), ["Grace Hopper", "Joan Clarke"]);
    let path = format!("/v1/staff/{}", rows[0]["staff_id"].as_str().unwrap());
    let grace = admin.get(&path).await.expect(200).body;
    for (field, wanted) in [
        ("email", json!("grace@harbour.example")),
        ("display_name", json!("Grace Hopper")),
        ("kind", json!("external")),
        ("access_level", json!("limited")),
        ("primary_department", json!(south)),
        ("home", json!({ "lat": 38.7169, "lng": -9.1399 })),
        ("geocode_status", json!("pending")),
        ("address", json!({ "street": "Rua Augusta 1", "city": "Lisboa", "country": "PT" })),
        ("max_travel_km", json!(120.5)),
        ("signature", json!("Grace\nHarbour")),
        (
            "skills",
            json!([{ "code": "camera", "level": 2 }, { "code": "surveillance", "level": 4 }]),
        ),
    ] {
        assert_eq!(grace[field], wanted, "{field}");
    }
    assert!(grace["departments"].as_array().unwrap().contains(&json!(north)));
    assert_eq!(grace["working_hours"].as_array().unwrap().len(), 5);
    let found = admin.get("/v1/staff?q=grace").await.expect(200);
    assert_eq!(found.body["items"].as_array().unwrap().len(), 1);
    for (what, sql) in [
        (
            "created people",
            "SELECT count(*) FROM audit_log WHERE action = 'staff.create' AND sealed IS NOT NULL AND request_id LIKE 'job:%'",
        ),
        ("check", "SELECT count(*) * 2 FROM audit_log WHERE action = 'import.check'"),
        ("commit", "SELECT count(*) * 2 FROM audit_log WHERE action = 'import.commit'"),
        ("mail", "SELECT count(*) * 2 FROM mails WHERE kind = 'import_finished'"),
        ("geocoding", "SELECT count(*) * 2 FROM apalis.jobs WHERE job_type = 'geocode'"),
        ("nothing kept", "SELECT count(*) FROM import_rows WHERE record IS NULL"),
    ] {
        assert_eq!(count(&site, sql).await, 2, "{what}");
    }
}

#[tokio::test]
async fn a_row_finds_its_person_and_changes_what_it_says() {
    let site = site().await;
    let admin = site.set_up().await;
    let grace = admin
        .create_staff(json!({ "first_name": "Grace", "last_name": "Hopper", "username": "grace",
            "email": "grace@harbour.example", "account_code": "GH-1", "language": "pt",
            "skills": [{ "code": "camera", "level": 2 }] }))
        .await;
    let file = format!(
        "id,email,username,account_code,last_name,skills,birth_date\n\
        {grace},,,,Murray,,\n"
    );
    let import = admin.import(&file).await;
    assert_eq!(import.body["result"]["updated"], 1);
    let rows = admin.rows(import.str("/id"), "").await;
    assert_eq!(rows[0]["changed"], json!(["last_name", "display_name"]));
    for (key, changed) in [
        (",Grace@Harbour.EXAMPLE,,,,camera:3,", json!(["skills"])),
        (",,grace,,,(none),1906-12-09", json!(["birth_date", "skills"])),
        (",,GRACE,,,,", json!(["username"])),
        (",,,GH-1,,,(NONE)", json!(["birth_date"])),
    ] {
        let file = format!("id,email,username,account_code,last_name,skills,birth_date\n{key}\n");
        let import = admin.import(&file).await;
        assert_eq!(import.body["result"]["updated"], 1, "{key}");
        assert_eq!(admin.rows(import.str("/id"), "").await[0]["changed"], changed, "{key}");
    }
    let person = admin.get(&format!("/v1/staff/{grace}")).await.expect(200).body;
    assert_eq!((&person["last_name"], &person["language"]), (&json!("Murray"), &json!("pt")));
    assert_eq!((&person["skills"], &person["birth_date"]), (&json!([]), &Value::Null));
    let again = admin.check("email,last_name\ngrace@harbour.example,Murray\n").await;
    assert_eq!(again.body["counts"]["skip"], 1, "it says what is so already");
}

#[tokio::test]
async fn options_leave_rows_out() {
    let site = site().await;
    let admin = site.set_up().await;
    admin.create_staff(json!({ "first_name": "Grace", "username": "grace" })).await;
    let file = "username,first_name\ngrace,Joan\nnew,Ada\n";
    for (query, counts) in [
        ("?update=false", json!({ "create": 1, "update": 0, "skip": 1, "error": 0 })),
        ("?create=false", json!({ "create": 0, "update": 1, "skip": 1, "error": 0 })),
        ("", json!({ "create": 1, "update": 1, "skip": 0, "error": 0 })),
    ] {
        let import = admin.send(query, "text/csv", file).await.expect(201);
        assert_eq!(import.body["counts"], counts, "{query}");
    }
    let list = admin.get("/v1/imports?limit=2").await.expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 2);
    assert!(list.body["next_cursor"].is_string());
    admin.send("?upsert=true", "text/csv", file).await.refused(400, "malformed_query");
}

#[tokio::test]
async fn errors_are_all_told_and_may_be_left_out() {
    let site = site().await;
    let admin = site.set_up().await;
    department(&site, &admin, "North").await;
    let file = "email;access_level;departments;skills;birth_date;home_lat;max_travel_km\n\
        one@harbour.example;sometimes;Nroth;camera;tomorrow;1,5;12,5\n\
        two@harbour.example;full;north;;;;\n";
    let import = admin.check(file).await;
    assert_eq!(import.body["counts"], json!({ "create": 0, "update": 0, "skip": 0, "error": 2 }));
    let file = file.replace("email", "first_name;email").replace("\n", "\nA;");
    let import = admin.check(file.trim_end_matches("A;")).await;
    assert_eq!(import.body["counts"], json!({ "create": 1, "update": 0, "skip": 0, "error": 1 }));
    let rows = admin.rows(import.str("/id"), "?action=error").await;
    let errors: Vec<(&str, &str)> = rows[0]["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (e["column"].as_str().unwrap(), e["code"].as_str().unwrap()))
        .collect();
    for wanted in [
        ("departments", "unknown"),
        ("skills", "invalid"),
        ("birth_date", "wrong_type"),
        ("home_lng", "required"),
        ("access_level", "invalid"),
    ] {
        assert!(errors.contains(&wanted), "{wanted:?} in {errors:?}");
    }
    let told = rows[0]["errors"].to_string();
    assert!(told.contains("did you mean `North`?") && !told.contains("Nroth"), "{told}");
    let report = admin.get(&format!("/v1/imports/{}/report", import.str("/id"))).await.expect(200);
    assert!(report.header("content-disposition").contains("import-errors.csv"));
    assert_eq!(report.text.lines().count(), errors.len() + 1);
    let refused = admin.commit(&import, json!({})).await.refused(409, "import_has_errors");
    assert!(refused.header("location").ends_with("/report"));
    let id = import.str("/id");
    let path = format!("/v1/imports/{id}/commit");
    admin
        .update(reqwest::Method::POST, &path, None, json!({}))
        .await
        .refused(428, "precondition_required");
    admin
        .update(reqwest::Method::POST, &path, Some("\"7\""), json!({}))
        .await
        .refused(412, "precondition_failed");
    admin.commit(&import, json!({ "skip_errors": true })).await.expect(202);
    let done = admin.ended(id).await;
    assert_eq!(
        done.body["result"],
        json!({ "created": 1, "updated": 0, "skipped": 0, "failed": 1 })
    );
    admin
        .update(reqwest::Method::POST, &path, Some("*"), json!({ "skip_errors": true }))
        .await
        .refused(409, "import_committed");
}

#[tokio::test]
async fn rights_bind_rows_as_they_bind_requests() {
    let site = site().await;
    let admin = site.set_up().await;
    let user_admin = admin.create_account("user_admin", "full").await;
    let import = user_admin
        .check(
            "first_name,email,access_level,admin_role\n\
            A,a@harbour.example,full,account_admin\n\
            B,b@harbour.example,full,scheduler\nC,c@harbour.example,full,general\n",
        )
        .await;
    assert_eq!(import.body["counts"], json!({ "create": 1, "update": 0, "skip": 0, "error": 2 }));
    let rows = user_admin.rows(import.str("/id"), "?action=error").await;
    assert_eq!(rows[0]["errors"][0]["code"], "beyond_own_rights");
    let above = user_admin.check("email,first_name\nada@harbour.example,Eve\n").await;
    let rows = user_admin.rows(above.str("/id"), "").await;
    assert_eq!(rows[0]["errors"][0]["code"], "beyond_own_rights");
    let moved = admin.check(&format!("id,email\n{},eve@harbour.example\n", user_admin.id)).await;
    let rows = admin.rows(moved.str("/id"), "").await;
    assert_eq!(rows[0]["errors"][0]["code"], "immutable_field", "{rows:?}");
    // Nobody commits what somebody else has checked.
    admin.commit(&import, json!({ "skip_errors": true })).await.refused(403, "forbidden");
}

#[tokio::test]
async fn a_department_limits_what_a_file_may_say() {
    let site = site().await;
    let admin = site.set_up().await;
    let (north, south) =
        (department(&site, &admin, "North").await, department(&site, &admin, "South").await);
    let scoped = admin.create_account("user_admin", "full").await;
    admin
        .patch(
            &format!("/v1/staff/{}", scoped.id),
            json!({ "departments": [north],
            "view_scope": "departments", "edit_scope": "departments" }),
        )
        .await
        .expect(200);
    admin
        .create_staff(json!({ "first_name": "Far", "email": "far@harbour.example",
            "departments": [south] }))
        .await;
    admin
        .create_staff(json!({ "first_name": "Both", "email": "both@harbour.example",
            "departments": [north, south], "primary_department": south }))
        .await;
    let session = {
        let answer = eventually("the scope is known", async || {
            let email = admin.get(&format!("/v1/staff/{}", scoped.id)).await.expect(200);
            let answer = log_in(&site, email.str("/email"), "nine quiet harbour cranes").await;
            (answer.status.as_u16() == 201).then_some(answer)
        })
        .await;
        Account::from_session(&site, &answer.body)
    };
    let import = session
        .check(
            "first_name,email,departments\n\
            A,,North\nB,,South\nC,,\nD,far@harbour.example,North\nE,both@harbour.example,North\n",
        )
        .await;
    let rows = session.rows(import.str("/id"), "").await;
    let code = |n: usize| rows[n]["errors"][0]["code"].as_str().unwrap_or("");
    assert_eq!((code(0), code(1), code(2)), ("", "outside_scope", "outside_scope"));
    assert_eq!(code(3), "email_taken", "whom they cannot see is not there");
    assert_eq!(rows[4]["changed"], json!(["first_name", "display_name"]));
    assert_eq!(
        (&rows[0]["name"], &rows[4]["name"]),
        (&json!("A"), &json!("E")),
        "as they would be"
    );
    assert_eq!(rows[3]["name"], Value::Null);
    session.commit(&import, json!({ "skip_errors": true })).await.expect(202);
    session.ended(import.str("/id")).await;
    let both = admin.get("/v1/staff?q=both@harbour.example").await.expect(200);
    let both = &both.body["items"][0];
    assert_eq!(both["departments"].as_array().unwrap().len(), 2, "what they cannot see stays");
    assert_eq!(both["primary_department"], json!(south));
    let other = admin.check("first_name\nX\n").await;
    let path = format!("/v1/imports/{}", other.str("/id"));
    session.get(&path).await.refused(404, "not_found");
    let own = session.get("/v1/imports").await.expect(200);
    assert_eq!(own.body["items"].as_array().unwrap().len(), 1);
    let away = json!({ "departments": [south] });
    admin.patch(&format!("/v1/staff/{}", both["id"].as_str().unwrap()), away).await.expect(200);
    let rows = session.rows(import.str("/id"), "").await;
    assert_eq!((&rows[0]["name"], &rows[4]["name"]), (&json!("A"), &Value::Null), "out of sight");
}

#[tokio::test]
async fn templates_name_every_column_and_can_be_sent_back() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let csv = admin.get("/v1/imports/template").await.expect(200);
    assert!(csv.text.contains("id,email,username") && csv.text.contains("working_hours"));
    let url = format!("{}/v1/imports/template?format=xlsx", site.url);
    let xlsx = site.http.get(url).bearer_auth(&admin.token).send().await.unwrap();
    assert!(
        xlsx.headers()["content-disposition"].to_str().unwrap().contains("staff-template.xlsx")
    );
    let bytes = xlsx.bytes().await.unwrap().to_vec();
    for file in [csv.text.into_bytes(), bytes] {
        let import = admin.send("", "application/octet-stream", file).await.expect(201);
        assert_eq!(import.body["columns"].as_array().unwrap().len(), 33);
        assert_eq!(
            import.body["counts"],
            json!({ "create": 0, "update": 0, "skip": 0, "error": 0 })
        );
    }
    admin.get("/v1/imports/template?format=pdf").await.refused(400, "malformed_query");
}

#[tokio::test]
async fn software_imports_under_its_creators_rights() {
    let site = site().await;
    let admin = site.set_up().await;
    // With what anybody may do, or it could create nobody.
    let permissions = ["staff:view", "staff:edit", "staff:manage", "cases:view", "settings:view"];
    let account = json!({ "name": "HR", "permissions": permissions });
    let account = admin.post("/v1/service-accounts", account).await.expect(201);
    let keys = format!("/v1/service-accounts/{}/keys", account.str("/id"));
    let key = admin.post(&keys, json!({ "name": "k" })).await.expect(201);
    let software = Account { token: key.str("/key").to_owned(), ..admin.clone() };
    let import = software.check("first_name,birth_date\nA,\n").await;
    software.commit(&import, json!({})).await.expect(202);
    let done = software.ended(import.str("/id")).await;
    assert_eq!(done.body["result"]["created"], 1);
    let sql = "SELECT count(*) FROM audit_log WHERE action = 'staff.create' \
               AND actor_kind = 'service_account'";
    assert_eq!(count(&site, sql).await, 1);
    let text =
        String::from_utf8(software.export(json!({ "kind": "staff", "format": "csv" })).await);
    assert!(!text.unwrap().contains("email"), "it was not given personal values");
}

#[tokio::test]
async fn a_gain_in_rights_ends_what_was_judged_by_less() {
    let site = site().await;
    let admin = site.set_up().await;
    let grace = json!({ "first_name": "Grace", "email": "grace@harbour.example",
        "access_level": "full", "admin_role": "general" });
    let path = format!("/v1/staff/{}", admin.create_staff(grace).await);
    let given = "eleven slow ferry boats";
    admin.post(&format!("{path}/password"), json!({ "password": given })).await.expect(201);
    let move_to = json!({ "email": "mine@harbour.example" });
    admin.post(&format!("{path}/email-change"), move_to).await.expect(201);
    let same = admin.import("email,last_name\ngrace@harbour.example,Hopper\n").await;
    assert_eq!(same.body["result"]["updated"], 1);
    log_in(&site, "grace@harbour.example", given).await.expect(201);
    admin.get(&format!("{path}/email-change")).await.expect(200);
    let more = admin.import("email,admin_role\ngrace@harbour.example,user_admin\n").await;
    assert_eq!(more.body["result"]["updated"], 1);
    log_in(&site, "grace@harbour.example", given).await.refused(401, "login_failed");
    admin.get(&format!("{path}/email-change")).await.refused(404, "not_found");
}
