//! A page of a list whose entries are handed over one by one while it is read. A page of VMs is megabytes of links of which a
//! VM keeps little; held all at once they would cost more than reading them.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::Links;
use super::lenient::{Each, Int};

/// What a page says beside its entries.
#[derive(Debug, Default)]
pub struct Around<'a> {
    /// `first`, `previous`, `next`, `last` on paged lists.
    pub links: Links<'a>,
    /// How many entries it had, of any kind.
    pub len: usize,
    /// How many there are on all pages, where the server says so.
    pub total_size: Int,
}

/// Reads a page and gives each entry that is an object to a closure.
pub struct Entries<T, F>(Each<T, F>);

impl<T, F: FnMut(T)> Entries<T, F> {
    /// `take` gets the entries.
    pub fn new(take: F) -> Self {
        Self(Each::new(take))
    }
}

#[derive(serde::Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Field {
    Links,
    Collection,
    TotalSize,
    #[serde(other)]
    Other,
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> DeserializeSeed<'de> for Entries<T, F> {
    type Value = Around<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, T: Deserialize<'de>, F: FnMut(T)> Visitor<'de> for Entries<T, F> {
    type Value = Around<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page of a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Some(self.0);
        let mut around = Around::default();
        while let Some(field) = map.next_key()? {
            match field {
                Field::Links => around.links = map.next_value()?,
                Field::TotalSize => around.total_size = map.next_value()?,
                Field::Collection => {
                    let entries = entries
                        .take()
                        .ok_or_else(|| serde::de::Error::duplicate_field("collection"))?;
                    around.len = map.next_value_seed(entries)?;
                }
                Field::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(around)
    }
}
