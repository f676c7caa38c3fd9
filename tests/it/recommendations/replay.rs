//! Asking again what was answered before: the same bytes from the same index, on any process; and
//! what has changed since.

use super::stored::{Scene, address, ask, listed, result};
use crate::support::{Account, Answer, Site, account::now, eventually};
use serde_json::{Value, json};

async fn replay(who: &Account<'_>, answer: &Answer) -> Answer {
    who.post(&format!("{}/replay", address(answer)), json!({})).await.expect(200)
}

/// Replays until the change is in the index.
async fn until(who: &Account<'_>, answer: &Answer, is_there: impl Fn(&Value) -> bool) -> Answer {
    eventually("the change is in the index", async || {
        let replayed = replay(who, answer).await;
        is_there(&replayed.body).then_some(replayed)
    })
    .await
}

fn nothing_changed() -> Value {
    json!({ "people": [], "case": null, "case_digest": false, "policy": null, "settings": null })
}

#[tokio::test]
async fn two_processes_give_equal_bytes_and_a_replay_is_identical() {
    let site = Site::start().await;
    let other = site.beside().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    admin.create_phone(&scene.near).await.send_from(38.75, -9.14).await.expect(200);
    eventually("the position counts", async || {
        ask(&admin, scene.question()).await.text.contains("\"ping\"").then_some(())
    })
    .await;
    let question = json!({ "case_id": scene.case, "as_of": now(), "funnel": true });
    let (here, there) = eventually("one index, and one second, in both", async || {
        let here = ask(&admin, question.clone()).await;
        let request = site.http.post(format!("{}/v1/recommendations", other.url));
        let there = request.bearer_auth(&admin.token).json(&question).send().await.ok()?;
        let there = Answer::read(there).await.expect(200);
        let of = |answer: &Answer| {
            let result = &answer.body["result"];
            (result["index_version"].clone(), result["shown_at"].clone())
        };
        (of(&here) == of(&there)).then_some((here, there))
    })
    .await;
    assert_eq!(result(&here), result(&there));
    assert_eq!(listed(&here).len(), 2);
    assert_ne!(here.str("/id"), there.str("/id"));
    for answer in [&here, &there] {
        let replayed = replay(&admin, answer).await;
        assert_eq!(replayed.body["identical"], true, "{}", replayed.text);
        assert_eq!(replayed.body["same_ranking"], true);
        assert_eq!(replayed.body["changed"], nothing_changed());
        assert_eq!((&replayed.body["entered"], &replayed.body["left"]), (&json!([]), &json!([])));
    }
}

#[tokio::test]
async fn a_change_of_somebody_listed_is_named() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    let answer = scene.kept(&admin).await;
    let preferences = json!({ "regions": [],
        "services": [{ "service_id": scene.service, "preference": "preferred" }] });
    let path = format!("/v1/staff/{}/work-preferences", scene.far);
    admin.put(&path, preferences).await.expect(200);
    let replayed = until(&admin, &answer, |body| body["identical"] == false).await;
    let changed = |profile: bool, work: bool, position: bool| json!([{ "staff_id": scene.far, "profile": profile, "work": work, "position": position }]);
    assert_eq!(replayed.body["changed"]["people"], changed(true, false, false));
    assert_eq!(replayed.body["same_ranking"], false);
    let version = &answer.body["result"]["index_version"];
    assert_eq!(&replayed.body["stored_index_version"], version);
    assert_ne!(&replayed.body["index_version"], version);
    // A position, and a booking.
    let answer = scene.kept(&admin).await;
    let phone = admin.create_phone(&scene.far).await;
    let consented = until(&admin, &answer, |body| body["identical"] == false).await;
    assert_eq!(consented.body["changed"]["people"], changed(true, false, false), "consent");
    let answer = scene.kept(&admin).await;
    phone.send_from(38.712, -9.14).await.expect(200);
    let replayed = until(&admin, &answer, |body| body["identical"] == false).await;
    assert_eq!(replayed.body["changed"]["people"], changed(false, false, true));
    let answer = scene.kept(&admin).await;
    let case = json!({ "title": "Other", "position": { "lat": 38.9, "lng": -9.1 },
        "starts_at": "2199-01-01T08:00:00Z" });
    let case = admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned();
    let hold = json!({ "staff_id": scene.far });
    admin.post(&format!("/v1/cases/{case}/assignments"), hold).await.expect(201);
    let replayed = until(&admin, &answer, |body| body["identical"] == false).await;
    assert_eq!(replayed.body["changed"]["people"], changed(false, true, false));
    // A change of somebody who was not listed changes the version and nothing else.
    let answer = scene.kept(&admin).await;
    let rename = json!({ "display_name": "Still Unfit" });
    admin.patch(&format!("/v1/staff/{}", scene.unfit), rename).await.expect(200);
    let replayed = until(&admin, &answer, |body| body["identical"] == false).await;
    assert_eq!(replayed.body["same_ranking"], true, "{}", replayed.text);
    assert_eq!(replayed.body["changed"], nothing_changed());
}

