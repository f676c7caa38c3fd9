//! One row of a file, judged: what its person is to be, and everything that is wrong.

use super::{Options, find::Known};
use crate::{
    access::caller::Caller,
    http::body::Form,
    routes::people::{
        staff::change::{email_key, settle_departments},
        staff_form::{StaffForm, memberships},
    },
};
use jiff::civil::Date;
use nearhand_domain::{
    field::{Faults, FieldErrors},
    imports::{RowAction, RowError},
    text::login_key,
};
use nearhand_roster::{
    NameLookup, Row, View, column_of, differing, form, judge_change, judge_creation,
};
use nearhand_storage::{
    imports::NewRow,
    staff::{Difference, StaffRecord},
};
use serde_json::Value;

/// A row that was judged on its own.
pub(super) struct Judged {
    pub(super) line: u32,
    /// The person there is.
    pub(super) before: Option<StaffRecord>,
    /// What they are to be, unless it cannot be told.
    after: Option<StaffRecord>,
    /// The keys of the logins that the person is to have.
    pub(super) logins: Vec<String>,
    pub(super) account_code: Option<String>,
    pub(super) errors: Vec<RowError>,
}

/// Judges a row as if it were a request of its own.
pub(super) fn judge(
    caller: &Caller,
    row: &Row<'_>,
    known: &Known,
    names: &NameLookup,
    view: View<'_>,
    today: Date,
) -> Judged {
    let mut errors = FieldErrors::keeping(usize::MAX);
    let before = known.person(caller, row, &mut errors).cloned();
    let fields = form(row, before.as_ref(), names, view, &mut errors);
    let start = before.clone().unwrap_or_else(|| StaffRecord {
        language: known.language.clone(),
        ..StaffRecord::blank()
    });
    let read = serde_json::from_value::<StaffForm>(Value::Object(fields));
    let read = read.map_err(|_| errors.push("", "invalid", "the row cannot be read"));
    let after =
        read.and_then(|read| read.check_at("", &mut errors, |f, e| f.apply(start, today, e)));
    let after = after.map(|after| settle(caller, known, before.as_ref(), after, &mut errors));
    if let Ok(after) = &after {
        rights(caller, known, before.as_ref(), after, &mut errors);
        known.taken(after, &mut errors);
    }
    let logins = after.as_ref().map(logins_of).unwrap_or_default();
    let account_code = after.as_ref().ok().and_then(|after| after.account_code.clone());
    let (after, errors) = match errors.conclude(after) {
        Ok(after) => (Some(after), Vec::new()),
        Err(faults) => (None, told(&faults)),
    };
    Judged { line: row.line, before, after, logins, account_code, errors }
}

/// As `staff::change::settle` does it, with what has been read already.
fn settle(
    caller: &Caller,
    known: &Known,
    before: Option<&StaffRecord>,
    mut after: StaffRecord,
    errors: &mut FieldErrors,
) -> StaffRecord {
    settle_departments(caller, before, &mut after, &known.membership_names.inactive, errors);
    if before.is_none_or(|before| before.roles != after.roles) {
        let roles = after.roles.iter().map(|id| id.0);
        after.role_permissions = known.membership_names.permissions_of(roles);
    }
    memberships::check_modules(before, &after, errors);
    after
}

fn rights(
    caller: &Caller,
    known: &Known,
    before: Option<&StaffRecord>,
    after: &StaffRecord,
    errors: &mut FieldErrors,
) {
    let judged = match before {
        None => judge_creation(&caller.actor(), after),
        Some(before) if is_same(before, after) => Ok(()),
        Some(before) => judge_change(&caller.actor(), before, after),
    };
    if let Err(refusal) = judged {
        errors.push("", refusal.code, refusal.detail);
    }
    if before.is_some_and(|before| before.email_differs(after) && known.logs_in(before)) {
        let detail = "somebody logs in with it; move it by POST /v1/staff/{id}/email-change";
        errors.push("/email", "immutable_field", detail);
    }
}

fn is_same(before: &StaffRecord, after: &StaffRecord) -> bool {
    Difference::between(Some(before), after).fields.is_empty()
}

fn logins_of(after: &StaffRecord) -> Vec<String> {
    let username = after.username.as_deref().map(login_key);
    let mut logins: Vec<String> = email_key(after).into_iter().chain(username).collect();
    logins.dedup();
    logins
}

fn told(faults: &Faults) -> Vec<RowError> {
    let told = faults.iter().map(|fault| RowError {
        column: column_of(&fault.pointer).map(str::to_owned),
        code: fault.code.to_owned(),
        detail: fault.detail.clone(),
    });
    told.collect()
}

impl Judged {
    /// The row as it is kept.
    pub(super) fn into_row(self, options: Options, names: &NameLookup, view: View<'_>) -> NewRow {
        let Self { line, before, after, errors, .. } = self;
        let staff = before.as_ref().map(|before| (before.id, before.version));
        let empty = NewRow {
            line,
            action: RowAction::Error,
            staff,
            record: None,
            changed: Vec::new(),
            errors,
        };
        let Some(after) = after.filter(|_| empty.errors.is_empty()) else { return empty };
        let changed = differing(before.as_ref(), &after, names, view);
        let action = match &before {
            None if options.create => RowAction::Create,
            Some(before) if options.update && !is_same(before, &after) => RowAction::Update,
            _ => RowAction::Skip,
        };
        let record = (action != RowAction::Skip).then_some(after);
        NewRow { action, record, changed, ..empty }
    }
}
