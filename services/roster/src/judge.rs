//! Whether somebody may write a row: the rules that creating and changing one person have, asked
//! when a file is checked and again when it is written.

use nearhand_domain::access::{Action, Actor, Denial, Object, decide, may_move_within};
use nearhand_storage::staff::StaffRecord;

/// Why not: a machine code, and how to mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Stable machine code.
    pub code: &'static str,
    /// For a person.
    pub detail: &'static str,
}

/// Whether the actor may create this person.
///
/// # Errors
/// Why not.
pub fn judge_creation(actor: &Actor<'_>, record: &StaffRecord) -> Result<(), Refusal> {
    let moved = record.departments.iter().all(|id| may_move_within(actor, *id));
    if !moved {
        return Err(OTHER_DEPARTMENT);
    }
    ask(actor, Action::CreateStaff, record.object())
}

/// Whether the actor may change this person so. Whether an account admin remains is for the database
/// to say.
///
/// # Errors
/// Why not.
pub fn judge_change(
    actor: &Actor<'_>,
    before: &StaffRecord,
    after: &StaffRecord,
) -> Result<(), Refusal> {
    ask(actor, Action::EditStaff, before.object())?;
    let (had, has) = (&before.departments, &after.departments);
    let came = has.iter().filter(|id| !had.contains(id));
    let went = had.iter().filter(|id| !has.contains(id));
    if !came.chain(went).all(|id| may_move_within(actor, *id)) {
        return Err(OTHER_DEPARTMENT);
    }
    ask(actor, Action::EditStaff, after.object())?;
    if before.managed_differs(after) {
        ask(actor, Action::ManageStaff, before.object())?;
        ask(actor, Action::ManageStaff, after.object())?;
    }
    if before.personal_differs(after) {
        ask(actor, Action::EditPersonalDetails, before.object())?;
    }
    Ok(())
}

const OTHER_DEPARTMENT: Refusal = Refusal {
    code: "outside_scope",
    detail: "you may move people only among your own departments",
};

fn ask(actor: &Actor<'_>, action: Action, object: Object<'_>) -> Result<(), Refusal> {
    decide(actor, action, &object).map_err(|denial| {
        let (code, detail) = match denial {
            Denial::Missing(_)
            | Denial::NotOneself
            | Denial::NeedsFullLevel
            | Denial::PersonRequired => {
                ("forbidden", "your role does not allow this; ask an account admin")
            }
            Denial::OutOfReach => {
                ("outside_scope", "they are, or would be, outside what you may see")
            }
            Denial::OutsideEditScope => {
                ("outside_scope", "they are, or would be, outside your edit scope")
            }
            Denial::BeyondOwnRights => {
                ("beyond_own_rights", "they may, or would, do things that you may not")
            }
        };
        Refusal { code, detail }
    })
}
