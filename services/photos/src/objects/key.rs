//! The names of files in the store.
//!
//! A key never leaves the folder, and is the same in every store: it has no capitals, since some
//! file systems do not tell them apart.

use object_store::path::Path;

use super::StoreError;

/// Longer keys do not fit every file system.
const MAX_KEY_BYTES: usize = 512;
const MAX_PART_BYTES: usize = 200;

/// The place of a key behind the prefix of the store.
pub(super) fn place(prefix: &str, key: &str) -> Result<Path, StoreError> {
    match fault(key) {
        Some(why) => Err(StoreError::refused(format!("the key is wrong: {why}"))),
        None => Ok(Path::from(format!("{prefix}{key}"))),
    }
}

/// What is wrong with a key, or nothing.
pub(super) fn fault(key: &str) -> Option<&'static str> {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase()
            || byte.is_ascii_digit()
            || matches!(byte, b'/' | b'_' | b'.' | b'-')
    };
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        return Some("it has between 1 and 512 characters");
    }
    if !key.bytes().all(allowed) {
        return Some("it may only have a-z, 0-9, and / _ . -");
    }
    if key.split('/').any(|part| part.is_empty() || part == "." || part.contains("..")) {
        return Some("no part between slashes may be empty or `.`, or have two dots in a row");
    }
    if key.split('/').any(|part| part.len() > MAX_PART_BYTES) {
        return Some("a part between slashes has at most 200 characters");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_keys() {
        for key in ["a", "photos/0198/original.jpg", "a-b_c.d/e"] {
            assert_eq!(fault(key), None, "{key}");
        }
    }

    #[test]
    fn bad_keys() {
        let long = "a".repeat(513);
        for key in [
            "", "/a", "a/", "a//b", "..", "a/../b", ".", "a/./b", "A", "a b", "a%2e", "a\\b", "ä",
            "a\0", "a#1", &long,
        ] {
            assert!(fault(key).is_some(), "{key:?}");
        }
    }
}
