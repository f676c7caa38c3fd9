//! What happens between a check and its commit, and beside it: somebody changes the people, commits
//! twice, cancels, takes a login, or loses the right.

use crate::support::{Account, Site, eventually};
use futures::future::join_all;
use nearhand_runner::ImportJobs;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A site whose jobs wait.
async fn waiting() -> Site {
    Site::without_worker(|_| {}).await
}

async fn work(site: &mut Site) {
    site.start_worker_with(|jobs| jobs.with(ImportJobs)).await;
}

#[tokio::test]
async fn two_commits_at_once_begin_one_job() {
    let site = waiting().await;
    let admin = site.set_up().await;
    let import = admin.check("first_name\nA\n").await;
    let answers = join_all((0..4).map(|_| admin.commit(&import, json!({})))).await;
    let statuses: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 202).count(), 1, "{statuses:?}");
    for answer in answers.into_iter().filter(|answer| answer.status.as_u16() != 202) {
        answer.refused(409, "import_committed");
    }
    let mut db = site.database.look().await;
    let jobs: i64 =
        sqlx::query_scalar("SELECT count(*) FROM jobs").fetch_one(&mut db).await.unwrap();
    assert_eq!(jobs, 1);
}

#[tokio::test]
async fn what_changed_since_the_check_is_left_as_it_is() {
    let mut site = waiting().await;
    let (url, token, import, ids) = {
        let admin = site.set_up().await;
        let mut ids = Vec::new();
        for name in ["a", "b", "c"] {
            let body = json!({ "first_name": "P", "last_name": name, "username": name });
            ids.push(admin.create_staff(body).await);
        }
        let import = admin
            .check(
                "username,last_name,account_code\na,AA,\nb,BB,\nc,CC,C-1\nd,DD,\ne,EE,E-1\n\
                f,FF,\n",
            )
            .await;
        let counts = json!({ "create": 3, "update": 3, "skip": 0, "error": 0 });
        assert_eq!(import.body["counts"], counts);
        admin
            .patch(&format!("/v1/staff/{}", ids[0]), json!({ "language": "de" }))
            .await
            .expect(200);
        // Somebody takes a login and a code that the file wanted.
        admin.create_staff(json!({ "first_name": "X", "username": "d" })).await;
        admin.create_staff(json!({ "first_name": "Y", "account_code": "C-1" })).await;
        admin.commit(&import, json!({})).await.expect(202);
        (admin.id.clone(), admin.token.clone(), import.str("/id").to_owned(), ids)
    };
    work(&mut site).await;
    let session = json!({ "staff_id": url, "access_token": token, "refresh_token": "" });
    let admin = crate::support::Account::from_session(&site, &session);
    let done = admin.ended(&import).await;
    assert_eq!(
        done.body["result"],
        json!({ "created": 2, "updated": 1, "skipped": 0, "failed": 3 })
    );
    let failed = admin.rows(&import, "?outcome=failed").await;
    let codes: Vec<_> = failed.iter().map(|row| row["errors"][0]["code"].clone()).collect();
    assert_eq!(
        codes,
        [json!("changed_meanwhile"), json!("account_code_taken"), json!("username_taken")]
    );
    let names = async |id: &str| {
        admin.get(&format!("/v1/staff/{id}")).await.expect(200).str("/last_name").to_owned()
    };
    assert_eq!((names(&ids[0]).await.as_str(), names(&ids[1]).await.as_str()), ("a", "BB"));
    let report = admin.get(&format!("/v1/imports/{import}/report")).await.expect(200);
    assert!(report.text.contains("changed_meanwhile"), "{}", report.text);
}

#[tokio::test]
async fn the_last_account_admin_stays_one() {
    let mut site = waiting().await;
    work(&mut site).await;
    let admin = site.set_up().await;
    let import = admin.import("email,admin_role\nada@harbour.example,general\n").await;
    assert_eq!(import.body["result"]["failed"], 1);
    let rows = admin.rows(import.str("/id"), "").await;
    assert_eq!(rows[0]["errors"][0]["code"], "last_account_admin");
}

#[tokio::test]
async fn an_author_who_was_deactivated_imports_nothing() {
    let mut site = waiting().await;
    let (session, import, job) = {
        let admin = site.set_up().await;
        let author = admin.create_account("user_admin", "full").await;
        let import = author.check("first_name\nA\n").await;
        let job = author.commit(&import, json!({})).await.expect(202).str("/job_id").to_owned();
        let path = format!("/v1/staff/{}", author.id);
        admin.patch(&path, json!({ "active": false })).await.expect(200);
        let session = json!({ "staff_id": admin.id, "access_token": admin.token,
            "refresh_token": "" });
        (session, import.str("/id").to_owned(), job)
    };
    work(&mut site).await;
    let admin = crate::support::Account::from_session(&site, &session);
    assert_eq!(admin.ended(&import).await.str("/state"), "failed");
    let job = admin.get(&format!("/v1/jobs/{job}")).await.expect(200);
    assert_eq!(job.str("/state"), "failed");
    assert!(job.str("/error").contains("may no longer import"));
}

