//! Reads the first visible sheet of a workbook, cell by cell, through calamine.
//!
//! It must not ask for a sheet as a whole: one cell in the last corner would make a grid of
//! 17 thousand million.

use crate::builder::{Builder, column_letters};
use crate::fault::{Fault, SheetError, codes, of_file, of_line};
use crate::package::{broken, check, protected};
use crate::table::{Format, Limits, Table};
use crate::values::{NoText, text};
use calamine::{
    DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxCellFormulaMetadataRecord, XlsxError,
};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) fn read(bytes: &[u8], limits: Limits) -> Result<Table, SheetError> {
    check(bytes, limits)?;
    // calamine 0.38 still panics on some damaged references (in debug builds, "ZZZZZZZZ1"
    // overflows its arithmetic). Nothing is shared with it that a panic could leave half done.
    catch_unwind(AssertUnwindSafe(|| read_sheet(bytes, limits)))
        .unwrap_or_else(|_| Err(broken("a reference or a size is wrong").into()))
}

fn read_sheet(bytes: &[u8], limits: Limits) -> Result<Table, SheetError> {
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
    let mut sheets = workbook.sheets_metadata().iter();
    let visible = |sheet: &&calamine::Sheet| {
        sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet
    };
    let Some(name) = sheets.find(visible).map(|sheet| sheet.name.clone()) else {
        let detail = "the workbook has no visible sheet with cells; unhide the one to be read";
        return Err(of_file(codes::NO_SHEET, detail).into());
    };
    let is_1904 = workbook.has_1904_epoch();
    let mut cells = workbook.worksheet_cells_reader(&name).map_err(|error| unreadable(&error))?;
    let mut sheet = SheetReader { builder: Builder::new(limits), row: None, last: None, is_1904 };
    loop {
        match cells.next_cell_with_formula_metadata() {
            Ok(Some(cell)) => sheet.take(&cell)?,
            Ok(None) => break,
            // Errors newer than calamine, such as #SPILL!. It goes on behind them, but does not
            // say where they are.
            Err(XlsxError::CellError(error)) => sheet.unknown_error(&error),
            Err(error) => return Err(unreadable(&error).into()),
        }
    }
    sheet.finish(&name)
}

/// What a sheet can have.
const MOST_ROWS: u32 = 1_048_576;
const MOST_COLUMNS: u32 = 16_384;

/// Takes the cells of a sheet in their order.
struct SheetReader {
    builder: Builder,
    row: Option<u32>,
    last: Option<(u32, u32)>,
    is_1904: bool,
}

impl SheetReader {
    fn take(&mut self, cell: &XlsxCellFormulaMetadataRecord<'_>) -> Result<(), Fault> {
        let (row, column) = cell.pos;
        let line = row.saturating_add(1);
        if row >= MOST_ROWS || column >= MOST_COLUMNS {
            return Err(broken("a cell lies outside of the sheet"));
        }
        match self.row {
            Some(current) if current == row => {}
            Some(current) if current > row => {
                return Err(broken(&format!("row {line} stands behind row {}", current + 1)));
            }
            _ => {
                if self.row.is_some() {
                    self.builder.end_row();
                }
                self.row = Some(row);
                self.builder.begin_row(line);
            }
        }
        self.last = Some(cell.pos);
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if cell.formula.is_some() && matches!(cell.value, DataRef::Empty) {
            let detail = "the formula was never computed; open the file in a spreadsheet program \
                          and save it, or write the value";
            self.builder.fault(column, codes::FORMULA_WITHOUT_VALUE, detail.to_owned());
        }
        match text(&cell.value, self.is_1904) {
            Ok(text) => self.builder.cell(column, &text),
            Err(no_text) => self.not_text(column, &no_text),
        }
        Ok(())
    }

    fn not_text(&mut self, column: usize, no_text: &NoText) {
        let (code, detail) = match no_text {
            NoText::Error(error) => (
                codes::CELL_ERROR,
                format!("the cell holds the error {error}; mend its formula or write the value"),
            ),
            NoText::Date(number) => (
                codes::BAD_NUMBER,
                format!("the cell shows a date, but {number} is none; write it as YYYY-MM-DD"),
            ),
            NoText::Number => {
                (codes::BAD_NUMBER, "the cell holds no finite number; retype it".to_owned())
            }
        };
        self.builder.fault(column, code, detail);
    }

    fn unknown_error(&mut self, error: &str) {
        let place = self.last.map_or_else(
            || "the first cell".to_owned(),
            |(row, column)| {
                let column = column_letters(usize::try_from(column).unwrap_or(usize::MAX));
                format!("the cell after {column}{}", row.saturating_add(1))
            },
        );
        let error: String = error.chars().take(20).collect();
        let detail = format!("{place} holds the error {error}; mend its formula");
        self.builder.file_fault(of_file(codes::CELL_ERROR, detail));
    }

    fn finish(mut self, sheet: &str) -> Result<Table, SheetError> {
        if self.row.is_some() {
            self.builder.end_row();
        }
        if !self.builder.has_header() {
            let detail = format!(
                "the first visible sheet, \"{sheet}\", is empty; move the table there, with the \
                 names of its columns in the first row"
            );
            self.builder.file_fault(of_line(1, codes::EMPTY, detail));
        }
        self.builder.finish(Format::Xlsx)
    }
}

fn unreadable(error: &XlsxError) -> Fault {
    match error {
        XlsxError::Password => protected(),
        other => broken(&other.to_string()),
    }
}
