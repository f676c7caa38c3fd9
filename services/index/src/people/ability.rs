//! One stated ability of a person in four bytes. Must sort by kind and code.

/// What an ability is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AbilityKind {
    Service = 0,
    Region = 1,
    Skill = 2,
    Language = 3,
}

/// Kind (2 bits), number (27) and level (3) in one word, sortable by kind and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ability(u32);

impl Ability {
    pub(crate) fn new(kind: AbilityKind, code: u32, level: u8) -> Self {
        Self((kind as u32) << 30 | code << 3 | u32::from(level & 7))
    }

    pub(crate) fn key(self) -> u32 {
        self.0 >> 3
    }

    pub(crate) fn kind(self) -> AbilityKind {
        match self.0 >> 30 {
            0 => AbilityKind::Service,
            1 => AbilityKind::Region,
            2 => AbilityKind::Skill,
            _ => AbilityKind::Language,
        }
    }

    pub(crate) fn code(self) -> u32 {
        (self.0 >> 3) & ((1 << 27) - 1)
    }

    pub(crate) fn level(self) -> u8 {
        (self.0 & 7) as u8
    }
}
