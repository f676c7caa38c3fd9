//! Names that differ from a misspelt one by one letter. It does not know which of them exist.

const LETTERS: std::ops::RangeInclusive<char> = 'a'..='z';
/// Longer names are not looked at.
const MAX_LETTERS: usize = 40;

/// Every key one edit away: a letter too many, missing, wrong, or two letters swapped.
pub(crate) fn near(key: &str) -> Vec<String> {
    let letters: Vec<char> = key.chars().collect();
    if !(3..=MAX_LETTERS).contains(&letters.len()) {
        return Vec::new();
    }
    let mut all = Vec::new();
    for at in 0..=letters.len() {
        let (head, tail) = letters.split_at(at);
        for letter in LETTERS {
            all.push(head.iter().chain([&letter]).chain(tail).collect());
        }
        let [first, rest @ ..] = tail else { continue };
        all.push(head.iter().chain(rest).collect());
        for letter in LETTERS.filter(|letter| letter != first) {
            all.push(head.iter().chain([&letter]).chain(rest).collect());
        }
        if let [second, rest @ ..] = rest {
            all.push(head.iter().chain([second, first]).chain(rest).collect());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_edit_and_no_more() {
        let near = near("hambrug");
        assert!(near.contains(&"hamburg".to_owned()));
        assert!(near.contains(&"hambrg".to_owned()) && near.contains(&"hambrugs".to_owned()));
        assert!(!near.contains(&"hambrug".to_owned()) && !near.contains(&"homburg".to_owned()));
        assert!(super::near("ab").is_empty() && super::near(&"x".repeat(100)).is_empty());
    }
}
