//! Actions that change the state of a server.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Demo, fault, state};

/// A step: the body, the status it gets, the task while it runs, how long that is, and the state in the end.
type Step = (
    &'static str,
    u16,
    (&'static str, Option<&'static str>),
    u64,
    (&'static str, &'static str, i64),
);

#[tokio::test]
async fn each_action_goes_over_its_task_state_to_its_end() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let id = alice.id("velo-web-01").await;
    let active = ("ACTIVE", "active", 1);
    let steps: [Step; 16] = [
        (
            r#"{"os-stop": null}"#,
            202,
            ("ACTIVE", Some("powering-off")),
            5,
            ("SHUTOFF", "stopped", 4),
        ),
        (
            r#"{"os-start": null}"#,
            202,
            ("SHUTOFF", Some("powering-on")),
            3,
            active,
        ),
        (
            r#"{"reboot": {"type": "SOFT"}}"#,
            202,
            ("REBOOT", Some("rebooting")),
            5,
            active,
        ),
        (
            r#"{"reboot": {"type": "HARD"}}"#,
            202,
            ("HARD_REBOOT", Some("rebooting_hard")),
            4,
            active,
        ),
        (
            r#"{"pause": null}"#,
            202,
            ("ACTIVE", Some("pausing")),
            2,
            ("PAUSED", "paused", 3),
        ),
        (
            r#"{"unpause": null}"#,
            202,
            ("PAUSED", Some("unpausing")),
            2,
            active,
        ),
        (
            r#"{"suspend": null}"#,
            202,
            ("ACTIVE", Some("suspending")),
            4,
            ("SUSPENDED", "suspended", 4),
        ),
        (
            r#"{"resume": null}"#,
            202,
            ("SUSPENDED", Some("resuming")),
            4,
            active,
        ),
        (
            r#"{"rescue": null}"#,
            200,
            ("ACTIVE", Some("rescuing")),
            4,
            ("RESCUE", "rescued", 1),
        ),
        (
            r#"{"unrescue": null}"#,
            202,
            ("RESCUE", Some("unrescuing")),
            4,
            active,
        ),
        (
            r#"{"shelve": null}"#,
            202,
            ("ACTIVE", Some("shelving")),
            7,
            ("SHELVED", "shelved", 4),
        ),
        (
            r#"{"unshelve": null}"#,
            202,
            ("SHELVED", Some("unshelving")),
            6,
            active,
        ),
        (
            r#"{"os-stop": null}"#,
            202,
            ("ACTIVE", Some("powering-off")),
            5,
            ("SHUTOFF", "stopped", 4),
        ),
        (
            r#"{"reboot": {"type": "HARD"}}"#,
            202,
            ("SHUTOFF", Some("rebooting_hard")),
            4,
            active,
        ),
        (
            r#"{"createImage": {"name": "before-sale"}}"#,
            202,
            ("ACTIVE", Some("image_snapshot_pending")),
            7,
            active,
        ),
        (
            r#"{"os-stop": null}"#,
            202,
            ("ACTIVE", Some("powering-off")),
            5,
            ("SHUTOFF", "stopped", 4),
        ),
    ];
    for (body, status, (shown, task), seconds, (end, vm_state, power)) in steps {
        let before = alice.state(&id).await;
        let body: Value = serde_json::from_str(body).unwrap();
        let answer = alice.act(&id, body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        // The vm_state and the power state stay until it is over.
        assert_eq!(
            alice.state(&id).await,
            state(shown, &before.1, task, before.3),
            "{body}"
        );
        demo.after(seconds - 1);
        assert!(alice.state(&id).await.2.is_some(), "{body} is not over yet");
        demo.after(1);
        assert_eq!(
            alice.state(&id).await,
            state(end, vm_state, None, power),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_reboot_and_a_shelving_go_through_several_tasks() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let id = alice.id("velo-web-02").await;
    assert_eq!(alice.act(&id, json!({"shelve": null})).await.status, 202);
    let mut seen = Vec::new();
    for _ in 0..8 {
        seen.push(alice.state(&id).await.2.unwrap_or_default());
        demo.after(1);
    }
    assert_eq!(
        seen,
        [
            "shelving",
            "shelving",
            "shelving_image_pending_upload",
            "shelving_image_uploading",
            "shelving_image_uploading",
            "shelving_image_uploading",
            "shelving_image_uploading",
            "",
        ]
    );
}

#[tokio::test]
async fn what_the_state_forbids_is_a_conflict_with_its_words() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let cases = [
        (
            "velo-web-04",
            r#"{"os-stop": null}"#,
            "Cannot 'stop' instance {id} while it is in vm_state stopped",
        ),
        (
            "velo-web-03",
            r#"{"os-start": null}"#,
            "Cannot 'start' instance {id} while it is in vm_state active",
        ),
        (
            "velo-cart-01",
            r#"{"reboot": {"type": "SOFT"}}"#,
            "Cannot 'reboot' instance {id} while it is in vm_state paused",
        ),
        (
            "velo-fit-lab",
            r#"{"pause": null}"#,
            "Cannot 'pause' instance {id} while it is in vm_state suspended",
        ),
        (
            "velo-batch-01",
            r#"{"suspend": null}"#,
            "Cannot 'suspend' instance {id} while it is in task_state powering-off",
        ),
        (
            "velo-newsletter",
            r#"{"os-stop": null}"#,
            "Cannot 'stop' instance {id} while it is in vm_state building",
        ),
        (
            "velo-staging-02",
            r#"{"rescue": null}"#,
            "Instance {id} is in an invalid state for 'rescue'",
        ),
        (
            "velo-staging-02",
            r#"{"os-stop": null}"#,
            "Instance {id} is not ready",
        ),
        (
            "velo-render-01",
            r#"{"os-start": null}"#,
            "Instance {id} is not ready",
        ),
        (
            "velo-old-forum",
            r#"{"shelve": null}"#,
            "Cannot 'shelve' instance {id} while it is in vm_state soft-delete",
        ),
        (
            "velo-web-03",
            r#"{"restore": null}"#,
            "Cannot 'restore' instance {id} while it is in vm_state active",
        ),
        (
            "velo-web-03",
            r#"{"confirmResize": null}"#,
            "Cannot 'confirmResize' instance {id} while it is in vm_state active",
        ),
    ];
    for (name, body, words) in cases {
        let id = alice.id(name).await;
        let answer = alice.act(&id, serde_json::from_str(body).unwrap()).await;
        let words = words.replace("{id}", &id);
        assert_eq!(
            answer.fault(),
            fault(409, "conflictingRequest", &words),
            "{name} {body}"
        );
    }
}

#[tokio::test]
async fn a_body_that_means_nothing_is_refused() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let id = alice.id("velo-web-01").await;
    let cases = [
        (json!({"dance": null}), "There is no such action: dance"),
        (
            json!({"reboot HARD": null}),
            "There is no such action: reboot HARD",
        ),
        (
            json!({"os-stop": null, "os-start": null}),
            "Malformed request body",
        ),
        (json!([]), "Malformed request body"),
        (
            json!({"reboot": {"type": "GENTLE"}}),
            "Invalid input for field/attribute type. Value: GENTLE. 'GENTLE' is not one of ['HARD', 'Hard', 'hard', 'SOFT', 'Soft', 'soft']",
        ),
        (
            json!({"createImage": {}}),
            "Invalid input for field/attribute createImage. Value: {}. 'name' is a required property",
        ),
    ];
    for (body, words) in cases {
        let answer = alice.act(&id, body).await;
        assert_eq!(answer.fault(), fault(400, "badRequest", words));
    }
    assert_eq!(alice.state(&id).await, state("ACTIVE", "active", None, 1));
}

