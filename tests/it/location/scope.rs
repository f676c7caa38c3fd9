//! The live view within a view scope: only people in it are listed, counted and streamed, and a
//! stream ends when they become others.

use crate::support::{
    Account, Site,
    departments::{change, department, scoped_account},
    events::Events,
    eventually,
};
use serde_json::json;

const VIEWPORT: &str = "bbox=-9.25,38.65,-9.05,38.80";

async fn shown(who: &Account<'_>) -> Vec<String> {
    let answer = who.get(&format!("/v1/positions?{VIEWPORT}")).await.expect(200);
    let items = answer.body["items"].as_array().unwrap();
    items.iter().map(|item| item["staff_id"].as_str().unwrap().to_owned()).collect()
}

async fn counted(who: &Account<'_>, resolution: u8) -> u64 {
    let path = format!("/v1/positions/counts?{VIEWPORT}&resolution={resolution}");
    who.get(&path).await.expect(200).body["people"].as_u64().unwrap()
}

async fn watch(who: &Account<'_>, last: Option<&str>) -> Events {
    Events::open(who, "/v1/positions/stream", last).await
}

#[tokio::test]
async fn only_people_in_scope_are_listed_counted_and_streamed() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let north = department(&site, "North", None).await;
    let south = department(&site, "South", None).await;
    let person = async |department: &str| {
        let body = json!({ "display_name": "P", "departments": [department] });
        let id = admin.create_staff(body).await;
        let phone = admin.create_phone(&id).await;
        phone.send_from(38.7, -9.1).await.expect(200);
        (id, phone)
    };
    let (near, far) = (person(&north).await, person(&south).await);
    let narrow = scoped_account(&admin, "scheduler", &[&north]).await;
    eventually("both are on the map", async || (shown(&admin).await.len() == 2).then_some(()))
        .await;
    assert_eq!(shown(&narrow).await, [near.0.as_str()]);
    for resolution in [7, 9] {
        assert_eq!((counted(&admin, resolution).await, counted(&narrow, resolution).await), (2, 1));
    }
    let mut events = watch(&narrow, None).await;
    let first = events.next().await.unwrap();
    let items = first.data["items"].as_array().unwrap().clone();
    assert_eq!((items.len(), items[0]["staff_id"].as_str()), (1, Some(near.0.as_str())));
    far.1.send_from(38.71, -9.1).await.expect(200);
    near.1.send_from(38.72, -9.1).await.expect(200);
    let moved = events.next().await.unwrap();
    assert_eq!((moved.name.as_str(), &moved.data["staff_id"]), ("position", &json!(near.0)));
    // Somebody comes in: the stream ends, and begins anew instead of going on.
    change(&admin, &far.0, json!({ "departments": [north, south] })).await;
    events.end().await;
    let mut events = watch(&narrow, Some(&moved.id)).await;
    let again = events.next().await.unwrap();
    assert_eq!(again.name, "snapshot");
    assert_eq!(again.data["items"].as_array().unwrap().len(), 2);
    // Nothing of those outside was read.
    let seen: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM position_reads WHERE actor_id = $1 AND $2 = ANY(people) \
         AND at < $3::timestamptz",
    )
    .bind(narrow.id.parse::<uuid::Uuid>().unwrap())
    .bind(far.0.parse::<uuid::Uuid>().unwrap())
    .bind(
        admin
            .get(&format!("/v1/audit?subject={}&action=staff.update", far.0))
            .await
            .expect(200)
            .str("/items/0/at")
            .to_owned(),
    )
    .fetch_one(&mut site.database.look().await)
    .await
    .unwrap();
    assert_eq!(seen, 0);
}

#[tokio::test]
async fn an_api_key_watches_as_far_as_its_creator_sees() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let north = department(&site, "North", None).await;
    let body = json!({ "display_name": "P", "departments": [north] });
    let person = admin.create_staff(body).await;
    let phone = admin.create_phone(&person).await;
    phone.send_from(38.7, -9.1).await.expect(200);
    let form = json!({ "name": "Map", "permissions": ["tracking:view"] });
    let account = admin.post("/v1/service-accounts", form).await.expect(201);
    let keys = format!("/v1/service-accounts/{}/keys", account.str("/id"));
    let key = admin.post(&keys, json!({ "name": "k" })).await.expect(201);
    let software = Account { token: key.str("/key").to_owned(), ..admin.clone() };
    eventually("they are on the map", async || (shown(&software).await.len() == 1).then_some(()))
        .await;
    let mut events = watch(&software, None).await;
    assert_eq!(events.next().await.unwrap().name, "snapshot");
    admin.delete(&format!("{keys}/{}", key.str("/api_key/id"))).await.expect(204);
    events.end().await;
}
