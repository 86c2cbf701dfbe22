//! Acting on SCloudM VMs, against answers that are written by hand from the API's page, and against gateways that break.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;
#[path = "support/scloudm.rs"]
mod with;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use support::{Asked, PASSWORD, Reply, Server, limits};
use vmdeck::clouds::http::Limits;
use vmdeck::clouds::{Accepted, Error, Execution, Goal, Phase, Result, open_with};
use vmdeck::config::{Scloudm, StaticServer};
use vmdeck::model::{Action, PowerState};
use with::*;

/// What comes of an action that is answered so, and what was sent.
async fn perform(action: Action, reply: Reply) -> (Vec<Asked>, Result<Accepted>) {
    with_keys(in_regions(&["bj-1"]), action, move |_| reply.clone()).await
}

async fn with_keys(
    keys: Scloudm,
    action: Action,
    reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
) -> (Vec<Asked>, Result<Accepted>) {
    let server = gateway(move |asked| match &*asked.method {
        "GET" => Reply::ok(fixture("vm-list.response")),
        _ => reply(asked),
    })
    .await;
    let cloud = connected(&server, keys).await;
    let target = target(&*cloud).await;
    let answer = cloud.perform(&target, &action).await;
    if let Err(error) = &answer {
        let told = format!("{error} {error:?}");
        assert!(!told.contains(TOKEN) && !told.contains(PASSWORD), "{told}");
    }
    (changes(&server), answer)
}

/// The power requests.
fn changes(server: &Server) -> Vec<Asked> {
    let asked = server.asked().into_iter();
    asked
        .filter(|asked| asked.method == "POST" && asked.path != "/mana_api/tokens")
        .collect()
}

