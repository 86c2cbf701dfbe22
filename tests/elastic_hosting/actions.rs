//! What is sent for each action, and what is said of it.

use std::time::Duration;

use vmdeck::clouds::{Accepted, Error, Execution, Goal, Phase, open_with};
use vmdeck::config::{EcpAuth, EcpBody};
use vmdeck::model::{Action, PowerState};

use crate::rig::{WEB, configured, connected, count, fixture, known, server};
use crate::sign_in::parts;
use crate::support::{Reply, limits};

const ON: Goal = Goal::State(&[PowerState::On]);
const OFF: Goal = Goal::State(&[PowerState::Off]);
const PAUSED: Goal = Goal::State(&[PowerState::Paused]);

fn phase(kind: &'static str, until: Goal, then: Option<Action>) -> Phase {
    Phase {
        kind,
        until,
        limit: Duration::from_secs(300),
        then,
    }
}

#[tokio::test]
async fn each_action_is_one_field_of_a_form_and_then_watched() {
    let cases = [
        (Action::PowerOn, "start", vec![phase("POWER_ON", ON, None)]),
        (
            Action::PowerOff,
            "stop",
            vec![phase("POWER_OFF", OFF, None)],
        ),
        (Action::Pause, "pause", vec![phase("PAUSE", PAUSED, None)]),
        (Action::Resume, "resume", vec![phase("RESUME", ON, None)]),
        (
            Action::Suspend,
            "save",
            vec![phase("SUSPEND", PAUSED, None)],
        ),
        (
            Action::DELETE,
            "delete",
            vec![phase("DELETE", Goal::Gone, None)],
        ),
        (
            Action::Reboot,
            "stop",
            vec![
                phase("POWER_OFF", OFF, Some(Action::PowerOn)),
                phase("POWER_ON", ON, None),
            ],
        ),
    ];
    let server = server(|asked| {
        let delete = asked.method == "POST" && asked.text().contains("delete");
        delete.then(|| Reply::ok(fixture("vm-action-delete.response")))
    })
    .await;
    let cloud = connected(&server).await;
    for (action, word, phases) in cases {
        let target = cloud.target(&known(WEB)).await.unwrap();
        let accepted = cloud.perform(&target, &action).await.unwrap();
        assert_eq!(accepted, Accepted::Watch(phases), "{action:?}");
        let asked = server.asked().pop().unwrap();
        assert_eq!(asked.line(), format!("POST /rest/hosting/vm/{WEB}/"));
        assert_eq!(parts(&asked), [("action".to_owned(), word.to_owned())]);
    }
}

#[tokio::test]
async fn the_configuration_may_have_forms_urlencoded() {
    let server = server(|_| None).await;
    let cloud = open_with(
        &configured(&server, EcpAuth::Auto, EcpBody::Urlencoded),
        limits(),
    )
    .unwrap();
    cloud.connect().await.unwrap();
    let target = cloud.target(&known(WEB)).await.unwrap();
    cloud.perform(&target, &Action::PowerOff).await.unwrap();
    let asked = server.asked().pop().unwrap();
    assert_eq!(
        asked.header("content-type"),
        Some("application/x-www-form-urlencoded")
    );
    assert_eq!(asked.text(), "action=stop");
}

#[tokio::test]
async fn what_the_api_has_not_is_not_sent() {
    let server = server(|_| None).await;
    let cloud = connected(&server).await;
    let target = cloud.target(&known(WEB)).await.unwrap();
    let before = server.asked().len();
    let relocate = Action::Relocate { host: "1".into() };
    let protect = Action::Protect { reason: "x".into() };
    for action in [
        Action::Shutdown,
        Action::Reset,
        Action::KeepOff,
        Action::Restore,
        Action::Unprotect,
        relocate,
        protect,
    ] {
        let error = cloud.perform(&target, &action).await.unwrap_err();
        assert!(matches!(error, Error::Rejected(_)), "{error:?}");
    }
    assert_eq!(server.asked().len(), before);
}

/// What an action says when it is answered so.
async fn acted(reply: Reply) -> Error {
    let server = server(move |asked| (asked.method == "POST").then(|| reply.clone())).await;
    let cloud = connected(&server).await;
    let target = cloud.target(&known(WEB)).await.unwrap();
    let error = cloud.perform(&target, &Action::PowerOff).await.unwrap_err();
    let posts = server
        .asked()
        .iter()
        .filter(|asked| asked.method == "POST")
        .count();
    assert_eq!(posts, 1, "it is sent once");
    error
}

