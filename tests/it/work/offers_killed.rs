//! `kill -9` of a real worker between the steps of an offer: the next one goes on, and nobody is
//! asked twice. It follows the feed into an index of its own once the first offer needs it.

use crate::support::{
    Answer,
    processes::{Service, Stack},
    wait::within,
};
use serde_json::json;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

async fn states(stack: &Stack, offer: &str) -> Vec<String> {
    let offer: Answer = stack.get(offer, stack.token()).await.expect(200);
    let people = offer.body["people"].as_array().unwrap();
    people.iter().map(|person| person["state"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_killed_worker_loses_no_step() {
    let mut stack = Stack::start().await;
    assert!(!stack.logged(Service::Worker).contains("an index of this worker"));
    for number in 0..3 {
        let lng = -9.14 + 0.02 * f64::from(number);
        let email = format!("person-{number}@harbour.example");
        let body = json!({ "display_name": format!("Person {number}"), "email": email,
            "home": { "lat": 38.71, "lng": lng } });
        stack.post("/v1/staff", stack.token(), body).await.expect(201);
    }
    let case = json!({ "title": "Watch", "position": { "lat": 38.71, "lng": -9.14 } });
    let case = stack.post("/v1/cases", stack.token(), case).await.expect(201);
    let path = format!("/v1/cases/{}/offers", case.str("/id"));
    let terms = json!({ "answer_within_s": 3, "max_people": 3 });
    let made = stack.post(&path, stack.token(), terms).await.expect(201);
    let offer = format!("/v1/offers/{}", made.str("/id"));
    within(PATIENCE, "the first is asked", async || {
        (states(&stack, &offer).await == ["asked"]).then_some(())
    })
    .await;
    stack.kill(Service::Worker);
    stack.spawn(Service::Worker);
    within(PATIENCE, "the others are asked in turn", async || {
        let offer = stack.get(&offer, stack.token()).await.expect(200);
        (offer.str("/state") == "unanswered").then_some(())
    })
    .await;
    assert_eq!(states(&stack, &offer).await, ["timed_out"; 3]);
    let asked = "SELECT count(*) FROM mails WHERE kind = 'offered'";
    assert_eq!(stack.count(asked).await, Some(3), "one mail each");
}
