//! Acting on ZStack VMs and following the jobs that come of it, against answers that are written by hand from the API's documents; and
//! what happens when answers are lost.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use support::zstack::{
    WEB, changes, connected, handle, lines, placeholder, server, shape, shape_value,
};
use support::{Asked, Reply, Server};
use vmdeck::clouds::{Accepted, Cloud, Error, Execution, Result, TaskHandle};
use vmdeck::model::{Action, JobState, Task, TaskState};

fn accepted() -> Reply {
    Reply::new(202, shape("async-accepted.response"))
}

/// An acceptance that names the job by the id that it was sent with, on a host that cannot be reached from here.
fn accepted_as_asked(asked: &Asked) -> Reply {
    let job = asked.header("x-job-uuid").unwrap();
    let location = format!("http://10.0.0.5:8080/zstack/v1/api-jobs/{job}");
    Reply::new(
        202,
        json!({"location": location, "apiTimeout": 1_800_000}).to_string(),
    )
}

fn is_job(asked: &Asked) -> bool {
    asked.path.starts_with("/zstack/v1/api-jobs/")
}

fn job_of(asked: &Asked) -> String {
    asked.path.rsplit('/').next().unwrap().to_owned()
}

fn running() -> Reply {
    Reply::new(202, shape("job-processing.response"))
}

/// Changes are answered by `change`, looks at jobs by `look`.
async fn with(
    change: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    look: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> (Server, Arc<dyn Cloud>) {
    let server = server(move |asked| {
        if is_job(asked) {
            return Some(look(asked));
        }
        let is_change = asked.header("x-job-uuid").is_some();
        is_change.then(|| change(asked))
    })
    .await;
    let cloud = connected(&server).await;
    (server, cloud)
}

async fn act(cloud: &dyn Cloud, action: &Action) -> Result<Accepted> {
    let target = cloud.target(&placeholder(WEB, "Running")).await.unwrap();
    cloud.perform(&target, action).await
}

fn task_of(accepted: Accepted) -> TaskHandle {
    match accepted {
        Accepted::Task(handle) => handle,
        other => panic!("no task: {other:?}"),
    }
}

fn only_job(task: &Task) -> (&JobState, Option<&str>) {
    assert_eq!(task.jobs.len(), 1);
    (&task.jobs[0].state, task.jobs[0].description.as_deref())
}

#[tokio::test]
async fn each_action_is_put_as_a_job_of_our_own_id_and_the_job_is_the_task() {
    let stop_and_keep = json!({"stopVmInstance": {"type": "cold", "stopHA": "true"}});
    let just = |name: &str| {
        let mut body = shape_value(name);
        for optional in ["systemTags", "userTags"] {
            body.as_object_mut().unwrap().remove(optional);
        }
        body
    };
    let cases = [
        (Action::PowerOn, "POWER_ON", just("action-start.request")),
        (
            Action::Shutdown,
            "SHUTDOWN",
            just("action-stop-grace.request"),
        ),
        (
            Action::PowerOff,
            "POWER_OFF",
            just("action-stop-cold.request"),
        ),
        (Action::KeepOff, "POWER_OFF", stop_and_keep),
        (Action::Reboot, "REBOOT", just("action-reboot.request")),
        (Action::Pause, "PAUSE", just("action-pause.request")),
        (Action::Resume, "RESUME", just("action-resume.request")),
        (Action::Restore, "RESTORE", just("action-recover.request")),
        (
            Action::Relocate {
                host: "4f318da0ce62514db09f3c41526f7e8d".into(),
            },
            "RELOCATE",
            just("action-migrate.request"),
        ),
    ];
    let (server, cloud) = with(accepted_as_asked, |_| running()).await;
    let mut ids = std::collections::HashSet::new();
    for (at, (action, kind, expected)) in cases.iter().enumerate() {
        let task = task_of(act(&*cloud, action).await.unwrap());
        let sent = changes(&server);
        assert_eq!(sent.len(), at + 1, "sent once");
        let sent = &sent[at];
        assert_eq!(
            sent.line(),
            format!("PUT /zstack/v1/vm-instances/{WEB}/actions")
        );
        assert_eq!(
            &serde_json::from_slice::<Value>(&sent.body).unwrap(),
            expected,
            "{action:?}"
        );
        assert_eq!(
            sent.header("content-type"),
            Some("application/json;charset=UTF-8")
        );
        let job = sent.header("x-job-uuid").unwrap();
        assert_eq!(job.len(), 32);
        assert!(ids.insert(job.to_owned()));
        assert_eq!(&*task.key.id, job);
        assert!(
            task.locator.starts_with(&format!("{job}:{kind}:")),
            "{}",
            task.locator
        );
        assert_eq!(task.vm.unwrap().id.as_ref(), WEB);
    }
}

#[tokio::test]
async fn a_delete_goes_to_the_recycle_bin_and_a_lost_vm_may_be_moved() {
    let (server, cloud) = with(accepted_as_asked, |_| running()).await;
    let task = task_of(act(&*cloud, &Action::DELETE).await.unwrap());
    assert!(task.locator.contains(":DELETE:"));
    let sent = changes(&server).remove(0);
    let line = format!("DELETE /zstack/v1/vm-instances/{WEB}?deleteMode=Permissive");
    assert_eq!((sent.line(), sent.body.len()), (line, 0));

    let mut lost = shape_value("vm-get.response");
    lost["inventories"][0]["state"] = "Unknown".into();
    let lost = lost.to_string();
    let server = support::zstack::server(move |asked| {
        if asked.header("x-job-uuid").is_some() {
            return Some(accepted_as_asked(asked));
        }
        asked.path.ends_with(WEB).then(|| Reply::ok(lost.clone()))
    })
    .await;
    let cloud = connected(&server).await;
    act(
        &*cloud,
        &Action::Relocate {
            host: "aaaa".into(),
        },
    )
    .await
    .unwrap();
    let sent = changes(&server).remove(0);
    let expected = json!({"migrateVm": {"hostUuid": "aaaa", "allowUnknown": true}});
    assert_eq!(
        serde_json::from_slice::<Value>(&sent.body).unwrap(),
        expected
    );
    let error = act(&*cloud, &Action::Relocate { host: "a/b".into() })
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotFound(_)), "{error:?}");
}

