//! Making appliances.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{Instant, sleep};

use super::Worker;
use super::commands::Reread;
use super::settle::{LOCKED_TIME, SETTLING_TIME};
use super::settling::WAITS;
use super::ticket::Ticket;
use crate::clouds::Execution;
use crate::fleet::command::{Command, Stage};
use crate::model::{Availability, Vapp, VappStanding, VappState, may_create_vapp};

impl Worker {
    pub(super) async fn create_vapp(self: &Arc<Self>, ticket: &Ticket) {
        let Command::CreateVapp {
            project,
            name,
            restricted,
            ..
        } = &ticket.command
        else {
            return;
        };
        let _slot = match self.turn(ticket).await {
            Ok(slot) => slot,
            Err(stage) => return self.finish(ticket, stage, Reread::No).await,
        };
        if let Err(error) = self.ensure_session().await {
            let stage = ticket.not_sent_by(&error);
            return self.finish(ticket, stage, Reread::No).await;
        }
        let session = self.session();
        let standing = VappStanding {
            capabilities: self.info.capabilities,
            privileges: session.as_ref().map(|session| &session.privileges),
            signed_out: None,
            read_only: self.info.read_only,
            restricted: *restricted,
            state: VappState::Empty,
        };
        if let Availability::Denied(denial) = may_create_vapp(*restricted, &standing) {
            return self
                .finish(ticket, ticket.refused(denial), Reread::No)
                .await;
        }
        if name.trim().is_empty() {
            let stage = ticket.refused("an appliance needs a name");
            return self.finish(ticket, stage, Reread::No).await;
        }
        let before: HashSet<_> = {
            let known = self.known();
            known.vapps().iter().map(|vapp| vapp.id.clone()).collect()
        };
        if let Err(stage) = self.begin_sending(ticket).await {
            return self.finish(ticket, stage, Reread::No).await;
        }
        let sending = || {
            self.cloud
                .create_vapp(project, name.trim(), *restricted)
                .boxed()
        };
        match self.send_once(sending).await {
            Ok(_) => {
                let stage = Stage::Done { task: None };
                self.finish(ticket, stage, Reread::Yes).await;
            }
            Err(error) if error.execution() == Execution::No => {
                self.finish(ticket, ticket.rejected(&error), Reread::Yes)
                    .await;
            }
            Err(error) => {
                self.find_created(ticket, &before, Duration::ZERO, &error.to_string())
                    .await;
            }
        }
    }

    /// No answer came: an appliance of that name in that project that was not there before is the one. It is never sent again, for a
    /// second one of the name could be made.
    pub(super) async fn find_created(
        self: &Arc<Self>,
        ticket: &Ticket,
        before: &HashSet<Arc<str>>,
        waited: Duration,
        why: &str,
    ) {
        let Command::CreateVapp { project, name, .. } = &ticket.command else {
            return;
        };
        let is_it = |vapp: &Vapp| {
            *vapp.name == *name.trim()
                && vapp.project.as_ref().is_some_and(|it| it.id == *project)
                && !before.contains(&vapp.id)
        };
        let looking = async {
            let began = Instant::now();
            let last = WAITS[WAITS.len() - 1];
            for wait in WAITS.into_iter().chain(std::iter::repeat(last)) {
                sleep(wait).await;
                let so_far = waited + began.elapsed();
                match self.read(|| self.cloud.vapps()).await {
                    Ok(vapps) if vapps.iter().any(is_it) => return Ok(true),
                    Ok(_) if so_far >= SETTLING_TIME => return Ok(false),
                    Err(error) if so_far >= LOCKED_TIME => return Err(error),
                    Ok(_) | Err(_) => {}
                }
            }
            Ok(false)
        };
        let Some(found) = self.common.stop.closing.run_until_cancelled(looking).await else {
            // The journal has it as sent: the next run goes on here.
            return;
        };
        let stage = match found {
            Ok(true) => Stage::Done { task: None },
            Ok(false) => ticket.unknown(format!("{why}, and no such appliance is there")),
            Err(error) => ticket.unknown(format!(
                "{why}, and the appliances cannot be read since: {error}"
            )),
        };
        self.finish(ticket, stage, Reread::Yes).await;
    }
}
