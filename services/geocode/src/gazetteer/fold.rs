//! Names as they are compared: without case, accents, normal form, spaces and punctuation. It knows
//! no data. `data/build.py` folds in the same way; the test of `places` holds both together.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Longest text that is looked at, in characters.
const MAX_CHARS: usize = 200;

/// The key of a name. `St. Gallen` and `Sankt-Gallen` have one key, and so have `Zürich` and `ZURICH`.
pub(crate) fn fold(text: &str) -> String {
    words(text).concat().nfc().collect()
}

/// The folded words of a text, in order, abbreviations written out.
pub(crate) fn words(text: &str) -> Vec<String> {
    let lower = text
        .chars()
        .take(MAX_CHARS)
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase);
    // Lower case may bring marks along.
    let mut plain = String::new();
    for c in lower.nfkd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'ø' => plain.push('o'),
            'ł' => plain.push('l'),
            'đ' | 'ð' => plain.push('d'),
            'ħ' => plain.push('h'),
            'ı' => plain.push('i'),
            'ß' => plain.push_str("ss"),
            'æ' => plain.push_str("ae"),
            'œ' => plain.push_str("oe"),
            'þ' => plain.push_str("th"),
            '\'' | '’' | '‘' | 'ʼ' | 'ʻ' | '`' => {}
            other => plain.push(other),
        }
    }
    let split = plain.split(|c: char| !c.is_alphanumeric());
    split.filter(|word| !word.is_empty()).map(|word| written_out(word).to_owned()).collect()
}

/// `Zuerich` for `Zürich`, `Koebenhavn` for `København`, `Aarhus` for `Århus`: the key without the
/// second letter that stands for a mark. None when there is no such pair.
pub(crate) fn without_digraphs(key: &str) -> Option<String> {
    let short = key.replace("ae", "a").replace("oe", "o").replace("ue", "u").replace("aa", "a");
    (short != key).then_some(short)
}

fn written_out(word: &str) -> &str {
    match word {
        "st" | "sankt" => "saint",
        "ste" => "sainte",
        "mt" => "mount",
        "ft" => "fort",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_one_key_however_it_is_written() {
        for (one, other) in [
            ("Zürich", "ZURICH"),
            ("Zu\u{308}rich", "Z\u{fc}rich"),
            ("St. Gallen", "Sankt-Gallen"),
            ("Saint Louis", "st louis"),
            ("Baden-Baden", "baden baden"),
            ("Gießen", "GIESSEN"),
            ("Łódź", "lodz"),
            ("O’Fallon", "O'Fallon"),
            ("İstanbul", "istanbul"),
            ("서울", "\u{1109}\u{1165}\u{110b}\u{116e}\u{11af}"),
        ] {
            assert_eq!(fold(one), fold(other), "{one}");
        }
        assert_ne!(fold("Saint-Marie"), fold("Sainte-Marie"));
        assert_ne!(fold("Baden"), fold("Baden-Baden"));
        assert_eq!(fold(" - "), "");
        assert_eq!(without_digraphs("zuerich").as_deref(), Some("zurich"));
        assert_eq!(without_digraphs("bern"), None);
    }
}
