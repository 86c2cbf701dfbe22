//! The flat table of VMs over all clouds: its order, its filter, its cursor.

use std::cmp::{Ordering, Reverse};
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use memchr::memmem::Finder;

use super::cursor::Cursor;
use crate::console::keymap::Step;
use crate::fleet::{Changes, Inventory, Slot};
use crate::model::{Group, Labels, PowerState, Vm, VmKey, VmState};

/// The columns of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Column {
    /// The shown state.
    State,
    /// The friendly name.
    Name,
    /// The appliance.
    Vapp,
    /// The cloud.
    Cloud,
    /// Virtual CPUs.
    Cpu,
    /// Memory.
    Ram,
    /// The first address.
    Address,
    /// The project.
    Project,
    /// The host.
    Host,
    /// The owner.
    Owner,
    /// When it was made.
    Created,
    /// The one thing that matters now; orders by warnings, then protection.
    Note,
}

impl Column {
    /// All of them, in the order of the choice.
    pub const ALL: [Self; 12] = [
        Self::State,
        Self::Name,
        Self::Vapp,
        Self::Cloud,
        Self::Cpu,
        Self::Ram,
        Self::Address,
        Self::Project,
        Self::Host,
        Self::Owner,
        Self::Created,
        Self::Note,
    ];

    /// Its head.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::State => "STATE",
            Self::Name => "NAME",
            Self::Vapp => "APPLIANCE",
            Self::Cloud => "CLOUD",
            Self::Cpu => "CPU",
            Self::Ram => "RAM",
            Self::Address => "ADDRESS",
            Self::Project => "PROJECT",
            Self::Host => "HOST",
            Self::Owner => "OWNER",
            Self::Created => "CREATED",
            Self::Note => "NOTE",
        }
    }

    /// Its word in the header and in what is remembered.
    #[must_use]
    pub fn id(self) -> String {
        self.title().to_lowercase()
    }

    /// The column of such a word.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|column| column.id() == id)
    }
}

/// By which column, and which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// The column.
    pub column: Column,
    /// The largest first.
    pub descending: bool,
}

/// The table.
#[derive(Debug)]
pub struct VmList {
    sorted: Vec<Slot>,
    /// What the filter leaves; not used while there is no filter.
    filtered: Vec<Slot>,
    /// Lower-case text of all columns by slot; parts are separated by line breaks, so that no match spans two.
    haystacks: Vec<Box<str>>,
    filter: String,
    sort: Sort,
    cursor: Cursor<VmKey>,
    touched: Vec<Slot>,
    labels: Arc<Labels>,
}

impl Default for VmList {
    fn default() -> Self {
        Self {
            sorted: Vec::new(),
            filtered: Vec::new(),
            haystacks: Vec::new(),
            filter: String::new(),
            sort: Sort {
                column: Column::Name,
                descending: false,
            },
            cursor: Cursor::default(),
            touched: Vec::new(),
            labels: Arc::default(),
        }
    }
}

impl VmList {
    /// A table in which states are found by these words.
    #[must_use]
    pub fn labelled(labels: Arc<Labels>) -> Self {
        Self {
            labels,
            ..Self::default()
        }
    }

    /// Remembers what an update changed; [`Self::settle`] acts on it once for all updates of a frame.
    pub fn note(&mut self, changes: &Changes) {
        self.touched.extend(&changes.vms);
        self.touched.extend(&changes.gone);
    }

    /// Brings order, filter and cursor up to date.
    pub fn settle(&mut self, inventory: &Inventory) {
        if self.touched.is_empty() {
            return;
        }
        let mut touched = std::mem::take(&mut self.touched);
        touched.sort_unstable();
        touched.dedup();
        let size = touched.last().map_or(0, |last| *last as usize + 1);
        if self.haystacks.len() < size {
            self.haystacks.resize(size, Box::default());
        }
        let mut is_touched = vec![false; self.haystacks.len()];
        for slot in &touched {
            is_touched[*slot as usize] = true;
        }
        touched.retain(|slot| {
            let vm = inventory.vm(*slot);
            self.haystacks[*slot as usize] =
                vm.map_or_else(Box::default, |vm| haystack(vm, &self.labels));
            vm.is_some()
        });
        self.sorted.retain(|slot| !is_touched[*slot as usize]);
        touched.sort_by_cached_key(|slot| self.rank(inventory, *slot));
        self.sorted = merge(&self.sorted, &touched, |slot| self.rank(inventory, slot));
        self.refilter(None);
        self.settle_cursor(inventory);
    }

