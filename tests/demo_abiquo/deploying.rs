//! Deploy and undeploy of a VM (5.3, 5.6).

use serde_json::{Value, json};

use crate::api::{Api, job_states, link, path, refusal, rels, task_of};

const NO_FORCE: &str = r#"{"forceEnterpriseSoftLimits":false,"forceVdcLimits":false,"forceUndeploy":false,"links":[]}"#;

fn words(task: &Value) -> Vec<(&str, &str)> {
    job_states(task)
        .into_iter()
        .map(|(kind, state, _)| (kind, state))
        .collect()
}

#[tokio::test]
async fn a_deploy_finds_a_host_copies_the_disk_and_powers_on_one_after_another() {
    let api = Api::start();
    let vm = api.vm("golden-debian").await;
    assert!(link(&vm, "machine").is_none());
    let accepted = api.act("operator", &path(&vm, "deploy"), None).await;
    let task = task_of(&api, &accepted).await;
    assert_eq!(
        (&task["type"], &task["state"], &task["userId"]),
        (&json!("DEPLOY"), &json!("PENDING"), &json!("22"))
    );
    let locked = api.vm("golden-debian").await;
    assert_eq!(locked["state"], "LOCKED");
    assert!(link(&locked, "machine").is_none(), "no host is chosen yet");

    // Every job is seen to run, whatever the pace of the day: within two fifths of what it usually takes.
    let mut seen = Vec::new();
    for _ in 0..200 {
        let task = api.get(&path(&task, "self"), "task").await;
        let now: Vec<_> = words(&task)
            .into_iter()
            .map(|(kind, state)| format!("{kind} {state}"))
            .collect();
        if seen.last() != Some(&now) {
            seen.push(now);
        }
        if task["state"] == "FINISHED_SUCCESSFULLY" {
            break;
        }
        api.clock.advance(std::time::Duration::from_millis(100));
    }
    let expected = [
        ["SCHEDULE PENDING", "CONFIGURE PENDING", "POWER_ON PENDING"],
        ["SCHEDULE STARTED", "CONFIGURE PENDING", "POWER_ON PENDING"],
        ["SCHEDULE DONE", "CONFIGURE STARTED", "POWER_ON PENDING"],
        ["SCHEDULE DONE", "CONFIGURE DONE", "POWER_ON STARTED"],
        ["SCHEDULE DONE", "CONFIGURE DONE", "POWER_ON DONE"],
    ];
    assert_eq!(seen, expected);
    let on = api.vm("golden-debian").await;
    assert_eq!((&on["state"], &on["idState"]), (&json!("ON"), &json!(4)));
    let host = link(&on, "machine").unwrap()["title"].as_str().unwrap();
    assert!(host.starts_with("kvm-rtm-"), "{host}");
    let events = api.events_of("golden-debian").await;
    assert_eq!(
        (events[0].1.as_str(), events[0].2.as_str()),
        (
            "DEPLOY_FINISH",
            format!("golden-debian runs on {host}").as_str()
        )
    );
    assert_eq!(events[1].1, "DEPLOY");
}

#[tokio::test]
async fn only_what_is_not_allocated_is_deployed() {
    let api = Api::start();
    for (name, code) in [
        ("runner-01", "VM-7"),
        ("runner-07", "VM-7"),
        ("scanner-gw", "VM-7"),
        ("edge-08", "VM-7"),
        ("batch-05", "VM-2"),
    ] {
        let vm = api.vm(name).await;
        let answer = api.act("admin", &path(&vm, "deploy"), None).await;
        assert_eq!(refusal(&answer), (409, code.to_owned()), "{name}");
    }
    let vm = api.vm("golden-debian").await;
    let answer = api.act("viewer", &path(&vm, "deploy"), None).await;
    assert_eq!(answer.status, 404, "another tenant's");
    let vm = api.vm("web-06").await;
    let answer = api.act("viewer", &path(&vm, "deploy"), None).await;
    assert_eq!(refusal(&answer), (403, "403-FORBIDDEN".to_owned()));
    let vm = api.vm("golden-debian").await;
    let answer = api
        .act("admin", &path(&vm, "deploy"), Some(("links", "{}")))
        .await;
    assert_eq!(
        refusal(&answer),
        (415, "415-UNSUPPORTED-MEDIA-TYPE".to_owned())
    );
    let answer = api
        .act(
            "admin",
            &path(&vm, "deploy"),
            Some(("virtualmachinetask", "[")),
        )
        .await;
    assert_eq!(refusal(&answer), (400, "400-BAD-REQUEST".to_owned()));
    assert_eq!(api.vm("golden-debian").await["state"], "NOT_ALLOCATED");
}

