//! Opaque tokens `nh_<kind>_<organisation>_<secret>`: the tenant is known before any lookup, and
//! only a hash is ever stored.

use crate::ids::OrganizationId;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::fmt;
use uuid::Uuid;

/// Bytes of randomness in a token.
const SECRET_BYTES: usize = 32;
/// Longest text that can be a token; anything longer is refused unread.
const MAX_LEN: usize = 128;

/// What a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A session's short-lived access.
    Access,
    /// A session's renewal.
    Refresh,
    /// A browser's session, in a cookie.
    Browser,
    /// A device: may only write its person's pings.
    Device,
    /// A service account: the organisation's own software.
    ApiKey,
    /// One event stream, once, within a minute, in place of a session's access.
    Ticket,
    /// The link of an invitation, once.
    Invitation,
    /// The link that sets a password anew, once.
    Reset,
    /// The link that confirms a new address, once.
    EmailChange,
    /// The link by which a person answers an offer.
    Offer,
}

impl TokenKind {
    const ALL: [Self; 10] = [
        Self::Access,
        Self::Refresh,
        Self::Browser,
        Self::Device,
        Self::ApiKey,
        Self::Ticket,
        Self::Invitation,
        Self::Reset,
        Self::EmailChange,
        Self::Offer,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Access => "acc",
            Self::Refresh => "ref",
            Self::Browser => "web",
            Self::Device => "dev",
            Self::ApiKey => "key",
            Self::Ticket => "tkt",
            Self::Invitation => "inv",
            Self::Reset => "rst",
            Self::EmailChange => "eml",
            Self::Offer => "ofr",
        }
    }
}

/// The SHA-256 of a token: what is stored and looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl TokenHash {
    /// The hash of any secret text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(Sha256::digest(text.as_bytes()).into())
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(redacted)")
    }
}

/// A token as it was presented: well formed, not yet believed.
#[derive(Clone, Copy, Debug)]
pub struct PresentedToken {
    /// What it claims to open.
    pub kind: TokenKind,
    /// The tenant it claims.
    pub organization: OrganizationId,
    /// The hash to look up.
    pub hash: TokenHash,
}

impl PresentedToken {
    /// Reads a token; `None` when it is none of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LEN {
            return None;
        }
        let mut parts = text.splitn(4, '_');
        if parts.next()? != "nh" {
            return None;
        }
        let word = parts.next()?;
        let kind = TokenKind::ALL.into_iter().find(|kind| kind.word() == word)?;
        let organization = parts.next().filter(|text| text.len() == 32)?;
        let organization = Uuid::try_parse(organization).ok()?.into();
        let secret = URL_SAFE_NO_PAD.decode(parts.next()?).ok()?;
        (secret.len() == SECRET_BYTES).then(|| Self {
            kind,
            organization,
            hash: TokenHash::of(text),
        })
    }
}

/// A fresh token, to be shown once, and its hash, to be stored.
#[must_use]
pub fn mint(kind: TokenKind, organization: OrganizationId) -> (String, TokenHash) {
    let text = format!("nh_{}_{}_{}", kind.word(), organization.0.simple(), random_secret());
    let hash = TokenHash::of(&text);
    (text, hash)
}

/// 256 random bits as URL-safe text.
///
/// # Panics
/// When the operating system has no randomness to give; nothing could be kept secret then.
#[must_use]
pub fn random_secret() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<SECRET_BYTES>())
}

/// Random bytes from the operating system.
///
/// # Panics
/// When the operating system has none to give.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the operating system gives no randomness: {error}");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_minted_parses_and_nothing_else_does() {
        let organization = OrganizationId::generate();
        let (text, hash) = mint(TokenKind::Device, organization);
        let token = PresentedToken::parse(&text).unwrap();
        assert_eq!((token.kind, token.organization), (TokenKind::Device, organization));
        assert!(token.hash == hash);
        for bad in ["", "nh", "nh_dev", "nh_dev_x_y", &text[..text.len() - 1], &text[1..]] {
            assert!(PresentedToken::parse(bad).is_none(), "{bad}");
        }
        assert!(PresentedToken::parse(&"n".repeat(10_000)).is_none());
    }
}
