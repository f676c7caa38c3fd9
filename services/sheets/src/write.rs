//! Writes tables as CSV and XLSX that spreadsheet programs open without computing anything.
//!
//! It must not write a cell that begins like a formula as it is.

use crate::formula::defuse;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

/// Why a table could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The CSV could not be put together.
    #[error("the CSV could not be written: {0}")]
    Csv(#[from] csv::Error),
    /// More rows or columns than a sheet has, a cell longer than 32,767 characters, or a name that
    /// a sheet cannot have.
    #[error("the workbook could not be written: {0}")]
    Xlsx(#[from] XlsxError),
}

/// Writes UTF-8 with a byte order mark, commas, CRLF, and quotes where needed. Every cell is
/// [`defuse`]d, the header too.
///
/// A spreadsheet program set to another separator may still split cells; XLSX has no such doubt.
///
/// # Errors
///
/// [`WriteError::Csv`], which writing to memory does not cause.
pub fn write_csv<R, C>(
    header: &[impl AsRef<str>],
    rows: impl IntoIterator<Item = R>,
) -> Result<Vec<u8>, WriteError>
where
    R: IntoIterator<Item = C>,
    C: AsRef<str>,
{
    let mut out = vec![0xEF, 0xBB, 0xBF];
    // Names with another separator in them are quoted, so that none of them is taken for it.
    let quoted = header.iter().any(|name| name.as_ref().contains([';', '\t']));
    let style = if quoted { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
    csv_rows(&mut out, style, [header])?;
    csv_rows(&mut out, csv::QuoteStyle::Necessary, rows)?;
    Ok(out)
}

fn csv_rows<R, C>(
    out: &mut Vec<u8>,
    style: csv::QuoteStyle,
    rows: impl IntoIterator<Item = R>,
) -> Result<(), WriteError>
where
    R: IntoIterator<Item = C>,
    C: AsRef<str>,
{
    let mut writer = csv::WriterBuilder::new()
        .flexible(true)
        .quote_style(style)
        .terminator(csv::Terminator::CRLF)
        .from_writer(out);
    for row in rows {
        for cell in row {
            writer.write_field(defuse(cell.as_ref()).as_bytes())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush().map_err(csv::Error::from)?;
    Ok(())
}

/// Writes a workbook whose first sheet holds the table: text only, the header bold and frozen.
/// `notes`, one line each, come on a second sheet if there are any. Every cell of the table is
/// [`defuse`]d, the header too, so that it stays harmless when it is saved as CSV.
///
/// # Errors
///
/// [`WriteError::Xlsx`] if the table does not fit, or `sheet_name` is none: empty, longer than 31
/// characters, or with one of `[]:*?/\`.
pub fn write_xlsx<R, C>(
    header: &[impl AsRef<str>],
    rows: impl IntoIterator<Item = R>,
    sheet_name: &str,
    notes: &[&str],
) -> Result<Vec<u8>, WriteError>
where
    R: IntoIterator<Item = C>,
    C: AsRef<str>,
{
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.set_name(sheet_name)?;
    let mut widths = write_header(sheet, header)?;
    for (row, line) in rows.into_iter().zip(1u32..) {
        for (cell, column) in row.into_iter().zip(0u16..) {
            let text = defuse(cell.as_ref());
            widen(&mut widths, column, &text);
            if !text.is_empty() {
                sheet.write_string(line, column, text)?;
            }
        }
    }
    set_widths(sheet, &widths)?;
    if !notes.is_empty() {
        let sheet = workbook.add_worksheet();
        sheet.set_name(if sheet_name == "Notes" { "Notes 2" } else { "Notes" })?;
        sheet.set_column_width(0, MOST_WIDTH)?;
        let wrapped = text_format().set_text_wrap();
        for (note, line) in notes.iter().zip(0u32..) {
            sheet.write_string_with_format(line, 0, *note, &wrapped)?;
        }
    }
    Ok(workbook.save_to_buffer()?)
}

/// Widths of columns, in characters.
const LEAST_WIDTH: u16 = 10;
const MOST_WIDTH: u16 = 60;

/// Writes the first row and freezes it. The result is how wide each column must be.
pub(crate) fn write_header(
    sheet: &mut Worksheet,
    header: &[impl AsRef<str>],
) -> Result<Vec<u16>, XlsxError> {
    let bold = text_format().set_bold();
    let mut widths = Vec::new();
    for (name, column) in header.iter().zip(0u16..) {
        let text = defuse(name.as_ref());
        widen(&mut widths, column, &text);
        sheet.write_string_with_format(0, column, text, &bold)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    Ok(widths)
}

pub(crate) fn widen(widths: &mut Vec<u16>, column: u16, text: &str) {
    let column = usize::from(column);
    if widths.len() <= column {
        widths.resize(column + 1, LEAST_WIDTH);
    }
    let length = text.chars().take(usize::from(MOST_WIDTH)).count() + 2;
    let length = u16::try_from(length).unwrap_or(MOST_WIDTH);
    widths[column] = widths[column].max(length.min(MOST_WIDTH));
}

/// Sets the widths, and lets what is typed later stay text: `007` keeps its zeros.
pub(crate) fn set_widths(sheet: &mut Worksheet, widths: &[u16]) -> Result<(), XlsxError> {
    let text = text_format();
    for (width, column) in widths.iter().zip(0u16..) {
        sheet.set_column_width(column, *width)?;
        sheet.set_column_format(column, &text)?;
    }
    Ok(())
}

/// Cells that hold text, whatever is typed.
pub(crate) fn text_format() -> Format {
    Format::new().set_num_format("@")
}
