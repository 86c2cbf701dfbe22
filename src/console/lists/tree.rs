//! The tree of appliances: cloud, project, appliance, VM.

use std::collections::HashSet;
use std::sync::Arc;

use super::cursor::Cursor;
use crate::console::keymap::Step;
use crate::fleet::{Changes, Inventory, Slot, VappRef};
use crate::model::{CloudName, Group, VmKey};

/// What a row of the tree is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Node {
    /// A cloud.
    Cloud(CloudName),
    /// A project of a cloud, by id; `None` for what stands in no project.
    Project(CloudName, Option<Arc<str>>),
    /// An appliance, by id.
    Vapp(CloudName, Arc<str>),
    /// A VM.
    Vm(VmKey),
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeRow {
    /// What it is.
    pub node: Node,
    /// Whether it is open; `None` for a leaf.
    pub open: Option<bool>,
}

/// The tree. Rows are made again when what they depend on has changed and the tree is looked at.
#[derive(Debug)]
pub struct Tree {
    rows: Vec<TreeRow>,
    /// Clouds and projects are open unless they are here; appliances are closed unless they are here.
    turned: HashSet<Node>,
    filter: String,
    cursor: Cursor<Node>,
    stale: bool,
    /// The filter has changed since the rows were made.
    typed: bool,
}

impl Default for Tree {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            turned: HashSet::new(),
            filter: String::new(),
            cursor: Cursor::default(),
            stale: true,
            typed: false,
        }
    }
}

impl Tree {
    /// Remembers that an update changed something it shows.
    pub fn note(&mut self, changes: &Changes) {
        self.stale |= changes.vapps || !changes.vms.is_empty() || !changes.gone.is_empty();
    }

    /// Makes the rows again if anything changed.
    pub fn settle(&mut self, inventory: &Inventory) {
        if !self.stale {
            return;
        }
        self.stale = false;
        self.rows.clear();
        let mut builder = Builder {
            tree: self,
            inventory,
        };
        builder.build();
        if std::mem::take(&mut self.typed) {
            self.put_on_found();
        }
        let rows = &self.rows;
        self.cursor.settle(
            rows.len(),
            |node| rows.iter().position(|row| row.node == *node),
            |at| Some(rows.get(at)?.node.clone()),
        );
    }

    /// How many appliances have what is filtered for in their name or in that of one of their VMs.
    #[must_use]
    pub fn found(&self) -> usize {
        let vapps = self
            .rows
            .iter()
            .filter(|row| matches!(row.node, Node::Vapp(..)));
        vapps.count()
    }

    /// Puts the cursor on the first thing found, where it stands only on what that stands in.
    fn put_on_found(&mut self) {
        let found = |row: &TreeRow| match row.node {
            Node::Vapp(..) => row.open != Some(true) || self.turned.contains(&row.node),
            Node::Vm(_) => true,
            Node::Cloud(_) | Node::Project(..) => false,
        };
        let on = self.cursor.on();
        if self.filter.is_empty()
            || self
                .rows
                .iter()
                .any(|row| on == Some(&row.node) && found(row))
        {
            return;
        }
        if let Some(at) = self.rows.iter().position(found) {
            self.put(at);
        }
    }

    fn is_open(&self, node: &Node) -> bool {
        if !self.filter.is_empty() {
            return true;
        }
        let by_default = !matches!(node, Node::Vapp(..));
        by_default != self.turned.contains(node)
    }

    /// The rows, top down.
    #[must_use]
    pub fn rows(&self) -> &[TreeRow] {
        &self.rows
    }

    /// The row of the cursor.
    #[must_use]
    pub fn at(&self) -> usize {
        self.cursor.at()
    }

    /// What the cursor is on.
    #[must_use]
    pub fn current(&self) -> Option<&Node> {
        self.cursor.on().filter(|_| !self.rows.is_empty())
    }

    /// The VM under the cursor.
    #[must_use]
    pub fn current_vm(&self) -> Option<&VmKey> {
        match self.current()? {
            Node::Vm(key) => Some(key),
            _ => None,
        }
    }

