//! What is derived from a person's texts: the keys of their logins and the words they are found by.

use crate::text::{login_key, search_words};

/// The rules by which keys and words are derived today. Raise it when they change: `migrate` then
/// derives them anew.
pub const DERIVED_BY: i16 = 1;

/// A person's texts.
#[derive(Clone, Copy, Debug)]
pub struct PersonTexts<'a> {
    /// Given name.
    pub first_name: Option<&'a str>,
    /// Family name.
    pub last_name: Option<&'a str>,
    /// What colleagues and customers see.
    pub display_name: &'a str,
    /// A second login name.
    pub username: Option<&'a str>,
    /// Login.
    pub email: Option<&'a str>,
    /// Code in invoices.
    pub account_code: Option<&'a str>,
}

impl PersonTexts<'_> {
    /// By what their e-mail address is compared.
    #[must_use]
    pub fn email_key(&self) -> Option<String> {
        self.email.map(login_key)
    }

    /// By what their user name is compared.
    #[must_use]
    pub fn username_key(&self) -> Option<String> {
        self.username.map(login_key)
    }

    /// The words they are found by, each once, in order; and whether it comes from their e-mail
    /// address alone, so that only those who may see that may search by it.
    #[must_use]
    pub fn words(&self) -> Vec<(String, bool)> {
        let open = [self.first_name, self.last_name, Some(self.display_name), self.username];
        let open = open.into_iter().flatten().chain(self.account_code).flat_map(search_words);
        let personal = self.email.into_iter().flat_map(search_words);
        let mut words: Vec<(String, bool)> =
            open.map(|word| (word, false)).chain(personal.map(|word| (word, true))).collect();
        words.sort_unstable();
        words.dedup_by(|second, first| second.0 == first.0);
        words
    }
}
