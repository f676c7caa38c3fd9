//! Assignments as rows: who holds a case, written beside the API.

use crate::support::Site;
use uuid::Uuid;

/// Lets a person hold a case in this state.
pub(super) async fn hold(site: &Site, case: &str, staff: &str, state: &str) {
    sqlx::query(
        "INSERT INTO assignments (organization_id, id, case_id, staff_id, state, starts_at, \
         ends_at, assigned_at, assigned_by) SELECT organization_id, gen_random_uuid(), id, $2, \
         $3, now(), now() + interval '1 hour', now(), created_by FROM cases WHERE id = $1",
    )
    .bind(case.parse::<Uuid>().expect("an id"))
    .bind(staff.parse::<Uuid>().expect("an id"))
    .bind(state)
    .execute(&mut site.database.look().await)
    .await
    .expect("an assignment");
}

/// Moves all assignments of a case to this state.
pub(super) async fn work(site: &Site, case: &str, state: &str) {
    sqlx::query("UPDATE assignments SET state = $2 WHERE case_id = $1")
        .bind(case.parse::<Uuid>().expect("an id"))
        .bind(state)
        .execute(&mut site.database.look().await)
        .await
        .expect("a change");
}
