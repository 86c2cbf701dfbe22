//! The question before harm, and the reason of a protection. Both answer where the text cursor stands, and their area.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use tui_input::Input;

use super::footer::hint_line;
use super::menu::subject;
use super::paint::{Pieces, Strip};
use super::popup;
use super::{pane, row};
use crate::console::app::App;
use crate::console::keymap::UiCommand;
use crate::console::layers::{Asked, Protect, Question};
use crate::console::update::acknowledge_title;
use crate::model::{ActionKind, ProtectionScope, confirmation};

/// A text field on one line; answers where its cursor stands.
fn draw_field(app: &App, input: &Input, area: Rect, buffer: &mut Buffer) -> Position {
    let theme = &app.look.theme;
    let room = usize::from(area.width).max(2);
    let scroll = input.visual_scroll(room - 1);
    let mut skipped = 0;
    let shown: String = input
        .value()
        .chars()
        .skip_while(|c| {
            let skip = skipped < scroll;
            skipped += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            skip
        })
        .collect();
    buffer.set_style(area, theme.selection_inactive);
    Strip::new(buffer, theme.glyphs, area, area.y).text(&shown, theme.text);
    let x = area.x + u16::try_from(input.visual_cursor().saturating_sub(scroll)).unwrap_or(0);
    Position::new(x.min(area.right().saturating_sub(1)), area.y)
}

/// The question before harm.
pub fn draw_question(
    app: &App,
    question: &Question,
    area: Rect,
    buffer: &mut Buffer,
) -> (Rect, Option<Position>) {
    let theme = &app.look.theme;
    let (title, mut lines) = match &question.what {
        Asked::Action(kind, vm) => match app.inventory.overview_of(vm) {
            Some(overview) => action_lines(app, *kind, &overview),
            None => (format!("{}?", kind.title()), Vec::new()),
        },
        Asked::AcknowledgeAll(tasks) => {
            let mut lines = Vec::new();
            for key in tasks.iter().take(12) {
                let Some(task) = app.inventory.task(key) else {
                    continue;
                };
                let mut pieces = Pieces::default();
                pieces.add(format!("{} ", theme.glyphs.warning), theme.danger);
                pieces.add(
                    format!("{:<18} ", pane::task_vm_name(app, task)),
                    theme.text,
                );
                pieces.add(
                    format!("{:<10} {} failed", key.cloud.as_str(), task.kind.title()),
                    theme.dim,
                );
                lines.push(pieces);
            }
            if tasks.len() > 12 {
                let mut pieces = Pieces::default();
                pieces.add(format!("and {} more", tasks.len() - 12), theme.dim);
                lines.push(pieces);
            }
            (acknowledge_title(tasks.len()), lines)
        }
    };
    lines.push(Pieces::default());
    let hints = hint_line(
        app,
        &[UiCommand::Yes, UiCommand::Back],
        &[(UiCommand::Back, "do nothing")],
    );
    let field_line = question.expected.is_some();
    let mut all = Vec::new();
    let wide = 68.min(area.width);
    for pieces in lines {
        all.push(pieces);
    }
    let high = u16::try_from(all.len())
        .unwrap_or(u16::MAX)
        .saturating_add(2 + 2 * u16::from(field_line))
        .min(area.height);
    let place = popup::centred(area, wide, high);
    let inside = popup::frame(theme, &title, theme.danger, &hints, place, buffer);
    popup::lines(theme, &all, 0, inside, buffer);
    let Some(expected) = &question.expected else {
        return (place, None);
    };
    let y = inside.bottom().saturating_sub(2);
    let mut strip = Strip::new(buffer, theme.glyphs, inside, y);
    strip
        .text("Type ", theme.text)
        .text(expected, theme.matched)
        .text(" to go on", theme.text);
    let field = Rect {
        y: y + 1,
        height: 1,
        ..inside
    };
    (place, Some(draw_field(app, &question.input, field, buffer)))
}

fn action_lines(
    app: &App,
    kind: ActionKind,
    vm: &crate::fleet::Overview<'_>,
) -> (String, Vec<Pieces>) {
    let theme = &app.look.theme;
    let environment = match &vm.cloud.info.environment {
        Some(word) if vm.cloud.info.production => format!(" {}", word.to_uppercase()),
        _ => String::new(),
    };
    let title = format!(
        "{} {} on {}{environment}?",
        kind.title(),
        vm.vm.name,
        vm.vm.key.cloud
    );
    let mut lines = Vec::new();
    let mut what = Pieces::default();
    what.extend(row::state(app, vm))
        .add(format!("  {}", vm.vm.name), theme.text);
    if let Some(vapp) = &vm.vm.vapp {
        what.add(format!("  in {}", vapp.name), theme.dim);
    }
    lines.push(what);
    let note = row::note(app, vm);
    if !note.is_empty() {
        let mut pieces = Pieces::default();
        pieces.add("  ", theme.dim).extend(note);
        lines.push(pieces);
    }
    lines.push(Pieces::default());
    if let Some(confirmation) = confirmation(kind, vm.vm, vm.cloud.info.production) {
        popup::wrapped(confirmation.consequence, 62, theme.text, &mut lines);
        if !confirmation.because.is_empty() {
            popup::wrapped(
                &format!("Asked because: {}.", confirmation.because.join(", ")),
                62,
                theme.caution,
                &mut lines,
            );
        }
    }
    (title, lines)
}

/// The reason of a protection.
pub fn draw_protect(
    app: &App,
    protect: &Protect,
    area: Rect,
    buffer: &mut Buffer,
) -> (Rect, Option<Position>) {
    let theme = &app.look.theme;
    let Some(vm) = app.inventory.overview_of(&protect.vm) else {
        return (Rect::default(), None);
    };
    let place = popup::centred(area, 72, 6);
    let recall = if app.remembered.reasons().is_empty() {
        None
    } else {
        Some(UiCommand::Earlier)
    };
    let commands: Vec<_> = [Some(UiCommand::Yes), recall, Some(UiCommand::Back)]
        .into_iter()
        .flatten()
        .collect();
    let words = [
        (UiCommand::Yes, "protect"),
        (UiCommand::Back, "leave it as is"),
    ];
    let hints = hint_line(app, &commands, &words);
    let inside = popup::frame(
        theme,
        &format!("Protect {}", subject(app, &vm)),
        theme.accent,
        &hints,
        place,
        buffer,
    );
    let reach = match vm.cloud.info.capabilities.protection {
        Some(ProtectionScope::Cloud) | None => {
            "Others without the privilege cannot act on it until it is released."
        }
        Some(ProtectionScope::SharedTag) => {
            "Every such console honours it until it is released; the cloud does not enforce it."
        }
        Some(ProtectionScope::Console) => "This console alone honours it until it is released.",
    };
    Strip::new(buffer, theme.glyphs, inside, inside.y).text(reach, theme.dim);
    let y = inside.y + 2;
    Strip::new(buffer, theme.glyphs, inside, y).text("Reason", theme.text);
    let field = Rect {
        x: inside.x + 8,
        y,
        width: inside.width.saturating_sub(8),
        height: 1,
    };
    let cursor = draw_field(app, &protect.input, field, buffer);
    if protect.empty {
        let mut strip = Strip::new(buffer, theme.glyphs, inside, y + 1);
        strip.gap(8).text(
            "A reason is needed: it is what others will read.",
            theme.caution,
        );
    }
    (place, Some(cursor))
}
