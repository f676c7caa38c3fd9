//! Single values as apps write them, in JSON or as text: numbers in quotes or with a decimal comma,
//! times of every kind, placeholders that were never filled in. Must never fail: what cannot be read
//! is said to be so.

use crate::{
    epoch::{epoch_ms, rfc3339_ms, zoneless_ms},
    object::{any_value, drain},
};
use serde::{Deserialize, Deserializer, de::Visitor};

/// A number, in degrees or any other unit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Num {
    /// Not there, empty, null, or a placeholder.
    #[default]
    Missing,
    /// A number.
    Is(f64),
    /// Something else.
    Wrong,
}

/// An instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum When {
    /// Not there, empty, null, or a placeholder.
    #[default]
    Missing,
    /// Unix milliseconds.
    At(i64),
    /// Unix milliseconds, if the zone that was left out is UTC.
    Zoneless(i64),
    /// Something else.
    Wrong,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) Option<bool>);

/// A word, such as an identifier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Word(pub(crate) Option<String>);

/// Whether a template's placeholder was left as it is, such as `%LAT`, `{lat}` or `${lat}`. Some,
/// such as `%ACC`, begin like an encoded byte, and come as one that is no text.
fn is_placeholder(text: &str) -> bool {
    text.starts_with(['%', '{', '$', '[', '<', char::REPLACEMENT_CHARACTER])
}

/// The text, if it says anything.
pub(crate) fn meaningful(text: &str) -> Option<&str> {
    let text = text.trim();
    let nothing = ["null", "undefined", "(null)", "nil", "none"];
    let says_nothing = text.is_empty()
        || is_placeholder(text)
        || nothing.iter().any(|word| text.eq_ignore_ascii_case(word));
    (!says_nothing).then_some(text)
}

impl Num {
    pub(crate) fn of_text(text: &str) -> Self {
        meaningful(text).map_or(Self::Missing, |text| decimal(text).map_or(Self::Wrong, Self::Is))
    }

    /// The number, where unknown and unreadable are the same.
    pub(crate) fn known(self) -> Option<f64> {
        match self {
            Self::Is(number) => Some(number),
            Self::Missing | Self::Wrong => None,
        }
    }
}

/// A number with a decimal point or a decimal comma.
fn decimal(text: &str) -> Option<f64> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let (whole, fraction) = text.split_once(',')?;
    (!whole.contains('.') && !fraction.contains(','))
        .then(|| format!("{whole}.{fraction}").parse().ok())
        .flatten()
}

impl When {
    pub(crate) fn of_text(text: &str) -> Self {
        let Some(text) = meaningful(text) else { return Self::Missing };
        if let Some(at) = rfc3339_ms(text) {
            return Self::At(at);
        }
        if let Some(at) = zoneless_ms(text) {
            return Self::Zoneless(at);
        }
        decimal(text).map_or(Self::Wrong, Self::of_number)
    }

    fn of_number(number: f64) -> Self {
        epoch_ms(number).map_or(Self::Wrong, Self::At)
    }

    /// The instant, where unknown and unreadable are the same.
    pub(crate) fn known(self) -> Option<i64> {
        match self {
            Self::At(at) => Some(at),
            Self::Missing | Self::Zoneless(_) | Self::Wrong => None,
        }
    }
}

impl Flag {
    pub(crate) fn of_text(text: &str) -> Self {
        let is = |words: &[&str]| words.iter().any(|word| text.trim().eq_ignore_ascii_case(word));
        Self(if is(&["true", "1", "yes", "on"]) {
            Some(true)
        } else if is(&["false", "0", "no", "off"]) {
            Some(false)
        } else {
            None
        })
    }
}

impl Word {
    pub(crate) fn of_text(text: &str) -> Self {
        Self(meaningful(text).map(str::to_owned))
    }
}

struct NumVisitor;
struct WhenVisitor;
struct FlagVisitor;
struct WordVisitor;

#[expect(clippy::cast_precision_loss, reason = "no unit of ours needs more than 53 bits")]
impl<'de> Visitor<'de> for NumVisitor {
    any_value!(Num);

