//! Preferences and levels of languages as small ordinals. Must order them as ranking does.

/// A preference as an ordinal: 0 never, 1 avoid, 2 unstated, 3 willing, 4 preferred.
pub type Willingness = u8;

/// The ordinal of a preference that is not stated.
pub const UNSTATED: Willingness = 2;
/// The ordinal of `willing`.
pub const WILLING: Willingness = 3;
/// The ordinal of `preferred`.
pub const PREFERRED: Willingness = 4;

/// The class of a language's level: 0 below b1, 1 b1, 2 b2, 3 c1, 4 c2 or native.
pub type Fluency = u8;

/// The highest level of a skill; the lowest is 1.
pub const BEST_LEVEL: u8 = 5;

/// The ordinal of a stored preference (`Preference as u8`).
pub(crate) fn willingness(stored: u8) -> Willingness {
    match stored {
        1 | 2 => stored - 1,
        3 | 4 => stored,
        _ => UNSTATED,
    }
}

/// The class of a stored language level (`LanguageLevel as u8`).
pub(crate) fn fluency(stored: u8) -> Fluency {
    match stored {
        7 | 6 => 4,
        5 => 3,
        4 => 2,
        3 => 1,
        _ => 0,
    }
}

/// The best willingness for a region, from the filters of those who are willing and who prefer it.
/// A region in neither filter is perhaps unstated.
pub(crate) fn region_willingness([willing, preferred]: [bool; 2]) -> Willingness {
    match (willing, preferred) {
        (_, true) => PREFERRED,
        (true, false) => WILLING,
        _ => UNSTATED,
    }
}
