//! The state of the console: the inventory, what lists it, and what is open.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::choices::DraftOf;
use super::keymap::{Keymap, ViewKind};
use super::layers::Layer;
use super::lists::clouds::CloudList;
use super::lists::events::EventList;
use super::lists::pane::{Pane, PaneSize};
use super::lists::tree::Tree;
use super::lists::vms::{Column, Sort, VmList};
use super::lists::workflow::{self, HeldList};
use super::marks::{Batch, Marks};
use super::metrics::Metrics;
use super::notices::Notices;
use super::theme::Theme;
use crate::config::{UiState, Viewer};
use crate::fleet::{Changes, CloudInfo, CloudStatus, CommandReport, Inventory};
use crate::model::{Event, EventKey, Labels, VmKey};

/// Which part of the screen takes the keys that no layer takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Focus {
    /// The view.
    #[default]
    Main,
    /// The details beside it.
    Details,
    /// The pane of tasks and events.
    Pane,
}

/// From this width on, details stand beside the view.
pub const WIDE: u16 = 150;

/// How long the cursor rests before more is read about what it is on.
const REST: SignedDuration = SignedDuration::from_millis(300);

/// How the console looks and what it was told: fixed while it runs.
#[derive(Debug)]
pub struct Look {
    /// Styles and glyphs.
    pub theme: Theme,
    /// What keys mean.
    pub keymap: Keymap,
    /// The time zone of the times on the screen.
    pub zone: TimeZone,
    /// How often the clouds are listed.
    pub refresh: Duration,
    /// Where the configuration is, or would be.
    pub config_path: String,
    /// Words of one's own for states and actions.
    pub labels: Arc<Labels>,
    /// The program that opens the screen of a VM.
    pub viewer: Option<Viewer>,
    /// The home folder, where files are written that nobody gives another place.
    pub home: Option<PathBuf>,
}

/// The state.
#[derive(Debug)]
pub struct App {
    /// How it looks.
    pub look: Look,
    /// Everything that is known.
    pub inventory: Inventory,
    /// The view that is shown.
    pub view: ViewKind,
    /// What takes the keys.
    pub focus: Focus,
    /// All VMs.
    pub vms: VmList,
    /// The tree of appliances.
    pub tree: Tree,
    /// The clouds.
    pub clouds: CloudList,
    /// What happened.
    pub events: EventList,
    /// What waits for somebody to approve it.
    pub held: HeldList,
    /// The pane of tasks and events.
    pub pane: Pane,
    /// What is open over the rest, the top one last.
    pub layers: Vec<Layer>,
    /// What is marked.
    pub marks: Marks,
    /// What was asked of several VMs and has not all its outcomes.
    pub batches: Vec<Batch>,
    /// Those that failed when several were acted on last.
    pub failed_last: Vec<VmKey>,
    /// Short notices.
    pub notices: Notices,
    /// What is remembered from one run to the next.
    pub remembered: UiState,
    /// What was measured.
    pub metrics: Metrics,
    /// A reason that was typed and not sent.
    pub draft: Option<(Vec<VmKey>, String)>,
    /// Another text that was typed and not sent.
    pub kept: Option<(DraftOf, String)>,
    /// What clouds have asked and nobody has answered: each a question of its own, the oldest first.
    pub asking: Vec<Vec<CommandReport>>,
    /// The first line of the details beside the view.
    pub details_first: usize,
    /// The size of the terminal, in cells.
    pub size: (u16, u16),
    /// The time that everything on the screen is told by.
    pub now: Timestamp,
    /// When the cursor will have rested.
    pub rests_at: Option<Timestamp>,
    /// Something on the screen is different.
    pub dirty: bool,
}

impl App {
    /// A console of these clouds. Without any, it says how to make a configuration.
    #[must_use]
    pub fn new(look: Look, clouds: Vec<CloudInfo>, remembered: UiState, now: Timestamp) -> Self {
        let layers = if clouds.is_empty() {
            vec![Layer::Welcome]
        } else {
            Vec::new()
        };
        let vms = VmList::labelled(look.labels.clone());
        let mut app = Self {
            look,
            inventory: Inventory::new(clouds),
            view: ViewKind::Vms,
            focus: Focus::Main,
            vms,
            tree: Tree::default(),
            clouds: CloudList::default(),
            events: EventList::default(),
            held: HeldList::default(),
            pane: Pane::default(),
            layers,
            marks: Marks::default(),
            batches: Vec::new(),
            failed_last: Vec::new(),
            notices: Notices::default(),
            remembered: UiState::default(),
            metrics: Metrics::default(),
            draft: None,
            kept: None,
            asking: Vec::new(),
            details_first: 0,
            size: (80, 24),
            now,
            rests_at: None,
            dirty: true,
        };
        app.recall(remembered);
        app
    }

