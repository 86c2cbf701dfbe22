//! Which events are listed, and where they are written. Both answer where the text cursor stands.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::footer::hint_line;
use super::forms::draw_field;
use super::paint::{Pieces, Strip};
use super::popup::{self, wrapped};
use crate::console::app::App;
use crate::console::keymap::UiCommand;
use crate::console::layers::{EventForm, ExportForm, ExportState};
use crate::console::lists::event_filter::{SEVERITIES, Span, severity_words};
use crate::console::text::counted;

/// The cells before a field: the cursor and the label.
const LABEL: u16 = 14;

/// The five fields.
pub fn draw(app: &App, form: &EventForm, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = &app.look.theme;
    let place = popup::centred(area, 76, 7);
    let commands = [
        UiCommand::Yes,
        UiCommand::NextField,
        UiCommand::NextChoice,
        UiCommand::ClearFilter,
        UiCommand::Back,
    ];
    let hints = hint_line(app, &commands, &[(UiCommand::Yes, "list them")]);
    let title = "Which events";
    let inside = popup::frame(theme, title, theme.accent, &hints, place, buffer);
    let severity = SEVERITIES.get(form.severity).copied().flatten();
    let span = Span::CHOICES.get(form.span).copied().unwrap_or_default();
    let labels = ["Severity", "Time", "User", "VM", "Text"];
    let mut cursor = None;
    for (at, label) in labels.into_iter().enumerate() {
        let y = inside.y + u16::try_from(at).unwrap_or(0);
        let is_here = at == form.at;
        let mut strip = Strip::new(buffer, theme.glyphs, inside, y);
        strip
            .column(
                if is_here { theme.glyphs.cursor } else { "" },
                1,
                theme.accent,
            )
            .column(
                label,
                usize::from(LABEL) - 5,
                if is_here { theme.text } else { theme.dim },
            );
        let choice = match at {
            0 => Some(severity_words(severity)),
            1 => Some(span.words()),
            _ => None,
        };
        if let Some(words) = choice {
            let [before, behind] = if is_here { ["<", " >"] } else { ["", ""] };
            strip
                .column(before, 1, theme.accent)
                .text(words, if is_here { theme.accent } else { theme.text })
                .text(behind, theme.accent);
            continue;
        }
        let field = Rect {
            x: inside.x + LABEL,
            y,
            width: inside.width.saturating_sub(LABEL),
            height: 1,
        };
        if let Some(input) = form.inputs.get(at.saturating_sub(2)) {
            let position = draw_field(app, input, field, buffer);
            cursor = is_here.then_some(position).or(cursor);
        }
    }
    cursor
}

/// The path of the file.
pub fn draw_export(app: &App, form: &ExportForm, area: Rect, buffer: &mut Buffer) -> Position {
    let theme = &app.look.theme;
    let place = popup::centred(area, 84, 6);
    let words = match form.state {
        ExportState::AlreadyThere => "write over it",
        _ => "write",
    };
    let hints = hint_line(
        app,
        &[UiCommand::Yes, UiCommand::Back],
        &[(UiCommand::Yes, words)],
    );
    let count = counted(app.events.rows().len(), "event", "events");
    let title = format!("Write {count} into a file");
    let inside = popup::frame(theme, &title, theme.accent, &hints, place, buffer);
    Strip::new(buffer, theme.glyphs, inside, inside.y).text("File", theme.text);
    let field = Rect {
        x: inside.x + 6,
        width: inside.width.saturating_sub(6),
        height: 1,
        ..inside
    };
    let cursor = draw_field(app, &form.input, field, buffer);
    let (text, style) = match &form.state {
        ExportState::Asking => (
            "One line of JSON for each event; a name that ends in .csv makes a table. Only you may read it.",
            theme.dim,
        ),
        ExportState::Writing => ("being written …", theme.dim),
        ExportState::AlreadyThere => (
            "There is a file of this name. Write over it, or choose another name.",
            theme.caution,
        ),
        ExportState::Failed(why) => (why.as_str(), theme.danger),
    };
    let mut lines: Vec<Pieces> = Vec::new();
    wrapped(text, usize::from(inside.width), style, &mut lines);
    let below = Rect {
        y: inside.y + 2,
        height: inside.height.saturating_sub(2),
        ..inside
    };
    popup::lines(theme, &lines, 0, below, buffer);
    cursor
}
