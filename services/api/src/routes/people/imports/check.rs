//! Checks a file of people: reads it, finds whom its rows are about in a few statements, and judges
//! every row by the rules of creating and changing one person. Changes nothing.

mod find;
mod row;
mod sheet;

use super::check_slots::CheckSlot;
use crate::{access::caller::Caller, http::problem::ApiResult, routes::people::staff::today};
use axum::body::Bytes;
use find::Known;
use nearhand_domain::{
    ImportId, StaffId,
    access::{Action, Object, ViewScope},
    clock,
    imports::{ImportState, RowAction, RowError},
};
use nearhand_roster::{NameLookup, View};
use nearhand_storage::{
    Tx,
    imports::{ImportOptions, ImportRecord, NewRow, RowCounts},
};
use row::{Judged, judge};
use sha2::{Digest, Sha256};
use sheet::Sheet;
use std::collections::HashMap;

/// What a file may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    pub(super) create: bool,
    pub(super) update: bool,
}

/// A file with its name.
pub(super) struct Named {
    pub(super) bytes: Bytes,
    pub(super) name: Option<String>,
}

/// A file that was checked.
pub(super) struct Checked {
    pub(super) import: ImportRecord,
    pub(super) hash: [u8; 32],
    pub(super) rows: Vec<NewRow>,
}

/// Checks a file. Returns the slot, which the caller holds until the rows are stored.
pub(super) async fn check(
    tx: &mut Tx,
    caller: &Caller,
    slot: CheckSlot,
    file: Named,
    options: Options,
) -> ApiResult<(CheckSlot, Checked)> {
    let Named { bytes, name } = file;
    let file_name = name.clone().unwrap_or_else(|| "import".to_owned());
    let read = slot.run(move || {
        let hash: [u8; 32] = Sha256::digest(&bytes).into();
        Sheet::read(&bytes, name.as_deref()).map(|sheet| (hash, sheet))
    });
    let (slot, read) = read.await?;
    let (hash, sheet) = read?;
    let known = Known::read(tx, &sheet).await?;
    let columns = sheet.columns();
    let judging = caller.clone();
    let judged = slot.run(move || judge_all(&judging, &sheet, &known, options));
    let (slot, rows) = judged.await?;
    let import = ImportRecord {
        id: ImportId::generate(),
        version: 1,
        created_by: caller.staff,
        created_at: clock::now(),
        file_name,
        state: ImportState::Checked,
        counts: count(&rows),
        result: None,
        options: ImportOptions { create: options.create, update: options.update, columns },
        job: None,
    };
    Ok((slot, Checked { import, hash, rows }))
}

fn count(rows: &[NewRow]) -> RowCounts {
    let mut counts = RowCounts::default();
    for row in rows {
        match row.action {
            RowAction::Create => counts.create += 1,
            RowAction::Update => counts.update += 1,
            RowAction::Skip => counts.skip += 1,
            RowAction::Error => counts.error += 1,
        }
    }
    counts
}

fn judge_all(caller: &Caller, sheet: &Sheet, known: &Known, options: Options) -> Vec<NewRow> {
    let names = NameLookup::new(&known.membership_names);
    let personal = caller.may(Action::ReadPersonalDetails, Object::Organization);
    let narrow = caller.view == ViewScope::Departments;
    let view = View { personal, departments: narrow.then_some(caller.departments.as_slice()) };
    let today = today();
    let rows = sheet.rows();
    let mut judged: Vec<Judged> =
        rows.iter().map(|row| judge(caller, row, known, &names, view, today)).collect();
    refuse_repeated(&mut judged);
    judged.into_iter().map(|row| row.into_row(options, &names, view)).collect()
}

/// Rows that are about the same person, or give two people one login or account code, are all
/// refused: nobody can tell which of them is meant.
fn refuse_repeated(rows: &mut [Judged]) {
    let mut people: HashMap<StaffId, Vec<usize>> = HashMap::new();
    let mut logins: HashMap<String, Vec<usize>> = HashMap::new();
    let mut codes: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        if let Some(before) = &row.before {
            people.entry(before.id).or_default().push(at);
        }
        for login in &row.logins {
            logins.entry(login.clone()).or_default().push(at);
        }
        if let Some(code) = &row.account_code {
            codes.entry(code.clone()).or_default().push(at);
        }
    }
    refuse(rows, people.into_values(), None, "is about the same person");
    refuse(rows, logins.into_values(), Some("email"), "has the same e-mail address or user name");
    refuse(rows, codes.into_values(), Some("account_code"), "has the same account code");
}

fn refuse(
    rows: &mut [Judged],
    groups: impl Iterator<Item = Vec<usize>>,
    column: Option<&str>,
    what: &str,
) {
    for mut group in groups {
        group.dedup();
        let (Some(first), Some(second)) = (group.first(), group.get(1)) else { continue };
        let (first, second) = (*first, *second);
        for at in group {
            let other = if at == first { second } else { first };
            let detail = format!("line {} {what}; keep one of them", rows[other].line);
            let column = column.map(str::to_owned);
            rows[at].errors.push(RowError { column, code: "repeated".to_owned(), detail });
        }
    }
}
