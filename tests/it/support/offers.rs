//! Offers, as the tests of them need them: people who can be asked, and waiting for a step.

use super::{Account, Answer, Site, assigned::case_with, eventually};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;

/// People who are logged in and live further and further from where cases are.
pub(crate) async fn people<'a, const N: usize>(admin: &Account<'a>) -> [Account<'a>; N] {
    let mut people = Vec::with_capacity(N);
    for number in 0..N {
        people.push(person_at(admin, number).await);
    }
    people.try_into().ok().expect("so many")
}

/// One of them; the next one lives two kilometres further away.
pub(crate) async fn person_at<'a>(admin: &Account<'a>, number: usize) -> Account<'a> {
    let lng = -9.14 + 0.023 * f64::from(u32::try_from(number).expect("a few"));
    let home = json!({ "home": { "lat": 38.71, "lng": lng } });
    admin.create_account_with("general", "limited", home).await
}

/// Offers a case to these people only; returns the offer's address.
pub(crate) async fn offer(
    admin: &Account<'_>,
    case: &str,
    people: &[&Account<'_>],
    fields: Value,
) -> String {
    let mut body = fields;
    body["staff_ids"] = people.iter().map(|person| json!(person.id)).collect();
    let made = admin.post(&format!("/v1/cases/{case}/offers"), body).await.expect(201);
    format!("/v1/offers/{}", made.str("/id"))
}

/// The states of everybody asked, in that order.
pub(crate) fn states(offer: &Answer) -> Vec<&str> {
    let people = offer.body["people"].as_array().expect("people");
    people.iter().map(|person| person["state"].as_str().expect("a state")).collect()
}

/// Waits until everybody asked is in these states; returns the offer.
pub(crate) async fn until(admin: &Account<'_>, offer: &str, wanted: &[&str]) -> Answer {
    let mut last = String::new();
    eventually(&format!("the people are {wanted:?}"), async || {
        let answer = admin.get(offer).await.expect(200);
        last.clone_from(&answer.text);
        (states(&answer) == wanted).then_some(answer)
    })
    .await
}

/// Waits until an offer is in this state; returns it.
pub(crate) async fn until_it_is(admin: &Account<'_>, offer: &str, state: &str) -> Answer {
    eventually(&format!("the offer is {state}"), async || {
        let answer = admin.get(offer).await.expect(200);
        (answer.str("/state") == state).then_some(answer)
    })
    .await
}

/// Somebody accepts.
pub(crate) async fn accept(who: &Account<'_>, offer: &str) -> Answer {
    who.post(&own(offer, "accept"), json!({})).await
}

/// Somebody declines.
pub(crate) async fn decline(who: &Account<'_>, offer: &str, reason: &str) -> Answer {
    who.post(&own(offer, "decline"), json!({ "reason": reason })).await
}

fn own(offer: &str, answer: &str) -> String {
    let id = offer.rsplit('/').next().expect("an id");
    format!("/v1/me/offers/{id}/{answer}")
}

/// Tells apart the hours of the cases of [`asked_by_hand`]: nobody is busy then.
static NEXT_HOUR: AtomicU32 = AtomicU32::new(0);

/// Offers a case, and asks a person as the first step does, on a site whose worker does no steps.
/// They are in this state. Returns the offer's id.
pub(crate) async fn asked_by_hand(
    site: &Site,
    admin: &Account<'_>,
    staff: &str,
    (mode, state): (&str, &str),
) -> String {
    let hour = NEXT_HOUR.fetch_add(1, Ordering::Relaxed);
    let start = format!("2100-01-{:02}T{:02}:00:00Z", hour / 24 + 1, hour % 24);
    let case = case_with(admin, json!({ "starts_at": start })).await;
    let made = admin.post(&format!("/v1/cases/{case}/offers"), json!({ "mode": mode })).await;
    let id = made.expect(201).str("/id").to_owned();
    sqlx::query(
        "INSERT INTO offer_people (organization_id, offer_id, staff_id, place, state, asked_at, \
         respond_by, by_app, by_mail) SELECT organization_id, id, $2, 1, $3, created_at, \
         deadline, true, true FROM offers WHERE id = $1",
    )
    .bind(id.parse::<Uuid>().expect("an id"))
    .bind(staff.parse::<Uuid>().expect("an id"))
    .bind(state)
    .execute(&mut site.database.look().await)
    .await
    .expect("somebody is asked");
    id
}
