//! JSON in which no object names a key twice. Parsers disagree on which of two equal keys counts,
//! so two parts of a system could read different values (RFC 8259 §4).

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value, value::RawValue};
use std::{collections::BTreeMap, fmt};

/// A value whose objects name each key once.
pub(crate) struct UniqueKeys(pub(crate) Value);

/// How deep numbers are looked for by [`too_large`].
const DEEPEST: usize = 16;
/// Most numbers that [`too_large`] finds.
const MOST: usize = 50;

/// What a repeated key's error begins with.
pub(crate) const REPEATED: &str = "the same key stands twice";

impl<'de> Deserialize<'de> for UniqueKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(UniqueKeys(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            let UniqueKeys(value) = object.next_value()?;
            if members.insert(key, value).is_some() {
                return Err(Error::custom(REPEATED));
            }
        }
        Ok(Value::Object(members))
    }
}

/// RFC 6901 pointers of the numbers that no 64-bit float can hold, such as `1e999`. The parser
/// gives up at the first of them and does not say where in the document it stands.
///
/// Cost: the text is scanned once for every level of nesting, at most 16 times.
pub(crate) fn too_large(text: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    if let Ok(raw) = serde_json::from_slice::<&RawValue>(text) {
        look(raw, "", 0, &mut found);
    }
    found
}

fn look(raw: &RawValue, at: &str, depth: usize, found: &mut Vec<String>) {
    if depth > DEEPEST || found.len() >= MOST {
        return;
    }
    let text = raw.get();
    match text.as_bytes().first() {
        Some(b'{') => {
            let members: BTreeMap<String, &RawValue> =
                serde_json::from_str(text).unwrap_or_default();
            for (name, raw) in members {
                look(raw, &format!("{at}/{}", escaped(&name)), depth + 1, found);
            }
        }
        Some(b'[') => {
            let entries: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
            for (i, raw) in entries.into_iter().enumerate() {
                look(raw, &format!("{at}/{i}"), depth + 1, found);
            }
        }
        Some(b'-' | b'0'..=b'9') if text.parse::<f64>().is_ok_and(f64::is_infinite) => {
            found.push(at.to_owned());
        }
        _ => {}
    }
}

/// A member's name in a pointer (RFC 6901 §3).
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_are_and_repeated_keys_are_refused() {
        let text = r#"{"a":[1,-2,3.5,null,true,"x",{"b":{}}],"c":{"a":1}}"#;
        let UniqueKeys(read) = serde_json::from_str(text).unwrap();
        assert_eq!(read, serde_json::from_str::<Value>(text).unwrap());
        for twice in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"\u0061":2}}]"#] {
            let error = serde_json::from_str::<UniqueKeys>(twice).err().unwrap().to_string();
            assert!(error.starts_with(REPEATED), "{error}");
        }
    }

    #[test]
    fn numbers_beyond_all_bounds_are_found_wherever_they_stand() {
        let text = br#"{"a":[1,[-1e999,2]],"b/c":{"d":9E+400},"e":"1e999","f":1e308,"g":1e-999}"#;
        assert_eq!(too_large(text), ["/a/1/0", "/b~1c/d"]);
        assert!(too_large(b"{\"a\":1e999").is_empty(), "what is no JSON has another fault");
        let deep = format!("{}1e999{}", "[".repeat(100), "]".repeat(100));
        assert!(too_large(deep.as_bytes()).is_empty());
    }
}
