//! Commands that an earlier run has left without an outcome: found in the journal, settled by reading, and told.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::commands::Reread;
use super::settling::Open;
use super::ticket::{APPROVE, CREATE_VAPP, REJECT, Ticket};
use super::{Worker, lock};
use crate::clouds::TaskHandle;
use crate::fleet::command::{Command, CommandId, Stage};
use crate::fleet::journal::{Record, Unfinished, unfinished};
use crate::fleet::watch::Watch;
use crate::fleet::words;
use crate::model::{Action, ActionKind, Confirmed, VappAction, VappActionKind, VmKey};

impl Worker {
    /// Takes up this cloud's commands of earlier runs, each once: after a listing in part those whose VMs are there, after a whole
    /// one all, for a VM that it does not have is gone.
    pub(super) async fn recover(self: &Arc<Self>, whole: bool) {
        let left = &self.common.unfinished;
        let left = left.get_or_init(|| self.left_behind()).await;
        let ours: Vec<_> = {
            let mut all = lock(left);
            let known = self.known();
            // Where another tenant is looked at since, that listing says nothing of what is known now.
            let whole = whole && known.listed;
            let is_there = |record: &Record| {
                let vm = record.vm.as_deref();
                vm.is_some_and(|id| known.entry(id).is_some())
            };
            // What was done to another tenant's is not in this one's listing: it waits until that tenant is looked at.
            let tenant = known.tenant().map(|tenant| &tenant.id);
            let is_ours = |one: &mut Unfinished| {
                one.record.cloud == self.info.name
                    && one.record.tenant.as_ref() == tenant
                    && (whole || is_there(&one.record))
            };
            all.extract_if(.., is_ours).collect()
        };
        for unfinished in ours {
            let Some(ticket) = self.ticket_of(&unfinished.record) else {
                continue;
            };
            let worker = self.clone();
            self.spawn("recovery", async move {
                worker.take_up(&ticket, &unfinished).await;
                // Until here no other process settles what that run has left.
                drop(unfinished.claim);
            });
        }
    }