    fn settle_cursor(&mut self, inventory: &Inventory) {
        let rows = if self.filter.is_empty() {
            &self.sorted
        } else {
            &self.filtered
        };
        self.cursor.settle(
            rows.len(),
            |key| {
                let slot = inventory.slot(key)?;
                rows.iter().position(|row| *row == slot)
            },
            |at| Some(inventory.vm(*rows.get(at)?)?.key.clone()),
        );
    }

    /// The slots shown, in order.
    #[must_use]
    pub fn rows(&self) -> &[Slot] {
        if self.filter.is_empty() {
            &self.sorted
        } else {
            &self.filtered
        }
    }

    /// How many there are without the filter.
    #[must_use]
    pub fn total(&self) -> usize {
        self.sorted.len()
    }

    /// The row of the cursor.
    #[must_use]
    pub fn at(&self) -> usize {
        self.cursor.at()
    }

    /// The VM under the cursor.
    #[must_use]
    pub fn current(&self) -> Option<&VmKey> {
        self.cursor.on().filter(|_| !self.rows().is_empty())
    }

    /// Moves the cursor.
    pub fn step(&mut self, inventory: &Inventory, step: Step, page: usize) {
        self.put(inventory, self.cursor.after(step, self.rows().len(), page));
    }

    /// Puts the cursor on a row.
    pub fn put(&mut self, inventory: &Inventory, at: usize) {
        let key = self
            .rows()
            .get(at)
            .and_then(|slot| inventory.vm(*slot))
            .map(|vm| vm.key.clone());
        if key.is_some() {
            self.cursor.put(at, key);
        }
    }

    /// The filter, in lower case.
    #[must_use]
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Narrows the table to the VMs that have the text in any column, whatever its case.
    pub fn set_filter(&mut self, inventory: &Inventory, text: &str) {
        let filter = text.to_lowercase();
        if filter == self.filter {
            return;
        }
        // What a longer text matches is among what the shorter one matched.
        let narrows = !self.filter.is_empty() && filter.contains(&self.filter);
        let before = narrows.then(|| std::mem::take(&mut self.filtered));
        self.filter = filter;
        self.refilter(before);
        self.settle_cursor(inventory);
    }

    fn refilter(&mut self, among: Option<Vec<Slot>>) {
        if self.filter.is_empty() {
            self.filtered = Vec::new();
            return;
        }
        let finder = Finder::new(self.filter.as_bytes());
        let matches = |slot: &Slot| {
            self.haystacks
                .get(*slot as usize)
                .is_some_and(|text| finder.find(text.as_bytes()).is_some())
        };
        self.filtered = match among {
            Some(mut rows) => {
                rows.retain(matches);
                rows
            }
            None => self.sorted.iter().copied().filter(matches).collect(),
        };
    }

    /// How the table is ordered.
    #[must_use]
    pub fn sort(&self) -> Sort {
        self.sort
    }

    /// Orders the table.
    pub fn set_sort(&mut self, inventory: &Inventory, sort: Sort) {
        self.sort = sort;
        let mut sorted = std::mem::take(&mut self.sorted);
        // Made once for each row and then compared where they lie: rows stand all over the memory.
        sorted.sort_by_cached_key(|slot| self.rank(inventory, *slot));
        self.sorted = sorted;
        self.refilter(None);
        self.settle_cursor(inventory);
    }

    /// What a row is ordered by: the column, then the name, then what no two rows share.
    fn rank<'a>(&'a self, inventory: &'a Inventory, slot: Slot) -> Option<Rank<'a>> {
        let vm = inventory.vm(slot)?;
        let name = self.haystacks.get(slot as usize)?.lines().next()?;
        let number = |number: Option<u64>| Value::Number(number);
        let group = |group: &'a Option<Group>| text(group.as_ref().map(|group| &group.name));
        let value = match self.sort.column {
            Column::State => Value::State(vm.state(), vm.power),
            Column::Name => Value::Name(name),
            Column::Vapp => group(&vm.vapp),
            Column::Cloud => Value::Name(vm.key.cloud.as_str()),
            Column::Cpu => number(vm.cpu.map(u64::from)),
            Column::Ram => number(vm.ram_mib),
            Column::Address => address(vm),
            Column::Project => group(&vm.project),
            Column::Host => text(vm.host.as_ref()),
            Column::Owner => text(vm.owner.as_ref()),
            Column::Created => Value::Time(vm.created_at),
            Column::Note => Value::Urgency(Reverse(urgency(inventory, slot))),
        };
        let value = if self.sort.descending {
            Directed::Down(Reverse(value))
        } else {
            Directed::Up(value)
        };
        Some(Rank {
            value,
            name,
            key: &vm.key,
        })
    }
}