#[tokio::test]
async fn a_job_is_asked_for_at_the_configured_address_by_the_last_segment_of_its_place() {
    let (server, cloud) = with(|_| accepted(), |_| running()).await;
    let task = task_of(act(&*cloud, &Action::Pause).await.unwrap());
    let task = cloud.task(&task).await.unwrap();
    assert_eq!(task.state, TaskState::Started);
    // The server named another id than ours.
    let look = lines(&server).pop().unwrap();
    assert_eq!(look, "GET api-jobs/e9db975a680cfbe77fa3d6ebfc092827");
}

#[tokio::test]
async fn a_job_runs_until_it_is_done_and_keeps_its_end() {
    let looks = AtomicUsize::new(0);
    let (server, cloud) = with(accepted_as_asked, move |_| {
        if looks.fetch_add(1, Ordering::SeqCst) == 0 {
            running()
        } else {
            Reply::ok(shape("job-done.float-numbers.response"))
        }
    })
    .await;
    let handle = task_of(act(&*cloud, &Action::PowerOff).await.unwrap());
    let first = cloud.task(&handle).await.unwrap();
    assert_eq!(
        (first.kind.as_str(), &first.state),
        ("POWER_OFF", &TaskState::Started)
    );
    assert_eq!(only_job(&first), (&JobState::Started, None));
    assert_eq!(first.user.as_deref(), Some("ops-admin"));
    assert_eq!(first.key, handle.key);
    assert!(first.created_at.is_some());
    let end = cloud.task(&handle).await.unwrap();
    assert_eq!(end.state, TaskState::FinishedSuccessfully);
    assert_eq!(only_job(&end), (&JobState::Done, None));
    let asked = server.asked().len();
    assert_eq!(cloud.task(&handle).await.unwrap(), end);
    assert_eq!(
        server.asked().len(),
        asked,
        "what has ended is not asked for again"
    );
    let of_vm = cloud.vm_tasks(&placeholder(WEB, "Running")).await.unwrap();
    assert_eq!(of_vm, [end]);
}

