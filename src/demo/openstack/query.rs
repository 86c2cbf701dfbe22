//! The query of a request.

use url::form_urlencoded;

/// Its parameters, in their order.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads it.
    pub fn parse(text: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(text.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// The first value of a parameter.
    pub fn first(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        let pair = pairs.find(|(known, _)| known == name);
        pair.map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter.
    pub fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        let pairs = self.0.iter().filter(move |(known, _)| known == name);
        pairs.map(|(_, value)| value.as_str())
    }

    /// The names of the parameters.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// A switch: on when it is there without a value.
    ///
    /// # Errors
    /// The value, which is neither true nor false.
    pub fn switch(&self, name: &str) -> Result<bool, String> {
        let Some(value) = self.first(name) else {
            return Ok(false);
        };
        match value.to_ascii_lowercase().as_str() {
            "" | "1" | "t" | "true" | "on" | "y" | "yes" => Ok(true),
            "0" | "f" | "false" | "off" | "n" | "no" => Ok(false),
            _ => Err(value.to_owned()),
        }
    }

    /// The same query for the page after `marker`.
    pub fn after(&self, marker: &str) -> String {
        let mut out = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.0.iter().filter(|(name, _)| name != "marker") {
            out.append_pair(name, value);
        }
        out.append_pair("marker", marker);
        out.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_and_goes_on_after_a_marker() {
        let query = Query::parse(Some(
            "limit=2&name=a%26b&marker=old&all_tenants&deleted=maybe",
        ));
        assert_eq!(query.first("name"), Some("a&b"));
        assert_eq!(query.switch("all_tenants"), Ok(true));
        assert_eq!(query.switch("locked"), Ok(false));
        assert_eq!(query.switch("deleted"), Err("maybe".to_owned()));
        assert_eq!(
            query.after("m1"),
            "limit=2&name=a%26b&all_tenants=&deleted=maybe&marker=m1"
        );
    }
}