    /// Goes back to what was left: view, order, size of the pane. Words that are not known any more are ignored.
    fn recall(&mut self, remembered: UiState) {
        let view = remembered.view.as_deref();
        let known = ViewKind::ALL
            .into_iter()
            .find(|known| Some(known.title().to_lowercase().as_str()) == view);
        self.view = known
            .filter(|view| self.shows(*view))
            .unwrap_or(ViewKind::Vms);
        if let Some(sort) = remembered.sort.get("vms")
            && let Some(column) = Column::from_id(&sort.column)
        {
            self.vms.set_sort(
                &self.inventory,
                Sort {
                    column,
                    descending: sort.descending,
                },
            );
        }
        self.pane.size = match (remembered.task_pane_open, remembered.task_pane_rows) {
            (Some(false), _) => PaneSize::Folded,
            (Some(true), Some(rows)) => PaneSize::Rows(rows),
            _ => PaneSize::Fitting,
        };
        self.remembered = remembered;
    }

    /// What to remember for the next run.
    #[must_use]
    pub fn to_remember(&self) -> UiState {
        let mut remembered = self.remembered.clone();
        remembered.view = Some(self.view.title().to_lowercase());
        let sort = self.vms.sort();
        let sort = crate::config::Sort {
            column: sort.column.id(),
            descending: sort.descending,
        };
        remembered.sort.insert("vms".to_owned(), sort);
        (remembered.task_pane_open, remembered.task_pane_rows) = match self.pane.size {
            PaneSize::Fitting => (None, None),
            PaneSize::Folded => (Some(false), None),
            PaneSize::Rows(rows) => (Some(true), Some(rows)),
            PaneSize::Full => (remembered.task_pane_open, remembered.task_pane_rows),
        };
        remembered
    }

    /// Whether a view has a tab: workflow only where a cloud has one.
    #[must_use]
    pub fn shows(&self, view: ViewKind) -> bool {
        view != ViewKind::Workflow || workflow::is_there(&self.inventory)
    }

    /// The lines between header and footer.
    #[must_use]
    pub fn body_height(&self) -> u16 {
        self.size.1.saturating_sub(3)
    }

    /// Whether details stand beside the view.
    #[must_use]
    pub fn is_wide(&self) -> bool {
        self.size.0 >= WIDE && matches!(self.view, ViewKind::Vms | ViewKind::Appliances)
    }

    /// The rows of the pane, without its title; `None` when it is folded.
    #[must_use]
    pub fn pane_rows(&self) -> Option<u16> {
        // The view of events shows them already.
        if self.view == ViewKind::Events && self.pane.size == PaneSize::Fitting {
            return None;
        }
        self.pane.size.rows(self.body_height())
    }

    /// What the fleet's updates changed reaches every list; each acts on it when it is next looked at.
    pub fn note(&mut self, changes: &Changes) {
        if changes.is_empty() {
            return;
        }
        self.dirty = true;
        self.marks.settle(&self.inventory, changes);
        self.vms.note(changes);
        self.tree.note(changes);
        self.events.note(changes);
        self.held.note(changes);
        self.pane.note(changes);
    }

    /// Brings the lists up to date, once for all messages that came before a frame.
    pub fn settle(&mut self) {
        self.vms.settle(&self.inventory);
        self.events.settle(&self.inventory);
        self.held.settle(&self.inventory);
        self.pane.settle(&self.inventory);
        if self.view == ViewKind::Appliances {
            self.tree.settle(&self.inventory);
        }
    }

    /// The cursor has moved: soon more is read about what it is on.
    pub fn moved(&mut self) {
        self.details_first = 0;
        self.rests_at = Some(self.now.saturating_add(REST).unwrap_or(self.now));
    }

    /// An event, wherever it is listed.
    #[must_use]
    pub fn event(&self, key: &EventKey) -> Option<&Event> {
        let known = self.inventory.events().iter();
        known
            .into_iter()
            .find(|event| event.key == *key)
            .or_else(|| self.events.find(key))
    }

    /// Whether something on the screen turns.
    #[must_use]
    pub fn is_spinning(&self) -> bool {
        self.inventory.running_task_count() > 0
            || self
                .inventory
                .reports()
                .iter()
                .rev()
                .take(50)
                .any(|report| !report.stage.is_final())
            || self.inventory.clouds().iter().any(|cloud| {
                matches!(
                    cloud.status,
                    CloudStatus::Connecting | CloudStatus::Listing { .. }
                )
            })
    }

    /// Which picture of the spinner is shown.
    #[must_use]
    pub fn spinner_frame(&self) -> usize {
        usize::try_from(self.now.as_millisecond() / 125).unwrap_or(0)
    }

    /// When the screen has to be drawn again although nothing happens: what turns, what ages, what goes by itself.
    #[must_use]
    pub fn next_tick(&self) -> Option<Timestamp> {
        let after = |duration| self.now.saturating_add(duration).ok();
        let turns = self
            .is_spinning()
            .then(|| after(SignedDuration::from_millis(125)))
            .flatten();
        let stale = self
            .inventory
            .clouds()
            .iter()
            .any(super::super::fleet::CloudView::is_stale);
        let ages = (stale || !self.inventory.events().is_empty())
            .then(|| after(SignedDuration::from_secs(15)))
            .flatten();
        let measured = super::metrics::next(self);
        let ends = self.notices.next_end(self.now);
        [turns, ages, ends, self.rests_at, measured]
            .into_iter()
            .flatten()
            .min()
    }
}
