//! Everything that is held on a person, as one archive: complete, readable, for its author alone.

use crate::support::{Account, Site, account::seconds_from_now, eventually, pictures::png};
use nearhand_runner::DataExportJobs;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

async fn site() -> Site {
    let mut site = Site::without_worker(|_| {}).await;
    let handler = DataExportJobs::new(site.objects.clone());
    site.start_worker_with(|jobs| jobs.with(handler)).await;
    site
}

/// Asks for an archive, waits for it and reads all its files.
async fn archive(who: &Account<'_>, ask: &str, kept: &str) -> BTreeMap<String, Vec<u8>> {
    let begun = who.post(ask, json!({})).await.expect(202);
    let (id, job) = (begun.str("/id").to_owned(), begun.str("/job_id").to_owned());
    assert_eq!(begun.header("location"), format!("/v1/jobs/{job}"));
    let ended = eventually("the archive has been made", async || {
        let job = who.get(&format!("/v1/jobs/{job}")).await.expect(200);
        (job.str("/state") == "succeeded").then_some(job)
    })
    .await;
    assert_eq!(ended.body["result"]["export_id"], id);
    let shown = who.get(&format!("{kept}/{id}")).await.expect(200);
    assert_eq!((&shown.body["ready"], &shown.body["format"]), (&json!(true), &json!("zip")));
    let url = format!("{}{kept}/{id}/file", who.site.url);
    let answer = who.site.http.get(url).bearer_auth(&who.token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/zip");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let bytes = answer.bytes().await.unwrap().to_vec();
    assert_eq!(shown.body["bytes"], bytes.len());
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        files.insert(name, content);
    }
    files
}

