//! What is wrong with a file: every fault with its place, its code, and how to mend it.
//!
//! It must not decide what is a fault.

use std::fmt;

/// The codes of faults. They never change.
pub mod codes {
    /// The file is larger than allowed.
    pub const FILE_TOO_LARGE: &str = "file_too_large";
    /// The file holds no table.
    pub const EMPTY: &str = "empty";
    /// The name of the file says one kind, the content another.
    pub const KIND_MISMATCH: &str = "kind_mismatch";
    /// A kind of file that is not read.
    pub const KIND_UNSUPPORTED: &str = "kind_unsupported";
    /// A password protects the workbook.
    pub const ENCRYPTED: &str = "encrypted";
    /// The text is in no encoding that is read.
    pub const ENCODING: &str = "encoding";
    /// A character that cannot be seen.
    pub const CONTROL_CHARACTER: &str = "control_character";
    /// The separator cannot be told.
    pub const SEPARATOR: &str = "separator";
    /// A quote is opened and never closed.
    pub const QUOTE_OPEN: &str = "quote_open";
    /// Text follows a closing quote.
    pub const QUOTE_TEXT: &str = "quote_text";
    /// A column between others has no name.
    pub const HEADER_EMPTY: &str = "header_empty";
    /// Two columns have the same name.
    pub const HEADER_DUPLICATE: &str = "header_duplicate";
    /// A row has more cells than the header.
    pub const ROW_TOO_LONG: &str = "row_too_long";
    /// There are more rows than allowed.
    pub const TOO_MANY_ROWS: &str = "too_many_rows";
    /// There are more columns than allowed.
    pub const TOO_MANY_COLUMNS: &str = "too_many_columns";
    /// A cell is longer than allowed.
    pub const CELL_TOO_LONG: &str = "cell_too_long";
    /// All cells together are larger than allowed, or the unpacked workbook is.
    pub const UNPACKED_TOO_LARGE: &str = "unpacked_too_large";
    /// The workbook has more parts than allowed.
    pub const TOO_MANY_PARTS: &str = "too_many_parts";
    /// The workbook is damaged.
    pub const XLSX_BROKEN: &str = "xlsx_broken";
    /// The workbook has no sheet that can be seen.
    pub const NO_SHEET: &str = "no_sheet";
    /// A cell holds an error such as `#REF!`.
    pub const CELL_ERROR: &str = "cell_error";
    /// A formula was never computed.
    pub const FORMULA_WITHOUT_VALUE: &str = "formula_without_value";
    /// A number that is no date, in a cell that shows dates, or no number at all.
    pub const BAD_NUMBER: &str = "bad_number";
}

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line or row, counted from 1, where it has one.
    pub line: Option<u32>,
    /// The column by its name, or by its letters where it has none.
    pub column: Option<String>,
    /// Which fault it is, of [`codes`].
    pub code: &'static str,
    /// What is wrong and how to mend it, for a person.
    pub detail: String,
}

/// Everything that is wrong with a file, in its order. There is always at least one fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SheetError {
    /// The faults, at most 1,000.
    pub faults: Vec<Fault>,
    /// How many more there are.
    pub left_out: usize,
}

impl fmt::Display for SheetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.faults.first() else { return f.write_str("the file is faulty") };
        if let Some(line) = first.line {
            write!(f, "line {line}: ")?;
        }
        f.write_str(&first.detail)?;
        match self.faults.len() - 1 + self.left_out {
            0 => Ok(()),
            more => write!(f, " ({more} more)"),
        }
    }
}

impl From<Fault> for SheetError {
    fn from(fault: Fault) -> Self {
        Self { faults: vec![fault], left_out: 0 }
    }
}

/// A fault of the whole file.
pub(crate) fn of_file(code: &'static str, detail: impl Into<String>) -> Fault {
    Fault { line: None, column: None, code, detail: detail.into() }
}

/// A fault of a line.
pub(crate) fn of_line(line: u32, code: &'static str, detail: impl Into<String>) -> Fault {
    Fault { line: Some(line), column: None, code, detail: detail.into() }
}

/// Faults as they are found. What is above the cap is only counted: a file of 20 MiB could
/// otherwise cost gigabytes of complaints.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    list: Vec<Fault>,
    left_out: usize,
}

impl Faults {
    const CAP: usize = 1_000;

    pub(crate) fn add(&mut self, fault: Fault) {
        if self.list.len() < Self::CAP {
            self.list.push(fault);
        } else {
            self.left_out += 1;
        }
    }

    /// `value`, if nothing was found.
    pub(crate) fn unless<T>(self, value: T) -> Result<T, SheetError> {
        if self.list.is_empty() {
            Ok(value)
        } else {
            Err(SheetError { faults: self.list, left_out: self.left_out })
        }
    }
}
