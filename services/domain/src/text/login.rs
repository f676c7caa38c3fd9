//! E-mail addresses and user names: what people log in with, and by what two of them are one.

use super::{TextError, visible::refused};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use precis_profiles::{
    OpaqueString, UsernameCaseMapped, UsernameCasePreserved,
    precis_core::profile::PrecisFastInvocation,
};
use std::borrow::Cow;

/// Longest e-mail address (RFC 5321 §4.5.3.1.3, without its brackets).
const MAX_EMAIL: usize = 254;
/// Longest part before the `@`.
const MAX_LOCAL: usize = 64;
/// Longest user name.
const MAX_USERNAME: usize = 120;

const FORM: TextError = TextError::Form("must be an e-mail address, such as ada@example.org");

/// The one spelling of an e-mail address: its local part in lower case and normal form C
/// (RFC 8265, UsernameCaseMapped), its domain in Unicode (UTS 46).
pub(super) fn parse_email(text: &str) -> Result<String, TextError> {
    let text = text.trim_matches(' ');
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.chars().any(char::is_control) {
        return Err(TextError::Control);
    }
    if text.chars().any(char::is_whitespace) {
        return Err(TextError::Space);
    }
    let (local, domain) = text.rsplit_once('@').ok_or(FORM)?;
    let local = parse_local(local)?;
    let domain = parse_domain(domain)?;
    let email = format!("{local}@{domain}");
    if email.chars().count() > MAX_EMAIL { Err(TextError::TooLong(MAX_EMAIL)) } else { Ok(email) }
}

fn parse_local(local: &str) -> Result<String, TextError> {
    if local.is_empty() {
        return Err(FORM);
    }
    let local = UsernameCaseMapped::enforce(local).map_err(|error| refused(&error))?;
    if local.len() > MAX_LOCAL {
        return Err(TextError::Form("has more than 64 bytes before the @"));
    }
    if local.chars().any(|c| "@<>(),;:\\\"[]".contains(c)) {
        return Err(TextError::Form("holds one of @ < > ( ) , ; : \\ \" [ ] before the @"));
    }
    Ok(local.into())
}

fn parse_domain(domain: &str) -> Result<String, TextError> {
    if domain.starts_with('[') {
        return Err(TextError::Form("needs a domain name after the @, not an address in brackets"));
    }
    if domain.ends_with('.') {
        return Err(TextError::Form("must not end with a dot"));
    }
    if !domain.contains('.') {
        return Err(TextError::Form("needs a whole domain after the @, such as example.org"));
    }
    let refused = || TextError::Form("has a domain that cannot exist after the @");
    let uts46 = Uts46::new();
    let ascii = uts46
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, DnsLength::Verify)
        .map_err(|_| refused())?;
    let (unicode, good) = uts46.to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, Hyphens::Check);
    good.map_err(|_| refused())?;
    Ok(unicode.into_owned())
}

/// A user name as it is shown: in normal form C, without spaces (RFC 8265, UsernameCasePreserved).
pub(super) fn parse_username(text: &str) -> Result<String, TextError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    let name = UsernameCasePreserved::enforce(text).map_err(|error| refused(&error))?;
    // What is shown must be comparable, too.
    UsernameCaseMapped::enforce(text).map_err(|error| refused(&error))?;
    if name.chars().count() > MAX_USERNAME {
        return Err(TextError::TooLong(MAX_USERNAME));
    }
    Ok(name.into())
}

/// By what logins are compared, e-mail addresses and user names alike: two that have the same key
/// are the same. Names that the profile refuses, which earlier releases took, have keys too; these
/// begin with a space, so that none of them equals a key of the profile.
#[must_use]
pub fn login_key(login: &str) -> String {
    let login = login.trim();
    if let Ok(email) = parse_email(login) {
        return email;
    }
    match UsernameCaseMapped::enforce(login) {
        Ok(key) => key.into(),
        Err(_) => format!(" {}", login.to_lowercase()),
    }
}

/// A password as it is hashed: in normal form C, with plain spaces (RFC 8265, OpaqueString), so
/// that it is the same whatever keyboard typed it. What the profile does not allow stays as it is.
#[must_use]
pub fn password_form(password: &str) -> Cow<'_, str> {
    OpaqueString::enforce(password).unwrap_or(Cow::Borrowed(password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_one_address_are_one() {
        let one = parse_email("Anna@MÜNCHEN.example").unwrap();
        assert_eq!(one, "anna@münchen.example");
        for other in ["anna@xn--mnchen-3ya.example", " anna@mu\u{308}nchen.EXAMPLE "] {
            assert_eq!(parse_email(other).unwrap(), one);
            assert_eq!(login_key(other), one);
        }
        assert_eq!(parse_email("cafe\u{301}@x.org"), parse_email("CAFÉ@x.org"));
        assert!(parse_email("Ada.Lovelace+x@sub.example.org").is_ok());
    }

    #[test]
    fn each_refusal_says_what_is_wrong() {
        let said = |text: &str| parse_email(text).unwrap_err().to_string();
        assert!(said("a\u{200b}@example.com").contains("U+200B"));
        assert!(said("a@example.com\n").contains("control"));
        assert!(said("a@\u{a0}example.com").contains("space"));
        assert!(said("a@example.com.").contains("dot"));
        assert!(said("a@[127.0.0.1]").contains("brackets"));
        assert!(said("a@localhost").contains("whole domain"));
        assert!(said("a@exa_mple.org").contains("domain"));
        for bad in ["", "ada", "ada@", "@x.org", "a b@x.org", "a@x", "a@-x.org", "a@@x.org"] {
            assert!(parse_email(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn look_alikes_log_in_as_nobody() {
        assert_eq!(login_key("kelvin"), "kelvin");
        assert_eq!(login_key("KELVIN"), "kelvin");
        assert_ne!(login_key("\u{212a}elvin"), "kelvin");
        assert_ne!(login_key("\u{212a}elvin@x.org"), "kelvin@x.org");
        assert_eq!(login_key("Ada Lovelace"), login_key("ADA LOVELACE"), "of earlier releases");
        assert_ne!(login_key("i"), login_key("İ"));
        assert_eq!(parse_username("Ada").unwrap(), "Ada");
        assert!(parse_username("Ada Lovelace").is_err());
        assert!(parse_username("a\u{202e}b").is_err());
    }

    #[test]
    fn passwords_are_the_same_from_every_keyboard() {
        assert_eq!(password_form("cafe\u{301} noir"), "café noir");
        assert_eq!(password_form("a\u{7}b"), "a\u{7}b");
    }
}
