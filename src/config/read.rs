//! From a file's text to a [`Config`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::problem::{Position, Problem};
use super::read_cloud::clouds;
use super::read_labels::labels;
use super::section::{Reader, Section, showable};
use super::source::Source;
use super::{Config, ConsoleOptions, DEFAULT_REFRESH_SECONDS, KeyOverride, ThemeName, Viewer};

/// What reading a text comes to when nothing is wrong.
pub(super) struct Read {
    pub(super) config: Config,
    pub(super) warnings: Vec<Problem>,
    /// Where the first secret stands that is written in the file itself.
    pub(super) plain_secret: Option<(Position, String)>,
}

/// Reads a whole configuration, or says everything that is wrong with it.
pub(super) fn read(text: &str, file: &Path, home: Option<PathBuf>) -> Result<Read, Vec<Problem>> {
    let source = Source::new(file, text);
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let mut problems: Vec<Problem> = errors
            .iter()
            .map(|error| source.syntax_problem(error.message(), error.span()))
            .collect();
        // The parser goes on after a mistake: what it stumbles over on the same line follows from the first.
        problems.sort_by_key(|problem| problem.position);
        problems.dedup_by_key(|problem| problem.position.map(|position| position.line));
        return Err(problems);
    }

    let mut reader = Reader::new(source, home);
    let config = whole(Section::new(
        &mut reader,
        document.get_ref(),
        0,
        String::new(),
    ));
    if !reader.problems.is_empty() {
        reader.problems.sort_by_key(|problem| problem.position);
        return Err(reader.problems);
    }
    reader.warnings.sort_by_key(|warning| warning.position);
    Ok(Read {
        config,
        warnings: reader.warnings,
        plain_secret: reader.plain_secret,
    })
}

fn whole(mut file: Section<'_, '_>) -> Config {
    let refresh = file.number("refresh_seconds", 1..=3600, DEFAULT_REFRESH_SECONDS);
    let state_dir = file.folder_path("state_dir");
    let cache_dir = file.folder_path("cache_dir");
    let clouds = clouds(&mut file);
    let console = file.section("console").map(console).unwrap_or_default();
    let labels = file.section("labels").map(labels).unwrap_or_default();
    let keys = file.section("keys").map(keys).unwrap_or_default();
    file.report_unknown();
    Config {
        refresh: Duration::from_secs(refresh.into()),
        state_dir,
        cache_dir,
        clouds,
        console,
        labels,
        keys,
    }
}

fn console(mut section: Section<'_, '_>) -> ConsoleOptions {
    let default = ConsoleOptions::default();
    let options = ConsoleOptions {
        theme: section.choice("theme", ThemeName::WORDS, default.theme),
        ascii: section.flag("ascii", default.ascii),
        mouse: section.flag("mouse", default.mouse),
        viewer: viewer(&mut section),
    };
    section.report_unknown();
    options
}

/// A command line, or a list of its words.
fn viewer(section: &mut Section<'_, '_>) -> Option<Viewer> {
    const KEY: &str = "viewer";
    const EXPECTED: &str = "a command in double quotes or a list of its words";
    let value = section.get(KEY)?;
    let viewer = match value.get_ref() {
        DeValue::String(line) => Viewer::of_line(line),
        _ => Viewer::of_words(&section.texts(KEY, value, EXPECTED)?),
    };
    let offset = value.span().start;
    viewer
        .map_err(|(what, fix)| section.wrong(offset, KEY, &what, &fix))
        .ok()
}

fn keys(mut section: Section<'_, '_>) -> Vec<KeyOverride> {
    const EXPECTED: &str = "a key in double quotes or a list of them";
    let mut keys = Vec::new();
    for (action, value) in section.entries() {
        let name = showable(action.value);
        if name != action.value {
            section.wrong(
                action.offset,
                name,
                "is not the name of an action",
                "correct it",
            );
            continue;
        }
        let list = match value.get_ref() {
            DeValue::String(key) if !key.is_empty() => Some(vec![key.to_string()]),
            DeValue::Array(none) if none.is_empty() => Some(Vec::new()),
            _ => section.texts(name, value, EXPECTED),
        };
        keys.extend(list.map(|keys| KeyOverride {
            action: name.to_owned(),
            keys,
            position: section.reader.source.position(action.offset),
        }));
    }
    keys.sort_by_key(|key| key.position);
    keys
}
