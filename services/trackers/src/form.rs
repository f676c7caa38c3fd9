//! Names and values of a query or a form body. Must never fail: what is no pair is a name without a
//! value, and what is no text is replaced.

use percent_encoding::percent_decode;
use std::borrow::Cow;

/// The pairs in the order they come, decoded.
pub(crate) fn pairs(text: &[u8]) -> impl Iterator<Item = (String, String)> {
    text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()).map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        (decoded(&pair[..at]), decoded(pair.get(at + 1..).unwrap_or_default()))
    })
}

fn decoded(text: &[u8]) -> String {
    let spaced: Vec<u8> = text.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
    let decoded: Cow<'_, [u8]> = percent_decode(&spaced).into();
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_decoded_and_broken_ones_do_no_harm() {
        let all: Vec<_> = pairs(b"a=1&b=x+y%20z&&c&=d&e=%LAT&f=%ACC&g=1=2&h=%").collect();
        let all: Vec<_> = all.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(
            all,
            [
                ("a", "1"),
                ("b", "x y z"),
                ("c", ""),
                ("", "d"),
                ("e", "%LAT"),
                ("f", "\u{fffd}C"),
                ("g", "1=2"),
                ("h", "%")
            ]
        );
    }
}
