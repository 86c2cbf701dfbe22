//! Locks: enforced by the cloud, with a reason that it keeps.

use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Demo, fault};

#[tokio::test]
async fn a_lock_holds_against_its_owner_and_not_against_an_administrator() {
    let demo = Demo::start();
    let (alice, carol, admin) = (
        demo.alice().await,
        demo.user("carol", "red").await,
        demo.admin().await,
    );
    let id = alice.id("velo-web-01").await;
    let locked = alice
        .act(&id, json!({"lock": {"locked_reason": "selling bicycles"}}))
        .await;
    assert_eq!((locked.status, locked.text.as_str()), (202, ""));
    // One user locks it, and another sees that and is refused.
    let seen = carol.show(&id).await;
    assert_eq!(
        (&seen["locked"], &seen["locked_reason"]),
        (&json!(true), &json!("selling bicycles"))
    );
    let words = format!("Instance {id} is locked");
    for body in [
        json!({"os-stop": null}),
        json!({"reboot": {"type": "HARD"}}),
        json!({"shelve": null}),
        // The lock is looked at before the state.
        json!({"os-start": null}),
    ] {
        let answer = carol.act(&id, body).await;
        assert_eq!(answer.fault(), fault(409, "conflictingRequest", &words));
    }
    let answer = alice
        .ask(Method::DELETE, &format!("/servers/{id}"), None)
        .await;
    assert_eq!(answer.fault(), fault(409, "conflictingRequest", &words));
    // A snapshot disturbs nobody, and an administrator passes.
    assert_eq!(
        alice
            .act(&id, json!({"createImage": {"name": "copy"}}))
            .await
            .status,
        202
    );
    demo.after(7);
    assert_eq!(admin.act(&id, json!({"os-stop": null})).await.status, 202);
    demo.after(5);

    assert_eq!(carol.act(&id, json!({"unlock": null})).await.status, 202);
    let seen = carol.show(&id).await;
    assert_eq!(
        (&seen["locked"], &seen["locked_reason"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(carol.act(&id, json!({"os-start": null})).await.status, 202);
}

#[tokio::test]
async fn a_lock_from_outside_the_project_is_taken_off_from_outside_only() {
    let demo = Demo::start();
    let (alice, admin) = (demo.alice().await, demo.admin().await);
    let id = alice.id("velo-audit").await;
    assert_eq!(
        alice.show(&id).await["locked_reason"],
        "evidence, keep as it is"
    );
    let refused = alice.act(&id, json!({"unlock": null})).await;
    let words = "Policy doesn't allow os_compute_api:os-lock-server:unlock:unlock_override to be performed.";
    assert_eq!(refused.fault(), fault(403, "forbidden", words));
    // The owner's own lock does not take its place.
    assert_eq!(
        alice
            .act(&id, json!({"lock": {"locked_reason": "mine"}}))
            .await
            .status,
        202
    );
    assert_eq!(
        alice.show(&id).await["locked_reason"],
        "evidence, keep as it is"
    );
    assert_eq!(admin.act(&id, json!({"unlock": null})).await.status, 202);
    assert_eq!(alice.show(&id).await["locked"], false);
}

#[tokio::test]
async fn a_reason_is_kept_since_its_version_and_has_a_length() {
    let demo = Demo::start();
    let alice = demo.alice().await;
    let id = alice.id("velo-web-02").await;
    let old = alice.clone().in_version("2.72");
    let answer = old
        .act(&id, json!({"lock": {"locked_reason": "too early"}}))
        .await;
    assert_eq!(answer.status, 202);
    let seen = alice.show(&id).await;
    assert_eq!(
        (&seen["locked"], &seen["locked_reason"]),
        (&json!(true), &Value::Null)
    );
    let long = "x".repeat(256);
    for (reason, why) in [("", "is too short"), (&*long, "is too long")] {
        let answer = alice
            .act(&id, json!({"lock": {"locked_reason": reason}}))
            .await;
        let words = format!(
            "Invalid input for field/attribute locked_reason. Value: {reason}. '{reason}' {why}"
        );
        assert_eq!(answer.fault(), fault(400, "badRequest", &words));
    }
    let answer = alice.act(&id, json!({"lock": {"reason": "x"}})).await;
    let words = "Invalid input for field/attribute lock. Value: {'reason': 'x'}. Additional properties are not allowed ('reason' was unexpected)";
    assert_eq!(answer.fault(), fault(400, "badRequest", words));
}
