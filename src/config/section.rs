//! Strict reading of a TOML table: every key is asked for by name and type, and what nobody asked for
//! is a mistake. Problems are collected, so that one reading reports them all.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Position, Problem};
use super::source::Source;

/// How alike two words must be (Jaro-Winkler, 0 to 1) for one to be offered for the other.
const ALIKE: f64 = 0.8;

/// Names longer than this are not repeated in a message.
const MAX_SHOWN_NAME: usize = 40;

/// What to do about a list that is not right.
const LIST_FIX: &str = "write it like [\"one\", \"two\"], each part between double quotes";

/// What one reading of a file works with and gathers.
pub(super) struct Reader<'a> {
    pub(super) source: Source<'a>,
    home: Option<PathBuf>,
    pub(super) problems: Vec<Problem>,
    pub(super) warnings: Vec<Problem>,
    /// The first secret that stands in the file itself.
    pub(super) plain_secret: Option<(Position, String)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: Source<'a>, home: Option<PathBuf>) -> Self {
        Self {
            source,
            home,
            problems: Vec::new(),
            warnings: Vec::new(),
            plain_secret: None,
        }
    }

    fn problem(&self, at: usize, key: String, what: String, fix: String) -> Problem {
        Problem {
            file: self.source.file().to_owned(),
            position: Some(self.source.position(at)),
            key: Some(key),
            what,
            fix,
        }
    }
}

/// A value and where it stands.
#[derive(Clone, Copy)]
pub(super) struct At<T> {
    pub(super) value: T,
    /// The byte offset of the value in the file.
    pub(super) offset: usize,
}

/// One table that is being read.
pub(super) struct Section<'r, 'a> {
    pub(super) reader: &'r mut Reader<'a>,
    table: &'a DeTable<'a>,
    offset: usize,
    path: String,
    asked: Vec<&'static str>,
}

impl<'r, 'a> Section<'r, 'a> {
    /// `offset` is where the table begins, `path` what it is called in messages (empty for the whole file).
    pub(super) fn new(
        reader: &'r mut Reader<'a>,
        table: &'a DeTable<'a>,
        offset: usize,
        path: String,
    ) -> Self {
        Self {
            reader,
            table,
            offset,
            path,
            asked: Vec::new(),
        }
    }

    /// Calls the table by another name from now on.
    pub(super) fn rename(&mut self, path: String) {
        self.path = path;
    }

    /// The value of a key, whatever its type; the key counts as known from now on.
    pub(super) fn get(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.table.get(key)
    }

    /// Whether the key is there, right or wrong.
    pub(super) fn has(&mut self, key: &'static str) -> bool {
        self.get(key).is_some()
    }

