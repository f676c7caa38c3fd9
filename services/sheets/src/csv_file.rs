//! Reads text with separators, as Excel and others write it.
//!
//! It must not guess: quotes that do not fit, and separators that could be two, are faults.

use crate::builder::Builder;
use crate::fault::{Fault, SheetError, codes, of_file, of_line};
use crate::table::{Format, Limits, Separator, Table};
use crate::text::{Lines, decode};

pub(crate) fn read(bytes: &[u8], limits: Limits) -> Result<Table, SheetError> {
    let (text, encoding) = decode(bytes)?;
    let (separator, start) = separator(&text)?;
    check_shape(&text, start, separator)?;
    let mut builder = Builder::new(limits);
    let mut lines = Lines::default();
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator.byte())
        .from_reader(&text.as_bytes()[start..]);
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(|error| unreadable(&error))? {
        let offset = record.position().map_or(0, csv::Position::byte);
        let from = start + usize::try_from(offset).unwrap_or(usize::MAX - start);
        builder.begin_row(lines.advance(text.as_bytes(), skip_breaks(&text, from)));
        for (column, cell) in record.iter().enumerate() {
            builder.cell(column, cell);
        }
        builder.end_row();
    }
    if !builder.has_header() {
        let detail = "the file holds no text; its first line must name the columns";
        builder.file_fault(of_file(codes::EMPTY, detail));
    }
    builder.finish(Format::Csv { separator, encoding })
}

/// A record may begin with the line breaks of what came before.
fn skip_breaks(text: &str, from: usize) -> usize {
    let rest = text.as_bytes().get(from..).unwrap_or_default();
    from + rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

fn unreadable(error: &csv::Error) -> Fault {
    of_file(codes::ENCODING, format!("the text cannot be read: {error}"))
}

/// The separator, and where the table begins: after a line such as `sep=;`, which Excel takes as
/// an instruction. Else it is the one of `,`, `;` and tab that the header has most of, outside
/// quotes. A header with none has one column.
fn separator(text: &str) -> Result<(Separator, usize), Fault> {
    let end = text.find(['\r', '\n']).unwrap_or(text.len());
    let first = text[..end].trim_matches('"');
    let named = first.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).map(|_| {
        // A program that saves the line again fills it up with separators.
        let mut named = first[4..].trim_end_matches('"').chars();
        let found = named.next().filter(|&sign| named.all(|c| c == sign || c == ',' || c == ';'));
        Separator::ALL.into_iter().find(|s| Some(char::from(s.byte())) == found)
    });
    match named {
        Some(Some(separator)) => return Ok((separator, end)),
        Some(None) => {
            let detail = "the line sep= names no separator that is read; use a comma, a semicolon \
                          or a tab";
            return Err(of_line(1, codes::SEPARATOR, detail));
        }
        None => {}
    }
    let mut counts = Separator::ALL.map(|separator| (0usize, separator));
    let mut quoted = false;
    let header = text.trim_start_matches([' ', '\r', '\n']);
    for byte in header.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\r' | b'\n' if !quoted => break,
            _ if quoted => {}
            _ => counts.iter_mut().filter(|(_, s)| s.byte() == byte).for_each(|(n, _)| *n += 1),
        }
    }
    counts.sort_by_key(|&(count, _)| std::cmp::Reverse(count));
    if counts[0].0 > 0 && counts[0].0 == counts[1].0 {
        let detail = "the header could be separated in two ways; put the names in quotes, or a \
                      line such as sep=; before it";
        let line = Lines::default().advance(text.as_bytes(), text.len() - header.len());
        return Err(of_line(line, codes::SEPARATOR, detail));
    }
    let found = if counts[0].0 == 0 { Separator::Comma } else { counts[0].1 };
    Ok((found, 0))
}

/// Where the scanner of [`check_shape`] is.
enum At {
    CellStart,
    Plain,
    /// In quotes that began in this line.
    Quoted(u32),
    /// After a quote that closes those that began in this line, or is the first of a doubled one.
    Closed(u32),
}

/// Columns of the widest sheet that a spreadsheet program can make.
const MOST_CELLS: usize = 16_384;

/// Finds what the reader of the `csv` crate would put up with: quotes that never close, text after
/// a closing quote, and rows of millions of cells. The first fault ends the search, since all that
/// follows a wrong quote would be wrong too.
fn check_shape(text: &str, start: usize, separator: Separator) -> Result<(), Fault> {
    let bytes = text.as_bytes();
    let mut lines = Lines::default();
    let (mut at, mut cells) = (At::CellStart, 1usize);
    for (offset, &byte) in bytes.iter().enumerate().skip(start) {
        let (is_break, is_separator) = (matches!(byte, b'\r' | b'\n'), byte == separator.byte());
        at = match at {
            At::Quoted(from) if byte == b'"' => At::Closed(from),
            At::Quoted(from) => At::Quoted(from),
            At::Closed(from) if byte == b'"' => At::Quoted(from),
            At::CellStart if byte == b'"' => At::Quoted(lines.advance(bytes, offset)),
            _ if is_break => {
                cells = 1;
                At::CellStart
            }
            _ if is_separator => {
                cells += 1;
                At::CellStart
            }
            At::Closed(from) => {
                let line = lines.advance(bytes, offset);
                let detail = format!(
                    "text follows the quote that closes in line {line}; put the whole cell in \
                     quotes, and double each quote within it"
                );
                return Err(of_line(from, codes::QUOTE_TEXT, detail));
            }
            At::CellStart | At::Plain => At::Plain,
        };
        if cells > MOST_CELLS {
            let line = lines.advance(bytes, offset);
            let detail = format!("the row has more than {MOST_CELLS} cells; remove empty columns");
            return Err(of_line(line, codes::TOO_MANY_COLUMNS, detail));
        }
    }
    if let At::Quoted(from) = at {
        let detail = "a quote opens in this line and is never closed; close or remove it";
        return Err(of_line(from, codes::QUOTE_OPEN, detail));
    }
    Ok(())
}
