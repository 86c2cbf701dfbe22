//! One action on an appliance, from checking it as it is now to the cloud's answer. What becomes of its VMs is followed in `together`.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{join_all, try_join_all};
use jiff::Timestamp;
use tokio::time::{Instant, timeout};

use super::Worker;
use super::acting::too_late;
use super::commands::{REREAD_MAX, Reread};
use super::ticket::Ticket;
use super::together::{Together, on_each};
use crate::clouds::{Error, Execution, VappAccepted};
use crate::fleet::command::{Command, Stage};
use crate::fleet::group::{GroupWork, Part, Way};
use crate::model::vapp_action::touched;
use crate::model::{
    Availability, Confirmed, Vapp, VappAction, VappActionKind, VappKey, VappStanding, VappState,
    Vm, VmKey, aggregate, may_restrict, unconfirmed, vapp_availability,
};

/// What became of the sending.
enum Sent {
    /// Refused here; nothing left.
    Not(Stage),
    /// It is over.
    Ended(Stage),
    /// The VMs go on, each on its own way.
    Goes(Together),
    /// Nobody knows whether the appliance was changed or removed.
    Open(Vapp, String),
}

impl Worker {
    pub(super) async fn act_on_vapp(self: &Arc<Self>, ticket: &Ticket) {
        let Command::ActOnVapp { vapp, action, vms } = &ticket.command else {
            return;
        };
        match self.send_to_vapp(ticket, vapp, action, vms).await {
            Sent::Not(stage) => self.finish(ticket, stage, Reread::No).await,
            Sent::Ended(stage) => {
                self.read_members(vms).await;
                self.finish(ticket, stage, Reread::Yes).await;
            }
            Sent::Goes(together) => self.together(ticket, together).await,
            Sent::Open(before, why) => {
                self.find_out_vapp(ticket, &before, Some(&before), Duration::ZERO, &why)
                    .await;
            }
        }
    }

    /// Checks on the appliance as it is now, journals, and sends once.
    async fn send_to_vapp(
        self: &Arc<Self>,
        ticket: &Ticket,
        key: &VappKey,
        action: &VappAction,
        shown: &[VmKey],
    ) -> Sent {
        let _slot = match self.turn(ticket).await {
            Ok(slot) => slot,
            Err(stage) => return Sent::Not(stage),
        };
        let known = self.known().vapp(&key.id).cloned();
        let Some(known) = known else {
            let next = "list the appliances again";
            return Sent::Not(ticket.not_sent("no such appliance is known", next));
        };
        let read = tokio::select! {
            read = self.read(|| self.cloud.vapp(&known)) => read,
            () = self.common.stop.closing.cancelled() => return Sent::Not(too_late(ticket)),
        };
        let vapp = match read {
            Ok(vapp) if vapp.key() == *key => vapp,
            Ok(_) => {
                let error = Error::Protocol("the cloud answered with another appliance".to_owned());
                return Sent::Not(ticket.not_sent_by(&error));
            }
            Err(error) => return Sent::Not(ticket.not_sent_by(&error)),
        };
        if self.known().keeps_protections()
            && let Err(error) = self.read_local().await
        {
            return Sent::Not(ticket.not_kept(&error));
        }
        let known = self.known().members(&key.id);
        let members = match self.members_now(action.kind(), &key.id, &known).await {
            Some(Ok(members)) => members,
            Some(Err(error)) => return Sent::Not(ticket.not_sent_by(&error)),
            None => return Sent::Not(too_late(ticket)),
        };
        if let Err(why) = self.may_on_vapp(action, &vapp, &members) {
            return Sent::Not(ticket.refused(why));
        }
        let vms: Vec<Arc<Vm>> = touched(action.kind(), &members)
            .into_iter()
            .cloned()
            .collect();
        if let Some(why) = not_shown(action.kind(), &vms, shown) {
            return Sent::Not(ticket.refused(why));
        }
        if let Some(why) = protected_meanwhile(action, &known, &vms) {
            return Sent::Not(ticket.refused(why));
        }
        let before = vms
            .iter()
            .map(|vm| (vm.key.id.clone(), self.known().tasks_seen(&vm.key)))
            .collect();
        if let Err(stage) = self.begin_sending(ticket).await {
            return Sent::Not(stage);
        }
        let sent = Timestamp::now();
        let answer = self
            .send_once(|| self.cloud.perform_on_vapp(&vapp, action, &vms).boxed())
            .await;
        let together = |parts: Vec<Part>| Together {
            work: GroupWork { begun: sent, parts },
            was: vms
                .iter()
                .map(|vm| (vm.key.id.clone(), Vm::clone(vm)))
                .collect(),
            vms: vms
                .iter()
                .map(|vm| (vm.key.id.clone(), vm.clone()))
                .collect(),
            vapp: Some(vapp.clone()),
            began: Instant::now(),
            waited: Duration::ZERO,
            before,
        };
        match answer {
            Ok(accepted) => match self.taken(ticket, action.kind(), &vapp, &vms, accepted) {
                Ok(parts) => Sent::Goes(together(parts)),
                Err(stage) => Sent::Ended(stage),
            },
            Err(error) if error.execution() == Execution::No => {
                Sent::Ended(ticket.rejected(&error))
            }
            Err(error) if goes_by_vms(action.kind()) => {
                Sent::Goes(together(unsure(&vms, &error.to_string())))
            }
            Err(error) => Sent::Open(vapp.clone(), error.to_string()),
        }
    }

