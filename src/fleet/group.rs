//! An action on an appliance under way: what becomes of each of its VMs, and the one task that is made of it. Pure: the worker
//! reads, sends and keeps the time.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::words;
use crate::model::{Job, JobState, Task, TaskKey, TaskKind, TaskState, VappActionKind};

/// The VMs that a sentence names; of more it says how many.
const NAMED_MAX: usize = 5;

/// An action on an appliance that the cloud took, as the journal keeps it so that another run can go on with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GroupWork {
    /// When it was sent.
    pub begun: Timestamp,
    /// Its VMs, each on its own way.
    pub parts: Vec<Part>,
}

/// One of the VMs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// The cloud's id of it; `None` where nobody knows which VM it is, or where it is the appliance itself.
    pub vm: Option<Arc<str>>,
    /// Its name then.
    pub name: Arc<str>,
    /// How it goes on.
    pub way: Way,
}

/// How one VM of an appliance goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Way {
    /// This task carries it.
    Task {
        /// The cloud's id of it.
        id: Arc<str>,
        /// Where the cloud finds it again.
        locator: Arc<str>,
    },
    /// No task tells of it: the appliance and the VM are read.
    Watched,
    /// Nobody knows whether it was executed, for this reason.
    Unsure(String),
    /// The cloud would not take it, for this reason.
    Refused(String),
}

/// What became of one VM, or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PartEnd {
    /// What was asked for is so.
    Done,
    /// It is not, for this reason.
    Failed(String),
    /// Nobody can tell, for this reason.
    Unknown(String),
}

impl GroupWork {
    /// Whether the cloud is known to have taken anything.
    pub(super) fn is_taken(&self) -> bool {
        let taken = |part: &Part| matches!(part.way, Way::Task { .. } | Way::Watched);
        self.parts.iter().any(taken)
    }

    /// The task that is shown of it, with a job for each VM.
    pub(super) fn task(
        &self,
        key: TaskKey,
        action: VappActionKind,
        subject: Arc<str>,
        user: Option<Arc<str>>,
    ) -> Task {
        let kind = TaskKind::new(&action.id().to_uppercase());
        let job = |(at, part): (usize, &Part)| Job {
            id: format!("{}.{}", key.id, at + 1).into(),
            kind: kind.clone(),
            state: JobState::Pending,
            rollback_state: JobState::Unknown,
            description: Some(part.name.clone()),
        };
        Task {
            vm: None,
            kind: kind.clone(),
            state: TaskState::Started,
            created_at: Some(self.begun),
            updated_at: Some(self.begun),
            user,
            jobs: self.parts.iter().enumerate().map(job).collect(),
            watched_here: true,
            subject: Some(subject),
            acknowledgeable: false,
            locator: "".into(),
            key,
        }
    }

    /// Shows in the job of a VM how far its own task is: `web-01: Powering on`.
    pub(super) fn show(&self, shown: &mut Task, at: usize, task: &Task) {
        let Some((part, job)) = self.parts.get(at).zip(shown.jobs.get_mut(at)) else {
            return;
        };
        // Its end is shown when the VM has been read.
        if task.is_running() {
            job.state = match task.state {
                TaskState::Pending | TaskState::Queueing => JobState::Pending,
                _ => JobState::Started,
            };
            job.description = Some(format!("{}: {}", part.name, task.progress()).into());
        }
    }

    /// Shows in the job of a VM what became of it.
    pub(super) fn show_end(&self, shown: &mut Task, at: usize, end: &PartEnd) {
        let Some((part, job)) = self.parts.get(at).zip(shown.jobs.get_mut(at)) else {
            return;
        };
        let name = &part.name;
        (job.state, job.description) = match end {
            PartEnd::Done => (JobState::Done, Some(name.clone())),
            PartEnd::Failed(why) => (JobState::Failed, Some(format!("{name}: {why}").into())),
            PartEnd::Unknown(why) => (
                JobState::Failed,
                Some(format!("{name}: nobody knows, {why}").into()),
            ),
        };
    }

    /// What became of all of them, given what became of each, in their order.
    pub(super) fn end(&self, ends: &[PartEnd]) -> PartEnd {
        let of = |wanted: fn(&PartEnd) -> Option<&String>| {
            let named = self.parts.iter().zip(ends);
            named
                .filter_map(|(part, end)| Some((&*part.name, wanted(end)?)))
                .collect::<Vec<_>>()
        };
        let failed = of(|end| match end {
            PartEnd::Failed(why) => Some(why),
            _ => None,
        });
        let unknown = of(|end| match end {
            PartEnd::Unknown(why) => Some(why),
            _ => None,
        });
        match (failed.is_empty(), unknown.is_empty()) {
            (true, true) => PartEnd::Done,
            (true, false) => PartEnd::Unknown(self.which(&unknown)),
            (false, true) => PartEnd::Failed(self.which(&failed)),
            (false, false) => PartEnd::Failed(format!(
                "{}, and nobody knows of {}",
                self.which(&failed),
                names(&unknown)
            )),
        }
    }

