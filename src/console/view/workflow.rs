//! What waits for somebody to approve it, and the dialog in which that is decided.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::footer::hint_line;
use super::forms::labelled;
use super::list::{List, Look, gutter};
use super::paint::{Pieces, Strip};
use super::popup;
use crate::console::app::{App, Focus};
use crate::console::choices::Decide;
use crate::console::keymap::UiCommand;
use crate::console::lists::workflow::{self, About};
use crate::console::naming::cloud_words;
use crate::console::text::{counted, find_ignoring_case, since};
use crate::console::update::reviewing::{decidable, title};
use crate::console::viewports::Port;
use crate::model::{Task, TaskKey};

/// The tasks that a dialog names one by one.
const NAMED: usize = 8;

/// The columns with their cells; `wide` tables have a project as well.
struct Columns {
    cloud: usize,
    tenant: usize,
    user: usize,
    what: usize,
    vm: usize,
    vapp: usize,
    project: usize,
}

impl Columns {
    fn of(width: u16) -> Self {
        if width >= 110 {
            Self {
                cloud: 10,
                tenant: 14,
                user: 16,
                what: 14,
                vm: 18,
                vapp: 16,
                project: 14,
            }
        } else {
            Self {
                cloud: 6,
                tenant: 10,
                user: 12,
                what: 11,
                vm: 13,
                vapp: 13,
                project: 0,
            }
        }
    }
}

/// Draws the heads, what is wrong, and the rows that fit.
pub fn draw(app: &App, port: &mut Port, area: Rect, buffer: &mut Buffer) {
    let theme = &app.look.theme;
    let columns = Columns::of(area.width);
    let mut heads = Strip::new(buffer, theme.glyphs, area, area.y);
    heads.gap(2);
    for (head, cells) in [
        ("CLOUD", columns.cloud),
        ("TENANT", columns.tenant),
        ("USER", columns.user),
        ("WHAT", columns.what),
        ("VM", columns.vm),
        ("APPLIANCE", columns.vapp),
        ("PROJECT", columns.project),
    ] {
        if cells > 0 {
            heads.column(head, cells, theme.dim);
        }
    }
    heads.number("AGE", 5, theme.dim);
    let troubles = troubles(app, usize::from(area.width.saturating_sub(4)));
    let mut y = area.y + 1;
    for line in troubles.iter().take(usize::from(area.height / 3)) {
        let mut strip = Strip::new(buffer, theme.glyphs, area, y);
        strip.gap(2);
        line.put(&mut strip);
        y += 1;
    }
    let body = Rect {
        y,
        height: area.bottom().saturating_sub(y),
        ..area
    };
    let rows = app.held.rows();
    let list = List {
        body,
        rows: rows.len(),
        at: app.held.at(),
        focus: Focus::Main,
        always: true,
    };
    list.draw(app, port, buffer, |at, current, strip| {
        let Some(task) = rows
            .get(at)
            .and_then(|key| workflow::task(&app.inventory, key))
        else {
            return Look::Plain;
        };
        gutter(app, current, app.held.marks().contains(&task.key), strip);
        draw_row(app, task, &columns, strip);
        Look::Plain
    });
    if rows.is_empty() && troubles.is_empty() {
        let text = if app.held.filter().is_empty() {
            "Nothing waits to be reviewed."
        } else {
            "No held task has that in any column. Esc clears the filter."
        };
        Strip::new(buffer, theme.glyphs, body, body.y)
            .gap(2)
            .text(text, theme.dim);
    }
}

/// The clouds whose held tasks are not known, each with why.
fn troubles(app: &App, cells: usize) -> Vec<Pieces> {
    let theme = &app.look.theme;
    let clouds = app.inventory.clouds().iter();
    let mut lines = Vec::new();
    for cloud in clouds.filter(|cloud| cloud.info.capabilities.workflow.is_some()) {
        let name = &cloud.info.name;
        let (sign, words, style) = match &cloud.held {
            Some(Ok(_)) => continue,
            Some(Err(why)) => (theme.glyphs.failure, why.clone(), theme.danger),
            None => {
                let words = format!("being read {}", theme.glyphs.ellipsis);
                (theme.glyphs.busy, words, theme.dim)
            }
        };
        popup::wrapped(&format!("{sign} {name}: {words}"), cells, style, &mut lines);
    }
    lines
}