#[tokio::test]
async fn an_errno_is_a_refusal_whatever_the_status() {
    for status in [200, 201] {
        let error = acted(Reply::new(status, fixture("error.unsupported-action"))).await;
        assert_eq!(
            error.to_string(),
            "rejected by the cloud: action not supported (synthetic text) (errno 1)"
        );
        assert_eq!(error.execution(), Execution::No);
    }
    let error = acted(Reply::ok(r#"{"errno":"2","message":""}"#)).await;
    assert_eq!(error.to_string(), "rejected by the cloud: errno 2");
    let error = acted(Reply::new(
        403,
        r#"{"errno":1,"message":"no update permission"}"#,
    ))
    .await;
    assert_eq!(
        error.to_string(),
        "not permitted: no update permission (errno 1)"
    );
}

#[tokio::test]
async fn what_proves_nothing_may_have_been_executed() {
    for reply in [
        Reply::Drop,
        Reply::new(500, "<html><title>Oops</title></html>"),
        Reply::new(502, ""),
        Reply::ok("<html><title>Log in</title></html>"),
        Reply::ok(""),
        Reply::ok("{\"errno\":"),
        Reply::ok("{}"),
        Reply::ok("[]"),
        Reply::new(204, ""),
        Reply::new(202, r#"{"errno":0}"#),
    ] {
        let told = format!("{reply:?}");
        let error = acted(reply).await;
        assert_eq!(error.execution(), Execution::Maybe, "{told}: {error:?}");
    }
}

#[tokio::test]
async fn the_state_in_the_answer_is_a_placeholder_and_says_nothing() {
    let server = server(|asked| {
        (asked.method == "POST").then(|| {
            Reply::ok(r#"{"errno":0,"message":"Success","vm":{"uuid":"other","state":"error"}}"#)
        })
    })
    .await;
    let cloud = connected(&server).await;
    let target = cloud.target(&known(WEB)).await.unwrap();
    assert!(matches!(
        cloud.perform(&target, &Action::PowerOff).await,
        Ok(Accepted::Watch(_))
    ));
}

#[tokio::test]
async fn a_target_must_be_the_vm_that_was_asked_for() {
    let server = server(|asked| {
        asked
            .path
            .contains("/vm/5c8d2010")
            .then(|| Reply::ok(fixture("vm-get.running.response")))
    })
    .await;
    let cloud = connected(&server).await;
    let error = cloud.target(&known("5c8d2010")).await.unwrap_err();
    assert!(error.to_string().contains("about another VM"), "{error}");
    let upper = cloud.target(&known(&WEB.to_uppercase())).await;
    assert!(upper.is_err(), "the server knows it in small letters alone");
}

#[tokio::test]
async fn a_uuid_that_is_refused_is_gone_when_the_list_no_longer_has_it() {
    let refused = || Reply::ok(r#"{"errno":1,"message":"invalid uuid"}"#);
    let server = server(move |asked| asked.path.contains("/vm/5c8d").then(refused)).await;
    let cloud = connected(&server).await;
    let gone = cloud.target(&known("5c8d-not-listed")).await.unwrap_err();
    assert!(matches!(gone, Error::NotFound(_)), "{gone:?}");
    let listed = cloud
        .target(&known("5c8d2010-4e63-4b79-8c2f-1d703b8e6f42"))
        .await
        .unwrap_err();
    assert!(matches!(listed, Error::Rejected(_)), "{listed:?}");
    assert_eq!(
        count(&server, "GET /rest/hosting/vm/list/"),
        3,
        "the sign-in, and once for each"
    );
}

#[tokio::test]
async fn a_locator_that_leads_elsewhere_is_not_followed() {
    let server = server(|_| None).await;
    let cloud = connected(&server).await;
    let before = server.asked().len();
    for locator in [
        "",
        "../../admin",
        "..",
        "%2e%2e",
        "a/b",
        "a?b",
        "a#b",
        "a b",
    ] {
        let mut vm = known(WEB);
        vm.locator = locator.into();
        let error = cloud.target(&vm).await.unwrap_err();
        assert!(matches!(error, Error::Link(_)), "{locator:?}: {error:?}");
    }
    assert_eq!(server.asked().len(), before);
}

#[tokio::test]
async fn the_fields_are_those_that_the_reference_records() {
    let recorded: serde_json::Value =
        serde_json::from_slice(&fixture("vm-action.form-fields")).unwrap();
    let server = server(|_| None).await;
    let cloud = connected(&server).await;
    for (name, action) in [
        ("start", Action::PowerOn),
        ("stop", Action::PowerOff),
        ("pause", Action::Pause),
        ("resume", Action::Resume),
        ("save", Action::Suspend),
        ("delete", Action::DELETE),
    ] {
        let target = cloud.target(&known(WEB)).await.unwrap();
        cloud.perform(&target, &action).await.unwrap();
        let sent: serde_json::Map<_, _> = parts(&server.asked().pop().unwrap())
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect();
        assert_eq!(serde_json::Value::from(sent), recorded[name], "{name}");
    }
}
