//! The text of a CSV file, out of its encoding.
//!
//! It must not look at cells.

use crate::fault::{Fault, codes, of_file, of_line};
use crate::table::Encoding;
use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::borrow::Cow;

/// Decodes a file. A byte order mark decides; without one it is UTF-8 if it is valid, else
/// Windows-1252. A NUL is refused: the file is binary, or UTF-16 without its mark.
pub(crate) fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, Encoding), Fault> {
    let (text, encoding) = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => (utf8(rest)?, Encoding::Utf8),
        [0xFF, 0xFE, rest @ ..] => (utf16(UTF_16LE, rest)?, Encoding::Utf16Le),
        [0xFE, 0xFF, rest @ ..] => (utf16(UTF_16BE, rest)?, Encoding::Utf16Be),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => (Cow::Borrowed(text), Encoding::Utf8),
            Err(_) => (windows_1252(bytes)?, Encoding::Windows1252),
        },
    };
    if let Some(at) = text.bytes().position(|byte| byte == 0) {
        let line = line_of(&text.as_bytes()[..at]);
        let detail = "there is a NUL character here: this is no text, or UTF-16 without its byte \
                      order mark; save as \"CSV UTF-8\"";
        return Err(of_line(line, codes::CONTROL_CHARACTER, detail));
    }
    Ok((text, encoding))
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
        let line = line_of(&bytes[..error.valid_up_to()]);
        let detail = "the file begins as UTF-8, but a character here is not; save as \"CSV UTF-8\"";
        of_line(line, codes::ENCODING, detail)
    })
}

fn utf16(
    encoding: &'static encoding_rs::Encoding,
    bytes: &[u8],
) -> Result<Cow<'static, str>, Fault> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    text.map(|text| Cow::Owned(text.into_owned())).ok_or_else(|| {
        let detail = "the file begins as UTF-16, but is damaged or cut off; save as \"CSV UTF-8\"";
        of_file(codes::ENCODING, detail)
    })
}

/// Text of western Europe. UTF-8 that is damaged somewhere would become garbage without an error,
/// so a file in which most of the characters beyond ASCII are valid UTF-8 is refused: in real
/// Windows-1252 they hardly ever are.
fn windows_1252(bytes: &[u8]) -> Result<Cow<'_, str>, Fault> {
    let (mut valid, mut invalid, mut first, mut offset) = (0usize, 0usize, None, 0usize);
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        offset += chunk.valid().len();
        if !chunk.invalid().is_empty() {
            invalid += 1;
            first.get_or_insert(offset);
            offset += chunk.invalid().len();
        }
    }
    if valid >= invalid {
        let line = line_of(&bytes[..first.unwrap_or(0)]);
        let detail = "the text is UTF-8, but a character here is damaged or in another encoding; \
                      save as \"CSV UTF-8\"";
        return Err(of_line(line, codes::ENCODING, detail));
    }
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(bytes);
    Ok(text)
}

/// The line after `before`, counted from 1.
fn line_of(before: &[u8]) -> u32 {
    let mut lines = Lines::default();
    lines.advance(before, before.len())
}

/// Counts lines that end in CRLF, LF or CR.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    offset: usize,
    breaks: u32,
}

impl Lines {
    /// The line of the byte at `to` in `text`, counted from 1. `to` must not go back.
    pub(crate) fn advance(&mut self, text: &[u8], to: usize) -> u32 {
        for at in self.offset..to.min(text.len()) {
            let after_cr = at > 0 && text[at - 1] == b'\r';
            if text[at] == b'\r' || (text[at] == b'\n' && !after_cr) {
                self.breaks = self.breaks.saturating_add(1);
            }
        }
        self.offset = self.offset.max(to);
        self.breaks.saturating_add(1)
    }
}
