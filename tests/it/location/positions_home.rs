//! People without a live fix on the map: at home or at their base, as exactly as the caller may see
//! homes, and only when asked for.

use crate::support::{
    Account, Answer, Site,
    departments::{change, department, scoped_account},
    eventually,
};
use serde_json::{Value, json};

const CITY: &str = "-9.25,38.65,-9.05,38.80";
const HOME: (f64, f64) = (38.722_345, -9.139_876);

async fn look(who: &Account<'_>, bbox: &str) -> Answer {
    who.get(&format!("/v1/positions?bbox={bbox}&include=home")).await
}

/// What is shown of a person.
fn shown<'a>(answer: &'a Answer, id: &str) -> Option<&'a Value> {
    let items = answer.body["items"].as_array().expect("items");
    items.iter().find(|item| item["staff_id"] == json!(id))
}

fn place((lat, lng): (f64, f64)) -> Value {
    json!({ "lat": lat, "lng": lng })
}

/// A viewport of some metres around a place.
fn close((lat, lng): (f64, f64)) -> String {
    format!("{},{},{},{}", lng - 1e-4, lat - 1e-4, lng + 1e-4, lat + 1e-4)
}

async fn source(who: &Account<'_>, id: &str) -> Option<String> {
    let answer = look(who, CITY).await.expect(200);
    shown(&answer, id).map(|item| item["source"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn people_without_a_live_fix_are_at_home_or_at_their_base() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let north = department(&site, "North", Some((38.75, -9.2))).await;
    let at_home = json!({ "display_name": "Grace", "home": place(HOME) });
    let home = admin.create_staff(at_home.clone()).await;
    let body = json!({ "display_name": "Ines", "departments": [north] });
    let base = admin.create_staff(body).await;
    let inactive = json!({ "display_name": "Gone", "home": place(HOME), "active": false });
    let inactive = admin.create_staff(inactive).await;
    let live = admin.create_account("general", "full").await;
    change(&admin, &live.id, json!({ "home": place(HOME) })).await;
    admin.create_phone(&live.id).await.send_from(38.70, -9.10).await.expect(200);
    let answer = eventually("all are on the map", async || {
        let answer = look(&admin, CITY).await.expect(200);
        let live = shown(&answer, &live.id).is_some_and(|item| item["source"] == "ping");
        (live && shown(&answer, &home).is_some() && shown(&answer, &base).is_some())
            .then_some(answer)
    })
    .await;
    assert_eq!(answer.body["items"].as_array().unwrap().len(), 3, "{}", answer.text);
    assert!(shown(&answer, &inactive).is_none());
    let grace = shown(&answer, &home).unwrap();
    assert_eq!(
        (&grace["source"], &grace["position"], &grace["display_name"]),
        (&json!("home"), &place(HOME), &json!("Grace"))
    );
    for nothing in ["age_s", "fix_at", "accuracy_m", "grade"] {
        assert!(grace[nothing].is_null(), "{grace}");
    }
    let ines = shown(&answer, &base).unwrap();
    assert_eq!((&ines["source"], &ines["position"]), (&json!("base"), &place((38.75, -9.2))));
    let plain = admin.get(&format!("/v1/positions?bbox={CITY}")).await.expect(200);
    assert!(shown(&plain, &home).is_none() && shown(&plain, &live.id).is_some());
    for (one, source) in [(&home, "home"), (&live.id, "ping")] {
        let path = format!("/v1/positions?bbox=-180,-90,180,90&include=home&staff={one}");
        let alone = admin.get(&path).await.expect(200);
        assert_eq!(alone.body["items"].as_array().unwrap().len(), 1, "{}", alone.text);
        assert_eq!(shown(&alone, one).unwrap()["source"], source);
    }
    // A pause takes the live position away. The home is none.
    live.post("/v1/me/tracking/pause", json!({ "minutes": 30 })).await.expect(200);
    eventually("they are at home", async || {
        (source(&admin, &live.id).await.as_deref() == Some("home")).then_some(())
    })
    .await;
    admin.delete(&format!("/v1/staff/{home}")).await.expect(204);
    eventually("deleted people are nowhere", async || {
        source(&admin, &home).await.is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn homes_are_cells_for_all_who_may_not_read_them_and_reads_are_recorded() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let scheduler = admin.create_account("scheduler", "full").await;
    let coarse = admin.create_account("admin", "full").await;
    let north = department(&site, "North", None).await;
    let narrow = scoped_account(&admin, "scheduler", &[&north]).await;
    let id = admin.create_staff(json!({ "display_name": "Grace", "home": place(HOME) })).await;
    eventually("she is on the map", async || source(&admin, &id).await).await;
    let mut centres = Vec::new();
    for who in [&scheduler, &coarse] {
        let answer = look(who, CITY).await.expect(200);
        let item = shown(&answer, &id).unwrap();
        assert_eq!((&item["source"], &item["grade"]), (&json!("home"), &json!("coarse")));
        centres.push(item["position"].clone());
        let answer = look(who, &close(HOME)).await.expect(200);
        assert!(shown(&answer, &id).is_none(), "the edge would locate her");
    }
    assert!(centres[0] == centres[1] && centres[0] != place(HOME));
    let centre = (centres[0]["lat"].as_f64().unwrap(), centres[0]["lng"].as_f64().unwrap());
    assert!(shown(&look(&scheduler, &close(centre)).await, &id).is_some());
    assert!(shown(&look(&admin, &close(centre)).await, &id).is_none());
    assert!(shown(&look(&admin, &close(HOME)).await, &id).is_some());
    assert!(shown(&look(&narrow, CITY).await, &id).is_none(), "out of scope");
    let readers: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT actor_id::text FROM position_reads \
         WHERE route = '/v1/positions' AND $1 = ANY(people)",
    )
    .bind(id.parse::<uuid::Uuid>().unwrap())
    .fetch_all(&mut site.database.look().await)
    .await
    .unwrap();
    assert_eq!(readers, [admin.id.as_str()], "only who saw the exact home");
}

#[tokio::test]
async fn homes_need_the_right_to_list_people() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let watcher = json!({ "modules": { "tracking": "view" } });
    let watcher = admin.create_account_with("general", "full", watcher).await;
    watcher.get(&format!("/v1/positions?bbox={CITY}")).await.expect(200);
    let refused = look(&watcher, CITY).await.refused(403, "forbidden");
    assert!(refused.str("/detail").contains("staff:view"), "{}", refused.text);
    let other = format!("/v1/positions?bbox={CITY}&include=work");
    admin.get(&other).await.refused(400, "malformed_query");
}

#[tokio::test]
async fn positions_say_who_works_now() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let every_day: Vec<Value> =
        (1..=7).map(|day| json!({ "weekday": day, "start_min": 0, "end_min": 1440 })).collect();
    let on = json!({ "display_name": "On", "home": place(HOME), "working_hours": every_day });
    let off = json!({ "display_name": "Off", "home": place(HOME), "working_hours": [] });
    let (on, off) = (admin.create_staff(on).await, admin.create_staff(off).await);
    let duty = async |who: &Account<'_>, id: &str| {
        let answer = look(who, CITY).await.expect(200);
        let item = shown(&answer, id)?.clone();
        Some((item["on_shift"].clone(), item["busy"].clone()))
    };
    eventually("the one with hours is on shift, the other is not", async || {
        let both = (duty(&admin, &on).await?, duty(&admin, &off).await?);
        let free = json!(false);
        (both == ((json!(true), free.clone()), (free.clone(), free.clone()))).then_some(())
    })
    .await;
    let case = json!({ "title": "Now", "position": place(HOME), "duration_min": 60 });
    let case = admin.post("/v1/cases", case).await.expect(201).str("/id").to_owned();
    let body = json!({ "staff_id": on, "starts_at": nearhand_domain::clock::now().to_string() });
    admin.post(&format!("/v1/cases/{case}/assignments"), body).await.expect(201);
    eventually("they are busy", async || (duty(&admin, &on).await?.1 == json!(true)).then_some(()))
        .await;
}
