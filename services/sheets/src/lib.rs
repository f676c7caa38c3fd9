//! The tables people send and get: CSV in the encodings of spreadsheet programs, and XLSX.
//!
//! It must not know what a table is about: no people, no SQL, no HTTP.
//!
//! [`read()`] turns the bytes of a file into a [`Table`] of text, or says everything that is wrong
//! with it. [`write_csv`], [`write_xlsx`] and [`template()`] make files. Cells that a spreadsheet
//! program would compute are made harmless by [`defuse`] when they are written; who reads a file
//! calls [`restore`] on each cell.

mod builder;
mod csv_file;
mod fault;
mod formula;
mod header;
mod package;
mod read;
mod table;
mod template;
mod text;
mod values;
mod write;
mod xlsx_file;

pub use fault::{Fault, SheetError, codes};
pub use formula::{defuse, restore};
pub use header::{closest, fold_header};
pub use read::read;
pub use table::{Encoding, FileKind, Format, Limits, Row, Separator, Table};
pub use template::{Column, template};
pub use write::{WriteError, write_csv, write_xlsx};