/// What a row is ordered by. In one order all rows have the same kind of value.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank<'a> {
    value: Directed<Value<'a>>,
    name: &'a str,
    key: &'a VmKey,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Directed<T> {
    Up(T),
    Down(Reverse<T>),
}

/// The value of a column. Of texts and addresses, what is not known comes last.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Value<'a> {
    State(VmState, PowerState),
    Name(&'a str),
    Text(Folded<'a>),
    Number(Option<u64>),
    Address(Option<IpAddr>, &'a str),
    Time(Option<Timestamp>),
    Urgency(Reverse<(usize, bool, bool)>),
    Absent,
}

fn text(text: Option<&Arc<str>>) -> Value<'_> {
    text.map_or(Value::Absent, |text| Value::Text(Folded(text)))
}

/// The first address, in the order of addresses rather than of their text.
fn address(vm: &Vm) -> Value<'_> {
    vm.addresses.first().map_or(Value::Absent, |first| {
        Value::Address(first.parse().ok(), first)
    })
}

/// A text that is ordered ignoring the case of its letters.
struct Folded<'a>(&'a str);

impl Ord for Folded<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let (Self(left), Self(right)) = (self, other);
        // Many VMs share one text.
        if std::ptr::eq(*left, *right) {
            return Ordering::Equal;
        }
        if left.is_ascii() && right.is_ascii() {
            let lower = |byte: u8| byte.to_ascii_lowercase();
            return left.bytes().map(lower).cmp(right.bytes().map(lower));
        }
        let lower = |c: char| c.to_lowercase();
        left.chars()
            .flat_map(lower)
            .cmp(right.chars().flat_map(lower))
    }
}

impl PartialOrd for Folded<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Folded<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Folded<'_> {}

/// Warnings weigh most, then protection, then what runs.
fn urgency(inventory: &Inventory, slot: Slot) -> (usize, bool, bool) {
    inventory
        .overview(slot)
        .map_or((0, false, false), |overview| {
            (
                overview.warnings,
                overview.vm.protection.is_some(),
                overview.task.is_some(),
            )
        })
}

/// Two ordered rows made one, in time proportional to both.
fn merge<K: Ord>(left: &[Slot], right: &[Slot], rank: impl Fn(Slot) -> K) -> Vec<Slot> {
    let mut out = Vec::with_capacity(left.len() + right.len());
    let mut rest = left;
    for slot in right {
        let own = rank(*slot);
        let at = rest.partition_point(|kept| rank(*kept) < own);
        out.extend_from_slice(&rest[..at]);
        out.push(*slot);
        rest = &rest[at..];
    }
    out.extend_from_slice(rest);
    out
}

/// The text of all columns, in lower case; the first line is the name.
fn haystack(vm: &Vm, labels: &Labels) -> Box<str> {
    let mut text = String::with_capacity(192);
    let mut add = |part: Option<&str>| {
        if let Some(part) = part.filter(|part| !part.is_empty()) {
            for c in part.chars().flat_map(char::to_lowercase) {
                text.push(c);
            }
            text.push('\n');
        }
    };
    add(Some(if vm.name.is_empty() { " " } else { &vm.name }));
    let power = labels.power_of(vm);
    match vm.state() {
        VmState::Maintenance => {
            add(Some(labels.state(VmState::Maintenance)));
            add(Some(&power));
        }
        VmState::Power(_) => add(Some(&power)),
    }
    add(vm.deallocated.then_some("deallocated"));
    add(vm.differing_native_state());
    add(Some(vm.key.cloud.as_str()));
    add(vm.vapp.as_ref().map(|group| &*group.name));
    add(vm.project.as_ref().map(|group| &*group.name));
    for part in [
        &vm.tenant,
        &vm.location,
        &vm.host,
        &vm.owner,
        &vm.native_name,
    ] {
        add(part.as_deref());
    }
    for address in &vm.addresses {
        add(Some(address));
    }
    if let Some(protection) = &vm.protection {
        add(protection.reason.as_deref());
        add(protection.by.as_deref());
    }
    let mut numbers = String::new();
    if let Some(cpu) = vm.cpu {
        let _infallible = writeln!(numbers, "{cpu}");
    }
    if let Some(ram) = vm.ram_mib {
        let _infallible = writeln!(
            numbers,
            "{}",
            crate::console::text::memory(ram).to_lowercase()
        );
    }
    text.push_str(&numbers);
    text.push_str(&vm.key.id);
    text.into_boxed_str()
}
