//! The list of events, and how one event looks on a line.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::{List, Look, gutter};
use super::paint::{Pieces, Strip};
use super::popup::{lines as lines_of, wrapped};
use crate::console::app::{App, Focus};
use crate::console::lists::events::{End, KEPT_MAX};
use crate::console::text::find_ignoring_case;
use crate::console::viewports::Port;
use crate::model::task::spoken;
use crate::model::{Event, Severity, TaskKind};

/// The lines that show the whole trace of one event, with a rule above.
const PREVIEW: u16 = 4;

/// Draws the heads and the rows that fit.
pub fn draw(app: &App, port: &mut Port, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let rows = app.events.rows();
    let wide = area.width >= 110;
    let mut strip = Strip::new(buffer, theme.glyphs, area, area.y);
    strip
        .gap(2)
        .column("", 1, theme.dim)
        .column("TIME", 14, theme.dim);
    if wide {
        strip
            .column("CLOUD", 8, theme.dim)
            .column("USER", 10, theme.dim);
    }
    strip
        .column("ACTION", if wide { 18 } else { 14 }, theme.dim)
        .column("NAME", 16, theme.dim)
        .text("TRACE", theme.dim);
    let preview = if area.height >= 14 { PREVIEW } else { 0 };
    let body = Rect {
        y: area.y + 1,
        height: area.height.saturating_sub(2 + preview),
        ..area
    };
    if preview > 0 {
        draw_preview(
            app,
            Rect {
                y: body.bottom() + 1,
                height: preview,
                ..area
            },
            buffer,
        );
    }
    let list = List {
        body,
        rows: rows.len(),
        at: app.events.at(),
        focus: Focus::Main,
        always: true,
    };
    list.draw(app, port, buffer, |at, current, strip| {
        gutter(app, current, false, strip);
        if let Some(event) = rows.get(at) {
            draw_row(app, event, wide, strip);
        }
        Look::Plain
    });
    draw_end(app, port, body, buffer);
}

/// Under the last row: whether more is on its way, or that is all.
fn draw_end(app: &App, port: &Port, body: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let rows = app.events.rows().len();
    let (text, style) = match app.events.end(&app.inventory) {
        End::Reading => ("reading more …".to_owned(), theme.dim),
        End::Failed(cloud, why) => (format!("{cloud}: {why}"), theme.danger),
        End::All if rows == 0 => ("No event to show.".to_owned(), theme.dim),
        End::All => ("that is all".to_owned(), theme.dim),
        End::Full => (
            format!("{KEPT_MAX} events are kept here; a filter reaches further"),
            theme.caution,
        ),
        End::More if rows == 0 => ("No event to show.".to_owned(), theme.dim),
        End::More => (
            "older ones are read at the end of the list".to_owned(),
            theme.dim,
        ),
    };
    let below = rows
        .saturating_sub(port.first)
        .min(usize::from(body.height));
    let hidden = rows.saturating_sub(port.first + below);
    let (text, style) = if hidden > 0 {
        (format!("{hidden} more below"), theme.dim)
    } else {
        (text, style)
    };
    let line = Rect {
        y: body.y + u16::try_from(below).unwrap_or(body.height),
        height: 1,
        ..body
    };
    Strip::new(buffer, theme.glyphs, line, line.y)
        .gap(3)
        .text(&text, style);
}

/// The whole trace of the event under the cursor, as far as it fits.
fn draw_preview(app: &App, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let rule = theme.glyphs.rule.repeat(usize::from(area.width));
    buffer.set_string(area.x, area.y, &rule, theme.rule);
    let Some(event) = app.events.current() else {
        return;
    };
    // A narrow list has no room for where it happened and who did it.
    let mut origin = Pieces::default();
    origin.add(format!(" {}", app.cloud_words(&event.key.cloud)), theme.dim);
    if let Some(user) = performer(event) {
        origin.add(format!(" {} {user}", theme.glyphs.dot), theme.dim);
    }
    origin.add(" ", theme.dim);
    let corner = Rect {
        width: area.width.saturating_sub(2),
        height: 1,
        ..area
    };
    origin.put_right(buffer, theme.glyphs, corner, area.y);
    let mut lines = Vec::new();
    wrapped(
        &event.trace,
        usize::from(area.width.saturating_sub(4)),
        theme.text,
        &mut lines,
    );
    let inside = Rect {
        x: area.x + 2,
        width: area.width.saturating_sub(4),
        y: area.y + 1,
        height: area.height - 1,
    };
    lines_of(theme, &lines, 0, inside, buffer);
}

/// Who did it, as far as the event tells.
fn performer(event: &Event) -> Option<&str> {
    event.performed_by.as_deref().or(event.user.as_deref())
}

fn draw_row(app: &App, event: &Event, wide: bool, strip: &mut Strip<'_>) {
    let theme = &app.look.theme;
    let (style, sign) = theme.severity(event.severity);
    let filter = app.events.filter().text.trim().to_lowercase();
    let filter = filter.as_str();
    strip
        .column(sign, 1, style)
        .column(&when(app, event.at), 14, theme.dim);
    if wide {
        strip.column(event.key.cloud.as_str(), 8, theme.dim);
        strip.column(performer(event).unwrap_or_default(), 10, theme.dim);
    }
    strip.column(
        &action_words(app, event),
        if wide { 18 } else { 14 },
        theme.text,
    );
    let name = vm_name(app, event);
    strip.marked(
        &name,
        find_ignoring_case(&name, filter),
        16,
        theme.text,
        theme.matched,
    );
    let room = strip.room();
    // The sign says how bad it is; the text is for reading.
    let style = if event.severity == Severity::Info {
        theme.dim
    } else {
        theme.text
    };
    strip.marked(
        &event.trace,
        find_ignoring_case(&event.trace, filter),
        room,
        style,
        theme.matched,
    );
}

/// What was done, as people say it: `Power on`; a word that is not known loses only its capitals and underscores.
pub fn action_words(app: &App, event: &Event) -> String {
    let kind = TaskKind::new(&event.action);
    if kind.title() != kind.as_str() {
        return app.task_title(&kind);
    }
    spoken(&event.action.to_uppercase()).into_owned()
}

/// The name of what an event happened to: the VM's as it is known now, else the event's own word.
pub fn vm_name(app: &App, event: &Event) -> String {
    let known = event
        .vm
        .as_ref()
        .and_then(|vm| app.inventory.find(vm))
        .map(|vm| vm.name.to_string());
    known
        .or_else(|| event.vm_name.as_ref().map(ToString::to_string))
        .unwrap_or_default()
}

/// `14:01:37` for today, `21 Nov 14:01` before.
pub fn when(app: &App, at: jiff::Timestamp) -> String {
    let zoned = at.to_zoned(app.look.zone.clone());
    let today = app.now.to_zoned(app.look.zone.clone()).date();
    let format = if zoned.date() == today {
        "%H:%M:%S"
    } else {
        "%d %b %H:%M"
    };
    zoned.strftime(format).to_string()
}