fn rows(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Vec<Value> {
    let content = files.get(name).unwrap_or_else(|| panic!("{name} is missing"));
    serde_json::from_slice(content).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[tokio::test]
async fn everything_that_is_held_on_a_person_is_in_the_archive() {
    let site = site().await;
    let admin = site.set_up().await;
    let person = admin.create_account("scheduler", "full").await;
    let path = format!("/v1/staff/{}", person.id);
    admin
        .patch(
            &path,
            json!({ "birth_date": "1991-07-07", "skills": [{ "code": "a", "level": 3 }],
            "home": { "lat": 38.5, "lng": -9.25 } }),
        )
        .await
        .expect(200);
    admin.put_photo(&person.id, "image/png", png(40, 30)).await.expect(200);
    let phone = admin.create_phone(&person.id).await;
    let fixes: Vec<Value> = (0..3)
        .map(|n| {
            json!({ "fix_at": seconds_from_now(n), "lat": 38.75, "lng": -9.125,
            "altitude_m": 12, "motion": "walking", "key": n.to_string() })
        })
        .collect();
    phone.send(json!(fixes)).await.expect(200);
    let case = json!({ "title": "Harbour", "position": { "lat": 38.7, "lng": -9.1 } });
    let case = admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned();
    eventually("they are recommended and seen", async || {
        let found = admin.post("/v1/recommendations", json!({ "case_id": case })).await.expect(200);
        let seen = admin.get("/v1/positions?bbox=-10,38,-9,39").await.expect(200);
        (found.text.contains(&person.id) && seen.text.contains(&person.id)).then_some(())
    })
    .await;
    let times = json!({ "staff_id": person.id, "starts_at": seconds_from_now(3_600) });
    admin.post(&format!("/v1/cases/{case}/assignments"), times).await.expect(201);
    let files = archive(&admin, &format!("{path}/data-export"), "/v1/exports").await;
    let readme = String::from_utf8(files["README.txt"].clone()).unwrap();
    for name in files.keys().filter(|name| !name.starts_with("pings/") && *name != "README.txt") {
        assert!(readme.contains(name.as_str()), "{name} is not explained");
    }
    let profile = &rows(&files, "profile.json")[0];
    assert_eq!(profile["birth_date"], "1991-07-07");
    assert_eq!((&profile["home_lat"], &profile["skills"][0]["code"]), (&json!(38.5), &json!("a")));
    assert!(!rows(&files, "sessions.json").is_empty());
    assert_eq!(rows(&files, "devices.json")[0]["id"], phone.id);
    assert_eq!(rows(&files, "tracking-permissions.json")[0]["legal_basis"], "written consent");
    assert_eq!(rows(&files, "position.json")[0]["lat"], 38.75);
    assert_eq!(rows(&files, "assignments.json")[0]["case_title"], "Harbour");
    assert!(!rows(&files, "position-reads.json").is_empty());
    let ranked = rows(&files, "recommendations.json");
    assert!(ranked[0]["about_you"]["candidate"]["score_micropoints"].is_u64(), "{}", ranked[0]);
    let audit = rows(&files, "audit.json");
    let made = audit.iter().find(|e| e["action"] == "staff.create").unwrap();
    assert!(made["after"].to_string().contains("scheduler-"), "values are in the open: {made}");
    assert!(audit.iter().any(|e| e["actor_id"] == person.id), "and what they did");
    let photo = files.iter().find(|(name, _)| name.starts_with("photo."));
    assert!(photo.is_some_and(|(_, image)| image.len() > 100), "{:?}", files.keys());
    let csv: Vec<_> = files.iter().filter(|(name, _)| name.ends_with(".csv")).collect();
    let lines: usize =
        csv.iter().map(|(_, text)| String::from_utf8_lossy(text).lines().count() - 1).sum();
    assert_eq!(lines, 3, "{:?}", files.keys());
    let gpx: Vec<_> = files.iter().filter(|(name, _)| name.ends_with(".gpx")).collect();
    let points: usize = gpx
        .iter()
        .map(|(_, text)| String::from_utf8_lossy(text).matches("<trkpt lat=\"38.75\"").count())
        .sum();
    assert_eq!(points, 3);
    let all: String = files.values().map(|file| String::from_utf8_lossy(file)).collect();
    for secret in ["password_hash", "token_hash", "secret_hash", "$argon2"] {
        assert!(!all.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn people_get_their_own_and_nobody_elses() {
    let site = site().await;
    let admin = site.set_up().await;
    let person = admin.create_account("general", "limited").await;
    let files = archive(&person, "/v1/me/data-export", "/v1/me/data-exports").await;
    assert_eq!(rows(&files, "profile.json")[0]["id"], person.id);
    assert!(!files.keys().any(|name| name.starts_with("pings/")));
    let clerk = admin.create_account("user_admin", "full").await;
    let of_others = format!("/v1/staff/{}/data-export", person.id);
    clerk.post(&of_others, json!({})).await.refused(403, "forbidden");
    let begun = admin.post(&of_others, json!({})).await.expect(202);
    let export = format!("/v1/me/data-exports/{}", begun.str("/id"));
    person.get(&export).await.refused(404, "not_found");
    person.get(&format!("{export}/file")).await.refused(404, "not_found");
    person.delete(&export).await.refused(404, "not_found");
    admin.delete(&format!("/v1/exports/{}", begun.str("/id"))).await.expect(204);
}

#[tokio::test]
async fn other_exports_are_not_among_the_archives_of_ones_own_data() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let grace = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let of_grace = format!("/v1/staff/{grace}/data-export");
    for (path, body) in
        [("/v1/exports", json!({ "kind": "staff", "format": "csv" })), (&of_grace, json!({}))]
    {
        let id = admin.post(path, body).await.expect(202).str("/id").to_owned();
        let among_archives = format!("/v1/me/data-exports/{id}");
        admin.get(&among_archives).await.refused(404, "not_found");
        admin.get(&format!("{among_archives}/file")).await.refused(404, "not_found");
        admin.delete(&among_archives).await.refused(404, "not_found");
        admin.get(&format!("/v1/exports/{id}")).await.expect(200);
    }
}

#[tokio::test]
async fn an_archive_that_is_not_made_yet_is_waited_for() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    let begun = admin.post("/v1/me/data-export", json!({})).await.expect(202);
    let export = format!("/v1/me/data-exports/{}", begun.str("/id"));
    assert_eq!(admin.get(&export).await.expect(200).body["ready"], false);
    let file = format!("{export}/file");
    admin.get(&file).await.refused(409, "export_not_ready");
    for _ in 0..4 {
        admin.post("/v1/me/data-export", json!({})).await.expect(202);
    }
    admin.post("/v1/me/data-export", json!({})).await.refused(409, "limit_reached");
    let path = format!("/v1/staff/{}/data-export", admin.id);
    admin.post(&path, json!({})).await.refused(409, "limit_reached");
    admin.delete(&export).await.expect(204);
    admin.get(&file).await.refused(404, "not_found");
    for (kind, format, pointer) in [("person", "csv", "/kind"), ("staff", "zip", "/format")] {
        let body = json!({ "kind": kind, "format": format });
        let refused = admin.post("/v1/exports", body).await.refused(422, "invalid");
        assert_eq!(refused.pointers(), [pointer]);
    }
}

#[tokio::test]
async fn a_long_history_is_written_in_parts() {
    let site = site().await;
    let admin = site.set_up().await;
    let id = admin.create_staff(json!({ "display_name": "Grace" })).await;
    let phone = admin.create_phone(&id).await;
    let mut db = site.database.look().await;
    sqlx::query(
        "INSERT INTO pings (organization_id, device_id, fix_at, key, staff_id, received_at, \
         position, accuracy_m, mock, source) SELECT d.organization_id, d.id, \
         now() - n * interval '9 seconds', gen_random_uuid(), d.staff_id, now(), \
         ST_SetSRID(ST_MakePoint(random(), random()), 4326), random(), false, 'native' \
         FROM devices AS d, generate_series(1, 20000) AS n WHERE d.id = $1::uuid",
    )
    .bind(&phone.id)
    .execute(&mut db)
    .await
    .unwrap();
    let files = archive(&admin, &format!("/v1/staff/{id}/data-export"), "/v1/exports").await;
    let mut times = Vec::new();
    for text in files.iter().filter(|(name, _)| name.ends_with(".csv")).map(|(_, text)| text) {
        let text = String::from_utf8_lossy(text);
        times.extend(text.lines().skip(1).map(|l| l.split(',').nth(1).unwrap().to_owned()));
    }
    assert_eq!(times.len(), 20_000);
    assert!(files.keys().filter(|name| name.ends_with(".csv")).count() >= 2, "a file a day");
    assert!(times.windows(2).all(|pair| pair[0] <= pair[1]), "in order of time");
    let (parts, largest): (i64, i32) =
        sqlx::query_as("SELECT count(*), max(octet_length(content)) FROM export_parts")
            .fetch_one(&mut db)
            .await
            .unwrap();
    assert!(parts >= 2 && largest < 2_000_000, "{parts} parts, at most {largest} bytes");
}
