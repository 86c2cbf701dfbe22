use serde_json::json;

use crate::api::{Api, path};

#[tokio::test]
async fn protecting_keeps_the_state_and_tells_the_reason_and_an_event_tells_who() {
    let api = Api::start();
    let vm = api.vm("cache-01").await;
    let answer = api
        .post("admin", &path(&vm, "protect"), "disk swap, ask Núria")
        .await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""));
    let protected = api.vm("cache-01").await;
    assert_eq!(
        (&protected["protected"], &protected["state"]),
        (&json!(true), &json!("ON"))
    );
    assert_eq!(protected["protectedCause"], "disk swap, ask Núria");

    let list = api
        .get(
            "/api/events?actionperformed=VIRTUAL_MACHINE_PROTECT&limit=1",
            "events",
        )
        .await;
    let event = &list["collection"][0];
    assert_eq!(
        (&event["severity"], &event["userName"]),
        (&json!("INFO"), &json!("admin"))
    );
    let message = event["message"].as_str().unwrap();
    assert!(
        message.contains("Cloud Administrator") && message.contains("disk swap, ask Núria"),
        "{message}"
    );
    assert_eq!(event["entityURI"], path(&vm, "edit"));

    let answer = api.post("admin", &path(&vm, "unprotect"), "").await;
    assert_eq!(answer.status, 204);
    let free = api.vm("cache-01").await;
    assert_eq!(free["protected"], false);
    assert!(free.get("protectedCause").is_none());
    assert_eq!(api.events_of("cache-01").await[0].1, "UNPROTECT");
}

#[tokio::test]
async fn protecting_twice_or_releasing_what_is_free_is_a_conflict() {
    let api = Api::start();
    let vm = api.vm("db-01").await;
    let twice = api
        .post("admin", &path(&vm, "protect"), "another reason")
        .await;
    assert_eq!(
        (twice.status.as_u16(), twice.code().as_str()),
        (409, "VM-118")
    );
    assert_eq!(
        api.vm("db-01").await["protectedCause"],
        "kernel update",
        "the reason stays"
    );
    let free = api.vm("web-01").await;
    let answer = api.post("admin", &path(&free, "unprotect"), "").await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (409, "VM-119")
    );
}

#[tokio::test]
async fn only_a_deployed_vm_is_protected_with_a_reason_in_plain_text() {
    let api = Api::start();
    for name in ["golden-debian", "scanner-gw", "track-api-03", "edge-09"] {
        let answer = api
            .post("admin", &path(&api.vm(name).await, "protect"), "because")
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (409, "VM-149"),
            "{name}"
        );
    }
    let vm = api.vm("web-01").await;
    assert_eq!(
        api.post("admin", &path(&vm, "protect"), "  ").await.status,
        400
    );
    let request = api
        .bare(reqwest::Method::POST, &path(&vm, "protect"))
        .basic_auth("admin", Some("demo"));
    let json = api
        .send(
            request
                .header("content-type", "application/json")
                .body("\"because\""),
        )
        .await;
    assert_eq!(json.status, 415);
    for name in ["web-05", "print-01"] {
        let answer = api
            .post("admin", &path(&api.vm(name).await, "protect"), "because")
            .await;
        assert_eq!(answer.status, 204, "{name}");
    }
}

#[tokio::test]
async fn a_protected_vm_refuses_who_lacks_the_privilege_and_obeys_who_holds_it() {
    let api = Api::start();
    let vm = api.vm("db-01").await;
    for answer in [
        api.put_state("operator", &vm, r#"{"state":"OFF"}"#).await,
        api.put_state(
            "operator",
            &vm,
            r#"{"state":"OFF","gracefulShutdown":true}"#,
        )
        .await,
        api.post("operator", &path(&vm, "reset"), "").await,
    ] {
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (409, "VM-120")
        );
    }
    for rel in ["protect", "unprotect"] {
        let answer = api.post("operator", &path(&vm, rel), "mine").await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (403, "403-FORBIDDEN")
        );
    }
    assert_eq!(
        api.put_state("admin", &vm, r#"{"state":"OFF"}"#)
            .await
            .status,
        202
    );
    api.pass(20);
    let off = api.vm("db-01").await;
    assert_eq!(
        (&off["state"], &off["protected"]),
        (&json!("OFF"), &json!(true))
    );
}
