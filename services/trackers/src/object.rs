//! Objects and lists of JSON that never fail: any value may stand anywhere, an unknown member is
//! skipped, and of a member that comes twice the last counts. Only broken JSON is an error. Must not
//! know any client.

use crate::MAX_FIXES;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use std::{borrow::Cow, cell::Cell, fmt, marker::PhantomData};

/// Most entries of all lists of a body together: fixes, and what is around them.
const MAX_ENTRIES: usize = 2 * MAX_FIXES;

thread_local! {
    /// How many more entries the body being read may have. Lists may stand in lists, so no list alone
    /// can say whether there are too many.
    static ROOM: Cell<usize> = const { Cell::new(0) };
}

/// Reads a body whose lists hold at most so many entries together; says too whether there were more,
/// which are skipped.
pub(crate) fn with_room<T>(read: impl FnOnce() -> T) -> (T, bool) {
    ROOM.set(MAX_ENTRIES);
    let value = read();
    (value, ROOM.get() == 0)
}

/// Takes room for an entry, if there is any.
fn take_room() -> bool {
    let room = ROOM.get();
    ROOM.set(room.saturating_sub(1));
    room > 0
}

/// The beginning of a visitor that takes any value.
macro_rules! any_value {
    ($value:ty) => {
        type Value = $value;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("any value")
        }
    };
}

/// What a visitor makes of lists and objects that it has no use for.
macro_rules! drain {
    ($value:expr) => {
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
            $crate::object::skip_list(list).map(|()| $value)
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
            $crate::object::skip_map(map).map(|()| $value)
        }
    };
}

/// What a visitor makes of single values that it has no use for; texts aside.
macro_rules! scalars {
    ($value:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($value)
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($value)
        }
    };
}

/// An object with these members, each with the names it may have. Anything that is no object is one
/// without members, and [`Object::is_object`] says so.
macro_rules! object {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $kind:ty = $($key:literal)|+),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default)]
        struct $name {
            is_object: bool,
            $($field: $kind),*
        }

        impl $crate::object::Object for $name {
            fn is_object(&self) -> bool {
                self.is_object
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Members;

                impl<'de> serde::de::Visitor<'de> for Members {
                    $crate::object::any_value!($name);

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<$name, A::Error> {
                        let mut object = $name { is_object: true, ..$name::default() };
                        while let Some(key) = map.next_key::<$crate::object::Key<'de>>()? {
                            match key.as_str() {
                                $($($key)|+ => object.$field = map.next_value()?,)*
                                _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
                            }
                        }
                        Ok(object)
                    }

                    fn visit_seq<A: serde::de::SeqAccess<'de>>(
                        self,
                        list: A,
                    ) -> Result<$name, A::Error> {
                        $crate::object::skip_list(list).map(|()| $name::default())
                    }

                    fn visit_str<E>(self, _: &str) -> Result<$name, E> {
                        Ok($name::default())
                    }

                    $crate::object::scalars!($name::default());
                }

                from.deserialize_any(Members)
            }
        }
    };
}

pub(crate) use {any_value, drain, object, scalars};

/// What [`object!`] makes.
pub(crate) trait Object {
    /// Whether it was an object at all.
    fn is_object(&self) -> bool;
}

/// A member's name, borrowed where it is written without escapes.
pub(crate) struct Key<'de>(Cow<'de, str>);

impl Key<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl<'de> Visitor<'de> for Name {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(Name)
    }
}

/// One value or a list of them. Of more than [`MAX_FIXES`] one more is kept, so that it is seen.
#[derive(Clone, Debug)]
pub(crate) struct Many<T>(pub(crate) Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ManyVisitor(PhantomData))
    }
}

struct ManyVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ManyVisitor<T> {
    any_value!(Many<T>);

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Many<T>, A::Error> {
        bounded(list).map(Many)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Many<T>, A::Error> {
        Ok(Many(vec![T::deserialize(MapAccessDeserializer::new(map))?]))
    }

    fn visit_str<E>(self, _: &str) -> Result<Many<T>, E> {
        Ok(Many::default())
    }

    scalars!(Many::default());
}

/// The entries of a list, at most one more than [`MAX_FIXES`], and as long as there is room.
pub(crate) fn bounded<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
    mut list: A,
) -> Result<Vec<T>, A::Error> {
    let mut entries = Vec::new();
    while entries.len() <= MAX_FIXES && take_room() {
        match list.next_element()? {
            Some(entry) => entries.push(entry),
            None => return Ok(entries),
        }
    }
    skip_list(list)?;
    Ok(entries)
}

/// Reads to the end of a list.
pub(crate) fn skip_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(), A::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Reads to the end of an object.
pub(crate) fn skip_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Num;

    object!(
        /// For the tests.
        Pair { first: Num = "first" | "1st", second: Num = "second" }
    );

    fn read<T: for<'de> Deserialize<'de>>(text: &str) -> T {
        with_room(|| serde_json::from_str(text).unwrap()).0
    }

    #[test]
    fn any_value_may_stand_for_an_object() {
        let pair: Pair = read(r#"{"1\u0073t":1,"x":[{"y":{}}],"first":2,"second":"3"}"#);
        assert_eq!((pair.first, pair.second), (Num::Is(2.0), Num::Is(3.0)));
        assert!(pair.is_object());
        for other in ["null", "true", "-1", "1", "1.5", "\"x\"", "[1,[2]]"] {
            assert!(!read::<Pair>(other).is_object(), "{other}");
        }
    }

    #[test]
    fn a_list_of_too_many_is_cut_behind_the_first_that_is_too_much() {
        assert_eq!(read::<Many<Pair>>("{}").0.len(), 1);
        assert_eq!(read::<Many<Pair>>("[{},7]").0.len(), 2);
        assert_eq!(read::<Many<Pair>>("7").0.len(), 0);
        let many = format!("[{}]", vec!["{}"; MAX_FIXES + 500].join(","));
        assert_eq!(read::<Many<Pair>>(&many).0.len(), MAX_FIXES + 1);
    }
}