#[tokio::test]
async fn a_soft_limit_stops_a_deploy_until_it_is_forced() {
    let forced = r#"{"forceEnterpriseSoftLimits":true}"#;
    for (tail, body) in [
        ("?force=true", None),
        ("", Some(("virtualmachinetask", forced))),
    ] {
        let api = Api::start();
        let deploy = path(&api.vm("golden-windows").await, "deploy");
        for (tail, body) in [
            ("", None),
            ("?force=false", None),
            ("", Some(("virtualmachinetask", NO_FORCE))),
        ] {
            let answer = api.act("admin", &format!("{deploy}{tail}"), body).await;
            assert_eq!(answer.status, 409);
            assert_eq!(
                answer.json()["collection"],
                json!([{"code": "SOFT_LIMIT_EXCEEDED", "message": "soft limits would be exceeded", "links": []}])
            );
        }
        let accepted = api.act("admin", &format!("{deploy}{tail}"), body).await;
        assert_eq!(task_of(&api, &accepted).await["type"], "DEPLOY");
        api.pass(30);
        assert_eq!(api.vm("golden-windows").await["state"], "ON");
    }
}

#[tokio::test]
async fn without_room_a_deploy_is_accepted_and_fails_at_the_choice_of_a_host() {
    let api = Api::start();
    let vm = api.apart("meter-04").await;
    let accepted = api.act("admin", &path(&vm, "deploy"), None).await;
    let task = task_of(&api, &accepted).await;
    api.pass(30);
    let failed = api.get(&path(&task, "self"), "task").await;
    assert_eq!(failed["state"], "FINISHED_UNSUCCESSFULLY");
    assert_eq!(
        job_states(&failed),
        [
            ("SCHEDULE", "FAILED", "ROLLBACK_DONE"),
            ("CONFIGURE", "SKIPPED", "UNKNOWN"),
            ("POWER_ON", "SKIPPED", "UNKNOWN"),
        ]
    );
    assert_eq!(
        rels(&failed),
        ["self", "parent", "acknowledge", "user", "virtualmachine"]
    );
    let vm = api.apart("meter-04").await;
    assert_eq!(vm["state"], "NOT_ALLOCATED");
    assert!(link(&vm, "machine").is_none());
    let list = api
        .get("/api/events?virtualmachine=meter-04&limit=1", "events")
        .await;
    let event = &list["collection"][0];
    assert_eq!(
        (&event["severity"], &event["entity"], &event["action"]),
        (&json!("ERROR"), &json!("VIRTUAL_MACHINE"), &json!("DEPLOY"))
    );
    assert_eq!(event["errorCode"], "ALLOC-0");
    let message = event["message"].as_str().unwrap();
    for part in [
        "4 hosts",
        "oversubscription",
        "32 CPU and 262144 MB",
        "esx-bcn-01",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    // It may be tried again.
    let again = api.act("admin", &path(&vm, "deploy"), None).await;
    assert_eq!(again.status, 202);
}

#[tokio::test]
async fn an_undeploy_takes_the_steps_that_its_state_asks_for() {
    let api = Api::start();
    for (name, jobs) in [
        (
            "runner-01",
            &["POWER_OFF", "DECONFIGURE", "FREE_RESOURCES"][..],
        ),
        ("runner-05", &["DECONFIGURE", "FREE_RESOURCES"]),
        ("runner-07", &["DECONFIGURE", "FREE_RESOURCES"]),
        ("scanner-gw", &["FREE_RESOURCES"]),
        ("edge-09", &["FREE_RESOURCES"]),
    ] {
        let vm = api.vm(name).await;
        let accepted = api
            .act(
                "operator",
                &path(&vm, "undeploy"),
                Some(("virtualmachinetask", NO_FORCE)),
            )
            .await;
        let task = task_of(&api, &accepted).await;
        assert_eq!(task["type"], "UNDEPLOY");
        let kinds: Vec<_> = job_states(&task).iter().map(|job| job.0).collect();
        assert_eq!(kinds, jobs, "{name}");
        assert_eq!(api.vm(name).await["state"], "LOCKED");
    }
    api.pass(30);
    for name in [
        "runner-01",
        "runner-05",
        "runner-07",
        "scanner-gw",
        "edge-09",
    ] {
        let vm = api.vm(name).await;
        assert_eq!(vm["state"], "NOT_ALLOCATED", "{name}");
        assert!(link(&vm, "machine").is_none(), "{name}");
    }
    let events = api.events_of("runner-01").await;
    assert_eq!(
        (events[0].1.as_str(), events[1].1.as_str()),
        ("UNDEPLOY_FINISH", "UNDEPLOY")
    );
}

#[tokio::test]
async fn an_undeploy_without_work_answers_nothing_and_a_locked_vm_refuses_it() {
    let api = Api::start();
    let vm = api.vm("golden-debian").await;
    let answer = api.act("admin", &path(&vm, "undeploy"), None).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    let vm = api.vm("batch-05").await;
    let answer = api.act("admin", &path(&vm, "undeploy"), None).await;
    assert_eq!(refusal(&answer), (409, "VM-12".to_owned()));
    let vm = api.vm("db-01").await;
    let answer = api.act("operator", &path(&vm, "undeploy"), None).await;
    assert_eq!(refusal(&answer), (409, "VM-120".to_owned()));
    let answer = api.act("viewer", &path(&vm, "undeploy"), None).await;
    assert_eq!(refusal(&answer), (403, "403-FORBIDDEN".to_owned()));
}

#[tokio::test]
async fn an_imported_vm_is_undeployed_by_force_alone() {
    let api = Api::start();
    let vm = api.apart("meter-09").await;
    assert_eq!(
        (&vm["type"], &vm["idType"]),
        (&json!("CAPTURED"), &json!(1))
    );
    let undeploy = path(&vm, "undeploy");
    for body in [None, Some(("virtualmachinetask", NO_FORCE))] {
        let answer = api.act("admin", &undeploy, body).await;
        assert_eq!(refusal(&answer), (409, "VM-44".to_owned()));
        assert!(answer.text.contains("forceUndeploy=true"));
    }
    let forced = Some(("virtualmachinetask", r#"{"forceUndeploy":true}"#));
    let accepted = api.act("admin", &undeploy, forced).await;
    assert_eq!(task_of(&api, &accepted).await["type"], "UNDEPLOY");
}

#[tokio::test]
async fn an_instance_is_made_of_what_is_off_and_has_a_name() {
    let api = Api::start();
    let vm = api.vm("runner-07").await;
    let named = Some(("virtualmachineinstance", r#"{"instanceName":"monday"}"#));
    let accepted = api.act("operator", &path(&vm, "instance"), named).await;
    let task = task_of(&api, &accepted).await;
    assert_eq!(
        (&task["type"], job_states(&task)[0].0),
        (&json!("INSTANCE"), "INSTANCE")
    );
    assert_eq!(api.vm("runner-07").await["state"], "LOCKED");
    api.pass(20);
    assert_eq!(api.vm("runner-07").await["state"], "OFF");
    let events = api.events_of("runner-07").await;
    assert_eq!(
        (events[0].1.as_str(), events[1].1.as_str()),
        ("INSTANCE_FINISH", "INSTANCE_START")
    );
    assert!(events[1].2.contains("monday"));

    for (name, body, status, code) in [
        ("runner-01", named, 409, "VM-27"),
        ("runner-05", named, 409, "VM-27"),
        ("golden-debian", named, 409, "VM-27"),
        ("batch-05", named, 409, "VM-2"),
        (
            "edge-03",
            Some(("virtualmachineinstance", r#"{"instanceName":" "}"#)),
            400,
            "400-BAD-REQUEST",
        ),
        (
            "edge-03",
            Some(("virtualmachineinstance", "{}")),
            400,
            "400-BAD-REQUEST",
        ),
        ("edge-03", None, 415, "415-UNSUPPORTED-MEDIA-TYPE"),
    ] {
        let vm = api.vm(name).await;
        let answer = api.act("admin", &path(&vm, "instance"), body).await;
        assert_eq!(refusal(&answer), (status, code.to_owned()), "{name}");
    }
    let answer = api
        .act("viewer", &path(&api.vm("web-05").await, "instance"), named)
        .await;
    assert_eq!(answer.status, 403);
}

#[tokio::test]
async fn an_instance_leaves_a_deallocated_vm_deallocated() {
    let api = Api::start();
    let vm = api.vm("burst-03").await;
    let named = Some(("virtualmachineinstance", r#"{"instanceName":"monday"}"#));
    let accepted = api.act("admin", &path(&vm, "instance"), named).await;
    assert_eq!(accepted.status, 202);
    api.pass(20);
    let after = api.vm("burst-03").await;
    assert_eq!(
        (&after["state"], &after["deallocated"]),
        (&json!("OFF"), &json!(true))
    );
}