#[tokio::test]
async fn who_entered_and_who_left_is_named() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    let answer = ask(&admin, json!({ "case_id": scene.case, "limit": 1 })).await;
    assert_eq!(listed(&answer), [scene.near.as_str()]);
    admin.patch(&format!("/v1/staff/{}", scene.near), json!({ "active": false })).await.expect(200);
    let replayed = until(&admin, &answer, |body| body["identical"] == false).await;
    let one = |staff: &str| json!([{ "staff_id": staff, "rank": 1 }]);
    assert_eq!(replayed.body["entered"], one(&scene.far), "{}", replayed.text);
    assert_eq!(replayed.body["left"], one(&scene.near));
    assert_eq!(replayed.body["changed"]["people"][0]["staff_id"], scene.near.as_str());
}

#[tokio::test]
async fn changes_of_case_policy_and_settings_are_named() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    let policy = json!({ "name": "Usual", "preset": "balanced" });
    let policy = admin.post("/v1/policies", policy).await.expect(201).str("/id").to_owned();
    let before = scene.kept(&admin).await;
    let settings = json!({ "default_policy_id": policy });
    admin.patch("/v1/organization", settings).await.expect(200);
    until(&admin, &before, |body| body["changed"]["settings"].is_object()).await;
    let client = admin.create_named("/v1/clients", "Harbour Insurance").await;
    let own = format!("/v1/cases/{}", scene.case);
    admin.patch(&own, json!({ "client_id": client })).await.expect(200);
    let settled = async || {
        eventually("nothing changes any more", async || {
            let answer = scene.kept(&admin).await;
            (replay(&admin, &answer).await.body["identical"] == true).then_some(answer)
        })
        .await
    };
    let answer = settled().await;
    let case_version = answer.body["result"]["case_version"].as_i64().unwrap();
    // The panel is the client's: the case keeps its version.
    let people = json!({ "panel": [scene.far], "excluded": [] });
    admin.put(&format!("/v1/clients/{client}/people"), people).await.expect(200);
    let changed = replay(&admin, &answer).await.body["changed"].clone();
    assert_eq!((&changed["case"], &changed["case_digest"]), (&Value::Null, &json!(true)));
    assert_eq!((&changed["policy"], &changed["settings"]), (&Value::Null, &Value::Null));
    let answer = settled().await;
    admin.patch(&own, json!({ "urgent": true })).await.expect(200);
    let changed = replay(&admin, &answer).await.body["changed"].clone();
    let versions = json!({ "from": case_version, "to": case_version + 1 });
    assert_eq!((&changed["case"], &changed["case_digest"]), (&versions, &json!(true)));
    let answer = settled().await;
    let weights = json!({ "weights": { "travel": 50 } });
    let path = format!("/v1/policies/{policy}");
    let patched = admin.patch(&path, json!({ "settings": weights })).await;
    patched.expect(200);
    let changed = replay(&admin, &answer).await.body["changed"].clone();
    let versions = (&changed["policy"]["from"]["version"], &changed["policy"]["to"]["version"]);
    assert_eq!(versions, (&json!(1), &json!(2)), "{changed}");
    let answer = settled().await;
    admin.patch("/v1/organization", json!({ "time_zone": "Europe/Lisbon" })).await.expect(200);
    let replayed = until(&admin, &answer, |body| body["identical"] == false).await;
    assert!(replayed.body["changed"]["settings"]["to"].is_i64(), "{}", replayed.text);
    // A case that is done is ranked again all the same; why-not asks for now, where it is closed.
    let answer = settled().await;
    admin.patch(&own, json!({ "status": "done" })).await.expect(200);
    let replayed = replay(&admin, &answer).await;
    assert_eq!(replayed.body["identical"], false, "the case has another version");
    assert_eq!(replayed.body["same_ranking"], true, "{}", replayed.text);
    let changed = &replayed.body["changed"];
    assert!(changed["case"]["to"].is_i64() && changed["case_digest"] == false, "{changed}");
    let why = format!("{}/why-not/{}", address(&answer), scene.far);
    admin.get(&why).await.refused(409, "case_closed");
}

