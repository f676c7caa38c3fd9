//! Small numbers in place of identifiers and codes, so that a person's record stays compact.
//! Must never forget or renumber a word: records refer to it by number.

use nearhand_domain::{ClientId, RegionId, ServiceId, language, text::code_key};
use rustc_hash::FxHashMap;
use std::{borrow::Borrow, hash::Hash};

/// The most words of one kind; far more than any organisation has.
pub const MAX_CODE: u32 = (1 << 27) - 1;

/// Words of one kind, numbered from 0 in order of appearance.
#[derive(Clone, Debug)]
pub struct Interner<K> {
    codes: FxHashMap<K, u32>,
}

impl<K> Default for Interner<K> {
    fn default() -> Self {
        Self { codes: FxHashMap::default() }
    }
}

impl<K: Eq + Hash> Interner<K> {
    /// The number of a word, given at its first appearance. `None` past [`MAX_CODE`] words.
    pub fn intern<Q>(&mut self, word: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(&code) = self.codes.get(word) {
            return Some(code);
        }
        let code = u32::try_from(self.codes.len()).ok().filter(|&code| code <= MAX_CODE)?;
        self.codes.insert(word.to_owned(), code);
        Some(code)
    }

    /// The number of a word somebody has used.
    #[must_use]
    pub fn code<Q>(&self, word: &Q) -> Option<u32>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.codes.get(word).copied()
    }

    /// How many words there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }
}

/// All words of one organisation.
#[derive(Clone, Debug, Default)]
pub struct Vocabulary {
    /// Services people state preferences for.
    pub services: Interner<ServiceId>,
    /// Regions people state preferences for.
    pub regions: Interner<RegionId>,
    /// Skills, see [`skill_word`].
    pub skills: Interner<String>,
    /// Languages as canonical tags in lower case.
    languages: Interner<String>,
    /// The number of every spelling of a language that was met.
    spellings: FxHashMap<String, u32>,
    /// Licences by code and jurisdiction, see [`licence_word`].
    pub licences: Interner<String>,
    /// Clients visited.
    pub clients: Interner<ClientId>,
}

impl Vocabulary {
    /// The number of a language, given at its first appearance.
    pub fn intern_language(&mut self, tag: &str) -> Option<u32> {
        if let Some(&code) = self.spellings.get(tag) {
            return Some(code);
        }
        let code = self.languages.intern(language_word(tag).as_str())?;
        self.spellings.insert(tag.to_owned(), code);
        Some(code)
    }

    /// The numbers of all languages that a range asks for, in ascending order. O(languages).
    #[must_use]
    pub fn languages_in(&self, range: &str) -> Vec<u32> {
        let range = language_word(range);
        let words = self.languages.codes.iter();
        let mut codes: Vec<u32> = words
            .filter(|(word, _)| language::matches(&range, word))
            .map(|(_, &code)| code)
            .collect();
        codes.sort_unstable();
        codes
    }
}

/// The one word for a skill's code.
#[must_use]
pub fn skill_word(code: &str) -> String {
    code_key(code)
}

/// The one word for a licence's code and jurisdiction.
#[must_use]
pub fn licence_word(code: &str, jurisdiction: &str) -> String {
    format!("{}\u{1f}{}", code_key(code), code_key(jurisdiction))
}

/// The one spelling of a language tag (BCP 47 tags do not tell case).
fn language_word(tag: &str) -> String {
    language::canonical(tag).unwrap_or_else(|| tag.to_owned()).to_ascii_lowercase()
}