    fn visit_u64<E>(self, value: u64) -> Result<Num, E> {
        Ok(Num::Is(value as f64))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Num, E> {
        Ok(Num::Is(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Num, E> {
        Ok(Num::Is(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Num, E> {
        Ok(Num::of_text(text))
    }

    fn visit_unit<E>(self) -> Result<Num, E> {
        Ok(Num::Missing)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Num, E> {
        Ok(Num::Wrong)
    }

    drain!(Num::Wrong);
}

#[expect(clippy::cast_precision_loss, reason = "an instant beyond 53 bits is none of a phone")]
impl<'de> Visitor<'de> for WhenVisitor {
    any_value!(When);

    fn visit_u64<E>(self, value: u64) -> Result<When, E> {
        Ok(When::of_number(value as f64))
    }

    fn visit_i64<E>(self, value: i64) -> Result<When, E> {
        Ok(When::of_number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<When, E> {
        Ok(When::of_number(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<When, E> {
        Ok(When::of_text(text))
    }

    fn visit_unit<E>(self) -> Result<When, E> {
        Ok(When::Missing)
    }

    fn visit_bool<E>(self, _: bool) -> Result<When, E> {
        Ok(When::Wrong)
    }

    drain!(When::Wrong);
}

impl<'de> Visitor<'de> for FlagVisitor {
    any_value!(Flag);

    fn visit_bool<E>(self, value: bool) -> Result<Flag, E> {
        Ok(Flag(Some(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Flag, E> {
        Ok(Flag((value <= 1).then_some(value == 1)))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Flag, E> {
        Ok(Flag(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Flag, E> {
        Ok(Flag(None))
    }

    fn visit_str<E>(self, text: &str) -> Result<Flag, E> {
        Ok(Flag::of_text(text))
    }

    fn visit_unit<E>(self) -> Result<Flag, E> {
        Ok(Flag(None))
    }

    drain!(Flag(None));
}

impl<'de> Visitor<'de> for WordVisitor {
    any_value!(Word);

    fn visit_str<E>(self, text: &str) -> Result<Word, E> {
        Ok(Word::of_text(text))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Word, E> {
        Ok(Word(Some(value.to_string())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Word, E> {
        Ok(Word(Some(value.to_string())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Word, E> {
        Ok(Word(Some(value.to_string())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Word, E> {
        Ok(Word(None))
    }

    fn visit_unit<E>(self) -> Result<Word, E> {
        Ok(Word(None))
    }

    /// The first word of a list.
    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut list: A) -> Result<Word, A::Error> {
        let mut first = Word(None);
        while let Some(word) = list.next_element::<Word>()? {
            first.0 = first.0.or(word.0);
        }
        Ok(first)
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Word, A::Error> {
        crate::object::skip_map(map).map(|()| Word(None))
    }
}

macro_rules! read_by {
    ($($value:ident $visitor:ident),*) => {$(
        impl<'de> Deserialize<'de> for $value {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any($visitor)
            }
        }
    )*};
}

read_by!(Num NumVisitor, When WhenVisitor, Flag FlagVisitor, Word WordVisitor);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_in_many_spellings() {
        for text in ["38.5", " 38.5 ", "38,5", "+38.5", "3.85e1"] {
            assert_eq!(Num::of_text(text), Num::Is(38.5), "{text}");
        }
        for text in ["", " ", "%LAT", "{lat}", "${lat}", "\u{fffd}C", "null", "(null)"] {
            assert_eq!(Num::of_text(text), Num::Missing, "{text}");
        }
        for text in ["north", "1.234,5", "1,2,3", "38°"] {
            assert_eq!(Num::of_text(text), Num::Wrong, "{text}");
        }
        let in_json = |text: &str| serde_json::from_str::<Num>(text).unwrap();
        assert_eq!(in_json("\"38,5\""), Num::Is(38.5));
        assert_eq!(in_json("-1"), Num::Is(-1.0));
        assert_eq!(in_json("null"), Num::Missing);
        for wrong in ["true", "[1,[2]]", "{\"a\":{\"b\":1}}"] {
            assert_eq!(in_json(wrong), Num::Wrong, "{wrong}");
        }
    }

    #[test]
    fn times_come_in_many_spellings() {
        let at = When::At(1_800_000_000_000);
        for text in [
            "1800000000",
            "1800000000000",
            "1800000000.0",
            "2027-01-15T08:00:00Z",
            "2027-01-15T08:00:00.000+00:00",
            "2027-01-15T01:00:00-0700",
        ] {
            assert_eq!(When::of_text(text), at, "{text}");
        }
        assert_eq!(When::of_text("2027-01-15T08:00:00"), When::Zoneless(1_800_000_000_000));
        assert_eq!(When::of_text("%TIMESTAMP"), When::Missing);
        assert_eq!(When::of_text("yesterday"), When::Wrong);
        let in_json = |text: &str| serde_json::from_str::<When>(text).unwrap();
        assert_eq!(in_json("1800000000"), at);
        assert_eq!(in_json("\"1800000000\""), at);
        assert_eq!(in_json("[]"), When::Wrong);
    }

    #[test]
    fn flags_and_words_are_read_where_they_say_something() {
        for (text, value) in [("true", Some(true)), ("0", Some(false)), ("maybe", None)] {
            assert_eq!(Flag::of_text(text).0, value, "{text}");
        }
        let word = |text: &str| serde_json::from_str::<Word>(text).unwrap().0;
        assert_eq!(word("\"a\"").as_deref(), Some("a"));
        assert_eq!(word("7").as_deref(), Some("7"));
        assert_eq!(word("[null,\"b\",\"c\"]").as_deref(), Some("b"));
        assert_eq!(word("{\"a\":1}"), None);
    }
}