#[tokio::test]
async fn a_hard_reboot_cuts_a_soft_one_short_and_nothing_else_does() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let id = alice.id("velo-web-01").await;
    let soft = json!({"reboot": {"type": "SOFT"}});
    assert_eq!(alice.act(&id, soft.clone()).await.status, 202);
    let words = format!("Cannot 'reboot' instance {id} while it is in task_state rebooting");
    assert_eq!(
        alice.act(&id, soft).await.fault(),
        fault(409, "conflictingRequest", &words)
    );
    let hard = alice.act(&id, json!({"reboot": {"type": "HARD"}})).await;
    assert_eq!(hard.status, 202);
    assert_eq!(alice.state(&id).await.0, "HARD_REBOOT");
    demo.after(4);
    assert_eq!(alice.state(&id).await, state("ACTIVE", "active", None, 1));
}

#[tokio::test]
async fn policy_keeps_readers_from_acting_and_members_from_moving() {
    let demo = Demo::start();
    let (alice, rita) = (demo.alice().await, demo.user("rita", "red").await);
    let id = alice.id("velo-web-01").await;
    assert_eq!(rita.show(&id).await["name"], "velo-web-01");
    let cases = [
        (&rita, r#"{"os-stop": null}"#, "os_compute_api:servers:stop"),
        (
            &rita,
            r#"{"lock": null}"#,
            "os_compute_api:os-lock-server:lock",
        ),
        (&rita, r#"{"rescue": null}"#, "os_compute_api:os-rescue"),
        (
            &rita,
            r#"{"os-getConsoleOutput": {}}"#,
            "os_compute_api:os-console-output",
        ),
        (
            &alice,
            r#"{"migrate": null}"#,
            "os_compute_api:os-migrate-server:migrate",
        ),
        (
            &alice,
            r#"{"os-migrateLive": {"host": null, "block_migration": "auto"}}"#,
            "os_compute_api:os-migrate-server:migrate_live",
        ),
        (&alice, r#"{"evacuate": {}}"#, "os_compute_api:os-evacuate"),
        (
            &alice,
            r#"{"shelveOffload": null}"#,
            "os_compute_api:os-shelve:shelve_offload",
        ),
    ];
    for (user, body, policy) in cases {
        let answer = user.act(&id, serde_json::from_str(body).unwrap()).await;
        let words = format!("Policy doesn't allow {policy} to be performed.");
        assert_eq!(answer.fault(), fault(403, "forbidden", &words), "{body}");
    }
    let deleted = rita
        .ask(Method::DELETE, &format!("/servers/{id}"), None)
        .await;
    let words = "Policy doesn't allow os_compute_api:servers:delete to be performed.";
    assert_eq!(deleted.fault(), fault(403, "forbidden", words));
}

#[tokio::test]
async fn a_server_is_deleted_restored_and_deleted_for_good() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let id = alice.id("velo-web-03").await;
    let path = format!("/servers/{id}");
    assert_eq!(alice.ask(Method::DELETE, &path, None).await.status, 204);
    assert_eq!(
        alice.state(&id).await,
        state("ACTIVE", "active", Some("soft-deleting"), 1)
    );
    demo.after(2);
    assert_eq!(
        alice.state(&id).await,
        state("SOFT_DELETED", "soft-delete", None, 4)
    );
    assert_eq!(alice.act(&id, json!({"restore": null})).await.status, 202);
    assert_eq!(alice.state(&id).await.2.as_deref(), Some("restoring"));
    demo.after(3);
    assert_eq!(alice.state(&id).await, state("ACTIVE", "active", None, 1));

    assert_eq!(
        alice.act(&id, json!({"forceDelete": null})).await.status,
        202
    );
    assert_eq!(alice.state(&id).await.2.as_deref(), Some("deleting"));
    demo.after(3);
    assert_eq!(alice.ask(Method::GET, &path, None).await.status, 404);
    // What never ran cannot be restored.
    let id = alice.id("velo-staging-02").await;
    assert_eq!(
        alice
            .ask(Method::DELETE, &format!("/servers/{id}"), None)
            .await
            .status,
        204
    );
    demo.after(3);
    assert_eq!(
        alice
            .ask(Method::GET, &format!("/servers/{id}"), None)
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn what_was_under_way_at_the_start_comes_to_its_end() {
    let demo = Demo::start();
    let (alice, bob) = (demo.alice().await, demo.user("bob", "blue").await);
    let (batch, new) = (
        alice.id("velo-batch-01").await,
        alice.id("velo-newsletter").await,
    );
    let loyalty = bob.id("loyalty-01").await;
    assert_eq!(
        bob.state(&loyalty).await,
        state("HARD_REBOOT", "active", Some("rebooting_hard"), 1)
    );
    demo.after(60);
    assert_eq!(
        alice.state(&batch).await,
        state("SHUTOFF", "stopped", None, 4)
    );
    assert_eq!(
        bob.state(&loyalty).await,
        state("ACTIVE", "active", None, 1)
    );
    let server = alice.show(&new).await;
    assert_eq!(server["status"], "ACTIVE");
    assert_eq!(
        server["OS-SRV-USG:launched_at"],
        "2025-07-14T08:00:50.000000"
    );
    assert_eq!(server["addresses"]["red-net"][0]["addr"], "10.60.1.29");
}

#[tokio::test]
async fn a_guest_is_rescued_and_its_console_is_read() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let id = alice.id("velo-web-01").await;
    let log = alice
        .act(&id, json!({"os-getConsoleOutput": {"length": 2}}))
        .await;
    assert_eq!(log.status, 200);
    assert_eq!(
        log.json()["output"],
        "[    40.250000] systemd[1]: started unit 40 of 40\nvelo-web-01 login: \n"
    );
    let whole = alice
        .act(&id, json!({"os-getConsoleOutput": {}}))
        .await
        .json();
    assert_eq!(whole["output"].as_str().unwrap().lines().count(), 43);

    let path = format!("/servers/{id}/remote-consoles");
    let form = |protocol: &str, kind: &str| {
        Some(json!({"remote_console": {"protocol": protocol, "type": kind}}))
    };
    let console = alice.ask(Method::POST, &path, form("vnc", "novnc")).await;
    assert_eq!(console.status, 200);
    let console = console.json()["remote_console"].clone();
    assert_eq!(
        (&console["protocol"], &console["type"]),
        (&json!("vnc"), &json!("novnc"))
    );
    let url = console["url"].as_str().unwrap();
    assert!(
        url.starts_with("http://127.0.0.1:443/novnc/vnc_auto.html?path=%3Ftoken%3D"),
        "{url}"
    );
    let other = alice
        .ask(Method::POST, &path, form("serial", "serial"))
        .await;
    assert_eq!(
        other.fault(),
        fault(400, "badRequest", "Unavailable console type serial.")
    );
    let old = alice
        .clone()
        .in_version("2.5")
        .ask(Method::POST, &path, form("vnc", "novnc"))
        .await;
    assert_eq!(old.status, 404);
    let old = alice
        .clone()
        .in_version("2.5")
        .act(&id, json!({"os-getVNCConsole": {"type": "novnc"}}))
        .await;
    assert_eq!(
        (old.status, &old.json()["console"]["type"]),
        (200, &json!("novnc"))
    );

    let offloaded = alice.id("velo-render-01").await;
    let none = alice
        .act(&offloaded, json!({"os-getConsoleOutput": {}}))
        .await;
    let words = format!("Instance {offloaded} is not ready");
    assert_eq!(none.fault(), fault(409, "conflictingRequest", &words));

    let rescue = alice.act(&id, json!({"rescue": null})).await;
    assert_eq!(rescue.json()["adminPass"].as_str().unwrap().len(), 12);
    let volume = alice.id("velo-db-02").await;
    let words =
        format!("Instance {volume} cannot be rescued: Cannot rescue a volume-backed instance");
    let refused = alice.act(&volume, json!({"rescue": null})).await;
    assert_eq!(refused.fault(), fault(400, "badRequest", &words));
}

#[tokio::test]
async fn a_snapshot_becomes_an_image() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let id = alice.id("velo-web-01").await;
    let old = alice
        .clone()
        .in_version("2.44")
        .act(&id, json!({"createImage": {"name": "first"}}))
        .await;
    assert_eq!((old.status, old.text.as_str()), (202, ""));
    assert!(
        old.header("location")
            .starts_with("http://127.0.0.1:443/image/v2/images/")
    );
    demo.after(7);
    let new = alice
        .act(&id, json!({"createImage": {"name": "second"}}))
        .await;
    let image = new.json()["image_id"].as_str().unwrap().to_owned();
    let path = format!("/image/v2/images/{image}");
    let row = alice.elsewhere(&path).await.json();
    assert_eq!(
        (&row["name"], &row["status"]),
        (&json!("second"), &json!("queued"))
    );
    assert_eq!(
        (&row["image_type"], &row["instance_uuid"]),
        (&json!("snapshot"), &json!(id))
    );
    demo.after(7);
    assert_eq!(alice.elsewhere(&path).await.json()["status"], "active");
    // It is the project's own.
    assert_eq!(
        demo.user("bob", "blue").await.elsewhere(&path).await.status,
        404
    );
}
