//! Values that take whatever a server sends: a number as text, a text as number, null, or something else altogether, which then
//! counts as absent. One odd field must not cost the list that it stands in.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// A text, borrowed from the body where it can be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text<'a>(pub Option<Cow<'a, str>>);

impl Text<'_> {
    /// The text; `None` when it is absent or empty.
    pub fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }
}

/// A whole number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Int(pub Option<i64>);

/// Yes or no.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flag(pub Option<bool>);

/// An object, or nothing when it is something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object<T>(pub Option<T>);

impl<T> Default for Object<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// The objects of a list, and how many entries it had in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Many<T> {
    /// The entries that are objects.
    pub items: Vec<T>,
    /// How many entries there were, of any kind.
    pub len: usize,
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            len: 0,
        }
    }
}

/// What a scalar of JSON can be.
enum Scalar<'a> {
    Text(Cow<'a, str>),
    Int(i64),
    Float(f64),
    Flag(bool),
    Nothing,
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(number).map_or(Scalar::Nothing, Scalar::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Float(number))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Nothing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Nothing)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match deserializer.deserialize_any(ScalarVisitor)? {
            Scalar::Text(text) => Some(text),
            Scalar::Int(number) => Some(Cow::Owned(number.to_string())),
            Scalar::Float(number) => Some(Cow::Owned(number.to_string())),
            Scalar::Flag(flag) => Some(Cow::Borrowed(if flag { "true" } else { "false" })),
            Scalar::Nothing => None,
        }))
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match deserializer.deserialize_any(ScalarVisitor)? {
            Scalar::Int(number) => Some(number),
            Scalar::Float(number) => whole(number),
            Scalar::Text(text) => {
                let text = text.trim();
                text.parse().ok().or_else(|| whole(text.parse().ok()?))
            }
            Scalar::Flag(_) | Scalar::Nothing => None,
        }))
    }
}

/// The whole part of a number that fits.
fn whole(number: f64) -> Option<i64> {
    // 2^63: the first number that does not fit; the conversion itself saturates, which would invent a value.
    const END: f64 = 9_223_372_036_854_775_808.0;
    (number.is_finite() && number.abs() < END).then_some(number as i64)
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match deserializer.deserialize_any(ScalarVisitor)? {
            Scalar::Flag(flag) => Some(flag),
            Scalar::Int(number) => Some(number != 0),
            Scalar::Text(text)
                if text.trim().eq_ignore_ascii_case("true") || text.trim() == "1" =>
            {
                Some(true)
            }
            Scalar::Text(text)
                if text.trim().eq_ignore_ascii_case("false") || text.trim() == "0" =>
            {
                Some(false)
            }
            Scalar::Text(_) | Scalar::Float(_) | Scalar::Nothing => None,
        }))
    }
}

/// Reads an object with a seed; anything else is `None`.
pub struct ObjectSeed<S>(pub S);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for ObjectSeed<S> {
    type Value = Option<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for ObjectSeed<S> {
    type Value = Option<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let object = MapAccessDeserializer::new(map);
        self.0.deserialize(object).map(Some)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ObjectSeed(PhantomData).deserialize(deserializer).map(Self)
    }
}

/// Hands over the objects of a list one by one, as they are read; answers how many entries of any kind there were.
pub struct Each<T, F> {
    take: F,
    of: PhantomData<T>,
}

impl<T, F: FnMut(T)> Each<T, F> {
    /// `take` gets the objects.
    pub fn new(take: F) -> Self {
        Self {
            take,
            of: PhantomData,
        }
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> DeserializeSeed<'de> for Each<T, F> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> Visitor<'de> for Each<T, F> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut len = 0;
        while let Some(Object(item)) = list.next_element()? {
            len += 1;
            item.map(&mut self.take);
        }
        Ok(len)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(0)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(0)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(0)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(0)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(0)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(0)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(0)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut items = Vec::new();
        let len = Each::new(|item| items.push(item)).deserialize(deserializer)?;
        Ok(Self { items, len })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use serde_json::from_str;

    use super::*;

    #[test]
    fn numbers_come_as_text_and_text_as_numbers() {
        for (json, expected) in [
            ("7", Some(7)),
            ("\"7\"", Some(7)),
            ("\" 7 \"", Some(7)),
            ("8.589934592E9", Some(8_589_934_592)),
            ("\"2048.0\"", Some(2_048)),
            ("-1", Some(-1)),
            ("1e300", None),
            ("18446744073709551615", None),
            ("\"many\"", None),
            ("null", None),
            ("true", None),
            ("[1]", None),
            ("{\"a\":1}", None),
        ] {
            assert_eq!(from_str::<Int>(json).unwrap().0, expected, "{json}");
        }
        assert_eq!(from_str::<Text>("501").unwrap().get(), Some("501"));
        assert_eq!(from_str::<Text>("\"a\\n\"").unwrap().get(), Some("a\n"));
        assert_eq!(from_str::<Text>("{\"a\":[1]}").unwrap().get(), None);
        for (json, expected) in [
            ("true", Some(true)),
            ("\"TRUE\"", Some(true)),
            ("0", Some(false)),
            ("\"no\"", None),
        ] {
            assert_eq!(from_str::<Flag>(json).unwrap().0, expected, "{json}");
        }
    }

    #[test]
    fn entries_that_are_no_objects_are_counted_and_left_out() {
        #[derive(serde::Deserialize)]
        struct Entry<'a> {
            #[serde(borrow)]
            id: Text<'a>,
        }
        let many: Many<Entry<'_>> =
            from_str(r#"[{"id":1}, null, 5, "x", [], {"id":"b"}]"#).unwrap();
        assert_eq!(many.len, 6);
        assert_eq!(
            many.items
                .iter()
                .filter_map(|entry| entry.id.get())
                .collect::<Vec<_>>(),
            ["1", "b"]
        );
        for json in ["null", "5", "\"x\"", "{\"a\":{}}"] {
            assert_eq!(from_str::<Many<Entry<'_>>>(json).unwrap().len, 0, "{json}");
        }
    }
}
