//! Which passwords are accepted: long ones that are not guessable from who and where.
//!
//! No composition rules (NIST SP 800-63B §3.1.1.2): length is what counts.

use crate::token::random_bytes;

/// Fewest characters.
pub const MIN_CHARS: usize = 15;
/// Most characters.
pub const MAX_CHARS: usize = 256;
/// Characters that must remain when common and contextual words are taken out.
const MIN_OWN_CHARS: usize = 8;
/// Fewest different characters.
const MIN_DISTINCT: usize = 6;

const COMMON: &[&str] = &[
    "password",
    "passwort",
    "passphrase",
    "nearhand",
    "welcome",
    "letmein",
    "qwertyuiop",
    "qwerty",
    "asdfghjkl",
    "administrator",
    "admin",
    "iloveyou",
    "changeme",
    "secret",
    "1234567890",
    "123456789",
    "12345678",
    "0987654321",
    "123456",
    "12345",
    "1234",
    "abcdefghijklmnop",
    "abcdef",
    "abc",
    "111111",
    "000000",
    "login",
    "master",
    "summer",
    "winter",
    "spring",
    "autumn",
    "dragon",
    "football",
    "monkey",
    "sunshine",
    "princess",
];

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer than [`MIN_CHARS`] characters.
    #[error("use at least 15 characters; a few unrelated words do well")]
    TooShort,
    /// More than [`MAX_CHARS`] characters.
    #[error("use at most 256 characters")]
    TooLong,
    /// Made of common words, the person's or the organisation's name, or few characters.
    #[error("too easy to guess: it is made of common words, names from the account, or repetition")]
    Guessable,
}

/// Checks a new password. `context` holds what an attacker knows: names, e-mail, organisation.
///
/// # Errors
/// Says which rule it breaks.
pub fn check_password(password: &str, context: &[&str]) -> Result<(), PasswordError> {
    let chars = password.chars().count();
    if chars < MIN_CHARS {
        return Err(PasswordError::TooShort);
    }
    if chars > MAX_CHARS {
        return Err(PasswordError::TooLong);
    }
    let mut rest = password.to_lowercase();
    let mut distinct: Vec<char> = rest.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let mut words: Vec<String> = context
        .iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() >= 3)
        .collect();
    words.extend(COMMON.iter().map(|word| (*word).to_owned()));
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in &words {
        rest = rest.replace(word.as_str(), " ");
    }
    let own = rest.chars().filter(|c| c.is_alphanumeric()).count();
    if own < MIN_OWN_CHARS || distinct.len() < MIN_DISTINCT {
        return Err(PasswordError::Guessable);
    }
    Ok(())
}

/// A random password that is easy to read out: five groups of four, 100 bits.
#[must_use]
pub fn generate_password() -> String {
    // 32 letters and digits without those that look alike.
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let bytes = random_bytes::<20>();
    let mut text = String::with_capacity(24);
    for (i, byte) in bytes.iter().enumerate() {
        if i > 0 && i % 4 == 0 {
            text.push('-');
        }
        text.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_guessability() {
        let context = ["Ada", "Lovelace", "ada@engines.example", "Engines"];
        let check = |password: &str| check_password(password, &context);
        assert_eq!(check("short"), Err(PasswordError::TooShort));
        assert_eq!(check(&"ab".repeat(200)), Err(PasswordError::TooLong));
        assert_eq!(check("password12345678"), Err(PasswordError::Guessable));
        assert_eq!(check("adalovelaceengines!"), Err(PasswordError::Guessable));
        assert_eq!(check("aaaaaaaaaaaaaaaaaaaa"), Err(PasswordError::Guessable));
        assert_eq!(check("correct horse battery staple"), Ok(()));
        assert_eq!(check("Überraschung am Morgen"), Ok(()));
    }

    #[test]
    fn generated_ones_pass_and_differ() {
        let (one, two) = (generate_password(), generate_password());
        assert_eq!(check_password(&one, &[]), Ok(()));
        assert_ne!(one, two);
    }
}
