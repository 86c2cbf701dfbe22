//! The program that opens the screen of a VM: a command line with places for what the cloud tells, cut into words here, by no shell.

/// What a cloud tells of a VM's screen, to be put into a command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// The whole address.
    Url,
    /// Host name or address.
    Host,
    /// TCP port.
    Port,
    /// `vnc`, `spice`, `rdp`.
    Protocol,
    /// The VM's name.
    Name,
    /// The path of a connection file for virt-viewer.
    File,
}

impl Placeholder {
    /// All of them, by the word between the braces.
    pub const WORDS: [(&'static str, Self); 6] = [
        ("url", Self::Url),
        ("host", Self::Host),
        ("port", Self::Port),
        ("protocol", Self::Protocol),
        ("name", Self::Name),
        ("file", Self::File),
    ];

    /// The word between the braces.
    #[must_use]
    pub fn word(self) -> &'static str {
        let known = Self::WORDS.iter().find(|(_, known)| *known == self);
        known.map_or("", |(word, _)| word)
    }
}

/// A part of an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// As it is written.
    Text(String),
    /// What the cloud tells.
    Value(Placeholder),
}

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// The program, as it is written.
    pub program: String,
    /// Its arguments, each of its parts.
    pub arguments: Vec<Vec<Part>>,
}

/// What is wrong with a written command line, as the rest of a sentence that begins with its key; and what to do about it.
pub(super) type Wrong = (String, String);

impl Viewer {
    /// Cuts a command line at its blanks; what stands between quotes is one word.
    pub(super) fn of_line(line: &str) -> Result<Self, Wrong> {
        let mut words = Vec::new();
        let mut word: Option<String> = None;
        let mut quote = None;
        for c in line.chars() {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (Some(_), c) => word.get_or_insert_default().push(c),
                (None, '"' | '\'') => {
                    quote = Some(c);
                    word.get_or_insert_default();
                }
                (None, c) if c.is_whitespace() => words.extend(word.take()),
                (None, c) => word.get_or_insert_default().push(c),
            }
        }
        if quote.is_some() {
            let fix = "put one behind the last word that it belongs to";
            return Err(("has a quote that is not closed".into(), fix.into()));
        }
        words.extend(word);
        Self::of_words(&words)
    }

    /// The program is the first word.
    pub(super) fn of_words(words: &[String]) -> Result<Self, Wrong> {
        if words
            .iter()
            .flat_map(|word| word.chars())
            .any(char::is_control)
        {
            return Err((
                "has a control character".into(),
                "write printable characters alone".into(),
            ));
        }
        let program = words.first().filter(|program| !program.is_empty());
        let Some(program) = program.filter(|program| !program.contains(['{', '}'])) else {
            return Err((
                "must begin with the name of a program".into(),
                "write it like \"remote-viewer {url}\"".into(),
            ));
        };
        let arguments = words.iter().skip(1).map(|word| parts(word));
        let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
        let tells = |part: &Part| matches!(part, Part::Value(of) if *of != Placeholder::Name);
        if !arguments.iter().flatten().any(tells) {
            return Err((
                "says nowhere what to open".into(),
                "add {url}, {host} and {port}, or {file}".into(),
            ));
        }
        Ok(Self {
            program: program.clone(),
            arguments,
        })
    }
}

fn parts(word: &str) -> Result<Vec<Part>, Wrong> {
    let mut parts = Vec::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            return Err((
                "has a `{` without its `}`".into(),
                "close it, as in {url}".into(),
            ));
        };
        let known = Placeholder::WORDS.iter().find(|(word, _)| *word == name);
        let Some((_, placeholder)) = known else {
            let words: Vec<_> = Placeholder::WORDS.iter().map(|(word, _)| *word).collect();
            let fix = match super::section::closest(name, &words) {
                Some(word) => format!("did you mean {{{word}}}?"),
                None => format!("known are {{{}}}", words.join("}, {")),
            };
            return Err(("names between braces what no cloud tells".to_owned(), fix));
        };
        if !before.is_empty() {
            parts.push(Part::Text(before.to_owned()));
        }
        parts.push(Part::Value(*placeholder));
        rest = after;
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn a_line_is_cut_at_blanks_and_quotes_hold_words_together() {
        let viewer = Viewer::of_line("my-viewer --title='a {name}' \"\" {host}::{port}").unwrap();
        assert_eq!(viewer.program, "my-viewer");
        let text = |text: &str| Part::Text(text.to_owned());
        assert_eq!(
            viewer.arguments,
            [
                vec![text("--title=a "), Part::Value(Placeholder::Name)],
                vec![text("")],
                vec![
                    Part::Value(Placeholder::Host),
                    text("::"),
                    Part::Value(Placeholder::Port)
                ],
            ]
        );
    }

    #[test]
    fn what_cannot_be_run_is_told_with_a_remedy() {
        for (line, what, fix) in [
            ("", "must begin with", "remote-viewer {url}"),
            ("{url}", "must begin with", "remote-viewer {url}"),
            ("x 'y {url}", "not closed", "put one"),
            ("x {hosts}", "no cloud tells", "did you mean {host}?"),
            ("x {url", "without its", "close it"),
            ("x --full-screen {name}", "nowhere", "add {url}"),
            ("x {url}\u{1b}", "control", "printable"),
        ] {
            let (told, remedy) = Viewer::of_line(line).unwrap_err();
            assert!(
                told.contains(what) && remedy.contains(fix),
                "{line}: {told}; {remedy}"
            );
        }
    }
}
