//! Some of the people of a crowd, a bit each. Must hold no word without anybody: what is done with
//! them costs as much as they are, however many there are in all.

/// Some people, by the words of a crowd's columns they are in.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// Words in which there is anybody, by number, in order.
    words: Vec<(u32, u64)>,
    count: usize,
}

impl People {
    /// Their numbers, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        let of_word = |&(at, word): &(u32, u64)| {
            ones(word).filter_map(move |bit| Some(at * 64 + u32::try_from(bit).ok()?))
        };
        self.words.iter().flat_map(of_word)
    }

    /// How many they are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Takes out the first ones: all of the first words, so that at least so many are taken if
    /// there are.
    #[must_use]
    pub fn take(&mut self, least: usize) -> Self {
        let mut some = Self::default();
        while some.count < least
            && let Some(&(at, word)) = self.words.get(some.words.len())
        {
            some.push(at, word);
        }
        self.words.drain(..some.words.len());
        self.count -= some.count;
        some
    }

    /// Adds those of a later word.
    pub(super) fn push(&mut self, at: u32, word: u64) {
        if word != 0 {
            self.words.push((at, word));
            self.count += word.count_ones() as usize;
        }
    }

    /// Takes those out for whom `passing`, asked word by word, says so.
    pub(super) fn split(&mut self, mut passing: impl FnMut(u32, u64) -> u64) -> Self {
        let mut these = Self::default();
        self.words.retain_mut(|(at, word)| {
            let passed = passing(*at, *word);
            these.push(*at, passed);
            *word &= !passed;
            *word != 0
        });
        self.count -= these.count;
        these
    }
}

/// The numbers of a word's set bits.
pub(crate) fn ones(mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (word != 0).then(|| word.trailing_zeros() as usize);
        word &= word.wrapping_sub(1);
        bit
    })
}
