//! Instance actions with their events, as tasks in Abiquo's spelling.

use std::sync::Arc;

use super::{id, long, moment, own};
use crate::clouds::openstack::wire::{Action, Event};
use crate::model::text::{clean_name, clean_to};
use crate::model::{Job, JobState, Task, TaskKey, TaskKind, TaskState, VmKey};

/// Nova's words for what was done, and Abiquo's.
const KINDS: &[(&str, &str)] = &[
    ("create", "DEPLOY"),
    ("start", "POWER_ON"),
    ("stop", "SHUTDOWN"),
    ("reboot", "REBOOT"),
    ("pause", "PAUSE"),
    ("unpause", "RESUME"),
    ("suspend", "SUSPEND"),
    ("resume", "RESUME"),
    ("lock", "PROTECT"),
    ("unlock", "UNPROTECT"),
    ("rescue", "RESCUE"),
    ("unrescue", "UNRESCUE"),
    ("shelve", "SHELVE"),
    ("unshelve", "UNSHELVE"),
    ("delete", "DELETE"),
    ("softDelete", "DELETE"),
    ("forceDelete", "DELETE"),
    ("restore", "RESTORE"),
    ("resize", "RECONFIGURE"),
    ("confirmResize", "CONFIRM_RESIZE"),
    ("revertResize", "REVERT_RESIZE"),
    ("migrate", "RELOCATE"),
    ("live-migration", "RELOCATE"),
    ("evacuate", "EVACUATE"),
    ("createImage", "SNAPSHOT"),
];

/// The most of a traceback that is kept, in characters: its end, where the error stands.
const MAX_TRACEBACK: usize = 1_000;

/// The most events of one action that are kept.
const MAX_EVENTS: usize = 100;

/// What an action does: `SHUTDOWN` for `stop`; for one that is not known its own word, as in `ATTACH_INTERFACE`.
fn kind_of(word: &str) -> String {
    if let Some((_, kind)) = KINDS.iter().find(|(known, _)| *known == word) {
        return (*kind).to_owned();
    }
    let mut kind = String::with_capacity(word.len() + 4);
    for c in clean_name(word.trim()).chars() {
        if c.is_ascii_uppercase() && kind.ends_with(|before: char| before.is_ascii_uppercase()) {
            kind.push('_');
        }
        kind.push(if c == '-' || c == ' ' {
            '_'
        } else {
            c.to_ascii_uppercase()
        });
    }
    if kind.is_empty() {
        "UNKNOWN".to_owned()
    } else {
        kind
    }
}

/// An action as a task; `None` for one without the id of its request.
///
/// `is_busy` says whether the server has a task state: between two events of an action nothing runs, and it is not over. `user` is what its
/// user is called.
pub(in crate::clouds::openstack) fn task(
    vm: &VmKey,
    wire: &Action<'_>,
    is_busy: bool,
    user: Option<Arc<str>>,
    locator: &str,
) -> Option<Task> {
    let request = id(wire.request_id.get())?;
    let kind = TaskKind::new(&kind_of(wire.action.get().unwrap_or_default()));
    // Steps are told newest first by some versions, and oldest first by others.
    let mut events: Vec<&Event<'_>> = wire.events.items.iter().collect();
    events.sort_by_key(|event| moment(event.start_time.get()));
    let jobs: Vec<Job> = events
        .iter()
        .take(MAX_EVENTS)
        .enumerate()
        .map(|(at, event)| job(request, at, event))
        .collect();
    let said_so = wire.message.get().is_some_and(is_error);
    let has_failed = said_so || jobs.iter().any(|job| job.state == JobState::Failed);
    let runs = jobs.iter().any(|job| job.state == JobState::Started);
    let state = match (runs || is_busy, has_failed) {
        (true, _) => TaskState::Started,
        (false, true) => TaskState::FinishedUnsuccessfully,
        (false, false) => TaskState::FinishedSuccessfully,
    };
    let mut jobs = jobs;
    if jobs.is_empty() {
        jobs.push(Job {
            id: request.into(),
            kind: kind.clone(),
            state: match state {
                TaskState::Started => JobState::Started,
                TaskState::FinishedUnsuccessfully => JobState::Failed,
                _ => JobState::Done,
            },
            rollback_state: JobState::Unknown,
            description: wire.message.get().and_then(|words| own(Some(words))),
        });
    }
    let started = moment(wire.start_time.get());
    let ends = wire.events.items.iter();
    let ends = ends.filter_map(|event| moment(event.finish_time.get()));
    Some(Task {
        key: TaskKey {
            cloud: vm.cloud.clone(),
            id: format!("{}/{request}", vm.id).into(),
        },
        vm: Some(vm.clone()),
        kind,
        state,
        created_at: started,
        updated_at: ends
            .max()
            .or_else(|| moment(wire.updated_at.get()))
            .or(started),
        user,
        jobs,
        watched_here: false,
        subject: None,
        acknowledgeable: false,
        locator: format!("{locator}|{request}").into(),
    })
}

fn is_error(word: &str) -> bool {
    word.trim().eq_ignore_ascii_case("error")
}

