//! Makes JSON of what is nearly JSON: `NaN`, `1e999`, `38,5`, a comma too many, half a surrogate.
//!
//! Such text comes from templates and from printing numbers by a phone's language. Only what cannot
//! be JSON is touched, so nothing that is JSON changes its meaning. Must not repair a text that ends
//! too early. It costs a copy; only bodies that could not be read come here.

/// The text, mended where that is possible.
pub(crate) fn mended(text: &str) -> String {
    let mut mender =
        Mender { rest: text, out: String::with_capacity(text.len() + 16), open: vec![] };
    while let Some(next) = mender.rest.chars().next() {
        match next {
            '"' => mender.string(),
            '-' | '+' | '.' | '0'..='9' => mender.number(),
            c if c.is_alphabetic() => mender.word(""),
            ',' => mender.comma(),
            _ => mender.other(next),
        }
    }
    mender.out
}

struct Mender<'a> {
    rest: &'a str,
    out: String,
    /// The brackets that are open.
    open: Vec<char>,
}

impl Mender<'_> {
    fn other(&mut self, next: char) {
        match next {
            '{' | '[' => self.open.push(next),
            '}' | ']' => drop(self.open.pop()),
            _ => {}
        }
        self.out.push(next);
        self.skip(next.len_utf8());
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or("");
    }

    /// What satisfies the test, taken from the rest.
    fn take(&mut self, is_part: impl Fn(char) -> bool) -> &str {
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// A comma before a closing bracket is left out.
    fn comma(&mut self) {
        self.skip(1);
        let next = self.rest.trim_start().chars().next();
        if !matches!(next, Some('}' | ']')) {
            self.out.push(',');
        }
    }

    /// A bare word: `True`, `NaN`, `None`.
    fn word(&mut self, sign: &str) {
        let word = self.take(|c| c.is_alphanumeric() || c == '_');
        let (exact, ends) = (word.to_owned(), self.rest.is_empty());
        let json = match exact.to_ascii_lowercase().as_str() {
            "true" => "true",
            "false" => "false",
            // Infinite as a radius is worse than any; as anything else it is unknown.
            "inf" | "infinity" => "1e308",
            "nan" | "null" | "none" | "nil" | "undefined" => "null",
            // The beginning of a word, if the rest got lost.
            _ if ends => exact.as_str(),
            // Not JSON, whatever stands around it.
            _ => "?",
        };
        if json == "1e308" {
            self.out.push_str(sign);
        }
        self.out.push_str(json);
    }

    fn number(&mut self) {
        let number = self.take(|c| matches!(c, '-' | '+' | '.' | 'e' | 'E') || c.is_ascii_digit());
        let mut number = number.to_owned();
        if matches!(number.as_str(), "-" | "+") && self.rest.starts_with(char::is_alphabetic) {
            self.word(if number == "-" { "-" } else { "" });
            return;
        }
        // In an object a digit behind a comma is no name of a member: it is a decimal comma.
        let fraction =
            self.rest.strip_prefix(',').filter(|f| f.starts_with(|c: char| c.is_ascii_digit()));
        if fraction.is_some() && self.open.last() == Some(&'{') && !number.contains('.') {
            self.skip(1);
            number.push('.');
            number.push_str(self.take(|c| c.is_ascii_digit()));
        }
        if serde_json::from_str::<f64>(&number).is_ok() {
            self.out.push_str(&number);
            return;
        }
        match number.parse::<f64>() {
            Ok(value) if value.is_finite() => self.out.push_str(&format!("{value:e}")),
            Ok(value) if value < 0.0 => self.out.push_str("-1e308"),
            Ok(_) => self.out.push_str("1e308"),
            Err(_) => self.out.push_str("null"),
        }
    }

    /// A string, with its escapes made ones that JSON has.
    fn string(&mut self) {
        self.out.push('"');
        self.skip(1);
        while let Some(next) = self.rest.chars().next() {
            match next {
                '"' => {
                    self.out.push('"');
                    self.skip(1);
                    return;
                }
                '\\' => self.escape(),
                c if c < ' ' => {
                    self.out.push(' ');
                    self.skip(1);
                }
                c => {
                    self.out.push(c);
                    self.skip(c.len_utf8());
                }
            }
        }
    }

    fn escape(&mut self) {
        // As long as the text goes on, or its end is lost.
        let Some(kind) = self.rest.chars().nth(1) else {
            self.out.push('\\');
            self.rest = "";
            return;
        };
        if kind == 'u' {
            self.unicode();
        } else {
            if matches!(kind, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') {
                self.out.push('\\');
            }
            self.out.push(kind);
            self.skip(1 + kind.len_utf8());
        }
    }

    /// `\uXXXX`, or two of them that are one character.
    fn unicode(&mut self) {
        let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
        let Some(first) = unit(self.rest) else {
            self.out.push('\u{fffd}');
            self.skip(2);
            return;
        };
        let second = self.rest.get(6..).and_then(unit);
        let pair = [first, second.unwrap_or_default()];
        let decoded = char::decode_utf16(pair).next().and_then(Result::ok);
        let is_pair = (0xd800..0xdc00).contains(&first) && decoded.is_some();
        let bytes = if is_pair { 12 } else { 6 };
        if decoded.is_some() {
            let escaped = self.rest.get(..bytes).unwrap_or_default();
            self.out.push_str(escaped);
        } else {
            self.out.push('\u{fffd}');
        }
        self.skip(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn what_is_nearly_json_becomes_json() {
        for (text, value) in [
            (r#"{"a":NaN,"b":-Infinity,"c":1e999}"#, json!({"a":null,"b":-1e308,"c":1e308})),
            (r#"{"lat":38,7169,"lon":-9,1399}"#, json!({"lat":38.7169,"lon":-9.1399})),
            ("[1,2,]", json!([1, 2])),
            (r#"{"a":+1.5,"b":.5,"c":007,}"#, json!({"a":1.5,"b":0.5,"c":7.0})),
            (r#"{"a":True,"b":None}"#, json!({"a":true,"b":null})),
            (r#""\ud83d x \ud83d\ude00 \x \'""#, json!("\u{fffd} x \u{1f600} x '")),
            ("\"a\nb\"", json!("a b")),
            (r#"{"a":-}"#, json!({"a":null})),
        ] {
            let mended = mended(text);
            let read: Value =
                serde_json::from_str(&mended).unwrap_or_else(|e| panic!("{mended}: {e}"));
            assert_eq!(read, value, "{text}");
        }
    }

    #[test]
    fn what_ends_too_early_still_does_and_what_is_something_else_stays_so() {
        for short in [r#"{"a":"b\"#, r#"{"a":"b\u00"#, "[1,", r#"{"a""#, "["] {
            let error = serde_json::from_str::<Value>(&mended(short)).unwrap_err();
            assert!(error.is_eof(), "{short}: {error}");
        }
        assert!(serde_json::from_str::<Value>(&mended("hello")).is_err());
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e9..1e9).prop_map(|f: f64| json!(f)),
            ".{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((".{0,6}", inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_keeps_its_meaning(value in any_json(), pretty: bool) {
            let text = if pretty {
                serde_json::to_string_pretty(&value)
            } else {
                serde_json::to_string(&value)
            };
            let text = text.unwrap();
            // Both are read in the same way, which is not exact to the last digit.
            let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            prop_assert_eq!(read(&mended(&text)), read(&text));
        }

        #[test]
        fn no_text_is_too_wild(text in "[\\[\\]{},:\"\\\\a-zA-Z0-9+.e \\-\u{e9}]{0,60}") {
            mended(&text);
        }
    }
}
