//! What a cloud asks before it does what it was told: a question that waits until nobody types elsewhere.

use jiff::SignedDuration;
use tui_input::Input;

use super::{appliances, open};
use crate::console::app::App;
use crate::console::keymap::{Place, UiCommand};
use crate::console::layers::{Asked, Layer, Question};
use crate::console::notices::Level;
use crate::console::text::counted;
use crate::fleet::{Command, CommandReport};
use crate::model::confirmation;

/// A key that was on its way when a question opened by itself is no answer to it.
const UNREAD: SignedDuration = SignedDuration::from_millis(700);

/// Takes in what a cloud asks: one question for all of these. It opens by itself only where nothing else is open.
pub(super) fn take(app: &mut App, reports: Vec<CommandReport>) {
    let (asking, refused): (Vec<_>, Vec<_>) = reports
        .into_iter()
        .partition(|report| report.command.forced().is_some());
    for report in refused {
        let text = report.stage.message().unwrap_or_default();
        app.notices.add(app.now, Level::Caution, text);
    }
    if asking.is_empty() {
        return;
    }
    if app.layers.is_empty() {
        let now = app.now;
        ask(app, asking, Some(now));
        return;
    }
    let who = match asking.as_slice() {
        [one] => format!(
            "{} of {} on {}",
            one.command.title(),
            one.vm_name,
            one.command.cloud()
        ),
        several => counted(several.len(), "command", "commands"),
    };
    let key = app
        .look
        .keymap
        .key(&[Place::Global], UiCommand::AnswerCloud)
        .map(|key| key.label(app.look.theme.glyphs.ascii));
    let how = key.map_or_else(String::new, |key| format!("; {key} opens its question"));
    let text = format!("{who}: the cloud asks before it goes on{how}");
    app.notices.add(app.now, Level::Caution, text);
    app.asking.push(asking);
}

/// Opens the oldest question that waits.
pub(super) fn answer(app: &mut App) {
    if app.asking.is_empty() {
        let text = "No cloud waits for an answer";
        app.notices.add(app.now, Level::Info, text);
        return;
    }
    let reports = app.asking.remove(0);
    ask(app, reports, None);
}

fn ask(app: &mut App, reports: Vec<CommandReport>, opened: Option<jiff::Timestamp>) {
    let commands: Vec<_> = reports
        .iter()
        .filter_map(|report| report.command.forced())
        .collect();
    let expected = expected(app, &commands);
    let question = Question {
        what: Asked::Force { reports, opened },
        commands,
        expected,
        input: Input::default(),
        first: 0,
    };
    open(app, Layer::Question(question));
}

/// What must be typed: as before the same command without force.
fn expected(app: &App, commands: &[Command]) -> Option<String> {
    let of_one = |command: &Command| match command {
        Command::Act { vm, action, .. } => {
            let overview = app.inventory.overview_of(vm)?;
            let info = &overview.cloud.info;
            let asks = confirmation(
                action.kind(),
                overview.vm,
                info.capabilities,
                info.production,
            )?;
            Some((asks.typed, overview.vm.name.to_string()))
        }
        Command::ActOnVapp { vapp, action, vms } => {
            let text = appliances::typed(&app.inventory, vapp, action.kind(), vms)?;
            Some((true, text))
        }
        _ => None,
    };
    match commands {
        [one] => of_one(one).and_then(|(typed, text)| typed.then_some(text)),
        _ => {
            let serious = commands.iter().any(|command| of_one(command).is_some());
            serious.then(|| commands.len().to_string())
        }
    }
}

/// Whether an answer comes too soon to be one.
pub(super) fn is_unread(app: &App) -> bool {
    let Some(Layer::Question(question)) = app.layers.last() else {
        return false;
    };
    match &question.what {
        Asked::Force {
            opened: Some(opened),
            ..
        } => app.now.duration_since(*opened) < UNREAD,
        _ => false,
    }
}

/// The name of what a batch of forced commands does, where all of them do the same to VMs.
pub(super) fn same_kind(commands: &[Command]) -> Option<crate::model::ActionKind> {
    let kind = |command: &Command| match command {
        Command::Act { action, .. } => Some(action.kind()),
        _ => None,
    };
    let first = kind(commands.first()?)?;
    let all = commands.iter().all(|command| kind(command) == Some(first));
    (all && commands.len() > 1).then_some(first)
}
