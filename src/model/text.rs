//! Text from a server, made safe to show: no control characters, no direction overrides, no floods.

use std::borrow::Cow;

/// The longest text kept from a server for one field, in characters; a longer one ends in `…`.
pub const FIELD_MAX: usize = 4_096;

/// The longest name kept (of a VM, an appliance, a user …), in characters.
pub const NAME_MAX: usize = 256;

/// Whether a character may reach a terminal or a log as it is.
///
/// Left out: control characters (C0, C1, DEL), the bidirectional marks, embeddings, overrides and
/// isolates (Unicode Annex 9), line and paragraph separators, zero-width characters and the byte order mark:
/// each of them can hide or reorder what an administrator reads.
#[must_use]
pub fn is_safe(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
            | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// One line of safe text: each run of line breaks and tabs becomes one space, other unsafe characters vanish,
/// and what is longer than `max` characters is cut with `…`.
#[must_use]
pub fn clean_to(text: &str, max: usize) -> Cow<'_, str> {
    // A text of at most `max` bytes has at most `max` characters: the common case costs one pass and no copy.
    if text.len() <= max && text.chars().all(is_safe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().min(max * 4));
    let mut kept = 0;
    for c in text.chars() {
        let c = match c {
            '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
            c if is_safe(c) => c,
            _ => continue,
        };
        if c == ' ' && out.ends_with(' ') {
            continue;
        }
        if kept == max {
            out.push('…');
            break;
        }
        out.push(c);
        kept += 1;
    }
    Cow::Owned(out)
}

/// [`clean_to`] with the length of a free text field ([`FIELD_MAX`]).
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    clean_to(text, FIELD_MAX)
}

/// [`clean_to`] with the length of a name ([`NAME_MAX`]).
#[must_use]
pub fn clean_name(text: &str) -> Cow<'_, str> {
    clean_to(text, NAME_MAX)
}

/// Several lines of safe text (a raw document): line breaks stay, tabs become two spaces, other unsafe characters vanish.
/// At most `max` bytes are kept.
#[must_use]
pub fn clean_document(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max));
    for c in text.chars() {
        match c {
            '\n' => out.push('\n'),
            '\t' => out.push_str("  "),
            c if is_safe(c) => out.push(c),
            _ => {}
        }
        if out.len() >= max {
            out.push_str("\n…");
            break;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed_untouched() {
        assert!(matches!(
            clean("web-01 straße ✓"),
            Cow::Borrowed("web-01 straße ✓")
        ));
    }

    #[test]
    fn escapes_and_direction_overrides_vanish() {
        assert_eq!(clean("a\u{1b}[31mb\u{7f}\u{9b}c"), "a[31mbc");
        assert_eq!(
            clean("evil\u{202e}gpj.exe\u{2066}x\u{200b}"),
            "evilgpj.exex"
        );
    }

    #[test]
    fn line_breaks_become_one_space() {
        assert_eq!(clean("first\r\nsecond\t third"), "first second third");
    }

    #[test]
    fn long_text_is_cut_by_characters() {
        assert_eq!(clean_to("äöüäöü", 3), "äöü…");
        assert_eq!(clean_to("äöü", 3), "äöü");
    }

    #[test]
    fn a_document_keeps_its_lines_and_is_bounded() {
        assert_eq!(
            clean_document("{\n\t\"a\":\u{1b} 1\n}", 100),
            "{\n  \"a\": 1\n}"
        );
        assert!(clean_document(&"x".repeat(1_000), 10).len() < 20);
    }
}
