//! Builds a table cell by cell, within the limits, and notes what is wrong.
//!
//! It must not know which kind of file the cells come from.

use crate::fault::{Fault, Faults, SheetError, codes, of_file, of_line};
use crate::header::fold_header;
use crate::table::{Format, Limits, Row, Table};
use std::collections::HashMap;

/// A table that is being read: [`begin_row`](Self::begin_row), its cells, then
/// [`end_row`](Self::end_row). The first row that is not blank is the header.
pub(crate) struct Builder {
    limits: Limits,
    header: Option<Vec<String>>,
    header_too_wide: bool,
    rows: Vec<Row>,
    row_count: usize,
    text_bytes: usize,
    line: u32,
    cells: Vec<String>,
    /// One more than the index of the last cell that is not blank.
    width: usize,
    faults: Faults,
}

impl Builder {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            header: None,
            header_too_wide: false,
            rows: Vec::new(),
            row_count: 0,
            text_bytes: 0,
            line: 0,
            cells: Vec::new(),
            width: 0,
            faults: Faults::default(),
        }
    }

    pub(crate) fn begin_row(&mut self, line: u32) {
        self.line = line;
        self.cells.clear();
        self.width = 0;
    }

    /// Takes a cell of the row that was begun; `column` counts from 0. Cells may be left out. What
    /// lies beyond the limits is noted and not kept.
    pub(crate) fn cell(&mut self, column: usize, text: &str) {
        if !text.trim().is_empty() {
            self.width = self.width.max(column + 1);
        }
        if column >= self.limits.columns {
            return;
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        if let Some(bad) = text.chars().find(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'))
        {
            let code = u32::from(bad);
            let detail = format!(
                "the cell holds the control character U+{code:04X}, which cannot be seen; retype it"
            );
            self.fault(column, codes::CONTROL_CHARACTER, detail);
        }
        // Bytes are at least as many as characters, and cheaper to count.
        if text.len() > self.limits.cell_chars {
            let length = text.chars().count();
            if length > self.limits.cell_chars {
                let most = self.limits.cell_chars;
                let detail =
                    format!("the cell has {length} characters, at most {most} fit; shorten it");
                self.fault(column, codes::CELL_TOO_LONG, detail);
                return;
            }
        }
        self.cells[column].clear();
        self.cells[column].push_str(text);
    }

    pub(crate) fn end_row(&mut self) {
        if self.width == 0 {
            return;
        }
        if self.header.is_none() {
            return self.end_header();
        }
        self.row_count += 1;
        let columns = self.header.as_ref().map_or(0, Vec::len);
        if self.width > columns && !self.header_too_wide {
            let beyond = self.width - columns;
            let detail = format!(
                "the row reaches {beyond} cells beyond the {columns} columns of the header; \
                 remove them, give them a header, or put text with separators in quotes"
            );
            self.faults.add(of_line(self.line, codes::ROW_TOO_LONG, detail));
        }
        let before = self.text_bytes;
        self.text_bytes += self.cells.iter().map(String::len).sum::<usize>();
        if self.text_bytes > self.limits.unpacked_bytes {
            if before <= self.limits.unpacked_bytes {
                let most = self.limits.unpacked_bytes >> 20;
                let detail =
                    format!("the cells up to here hold more than {most} MiB; split the table");
                self.faults.add(of_line(self.line, codes::UNPACKED_TOO_LARGE, detail));
            }
        } else if self.row_count <= self.limits.rows && !self.header_too_wide {
            let mut cells = std::mem::take(&mut self.cells);
            cells.resize(columns, String::new());
            self.rows.push(Row { line: self.line, cells });
        }
    }

    /// Notes a fault of a cell of the row that was begun.
    pub(crate) fn fault(&mut self, column: usize, code: &'static str, detail: String) {
        let column = Some(self.column_name(column));
        self.faults.add(Fault { line: Some(self.line), column, code, detail });
    }

    /// Notes a fault of no row.
    pub(crate) fn file_fault(&mut self, fault: Fault) {
        self.faults.add(fault);
    }

    /// The table, or all faults.
    pub(crate) fn finish(mut self, format: Format) -> Result<Table, SheetError> {
        if self.row_count > self.limits.rows {
            let (count, most) = (self.row_count, self.limits.rows);
            let detail = format!("the table has {count} rows, at most {most} fit; split it");
            self.faults.add(of_file(codes::TOO_MANY_ROWS, detail));
        }
        let header = self.header.unwrap_or_default();
        self.faults.unless(Table { header, rows: self.rows, format })
    }

    pub(crate) fn has_header(&self) -> bool {
        self.header.is_some()
    }

    fn end_header(&mut self) {
        if self.width > self.limits.columns {
            self.header_too_wide = true;
            let (count, most) = (self.width, self.limits.columns);
            let detail = format!("the header has {count} columns, at most {most} fit; remove some");
            self.faults.add(of_line(self.line, codes::TOO_MANY_COLUMNS, detail));
        }
        let mut header = std::mem::take(&mut self.cells);
        header.truncate(self.width);
        let mut seen: HashMap<String, usize> = HashMap::new();
        for (column, name) in header.iter().enumerate() {
            let folded = fold_header(name);
            if name.trim().is_empty() {
                let detail = "the column has no name; name it or delete it".to_owned();
                self.fault(column, codes::HEADER_EMPTY, detail);
            } else if let Some(first) = seen.get(&folded) {
                let detail = format!(
                    "the columns {} and {} are both named \"{}\"; rename or delete one",
                    column_letters(*first),
                    column_letters(column),
                    name.trim()
                );
                self.fault(column, codes::HEADER_DUPLICATE, detail);
            } else {
                seen.insert(folded, column);
            }
        }
        self.header = Some(header);
    }

    fn column_name(&self, column: usize) -> String {
        let name = self.header.as_ref().and_then(|header| header.get(column)).map(|n| n.trim());
        match name {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => column_letters(column),
        }
    }
}

/// The letters above a column in a spreadsheet program: `A` for 0, `AA` for 26.
pub(crate) fn column_letters(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        let letter = u8::try_from((rest - 1) % 26).unwrap_or_default();
        letters.push(char::from(b'A' + letter));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}