    /// How the VMs go on after the cloud's answer; or the end, where nothing goes on.
    fn taken(
        &self,
        ticket: &Ticket,
        action: VappActionKind,
        vapp: &Vapp,
        vms: &[Arc<Vm>],
        accepted: VappAccepted,
    ) -> Result<Vec<Part>, Stage> {
        let executed = |error: &Error| error.execution() == Execution::Maybe;
        let none = accepted.tasks.is_empty() && !accepted.goes_on;
        if none && !accepted.refused.iter().any(|(_, error)| executed(error)) {
            // Each was asked for by itself, and none was taken.
            let asks = |error: &Error| matches!(error, Error::NeedsForce(_));
            let refused = &accepted.refused;
            let other = refused.iter().find(|(_, error)| !asks(error));
            return Err(match other.or(refused.first()) {
                Some((_, error)) => ticket.rejected(error),
                None => Stage::Done { task: None },
            });
        }
        let part = |vm: Option<&VmKey>, way| {
            let known = vm.and_then(|key| vms.iter().find(|vm| vm.key == *key).cloned());
            let known = known.or_else(|| self.known().vm(&vm?.id));
            let name = known.map(|vm| vm.name.clone());
            Part {
                vm: vm.map(|vm| vm.id.clone()),
                name: name
                    .or_else(|| Some(vm?.id.clone()))
                    .unwrap_or_else(|| "a VM".into()),
                way,
            }
        };
        let mut parts: Vec<_> = accepted
            .tasks
            .iter()
            .map(|task| {
                let way = Way::Task {
                    id: task.key.id.clone(),
                    locator: task.locator.clone(),
                };
                part(task.vm.as_ref(), way)
            })
            .collect();
        parts.extend(accepted.refused.iter().map(|(vm, error)| {
            let way = if executed(error) {
                Way::Unsure(error.to_string())
            } else {
                Way::Refused(error.to_string())
            };
            part(Some(vm), way)
        }));
        if accepted.goes_on {
            let is_told = |vm: &VmKey| parts.iter().any(|part| part.vm.as_deref() == Some(&*vm.id));
            let rest: Vec<_> = vms.iter().filter(|vm| !is_told(&vm.key)).collect();
            parts.extend(rest.into_iter().map(|vm| part(Some(&vm.key), Way::Watched)));
            if parts.is_empty() || action == VappActionKind::Delete {
                parts.push(Part {
                    vm: None,
                    name: vapp.name.clone(),
                    way: Way::Watched,
                });
            }
        }
        Ok(parts)
    }

