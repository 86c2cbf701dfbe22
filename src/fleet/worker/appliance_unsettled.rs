//! What became of an action on an appliance where no answer says it, or where an earlier run has sent it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::Worker;
use super::appliance::goes_by_vms;
use super::commands::Reread;
use super::following::LOST_AFTER;
use super::settle::{LOCKED_TIME, SETTLING_TIME};
use super::settling::WAITS;
use super::ticket::Ticket;
use super::together::Together;
use crate::clouds::Error;
use crate::fleet::command::{Command, Stage};
use crate::fleet::group::{GroupWork, Part, Way};
use crate::fleet::words;
use crate::model::{Vapp, VappAction, VmKey};

impl Worker {
    /// No answer came to a change or a removal: the appliance is read until it is so, or the time is up. `before` is how it was.
    pub(super) async fn find_out_vapp(
        self: &Arc<Self>,
        ticket: &Ticket,
        vapp: &Vapp,
        before: Option<&Vapp>,
        waited: Duration,
        why: &str,
    ) {
        let Command::ActOnVapp { action, .. } = &ticket.command else {
            return;
        };
        let looking = self.look_at_vapp(action, vapp, before, waited);
        let Some(is_so) = self.common.stop.closing.run_until_cancelled(looking).await else {
            // The journal has it as sent: the next run goes on here.
            return;
        };
        let stage = match is_so {
            Ok(true) => Stage::Done { task: None },
            Ok(false) => ticket.unknown(format!("{why}, and reading has not settled it")),
            Err(error) => ticket.unknown(format!("{why}, and it cannot be read since: {error}")),
        };
        self.finish(ticket, stage, Reread::Yes).await;
    }

    /// Whether what was asked for comes to be.
    async fn look_at_vapp(
        &self,
        action: &VappAction,
        vapp: &Vapp,
        before: Option<&Vapp>,
        waited: Duration,
    ) -> Result<bool, Error> {
        let is_so = |now: &Vapp| match action {
            VappAction::Edit { name, restricted } => {
                *now.name == *name.trim() && now.restricted == *restricted
            }
            _ => false,
        };
        // Where it was so before, nothing was to be done.
        if before.is_some_and(is_so) {
            return Ok(true);
        }
        let began = Instant::now();
        let last = WAITS[WAITS.len() - 1];
        let mut missing = 0;
        for wait in WAITS.into_iter().chain(std::iter::repeat(last)) {
            sleep(wait).await;
            let so_far = waited + began.elapsed();
            match self.read(|| self.cloud.vapp(vapp)).await {
                Ok(now) if is_so(&now) => return Ok(true),
                Err(Error::NotFound(_)) if missing + 1 >= LOST_AFTER => {
                    return Ok(*action == VappAction::Delete);
                }
                Err(Error::NotFound(_)) => missing += 1,
                Ok(_) if so_far >= SETTLING_TIME => return Ok(false),
                Err(error) if so_far >= LOCKED_TIME => return Err(error),
                Ok(_) => missing = 0,
                Err(_) => {}
            }
        }
        Ok(false)
    }

    /// Takes up what an earlier run has sent.
    pub(super) async fn take_up_vapp(
        self: &Arc<Self>,
        ticket: &Ticket,
        work: Option<GroupWork>,
        sent: Timestamp,
        waited: Duration,
    ) {
        let Command::ActOnVapp { vapp, action, vms } = &ticket.command else {
            return;
        };
        if !self.known().vapps_known() {
            // Without it, what is read of the VMs says enough.
            drop(self.read_vapps().await);
        }
        let known = self.known().vapp(&vapp.id).cloned();
        let why = "that run ended before the answer";
        if work.is_none() && !goes_by_vms(action.kind()) {
            return match known {
                Some(known) => self.find_out_vapp(ticket, &known, None, waited, why).await,
                None => {
                    let stage = self.gone_by_now(ticket, action);
                    self.finish(ticket, stage, Reread::No).await;
                }
            };
        }
        let found = |id: &Arc<str>| self.known().vm(id);
        let work = work.unwrap_or_else(|| {
            let name = |id: &Arc<str>| found(id).map_or_else(|| id.clone(), |vm| vm.name.clone());
            let part = |vm: &VmKey| Part {
                vm: Some(vm.id.clone()),
                name: name(&vm.id),
                way: Way::Unsure(why.to_owned()),
            };
            GroupWork {
                begun: sent,
                parts: vms.iter().map(part).collect(),
            }
        });
        let ids = work.parts.iter().filter_map(|part| part.vm.clone());
        let vms = ids.filter_map(|id| Some((id.clone(), found(&id)?)));
        let together = Together {
            vms: vms.collect(),
            was: HashMap::new(),
            before: HashMap::new(),
            vapp: known,
            work,
            began: Instant::now(),
            waited,
        };
        self.together(ticket, together).await;
    }

    fn gone_by_now(&self, ticket: &Ticket, action: &VappAction) -> Stage {
        if !self.known().vapps_known() {
            return ticket.unknown("the appliances cannot be read");
        }
        if *action == VappAction::Delete {
            return Stage::Done { task: None };
        }
        Stage::Failed {
            message: words::failed(
                &ticket.what(),
                "the appliance is gone",
                "look at the events",
            ),
            task: None,
        }
    }
}
