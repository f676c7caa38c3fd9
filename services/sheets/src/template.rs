//! Files to be filled in: the header, and how to fill in each column.
//!
//! It must not put anything below the header that could be taken for a row.

use crate::table::FileKind;
use crate::write::{WriteError, set_widths, text_format, widen, write_csv, write_header};
use rust_xlsxwriter::{
    DataValidation, DataValidationErrorStyle, Formula, Workbook, Worksheet, XlsxError,
};

/// A column of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column<'a> {
    /// Its name in the header.
    pub name: &'a str,
    /// How to fill it in.
    pub explanation: &'a str,
    /// One value it could have.
    pub example: &'a str,
    /// All values it may have; none if it is free.
    pub allowed: &'a [&'a str],
}

/// A file with a header and no rows. A workbook also has a sheet that explains the columns and
/// shows the examples, and lets people choose among the allowed values.
///
/// # Errors
///
/// [`WriteError::Xlsx`] if there are more columns than a sheet has, or a text is longer than
/// 32,767 characters.
pub fn template(columns: &[Column<'_>], kind: FileKind) -> Result<Vec<u8>, WriteError> {
    let header: Vec<_> = columns.iter().map(|column| column.name).collect();
    match kind {
        FileKind::Csv => write_csv(&header, None::<Vec<&str>>),
        FileKind::Xlsx => Ok(workbook(&header, columns)?),
    }
}

const TABLE: &str = "Table";
const EXPLANATION: &str = "Explanation";
const LISTS: &str = "Lists";
/// The last row that offers a choice, counted from 0.
const LAST_CHOICE: u32 = 10_000;

fn workbook(header: &[&str], columns: &[Column<'_>]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name(TABLE)?;
    let widths = write_header(sheet, header)?;
    set_widths(sheet, &widths)?;
    for (column, index) in columns.iter().zip(0u16..).filter(|(c, _)| !c.allowed.is_empty()) {
        offer(sheet, index, column)?;
    }
    explain(workbook.add_worksheet(), columns)?;
    if columns.iter().any(|column| !column.allowed.is_empty()) {
        let sheet = workbook.add_worksheet();
        sheet.set_name(LISTS)?.set_hidden(true);
        for (column, index) in columns.iter().zip(0u16..) {
            for (value, line) in column.allowed.iter().zip(0u32..) {
                sheet.write_string(line, index, *value)?;
            }
        }
    }
    workbook.save_to_buffer()
}

/// A choice of the column's values. They stand on a sheet of their own: within the rule they could
/// hold no comma, and 255 characters in all.
fn offer(sheet: &mut Worksheet, index: u16, column: &Column<'_>) -> Result<(), XlsxError> {
    let letters = crate::builder::column_letters(usize::from(index));
    let count = column.allowed.len();
    let range = Formula::new(format!("={LISTS}!${letters}$1:${letters}${count}"));
    let choice = DataValidation::new()
        .allow_list_formula(range)
        .set_error_style(DataValidationErrorStyle::Stop)
        .set_error_title("Not among the choices")?
        .set_error_message("Choose a value from the list.")?;
    sheet.add_data_validation(1, index, LAST_CHOICE, index, &choice)?;
    Ok(())
}

fn explain(sheet: &mut Worksheet, columns: &[Column<'_>]) -> Result<(), XlsxError> {
    sheet.set_name(EXPLANATION)?;
    let mut widths = write_header(sheet, &["Column", "Explanation", "Example", "Allowed values"])?;
    let wrapped = text_format().set_text_wrap();
    for (column, line) in columns.iter().zip(1u32..) {
        let allowed = column.allowed.join(", ");
        let cells = [column.name, column.explanation, column.example, allowed.as_str()];
        for (text, index) in cells.into_iter().zip(0u16..) {
            widen(&mut widths, index, text);
            sheet.write_string_with_format(line, index, text, &wrapped)?;
        }
    }
    set_widths(sheet, &widths)
}
