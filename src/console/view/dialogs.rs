//! The question before harm, and the reason of a protection. Both answer where the text cursor stands.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::footer::hint_line;
use super::forms::draw_field;
use super::menu::subject;
use super::paint::{Pieces, Strip};
use super::popup;
use super::scroll::position;
use super::{pane, row, vapp_question};
use crate::console::app::App;
use crate::console::keymap::UiCommand;
use crate::console::layers::{Asked, Protect, Question};
use crate::console::naming::cloud_words;
use crate::console::update::acknowledge_title;
use crate::console::viewports::Port;
use crate::fleet::Command;
use crate::model::{ActionKind, ProtectionScope, VmKey, confirmation};

/// The question before harm.
pub fn draw_question(
    app: &App,
    question: &Question,
    port: &mut Port,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let theme = &app.look.theme;
    let most = if matches!(question.what, Asked::Many(..) | Asked::OnVapp(..)) {
        100
    } else {
        72
    };
    let wide = popup::centred(area, most, area.height).width;
    let cells = usize::from(wide.saturating_sub(4));
    let (title, mut lines) = match &question.what {
        Asked::Many(kind, vms) => many_lines(app, *kind, vms, &question.commands, cells),
        Asked::OnVapp(kind, vapp, vms) => vapp_question::lines(app, *kind, vapp, vms, cells),
        Asked::Force { reports, .. } => vapp_question::force_lines(app, reports, cells),
        Asked::Action(kind, vm) => match app.inventory.overview_of(vm) {
            Some(overview) => action_lines(app, *kind, &overview, &question.commands, cells),
            None => (format!("{}?", app.look.labels.action(*kind)), Vec::new()),
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
                    format!(
                        "{:<10} {} failed",
                        app.cloud_name(&key.cloud),
                        app.task_title(&task.kind)
                    ),
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
    for pieces in lines {
        all.push(pieces);
    }
    let high = u16::try_from(all.len())
        .unwrap_or(u16::MAX)
        .saturating_add(2 + 2 * u16::from(field_line))
        .min(area.height);
    let place = popup::centred(area, wide, high);
    let inside = popup::frame(theme, &title, theme.danger, &hints, place, buffer);
    let text = Rect {
        height: inside.height.saturating_sub(2 * u16::from(field_line)),
        ..inside
    };
    port.rows = all.len();
    port.page = usize::from(text.height);
    port.area = text;
    port.first = question.first.min(port.last_first());
    popup::lines(theme, &all, port.first, text, buffer);
    position(app, port, place, buffer);
    let Some(expected) = &question.expected else {
        return None;
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
    Some(draw_field(app, &question.input, field, buffer))
}

fn action_lines(
    app: &App,
    kind: ActionKind,
    vm: &crate::fleet::Overview<'_>,
    commands: &[Command],
    cells: usize,
) -> (String, Vec<Pieces>) {
    let theme = &app.look.theme;
    let cloud = cloud_words(vm.cloud);
    let words = app.words(kind, vm);
    let verb = vapp_question::action_title(commands, words.title);
    let title = format!("{verb} {} on {cloud}?", vm.vm.name);
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
    let info = &vm.cloud.info;
    if let Some(confirmation) = confirmation(kind, vm.vm, info.capabilities, info.production) {
        if verb == words.title {
            popup::wrapped(confirmation.consequence, cells, theme.text, &mut lines);
        }
        vapp_question::argument_lines(app, commands, cells, &mut lines);
        if !confirmation.because.is_empty() {
            popup::wrapped(
                &format!("Asked because: {}.", confirmation.because.join(", ")),
                cells,
                theme.caution,
                &mut lines,
            );
        }
    }
    (title, lines)
}

/// Each VM that is acted on, then those left out with their reasons, then what happens.
fn many_lines(
    app: &App,
    kind: ActionKind,
    vms: &[VmKey],
    commands: &[Command],
    cells: usize,
) -> (String, Vec<Pieces>) {
    let theme = &app.look.theme;
    let mut lines = Vec::new();
    let mut left_out: Vec<(String, Vec<String>)> = Vec::new();
    let mut because: Vec<String> = Vec::new();
    // One action may do different things to VMs of different kinds: each is said once.
    let mut consequences: Vec<&str> = Vec::new();
    let mut titles: Vec<&str> = Vec::new();
    let mut acted_on = Vec::new();
    for key in vms {
        let Some(vm) = app.inventory.overview_of(key) else {
            continue;
        };
        let mut pieces = Pieces::default();
        let answer = vm.availability(kind);
        let goes = commands.iter().any(|command| command.vm() == Some(key));
        let why = match answer.denial() {
            Some(denial) => Some(app.told(denial, kind, &vm)),
            None if goes => None,
            None if vapp_question::stands_there(vm.vm, commands) => {
                Some("It stands there already".to_owned())
            }
            None => Some("It could not be acted on when this was asked".to_owned()),
        };
        let state = row::state(app, &vm);
        let blank = " ".repeat(25_usize.saturating_sub(state.width()));
        pieces.extend(state).add(blank, theme.text);
        pieces.add(format!("{:<18} ", vm.vm.name), theme.text);
        pieces.add(
            format!("{:<10} ", app.cloud_name(&key.cloud)),
            if vm.cloud.info.production {
                theme.danger
            } else {
                theme.dim
            },
        );
        if let Some(why) = why {
            let name = format!("{} on {}", vm.vm.name, app.cloud_name(&key.cloud));
            match left_out.iter_mut().find(|(known, _)| *known == why) {
                Some((_, names)) => names.push(name),
                None => left_out.push((why, vec![name])),
            }
            continue;
        }
        acted_on.push(&key.cloud);
        let words = app.words(kind, &vm);
        if !consequences.contains(&words.consequence) {
            consequences.push(words.consequence);
        }
        if !titles.contains(&words.title) {
            titles.push(words.title);
        }
        let info = &vm.cloud.info;
        if let Some(confirmation) = confirmation(kind, vm.vm, info.capabilities, info.production) {
            for why in confirmation.because {
                if !because.contains(&why) {
                    because.push(why);
                }
            }
        }
        pieces.extend(row::note(app, &vm));
        lines.push(pieces);
    }
    if !left_out.is_empty() {
        lines.push(Pieces::default());
        popup::wrapped("Left out:", cells, theme.caution, &mut lines);
        for (why, names) in left_out {
            popup::wrapped(
                &format!("  {why}: {}", names.join(", ")),
                cells,
                theme.dim,
                &mut lines,
            );
        }
    }
    // What happens comes first: a long list may need scrolling.
    let mut before = Vec::new();
    let title = titles.join(" or ");
    let verb = vapp_question::action_title(commands, &title);
    if verb == title {
        for consequence in consequences {
            popup::wrapped(consequence, cells, theme.text, &mut before);
        }
    }
    vapp_question::argument_lines(app, commands, cells, &mut before);
    if !because.is_empty() {
        popup::wrapped(
            &format!("Asked because: {}.", because.join(", ")),
            cells,
            theme.caution,
            &mut before,
        );
    }
    before.push(Pieces::default());
    before.extend(lines);
    (
        format!(
            "{verb} {}?",
            app.vms_on(acted_on.len(), acted_on.into_iter())
        ),
        before,
    )
}

/// The reason of a protection.
pub fn draw_protect(
    app: &App,
    protect: &Protect,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let theme = &app.look.theme;
    let overviews: Vec<_> = protect
        .vms
        .iter()
        .filter_map(|vm| app.inventory.overview_of(vm))
        .collect();
    let vm = overviews.first()?;
    let subject = match overviews.len() {
        1 => subject(app, vm),
        count => app.vms_on(count, protect.vms.iter().map(|vm| &vm.cloud)),
    };
    let title = app.words(ActionKind::Protect, vm).title;
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
        &format!("{title} {subject}"),
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
    Some(cursor)
}
