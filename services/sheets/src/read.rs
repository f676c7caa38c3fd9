//! Reads a file: tells its kind by its content, and refuses a name that contradicts.
//!
//! It must not guess where two kinds are possible.

use crate::fault::{Fault, SheetError, codes, of_file};
use crate::table::{FileKind, Limits, Table};
use crate::{csv_file, xlsx_file};

/// Reads a table from the bytes of a CSV or XLSX file.
///
/// The kind is told by the content. If `file_name` ends in an extension that contradicts, the file
/// is refused. Cells are as in the file: call [`restore`](crate::restore) on them. Numbers come as
/// plain text with at most 15 digits, dates as `YYYY-MM-DD`, instants as `YYYY-MM-DDTHH:MM:SS`,
/// times as `HH:MM:SS`, truth values as `true` and `false`, formulas as their last value. Of a
/// workbook the first visible sheet is read. Blank rows are skipped.
///
/// The cost is one pass over the bytes, two when they are packed. Memory is bounded by `limits`.
///
/// # Errors
///
/// Every fault that could be found, each with its place and how to mend it.
pub fn read(bytes: &[u8], file_name: Option<&str>, limits: Limits) -> Result<Table, SheetError> {
    if bytes.len() > limits.bytes {
        let (size, most) = (bytes.len(), limits.bytes);
        let detail = format!("the file has {size} bytes, at most {most} are read; split the table");
        return Err(of_file(codes::FILE_TOO_LARGE, detail).into());
    }
    match kind(bytes, file_name)? {
        FileKind::Csv => csv_file::read(bytes, limits),
        FileKind::Xlsx => xlsx_file::read(bytes, limits),
    }
}

fn kind(bytes: &[u8], file_name: Option<&str>) -> Result<FileKind, Fault> {
    let extension = file_name.and_then(|name| name.rsplit_once('.')).map(|(_, end)| end);
    let extension = extension.map(str::to_ascii_lowercase).unwrap_or_default();
    if bytes.starts_with(OLE) {
        return Err(ole_fault(bytes));
    }
    let kind = if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        FileKind::Xlsx
    } else {
        FileKind::Csv
    };
    match (kind, extension.as_str()) {
        (FileKind::Xlsx, "csv" | "tsv" | "tab" | "txt") => Err(of_file(
            codes::KIND_MISMATCH,
            format!(
                "the name ends in .{extension}, but the content is a ZIP archive like those of \
                 .xlsx; rename the file, or save it as CSV"
            ),
        )),
        (FileKind::Csv, "xlsx" | "xlsm") => Err(of_file(
            codes::KIND_MISMATCH,
            format!(
                "the name ends in .{extension}, but the content is not a workbook; save it as \
                 .xlsx again, or rename it to .csv if it is text"
            ),
        )),
        (_, "xls" | "xlsb" | "ods" | "numbers" | "pdf" | "doc" | "docx" | "json" | "html") => {
            Err(of_file(
                codes::KIND_UNSUPPORTED,
                format!("files that end in .{extension} are not read; save as .xlsx or .csv"),
            ))
        }
        _ => Ok(kind),
    }
}

/// How files of old Office versions begin, and workbooks with a password.
const OLE: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];

fn ole_fault(bytes: &[u8]) -> Fault {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    if bytes.windows(name.len()).any(|window| window == name) {
        let detail = "a password protects the workbook; save it without one";
        return of_file(codes::ENCRYPTED, detail);
    }
    of_file(
        codes::KIND_UNSUPPORTED,
        "this is a file of an old Office version (.xls); save as .xlsx or .csv",
    )
}
