//! How gladly a person works: preferences for services and regions, and language levels.

use serde::{Deserialize, Serialize};

/// A person's stated preference for a service or a region. Unstated is `None`, not a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Preference {
    /// Is never to be sent.
    Never = 1,
    /// Only when there is nobody else.
    Avoid = 2,
    /// Is fine with it.
    Willing = 3,
    /// Likes it.
    Preferred = 4,
}

impl Preference {
    /// Every level, from least to most wanted.
    pub const ALL: [Self; 4] = [Self::Never, Self::Avoid, Self::Willing, Self::Preferred];

    /// The word on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Avoid => "avoid",
            Self::Willing => "willing",
            Self::Preferred => "preferred",
        }
    }

    /// The level of a word, if it is one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }
}

/// How well a person speaks a language, by the Common European Framework.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum LanguageLevel {
    /// Beginner.
    A1 = 1,
    /// Elementary.
    A2 = 2,
    /// Intermediate.
    B1 = 3,
    /// Upper intermediate.
    B2 = 4,
    /// Advanced.
    C1 = 5,
    /// Proficient.
    C2 = 6,
    /// First language.
    Native = 7,
}

impl LanguageLevel {
    /// Every level, from least to most able.
    pub const ALL: [Self; 7] =
        [Self::A1, Self::A2, Self::B1, Self::B2, Self::C1, Self::C2, Self::Native];

    /// The word on the wire and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A1 => "a1",
            Self::A2 => "a2",
            Self::B1 => "b1",
            Self::B2 => "b2",
            Self::C1 => "c1",
            Self::C2 => "c2",
            Self::Native => "native",
        }
    }

    /// The level of a word, if it is one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.as_str() == word)
    }
}
