//! Checks a workbook before it is opened: a small ZIP archive can unpack to gigabytes, and its
//! parts can claim sizes for which the reader would ask all memory at once.
//!
//! It must not believe any size that the archive states.

use crate::fault::{Fault, codes, of_file};
use crate::table::Limits;
use quick_xml::events::Event;
use std::io::{Cursor, Read};
use std::ops::ControlFlow;
use zip::ZipArchive;
use zip::result::ZipError;

/// Unpacks every part once, counting, and looks at what the parts claim.
pub(crate) fn check(bytes: &[u8], limits: Limits) -> Result<(), Fault> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| unreadable(&error))?;
    if archive.offset() != 0 {
        return Err(broken("other data stands before the archive"));
    }
    if archive.len() > limits.parts {
        let (count, most) = (archive.len(), limits.parts);
        let detail = format!(
            "the workbook has {count} parts, at most {most} are read; copy the table alone into a \
             new workbook"
        );
        return Err(of_file(codes::TOO_MANY_PARTS, detail));
    }
    check_stated_sizes(&mut archive, bytes.len(), limits)?;
    let mut unpacked = 0;
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|error| unreadable(&error))?;
        let name = part.name().map_err(|error| unreadable(&error))?.to_ascii_lowercase();
        check_kind(&name)?;
        let mut text = Vec::new();
        let kept = name.ends_with("sharedstrings.xml") || name.ends_with("styles.xml");
        let mut chunk = vec![0; 64 << 10];
        loop {
            let read = part.read(&mut chunk).map_err(|error| broken(&error.to_string()))?;
            if read == 0 {
                break;
            }
            unpacked += read;
            check_size(unpacked, bytes.len(), limits)?;
            if kept {
                text.extend_from_slice(&chunk[..read]);
            }
        }
        if name.ends_with("sharedstrings.xml") {
            check_shared_strings(&text)?;
        } else if kept {
            check_styles(&text, limits)?;
        }
    }
    Ok(())
}

/// Ends an honest bomb early. A liar is caught while unpacking.
fn check_stated_sizes(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    packed: usize,
    limits: Limits,
) -> Result<(), Fault> {
    let mut stated = 0u64;
    for index in 0..archive.len() {
        let part = archive.by_index_raw(index).map_err(|error| unreadable(&error))?;
        if part.encrypted() {
            return Err(protected());
        }
        stated = stated.saturating_add(part.size());
    }
    check_size(usize::try_from(stated).unwrap_or(usize::MAX), packed, limits)
}

fn check_size(unpacked: usize, packed: usize, limits: Limits) -> Result<(), Fault> {
    const SMALL: usize = 1 << 20;
    let most = limits.unpacked_bytes;
    let by_ratio = packed.saturating_mul(limits.ratio).max(SMALL);
    if unpacked <= most.min(by_ratio) {
        return Ok(());
    }
    let why = if unpacked > most {
        format!("to more than {} MiB", most >> 20)
    } else {
        format!("to more than {} times its size", limits.ratio)
    };
    let detail =
        format!("the workbook unpacks {why}; copy the table alone into a new one, or split it");
    Err(of_file(codes::UNPACKED_TOO_LARGE, detail))
}

/// Other kinds of files that are ZIP archives too.
fn check_kind(name: &str) -> Result<(), Fault> {
    let kind = match name {
        "mimetype" => "an OpenDocument file (.ods)",
        "xl/workbook.bin" => "a binary workbook (.xlsb)",
        "word/document.xml" => "a text document (.docx)",
        "index/document.iwa" => "a Numbers file",
        _ => return Ok(()),
    };
    let detail = format!("this is {kind}, which is not read; save as .xlsx or .csv");
    Err(of_file(codes::KIND_UNSUPPORTED, detail))
}

/// calamine asks for memory for as many strings as the part claims to have, and a process that
/// cannot get it dies. A string takes 5 bytes at least (`<si/>`).
///
/// The tag is searched for numbers, rather than its attributes parsed, so that there is no second
/// opinion about what an attribute is.
fn check_shared_strings(part: &[u8]) -> Result<(), Fault> {
    let most = part.len() / 5;
    each_tag(part, |name, tag| {
        if name != "sst" {
            return Ok(ControlFlow::Continue(()));
        }
        for (at, key) in tag.match_indices("uniqueCount") {
            let value = tag[at + key.len()..].trim_start_matches(|c: char| !c.is_ascii_digit());
            let digits = value.find(|c: char| !c.is_ascii_digit()).unwrap_or(value.len());
            if value[..digits].parse::<usize>().is_ok_and(|claimed| claimed > most) {
                return Err(broken("the shared strings claim to be more than they are"));
            }
        }
        // calamine asks for memory at the first such tag only.
        Ok(ControlFlow::Break(()))
    })
}

/// calamine copies the font, fill, borders and number format into every cell format that uses
/// them, so that a small part could ask for terabytes. Counted is what that could come to.
fn check_styles(part: &[u8], limits: Limits) -> Result<(), Fault> {
    let (mut formats, mut longest) = (0usize, 0usize);
    each_tag(part, |name, tag| {
        formats += usize::from(name == "xf");
        longest = longest.max(tag.len());
        if formats.saturating_mul(longest) > limits.unpacked_bytes {
            let detail = "the workbook has too many or too long cell formats; copy the table \
                          without formats into a new one";
            return Err(of_file(codes::UNPACKED_TOO_LARGE, detail));
        }
        Ok(ControlFlow::Continue(()))
    })
}

/// Calls `visit` with the local name and the text of opening tags until it breaks, as calamine would see
/// them: by the same reader with the same settings. Where that stops, calamine stops too.
fn each_tag(
    part: &[u8],
    mut visit: impl FnMut(&str, &str) -> Result<ControlFlow<()>, Fault>,
) -> Result<(), Fault> {
    let mut reader = quick_xml::Reader::from_reader(part);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.check_comments = false;
    config.expand_empty_elements = true;
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(tag)) => {
                if visit(tag.local_name().as_ref(), &tag)?.is_break() {
                    return Ok(());
                }
            }
            Ok(Event::Eof) | Err(_) => return Ok(()),
            Ok(_) => {}
        }
    }
}

/// The workbook is damaged; `cause` in a few words.
pub(crate) fn broken(cause: &str) -> Fault {
    let detail = format!("the workbook is damaged ({cause}); open it and save it as .xlsx again");
    of_file(codes::XLSX_BROKEN, detail)
}

/// A password protects the workbook.
pub(crate) fn protected() -> Fault {
    of_file(codes::ENCRYPTED, "a password protects the workbook; save it without one")
}

fn unreadable(error: &ZipError) -> Fault {
    match error {
        ZipError::UnsupportedArchive(message) if message.contains("assword") => protected(),
        ZipError::InvalidPassword => protected(),
        other => broken(&other.to_string()),
    }
}