    /// Every key of the table; all of them count as known.
    pub(super) fn entries(
        &self,
    ) -> impl Iterator<Item = (At<&'a str>, &'a Spanned<DeValue<'a>>)> + use<'a> {
        self.table.iter().map(|(key, value)| {
            let at = At {
                value: key.get_ref().as_ref(),
                offset: key.span().start,
            };
            (at, value)
        })
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, key: &'static str) -> Option<At<&'a str>> {
        let value = self.get(key)?;
        let offset = value.span().start;
        match value.get_ref() {
            DeValue::String(text) if text.is_empty() => {
                self.wrong(
                    offset,
                    key,
                    "is empty",
                    "give it a value or remove the line",
                );
                None
            }
            DeValue::String(text) => Some(At {
                value: text.as_ref(),
                offset,
            }),
            other => {
                self.wrong_type(
                    offset,
                    key,
                    "text in double quotes",
                    "put one text there, between double quotes",
                    other,
                );
                None
            }
        }
    }

    /// A text that must be there; `example` shows what it looks like.
    pub(super) fn required_text(
        &mut self,
        key: &'static str,
        example: &str,
    ) -> Option<At<&'a str>> {
        if !self.has(key) {
            self.missing(key, format!("add {key} = \"{example}\""));
        }
        self.text(key)
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        match self
            .get(key)
            .map(|value| (value.span().start, value.get_ref()))
        {
            None => default,
            Some((_, DeValue::Boolean(value))) => *value,
            Some((offset, other)) => {
                self.wrong_type(
                    offset,
                    key,
                    "true or false",
                    "write true or false, without quotes",
                    other,
                );
                default
            }
        }
    }

    /// A whole number within a range.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u32>,
        default: u32,
    ) -> u32 {
        let Some(value) = self.get(key) else {
            return default;
        };
        let offset = value.span().start;
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        let DeValue::Integer(number) = value.get_ref() else {
            self.wrong_type(
                offset,
                key,
                &expected,
                "write the number alone, without quotes or a point",
                value.get_ref(),
            );
            return default;
        };
        match u32::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.wrong(
                    offset,
                    key,
                    &format!("must be {expected}"),
                    "choose one of these",
                );
                default
            }
        }
    }

    /// One of a few words.
    pub(super) fn choice<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&'static str, T)],
        default: T,
    ) -> T {
        let Some(text) = self.text(key) else {
            return default;
        };
        match choices.iter().find(|(word, _)| *word == text.value) {
            Some((_, choice)) => *choice,
            None => {
                let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
                self.not_one_of(text, key, &words);
                default
            }
        }
    }

    /// Says that a text is none of the words that may stand there. The text itself is not shown.
    pub(super) fn not_one_of(&mut self, text: At<&str>, key: &'static str, words: &[&str]) {
        let what = match words {
            [word] => format!("must be \"{word}\""),
            _ => format!("must be one of {}", quoted(words, '"')),
        };
        let fix = match closest(text.value, words) {
            Some(word) => format!("did you mean \"{word}\"?"),
            None => "write it in that way".to_owned(),
        };
        self.wrong(text.offset, key, &what, &fix);
    }

    /// A file's path: `~/` is the home folder, a relative path starts at the configuration's folder.
    pub(super) fn file_path(&mut self, key: &'static str) -> Option<PathBuf> {
        let text = self.text(key)?;
        self.path(key, text, "file")
    }

    /// A folder's path, written like a file's. It need not be there yet, but nothing else may be in its place.
    pub(super) fn folder_path(&mut self, key: &'static str) -> Option<PathBuf> {
        let text = self.text(key)?;
        let path = self.path(key, text, "folder")?;
        if path.exists() && !path.is_dir() {
            let what = "must be a folder, and is something else";
            self.wrong(
                text.offset,
                key,
                what,
                "name a folder; it is made when it is missing",
            );
            return None;
        }
        Some(path)
    }

    fn path(&mut self, key: &'static str, text: At<&str>, kind: &str) -> Option<PathBuf> {
        let path = if text.value == "~" {
            None
        } else if let Some(rest) = text.value.strip_prefix("~/") {
            self.reader.home.as_ref().map(|home| home.join(rest))
        } else if text.value.starts_with('~') {
            None
        } else {
            let folder = self.reader.source.file().parent().unwrap_or(Path::new(""));
            Some(folder.join(text.value))
        };
        if path.is_none() {
            let what = format!(
                "must be a {kind}, and `~` must be followed by `/` and stand for a known home folder"
            );
            self.wrong(text.offset, key, &what, "write the path in full");
        }
        path
    }

    /// A list of texts: at least one of them, none of them empty.
    pub(super) fn texts(
        &mut self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        expected: &str,
    ) -> Option<Vec<String>> {
        let offset = value.span().start;
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(offset, key, expected, LIST_FIX, value.get_ref());
            return None;
        };
        let text = |item: &Spanned<DeValue<'_>>| {
            let text = item.get_ref().as_str().filter(|text| !text.is_empty())?;
            Some(text.to_owned())
        };
        let texts: Option<Vec<String>> = items.iter().map(text).collect();
        let texts = texts.filter(|texts| !texts.is_empty());
        if texts.is_none() {
            self.wrong(offset, key, &format!("must be {expected}"), LIST_FIX);
        }
        texts
    }

    /// A table within this one.
    pub(super) fn section(&mut self, key: &'static str) -> Option<Section<'_, 'a>> {
        let value = self.get(key)?;
        let offset = value.span().start;
        match value.get_ref() {
            DeValue::Table(table) => {
                let path = self.path_of(key);
                Some(Section::new(self.reader, table, offset, path))
            }
            other => {
                let fix = format!("write it like {key} = {{ … }}");
                self.wrong_type(offset, key, "a table", &fix, other);
                None
            }
        }
    }

    /// Says that a key is not there; the place is where its table begins.
    pub(super) fn missing(&mut self, key: &str, fix: String) {
        let offset = self.offset;
        self.wrong(offset, key, "is missing", &fix);
    }

    /// Says that a value is not of the right kind. The value itself is not shown.
    pub(super) fn wrong_type(
        &mut self,
        offset: usize,
        key: &str,
        expected: &str,
        fix: &str,
        found: &DeValue<'_>,
    ) {
        let found = match found {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a point",
            DeValue::Boolean(_) => "true or false without quotes",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.wrong(
            offset,
            key,
            &format!("must be {expected}, and is {found}"),
            fix,
        );
    }

    /// Adds a problem.
    pub(super) fn wrong(&mut self, offset: usize, key: &str, what: &str, fix: &str) {
        let key = self.path_of(key);
        let problem = self
            .reader
            .problem(offset, key, what.to_owned(), fix.to_owned());
        self.reader.problems.push(problem);
    }

    /// Adds a warning: the file can be used as it is.
    pub(super) fn warn(&mut self, offset: usize, key: &str, what: &str, fix: &str) {
        let key = self.path_of(key);
        let warning = self
            .reader
            .problem(offset, key, what.to_owned(), fix.to_owned());
        self.reader.warnings.push(warning);
    }

    /// Reads only to learn which keys are asked for: what is found wrong on the way is forgotten.
    pub(super) fn only_ask(&mut self, read: impl FnOnce(&mut Self)) {
        let known = (self.reader.problems.len(), self.reader.warnings.len());
        read(self);
        self.reader.problems.truncate(known.0);
        self.reader.warnings.truncate(known.1);
    }

    /// Reports every key that nobody asked for.
    pub(super) fn report_unknown(&mut self) {
        for (key, _) in self.entries() {
            if self.asked.contains(&key.value) {
                continue;
            }
            let fix = match closest(key.value, &self.asked) {
                Some(known) => format!("did you mean `{known}`?"),
                None => format!("known here: {}", quoted(&self.asked, '`')),
            };
            self.wrong(key.offset, showable(key.value), "is not a known key", &fix);
        }
    }

    /// A key with the tables around it.
    pub(super) fn path_of(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", key) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }
}

/// The word most like the one given, if one is like it at all.
pub(super) fn closest<'w>(word: &str, words: &[&'w str]) -> Option<&'w str> {
    let word = word.to_lowercase();
    words
        .iter()
        .map(|known| (strsim::jaro_winkler(&word, known), *known))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

/// A key as it may be shown: what does not look like a key may be something that slipped, such as a secret.
pub(super) fn showable(key: &str) -> &str {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    if key.len() <= MAX_SHOWN_NAME && !key.is_empty() && key.chars().all(plain) {
        key
    } else {
        "…"
    }
}

fn quoted(words: &[&str], quote: char) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("{quote}{word}{quote}"))
        .collect();
    words.join(", ")
}