#[tokio::test]
async fn a_question_of_long_ago_is_ranked_for_its_own_instant() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    let named = json!({ "name": "Named" });
    let policy = admin.post("/v1/policies", named).await.expect(201).str("/id").to_owned();
    let question = json!({ "case_id": scene.case, "policy_id": policy });
    let answer = ask(&admin, question.clone()).await;
    sqlx::query(
        "UPDATE recommendations SET request = jsonb_set(jsonb_set(request, '{basis,as_of}', \
         ((request->'basis'->'as_of')::bigint - 864000)::text::jsonb), '{basis,shown_at}', \
         ((request->'basis'->'shown_at')::bigint - 864000)::text::jsonb)",
    )
    .execute(&mut site.database.look().await)
    .await
    .unwrap();
    let old = admin.get(&address(&answer)).await.expect(200);
    assert_ne!(old.body["result"]["as_of"], answer.body["result"]["as_of"]);
    // The policy is archived since, and the one who asks again may not choose one: it explains still.
    admin.delete(&format!("/v1/policies/{policy}")).await.expect(204);
    admin.post("/v1/recommendations", question).await.refused(422, "invalid");
    let replayed = replay(&admin, &answer).await;
    assert_eq!(replayed.body["same_ranking"], true, "{}", replayed.text);
    let why = format!("{}/why-not/{}", address(&answer), scene.far);
    let explained = admin.get(&why).await.expect(200);
    assert_eq!(explained.body["policy"]["name"], "Named");
}

#[tokio::test]
async fn why_not_asks_the_kept_question_for_now() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    let question = json!({ "case_id": scene.case, "limit": 1, "bbox": "-9.2,38.7,-9.1,38.8" });
    let answer = ask(&admin, question).await;
    assert_eq!(listed(&answer), [scene.near.as_str()]);
    let why = async |staff: &str| {
        admin.get(&format!("{}/why-not/{staff}", address(&answer))).await.expect(200)
    };
    let unfit = why(&scene.unfit).await;
    assert_eq!(unfit.body["failed"][0]["rule"], "missing_skill");
    let is = |answer: &Answer| {
        [&answer.body["was_listed"], &answer.body["inside_viewport"]].map(|flag| flag == true)
    };
    assert_eq!(is(&unfit), [false, true]);
    let far = why(&scene.far).await;
    assert_eq!(is(&far), [false, false]);
    assert_eq!(far.body["standing"]["rank"], 2);
    let smallest = &far.body["standing"]["smallest_change"];
    assert_eq!(smallest["change"]["change"], "eta_min", "{}", far.text);
    assert_eq!(is(&why(&scene.near).await), [true, true]);
    let version = &answer.body["result"]["index_version"];
    assert_eq!((&far.body["stored_index_version"], &far.body["index_version"]), (version, version));
    // The skill is learnt: the question is asked of the index of now.
    let skills = json!({ "skills": [{ "code": "camera", "level": 5 }] });
    admin.patch(&format!("/v1/staff/{}", scene.unfit), skills).await.expect(200);
    let now = eventually("the skill counts", async || {
        let now = why(&scene.unfit).await;
        (now.body["eligible"] == true).then_some(now)
    })
    .await;
    assert_eq!(&now.body["stored_index_version"], version);
    assert_ne!(&now.body["index_version"], version);
    let plain = scene.kept(&admin).await;
    let path = format!("{}/why-not/{}", address(&plain), scene.near);
    assert_eq!(admin.get(&path).await.expect(200).body["inside_viewport"], Value::Null);
    let nobody = format!("{}/why-not/{}", address(&plain), uuid::Uuid::now_v7());
    admin.get(&nobody).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_question_that_names_what_is_gone_says_so() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    let tag = admin.create_named("/v1/tags", "Night").await;
    let question = json!({ "case_id": scene.case, "only": { "tags": [tag] } });
    let answer = ask(&admin, question).await;
    admin.delete(&format!("/v1/tags/{tag}")).await.expect(204);
    let path = address(&answer);
    let replayed = admin.post(&format!("{path}/replay"), json!({})).await;
    replayed.refused(409, "question_outdated");
    let why = admin.get(&format!("{path}/why-not/{}", scene.near)).await;
    why.refused(409, "question_outdated");
    admin.get(&path).await.expect(200);
}
