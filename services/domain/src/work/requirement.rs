//! What a case asks of a person, beyond services and place.

use crate::text::{Code, LanguageTag};
use serde::{Deserialize, Serialize};

/// Everything a case asks for that names nothing stored elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirements {
    /// Skills, each with a least and a wished level.
    #[serde(default)]
    pub skills: Vec<SkillRequirement>,
    /// Licences, each valid for the whole of the case.
    #[serde(default)]
    pub licences: Vec<LicenceRequirement>,
    /// Languages, any of which will do.
    #[serde(default)]
    pub languages: Vec<LanguageTag>,
    /// Whether one of the languages must be spoken at B2 or better.
    #[serde(default)]
    pub language_required: bool,
}

/// A skill and how much of it: 1 ≤ required ≤ preferred ≤ 5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkillRequirement {
    /// Which.
    pub code: Code,
    /// Nobody below this level.
    pub required: u8,
    /// From this level on it counts in full.
    pub preferred: u8,
}

/// A licence by kind and place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LicenceRequirement {
    /// Kind, such as `PI`.
    pub code: Code,
    /// Where, such as `US-CA`.
    pub jurisdiction: Code,
}

impl SkillRequirement {
    /// Checks the levels; `preferred` defaults to `required`.
    ///
    /// # Errors
    /// When the levels are not 1 ≤ required ≤ preferred ≤ 5.
    pub fn new(code: Code, required: u8, preferred: Option<u8>) -> Result<Self, &'static str> {
        let preferred = preferred.unwrap_or(required);
        if (1..=5).contains(&required) && (required..=5).contains(&preferred) {
            Ok(Self { code, required, preferred })
        } else {
            Err("levels must satisfy 1 <= required <= preferred <= 5")
        }
    }
}
