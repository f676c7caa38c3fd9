//! Who may read an answer that was kept: nobody who may see less than the one who asked.

use super::stored::{Scene, address, ask, listed};
use crate::support::{
    Account, Site,
    departments::{again, change, department, scoped_account},
    eventually,
};
use serde_json::json;

/// Somebody who asks and sees exact positions, and homes only as cells.
async fn without_homes<'a>(admin: &Account<'a>) -> Account<'a> {
    let permissions = ["recommendations:view", "positions:read", "tracking:view"];
    let role = json!({ "name": "Dispatch", "permissions": permissions });
    let role = admin.post("/v1/roles", role).await.expect(201).str("/id").to_owned();
    admin.create_account_with("general", "full", json!({ "roles": [role] })).await
}

#[tokio::test]
async fn nobody_reads_what_they_would_not_have_been_shown() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    let (no_homes, coarse) =
        (without_homes(&admin).await, admin.create_account("admin", "full").await);
    let exact = scene.kept(&admin).await;
    let blurred = scene.kept(&no_homes).await;
    let cells = scene.kept(&coarse).await;
    for (answer, readers, strangers) in [
        (&exact, vec![&admin], vec![&no_homes, &coarse]),
        (&blurred, vec![&admin, &no_homes], vec![&coarse]),
        (&cells, vec![&admin, &no_homes, &coarse], vec![]),
    ] {
        let path = address(answer);
        let why = format!("{path}/why-not/{}", scene.unfit);
        for reader in readers {
            assert_eq!(reader.get(&path).await.expect(200).text, answer.text);
            let same = reader.post(&format!("{path}/replay"), json!({})).await.expect(200);
            assert_eq!(same.body["same_ranking"], true, "{}", same.text);
            let explained = reader.get(&why).await.expect(200);
            assert_eq!(explained.body["disclosure"], answer.body["result"]["disclosure"]);
        }
        for stranger in strangers {
            stranger.get(&path).await.refused(404, "not_found");
            stranger.post(&format!("{path}/replay"), json!({})).await.refused(404, "not_found");
            stranger.get(&why).await.refused(404, "not_found");
        }
    }
    let home = |answer: &crate::support::Answer| {
        answer.body["result"]["candidates"][0]["location"]["position"].clone()
    };
    assert_ne!(home(&exact), home(&blurred), "their home is the centre of its cell");
    let limited = admin.create_account("scheduler", "limited").await;
    limited.get(&address(&cells)).await.refused(403, "forbidden");
    let elsewhere = site.create_another_organization().await;
    elsewhere.get(&address(&cells)).await.refused(404, "not_found");
}

#[tokio::test]
async fn a_look_at_an_exact_answer_is_recorded() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    let coarse = admin.create_account("admin", "full").await;
    let (exact, cells) = (scene.kept(&admin).await, scene.kept(&coarse).await);
    admin.get(&address(&exact)).await.expect(200);
    admin.get(&address(&cells)).await.expect(200);
    let why = format!("{}/why-not/{}", address(&exact), scene.unfit);
    admin.get(&why).await.expect(200);
    let mut database = site.database.look().await;
    for (route, people) in [
        ("/v1/recommendations/{id}", vec![&scene.near, &scene.far]),
        ("/v1/recommendations/{id}/why-not/{staff_id}", vec![&scene.unfit]),
    ] {
        let mut read: Vec<Vec<uuid::Uuid>> = sqlx::query_scalar(
            "SELECT people FROM position_reads WHERE actor_id = $1::uuid AND route = $2",
        )
        .bind(&admin.id)
        .bind(route)
        .fetch_all(&mut database)
        .await
        .unwrap();
        let mut wanted: Vec<uuid::Uuid> = people.iter().map(|id| id.parse().unwrap()).collect();
        wanted.sort_unstable();
        read.iter_mut().for_each(|people| people.sort_unstable());
        assert_eq!(read, [wanted], "{route}");
    }
}

#[tokio::test]
async fn a_narrow_view_reads_what_was_asked_within_it() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    let [north, south] =
        [department(&site, "North", None).await, department(&site, "South", None).await];
    change(&admin, &scene.near, json!({ "departments": [north] })).await;
    change(&admin, &scene.far, json!({ "departments": [south] })).await;
    let narrow = scoped_account(&admin, "scheduler", &[&north]).await;
    let peer = scoped_account(&admin, "scheduler", &[&north]).await;
    let wider = scoped_account(&admin, "scheduler", &[&north, &south]).await;
    let of_narrow = eventually("only the northern one is listed", async || {
        let answer = scene.kept(&narrow).await;
        (listed(&answer) == [scene.near.clone()]).then_some(answer)
    })
    .await;
    let (of_wider, of_admin) = (scene.kept(&wider).await, scene.kept(&admin).await);
    assert_eq!(listed(&of_wider), [scene.near.clone(), scene.far.clone()]);
    for (answer, readers, strangers) in [
        (&of_narrow, vec![&narrow, &peer, &wider, &admin], vec![]),
        (&of_wider, vec![&wider, &admin], vec![&narrow, &peer]),
        (&of_admin, vec![&admin], vec![&narrow, &wider]),
    ] {
        let path = address(answer);
        for reader in readers {
            assert_eq!(reader.get(&path).await.expect(200).text, answer.text);
            let same = reader.post(&format!("{path}/replay"), json!({})).await.expect(200);
            assert_eq!(same.body["identical"], true, "{}", same.text);
        }
        for stranger in strangers {
            stranger.get(&path).await.refused(404, "not_found");
        }
    }
    // Why-not finds nobody outside the scope of the question, whoever asks.
    let why = |staff: &str| format!("{}/why-not/{staff}", address(&of_narrow));
    narrow.get(&why(&scene.near)).await.expect(200);
    narrow.get(&why(&scene.far)).await.refused(404, "not_found");
    admin.get(&why(&scene.far)).await.refused(404, "not_found");
    // Who has left the department since is not shown to it any more.
    change(&admin, &scene.near, json!({ "departments": [south] })).await;
    narrow.get(&address(&of_narrow)).await.refused(404, "not_found");
    admin.get(&address(&of_narrow)).await.expect(200);
}

#[tokio::test]
async fn the_one_who_asked_loses_it_with_their_rights() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scene = Scene::set(&admin).await;
    let who = without_homes(&admin).await;
    let question = json!({ "case_id": scene.case });
    let answer = ask(&who, question).await;
    who.get(&address(&answer)).await.expect(200);
    change(&admin, &who.id, json!({ "roles": [] })).await;
    let who = again(&admin, &who.id).await;
    who.get(&address(&answer)).await.refused(403, "forbidden");
}