#[tokio::test]
async fn a_failed_job_says_the_innermost_words_with_both_codes_and_cannot_be_acknowledged_there() {
    let cases = [
        (
            "job-failed.wrong-state.response",
            "state Starting does not accept this operation (synthetic text) (VM.1002, VM.1010)",
        ),
        (
            "job-failed.no-capacity.response",
            "0 of 4 hosts can hold 16 GiB (synthetic text) (VM.1001, HOST_ALLOCATION.1000)",
        ),
        (
            "error.with-causes",
            "2 of 3 items failed (synthetic text): item 1 (synthetic text); item 3 (synthetic text) (SYS.1006)",
        ),
        (
            "error.permission-denied",
            "operation not allowed for this account (synthetic text) (ID.1002)",
        ),
    ];
    for (name, words) in cases {
        let (_server, cloud) = with(accepted_as_asked, move |_| Reply::new(503, shape(name))).await;
        let handle = task_of(act(&*cloud, &Action::PowerOff).await.unwrap());
        let task = cloud.task(&handle).await.unwrap();
        assert_eq!(task.state, TaskState::FinishedUnsuccessfully);
        assert_eq!(only_job(&task), (&JobState::Failed, Some(words)));
        assert!(!task.acknowledgeable);
    }
}

#[tokio::test]
async fn a_proxy_that_is_in_trouble_says_nothing_about_the_job() {
    let (_server, cloud) = with(accepted_as_asked, |_| Reply::new(503, "<html>")).await;
    let handle = task_of(act(&*cloud, &Action::PowerOff).await.unwrap());
    let error = cloud.task(&handle).await.unwrap_err();
    assert!(error.is_outage(), "{error:?}");
}

#[tokio::test]
async fn a_job_of_an_earlier_run_is_found_by_what_that_run_has_kept() {
    let (_server, cloud) = with(accepted_as_asked, |asked| match &*job_of(asked) {
        "aaaa" => running(),
        "bbbb" => Reply::new(503, shape("job-failed.session-expired.response")),
        _ => Reply::new(404, "no such job"),
    })
    .await;
    let task = cloud
        .task(&handle("aaaa:REBOOT:1740993725000"))
        .await
        .unwrap();
    assert_eq!(
        (task.kind.as_str(), &task.state),
        ("REBOOT", &TaskState::Started)
    );
    assert_eq!(task.created_at.unwrap().to_string(), "2025-03-03T09:22:05Z");
    assert_eq!(
        cloud.task(&handle("aaaa")).await.unwrap().state,
        TaskState::Started
    );
    // Nobody knows any more what was asked for, so that it is not asked for again.
    let task = cloud.task(&handle("bbbb:REBOOT:1")).await.unwrap();
    assert_eq!(task.state, TaskState::FinishedUnsuccessfully);
    assert!(only_job(&task).1.unwrap().contains("nothing was done"));
    let gone = cloud.task(&handle("cccc:REBOOT:1")).await;
    assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
}

#[tokio::test]
async fn a_move_tells_how_far_it_is() {
    let server = server(|asked| {
        if asked.path.contains("/task-progresses/") {
            return Some(Reply::ok(shape("task-progress.response")));
        }
        if is_job(asked) {
            return Some(running());
        }
        asked.header("x-job-uuid").map(|_| accepted_as_asked(asked))
    })
    .await;
    let cloud = connected(&server).await;
    let action = Action::Relocate {
        host: "aaaa".into(),
    };
    let handle = task_of(act(&*cloud, &action).await.unwrap());
    let task = cloud.task(&handle).await.unwrap();
    assert_eq!(
        only_job(&task),
        (
            &JobState::Started,
            Some("moving memory (synthetic text), 42 %")
        )
    );
    let asked = lines(&server).pop().unwrap();
    assert_eq!(
        asked,
        format!("GET task-progresses/{}?all=true", handle.key.id)
    );
}

// Protection.

