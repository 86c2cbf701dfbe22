//! A key as it is written in keymaps and shown in hints.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// One key with its modifiers. Shift is part of the character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// The names of the keys that are no character, and how hints show them.
const NAMED: &[(&str, KeyCode, &str)] = &[
    ("enter", KeyCode::Enter, "⏎"),
    ("esc", KeyCode::Esc, "esc"),
    ("tab", KeyCode::Tab, "tab"),
    ("backtab", KeyCode::BackTab, "shift-tab"),
    ("backspace", KeyCode::Backspace, "backspace"),
    ("delete", KeyCode::Delete, "del"),
    ("insert", KeyCode::Insert, "ins"),
    ("up", KeyCode::Up, "↑"),
    ("down", KeyCode::Down, "↓"),
    ("left", KeyCode::Left, "←"),
    ("right", KeyCode::Right, "→"),
    ("home", KeyCode::Home, "home"),
    ("end", KeyCode::End, "end"),
    ("pageup", KeyCode::PageUp, "pgup"),
    ("pagedown", KeyCode::PageDown, "pgdn"),
    ("space", KeyCode::Char(' '), "space"),
];

impl Key {
    /// The key of a terminal event.
    #[must_use]
    pub fn of(event: KeyEvent) -> Self {
        let kept = KeyModifiers::CONTROL | KeyModifiers::ALT;
        Self {
            code: event.code,
            modifiers: event.modifiers & kept,
        }
    }

    /// Whether it puts a character into a text field.
    #[must_use]
    pub fn is_printable(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && self.modifiers.is_empty()
    }

    /// The key as hints show it; with `ascii`, without arrows.
    #[must_use]
    pub fn label(self, ascii: bool) -> String {
        let named = NAMED.iter().find(|(_, code, _)| *code == self.code);
        let key = match (named, self.code) {
            (Some((name, ..)), _) if ascii => (*name).to_owned(),
            (Some((.., label)), _) => (*label).to_owned(),
            (None, KeyCode::Char(c)) => c.to_string(),
            (None, KeyCode::F(n)) => format!("f{n}"),
            (None, _) => "?".to_owned(),
        };
        let control = if self.modifiers.contains(KeyModifiers::CONTROL) {
            "ctrl-"
        } else {
            ""
        };
        let alt = if self.modifiers.contains(KeyModifiers::ALT) {
            "alt-"
        } else {
            ""
        };
        format!("{control}{alt}{key}")
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label(true))
    }
}

/// A key that nobody can press: what was written is not the name of one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a key; write one character, or a name such as enter, esc, pagedown, f5, ctrl-r"
)]
pub struct NotAKey(String);

impl FromStr for Key {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let mut modifiers = KeyModifiers::NONE;
        let lower = text.to_lowercase();
        // Names are written in any case; a single character is itself.
        let mut rest = if text.chars().count() > 1 && !text.contains('-') {
            lower.as_str()
        } else {
            text
        };
        loop {
            // "-" alone is the character.
            if let Some(more) = rest.strip_prefix("ctrl-").filter(|more| !more.is_empty()) {
                modifiers |= KeyModifiers::CONTROL;
                rest = more;
            } else if let Some(more) = rest.strip_prefix("alt-").filter(|more| !more.is_empty()) {
                modifiers |= KeyModifiers::ALT;
                rest = more;
            } else {
                break;
            }
        }
        let named = NAMED
            .iter()
            .find(|(name, ..)| *name == rest)
            .map(|(_, code, _)| *code);
        let function = rest
            .strip_prefix('f')
            .and_then(|n| n.parse().ok())
            .filter(|n| (1..=12).contains(n));
        let mut chars = rest.chars();
        let character = chars
            .next()
            .filter(|c| chars.next().is_none() && !c.is_control());
        let code = named
            .or(function.map(KeyCode::F))
            .or(character.map(KeyCode::Char));
        let code = code.ok_or_else(|| NotAKey(text.to_owned()))?;
        Ok(Self { code, modifiers })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]
    use super::*;

    #[test]
    fn written_keys_round_trip() {
        for text in [
            "a",
            "A",
            "/",
            "-",
            "ctrl-r",
            "enter",
            "f5",
            "ctrl-alt-x",
            "space",
            "pagedown",
        ] {
            let key: Key = text.parse().unwrap();
            assert_eq!(key.to_string(), text);
        }
        for text in ["", "ab", "ctrl-", "f13", "hyper-x"] {
            assert!(text.parse::<Key>().is_err(), "{text}");
        }
    }

    #[test]
    fn shift_is_part_of_the_character() {
        let event = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Key::of(event), "G".parse().unwrap());
    }
}
