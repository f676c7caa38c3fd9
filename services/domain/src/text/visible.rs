//! Lines of text as people read them: one normal form, nothing that cannot be seen.

use super::TextError;
use precis_profiles::{
    OpaqueString,
    precis_core::{Error, profile::PrecisFastInvocation},
};

/// A one-line text of at most `max` characters: trimmed, its spaces plain and single, in normal
/// form C (the profile OpaqueString of RFC 8265, with the spaces of RFC 8266).
///
/// # Errors
/// When nothing is left, it is too long, or it holds a character that cannot be seen: a control
/// character, a joiner or an override of the direction of writing.
pub fn line(text: &str, max: usize) -> Result<String, TextError> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(TextError::Empty);
    }
    let text = visible(trimmed)?;
    let text = text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.chars().count() > max {
        return Err(TextError::TooLong(max));
    }
    Ok(text)
}

/// A text of several lines of at most `max` characters, kept as written. It may be empty.
///
/// # Errors
/// When it is too long, or holds a control character other than a tab or a break of line.
pub fn lines(text: &str, max: usize) -> Result<String, TextError> {
    if text.chars().any(|c| c.is_control() && !"\n\r\t".contains(c)) {
        return Err(TextError::Form(
            "must not contain control characters but tabs and line breaks",
        ));
    }
    if text.chars().count() > max {
        return Err(TextError::TooLong(max));
    }
    Ok(text.to_owned())
}

/// The text in normal form C, with plain spaces, if all of it can be seen.
fn visible(text: &str) -> Result<String, TextError> {
    OpaqueString::enforce(text).map(String::from).map_err(|error| refused(&error))
}

/// What a profile of PRECIS says, in words.
pub(super) fn refused(error: &Error) -> TextError {
    match error {
        Error::BadCodepoint(found) => match char::from_u32(found.cp) {
            Some(c) if c.is_control() => TextError::Control,
            Some(c) if c.is_whitespace() => TextError::Space,
            _ => TextError::Disallowed(found.cp),
        },
        Error::Invalid | Error::Unexpected(_) => {
            TextError::Form("holds characters that do not go together")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_one_form() {
        assert_eq!(line("Cafe\u{301}", 10).unwrap(), "Café");
        assert_eq!(line("  Ada \u{a0} Lovelace\u{3000}", 20).unwrap(), "Ada Lovelace");
        for name in ["Zoë O’Brien-Šmíd", "山田 太郎", "नम्रता", "محمد", "🚑 Unit 7", "R&D (north)"]
        {
            assert_eq!(line(name, 40).as_deref(), Ok(name));
        }
    }

    #[test]
    fn what_cannot_be_seen_is_refused_by_name() {
        for (text, code) in [
            ("\u{200b}", 0x200b),
            ("a\u{feff}b", 0xfeff),
            ("a\u{202e}b", 0x202e),
            ("a\u{ad}b", 0xad),
        ] {
            assert_eq!(line(text, 10), Err(TextError::Disallowed(code)), "{text:?}");
        }
        assert_eq!(line("a\u{7}b", 10), Err(TextError::Control));
        assert_eq!(line("a\nb", 10), Err(TextError::Control));
        assert_eq!(line(" \u{a0}", 10), Err(TextError::Empty));
        assert_eq!(line("abcd", 3), Err(TextError::TooLong(3)));
    }
}
