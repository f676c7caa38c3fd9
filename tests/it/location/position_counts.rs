//! How many people are live in each cell of a viewport: coarse for everybody, fine and on record
//! for those who may see exactly.

use crate::support::{Account, Answer, Site, eventually};
use serde_json::json;

const CITY: &str = "-9.25,38.65,-9.05,38.80";

async fn counts(who: &Account<'_>, query: &str) -> Answer {
    who.get(&format!("/v1/positions/counts?bbox={query}")).await
}

/// Each cell's people, most first.
fn people(answer: &Answer) -> Vec<u64> {
    let items = answer.body["items"].as_array().unwrap();
    let mut people: Vec<u64> = items.iter().map(|item| item["people"].as_u64().unwrap()).collect();
    people.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
    people
}

async fn reads(site: &Site) -> i64 {
    let count = "SELECT count(*) FROM position_reads WHERE route = '/v1/positions/counts'";
    sqlx::query_scalar(count).fetch_one(&mut site.database.look().await).await.unwrap()
}

/// Two people 300 m apart and one across the river; returns one of the two.
async fn three_people(admin: &Account<'_>) -> String {
    let mut first = String::new();
    for (lat, lng) in [(38.7300, -9.1500), (38.7275, -9.1500), (38.6700, -9.0700)] {
        let staff = admin.create_staff(json!({ "display_name": "Grace" })).await;
        admin.create_phone(&staff).await.send_from(lat, lng).await.expect(200);
        if first.is_empty() {
            first = staff;
        }
    }
    eventually("all are counted", async || {
        let answer = counts(admin, CITY).await.expect(200);
        (answer.body["people"] == 3).then_some(())
    })
    .await;
    first
}

#[tokio::test]
async fn people_are_counted_by_cell_and_only_while_they_may_be_seen() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let coarse = admin.create_account("admin", "full").await;
    let staff = three_people(&admin).await;
    let answer = counts(&coarse, CITY).await.expect(200);
    assert_eq!((answer.body["resolution"].as_u64(), people(&answer)), (Some(7), vec![2, 1]));
    let wide = counts(&coarse, "-10,37,-7,42").await.expect(200);
    assert_eq!(
        (wide.body["resolution"].as_u64(), wide.body["people"].as_u64()),
        (Some(5), Some(3))
    );
    assert_eq!(people(&counts(&coarse, &format!("{CITY}&resolution=0")).await.expect(200)), [3]);
    // A viewport about somebody's very place, which is not that of their cell's centre.
    for who in [&coarse, &admin] {
        let close = counts(who, "-9.1501,38.7299,-9.1499,38.7301&resolution=7").await.expect(200);
        assert_eq!(close.body["people"], 0, "the edge would locate them: {}", close.text);
    }
    assert_eq!(reads(&site).await, 0, "nobody has seen anything exact");
    admin.delete(&format!("/v1/staff/{staff}/tracking")).await.expect(204);
    eventually("who is no longer tracked is no longer counted", async || {
        (people(&counts(&admin, CITY).await.expect(200)) == [1, 1]).then_some(())
    })
    .await;
}

#[tokio::test]
async fn fine_counts_are_for_those_who_may_see_exactly_and_are_recorded() {
    let site = Site::start().await;
    let admin = site.set_up().await;
    let coarse = admin.create_account("admin", "full").await;
    three_people(&admin).await;
    let fine = format!("{CITY}&resolution=9");
    counts(&coarse, &fine).await.refused(403, "forbidden");
    assert_eq!(reads(&site).await, 0);
    let answer = counts(&admin, &fine).await.expect(200);
    assert_eq!(people(&answer), [1, 1, 1], "{}", answer.text);
    assert_eq!(reads(&site).await, 1);
    let named: i32 = sqlx::query_scalar(
        "SELECT cardinality(people) FROM position_reads \
        WHERE route = '/v1/positions/counts'",
    )
    .fetch_one(&mut site.database.look().await)
    .await
    .unwrap();
    assert_eq!(named, 3);
}

#[tokio::test]
async fn what_cannot_be_counted_says_why() {
    let site = Site::without_worker(|_| {}).await;
    let admin = site.set_up().await;
    for bad in ["", "1,2,3", "1,91,3,92", "1,3,2,1", "0,0,1,1&resolution=16", "0,0,1,1&surplus=1"] {
        counts(&admin, bad).await.refused(400, "malformed_query");
    }
    let answer = counts(&admin, &format!("{CITY}&resolution=12")).await.refused(422, "invalid");
    assert_eq!(answer.pointers(), ["/resolution"]);
    assert!(answer.str("/detail").contains("ask for 9 or less"), "{}", answer.text);
    counts(&admin, "-180,-90,180,90").await.expect(200);
}