#[tokio::test]
async fn a_cancelled_import_says_how_far_it_came() {
    let mut site = waiting().await;
    let (session, import, job) = {
        let admin = site.set_up().await;
        let import = admin.check("first_name\nA\nB\n").await;
        let job = admin.commit(&import, json!({})).await.expect(202).str("/job_id").to_owned();
        let cancelled = admin.post(&format!("/v1/jobs/{job}/cancel"), json!({})).await.expect(200);
        assert_eq!(cancelled.str("/state"), "cancelled");
        let session = json!({ "staff_id": admin.id, "access_token": admin.token,
            "refresh_token": "" });
        (session, import.str("/id").to_owned(), job)
    };
    work(&mut site).await;
    let admin = crate::support::Account::from_session(&site, &session);
    let ended = admin.ended(&import).await;
    assert_eq!((ended.str("/state"), &ended.body["result"]["created"]), ("cancelled", &json!(0)));
    assert_eq!(admin.get("/v1/staff").await.expect(200).body["items"].as_array().unwrap().len(), 1);
    // One that runs stops between two batches, and what was written stays.
    let names: String = (0..3_000).map(|n| format!("Person {n}\n")).collect();
    let import = admin.check(&format!("first_name\n{names}")).await;
    let begun = admin.commit(&import, json!({})).await.expect(202);
    let running = format!("/v1/jobs/{}", begun.str("/job_id"));
    eventually("some are written", async || {
        let job = admin.get(&running).await.expect(200);
        job.body["done"].as_i64().filter(|done| *done > 0)
    })
    .await;
    admin.post(&format!("{running}/cancel"), json!({})).await.expect(200);
    let ended = admin.ended(import.str("/id")).await;
    let created = ended.body["result"]["created"].as_i64().unwrap();
    assert_eq!(ended.str("/state"), "cancelled");
    assert!(created > 0 && created < 3_000 && created % 200 == 0, "{created}");
    let mut db = site.database.look().await;
    let people: i64 =
        sqlx::query_scalar("SELECT count(*) FROM staff").fetch_one(&mut db).await.unwrap();
    assert_eq!(people, created + 1);
    let audited: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE action = 'import.cancel'")
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!(audited, 2);
    let job = admin.get(&format!("/v1/jobs/{job}")).await.expect(200);
    assert_eq!(job.str("/state"), "cancelled");
}

/// Says that a file follows and sends none; the answer's first line, and the connection. Where the
/// file is wanted that is `100 Continue`.
async fn announce(who: &Account<'_>, request: &str, bytes: usize) -> (String, TcpStream) {
    let address = who.site.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "{request} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\nif-match: *\r\n\
         content-type: text/csv\r\ncontent-length: {bytes}\r\nexpect: 100-continue\r\n\r\n",
        who.token
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        line.push(stream.read_u8().await.unwrap());
    }
    (String::from_utf8(line).unwrap(), stream)
}

#[tokio::test]
async fn files_are_received_only_of_those_who_may_send_them_and_few_at_a_time() {
    let site = waiting().await;
    let admin = site.set_up().await;
    let general = admin.create_account("general", "full").await;
    let photo = format!("PUT /v1/staff/{}/photo", admin.id);
    for (request, bytes) in [("POST /v1/imports", 20_000_000), (photo.as_str(), 5_000_000)] {
        let (line, _) = announce(&general, request, bytes).await;
        assert!(line.starts_with("HTTP/1.1 403"), "{request}: {line}");
    }
    let mut coming = Vec::new();
    for _ in 0..10 {
        let (line, stream) = announce(&admin, "POST /v1/imports", 20_000_000).await;
        assert!(line.starts_with("HTTP/1.1 100"), "{line}");
        coming.push(stream);
    }
    let refused = admin.send("", "text/csv", "first_name\nA\n").await.refused(503, "unavailable");
    assert_eq!(refused.header("retry-after"), "5");
    drop(coming);
    eventually("there is room again", async || {
        let answer = admin.send("", "text/csv", "first_name\nA\n").await;
        (answer.status.as_u16() == 201).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_author_has_only_so_many_checked_files_and_discards_them() {
    let site = waiting().await;
    let admin = site.set_up().await;
    let mine = admin.create_named("/v1/departments", "Mine").await;
    let scoped = json!({ "departments": [mine], "view_scope": "departments",
        "edit_scope": "departments" });
    let narrow = admin.create_account_with("user_admin", "full", scoped).await;
    let wide = admin.create_account("user_admin", "full").await;
    let file = "first_name\nA\n";
    let mut checked = Vec::new();
    for _ in 0..8 {
        checked.push(admin.check(file).await);
    }
    let more = join_all((0..4).map(|_| admin.send("", "text/csv", file))).await;
    let made = more.iter().filter(|answer| answer.status.as_u16() == 201).count();
    assert_eq!(made, 2);
    let refused = admin.send("", "text/csv", file).await.refused(409, "limit_reached");
    assert!(refused.str("/detail").contains("DELETE /v1/imports/{id}"), "{}", refused.text);
    let path = |n: usize| format!("/v1/imports/{}", checked[n].str("/id"));
    narrow.delete(&path(0)).await.refused(404, "not_found");
    wide.delete(&path(0)).await.expect(204);
    admin.get(&path(0)).await.refused(404, "not_found");
    admin.delete(&path(1)).await.expect(204);
    admin.check(file).await;
    admin.commit(&checked[2], json!({})).await.expect(202);
    admin.delete(&path(2)).await.refused(409, "import_committed");
    admin.check(file).await;
    admin.check(file).await;
    admin.send("", "text/csv", file).await.refused(409, "limit_reached");
    let mut db = site.database.look().await;
    let discarded: i64 =
        sqlx::query_scalar("SELECT count(*) FROM audit_log WHERE action = 'import.discard'")
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert_eq!(discarded, 2);
    let rows: i64 = sqlx::query_scalar("SELECT count(DISTINCT import_id) FROM import_rows")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(rows, 11);
}
