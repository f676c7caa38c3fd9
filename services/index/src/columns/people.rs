//! Some of the people of a crowd, a bit each. Must hold no word without anybody: what is done with
//! them costs as much as they are, however many there are in all.

/// Some people, by the words of a crowd's columns they are in.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// Words in which there is anybody, by number, in order.
    words: Vec<(u32, u64)>,
    /// How many of them, the first ones, have been taken out.
    taken: usize,
}

impl People {
    /// Adds those of later words, which follow each other from a number on.
    pub(super) fn add(&mut self, first: u32, words: &[u64]) {
        let mut filled = self.words.len();
        self.words.resize(filled + words.len(), (0, 0));
        for (at, &word) in (first..).zip(words) {
            self.words[filled] = (at, word);
            // Whether there is anybody in a word is as good as drawn: no branch foresees it.
            filled += usize::from(word != 0);
        }
        self.words.truncate(filled);
    }

    /// Their numbers, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let of_word = |&(at, word): &(u32, u64)| {
            ones(word).filter_map(move |bit| Some(at * 64 + u32::try_from(bit).ok()?))
        };
        self.left().iter().flat_map(of_word)
    }

    /// Whether there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.left().is_empty()
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> usize {
        counts(self.left()).sum()
    }

    /// Whether they are more than so many. Cost: no more than so many words.
    #[must_use]
    pub fn more_than(&self, many: usize) -> bool {
        self.left().len() > many || self.count() > many
    }

    /// Takes out the first ones: all of the first words, so that at least so many are taken if
    /// there are.
    #[must_use]
    pub fn take(&mut self, least: usize) -> Self {
        let mut count = 0;
        let enough = |of_word| {
            let before = count;
            count += of_word;
            before < least
        };
        let words = counts(self.left()).map(enough).take_while(|more| *more).count();
        let some = self.left()[..words].to_vec();
        self.taken += words;
        Self { words: some, taken: 0 }
    }

    /// Takes those out for whom `passing`, asked word by word, says so.
    pub(super) fn split(&mut self, mut passing: impl FnMut(u32, u64) -> u64) -> Self {
        let mut these = Self { words: vec![(0, 0); self.words.len()], taken: 0 };
        let (mut passed, mut rest) = (0, 0);
        for at in self.taken..self.words.len() {
            let (number, word) = self.words[at];
            let pass = passing(number, word);
            // As in `add`.
            these.words[passed] = (number, pass);
            passed += usize::from(pass != 0);
            self.words[rest] = (number, word & !pass);
            rest += usize::from(word & !pass != 0);
        }
        these.words.truncate(passed);
        self.words.truncate(rest);
        self.taken = 0;
        these
    }

    fn left(&self) -> &[(u32, u64)] {
        &self.words[self.taken..]
    }
}

fn counts(words: &[(u32, u64)]) -> impl Iterator<Item = usize> {
    words.iter().map(|(_, word)| word.count_ones() as usize)
}

/// The numbers of a word's set bits.
pub(crate) fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros() as usize);
        word &= word.wrapping_sub(1);
        bit
    })
}
