//! Reading single VMs and their tasks, and telling what differs from what was told.

use std::sync::Arc;

use jiff::Timestamp;

use super::Worker;
use super::known::{Order, Put};
use crate::clouds::{Error, Result, Target};
use crate::fleet::setup::Mode;
use crate::fleet::update::Update;
use crate::model::{Action, Task, Vm, VmKey};

/// Where a VM was found after an action.
pub(super) enum Where {
    /// Where it was, or where its cloud says it is.
    At(Arc<Vm>),
    /// Not where it was: a listing tells where it is.
    Elsewhere,
    /// Nowhere.
    Gone,
}

impl Worker {
    /// Reads one VM as it is now. A cloud that answers with another one is not believed: what is read here is acted on.
    pub(super) async fn read_target(&self, vm: &Vm) -> Result<Target> {
        let target = self.read(|| self.cloud.target(vm)).await?;
        if target.vm.key != vm.key {
            return Err(Error::Protocol(
                "the cloud answered with another VM".to_owned(),
            ));
        }
        Ok(target)
    }

    /// Reads one VM anew and tells it. `Ok(None)` when it is gone, which is told as well.
    pub(in crate::fleet) async fn reread(&self, vm: &Vm) -> Result<Option<Arc<Vm>>> {
        let order = self.known().begin();
        match self.read_target(vm).await {
            Ok(target) => {
                let now = target.vm.clone();
                self.tell_vm(target.vm, order).await;
                let known = self.known().vm(&vm.key.id);
                // One of a tenant that is no longer looked at is there, though it is not told.
                Ok(Some(known.unwrap_or_else(|| Arc::new(now))))
            }
            Err(Error::NotFound(_)) => {
                self.tell_gone(&vm.key, order).await;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// [`Self::reread`] after an action. One that puts the VM into another appliance leaves it where its old place may lead nowhere.
    pub(super) async fn read_where_it_was(&self, action: &Action, vm: &Vm) -> Result<Where> {
        if !matches!(action, Action::Move { .. } | Action::Restrict { .. }) {
            return Ok(self.reread(vm).await?.map_or(Where::Gone, Where::At));
        }
        let order = self.known().begin();
        match self.read_target(vm).await {
            Ok(target) => {
                let now = Arc::new(target.vm.clone());
                self.tell_vm(target.vm, order).await;
                let known = self.known().vm(&vm.key.id);
                Ok(Where::At(known.unwrap_or(now)))
            }
            Err(Error::NotFound(_)) => Ok(Where::Elsewhere),
            Err(error) => Err(error),
        }
    }

    /// Lists the VMs and finds one there. `None` when it is gone.
    ///
    /// # Errors
    /// Also when another tenant was looked at in this run: that a listing does not have the VM proves nothing then.
    pub(super) async fn find_by_listing(self: &Arc<Self>, vm: &Vm) -> Result<Option<Arc<Vm>>> {
        let listing = self.list().await?;
        if let Some(error) = listing.fault {
            return Err(error);
        }
        let known = self.known();
        match known.vm(&vm.key.id) {
            None if known.is_elsewhere(&vm.key.id) => Err(Error::NotFound(
                "another tenant was looked at meanwhile".to_owned(),
            )),
            found => Ok(found),
        }
    }

    pub(super) async fn tell_vm(&self, vm: Vm, order: Order) {
        self.outbox()
            .tell(|| {
                let put = self.known().put(vm, order);
                let Put::Changed(vm) = put else {
                    return ((), None);
                };
                ((), Some(self.vms_update(vec![vm], Vec::new())))
            })
            .await;
        self.wake_changing();
    }

    pub(super) async fn tell_gone(&self, key: &VmKey, order: Order) {
        self.outbox()
            .tell(|| {
                let gone = self.known().not_found(&key.id, order);
                ((), gone.map(|key| self.vms_update(Vec::new(), vec![key])))
            })
            .await;
    }

    /// An update about single VMs: the age of all the others stays what it is.
    pub(super) fn vms_update(&self, changed: Vec<Arc<Vm>>, gone: Vec<VmKey>) -> Update {
        Update::Vms {
            cloud: self.info.name.clone(),
            changed,
            gone,
            as_of: self.known().as_of.unwrap_or_else(Timestamp::now),
        }
    }

    /// The tasks of one VM, newest first, as they are shown here. A cloud that has none is not asked.
    pub(super) async fn vm_tasks(&self, vm: &Vm) -> Result<Vec<Task>> {
        if !self.info.capabilities.tasks {
            return Ok(Vec::new());
        }
        let mut tasks = self.read(|| self.cloud.vm_tasks(vm)).await?;
        let known = self.known();
        tasks.iter_mut().for_each(|task| known.localize(task));
        Ok(tasks)
    }

    /// Reads the tasks of one VM and tells them; those that run are followed.
    pub(in crate::fleet) async fn read_tasks(self: &Arc<Self>, vm: &Vm) -> Result<()> {
        let (order, at) = {
            let mut known = self.known();
            let now = Timestamp::now();
            // The clock of the cloud may be ahead of this one: what its events told before is known as well.
            (
                known.begin(),
                known.newest_event.map_or(now, |newest| newest.max(now)),
            )
        };
        let tasks = self.vm_tasks(vm).await?;
        let running: Vec<_> = tasks
            .iter()
            .filter(|task| task.is_running())
            .cloned()
            .collect();
        self.outbox()
            .tell(|| {
                let fresh = self.known().put_tasks(&vm.key.id, &tasks, order, at);
                let update = fresh.then(|| Update::VmTasks {
                    vm: vm.key.clone(),
                    tasks,
                    at,
                });
                ((), update)
            })
            .await;
        if self.mode == Mode::Polling {
            for task in running {
                self.follow_found(&task, vm);
            }
        }
        self.tell_unread().await;
        Ok(())
    }

    pub(super) async fn tell_unread(&self) {
        if !self.info.capabilities.tasks {
            return;
        }
        self.outbox()
            .tell(|| {
                let vms = self.known().take_unread();
                let cloud = self.info.name.clone();
                ((), vms.map(|vms| Update::Unread { cloud, vms }))
            })
            .await;
    }
}
