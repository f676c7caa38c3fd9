//! A sparse set of rows of a bitmap index. Must hold no word without a set bit, so that its cost
//! follows the people in it, not the people there are.

use super::bits::set_bits;

/// Some rows of a bitmap index, by the words they are in.
#[derive(Clone, Debug, Default)]
pub struct RowSet {
    /// The number of each word with a set bit, and the word, in order.
    words: Vec<(u32, u64)>,
    /// How many of the first words have been taken out.
    taken: usize,
}

impl RowSet {
    /// Adds the rows of consecutive words, the first of which has this number. The number must be
    /// above those of the words that are here.
    pub(super) fn append(&mut self, first: u32, words: &[u64]) {
        let mut filled = self.words.len();
        self.words.resize(filled + words.len(), (0, 0));
        for (at, &word) in (first..).zip(words) {
            self.words[filled] = (at, word);
            // A branch would be mispredicted: whether a word is empty is as good as random.
            filled += usize::from(word != 0);
        }
        self.words.truncate(filled);
    }

    /// The rows, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let of_word = |&(at, word): &(u32, u64)| {
            set_bits(word).filter_map(move |bit| Some(at * 64 + u32::try_from(bit).ok()?))
        };
        self.left().iter().flat_map(of_word)
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left().is_empty()
    }

    /// How many rows there are.
    #[must_use]
    pub fn count(&self) -> usize {
        counts(self.left()).sum()
    }

    /// Whether there are more rows than `many`. Cost: at most `many` words.
    #[must_use]
    pub fn more_than(&self, many: usize) -> bool {
        self.left().len() > many || self.count() > many
    }

    /// Takes out the first rows by whole words: at least `least` rows, if there are so many.
    #[must_use]
    pub fn take(&mut self, least: usize) -> Self {
        let mut count = 0;
        let more_needed = |of_word| {
            let before = count;
            count += of_word;
            before < least
        };
        let words = counts(self.left()).map(more_needed).take_while(|more| *more).count();
        let first = self.left()[..words].to_vec();
        self.taken += words;
        Self { words: first, taken: 0 }
    }

    /// Takes out the rows that `matching` returns for each word.
    pub(super) fn split(&mut self, mut matching: impl FnMut(u32, u64) -> u64) -> Self {
        let mut out = Self { words: vec![(0, 0); self.words.len()], taken: 0 };
        let (mut moved, mut kept) = (0, 0);
        for at in self.taken..self.words.len() {
            let (number, word) = self.words[at];
            let matched = matching(number, word);
            // Without branches, as in `append`.
            out.words[moved] = (number, matched);
            moved += usize::from(matched != 0);
            self.words[kept] = (number, word & !matched);
            kept += usize::from(word & !matched != 0);
        }
        out.words.truncate(moved);
        self.words.truncate(kept);
        self.taken = 0;
        out
    }

    fn left(&self) -> &[(u32, u64)] {
        &self.words[self.taken..]
    }
}

fn counts(words: &[(u32, u64)]) -> impl Iterator<Item = usize> {
    words.iter().map(|(_, word)| word.count_ones() as usize)
}
