//! What a table is, and how large one may be.
//!
//! It must not read or write files.

/// A table as text, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The names of the columns as they are written, without empty ones at the end.
    pub header: Vec<String>,
    /// The rows below the header. Blank rows are left out.
    pub rows: Vec<Row>,
    /// What kind of file it was.
    pub format: Format,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Where it begins, counted from 1: the line of a text file as an editor shows it, the row of
    /// a spreadsheet. Blank lines and a `sep=` line count, so that a person finds the place.
    pub line: u32,
    /// One cell for each name in the header. A cell that is not in the file is empty.
    pub cells: Vec<String>,
}

/// What kind of file a table was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text with separators.
    Csv {
        /// What stands between two cells.
        separator: Separator,
        /// How the text was encoded.
        encoding: Encoding,
    },
    /// A workbook of Excel 2007 or newer.
    Xlsx,
}

/// A kind of file that can be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// UTF-8 text with commas.
    Csv,
    /// A workbook of Excel 2007 or newer.
    Xlsx,
}

/// What stands between two cells of a text file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`, which Excel writes where the comma is the decimal sign.
    Semicolon,
    /// A tab.
    Tab,
}

impl Separator {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    /// Its character.
    #[must_use]
    pub fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }
}

/// How a text file was encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16, low byte first, with a byte order mark.
    Utf16Le,
    /// UTF-16, high byte first, with a byte order mark.
    Utf16Be,
    /// What Excel writes as "CSV" in western Europe and America. Taken when the text is not UTF-8.
    Windows1252,
}

/// How large a file and its table may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: usize,
    /// Rows below the header, blank ones not counted.
    pub rows: usize,
    /// Columns with a name.
    pub columns: usize,
    /// Characters of one cell.
    pub cell_chars: usize,
    /// Bytes of a spreadsheet when it is unpacked, and bytes of all cells together.
    pub unpacked_bytes: usize,
    /// Parts of a spreadsheet, which is a ZIP archive.
    pub parts: usize,
    /// How many times as large a spreadsheet may be when it is unpacked. It is looked at only when
    /// more than 1 MiB comes out: small files full of blanks reach any ratio.
    pub ratio: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 20 << 20,
            rows: 10_000,
            columns: 200,
            cell_chars: 4_096,
            unpacked_bytes: 64 << 20,
            parts: 1_000,
            ratio: 250,
        }
    }
}
