//! Reads a body as JSON: as it is, and if that fails once more with what some apps write mended.

use crate::{Refused, mend::mended, object::with_room};
use serde::de::DeserializeOwned;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// The body as a `T`; `None` if it is complete and no JSON.
pub(crate) fn read_json<T: DeserializeOwned>(body: &[u8]) -> Result<Option<T>, Refused> {
    let body = body.strip_prefix(BOM).unwrap_or(body);
    match with_room(|| serde_json::from_slice(body)) {
        (_, true) => Err(Refused::TooMany),
        (Ok(value), _) => Ok(Some(value)),
        (Err(error), _) if error.is_eof() => Err(Refused::CutShort),
        (Err(_), _) => read_mended(&String::from_utf8_lossy(body)),
    }
}

#[cold]
fn read_mended<T: DeserializeOwned>(text: &str) -> Result<Option<T>, Refused> {
    match with_room(|| serde_json::from_str(&mended(text))) {
        (_, true) => Err(Refused::TooMany),
        (Ok(value), _) => Ok(Some(value)),
        (Err(error), _) if error.is_eof() => Err(Refused::CutShort),
        (Err(_), _) => Ok(None),
    }
}

/// Whether the body looks like JSON, whatever its content type says.
pub(crate) fn looks_like_json(body: &[u8]) -> bool {
    let body = body.strip_prefix(BOM).unwrap_or(body);
    matches!(body.trim_ascii_start().first(), Some(b'{' | b'['))
}

/// Whether there is nothing to read.
pub(crate) fn is_blank(body: &[u8]) -> bool {
    body.strip_prefix(BOM).unwrap_or(body).trim_ascii().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{object::Many, values::Num};

    fn read(body: &[u8]) -> Result<Option<Vec<Num>>, Refused> {
        Ok(read_json::<Many<Num>>(body)?.map(|many| many.0))
    }

    #[test]
    fn what_is_cut_short_is_told_from_what_is_no_json() {
        assert_eq!(read(b"\xef\xbb\xbf[1]"), Ok(Some(vec![Num::Is(1.0)])));
        for short in [&b"[1,2"[..], b"[1,tru", b"[NaN,2", b"[NaN,tru", b"[NaN,\"a", b"[NaN,-"] {
            assert_eq!(read(short), Err(Refused::CutShort), "{short:?}");
        }
        assert_eq!(read(b"[1,\"\xff\"]"), Ok(Some(vec![Num::Is(1.0), Num::Missing])));
        for garbage in [&b"hello"[..], b"[1] trailing", b"{]", b"\x00\x01"] {
            assert_eq!(read(garbage), Ok(None), "{garbage:?}");
        }
    }

    #[test]
    fn the_body_says_itself_what_it_is() {
        assert!(looks_like_json(b"\xef\xbb\xbf \n{"));
        assert!(!looks_like_json(b"lat=1"));
        assert!(is_blank(b" \r\n") && is_blank(b"\xef\xbb\xbf") && !is_blank(b"0"));
    }
}
