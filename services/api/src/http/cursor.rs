//! Cursors of lists, sealed: one can neither be forged nor used on another list.

use crate::http::{
    codes::Code,
    problem::{ApiResult, Problem},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use nearhand_domain::token::random_bytes;
use sha2::Sha256;
use uuid::Uuid;

/// Bytes of a cursor's authentication tag.
const TAG_BYTES: usize = 16;

/// Seals cursors, so that one can neither be forged nor used on another list.
#[derive(Clone)]
pub(crate) struct Cursors {
    key: [u8; 32],
}

impl Cursors {
    /// With the installation's key.
    #[must_use]
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// A cursor that continues `list` (its name with tenant and filters) after `last`.
    #[must_use]
    pub(crate) fn seal(&self, list: &str, last: Uuid) -> String {
        let salt = random_bytes::<8>();
        let mut bytes = [salt.as_slice(), last.as_bytes()].concat();
        let tag = self.mac(list, &bytes).finalize().into_bytes();
        bytes.extend(&tag[..TAG_BYTES]);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Where to continue.
    ///
    /// # Errors
    /// When the cursor was not made for this list.
    pub(crate) fn open(&self, list: &str, cursor: Option<&str>) -> ApiResult<Option<Uuid>> {
        let Some(cursor) = cursor else { return Ok(None) };
        let refused = || {
            let detail =
                "use `next_cursor` of the same list with the same filters, or leave it out";
            Problem::new(Code::InvalidCursor, detail)
        };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| refused())?;
        let (body, tag) = bytes.split_at_checked(24).ok_or_else(refused)?;
        if tag.len() != TAG_BYTES || self.mac(list, body).verify_truncated_left(tag).is_err() {
            return Err(refused());
        }
        Uuid::from_slice(&body[8..]).map(Some).map_err(|_| refused())
    }

    /// A hash under the installation's key, of something that must not be guessed from it.
    pub(crate) fn keyed_hash(&self, purpose: &str, body: &[u8]) -> [u8; 32] {
        self.mac(purpose, body).finalize().into_bytes().into()
    }

    fn mac(&self, list: &str, body: &[u8]) -> Hmac<Sha256> {
        // A key shorter than a block is filled up with zeros (RFC 2104 §2).
        let mut block = [0; 64];
        block[..self.key.len()].copy_from_slice(&self.key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(&(list.len() as u64).to_be_bytes());
        mac.update(list.as_bytes());
        mac.update(body);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_belongs_to_its_list() {
        let cursors = Cursors::new([7; 32]);
        let last = Uuid::now_v7();
        let sealed = cursors.seal("a", last);
        assert_eq!(cursors.open("a", Some(&sealed)).unwrap(), Some(last));
        assert!(cursors.open("b", Some(&sealed)).is_err());
        assert!(Cursors::new([8; 32]).open("a", Some(&sealed)).is_err());
        for bad in ["", "x", "AAAA", &sealed[1..]] {
            assert!(cursors.open("a", Some(bad)).is_err());
        }
        assert_eq!(cursors.open("a", None).unwrap(), None);
    }
}
