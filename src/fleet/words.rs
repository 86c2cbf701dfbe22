//! What the engine says to people: one sentence each, what failed, on which cloud and VM, why, and what to do next.

use std::any::Any;
use std::fmt::Display;

use crate::clouds::Error;
use crate::model::text::clean_to;
use crate::model::{ActionKind, CloudName, Job, JobState, Task, TaskState};

/// The longest message of a panic that is shown.
const PANIC_MAX: usize = 200;

/// `Shut down of web-02 on prod`.
pub(super) fn what(title: &str, name: &str, cloud: &CloudName) -> String {
    format!("{title} of {name} on {cloud}")
}

/// `Shut down of web-02 on prod failed: why; next`.
pub(super) fn failed(what: &str, why: impl Display, next: &str) -> String {
    format!("{what} failed: {why}; {next}")
}

/// `Shut down of web-02 on prod refused: why`. The reason of a refusal carries its remedy.
pub(super) fn refused(what: &str, why: impl Display) -> String {
    format!("{what} refused: {}", lower_first(&why.to_string()))
}

/// `Shut down of web-02 on prod was not sent: why; next`.
pub(super) fn not_sent(what: &str, why: impl Display, next: &str) -> String {
    format!("{what} was not sent: {why}; {next}")
}

/// `Shut down of web-02 on prod may have been done: why; look at its tasks before you send it again`.
pub(super) fn unknown(what: &str, why: impl Display) -> String {
    format!(
        "{what} may have been done: {why}; look at the VM and its tasks before you send it again"
    )
}

/// [`failed`] because of an error of a cloud. One remedy is said: the error's own, which knows more, else the one for its kind.
pub(super) fn failed_by(what: &str, error: &Error) -> String {
    format!("{what} failed: {}", with_remedy(error, error))
}

/// `Undeploy of web-02 on prod was not done: why; next`, where the cloud would do it if it were told to all the same.
pub(super) fn needs_force(what: &str, error: &Error) -> String {
    format!("{what} was not done: {}", with_remedy(error, error))
}

/// [`not_sent`] because of an error of a cloud.
pub(super) fn not_sent_by(what: &str, error: &Error) -> String {
    format!("{what} was not sent: {}", with_remedy(error, error))
}

/// `why`, which is about the error, and what to do: said once.
pub(super) fn with_remedy(error: &Error, why: impl Display) -> String {
    if has_remedy(error) {
        why.to_string()
    } else {
        format!("{why}; {}", remedy(error))
    }
}

/// Whether the words of an error end in what to do, after a semicolon. Those that repeat a server's words never do.
fn has_remedy(error: &Error) -> bool {
    match error {
        Error::Unreachable { why: words, .. }
        | Error::NoAnswer(words)
        | Error::Protocol(words)
        | Error::Link(words)
        | Error::Secret(words) => words.contains("; "),
        Error::SignIn(_)
        | Error::Forbidden(_)
        | Error::NotFound(_)
        | Error::Conflict(_)
        | Error::NeedsForce(_)
        | Error::Rejected(_)
        | Error::Unavailable { .. } => false,
    }
}

/// What to do after an error of a cloud.
fn remedy(error: &Error) -> &'static str {
    match error {
        Error::Unreachable { .. } => "check the network and the url in the configuration",
        Error::NoAnswer(_) => "check whether the cloud is up",
        Error::SignIn(_) => "check the credentials in the configuration",
        Error::Forbidden(_) => "ask its administrator for the privilege",
        Error::NotFound(_) => "list the VMs again",
        Error::Conflict(_) => "look at its state and its tasks",
        Error::NeedsForce(_) => "ask again with force if that may be",
        Error::Rejected(_) => "look at its details and its events",
        Error::Unavailable { .. } => "wait a moment and try again",
        Error::Protocol(_) => "check that the url in the configuration is the API's",
        Error::Link(_) => "check that the url in the configuration is the one its links name",
        Error::Secret(_) => "mend the secret in the configuration",
    }
}

