//! The file as a table whose columns are known. Judges no value.

use crate::http::{
    codes::Code,
    json::escaped,
    problem::{ApiResult, Problem},
};
use nearhand_domain::{
    field::FieldErrors,
    text::{AccountCode, Email, Username, login_key},
};
use nearhand_roster::{COLUMNS, Field, Row};
use nearhand_sheets::{Limits, SheetError, closest, fold_header, restore};
use uuid::Uuid;

/// Longest cell: a signature with an apostrophe before it.
const LONGEST_CELL: usize = 8_192;
/// Longest name of a column that an answer repeats, in characters.
const LONGEST_NAME: usize = 60;

/// A table of people.
pub(super) struct Sheet {
    header: Vec<Field>,
    rows: Vec<(u32, Vec<String>)>,
}

/// What rows find their people by.
#[derive(Default)]
pub(super) struct Keys {
    pub(super) ids: Vec<Uuid>,
    pub(super) logins: Vec<String>,
    pub(super) codes: Vec<String>,
}

impl Sheet {
    /// Reads a file.
    pub(super) fn read(bytes: &[u8], name: Option<&str>) -> ApiResult<Self> {
        let limits = Limits { cell_chars: LONGEST_CELL, ..Limits::default() };
        let table = nearhand_sheets::read(bytes, name, limits).map_err(unreadable)?;
        let header = known_columns(&table.header)?;
        let cells = |cells: Vec<String>| cells.iter().map(|c| restore(c).to_owned()).collect();
        let rows = table.rows.into_iter().map(|row| (row.line, cells(row.cells))).collect();
        Ok(Self { header, rows })
    }

    /// The names of its columns.
    pub(super) fn columns(&self) -> Vec<String> {
        let name = |field: &Field| {
            COLUMNS.iter().find(|(one, _)| one == field).map(|(_, column)| column.name.to_owned())
        };
        self.header.iter().filter_map(name).collect()
    }

    /// Its rows; of each the cells that say something.
    pub(super) fn rows(&self) -> Vec<Row<'_>> {
        self.rows
            .iter()
            .map(|(line, cells)| {
                let cells = self.header.iter().copied().zip(cells.iter().map(|cell| cell.trim()));
                Row { line: *line, cells: cells.filter(|(_, cell)| !cell.is_empty()).collect() }
            })
            .collect()
    }

    /// By what its rows find people.
    pub(super) fn keys(&self) -> Keys {
        let mut keys = Keys::default();
        for row in self.rows() {
            keys.ids.extend(row.text(Field::Id).and_then(|id| id.parse::<Uuid>().ok()));
            keys.logins.extend(email_key(&row));
            keys.logins.extend(username_key(&row));
            keys.codes.extend(account_code(&row));
        }
        keys
    }
}

/// By what a row's e-mail address is compared.
pub(super) fn email_key(row: &Row<'_>) -> Option<String> {
    let email = Email::parse(row.text(Field::Email)?).ok()?;
    Some(login_key(email.as_str()))
}

/// By what a row's user name is compared.
pub(super) fn username_key(row: &Row<'_>) -> Option<String> {
    let username = Username::parse(row.text(Field::Username)?).ok()?;
    Some(login_key(username.as_str()))
}

/// A row's account code.
pub(super) fn account_code(row: &Row<'_>) -> Option<String> {
    AccountCode::parse(row.text(Field::AccountCode)?).ok().map(String::from)
}

/// Every column must be one that there is: a misspelt one would be left out in silence.
fn known_columns(header: &[String]) -> ApiResult<Vec<Field>> {
    let mut errors = FieldErrors::default();
    let mut fields = Vec::with_capacity(header.len());
    let names = nearhand_roster::names();
    for (name, n) in header.iter().zip(1..) {
        let folded = fold_header(restore(name));
        if let Some((field, _)) = COLUMNS.iter().find(|(_, column)| column.name == folded) {
            fields.push(*field);
            continue;
        }
        let detail = match closest(&folded, &names) {
            Some(close) => format!("is no column of people; did you mean `{close}`?"),
            None => "is no column of people; take it out, or see the template".to_owned(),
        };
        errors.push(place(Some(1), Some(&format!("{n}: {name}"))), "unknown_column", detail);
    }
    let detail = "a column of the header is unknown; `/v1/imports/template` has all there are";
    errors
        .conclude(Ok(fields))
        .map_err(|faults| Problem::new(Code::ImportUnreadable, detail).because(faults))
}

fn unreadable(error: SheetError) -> Problem {
    let detail = error.to_string();
    let mut errors = FieldErrors::default();
    for fault in error.faults {
        errors.push(place(fault.line, fault.column.as_deref()), fault.code, fault.detail);
    }
    let problem = Problem::new(Code::ImportUnreadable, detail);
    match errors.conclude(Ok(())) {
        Ok(()) => problem,
        Err(faults) => problem.because(faults),
    }
}

/// A place in a file as a pointer: the line, then the column.
fn place(line: Option<u32>, column: Option<&str>) -> String {
    let line = line.map(|line| format!("/{line}")).unwrap_or_default();
    let column = column.map(|name| {
        let short: String = name.chars().take(LONGEST_NAME).collect();
        format!("/{}", escaped(&short))
    });
    line + &column.unwrap_or_default()
}
