//! `/v1/me/notifications`: which mails about assignments and offers one wants.

use crate::{
    access::caller::Caller,
    change::{ChangeResult, Forget, Outcome, Updated},
    http::{
        body::{Field, Form, Unknown, any, forms},
        changes::changes,
        problem::{ApiResult, Problem},
        reply::{Reply, versioned},
    },
    state::ApiState,
};
use axum::{extract::State, response::Response};
use nearhand_domain::{
    access::{Action, Object},
    audit,
    field::{FieldErrors, Reported},
};
use nearhand_storage::{
    audit::AuditEvent,
    notifications::{self, NotificationSettings},
    staff,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which mails one gets. All are on until one says otherwise.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notifications)]
pub(crate) struct NotificationsShown {
    /// When one is assigned to a case.
    assigned: bool,
    /// When the time of an assignment changes.
    changed: bool,
    /// When an assignment is taken back.
    withdrawn: bool,
    /// When a case is offered to one.
    offered: bool,
    /// Whether mails about assignments and offers come at all.
    mail: bool,
}

/// A change of them: what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = NotificationsInput, example = json!({ "changed": false, "mail": true }))]
pub(crate) struct NotificationsForm {
    /// When one is assigned to a case.
    #[serde(default)]
    #[schema(value_type = bool)]
    assigned: Field<bool>,
    /// When the time of an assignment changes.
    #[serde(default)]
    #[schema(value_type = bool)]
    changed: Field<bool>,
    /// When an assignment is taken back.
    #[serde(default)]
    #[schema(value_type = bool)]
    withdrawn: Field<bool>,
    /// When a case is offered to one.
    #[serde(default)]
    #[schema(value_type = bool)]
    offered: Field<bool>,
    /// Whether mails about assignments and offers come at all.
    #[serde(default)]
    #[schema(value_type = bool)]
    mail: Field<bool>,
    #[serde(flatten)]
    #[schema(ignore)]
    unknown: Unknown,
}

forms!(NotificationsForm);

impl From<NotificationSettings> for NotificationsShown {
    fn from(settings: NotificationSettings) -> Self {
        let NotificationSettings { assigned, changed, withdrawn, offered, mail, .. } = settings;
        Self { assigned, changed, withdrawn, offered, mail }
    }
}

/// Which mails one gets.
#[utoipa::path(get, path = "/v1/me/notifications", operation_id = "get_own_notifications",
    tag = "me", responses((status = 200, description = "Switches", body = NotificationsShown)))]
pub(crate) async fn get(State(state): State<ApiState>, caller: Caller) -> ApiResult<Response> {
    caller.require(Action::ActForOneself, Object::staff(caller.staff))?;
    let mut tx = caller.read(&state).await?;
    let settings = notifications::get(&mut tx, caller.staff).await?;
    Ok(versioned(settings.version, NotificationsShown::from(settings)))
}

/// Says which mails one wants.
#[utoipa::path(patch, path = "/v1/me/notifications", operation_id = "update_own_notifications",
    tag = "me", responses((status = 200, description = "Changed", body = NotificationsShown)))]
pub(crate) async fn patch(
    State(state): State<ApiState>,
    caller: Caller,
    update: Updated<NotificationsForm>,
) -> ChangeResult {
    let id = caller.staff;
    let allowed = caller.allow(Action::ActForOneself, Object::staff(id))?;
    let (mut change, update) = update.begin(&state, &caller, allowed).await?;
    staff::lock(change.tx(), id).await?.ok_or_else(Problem::not_found)?;
    let before = notifications::get(change.tx(), id).await?;
    let form = update.matching(before.version)?;
    let after = form.check(|form, e| form.apply(before, e))?;
    let version = notifications::put(change.tx(), caller.organization, id, after).await?;
    let (before, after) = (NotificationsShown::from(before), NotificationsShown::from(after));
    let details = changes(Some(&before), &after);
    let event = AuditEvent::of(audit::STAFF_NOTIFICATIONS, id).details(details);
    let reply = Reply::ok(&after)?.etag(version);
    change.commit(Outcome { event: Some(event), forget: Forget::Nothing, reply }).await
}

impl NotificationsForm {
    fn apply(
        self,
        mut settings: NotificationSettings,
        e: &mut FieldErrors,
    ) -> Result<NotificationSettings, Reported> {
        let switches = [
            ("/assigned", self.assigned, &mut settings.assigned),
            ("/changed", self.changed, &mut settings.changed),
            ("/withdrawn", self.withdrawn, &mut settings.withdrawn),
            ("/offered", self.offered, &mut settings.offered),
            ("/mail", self.mail, &mut settings.mail),
        ];
        for (pointer, field, switch) in switches {
            if let Some(on) = field.replacement(pointer, e, any) {
                *switch = on;
            }
        }
        Ok(settings)
    }
}
