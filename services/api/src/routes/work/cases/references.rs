//! What a case refers to: services, client, department, group and queue. All of it must be there,
//! and is held before the case is locked: that is the order of all locks.

use super::form::CaseForm;
use crate::{access::caller::Caller, http::body::Field};
use nearhand_domain::{ClientId, DepartmentId, access::ViewScope, field::FieldErrors};
use nearhand_storage::{
    StorageError, Tx, clients, services,
    staff::{self, MembershipKind},
};
use uuid::Uuid;

/// Locks what a form refers to against removal; says what there is not, and which client takes no
/// new cases. Departments that the caller does not see are not there for them.
pub(super) async fn hold(
    tx: &mut Tx,
    caller: &Caller,
    form: &CaseForm,
    stored_client: Option<ClientId>,
) -> Result<FieldErrors, StorageError> {
    let mut errors = FieldErrors::default();
    let named = form.needs.named_services();
    let there = services::hold(tx, &named).await?;
    for (i, _) in named.iter().enumerate().filter(|(_, id)| !there.contains(id)) {
        errors.push(format!("/services/{i}"), "unknown", "there is no such service");
    }
    if let Field::Value(id) = &form.client_id {
        let id = ClientId(*id);
        match clients::hold(tx, id).await? {
            None => {
                errors.push("/client_id", "unknown", "there is no such client");
            }
            Some(client) if !client.active && stored_client != Some(id) => {
                errors.push("/client_id", "inactive", "this client is not active");
            }
            Some(_) => {}
        }
    }
    for (kind, pointer, what, field) in [
        (MembershipKind::Departments, "/department_id", "department", &form.department_id),
        (MembershipKind::Groups, "/group_id", "group", &form.group_id),
        (MembershipKind::Queues, "/queue_id", "queue", &form.queue_id),
    ] {
        let Field::Value(id) = field else { continue };
        let hidden = matches!(kind, MembershipKind::Departments) && hides(caller, *id);
        if hidden || staff::hold(tx, kind, &[*id]).await?.is_empty() {
            errors.push(pointer, "unknown", format!("there is no such {what}"));
        }
    }
    Ok(errors)
}

fn hides(caller: &Caller, id: Uuid) -> bool {
    caller.view == ViewScope::Departments && !caller.departments.contains(&DepartmentId(id))
}
