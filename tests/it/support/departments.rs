//! Departments, and people whose view ends at theirs.

use super::{Account, Site, account::log_in};
use serde_json::{Value, json};
use uuid::Uuid;

/// The password that [`Account::create_account`] gives.
const OWN_PASSWORD: &str = "nine quiet harbour cranes";

/// A department of the first organisation, perhaps with a base as latitude and longitude.
pub(crate) async fn department(site: &Site, name: &str, base: Option<(f64, f64)>) -> String {
    let id = Uuid::now_v7();
    sqlx::query(
        "INSERT INTO departments (organization_id, id, name, base) \
         SELECT organization_id, $1, $2, ST_SetSRID(ST_MakePoint($3, $4), 4326) \
         FROM organizations ORDER BY created_at LIMIT 1",
    )
    .bind(id)
    .bind(name)
    .bind(base.map(|(_, lng)| lng))
    .bind(base.map(|(lat, _)| lat))
    .execute(&mut site.database.look().await)
    .await
    .expect("a department");
    id.to_string()
}

/// A person with this role whose view ends at these departments.
pub(crate) async fn scoped_account<'a>(
    admin: &Account<'a>,
    role: &str,
    departments: &[&str],
) -> Account<'a> {
    let account = admin.create_account(role, "full").await;
    let scope = json!({ "departments": departments, "view_scope": "departments",
        "edit_scope": "departments" });
    change(admin, &account.id, scope).await;
    again(admin, &account.id).await
}

/// Logs a person of [`Account::create_account`] in once more.
pub(crate) async fn again<'a>(admin: &Account<'a>, id: &str) -> Account<'a> {
    let path = format!("/v1/staff/{id}");
    let email = admin.get(&path).await.expect(200).str("/email").to_owned();
    let session = log_in(admin.site, &email, OWN_PASSWORD).await.expect(201);
    Account::from_session(admin.site, &session.body)
}

/// Changes a person.
pub(crate) async fn change(admin: &Account<'_>, staff: &str, change: Value) {
    admin.patch(&format!("/v1/staff/{staff}"), change).await.expect(200);
}
