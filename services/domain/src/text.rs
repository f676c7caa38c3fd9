//! Short texts that cannot be wrong: names, e-mail addresses, codes, slugs, zones, languages.

use crate::zone;
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
    /// Holds a control character.
    #[error("must not contain control characters")]
    Control,
    /// Not of the required form.
    #[error("{0}")]
    Form(&'static str),
}

/// Trims and checks a one-line text of at most `max` characters.
///
/// # Errors
/// When it is empty, too long, or holds control characters.
pub fn line(text: &str, max: usize) -> Result<String, TextError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.chars().count() > max {
        return Err(TextError::TooLong(max));
    }
    if text.chars().any(char::is_control) {
        return Err(TextError::Control);
    }
    Ok(text.to_owned())
}

/// What logins are compared by: an e-mail address or a user name, folded. Storage keeps the same key
/// of each.
#[must_use]
pub fn login_key(login: &str) -> String {
    login.trim().to_lowercase()
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
    /// A login's e-mail address, kept as written; compared without regard to case.
    Email = parse_email;
    /// A code for a skill or a licence: letters, digits and `._:-`, at most 64.
    Code = parse_code;
    /// A person's code in invoices (LEDES): at most 32 printable ASCII characters without `|[]`.
    AccountCode = parse_account_code;
    /// An organisation's name in logins: lower-case letters, digits and dashes.
    Slug = parse_slug;
    /// An IANA time zone name.
    ZoneName = parse_zone;
    /// A BCP 47 language tag, such as `en` or `pt-BR`.
    LanguageTag = parse_language;
}

fn parse_email(text: &str) -> Result<String, TextError> {
    const FORM: TextError = TextError::Form("must be an e-mail address, such as ada@example.org");
    let text = line(text, 254)?;
    let (local, domain) = text.rsplit_once('@').ok_or(FORM)?;
    let domain_fits = domain.contains('.')
        && domain.split('.').all(|label| {
            !label.is_empty()
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        });
    let local_fits = !local.is_empty()
        && local.len() <= 64
        && !local.chars().any(|c| c.is_whitespace() || "@<>(),;:\\\"[]".contains(c));
    if domain_fits && local_fits { Ok(text) } else { Err(FORM) }
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
    let mut parts = text.split('-');
    let first_fits = parts
        .next()
        .is_some_and(|p| (2..=3).contains(&p.len()) && p.chars().all(|c| c.is_ascii_alphabetic()));
    let rest_fits =
        parts.all(|p| (1..=8).contains(&p.len()) && p.chars().all(|c| c.is_ascii_alphanumeric()));
    if first_fits && rest_fits {
        Ok(text)
    } else {
        Err(TextError::Form("must be a BCP 47 language tag, such as en or pt-BR"))
    }
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
        assert!(Email::parse("ada@example.org").is_ok());
        assert!(Email::parse("Ada.Lovelace+x@sub.example.org").is_ok());
        for bad in ["", "ada", "ada@", "@x.org", "a b@x.org", "a@x", "a@-x.org", "a@@x.org"] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
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
