//! Tasks with their jobs (7.1), and the answer to an accepted request (5.5).

use super::Pen;
use crate::demo::abiquo::estate::{FIRST_USER, FIRST_VM, id};
use crate::demo::abiquo::media::Version;
use crate::demo::abiquo::tasks::{Job, Task, TaskState};
use crate::demo::identity::Uuid;
use crate::demo::json::Json;

impl Pen<'_> {
    /// A task. User and owner are strings, times are seconds (unlike a VM's).
    pub fn task(self, json: &mut Json, task: &Task) {
        let (state, updated_ms, jobs) = task.at(self.now_ms);
        let uuid = task.uuid.to_string();
        json.open();
        json.text("taskId", &uuid);
        json.text("userId", &id(FIRST_USER, task.user).to_string());
        json.text("type", task.work.word());
        json.text("ownerId", &id(FIRST_VM, task.vm).to_string());
        json.text("state", state.word());
        json.count("creationTimestamp", task.created_ms / 1_000);
        json.count("timestamp", updated_ms / 1_000);
        json.key("jobs");
        json.open();
        json.verbatim("links", "[]");
        json.key("collection");
        json.open_array();
        for (number, job) in (0_u64..).zip(&jobs) {
            write_job(json, task, &uuid, number, job);
        }
        json.close_array();
        json.close();
        self.task_links(json, task, state, &uuid);
        json.close();
    }

    fn task_links(self, json: &mut Json, task: &Task, state: TaskState, uuid: &str) {
        let vm = self.vm_path(task.vm);
        let own = format!("{vm}/tasks/{uuid}");
        json.key("links");
        json.open_array();
        self.link(json, "self", "", "", &[&own]);
        if state == TaskState::Queueing {
            self.link(json, "parent", "", "", &[&vm]);
            self.link(json, "cancel", "", "", &[&own, "/action/cancel"]);
            self.link(json, "continue", "", "", &[&own, "/action/continue"]);
            self.link(json, "target", "", "", &[&vm]);
        } else {
            self.link(json, "parent", "", "", &[&vm, "/tasks"]);
        }
        if state == TaskState::FinishedSuccessfully {
            self.link(json, "result", "virtualmachine", "", &[&vm]);
        }
        if state == TaskState::FinishedUnsuccessfully && self.may_acknowledge(task) {
            self.link(json, "acknowledge", "", "", &[&own, "/action/ack"]);
        }
        let nick = &self.platform.estate.users[task.user].nick;
        self.link(json, "user", "user", nick, &[&self.user_path(task.user)]);
        if state != TaskState::Queueing {
            self.link(
                json,
                "virtualmachine",
                "virtualmachine",
                &self.system_name(task.vm),
                &[&vm],
            );
        }
        json.close_array();
    }

    /// Own tasks always, those of others with the privilege to manage users (7.3).
    pub fn may_acknowledge(self, task: &Task) -> bool {
        task.user == self.viewer || self.platform.estate.may(self.viewer, "USERS_MANAGE_USERS")
    }

    /// Says where to follow a task. The text moved, and the link got its type, over the versions (14).
    pub fn accepted(self, json: &mut Json, vm: usize, task: Uuid) {
        let key = if self.version >= Version::new(4, 0) {
            "message"
        } else {
            "entity"
        };
        json.open();
        json.text(key, "Follow the status link for progress");
        self.status_links(json, &[(vm, task)]);
        json.close();
    }

    /// The same for VMs of an appliance: no text, and as many links as there are tasks (5.5, 8).
    pub fn accepted_all(self, json: &mut Json, tasks: &[(usize, Uuid)]) {
        json.open();
        self.status_links(json, tasks);
        json.close();
    }

    fn status_links(self, json: &mut Json, tasks: &[(usize, Uuid)]) {
        json.key("links");
        json.open_array();
        for (vm, task) in tasks {
            let path = format!("{}/tasks/{task}", self.vm_path(*vm));
            if self.version >= Version::new(5, 0) {
                self.link(json, "status", "task", "status", &[&path]);
            } else {
                self.link(json, "status", "", "", &[&path]);
            }
        }
        json.close_array();
    }
}

fn write_job(json: &mut Json, task: &Task, uuid: &str, number: u64, job: &Job) {
    json.open();
    json.text("id", &format!("{uuid}.{}", task.uuid.child(number)));
    json.text("parentTaskId", uuid);
    json.text("type", job.work.word());
    json.text(
        "description",
        &format!("{} job for VM {}", job.work.word(), id(FIRST_VM, task.vm)),
    );
    json.text("state", job.state.word());
    json.text("rollbackState", job.rollback.word());
    json.count("creationTimestamp", task.created_ms / 1_000);
    json.count("timestamp", job.updated_ms / 1_000);
    json.verbatim("links", "[]");
    json.close();
}