fn watched(accepted: Accepted) -> Phase {
    match accepted {
        Accepted::Watch(phases) => {
            assert_eq!(phases.len(), 1);
            phases.into_iter().next().unwrap()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_action_is_one_request_for_one_vm_and_is_watched_until_its_state_is_seen() {
    const ON: Goal = Goal::State(&[PowerState::On]);
    const OFF: Goal = Goal::State(&[PowerState::Off]);
    const AGAIN: Goal = Goal::Again(&[PowerState::On]);
    for (action, body, kind, goal) in [
        (Action::PowerOn, "vm-act-start.request", "POWER_ON", ON),
        (Action::PowerOff, "vm-act-stop.request", "POWER_OFF", OFF),
        (Action::Reset, "vm-act-reboot-hard.request", "RESET", AGAIN),
        (
            Action::Reboot,
            "vm-act-reboot-soft.request",
            "REBOOT",
            AGAIN,
        ),
    ] {
        let (sent, answer) = perform(action, Reply::ok(fixture("vm-act.response"))).await;
        assert_eq!(
            watched(answer.unwrap()),
            Phase {
                kind,
                until: goal,
                limit: Duration::from_secs(300),
                then: None
            }
        );
        assert_eq!(sent.len(), 1);
        assert_eq!(
            sent[0].line(),
            format!("POST /mana_api/vm_act/{GAMES}/bj-1")
        );
        let expected: Value = serde_json::from_slice(&fixture(body)).unwrap();
        let found: Value = serde_json::from_slice(&sent[0].body).unwrap();
        assert_eq!(found, expected, "the null is sent, too");
        assert_eq!(sent[0].header("content-type"), Some("application/json"));
        assert_eq!(sent[0].header("x-auth-token"), Some(TOKEN));
        assert_eq!(sent[0].header("sp-agent"), Some("scloudm"));
    }
}

#[tokio::test]
async fn a_success_without_a_body_as_the_page_documents_it_is_taken() {
    for reply in [
        Reply::ok(""),
        Reply::ok("OK"),
        Reply::ok("[]"),
        Reply::new(204, ""),
        Reply::new(202, r#"{"code":202}"#),
    ] {
        let (_, answer) = perform(Action::PowerOff, reply).await;
        assert_eq!(watched(answer.unwrap()).kind, "POWER_OFF");
    }
}

#[tokio::test]
async fn novas_refusal_of_the_vm_is_told_in_its_words_and_proves_that_nothing_was_done() {
    let detail = |code: u16| {
        let detail = json!([{"code": code, "reason": "R", "msg": "words", "server_id": VM}]);
        json!({"code": 400, "msg": "failed", "detail": detail}).to_string()
    };
    for status in [400, 200] {
        let error =
            |body: String| async move { perform(Action::PowerOff, Reply::new(status, body)).await };
        for (code, expected) in [
            (409, "refused by the cloud: words (R)"),
            (404, "not found: words (R)"),
            (403, "not permitted: words (R)"),
            (401, "rejected by the cloud: words (R)"),
            (400, "rejected by the cloud: words (R)"),
            (413, "the cloud is unavailable (HTTP 413): words (R)"),
            (429, "the cloud is unavailable (HTTP 429): words (R)"),
        ] {
            let (sent, answer) = error(detail(code)).await;
            let error = answer.unwrap_err();
            assert_eq!(error.to_string(), expected, "HTTP {status}");
            assert_eq!(error.execution(), Execution::No, "{error:?}");
            assert_eq!(sent.len(), 1, "a refusal of Nova's is none of the token");
        }
        // A broken Nova may have begun.
        let (_, answer) = error(detail(500)).await;
        assert_eq!(answer.unwrap_err().execution(), Execution::Maybe);
    }
}

#[tokio::test]
async fn a_gateway_that_only_says_that_something_went_wrong_proves_nothing() {
    for reply in [
        Reply::new(400, fixture("vm-act.generic-error.400")),
        Reply::ok(fixture("vm-act.generic-error.400")),
        Reply::ok(r#"{"code":500,"msg":"failed"}"#),
        Reply::new(500, "<title>500 Internal Server Error</title>"),
        Reply::new(502, ""),
        Reply::new(400, ""),
    ] {
        let (sent, answer) = perform(Action::PowerOff, reply.clone()).await;
        let error = answer.unwrap_err();
        assert_eq!(error.execution(), Execution::Maybe, "{reply:?}: {error:?}");
        assert_eq!(sent.len(), 1);
    }
}

#[tokio::test]
async fn what_the_gateway_refuses_before_it_asks_nova_was_not_done() {
    for (status, body, words) in [
        (
            403,
            fixture("error.forbidden-tenant.403"),
            "not permitted: project is not yours",
        ),
        (
            400,
            br#"{"code":400,"msg":"invalid region"}"#.to_vec(),
            "rejected by the cloud: invalid region",
        ),
        (
            404,
            b"<title>404 Not Found</title>".to_vec(),
            "check action_path",
        ),
    ] {
        let (_, answer) = perform(Action::PowerOff, Reply::new(status, body)).await;
        let error = answer.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!(error.execution(), Execution::No);
        assert!(!matches!(error, Error::NotFound(_)), "the VM is not gone");
    }
}

#[tokio::test]
async fn a_refused_token_is_replaced_and_the_request_sent_again_because_it_was_not_executed() {
    let shapes = [
        (401, b"Unauthorized".to_vec()),
        (400, fixture("error.invalid-token.400")),
        (400, fixture("error.auth-as-documented.400")),
    ];
    for (status, body) in shapes {
        let tries = AtomicUsize::new(0);
        let reply = move |_: &Asked| match tries.fetch_add(1, Ordering::SeqCst) {
            0 => Reply::new(status, body.clone()),
            _ => Reply::ok(""),
        };
        let (sent, answer) = with_keys(in_regions(&["bj-1"]), Action::PowerOn, reply).await;
        assert_eq!(watched(answer.unwrap()).kind, "POWER_ON");
        assert_eq!(sent.len(), 2);
    }
    // Refused twice it is a refused sign-in, and was not executed either.
    let (sent, answer) = perform(Action::PowerOn, Reply::new(401, "Unauthorized")).await;
    let error = answer.unwrap_err();
    assert!(error.needs_sign_in() && error.execution() == Execution::No);
    assert_eq!(sent.len(), 2);
}

#[tokio::test]
async fn a_request_whose_answer_is_lost_is_never_sent_again() {
    for reply in [
        Reply::Drop,
        Reply::Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{".to_vec()),
        Reply::new(503, ""),
        Reply::new(302, "").header("Location", "http://evil.example/"),
    ] {
        let (sent, answer) = perform(Action::Reset, reply.clone()).await;
        assert_eq!(
            answer.unwrap_err().execution(),
            Execution::Maybe,
            "{reply:?}"
        );
        assert_eq!(sent.len(), 1, "{reply:?}");
    }
}

#[tokio::test]
async fn a_gateway_that_stalls_is_given_up_and_may_have_done_it() {
    let server = gateway(|asked| match &*asked.method {
        "GET" => Reply::ok(fixture("vm-list.response")),
        _ => Reply::Stall(Vec::new()),
    })
    .await;
    let patient = connected(&server, in_regions(&["bj-1"])).await;
    let read = target(&*patient).await;
    let hasty = Limits {
        answer: Duration::from_millis(20),
        ..limits()
    };
    let url = format!("http://127.0.0.1:{}", server.port);
    let cloud = open_with(&entry(&url, in_regions(&["bj-1"])), hasty).unwrap();
    // Whether the sign-in made it within the tiny limit or not: nothing is sent twice, and silence proves nothing.
    if cloud.connect().await.is_ok() {
        let error = cloud.perform(&read, &Action::PowerOff).await.unwrap_err();
        assert!(matches!(error, Error::NoAnswer(_)), "{error:?}");
        assert_eq!(error.execution(), Execution::Maybe);
        assert!(changes(&server).len() <= 1);
    }
}

#[tokio::test]
async fn the_path_of_power_requests_is_a_template() {
    let keys = Scloudm {
        action_path: "/v9/{region}/act/{tenant_id}/{server_id}".into(),
        ..in_regions(&["b j/1"])
    };
    let (sent, answer) = with_keys(keys, Action::PowerOn, |_| Reply::ok("")).await;
    answer.unwrap();
    assert_eq!(sent[0].path, format!("/v9/b%20j%2F1/act/{GAMES}/{VM}"));
    let body: Value = serde_json::from_slice(&sent[0].body).unwrap();
    assert_eq!(body, json!({"servers": VM, "os-start": null}));
}

#[tokio::test]
async fn an_id_that_leads_out_of_the_path_is_not_sent() {
    for id in ["..", "%2e%2e"] {
        let server = gateway(move |asked| match &*asked.method {
            "GET" => vm_servers([(id.to_owned(), "SHUTOFF")]),
            _ => Reply::ok(""),
        })
        .await;
        let keys = Scloudm {
            action_path: "/mana_api/vm_act/{tenant_id}/{region}/{server_id}".into(),
            ..in_regions(&["bj-1"])
        };
        let cloud = connected(&server, keys).await;
        let (vms, _) = listed(&*cloud).await;
        let target = cloud.target(&vms[0]).await.unwrap();
        let answer = cloud.perform(&target, &Action::PowerOn).await;
        assert!(matches!(answer, Err(Error::Link(_))), "{answer:?}");
        assert!(changes(&server).is_empty());
    }
}

#[tokio::test]
async fn what_nobody_can_see_is_done_when_it_was_taken() {
    let server = gateway(|asked| match &*asked.method {
        "GET" => Reply::new(404, ""),
        _ => Reply::ok(""),
    })
    .await;
    let keys = Scloudm {
        servers: vec![StaticServer {
            id: VM.into(),
            name: "web-01".into(),
            tenant: GAMES.into(),
            region: "bj-1".into(),
        }],
        ..in_regions(&["bj-1"])
    };
    let cloud = connected(&server, keys).await;
    let target = target(&*cloud).await;
    let answer = cloud.perform(&target, &Action::PowerOff).await.unwrap();
    assert_eq!(answer, Accepted::Done);
    assert_eq!(
        changes(&server)[0].path,
        format!("/mana_api/vm_act/{GAMES}/bj-1")
    );
}

#[tokio::test]
async fn what_the_api_does_not_have_is_not_sent() {
    for action in [
        Action::Pause,
        Action::Shutdown,
        Action::DELETE,
        Action::Unprotect,
        Action::KeepOff,
    ] {
        let (sent, answer) = perform(action, Reply::ok("")).await;
        assert_eq!(answer.unwrap_err().execution(), Execution::No);
        assert!(sent.is_empty());
    }
}

#[tokio::test]
async fn a_secret_that_the_gateway_repeats_is_not_shown() {
    let words = format!("Could not find token {TOKEN} for {PASSWORD}");
    let body = json!({"code": 400, "msg": words}).to_string();
    let (_, answer) = perform(Action::PowerOn, Reply::new(400, body.clone())).await;
    assert!(
        answer
            .unwrap_err()
            .to_string()
            .contains("Could not find token •••")
    );
    // Also where the sign-in itself is answered so.
    let server = Server::start(move |_| Reply::new(400, body.clone())).await;
    let error = client(&server, keys()).connect().await.unwrap_err();
    let told = format!("{error} {error:?}");
    assert!(
        told.contains("Could not find token") && !told.contains(PASSWORD),
        "{told}"
    );
}

#[tokio::test]
async fn the_screen_is_asked_for_and_a_gateway_without_it_has_none() {
    let console = |reply: Reply| async move {
        let server = gateway(move |asked| match &*asked.method {
            "GET" => Reply::ok(fixture("vm-list.response")),
            _ => reply.clone(),
        })
        .await;
        let cloud = connected(&server, in_regions(&["bj-1"])).await;
        let (vms, _) = listed(&*cloud).await;
        let answer = cloud
            .remote_access(&vms[0], false)
            .await
            .map(|screen| screen.url);
        (changes(&server), answer)
    };
    let (sent, answer) = console(Reply::ok(fixture("vnc-console.response"))).await;
    assert_eq!(
        answer.unwrap().as_deref(),
        Some("http://192.0.2.50:6080/vnc_auto.html?token=synthetic-token")
    );
    assert_eq!(
        sent[0].line(),
        format!("POST /mana_api/vnc_console/{GAMES}/bj-1/{VM}")
    );
    assert_eq!(sent[0].text(), "{}");
    for reply in [
        Reply::new(404, "<title>404 Not Found</title>"),
        Reply::ok("{}"),
        Reply::ok(r#"{"data":{"console":{"url":"javascript:alert(1)"}}}"#),
        Reply::ok(r#"{"data":{"console":{"url":"http://x/\u001b[31m"}}}"#),
    ] {
        assert_eq!(console(reply).await.1.unwrap(), None);
    }
}
