//! draft
use super::context::Context;
use super::exit::{Exit, Stop};
use crate::fleet::{Command, CommandReport, Inventory};
use crate::model::{CloudName, Event, Severity, VmKey};
use jiff::Timestamp;
use std::time::Duration;

pub struct Session {
    inventory: Inventory,
}
pub enum Waited {
    Until(Vec<CommandReport>),
    Interrupted(Vec<CommandReport>),
}
impl Session {
    pub fn open(_c: &Context, _clouds: &[CloudName]) -> Result<Self, Stop> {
        todo!()
    }
    pub async fn list(&mut self) -> Exit {
        todo!()
    }
    pub fn inventory(&self) -> &Inventory {
        &self.inventory
    }
    pub fn readable_vms(&self) -> Vec<VmKey> {
        todo!()
    }
    pub async fn read_tasks(&mut self, _vms: &[VmKey]) -> Exit {
        todo!()
    }
    pub async fn events(
        &mut self,
        _since: Option<Timestamp>,
        _severity: Option<Severity>,
        _limit: usize,
    ) -> (Vec<Event>, Exit) {
        todo!()
    }
    pub async fn run(&mut self, _c: Vec<Command>, _wait: Option<Duration>) -> Waited {
        todo!()
    }
    pub async fn stop(self) {
        todo!()
    }
}
