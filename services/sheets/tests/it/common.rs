//! What the tests share: reading with the usual limits, and short ways to look at results.
//!
//! It must not hide what a test is about.

use nearhand_sheets::{Fault, Limits, SheetError, Table, read};

pub(crate) fn table(bytes: &[u8]) -> Table {
    read(bytes, None, Limits::default()).unwrap_or_else(|error| panic!("{error:?}"))
}

pub(crate) fn faults(bytes: &[u8]) -> Vec<Fault> {
    faults_of(read(bytes, None, Limits::default()))
}

pub(crate) fn faults_of(result: Result<Table, SheetError>) -> Vec<Fault> {
    match result {
        Ok(table) => panic!("no fault, but {} rows: {:?}", table.rows.len(), table.rows.first()),
        Err(error) => error.faults,
    }
}

/// The only fault: its line, column and code.
pub(crate) fn the_fault(bytes: &[u8]) -> (Option<u32>, Option<String>, &'static str) {
    let faults = faults(bytes);
    assert_eq!(faults.len(), 1, "{faults:?}");
    let fault = faults[0].clone();
    assert!(!fault.detail.is_empty());
    (fault.line, fault.column, fault.code)
}

/// The rows as `line: cell|cell`.
pub(crate) fn rows(table: &Table) -> Vec<String> {
    table.rows.iter().map(|row| format!("{}: {}", row.line, row.cells.join("|"))).collect()
}
