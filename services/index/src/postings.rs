//! Posting lists: of levels of skills that few have, where those who have them are shown. Must list
//! the very people whom the columns name.

mod list;
#[cfg(test)]
mod tests;
pub(crate) use list::{List, ROW, Reaches, Row, at_least, at_most};

/// Levels of skills, as many as a signature tells apart.
pub(crate) const LISTED: usize = 60;
/// Few are not more than one in so many.
const FEW: u32 = 8;

/// By level of a skill, as numbered by signatures, its list if there is one.
#[derive(Debug)]
pub(crate) struct Postings {
    lists: Vec<Option<List>>,
    /// Which have a list, a bit each.
    listed: u64,
}

/// Whether few of so many have an ability.
pub(crate) fn is_rare(having: u32, present: u32) -> bool {
    having <= present / FEW
}

impl Default for Postings {
    fn default() -> Self {
        Self { lists: (0..LISTED).map(|_| None).collect(), listed: 0 }
    }
}

impl Postings {
    /// Those who have an ability, if they are listed.
    pub(crate) fn list(&self, ability: usize) -> Option<&List> {
        self.lists.get(ability)?.as_ref()
    }

    /// Abilities with lists, a bit each.
    pub(crate) fn listed(&self) -> u64 {
        self.listed
    }

    /// Gives an ability a list, or takes it away.
    pub(crate) fn put(&mut self, ability: usize, list: Option<List>) {
        self.listed = self.listed & !(1 << ability) | u64::from(list.is_some()) << ability;
        self.lists[ability] = list;
    }

    /// The list of an ability, to be changed.
    pub(crate) fn list_mut(&mut self, ability: usize) -> Option<&mut List> {
        self.lists.get_mut(ability)?.as_mut()
    }

    pub(crate) fn approximate_bytes(&self) -> usize {
        self.lists.iter().flatten().map(List::approximate_bytes).sum()
    }
}