    /// What runs that are no longer alive have left without an outcome.
    async fn left_behind(&self) -> Mutex<Vec<Unfinished>> {
        let dir = self.common.state_dir.clone();
        let found = match spawn_blocking(move || unfinished(&dir)).await {
            Ok(Ok(found)) => return Mutex::new(found),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        let dir = self.common.state_dir.display();
        let message =
            format!("The journal in {dir} cannot be read: {found}; check who may read it");
        self.outbox().trouble(None, message);
        Mutex::default()
    }

    fn ticket_of(&self, record: &Record) -> Option<Ticket> {
        let args = record.args.as_ref();
        let command = match (&*record.action, record.vm_key()) {
            ("acknowledge", vm) => Command::Acknowledge {
                task: record.task_key()?,
                vm,
            },
            (action @ (APPROVE | REJECT), vm) => Command::Decide {
                task: record.task_key()?,
                vm,
                approve: action == APPROVE,
                note: args.and_then(|args| args.note.clone()),
            },
            (CREATE_VAPP, _) => Command::CreateVapp {
                cloud: record.cloud.clone(),
                project: args?.project.clone()?,
                name: record.name.to_string(),
                restricted: args?.restricted == Some(true),
            },
            (_, None) if record.vapp.is_some() => Command::ActOnVapp {
                vapp: record.vapp_key()?,
                action: vapp_action_of(record)?,
                vms: args
                    .into_iter()
                    .flat_map(|args| &args.vms)
                    .map(|id| VmKey::new(&record.cloud, id))
                    .collect(),
            },
            (_, Some(vm)) => Command::Act {
                vm,
                action: action_of(record)?,
                // It is settled by reading and never sent again.
                confirmed: Confirmed::default(),
            },
            _ => return None,
        };
        Some(Ticket {
            id: CommandId(self.common.next_command.fetch_add(1, Ordering::Relaxed)),
            command,
            name: record.name.clone(),
            tenant: record.tenant.clone(),
            follow: true,
            run: record.run.clone(),
            number: record.command,
            earlier: true,
        })
    }

    /// Takes up one command, while nothing else is done to what it changes.
    async fn take_up(self: &Arc<Self>, ticket: &Ticket, unfinished: &Unfinished) {
        // Where somebody asked for something else by now, it is followed all the same.
        let occupied = match &ticket.command {
            Command::ActOnVapp { .. } => self.occupy(&ticket.command).ok(),
            _ => None,
        };
        self.take_up_alone(ticket, unfinished).await;
        drop(occupied);
    }

    async fn take_up_alone(self: &Arc<Self>, ticket: &Ticket, unfinished: &Unfinished) {
        let record = &unfinished.record;
        let Some(sent) = unfinished.sent else {
            // Every command is journaled as sent before it is sent.
            let stage = ticket.not_sent("that run ended before its turn", "ask again");
            return self.finish(ticket, stage, Reread::No).await;
        };
        let why = "that run ended before the answer";
        let (vm, action) = match &ticket.command {
            Command::Act { vm, action, .. } => (vm, action),
            Command::Acknowledge { .. } => return self.look_at_acknowledged(ticket).await,
            Command::ActOnVapp { .. } => {
                let work = record.group.as_deref().cloned();
                return self.take_up_vapp(ticket, work, sent, since(sent)).await;
            }
            Command::CreateVapp { .. } => {
                let before = HashSet::new();
                return self.find_created(ticket, &before, since(sent), why).await;
            }
            Command::Decide { .. } => {
                return self.find_decided(ticket, None, since(sent), why).await;
            }
        };
        let known = self.known().vm(&vm.id);
        if self.is_kept_here(action) {
            // What this console keeps is there or not: nothing is on its way.
            let protection = known.as_ref().and_then(|vm| vm.protection.as_deref());
            let reason = protection.and_then(|protection| protection.reason.as_deref());
            let is_so = match action {
                Action::Protect { reason: asked } => reason == Some(asked.trim()),
                _ => protection.is_none(),
            };
            let stage = if is_so {
                Stage::Done {
                    task: record.task_key(),
                }
            } else {
                ticket.not_sent("that run ended before it was kept", "ask again")
            };
            return self.finish(ticket, stage, Reread::No).await;
        }
        let Some(vm) = known else {
            let stage = if matches!(action, Action::Delete { .. }) {
                Stage::Done {
                    task: record.task_key(),
                }
            } else {
                Stage::Failed {
                    message: words::failed(&ticket.what(), "the VM is gone", "look at its events"),
                    task: record.task_key(),
                }
            };
            return self.finish(ticket, stage, Reread::No).await;
        };
        if let Some(watch) = &record.watch {
            let mut watch = Watch::clone(watch);
            watch.unsure |= record.stage == Stage::Sent.as_str();
            let late = since(watch.since);
            return self.watched(ticket, vm, watch, Some(late)).await;
        }
        let open = Open {
            action: action.clone(),
            was: None,
            sent,
            began: Instant::now(),
            waited: since(sent),
            before: HashSet::new(),
            why: why.to_owned(),
            vm,
        };
        match (record.task_key(), &record.locator) {
            (Some(key), Some(locator)) => {
                let handle = TaskHandle {
                    key,
                    vm: Some(open.vm.key.clone()),
                    locator: locator.clone(),
                };
                self.carried_by(ticket, handle, open).await;
            }
            _ => self.find_out(ticket, open).await,
        }
    }
}

/// How long ago that was by the clock. Never zero: an earlier run waited, however short.
fn since(at: Timestamp) -> Duration {
    let waited = Duration::try_from(Timestamp::now().duration_since(at));
    waited.unwrap_or_default().max(Duration::from_millis(1))
}

fn vapp_action_of(record: &Record) -> Option<VappAction> {
    let args = record.args.as_ref();
    let force = args.is_some_and(|args| args.force == Some(true));
    let kinds = VappActionKind::ALL.into_iter();
    let kind = kinds.into_iter().find(|kind| kind.id() == record.action)?;
    Some(match kind {
        VappActionKind::Deploy => VappAction::Deploy { force },
        VappActionKind::Undeploy => VappAction::Undeploy { force },
        VappActionKind::Edit => VappAction::Edit {
            name: args?.name.clone()?,
            restricted: args?.restricted?,
        },
        VappActionKind::Delete => VappAction::Delete,
    })
}

fn action_of(record: &Record) -> Option<Action> {
    let args = record.args.as_ref();
    let force = args.is_some_and(|args| args.force == Some(true));
    Some(match ActionKind::from_id(&record.action)? {
        ActionKind::Protect => Action::Protect {
            reason: args?.reason.clone()?,
        },
        ActionKind::Relocate => Action::Relocate {
            host: args?.host.clone()?,
        },
        ActionKind::PowerOff if args.is_some_and(|args| args.keep_off == Some(true)) => {
            Action::KeepOff
        }
        ActionKind::Snapshot => Action::Snapshot {
            name: args?.name.clone()?,
        },
        ActionKind::Move => Action::Move {
            vapp: args?.vapp.clone()?,
        },
        ActionKind::Restrict => Action::Restrict {
            vapp: args.and_then(|args| args.vapp.clone()),
        },
        ActionKind::Delete => Action::Delete {
            release: args.is_some_and(|args| args.release == Some(true)),
            force,
        },
        ActionKind::Deploy => Action::Deploy { force },
        ActionKind::Undeploy => Action::Undeploy { force },
        ActionKind::Evacuate => Action::Evacuate {
            host: args.and_then(|args| args.host.clone()),
        },
        kind => return Action::plain(kind),
    })
}
