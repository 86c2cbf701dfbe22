//! The text of a configuration file: where its lines are, and what its syntax errors mean.

use std::ops::Range;
use std::path::Path;

use super::problem::{Position, Problem};

/// The keys that a syntax error may name. The text of a broken line is never shown, so a key is
/// recognised by comparing, and what is printed is the word from this list.
const KEYS: &[&str] = &[
    "refresh_seconds",
    "state_dir",
    "cache_dir",
    "name",
    "provider",
    "url",
    "environment",
    "username",
    "password",
    "token",
    "read_only",
    "concurrency",
    "group_by",
    "api_version",
    "auth",
    "body",
    "sp_agent",
    "tenants",
    "regions",
    "action_path",
    "list_path",
    "servers",
    "login",
    "account",
    "project",
    "time_zone",
    "cloud",
    "clouds_file",
    "user_domain",
    "application_credential",
    "application_credential_name",
    "secret",
    "projects",
    "project_domain",
    "interface",
    "all_projects",
    "plain_http",
    "tls",
    "ca_file",
    "insecure",
    "theme",
    "ascii",
    "mouse",
    "viewer",
];

/// The parser's words for a text without quotes.
const UNQUOTED: &str = "string values must be quoted";

/// What to do about a key without a value.
const NO_VALUE_FIX: &str = "write it as key = value, or remove the line";

/// The parser's words for what is wrong, and ours. What is not listed gets [`NOT_TOML`]: the parser's
/// own message is never passed on, because it might quote the file.
const SYNTAX: &[(&str, &str, &str)] = &[
    (
        UNQUOTED,
        "has a text value without quotes",
        "put it between double quotes",
    ),
    (
        "missing opening quote",
        "has a text value without its first quote",
        "put it between double quotes",
    ),
    (
        "invalid basic string",
        "has a text value whose quotes or backslashes are not right",
        "close the quote on the same line, and use single quotes where the text has a backslash",
    ),
    (
        "invalid literal string",
        "has a text value whose quotes are not right",
        "close the single quote on the same line",
    ),
    (
        "missing escaped value",
        "has a backslash that stands for nothing",
        "use single quotes where the text has a backslash",
    ),
    ("duplicate key", "is given twice", "keep one of them"),
    ("key with no value", "has no value", NO_VALUE_FIX),
    ("missing value", "has no value", NO_VALUE_FIX),
    (
        "missing comma",
        "lacks a comma",
        "put a comma between the values",
    ),
    (
        "unclosed array table",
        "opens with [[ and is not closed",
        "close it with ]]",
    ),
    (
        "unclosed table",
        "opens with [ and is not closed",
        "close it with ]",
    ),
    (
        "unclosed array",
        "opens a list that is not closed",
        "close it with ]",
    ),
    (
        "unclosed inline table",
        "opens a table with { that is not closed",
        "close it with }",
    ),
];

/// See [`SYNTAX`].
const NOT_TOML: (&str, &str) = (
    "is not valid TOML",
    "check its quotes, brackets, commas and equals sign",
);

/// A file's text, which turns byte offsets into places that a person can go to.
pub(super) struct Source<'a> {
    file: &'a Path,
    text: &'a str,
    line_starts: Vec<usize>,
}

impl<'a> Source<'a> {
    pub(super) fn new(file: &'a Path, text: &'a str) -> Self {
        let after_newlines = text.match_indices('\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(after_newlines).collect();
        Self {
            file,
            text,
            line_starts,
        }
    }

    pub(super) fn file(&self) -> &'a Path {
        self.file
    }

    /// The place of a byte offset; one behind the end of the text is at its end.
    pub(super) fn position(&self, offset: usize) -> Position {
        let line = self
            .line_starts
            .partition_point(|start| *start <= offset)
            .max(1);
        let start = self.line_starts.get(line - 1).copied().unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or("");
        Position {
            line,
            column: before.chars().count() + 1,
        }
    }

    /// What the parser complains about, in our words and without a word of the file's.
    pub(super) fn syntax_problem(&self, message: &str, span: Option<Range<usize>>) -> Problem {
        let span = span.unwrap_or(self.text.len()..self.text.len());
        let nothing_there = self
            .text
            .get(span.clone())
            .is_some_and(|text| text.trim().is_empty());
        let (what, fix) = match SYNTAX
            .iter()
            .find(|(theirs, ..)| message.starts_with(theirs))
        {
            // The parser asks for quotes even around nothing.
            Some((UNQUOTED, ..)) if nothing_there => ("has no value", NO_VALUE_FIX),
            Some((_, what, fix)) => (*what, *fix),
            None => NOT_TOML,
        };
        let position = self.position(span.start);
        Problem {
            file: self.file.to_owned(),
            position: Some(position),
            key: self.key_on_line(position.line).map(str::to_owned),
            what: what.to_owned(),
            fix: fix.to_owned(),
        }
    }

    /// The known key that a line begins with.
    fn key_on_line(&self, line: usize) -> Option<&'static str> {
        let start = *self.line_starts.get(line.checked_sub(1)?)?;
        let line = self.text.get(start..)?.lines().next()?;
        let word = line
            .split(['=', ' ', '\t', '.'])
            .find(|word| !word.is_empty())?;
        KEYS.iter().copied().find(|key| *key == word)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn offsets_become_lines_and_columns_that_count_characters_from_one() {
        let source = Source::new(Path::new("f"), "aé = 1\nb\n");
        let at = |offset| {
            let Position { line, column } = source.position(offset);
            (line, column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(3), (1, 3), "é is two bytes and one column");
        assert_eq!(at(8), (2, 1));
        assert_eq!(at(10), (3, 1));
        assert_eq!(at(99), (3, 1), "behind the end is the end");
    }

    #[test]
    fn an_unknown_message_of_the_parser_is_never_passed_on() {
        let source = Source::new(Path::new("f"), "hunter2 = 1");
        let problem = source.syntax_problem("found hunter2", Some(0..7));
        assert!(!problem.to_string().contains("hunter2"));
    }
}
