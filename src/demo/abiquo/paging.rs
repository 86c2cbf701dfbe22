//! Pages of lists, and the links between them (2.3).

use std::borrow::Cow;

use url::form_urlencoded;

use super::answer::Refusal;
use crate::demo::json::{Json, push_number};

/// The page size when none is asked for.
const DEFAULT_LIMIT: usize = 25;

/// The query of a list. Keys count in any case; the last one of a kind wins.
#[derive(Debug, Default, Clone)]
pub struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads the part of an address after the question mark.
    pub fn parse(query: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self {
            pairs: pairs
                .map(|(key, value)| (key.to_ascii_lowercase(), value.into_owned()))
                .collect(),
        }
    }

    /// The value of a key, unless it is empty.
    pub fn get(&self, key: &str) -> Option<&str> {
        let found = self.pairs.iter().rev().find(|(name, _)| name == key);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// All pairs.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
    }

    fn number(&self, key: &str) -> Result<Option<usize>, Refusal> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        value
            .parse()
            .map(Some)
            .map_err(|_| Refusal::bad(format!("{key} is not a whole number")))
    }
}

/// Which part of a list is asked for, in which order.
#[derive(Debug)]
pub struct Page {
    /// The first element.
    pub start: usize,
    /// How many; 0 for all.
    pub limit: usize,
    /// The field to sort by.
    pub by: String,
    /// Smallest first.
    pub ascending: bool,
    /// What every link of the list repeats.
    tail: String,
}

impl Page {
    /// Reads it from a query, with a list's own order.
    ///
    /// # Errors
    /// 400 for a number or an order that is none.
    pub fn read(query: &Query, by: &str, ascending: bool) -> Result<Self, Refusal> {
        let by = query.get("by").unwrap_or(by).to_ascii_lowercase();
        let ascending = match query.get("asc") {
            None => ascending,
            Some("true") => true,
            Some("false") => false,
            Some(_) => return Err(Refusal::bad("asc is either true or false")),
        };
        let mut tail = format!("&by={}&asc={ascending}", encode(&by));
        for (key, value) in query.pairs() {
            if !matches!(key, "limit" | "startwith" | "by" | "asc") {
                tail.push_str(&format!("&{}={}", encode(key), encode(value)));
            }
        }
        Ok(Self {
            start: query.number("startwith")?.unwrap_or(0),
            limit: query.number("limit")?.unwrap_or(DEFAULT_LIMIT),
            by,
            ascending,
            tail,
        })
    }

    /// The part of a list that this page shows.
    pub fn cut<'a, T>(&self, list: &'a [T]) -> &'a [T] {
        let start = self.start.min(list.len());
        let end = if self.limit == 0 {
            list.len()
        } else {
            start.saturating_add(self.limit).min(list.len())
        };
        &list[start..end]
    }

    /// Writes a list: links, elements, total. An empty one has neither links nor a total, as on the real thing.
    pub fn write<T>(
        &self,
        json: &mut Json,
        address: &str,
        list: &[T],
        mut element: impl FnMut(&mut Json, &T),
    ) {
        json.open();
        if list.is_empty() {
            json.verbatim("links", "[]");
            json.verbatim("collection", "[]");
            json.close();
            return;
        }
        self.write_links(json, address, list.len());
        json.key("collection");
        json.open_array();
        for one in self.cut(list) {
            element(json, one);
        }
        json.close_array();
        json.count("totalSize", i64::try_from(list.len()).unwrap_or(i64::MAX));
        json.close();
    }

    fn write_links(&self, json: &mut Json, address: &str, total: usize) {
        json.key("links");
        json.open_array();
        self.link(json, "first", address, None);
        if self.limit > 0 {
            if self.start > 0 {
                self.link(
                    json,
                    "previous",
                    address,
                    Some(self.start.saturating_sub(self.limit)),
                );
            }
            let next = self.start.saturating_add(self.limit);
            if next < total {
                self.link(json, "next", address, Some(next));
            }
        }
        // Without a limit there is one page.
        let pages_before = (total - 1).checked_div(self.limit).unwrap_or(0);
        let last = pages_before * self.limit;
        self.link(json, "last", address, Some(last));
        json.close_array();
    }

    fn link(&self, json: &mut Json, rel: &str, address: &str, start: Option<usize>) {
        let mut query = String::from("?");
        if let Some(start) = start {
            query.push_str("startwith=");
            push_number(&mut query, i64::try_from(start).unwrap_or(i64::MAX));
            query.push('&');
        }
        query.push_str("limit=");
        push_number(&mut query, i64::try_from(self.limit).unwrap_or(i64::MAX));
        json.open();
        json.text("rel", rel);
        json.key("href");
        json.plain(&[address, &query, &self.tail]);
        json.close();
    }
}

fn encode(text: &str) -> Cow<'_, str> {
    form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<Vec<_>>()
        .concat()
        .into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    fn page(query: &str, total: usize) -> serde_json::Value {
        let page = Page::read(&Query::parse(Some(query)), "name", true).unwrap();
        let list: Vec<_> = (0..total).collect();
        let mut json = Json::default();
        page.write(&mut json, "http://h:443/api/x", &list, |json, one| {
            json.number(*one as i64)
        });
        serde_json::from_str(&json.finish()).unwrap()
    }

    fn links(value: &serde_json::Value) -> Vec<(&str, &str)> {
        value["links"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| {
                let href = one["href"].as_str().unwrap();
                (
                    one["rel"].as_str().unwrap(),
                    href.strip_prefix("http://h:443/api/x").unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn the_first_page_has_no_previous_and_the_last_no_next() {
        let first = page("limit=2", 6);
        assert_eq!(first["totalSize"], 6);
        assert_eq!(
            links(&first),
            [
                ("first", "?limit=2&by=name&asc=true"),
                ("next", "?startwith=2&limit=2&by=name&asc=true"),
                ("last", "?startwith=4&limit=2&by=name&asc=true"),
            ]
        );
        let last = page("startwith=4&limit=2", 6);
        assert_eq!(last["collection"], serde_json::json!([4, 5]));
        assert_eq!(
            links(&last),
            [
                ("first", "?limit=2&by=name&asc=true"),
                ("previous", "?startwith=2&limit=2&by=name&asc=true"),
                ("last", "?startwith=4&limit=2&by=name&asc=true"),
            ]
        );
    }

    #[test]
    fn a_limit_of_zero_is_everything_and_none_is_twenty_five() {
        assert_eq!(
            page("limit=0", 60)["collection"].as_array().unwrap().len(),
            60
        );
        assert_eq!(page("", 60)["collection"].as_array().unwrap().len(), 25);
    }

    #[test]
    fn links_repeat_the_filters_encoded() {
        let value = page("limit=1&has=a%26b%20c&BY=id", 2);
        assert_eq!(
            links(&value)[1],
            ("next", "?startwith=1&limit=1&by=id&asc=true&has=a%26b+c")
        );
    }

    #[test]
    fn an_empty_list_tells_no_total_and_a_page_beyond_the_end_is_empty() {
        assert_eq!(
            page("", 0),
            serde_json::json!({"links": [], "collection": []})
        );
        let beyond = page("startwith=99&limit=5", 6);
        assert_eq!(beyond["collection"], serde_json::json!([]));
        assert_eq!(beyond["totalSize"], 6);
    }

    #[test]
    fn what_is_no_number_is_a_bad_request() {
        for query in ["limit=-1", "startwith=x", "asc=maybe"] {
            assert_eq!(
                Page::read(&Query::parse(Some(query)), "name", true)
                    .unwrap_err()
                    .status,
                400
            );
        }
    }
}