    /// The VMs of the appliance under the cursor, by name; empty on anything else.
    #[must_use]
    pub fn members(&self, inventory: &Inventory) -> Vec<VmKey> {
        let Some(Node::Vapp(cloud, id)) = self.current() else {
            return Vec::new();
        };
        let Some(vapp) = inventory.vapp(cloud, id) else {
            return Vec::new();
        };
        let mut vms: Vec<_> = vapp
            .members()
            .slots
            .iter()
            .filter_map(|slot| inventory.vm(*slot))
            .collect();
        vms.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.key.cmp(&b.key)));
        vms.into_iter().map(|vm| vm.key.clone()).collect()
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Step, page: usize) {
        self.put(self.cursor.after(step, self.rows.len(), page));
    }

    /// Puts the cursor on a row.
    pub fn put(&mut self, at: usize) {
        if let Some(row) = self.rows.get(at) {
            self.cursor.put(at, Some(row.node.clone()));
        }
    }

    /// Opens the branch under the cursor; on an open one, goes to its first child.
    pub fn unfold(&mut self) {
        match self
            .rows
            .get(self.at())
            .map(|row| (row.node.clone(), row.open))
        {
            Some((node, Some(false))) => self.turn(&node),
            Some((_, Some(true))) => self.step(Step::Down, 1),
            _ => {}
        }
    }

    /// Closes the branch under the cursor; on a leaf or a closed one, goes to what it stands in.
    pub fn fold(&mut self) {
        let Some(row) = self.rows.get(self.at()).cloned() else {
            return;
        };
        if row.open == Some(true) && self.filter.is_empty() {
            self.turn(&row.node);
            return;
        }
        let depth = row.node.depth();
        if let Some(parent) = self.rows[..self.at()]
            .iter()
            .rposition(|above| above.node.depth() < depth)
        {
            self.put(parent);
        }
    }

    /// Opens a closed branch, closes an open one.
    pub fn toggle(&mut self) {
        if let Some(node) = self.current().cloned() {
            self.turn(&node);
        }
    }

    fn turn(&mut self, node: &Node) {
        if !self.turned.remove(node) {
            self.turned.insert(node.clone());
        }
        self.stale = true;
    }

    /// The filter, in lower case.
    #[must_use]
    pub fn filter(&self) -> &str {
        &self.filter
    }

    /// Narrows the tree to appliances and VMs whose name has the text, whatever its case, with what they stand in.
    pub fn set_filter(&mut self, text: &str) {
        self.filter = text.to_lowercase();
        self.typed = true;
        self.stale = true;
    }
}

impl Node {
    /// How deep it stands.
    #[must_use]
    pub fn depth(&self) -> usize {
        match self {
            Self::Cloud(_) => 0,
            Self::Project(..) => 1,
            Self::Vapp(..) => 2,
            Self::Vm(_) => 3,
        }
    }
}

struct Builder<'a> {
    tree: &'a mut Tree,
    inventory: &'a Inventory,
}

impl Builder<'_> {
    fn build(&mut self) {
        let inventory = self.inventory;
        for cloud in inventory.clouds() {
            let name = &cloud.info.name;
            let top = self.tree.rows.len();
            if !self.branch(Node::Cloud(name.clone())) {
                continue;
            }
            let vapps = inventory.vapps(name);
            let loose = inventory.loose(name);
            let mut projects: Vec<Option<&Group>> = vapps.iter().map(VappRef::project).collect();
            projects.extend(loose.iter().map(|(project, _)| *project));
            projects.sort_by(|a, b| {
                let key = |project: &Option<&Group>| {
                    project.map(|group| (group.name.clone(), group.id.clone()))
                };
                key(a).cmp(&key(b))
            });
            projects.dedup_by(|a, b| a.map(|group| &group.id) == b.map(|group| &group.id));
            for project in projects {
                let id = project.map(|group| &group.id);
                let before = self.tree.rows.len();
                if !self.branch(Node::Project(name.clone(), id.cloned())) {
                    continue;
                }
                for vapp in vapps
                    .iter()
                    .filter(|vapp| vapp.project().map(|group| &group.id) == id)
                {
                    self.vapp(
                        name,
                        vapp.id(),
                        vapp.name(),
                        vapp.members().slots.iter().copied(),
                    );
                }
                for (of, members) in &loose {
                    if of.map(|group| &group.id) == id {
                        self.vms(members.slots.iter().copied(), false);
                    }
                }
                self.drop_if_empty(before);
            }
            self.drop_if_empty(top);
        }
    }

    /// With a filter, a branch without a match is not shown.
    fn drop_if_empty(&mut self, at: usize) {
        if !self.tree.filter.is_empty() && self.tree.rows.len() == at + 1 {
            self.tree.rows.truncate(at);
        }
    }

    fn branch(&mut self, node: Node) -> bool {
        let open = self.tree.is_open(&node);
        self.tree.rows.push(TreeRow {
            node,
            open: Some(open),
        });
        open
    }

    fn vapp(
        &mut self,
        cloud: &CloudName,
        id: &Arc<str>,
        name: &str,
        members: impl Iterator<Item = Slot>,
    ) {
        let filter = self.tree.filter.clone();
        let matches = |name: &str| filter.is_empty() || name.to_lowercase().contains(&filter);
        let whole = matches(name);
        let before = self.tree.rows.len();
        let node = Node::Vapp(cloud.clone(), id.clone());
        // A match on the appliance's own name shows it closed, unless somebody opened it.
        let open = if !filter.is_empty() && whole {
            self.tree.turned.contains(&node)
        } else {
            self.tree.is_open(&node)
        };
        self.tree.rows.push(TreeRow {
            node,
            open: Some(open),
        });
        if open {
            self.vms(members, whole);
        }
        if !whole {
            self.drop_if_empty(before);
        }
    }

    /// VMs by name, with a filter those that it finds; all of them where what they stand in was found.
    fn vms(&mut self, members: impl Iterator<Item = Slot>, all: bool) {
        let filter = &self.tree.filter;
        let mut vms: Vec<_> = members
            .filter_map(|slot| self.inventory.vm(slot))
            .filter(|vm| all || filter.is_empty() || vm.name.to_lowercase().contains(filter))
            .collect();
        vms.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.key.cmp(&b.key)));
        self.tree.rows.extend(vms.into_iter().map(|vm| TreeRow {
            node: Node::Vm(vm.key.clone()),
            open: None,
        }));
    }
}
