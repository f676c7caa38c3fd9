//! Names of columns: compared without regard to how they are written, and help with misspelt ones.
//!
//! It must not know which columns there are.

use strsim::osa_distance;

/// `name` in small letters, with one `_` for each run of spaces, underscores and hyphens, and none
/// at its ends: `" First-Name "` becomes `first_name`.
#[must_use]
pub fn fold_header(name: &str) -> String {
    let parts = name.split(|c: char| c.is_whitespace() || c == '_' || c == '-');
    let words: Vec<_> = parts.filter(|part| !part.is_empty()).map(str::to_lowercase).collect();
    words.join("_")
}

/// The name in `known` that `name` was probably meant to be: the one with the fewest edits (letters
/// added, left out, changed, or swapped with their neighbour), at most two and fewer than half the
/// letters. The first of several that are equally close. Names are compared as [`fold_header`]
/// writes them.
#[must_use]
pub fn closest<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = fold_header(name);
    let length = name.chars().count();
    let mut best = None;
    for &candidate in known {
        let folded = fold_header(candidate);
        let other = folded.chars().count();
        // The difference in length is a lower bound, and keeps long cells from costing time.
        if length.abs_diff(other) > MAX_EDITS {
            continue;
        }
        let edits = osa_distance(&name, &folded);
        let near = edits == 0 || (edits <= MAX_EDITS && edits * 2 < length.max(other));
        if near && best.is_none_or(|(fewest, _)| edits < fewest) {
            best = Some((edits, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

const MAX_EDITS: usize = 2;
