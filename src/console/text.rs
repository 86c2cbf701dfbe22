//! Text on a grid of cells: widths, cutting, and the words for ages and sizes.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// How many cells a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most `cells` cells; what is longer ends in `ellipsis`. Never splits a grapheme.
#[must_use]
pub fn cut<'a>(text: &'a str, cells: usize, ellipsis: &str) -> Cow<'a, str> {
    if text.len() <= cells || text.width() <= cells {
        return Cow::Borrowed(text);
    }
    let room = cells.saturating_sub(ellipsis.width());
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let wide = grapheme.width();
        if used + wide > room {
            break;
        }
        used += wide;
        out.push_str(grapheme);
    }
    if cells >= ellipsis.width() {
        out.push_str(ellipsis);
    }
    Cow::Owned(out)
}

/// The text broken into lines of at most `cells` cells, at blanks where there are any.
#[must_use]
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        // A word keeps the blank after it, so that no punctuation is torn off.
        for word in paragraph.split_inclusive(' ') {
            let room = cells.saturating_sub(line.width());
            if word.trim_end().width() <= room {
                line.push_str(word);
                continue;
            }
            if !line.trim_end().is_empty() {
                lines.push(line.trim_end().to_owned());
            }
            line = String::new();
            if word.trim().is_empty() {
                continue;
            }
            for grapheme in word.graphemes(true) {
                if line.width() + grapheme.width() > cells {
                    lines.push(std::mem::take(&mut line));
                }
                line.push_str(grapheme);
            }
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// `4s`, `12m`, `3h`, `2d`: how long something lasts or lies back, in its largest unit. Never negative: clocks of servers differ.
#[must_use]
pub fn short_duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// [`short_duration`] from `then` to `now`.
#[must_use]
pub fn since(then: Timestamp, now: Timestamp) -> String {
    short_duration(now.duration_since(then))
}

/// Memory as people say it: `512 MiB`, `8 GiB`, `1.5 GiB`.
#[must_use]
pub fn memory(mib: u64) -> String {
    if mib < 1_024 {
        format!("{mib} MiB")
    } else if mib.is_multiple_of(1_024) {
        format!("{} GiB", mib / 1_024)
    } else {
        let tenths = mib * 10 / 1_024;
        format!("{}.{} GiB", tenths / 10, tenths % 10)
    }
}

/// Where `needle` (already in lower case) stands in `text`, as a range of bytes of `text`, whatever the case. Only where the lower
/// case of the text is as long as the text itself, which is so but for a handful of letters.
#[must_use]
pub fn find_ignoring_case(text: &str, needle: &str) -> Option<std::ops::Range<usize>> {
    if needle.is_empty() {
        return None;
    }
    let lower = text.to_lowercase();
    if lower.len() != text.len() {
        return None;
    }
    let at = lower.find(needle)?;
    let range = at..at + needle.len();
    text.get(range.clone()).map(|_| range)
}

/// A count with its noun: `1 VM`, `3 VMs`.
#[must_use]
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_cells_not_by_bytes() {
        assert_eq!(cut("kernel update", 8, "…"), "kernel …");
        assert_eq!(cut("漢字漢字", 5, "…"), "漢字…");
        assert_eq!(cut("äöü", 3, "…"), "äöü");
        assert_eq!(cut("abc", 0, "…"), "");
    }

    #[test]
    fn text_wraps_at_blanks_and_long_words_break() {
        assert_eq!(
            wrap("no candidate machine", 12),
            ["no candidate", "machine"]
        );
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("a\nb", 10), ["a", "b"]);
        assert_eq!(wrap("work is lost.", 12), ["work is", "lost."]);
    }

    #[test]
    fn ages_and_sizes_read_as_people_say_them() {
        assert_eq!(short_duration(SignedDuration::from_secs(59)), "59s");
        assert_eq!(short_duration(SignedDuration::from_secs(-5)), "0s");
        assert_eq!(short_duration(SignedDuration::from_mins(125)), "2h");
        assert_eq!(short_duration(SignedDuration::from_hours(80)), "3d");
        assert_eq!(memory(512), "512 MiB");
        assert_eq!(memory(8_192), "8 GiB");
        assert_eq!(memory(1_536), "1.5 GiB");
    }

    #[test]
    fn matches_are_found_whatever_the_case() {
        assert_eq!(find_ignoring_case("Web-01", "web"), Some(0..3));
        assert_eq!(find_ignoring_case("straße", "ße"), Some(4..7));
        assert_eq!(find_ignoring_case("x", ""), None);
    }
}