/// Why a task that a command started failed: `job SHUTDOWN failed (no guest tools) and was rolled back`.
pub(super) fn task_failure(task: &Task) -> String {
    match (&task.state, task.failed_job()) {
        (TaskState::Cancelled, _) => "it was rejected by workflow".to_owned(),
        (TaskState::Aborted, None) => "its task was aborted".to_owned(),
        (_, Some(job)) => job_failure(job),
        (state, None) => format!("its task ended as {state}"),
    }
}

fn job_failure(job: &Job) -> String {
    let mut words = format!("job {} failed", job.kind);
    if let Some(description) = job.description.as_deref().filter(|text| !text.is_empty()) {
        words.push_str(&format!(" ({description})"));
    }
    match job.rollback_state {
        JobState::RollbackDone => words.push_str(" and was rolled back"),
        JobState::RollbackStarted => words.push_str(" and is being rolled back"),
        _ => {}
    }
    words
}

/// What to do after a task of this kind failed.
pub(super) fn after_failure(action: ActionKind) -> &'static str {
    match action {
        ActionKind::Shutdown => "read its events, or power it off instead",
        ActionKind::Reboot => "read its events, or reset it instead",
        _ => "read its events, then acknowledge the task",
    }
}

/// What a panic said, as far as it can be shown.
pub(super) fn panic_words(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    clean_to(text, PANIC_MAX).into_owned()
}

/// The first letter small, unless it begins a word in capitals.
fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{TaskKey, TaskKind};

    fn shutdown(job: JobState, rollback_state: JobState, description: Option<&str>) -> Task {
        let cloud = CloudName::new("prod");
        Task {
            key: TaskKey {
                cloud,
                id: "t".into(),
            },
            vm: None,
            kind: TaskKind::new("SHUTDOWN"),
            state: TaskState::FinishedUnsuccessfully,
            created_at: None,
            updated_at: None,
            user: None,
            jobs: vec![Job {
                id: "t.1".into(),
                kind: TaskKind::new("SHUTDOWN"),
                state: job,
                rollback_state,
                description: description.map(Into::into),
            }],
            acknowledgeable: true,
            watched_here: false,
            subject: None,
            locator: "".into(),
        }
    }

    #[test]
    fn a_failed_task_names_its_job_its_rollback_and_what_to_do() {
        let task = shutdown(JobState::Failed, JobState::RollbackDone, None);
        let what = what("Shut down", "web-02", &CloudName::new("prod"));
        assert_eq!(
            failed(
                &what,
                task_failure(&task),
                after_failure(ActionKind::Shutdown)
            ),
            "Shut down of web-02 on prod failed: job SHUTDOWN failed and was rolled back; read its events, or power it off instead"
        );
        let told = shutdown(JobState::Failed, JobState::Unknown, Some("no guest tools"));
        assert_eq!(task_failure(&told), "job SHUTDOWN failed (no guest tools)");
        let silent = shutdown(JobState::Done, JobState::Unknown, None);
        assert_eq!(
            task_failure(&silent),
            "its task ended as FINISHED_UNSUCCESSFULLY"
        );
    }

    #[test]
    fn one_remedy_is_said_the_errors_own_or_that_of_its_kind() {
        let table = [
            (
                Error::SignIn("wrong user name or password".into()),
                "sign-in refused: wrong user name or password; check the credentials in the configuration",
            ),
            (
                Error::Unreachable {
                    host: "a:443".into(),
                    why: "connection refused; check that it runs".into(),
                },
                "cannot connect to a:443: connection refused; check that it runs",
            ),
            (
                Error::Unreachable {
                    host: "a:443".into(),
                    why: "no route".into(),
                },
                "cannot connect to a:443: no route; check the network and the url in the configuration",
            ),
            (
                Error::Forbidden("no; never".into()),
                "not permitted: no; never; ask its administrator for the privilege",
            ),
        ];
        for (error, words) in table {
            assert_eq!(
                failed_by("Listing a", &error),
                format!("Listing a failed: {words}")
            );
        }
    }

    #[test]
    fn a_refusal_reads_as_one_sentence() {
        assert_eq!(
            refused("Pause of a on b", "Your role lacks X"),
            "Pause of a on b refused: your role lacks X"
        );
        assert_eq!(
            refused("Pause of a on b", "VM-4 says no"),
            "Pause of a on b refused: VM-4 says no"
        );
    }
}