    /// The VMs of an appliance as they are now, told on the way; as they are known where nothing is done to them. `None` when everything
    /// ends meanwhile.
    async fn members_now(
        self: &Arc<Self>,
        action: VappActionKind,
        vapp: &Arc<str>,
        known: &[Arc<Vm>],
    ) -> Option<Result<Vec<Arc<Vm>>, Error>> {
        if action == VappActionKind::Edit {
            return Some(Ok(known.to_vec()));
        }
        let reads = known.iter().map(|vm| async move {
            let _slot = self.following_slots.acquire().await;
            self.reread(vm).await
        });
        let closing = &self.common.stop.closing;
        let read = closing.run_until_cancelled(try_join_all(reads)).await?;
        let is_in = |vm: &Arc<Vm>| vm.vapp.as_ref().is_some_and(|it| it.id == *vapp);
        Some(read.map(|vms| vms.into_iter().flatten().filter(is_in).collect()))
    }

    fn may_on_vapp(&self, action: &VappAction, vapp: &Vapp, vms: &[Arc<Vm>]) -> Result<(), String> {
        let session = self.session();
        let state = match vapp.server_state {
            // The cloud knows of operations that the listing did not.
            Some(VappState::Locked) => VappState::Locked,
            _ => aggregate(vms.iter().map(|vm| vm.power)),
        };
        let standing = VappStanding {
            capabilities: self.info.capabilities,
            privileges: session.as_ref().map(|session| &session.privileges),
            signed_out: None,
            read_only: self.info.read_only,
            restricted: vapp.restricted,
            state,
        };
        if let Availability::Denied(denial) = vapp_availability(action.kind(), vms, &standing) {
            return Err(denial.to_string());
        }
        let VappAction::Edit { name, restricted } = action else {
            return Ok(());
        };
        if name.trim().is_empty() {
            return Err("an appliance needs a name".to_owned());
        }
        if *restricted != vapp.restricted {
            may_restrict(&standing).map_err(|denial| denial.to_string())?;
        }
        Ok(())
    }

    /// Reads the VMs of an appliance again after something was done to it.
    async fn read_members(self: &Arc<Self>, vms: &[VmKey]) {
        let known: Vec<_> = vms
            .iter()
            .filter_map(|vm| self.known().vm(&vm.id))
            .collect();
        let reads = known.iter().map(|vm| async move {
            let _slot = self.following_slots.acquire().await;
            // What cannot be read now is told by the next listing.
            if let Ok(Some(vm)) = self.reread(vm).await {
                drop(self.read_tasks(&vm).await);
            }
        });
        let reading = timeout(REREAD_MAX, join_all(reads));
        self.common.stop.closing.run_until_cancelled(reading).await;
    }
}

/// Whether what was done is told by the VMs rather than by the appliance.
pub(super) fn goes_by_vms(action: VappActionKind) -> bool {
    matches!(action, VappActionKind::Deploy | VappActionKind::Undeploy)
}

/// Each VM may have been worked on.
fn unsure(vms: &[Arc<Vm>], why: &str) -> Vec<Part> {
    let part = |vm: &Arc<Vm>| Part {
        vm: Some(vm.key.id.clone()),
        name: vm.name.clone(),
        way: Way::Unsure(why.to_owned()),
    };
    vms.iter().map(part).collect()
}

/// What a person who asked was not told: the VMs that would be touched besides.
fn not_shown(action: VappActionKind, vms: &[Arc<Vm>], shown: &[VmKey]) -> Option<String> {
    if action == VappActionKind::Edit {
        return None;
    }
    let more = vms.iter().filter(|vm| !shown.contains(&vm.key));
    let more: Vec<_> = more.map(|vm| &*vm.name).collect();
    (!more.is_empty()).then(|| format!("it would touch {} as well now; ask again", more.join(", ")))
}

/// What a person who asked was not asked either: a VM was protected since it was told last.
fn protected_meanwhile(action: &VappAction, known: &[Arc<Vm>], vms: &[Arc<Vm>]) -> Option<String> {
    if action.kind() == VappActionKind::Edit {
        return None;
    }
    vms.iter().find_map(|vm| {
        let before = known.iter().find(|before| before.key == vm.key)?;
        let why = unconfirmed(on_each(action).kind(), vm, &Confirmed::shown(before))?;
        Some(format!("{}: {why}", vm.name))
    })
}
