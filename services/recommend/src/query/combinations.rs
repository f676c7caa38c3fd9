//! Tables with one value for each combination of levels, for few combinations. Must know nothing of
//! skills or services.

/// A table has at most so many entries: three skills of six levels.
const TABLE_MAX: usize = 216;

/// The place of a combination of levels, each below `base`, in a [`combination_table`].
pub(crate) fn combination_index(levels: impl Iterator<Item = u8>, base: usize) -> usize {
    levels.fold(0, |index, level| index * base + usize::from(level))
}

/// A value for each combination of `digits` levels below `base`; empty if there are more than
/// [`TABLE_MAX`] combinations.
pub(crate) fn combination_table<T>(
    digits: usize,
    base: usize,
    value: impl Fn(&[u8]) -> T,
) -> Vec<T> {
    let combinations = (0..digits).fold(1_usize, |n, _| n.saturating_mul(base));
    if digits == 0 || combinations > TABLE_MAX {
        return Vec::new();
    }
    let mut levels = vec![0; digits];
    let entry = |mut index: usize| {
        for level in levels.iter_mut().rev() {
            *level = u8::try_from(index % base).unwrap_or(0);
            index /= base;
        }
        value(&levels)
    };
    (0..combinations).map(entry).collect()
}
