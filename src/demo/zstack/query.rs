//! The query API (5): conditions, paging, sorting and columns, over rows of JSON.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::answer::Answer;

/// How many rows are given when nobody says how many.
const LIMIT: usize = 1_000;

/// Operators in the order in which they are looked for; the first that is found anywhere in a condition wins.
const OPERATORS: [&str; 12] = [
    "!=",
    ">=",
    "<=",
    "!?=",
    "!~=",
    "~=",
    "?=",
    "=",
    ">",
    "<",
    " is null",
    " not null",
];

/// The query string of a request, decoded.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query string. A plus is a space, as in every form.
    pub fn parse(text: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(text.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// The first value of a parameter.
    pub fn first(&self, name: &str) -> Option<&str> {
        let mut pairs = self.0.iter();
        pairs
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Every value of a parameter.
    pub fn all<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        let pairs = self.0.iter().filter(move |(known, _)| known == name);
        pairs.map(|(_, value)| value.as_str())
    }

    /// Answers a question for rows. `extra` is a further condition: the uuid in the address.
    pub fn answer(&self, rows: Vec<Value>, extra: Option<&str>) -> Answer {
        match self.choose(rows, extra) {
            Ok(answer) => Answer::ok(answer),
            Err(words) => Answer::text(400, words),
        }
    }

    fn choose(&self, mut rows: Vec<Value>, uuid: Option<&str>) -> Result<Value, String> {
        if let Some(uuid) = uuid {
            rows.retain(|row| row["uuid"] == uuid);
        }
        for condition in self.all("q") {
            let condition = Condition::parse(condition)?;
            rows.retain(|row| condition.holds(row));
        }
        let total = rows.len();
        if self.first("count") == Some("true") {
            return Ok(json!({ "total": total }));
        }
        if let Some(sort) = self.first("sort") {
            let (descending, column) = match sort.split_at_checked(1) {
                Some(("-", column)) => (true, column),
                Some(("+", column)) => (false, column),
                _ => (false, sort),
            };
            if column.starts_with(' ') {
                return Err(format!("no such column to sort by: {column:?}"));
            }
            rows.sort_by(|a, b| {
                let order = compare(&a[column], &b[column]);
                if descending { order.reverse() } else { order }
            });
        }
        let start = self.number("start", 0)?;
        let limit = self.number("limit", LIMIT)?;
        let columns: Option<Vec<&str>> = self.first("fields").map(|all| all.split(',').collect());
        let rows: Vec<Value> = rows
            .into_iter()
            .skip(start)
            .take(limit)
            .map(|row| only(row, columns.as_deref()))
            .collect();
        let mut answer = json!({"inventories": rows, "schema": {}});
        if self.first("replyWithCount") == Some("true") {
            answer["total"] = total.into();
        }
        Ok(answer)
    }

    fn number(&self, name: &str, default: usize) -> Result<usize, String> {
        let Some(text) = self.first(name) else {
            return Ok(default);
        };
        text.parse()
            .map_err(|_| format!("{name} is no whole number"))
    }
}

/// Only some columns of a row.
fn only(row: Value, columns: Option<&[&str]>) -> Value {
    match (row, columns) {
        (Value::Object(row), Some(columns)) => {
            let kept: Map<String, Value> = row
                .into_iter()
                .filter(|(name, _)| columns.contains(&name.as_str()))
                .collect();
            Value::Object(kept)
        }
        (row, _) => row,
    }
}

struct Condition<'c> {
    column: &'c str,
    operator: &'static str,
    value: &'c str,
}

impl<'c> Condition<'c> {
    fn parse(text: &'c str) -> Result<Self, String> {
        let found = OPERATORS
            .iter()
            .find_map(|operator| Some((*operator, text.find(operator)?)));
        let (operator, at) =
            found.ok_or_else(|| format!("no operator in the condition {text:?}"))?;
        Ok(Self {
            column: &text[..at],
            operator,
            value: &text[at + operator.len()..],
        })
    }

    fn holds(&self, row: &Value) -> bool {
        let cell = self.column.split('.').fold(row, |row, part| &row[part]);
        let text = match cell {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        let Some(text) = text else {
            return self.operator == " is null";
        };
        let order = || match (text.parse::<f64>(), self.value.parse::<f64>()) {
            (Ok(cell), Ok(value)) => cell.partial_cmp(&value),
            _ => Some(text.as_str().cmp(self.value)),
        };
        let listed = || self.value.split(',').any(|value| value == text);
        match self.operator {
            "=" => text == self.value,
            "!=" => text != self.value,
            ">=" => order().is_some_and(Ordering::is_ge),
            "<=" => order().is_some_and(Ordering::is_le),
            ">" => order().is_some_and(Ordering::is_gt),
            "<" => order().is_some_and(Ordering::is_lt),
            "?=" => listed(),
            "!?=" => !listed(),
            "~=" => like(&text, self.value),
            "!~=" => !like(&text, self.value),
            " not null" => true,
            _ => false,
        }
    }
}

/// `%` stands for any text and `_` for any character.
fn like(text: &str, pattern: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('%') => {
            let rest = &pattern[1..];
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| like(&text[at..], rest))
        }
        Some(wanted) => {
            let mut chars = text.chars();
            let first = chars.next();
            first.is_some_and(|c| wanted == '_' || wanted == c)
                && like(chars.as_str(), &pattern[wanted.len_utf8()..])
        }
    }
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => a.as_str().cmp(&b.as_str()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    fn names(query: &str) -> Vec<String> {
        let rows = vec![
            json!({"uuid": "u1", "name": "web-01", "size": 4, "host": {"name": "a"}}),
            json!({"uuid": "u2", "name": "web-02", "size": 16}),
            json!({"uuid": "u3", "name": "db", "size": 8, "host": {"name": "b"}}),
        ];
        let answer = Query::parse(Some(query)).choose(rows, None).unwrap();
        let rows = answer["inventories"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| row["name"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn rows_are_chosen_sorted_and_paged_by_the_query() {
        assert_eq!(names("q=name%3Dweb-01"), ["web-01"]);
        assert_eq!(names("q=name~%3Dweb%25"), ["web-01", "web-02"]);
        assert_eq!(names("q=name~%3D__"), ["db"]);
        assert_eq!(names("q=name%21~%3Dweb%25"), ["db"]);
        assert_eq!(names("q=uuid%3F%3Du1,u3"), ["web-01", "db"]);
        assert_eq!(names("q=size%3E%3D8&q=size%3C16"), ["db"]);
        assert_eq!(names("q=host+is+null"), ["web-02"]);
        assert_eq!(names("q=host.name%3Db"), ["db"]);
        assert_eq!(names("sort=-size"), ["web-02", "db", "web-01"]);
        assert_eq!(names("sort=%2Bname&start=1&limit=1"), ["web-01"]);
        let wrong = Query::parse(Some("sort=+name")).choose(Vec::new(), None);
        assert!(wrong.is_err(), "a plus that is not encoded is a space");
    }
}
