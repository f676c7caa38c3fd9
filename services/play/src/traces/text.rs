//! From a file's bytes to text, whatever it was written in. Only names and comments can hold more
//! than ASCII, so what cannot be read is replaced; it must not keep a track from being played.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How far an XML declaration is looked for.
const DECLARATION: usize = 256;

/// The text of a file: by its byte order mark, else by the pattern of UTF-16, else by what an XML
/// declaration says, else UTF-8.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let encoding = match bytes {
        [b'<', 0, ..] => UTF_16LE,
        [0, b'<', ..] => UTF_16BE,
        _ => declared(bytes).unwrap_or(UTF_8),
    };
    // Looks for a byte order mark first.
    encoding.decode(bytes).0
}

/// The encoding that an XML declaration names. One that reads single bytes cannot be UTF-16.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let start = String::from_utf8_lossy(bytes.get(..DECLARATION).unwrap_or(bytes));
    let declaration = start.trim_start().strip_prefix("<?xml")?.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let label = value[1..].split(quote).next()?;
    Encoding::for_label(label.as_bytes()).filter(|encoding| encoding.is_ascii_compatible())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "<?xml version=\"1.0\" encoding=\"X\"?><gpx><name>São João</name></gpx>";

    fn declaring(encoding: &str) -> String {
        TEXT.replace('X', encoding)
    }

    fn utf_16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    fn latin_1(text: &str) -> Vec<u8> {
        text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
    }

    #[test]
    fn every_usual_encoding_is_read() {
        let text = declaring("UTF-16");
        assert_eq!(decode(&utf_16(&text, u16::to_le_bytes)), text);
        assert_eq!(decode(&utf_16(&text, u16::to_be_bytes)), text);
        let marked = format!("\u{feff}{text}");
        assert_eq!(decode(&utf_16(&marked, u16::to_le_bytes)), text);
        assert_eq!(decode(&utf_16(&marked, u16::to_be_bytes)), text);
        for name in ["ISO-8859-1", "iso-8859-15", "windows-1252", "latin1"] {
            let text = declaring(name);
            assert_eq!(decode(&latin_1(&text)), text, "{name}");
        }
        let text = declaring("UTF-8");
        assert_eq!(decode(text.as_bytes()), text);
        assert_eq!(decode(format!("\u{feff}{text}").as_bytes()), text);
        assert_eq!(decode(b"38.7 -9.1 0 1700000000"), "38.7 -9.1 0 1700000000");
    }

    #[test]
    fn a_wrong_declaration_costs_a_name_at_most() {
        let wrong = latin_1(&declaring("UTF-8"));
        assert!(decode(&wrong).contains("S\u{fffd}o"), "{}", decode(&wrong));
        let text = declaring("UTF-16");
        assert_eq!(decode(text.as_bytes()), text, "single bytes are no UTF-16");
        let text = declaring("EBCDIC-XX");
        assert_eq!(decode(text.as_bytes()), text);
    }
}