    /// `1 of 3 VMs (web-02: job DEPLOY failed)`, `2 of 3 VMs (web-02, web-03; web-02: job DEPLOY failed)`.
    fn which(&self, those: &[(&str, &String)]) -> String {
        let all = self.parts.len();
        let first = those.first();
        let first = first.map_or_else(String::new, |(name, why)| format!("{name}: {why}"));
        let some = match those {
            [_] => first,
            _ => format!("{}; {first}", names(those)),
        };
        let noun = if all == 1 { "VM" } else { "VMs" };
        format!("{} of {all} {noun} ({some})", those.len())
    }
}

fn names(those: &[(&str, &String)]) -> String {
    let named: Vec<_> = those
        .iter()
        .take(NAMED_MAX)
        .map(|(name, _)| *name)
        .collect();
    match those.len().saturating_sub(NAMED_MAX) {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// What the end of its task means for a VM.
pub(super) fn task_end(task: &Task) -> PartEnd {
    match task.state {
        TaskState::FinishedSuccessfully => PartEnd::Done,
        _ => PartEnd::Failed(words::task_failure(task)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CloudName;

    fn work(names: &[&str]) -> GroupWork {
        let part = |name: &&str| Part {
            vm: Some(Arc::from(*name)),
            name: Arc::from(*name),
            way: Way::Watched,
        };
        GroupWork {
            begun: Timestamp::UNIX_EPOCH,
            parts: names.iter().map(part).collect(),
        }
    }

    fn failed() -> PartEnd {
        PartEnd::Failed("no space".to_owned())
    }

    #[test]
    fn the_end_of_all_says_how_many_failed_which_and_why_the_first() {
        use PartEnd::{Done, Failed, Unknown};
        let three = work(&["a", "b", "c"]);
        let lost = || Unknown("no answer".to_owned());
        let table = [
            (vec![Done, Done, Done], Done),
            (
                vec![Done, failed(), Done],
                Failed("1 of 3 VMs (b: no space)".to_owned()),
            ),
            (
                vec![failed(), Done, Failed("no host".to_owned())],
                Failed("2 of 3 VMs (a, c; a: no space)".to_owned()),
            ),
            (
                vec![Done, lost(), Done],
                Unknown("1 of 3 VMs (b: no answer)".to_owned()),
            ),
            (
                vec![failed(), lost(), Done],
                Failed("1 of 3 VMs (a: no space), and nobody knows of b".to_owned()),
            ),
        ];
        for (ends, end) in table {
            assert_eq!(three.end(&ends), end, "{ends:?}");
        }
        let many = work(&["1", "2", "3", "4", "5", "6", "7"]);
        let Failed(why) = many.end(&vec![failed(); 7]) else {
            panic!("it failed");
        };
        assert_eq!(why, "7 of 7 VMs (1, 2, 3, 4, 5 and 2 more; 1: no space)");
    }

    #[test]
    fn a_job_shows_what_the_task_of_its_vm_does() {
        let work = work(&["web-01", "web-02"]);
        let cloud = CloudName::new("prod");
        let key = |id: &str| TaskKey {
            cloud: cloud.clone(),
            id: id.into(),
        };
        let mut shown = work.task(key("g"), VappActionKind::Deploy, "shop".into(), None);
        assert_eq!(shown.kind.as_str(), "DEPLOY");
        assert_eq!(shown.subject.as_deref(), Some("shop"));
        let mut own = Task {
            vm: None,
            subject: None,
            watched_here: false,
            state: TaskState::Queueing,
            ..work.task(key("t"), VappActionKind::Deploy, "shop".into(), None)
        };
        own.jobs.truncate(1);
        work.show(&mut shown, 1, &own);
        let job = |shown: &Task| {
            let job = &shown.jobs[1];
            (job.state.clone(), job.description.clone())
        };
        assert_eq!(
            job(&shown),
            (
                JobState::Pending,
                Some("web-02: Waiting to be reviewed".into())
            )
        );
        own.state = TaskState::Started;
        own.jobs[0].kind = TaskKind::new("POWER_ON");
        own.jobs[0].state = JobState::Started;
        work.show(&mut shown, 1, &own);
        assert_eq!(
            job(&shown),
            (JobState::Started, Some("web-02: Powering on".into()))
        );
        work.show_end(&mut shown, 1, &failed());
        assert_eq!(
            job(&shown),
            (JobState::Failed, Some("web-02: no space".into()))
        );
        assert_eq!(shown.jobs[0].state, JobState::Pending);
    }
}
