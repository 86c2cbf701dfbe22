//! Keeping the inventory on disk and showing the kept one first.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::ticket::capital;
use super::{Worker, lock};
use crate::fleet::cache::{self, Kept, Owner};
use crate::fleet::update::Update;
use crate::model::{Task, VmKey};

/// The inventory is kept no more often.
const KEEP_PAUSE: Duration = Duration::from_secs(60);
/// VMs of one update while the kept inventory is shown.
const CHUNK: usize = 2_000;

impl Worker {
    fn owner(&self) -> Owner {
        let user = self.session().map(|session| session.user.clone());
        Owner::new(&self.info, self.account.as_deref(), user)
    }

    async fn load(&self) -> Option<Kept> {
        let (dir, cloud, owner) = (self.cache_dir.clone(), self.info.name.clone(), self.owner());
        let loaded = spawn_blocking(move || cache::load(&dir, &cloud, &owner)).await;
        match loaded {
            Ok(Ok(kept)) => kept,
            Ok(Err(error)) => {
                let message = capital(&error.to_string());
                self.outbox().trouble(Some(&self.info.name), message);
                None
            }
            // The thread ended with the program, or in a panic that its own hook has told.
            Err(_) => None,
        }
    }

    /// Shows what was kept of an earlier run, once. Before the sign-in only an account named in the configuration says whose it is.
    pub(super) async fn restore(self: &Arc<Self>) {
        let known_account = self.account.is_some() || self.session().is_some();
        if !known_account || self.restored.swap(true, Ordering::AcqRel) {
            return;
        }
        let order = self.known().begin();
        self.read_local_or_complain().await;
        let Some(mut kept) = self.load().await else {
            return;
        };
        let cloud = &self.info.name;
        let as_of = kept.as_of;
        let known_until = {
            let mut known = self.known();
            if known.is_old(order) {
                // It is the user's own tenant's, and another one is looked at by now.
                return;
            }
            *lock(&self.kept_user) = kept.owner.user().cloned();
            known.restore(&mut kept.vms, as_of);
            known.restore_warnings(&mut kept.warnings);
            known.put_vapps(&kept.vapps);
            known.dirty = false;
            known.restore_tasks_until(kept.tasks_until)
        };
        for chunk in kept.vms.chunks(CHUNK) {
            let update = Update::Vms {
                cloud: cloud.clone(),
                changed: chunk.to_vec(),
                gone: Vec::new(),
                as_of,
            };
            if !self.send_unless_old(order, update).await {
                return;
            }
        }
        let update = Update::Vapps {
            cloud: cloud.clone(),
            vapps: kept.vapps,
        };
        if !self.send_unless_old(order, update).await {
            return;
        }
        self.tell_warnings(kept.warnings, known_until).await;
        self.tell_failed().await;
        self.tell_unread().await;
    }

    /// Adds the warnings that were kept of an earlier run to the VMs that are there, and up to when it knew their tasks, for a run
    /// that shows nothing old.
    pub(super) async fn restore_warnings(&self) {
        if self.restored.swap(true, Ordering::AcqRel) {
            return;
        }
        let Some(mut kept) = self.load().await else {
            return;
        };
        let known_until = {
            let mut known = self.known();
            kept.warnings.retain(|task| {
                task.vm
                    .as_ref()
                    .is_some_and(|vm| known.vm(&vm.id).is_some())
            });
            known.restore_warnings(&mut kept.warnings);
            known.restore_tasks_until(kept.tasks_until)
        };
        self.tell_warnings(kept.warnings, known_until).await;
    }

    pub(super) async fn tell_warnings(&self, tasks: Vec<Task>, read: Vec<(VmKey, Timestamp)>) {
        if !read.is_empty() {
            self.outbox().send(Update::TasksKnown { read }).await;
        }
        if !tasks.is_empty() {
            self.outbox().send(Update::Tasks { tasks }).await;
        }
    }

    /// What was shown before the sign-in goes if it turns out to be another user's.
    pub(super) async fn check_restored(&self) {
        let kept_user = lock(&self.kept_user).take();
        let ours = self.session().map(|session| session.user.clone());
        if kept_user.is_none() || kept_user == ours {
            return;
        }
        let gone = self.known().forget_all();
        let cloud = self.info.name.clone();
        self.outbox()
            .send(Update::Vms {
                cloud: cloud.clone(),
                changed: Vec::new(),
                gone,
                as_of: Timestamp::now(),
            })
            .await;
        let vapps = Vec::new();
        self.outbox().send(Update::Vapps { cloud, vapps }).await;
    }

    /// Keeps the inventory if it changed and was not kept lately, off the async threads.
    pub(super) async fn keep_now_and_then(&self) {
        let lately = lock(&self.kept_at).is_some_and(|at| at.elapsed() < KEEP_PAUSE);
        if self.known().dirty && !lately {
            self.keep().await;
        }
    }

    /// Keeps the inventory, if there was a whole listing to keep. That of another tenant than the user's own is not kept: it would
    /// be shown as the user's own at the next start.
    pub(in crate::fleet) async fn keep(&self) {
        let owner = self.owner();
        let kept = {
            let mut known = self.known();
            if known.tenant().is_some() {
                return;
            }
            let Some(as_of) = known.as_of.filter(|_| known.listed) else {
                return;
            };
            known.dirty = false;
            let vms = known.entries().map(|entry| entry.vm.clone()).collect();
            // Those of watched operations are kept with the state, whatever becomes of the cache.
            let warnings = known.warnings().filter(|task| !task.watched_here);
            let warnings = warnings.cloned().collect();
            let tasks_until = known.tasks_until().map(|(vm, at)| (vm.id, at)).collect();
            Kept {
                owner,
                as_of,
                vms,
                vapps: known.vapps().to_vec(),
                warnings,
                tasks_until,
            }
        };
        *lock(&self.kept_at) = Some(Instant::now());
        let (dir, cloud) = (self.cache_dir.clone(), self.info.name.clone());
        let stored = spawn_blocking(move || cache::store(&dir, &cloud, kept)).await;
        let error = match stored {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(capital(&error.to_string())),
            Err(error) => Some(format!(
                "The inventory of {} cannot be kept: {error}",
                self.info.name
            )),
        };
        self.complain("inventory", error);
    }
}