#[tokio::test]
async fn a_protection_is_a_tag_with_reason_who_and_when_made_as_a_job() {
    let (server, cloud) = with(accepted_as_asked, |_| {
        Reply::ok(shape("user-tag-create.job-done.response"))
    })
    .await;
    let reason = "kernel \"update\", Prüfung ✓".to_owned();
    let handle = task_of(act(&*cloud, &Action::Protect { reason }).await.unwrap());
    let task = cloud.task(&handle).await.unwrap();
    assert_eq!(
        (task.kind.as_str(), task.state),
        ("PROTECT", TaskState::FinishedSuccessfully)
    );
    let sent = changes(&server).remove(0);
    assert_eq!(sent.line(), "POST /zstack/v1/user-tags");
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    assert_eq!(body["params"]["resourceType"], "VmInstanceVO");
    assert_eq!(body["params"]["resourceUuid"], WEB);
    let tag = body["params"]["tag"].as_str().unwrap();
    let said: Value =
        serde_json::from_str(tag.strip_prefix("vmdeck::protected::").unwrap()).unwrap();
    assert_eq!(said["reason"], "kernel \"update\", Prüfung ✓");
    assert_eq!(said["by"], "ops-admin");
    let since: jiff::Timestamp = said["since"].as_str().unwrap().parse().unwrap();
    assert!(since <= jiff::Timestamp::now());
}

#[tokio::test]
async fn releasing_removes_every_tag_that_protects_and_no_other() {
    let tags = json!({"inventories": [
        {"uuid": "t1", "resourceUuid": WEB, "tag": "tier::web"},
        {"uuid": "t2", "resourceUuid": WEB, "tag": "vmdeck::protected::{\"reason\":\"one\"}"},
        {"uuid": "t3", "resourceUuid": WEB, "tag": "vmdeck::protected::{\"reason\":\"two\"}"},
    ]})
    .to_string();
    let server = server(move |asked| {
        if is_job(asked) {
            return Some(Reply::ok(shape("job-done.empty.response")));
        }
        if asked.header("x-job-uuid").is_some() {
            return Some(accepted_as_asked(asked));
        }
        asked
            .path
            .contains("user-tags")
            .then(|| Reply::ok(tags.clone()))
    })
    .await;
    let cloud = connected(&server).await;
    let handle = task_of(act(&*cloud, &Action::Unprotect).await.unwrap());
    let task = cloud.task(&handle).await.unwrap();
    assert_eq!(
        (task.kind.as_str(), task.state),
        ("UNPROTECT", TaskState::FinishedSuccessfully)
    );
    let sent: Vec<String> = changes(&server).iter().map(Asked::line).collect();
    assert_eq!(
        sent,
        ["DELETE /zstack/v1/tags/t2", "DELETE /zstack/v1/tags/t3"]
    );
    let asked = lines(&server);
    let tags = format!("user-tags?q=resourceType%3DVmInstanceVO&q=resourceUuid%3D{WEB}");
    assert!(asked.iter().any(|line| line.contains(&tags)), "{asked:?}");
}

#[tokio::test]
async fn tags_that_cannot_be_read_now_stop_an_action_for_one_of_them_may_protect() {
    let server = server(|asked| {
        asked
            .path
            .contains("user-tags")
            .then(|| Reply::new(500, ""))
    })
    .await;
    let cloud = connected(&server).await;
    let error = cloud
        .target(&placeholder(WEB, "Running"))
        .await
        .map(drop)
        .unwrap_err();
    assert!(error.is_outage(), "{error:?}");
}

// Answers that say no.

