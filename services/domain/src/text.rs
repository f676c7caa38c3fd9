//! Short texts that cannot be wrong: names, e-mail addresses, codes, slugs, zones, languages.

mod login;
mod visible;
mod words;

pub use login::{login_key, password_form};
pub use visible::{line, lines};
pub use words::search_words;

use crate::zone;
use login::{parse_email, parse_username};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a text is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Longer than this many characters.
    #[error("must be at most {0} characters")]
    TooLong(usize),
    /// Holds a control character, such as a line break.
    #[error("must be one line without control characters")]
    Control,
    /// Holds a space where there may be none.
    #[error("must not contain spaces")]
    Space,
    /// Holds a character that cannot be seen, or is not allowed here.
    #[error("must not contain U+{0:04X}, which cannot be seen or is not allowed here")]
    Disallowed(u32),
    /// Not of the required form.
    #[error("{0}")]
    Form(&'static str),
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $parse:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks a text.
            ///
            /// # Errors
            /// When it is not of this form; says what the form is.
            pub fn parse(text: &str) -> Result<Self, TextError> {
                let parse: fn(&str) -> Result<String, TextError> = $parse;
                parse(text).map(Self)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;

            fn try_from(text: String) -> Result<Self, TextError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    )*};
}

texts! {
    /// A person's or a thing's name: one line of at most 120 characters.
    Name = |text| line(text, 120);
    /// An e-mail address in its one spelling; two that mean the same are equal.
    Email = parse_email;
    /// A second login name, as it is shown; compared by [`login_key`].
    Username = parse_username;
    /// A code for a skill or a licence: letters, digits and `._:-`, at most 64.
    Code = parse_code;
    /// A person's code in invoices (LEDES): at most 32 printable ASCII characters without `|[]`.
    AccountCode = parse_account_code;
    /// An organisation's name in logins: lower-case letters, digits and dashes.
    Slug = parse_slug;
    /// An IANA time zone name.
    ZoneName = parse_zone;
    /// A BCP 47 language tag in its one spelling, such as `en` or `pt-BR`.
    LanguageTag = parse_language;
}

fn parse_code(text: &str) -> Result<String, TextError> {
    let text = line(text, 64)?;
    if text.chars().all(|c| c.is_alphanumeric() || "._:-".contains(c)) {
        Ok(text)
    } else {
        Err(TextError::Form("must be letters, digits and any of . _ : -"))
    }
}

fn parse_account_code(text: &str) -> Result<String, TextError> {
    let text = line(text, 32)?;
    if text.chars().all(|c| (' '..='~').contains(&c) && !"|[]".contains(c)) {
        Ok(text)
    } else {
        Err(TextError::Form("must be printable ASCII without | [ ]"))
    }
}

fn parse_slug(text: &str) -> Result<String, TextError> {
    let text = line(text, 63)?;
    let fits = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !text.starts_with('-')
        && !text.ends_with('-');
    if fits {
        Ok(text)
    } else {
        Err(TextError::Form("must be lower-case letters, digits and inner dashes"))
    }
}

fn parse_zone(text: &str) -> Result<String, TextError> {
    let text = line(text, 64)?;
    match zone::get(&text) {
        Some(zone) => Ok(zone.iana_name().unwrap_or(&text).to_owned()),
        None => Err(TextError::Form("must be an IANA time zone, such as Europe/Lisbon")),
    }
}

fn parse_language(text: &str) -> Result<String, TextError> {
    let text = line(text, 35)?;
    let canonical = crate::language::canonical(&text);
    canonical.ok_or(TextError::Form("must be a BCP 47 language tag, such as en or pt-BR"))
}

/// By what codes of skills, licences and jurisdictions are compared: without regard to case.
#[must_use]
pub fn code_key(code: &str) -> String {
    code.to_lowercase()
}

/// A slug made of a name: what is not a letter or digit becomes a dash.
#[must_use]
pub fn slugify(name: &str) -> Option<Slug> {
    let dashed: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(63)
        .collect();
    let parts: Vec<&str> = dashed.split('-').filter(|part| !part.is_empty()).collect();
    Slug::parse(&parts.join("-")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert!(AccountCode::parse("A|B").is_err());
        assert!(AccountCode::parse("TK 01/7").is_ok());
        assert_eq!(ZoneName::parse("europe/lisbon").unwrap().as_str(), "Europe/Lisbon");
        for none in ["Mars/Base", "localtime", "posixrules", "Factory", "Etc/Unknown"] {
            assert!(ZoneName::parse(none).is_err(), "{none}");
        }
        assert!(LanguageTag::parse("pt-BR").is_ok());
        assert!(LanguageTag::parse("p").is_err());
        assert_eq!(slugify("Müller & Söhne").unwrap().as_str(), "m-ller-s-hne");
        assert_eq!(Name::parse("a\u{7}b"), Err(TextError::Control));
    }
}