fn job(request: &str, at: usize, event: &Event<'_>) -> Job {
    let state = match (event.result.get(), event.finish_time.get()) {
        (Some(result), _) if is_error(result) => JobState::Failed,
        (Some(_), _) | (None, Some(_)) => JobState::Done,
        (None, None) => JobState::Started,
    };
    Job {
        id: format!("{request}/{at}").into(),
        kind: TaskKind::new(&clean_name(event.event.get().unwrap_or("step"))),
        state,
        rollback_state: JobState::Unknown,
        description: words(event),
    }
}

/// What an event says: in words for everybody, with the end of the traceback that administrators get, and the host.
fn words(event: &Event<'_>) -> Option<Arc<str>> {
    let host = event.host.get().map(|host| format!("on {host}"));
    let details = event.details.get().map(|text| text.trim().to_owned());
    let traceback = event.traceback.get().map(|text| {
        // Lines of marks alone point at columns of the line above.
        let says = |line: &&str| line.chars().any(char::is_alphanumeric);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(says).collect();
        let text = lines.join(" ");
        let skipped = text.chars().count().saturating_sub(MAX_TRACEBACK);
        let end: String = text.chars().skip(skipped).collect();
        let dots = if skipped > 0 { "…" } else { "" };
        format!("traceback: {dots}{}", clean_to(end.trim(), MAX_TRACEBACK))
    });
    let all: Vec<String> = [details, host, traceback].into_iter().flatten().collect();
    long(Some(&all.join("; ")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

    use super::*;
    use crate::model::CloudName;

    fn read(json: &str, is_busy: bool) -> Option<Task> {
        let wire: Action<'_> = serde_json::from_str(json).unwrap();
        let vm = VmKey::new(&CloudName::new("prod"), "s1");
        task(&vm, &wire, is_busy, None, "p|One|s1")
    }

    fn state(events: &str, message: &str, is_busy: bool) -> TaskState {
        let json = format!(
            r#"{{"action":"stop","request_id":"req-1","message":{message},"events":[{events}]}}"#
        );
        read(&json, is_busy).unwrap().state
    }

    #[test]
    fn it_is_over_when_every_event_is_and_nothing_runs_on_the_server() {
        const DONE: &str = r#"{"event":"a","start_time":"t","finish_time":"2026-11-22T03:00:00","result":"Success"}"#;
        const RUNS: &str = r#"{"event":"a","start_time":"t","finish_time":null,"result":null}"#;
        const FAILED: &str = r#"{"event":"a","finish_time":"t","result":"Error"}"#;
        use TaskState::{FinishedSuccessfully, FinishedUnsuccessfully, Started};
        assert_eq!(state(RUNS, "null", true), Started);
        assert_eq!(state(RUNS, "null", false), Started);
        assert_eq!(state(DONE, "null", true), Started);
        assert_eq!(state(DONE, "null", false), FinishedSuccessfully);
        assert_eq!(state("", "null", false), FinishedSuccessfully);
        assert_eq!(state("", "\"Error\"", false), FinishedUnsuccessfully);
        assert_eq!(state(FAILED, "null", false), FinishedUnsuccessfully);
        assert_eq!(
            state(&format!("{FAILED},{RUNS}"), "null", false),
            Started,
            "another host is tried"
        );
    }

    #[test]
    fn steps_stand_in_the_order_in_which_they_began() {
        let json = r#"{"action":"live-migration","request_id":"req-1","events":[
            {"event":"third","start_time":"2026-11-22T04:00:03.000000"},
            {"event":"first","start_time":"2026-11-22T04:00:01.000000"},
            {"event":"second","start_time":"2026-11-22T04:00:02.000000"}]}"#;
        let task = read(json, false).unwrap();
        let kinds: Vec<&str> = task.jobs.iter().map(|job| job.kind.as_str()).collect();
        assert_eq!(kinds, ["first", "second", "third"]);
    }

    #[test]
    fn words_and_the_end_of_a_traceback_are_told_and_bounded() {
        let long = "x".repeat(5_000);
        let json = format!(
            r#"{{"action":"live-migration","request_id":"req-1","events":[
                {{"event":"compute_live_migration","result":"Error","details":"No valid host\u001b[31m","host":"h1",
                  "traceback":"  File a\n{long}\nnova.exception.NoValidHost: none"}}]}}"#
        );
        let task = read(&json, false).unwrap();
        assert_eq!(task.kind.as_str(), "RELOCATE");
        let words = task.jobs[0].description.as_deref().unwrap();
        assert!(
            words.starts_with("No valid host[31m; on h1; traceback: …")
                && words.ends_with("nova.exception.NoValidHost: none"),
            "{words}"
        );
        assert!(words.chars().count() < 1_100);
        assert_eq!(&*task.key.id, "s1/req-1");
        assert_eq!(&*task.locator, "p|One|s1|req-1");
    }

    #[test]
    fn actions_are_told_in_abiquos_words_where_it_has_one() {
        for (word, kind) in [
            ("stop", "SHUTDOWN"),
            ("softDelete", "DELETE"),
            ("attach_interface", "ATTACH_INTERFACE"),
            ("swap-volume", "SWAP_VOLUME"),
            ("", "UNKNOWN"),
        ] {
            assert_eq!(kind_of(word), kind);
        }
        assert_eq!(
            read(r#"{"action":"stop","request_id":"../x"}"#, false),
            None
        );
        assert_eq!(read("{}", false), None);
    }
}
