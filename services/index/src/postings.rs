//! Posting lists: of each level of a skill that few have, where those who have it are shown. Must
//! list the very people whom the columns name.

mod list;
#[cfg(test)]
mod tests;
pub(crate) use list::{Bounds, List, ROW, Row, at_most};

/// Levels of skills, as many as a signature tells apart.
pub(crate) const LISTED: usize = 60;
/// What not even one in so many has is listed.
const RARE: u32 = 8;

/// By level of a skill, as numbered by signatures, its list if few have it.
#[derive(Debug)]
pub(crate) struct Postings {
    lists: Vec<Option<List>>,
    /// Which have a list, a bit each.
    listed: u64,
}

/// What is to become of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Keep,
    Drop,
    /// There is none, and there should be.
    Make,
}

impl Default for Postings {
    fn default() -> Self {
        Self { lists: (0..LISTED).map(|_| None).collect(), listed: 0 }
    }
}

impl Postings {
    /// Those who have an ability, if they are few.
    pub(crate) fn list(&self, ability: usize) -> Option<&List> {
        self.lists.get(ability)?.as_ref()
    }

    /// Abilities with lists, a bit each.
    pub(crate) fn listed(&self) -> u64 {
        self.listed
    }

    /// Whether an ability that `having` of `present` people have is to have a list. A list is made
    /// later than one is dropped, so that none comes and goes all the time.
    pub(crate) fn verdict(&self, ability: usize, having: u32, present: u32) -> Verdict {
        let limit = present / RARE;
        match self.list(ability) {
            Some(_) if having > limit => Verdict::Drop,
            None if having <= limit - limit / 8 => Verdict::Make,
            _ => Verdict::Keep,
        }
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

    /// Gives back room kept for growing, where many were put in one by one.
    pub(crate) fn pack(&mut self) {
        for list in self.lists.iter_mut().flatten() {
            *list = List::of(list.places());
        }
    }

    pub(crate) fn approximate_bytes(&self) -> usize {
        self.lists.iter().flatten().map(List::approximate_bytes).sum()
    }
}
