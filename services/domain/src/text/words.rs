//! Texts as they are searched: in words, without case, accents or normal form.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Longest word that is told apart.
const MAX_WORD: usize = 64;
/// Most words of one text.
const MAX_WORDS: usize = 32;

/// The words of a text: its runs of letters and digits, folded, each once, in order.
#[must_use]
pub fn search_words(text: &str) -> Vec<String> {
    let folded = text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase);
    // Lower case may bring marks along.
    let folded: String = folded.nfkd().filter(|c| !is_combining_mark(*c)).map(plain).collect();
    let mut words: Vec<String> = Vec::new();
    for word in folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let word: String = word.chars().take(MAX_WORD).collect();
        if !words.contains(&word) && words.len() < MAX_WORDS {
            words.push(word);
        }
    }
    words
}

/// Letters that people type without their stroke, though no normal form takes it off.
fn plain(c: char) -> char {
    match c {
        'ø' => 'o',
        'ł' => 'l',
        'đ' | 'ð' => 'd',
        'ħ' => 'h',
        'ı' => 'i',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_however_they_are_written() {
        assert_eq!(search_words("José O'Neill-Łukasz"), ["jose", "o", "neill", "lukasz"]);
        assert_eq!(search_words("JOSE\u{301}"), search_words("jos\u{e9}"));
        assert_eq!(search_words("Ada.Lovelace@x.org"), ["ada", "lovelace", "x", "org"]);
        assert_eq!(search_words("山田 太郎"), ["山田", "太郎"]);
        assert_eq!(search_words("İstanbul ﬁ ½"), ["istanbul", "fi", "1", "2"]);
        assert!(search_words(" - ").is_empty());
        assert_eq!(search_words(&"x".repeat(1_000))[0].len(), MAX_WORD);
    }
}