#[tokio::test]
async fn an_answer_that_says_no_proves_that_nothing_was_done() {
    for (reply, words) in [
        (Reply::new(400, "unknown action"), "unknown action"),
        (
            Reply::new(503, shape("error.permission-denied")),
            "not allowed",
        ),
        (Reply::new(405, "wrong verb"), "wrong verb"),
    ] {
        let (server, cloud) = with(move |_| reply.clone(), |_| Reply::new(404, "none")).await;
        let error = act(&*cloud, &Action::PowerOff).await.unwrap_err();
        assert_eq!(error.execution(), Execution::No, "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(changes(&server).len(), 1);
        assert!(
            cloud
                .vm_tasks(&placeholder(WEB, "Running"))
                .await
                .unwrap()
                .is_empty()
        );
    }
}

#[tokio::test]
async fn a_broken_server_is_asked_for_the_job_and_nothing_is_sent_twice() {
    // 500 and no such job: it was not taken.
    let (server, cloud) = with(|_| Reply::new(500, ""), |_| Reply::new(404, "none")).await;
    let error = act(&*cloud, &Action::PowerOff).await.unwrap_err();
    assert_eq!(error.execution(), Execution::No, "{error:?}");
    assert_eq!(changes(&server).len(), 1);
    // 504 of a proxy, and the job is there: follow it.
    let (server, cloud) = with(|_| Reply::new(504, "<html>"), |_| running()).await;
    let handle = task_of(act(&*cloud, &Action::PowerOff).await.unwrap());
    assert_eq!(cloud.task(&handle).await.unwrap().state, TaskState::Started);
    assert_eq!(changes(&server).len(), 1);
}

#[tokio::test]
async fn a_duplicate_that_something_on_the_way_has_made_is_the_job_itself() {
    let (server, cloud) = with(|_| Reply::new(400, "duplicate job uuid"), |_| running()).await;
    let handle = task_of(act(&*cloud, &Action::PowerOff).await.unwrap());
    assert_eq!(
        &*handle.key.id,
        changes(&server)[0].header("x-job-uuid").unwrap()
    );
    assert_eq!(changes(&server).len(), 1);
}

// Lost answers.

#[tokio::test]
async fn an_action_whose_answer_is_lost_is_looked_up_and_followed_and_not_sent_again() {
    let (server, cloud) = with(|_| Reply::Drop, |_| running()).await;
    let handle = task_of(act(&*cloud, &Action::Reboot).await.unwrap());
    let sent = changes(&server);
    assert_eq!(sent.len(), 1);
    assert_eq!(&*handle.key.id, sent[0].header("x-job-uuid").unwrap());
    let task = cloud.task(&handle).await.unwrap();
    assert_eq!(
        (task.kind.as_str(), task.state),
        ("REBOOT", TaskState::Started)
    );
}

#[tokio::test]
async fn an_action_that_was_never_taken_is_sent_again_once_as_another_job() {
    let dropped = AtomicBool::new(false);
    let first = Arc::new(std::sync::Mutex::new(String::new()));
    let lost = first.clone();
    let (server, cloud) = with(
        move |asked| {
            if dropped.swap(true, Ordering::SeqCst) {
                return accepted_as_asked(asked);
            }
            *lost.lock().unwrap() = asked.header("x-job-uuid").unwrap().to_owned();
            Reply::Drop
        },
        move |asked| {
            if job_of(asked) == *first.lock().unwrap() {
                Reply::new(404, "none")
            } else {
                running()
            }
        },
    )
    .await;
    let handle = task_of(act(&*cloud, &Action::Reboot).await.unwrap());
    let sent = changes(&server);
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].body, sent[1].body);
    assert_ne!(sent[0].header("x-job-uuid"), sent[1].header("x-job-uuid"));
    assert_eq!(&*handle.key.id, sent[1].header("x-job-uuid").unwrap());
    let tasks = cloud.vm_tasks(&placeholder(WEB, "Running")).await.unwrap();
    assert_eq!(tasks.len(), 1, "the one that never was is forgotten");
}

#[tokio::test]
async fn an_action_that_is_lost_twice_is_given_up_and_was_not_done() {
    let (server, cloud) = with(|_| Reply::Drop, |_| Reply::new(404, "none")).await;
    let error = act(&*cloud, &Action::Reboot).await.unwrap_err();
    assert_eq!(error.execution(), Execution::No, "{error:?}");
    assert_eq!(changes(&server).len(), 2);
}

#[tokio::test]
async fn an_action_that_cannot_be_looked_up_is_open_and_is_found_among_the_tasks_later() {
    let silent = Arc::new(AtomicBool::new(true));
    let says = silent.clone();
    let (server, cloud) = with(
        |_| Reply::Drop,
        move |_| {
            if says.load(Ordering::SeqCst) {
                Reply::Drop
            } else {
                Reply::ok(shape("job-done.stop.response"))
            }
        },
    )
    .await;
    let error = act(&*cloud, &Action::PowerOff).await.unwrap_err();
    assert_eq!(error.execution(), Execution::Maybe, "{error:?}");
    assert_eq!(changes(&server).len(), 1);
    silent.store(false, Ordering::SeqCst);
    let tasks = cloud.vm_tasks(&placeholder(WEB, "Running")).await.unwrap();
    assert_eq!(tasks.len(), 1);
    assert_eq!(tasks[0].kind.as_str(), "POWER_OFF");
    assert_eq!(tasks[0].state, TaskState::FinishedSuccessfully);
}

