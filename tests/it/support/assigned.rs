//! Cases, clients and assignments, as the tests of them need them.

use super::{Account, Answer, Site};
use serde_json::{Value, json};
use uuid::Uuid;

/// Makes a case with further fields; returns its id.
pub(crate) async fn case_with(who: &Account<'_>, fields: Value) -> String {
    let mut body = json!({ "title": "Watch", "position": { "lat": 38.71, "lng": -9.14 } });
    for (name, value) in fields.as_object().expect("fields") {
        body[name] = value.clone();
    }
    who.post("/v1/cases", body).await.expect(201).str("/id").to_owned()
}

/// Makes a case of so many hours from an hour of 2100-01-01.
pub(crate) async fn case_at(who: &Account<'_>, hour: u8, hours: u8) -> String {
    let start = format!("2100-01-01T{hour:02}:00:00Z");
    case_with(who, json!({ "starts_at": start, "duration_min": u16::from(hours) * 60 })).await
}

/// Assigns a person.
pub(crate) async fn assign(who: &Account<'_>, case: &str, staff: &str) -> Answer {
    assign_with(who, case, staff, json!({})).await
}

/// The same with further fields.
pub(crate) async fn assign_with(
    who: &Account<'_>,
    case: &str,
    staff: &str,
    fields: Value,
) -> Answer {
    let mut body = fields;
    body["staff_id"] = json!(staff);
    who.post(&format!("/v1/cases/{case}/assignments"), body).await
}

/// The address of an assignment that was made.
pub(crate) fn path(assigned: &Answer) -> String {
    format!("/v1/assignments/{}", assigned.str("/id"))
}

/// Makes a person; returns their id.
pub(crate) async fn person(admin: &Account<'_>, name: &str) -> String {
    admin.create_staff(json!({ "display_name": name })).await
}

/// Gives a case so many slots.
pub(crate) async fn set_slots(site: &Site, case: &str, slots: i16) {
    let case: Uuid = case.parse().expect("an id");
    let statement = sqlx::query("UPDATE cases SET slots = $2 WHERE id = $1").bind(case).bind(slots);
    statement.execute(&mut site.database.look().await).await.expect("slots");
}

/// Makes a client with these people's standing, and gives it the case.
pub(crate) async fn give_client(
    site: &Site,
    case: &str,
    panel_required: bool,
    standings: &[(&str, &str)],
) {
    let (case, client): (Uuid, Uuid) = (case.parse().expect("an id"), Uuid::now_v7());
    let mut db = site.database.look().await;
    sqlx::query(
        "INSERT INTO clients (organization_id, id, name, panel_required) \
         SELECT organization_id, $2, $2::text, $3 FROM cases WHERE id = $1",
    )
    .bind(case)
    .bind(client)
    .bind(panel_required)
    .execute(&mut db)
    .await
    .expect("a client");
    for (staff, standing) in standings {
        sqlx::query(
            "INSERT INTO client_staff (organization_id, client_id, staff_id, standing) \
             SELECT organization_id, id, $2, $3 FROM clients WHERE id = $1",
        )
        .bind(client)
        .bind(staff.parse::<Uuid>().expect("an id"))
        .bind(*standing)
        .execute(&mut db)
        .await
        .expect("a standing");
    }
    let give = sqlx::query("UPDATE cases SET client_id = $2 WHERE id = $1").bind(case).bind(client);
    give.execute(&mut db).await.expect("the case's client");
}

/// The version of a person's work, which ranking reads.
pub(crate) async fn work_version(site: &Site, staff: &str) -> i64 {
    let staff: Uuid = staff.parse().expect("an id");
    let version = sqlx::query_scalar("SELECT work_version FROM staff WHERE id = $1").bind(staff);
    version.fetch_one(&mut site.database.look().await).await.expect("a version")
}