fn draw_row(app: &App, task: &Task, columns: &Columns, strip: &mut Strip<'_>) {
    let theme = &app.look.theme;
    let none = theme.glyphs.none;
    let about = About::of(&app.inventory, task);
    let production = app
        .inventory
        .cloud(&task.key.cloud)
        .is_some_and(|cloud| cloud.info.production);
    let of_cloud = if production { theme.text } else { theme.dim };
    let what = app.task_title(&task.kind);
    for (text, cells, style) in [
        (Some(task.key.cloud.as_str()), columns.cloud, of_cloud),
        (about.tenant.as_deref(), columns.tenant, theme.dim),
        (task.user.as_deref(), columns.user, theme.text),
        (Some(what.as_str()), columns.what, theme.text),
        (about.vm.as_deref(), columns.vm, theme.text),
        (about.vapp.as_deref(), columns.vapp, theme.text),
        (about.project.as_deref(), columns.project, theme.dim),
    ] {
        if cells > 0 {
            let text = text.unwrap_or(none);
            let found = find_ignoring_case(text, app.held.filter());
            strip.marked(text, found, cells, style, theme.matched);
        }
    }
    let age = task
        .created_at
        .map_or_else(|| none.to_owned(), |at| since(at, app.now));
    strip.number(&age, 5, theme.text);
}

/// The commands worth a hint: only those that do something.
pub fn hints(app: &App) -> Vec<UiCommand> {
    let mut commands = Vec::new();
    if app.held.current().is_some() {
        commands.push(UiCommand::Open);
        let marks = app.held.marks();
        let goes_to: Vec<&TaskKey> = if marks.is_empty() {
            app.held.current().into_iter().collect()
        } else {
            marks.iter().collect()
        };
        commands.extend(decisions(app, &goes_to));
        commands.push(UiCommand::Mark);
    }
    commands.extend([UiCommand::Filter, UiCommand::Refresh]);
    commands
}

/// What can be decided about any of these tasks.
pub fn decisions(app: &App, tasks: &[&TaskKey]) -> Vec<UiCommand> {
    [(UiCommand::Approve, true), (UiCommand::Reject, false)]
        .into_iter()
        .filter(|(_, approve)| {
            tasks
                .iter()
                .any(|key| decidable(&app.inventory, key, *approve).is_ok())
        })
        .map(|(command, _)| command)
        .collect()
}

/// A held task in words: `Deploy of batch-08 in nightly, asked for by Pat Rivers`.
fn words(app: &App, task: &Task) -> String {
    let about = About::of(&app.inventory, task);
    let mut text = app.task_title(&task.kind);
    match (&about.vm, &about.vapp) {
        (Some(vm), Some(vapp)) => text.push_str(&format!(" of {vm} in {vapp}")),
        (Some(one), None) | (None, Some(one)) => text.push_str(&format!(" of {one}")),
        (None, None) => {}
    }
    if let Some(user) = &task.user {
        text.push_str(&format!(", asked for by {user}"));
    }
    text
}

/// The dialog in which held tasks are decided; answers where the text cursor stands.
pub fn draw_decide(
    app: &App,
    decide: &Decide,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let theme = &app.look.theme;
    let wide = 84;
    let cells = usize::from(popup::centred(area, wide, 3).width).saturating_sub(4);
    let mut lines = Vec::new();
    let mut left_out: Vec<(String, usize)> = Vec::new();
    let mut goes: Vec<&Task> = Vec::new();
    for key in &decide.tasks {
        match decidable(&app.inventory, key, decide.approve) {
            Ok(()) => goes.extend(workflow::task(&app.inventory, key)),
            Err(why) => match left_out.iter_mut().find(|(known, _)| *known == why) {
                Some((_, count)) => *count += 1,
                None => left_out.push((why, 1)),
            },
        }
    }
    for task in goes.iter().take(NAMED) {
        let cloud = app.inventory.cloud(&task.key.cloud)?;
        let text = format!("{}: {}", cloud_words(cloud), words(app, task));
        popup::wrapped(&text, cells, theme.text, &mut lines);
    }
    if goes.len() > NAMED {
        let text = format!("and {} more", goes.len() - NAMED);
        popup::wrapped(&text, cells, theme.dim, &mut lines);
    }
    for (why, count) in &left_out {
        let text = format!("Left out: {}: {why}", counted(*count, "task", "tasks"));
        popup::wrapped(&text, cells, theme.caution, &mut lines);
    }
    let meaning = if decide.approve {
        "What was asked for goes on at once."
    } else {
        "What was asked for is not done; who asked has to ask again."
    };
    popup::wrapped(meaning, cells, theme.dim, &mut lines);
    let high = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_add(4);
    let place = popup::centred(area, wide, high);
    let title = title(decide.approve);
    let text = match goes.as_slice() {
        [_] => format!("{title} this task?"),
        several => format!("{title} {}?", counted(several.len(), "task", "tasks")),
    };
    let go = title.to_lowercase();
    let hints = hint_line(
        app,
        &[UiCommand::Yes, UiCommand::Back],
        &[(UiCommand::Yes, &*go), (UiCommand::Back, "do nothing")],
    );
    let style = if decide.approve {
        theme.accent
    } else {
        theme.danger
    };
    let inside = popup::frame(theme, &text, style, &hints, place, buffer);
    let body = Rect {
        height: inside.height.saturating_sub(2),
        ..inside
    };
    popup::lines(theme, &lines, 0, body, buffer);
    let y = inside.bottom().saturating_sub(1);
    Some(labelled(app, "Note", &decide.note, inside, y, buffer))
}