// Sessions that end.

#[tokio::test]
async fn a_job_that_was_refused_for_its_session_is_sent_again_once_in_another_session() {
    let first = Arc::new(std::sync::Mutex::new(String::new()));
    let (seen, refused) = (first.clone(), first.clone());
    let (server, cloud) = with(
        move |asked| {
            let mut first = seen.lock().unwrap();
            if first.is_empty() {
                *first = asked.header("x-job-uuid").unwrap().to_owned();
            }
            accepted_as_asked(asked)
        },
        move |asked| {
            if job_of(asked) == *refused.lock().unwrap() {
                Reply::new(503, shape("job-failed.session-expired.response"))
            } else {
                Reply::ok(shape("job-done.stop.response"))
            }
        },
    )
    .await;
    let handle = task_of(act(&*cloud, &Action::PowerOff).await.unwrap());
    let task = cloud.task(&handle).await.unwrap();
    assert_eq!((task.state, &task.key), (TaskState::Started, &handle.key));
    let task = cloud.task(&handle).await.unwrap();
    assert_eq!(
        (task.state, &task.key),
        (TaskState::FinishedSuccessfully, &handle.key)
    );
    let sent = changes(&server);
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].body, sent[1].body);
    assert_ne!(sent[0].header("x-job-uuid"), sent[1].header("x-job-uuid"));
    let logins = server
        .asked()
        .iter()
        .filter(|asked| asked.path.ends_with("/login"))
        .count();
    assert_eq!(logins, 2);
}

#[tokio::test]
async fn a_job_that_is_refused_for_its_session_again_has_failed() {
    let (server, cloud) = with(accepted_as_asked, |_| {
        Reply::new(503, shape("job-failed.session-expired.response"))
    })
    .await;
    let handle = task_of(act(&*cloud, &Action::PowerOff).await.unwrap());
    let mut last = cloud.task(&handle).await.unwrap();
    for _ in 0..3 {
        last = cloud.task(&handle).await.unwrap();
    }
    assert_eq!(last.state, TaskState::FinishedUnsuccessfully);
    assert!(only_job(&last).1.unwrap().contains("nothing was done"));
    assert_eq!(changes(&server).len(), 2);
}

#[tokio::test]
async fn many_who_follow_a_refused_job_send_it_again_once() {
    let first = Arc::new(std::sync::Mutex::new(String::new()));
    let (seen, refused) = (first.clone(), first.clone());
    let (server, cloud) = with(
        move |asked| {
            let mut first = seen.lock().unwrap();
            if first.is_empty() {
                *first = asked.header("x-job-uuid").unwrap().to_owned();
            }
            accepted_as_asked(asked)
        },
        move |asked| {
            if job_of(asked) == *refused.lock().unwrap() {
                Reply::new(503, shape("job-failed.session-expired.response"))
            } else {
                running()
            }
        },
    )
    .await;
    let handle = task_of(act(&*cloud, &Action::PowerOff).await.unwrap());
    let all = futures_util::future::join_all((0..8).map(|_| cloud.task(&handle))).await;
    assert!(
        all.iter()
            .all(|task| task.as_ref().unwrap().state == TaskState::Started)
    );
    assert_eq!(changes(&server).len(), 2);
}

#[tokio::test]
async fn a_session_that_is_refused_at_once_is_replaced_and_the_action_sent_once_more() {
    let over = AtomicBool::new(true);
    let (server, cloud) = with(
        move |asked| {
            if over.swap(false, Ordering::SeqCst) {
                Reply::new(503, shape("error.session-expired"))
            } else {
                accepted_as_asked(asked)
            }
        },
        |_| running(),
    )
    .await;
    let handle = task_of(act(&*cloud, &Action::PowerOff).await.unwrap());
    let sent = changes(&server);
    assert_eq!(sent.len(), 2);
    assert_eq!(&*handle.key.id, sent[1].header("x-job-uuid").unwrap());
}
