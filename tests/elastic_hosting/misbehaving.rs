//! Servers that break, stall, lie and send nonsense.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use vmdeck::clouds::http::Limits;
use vmdeck::clouds::{Error, Execution, Result, open_with};
use vmdeck::config::{EcpAuth, EcpBody};
use vmdeck::model::{Action, Vm};

use crate::rig::{BASIC, WEB, configured, connected, count, known, server, vms};
use crate::support::{PASSWORD, Reply, Server, limits};

/// What listing says about a server that answers so once somebody is signed in.
async fn listing(reply: Reply) -> (Server, Result<Vec<Vm>>) {
    let first = AtomicBool::new(true);
    let server = server(move |asked| {
        let list = asked.path.contains("vm/list");
        (list && !first.swap(false, Ordering::SeqCst)).then(|| reply.clone())
    })
    .await;
    let cloud = connected(&server).await;
    let answer = vms(&*cloud).await;
    if let Err(error) = &answer {
        let told = format!("{error} {error:?}");
        assert!(
            !told.contains(PASSWORD) && !told.contains(&BASIC[6..]),
            "{told}"
        );
    }
    (server, answer)
}

#[tokio::test]
async fn each_broken_list_is_an_error_that_says_how() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"vms\":[".to_vec();
    let large = format!("{{\"vms\":[],\"x\":\"{}\"}}", "x".repeat(300 << 10));
    for (reply, words) in [
        (Reply::Drop, "no answer"),
        (Reply::Bytes(half), "no answer"),
        (Reply::ok("{\"vms\":["), "ends in the middle"),
        (Reply::ok(""), "the list of VMs is empty"),
        (Reply::ok("{\"vms\": hunter2}"), "broken at line 1"),
        (Reply::ok(vec![b'{', 0xff, b'}']), "not UTF-8"),
        (
            Reply::ok("<html><title>Log in</title>"),
            "web page in place of its data",
        ),
        (
            Reply::ok(r#"{"errno":1,"message":"bad\u001b[31m day"}"#),
            "bad[31m day (errno 1)",
        ),
        (
            Reply::new(500, "<html><title>Oops</title></html>"),
            "HTTP 500): an HTML page: Oops",
        ),
        (Reply::new(401, ""), "sign-in refused"),
        (Reply::new(403, ""), "not permitted"),
        (Reply::ok(large), "larger than"),
    ] {
        let told = format!("{reply:?}").chars().take(120).collect::<String>();
        let (_server, answer) = listing(reply).await;
        let error = answer.unwrap_err().to_string();
        assert!(error.contains(words), "{told}: {error}");
        assert!(
            !error.contains("hunter2") && !error.contains('\u{1b}'),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_reading_whose_connection_breaks_is_repeated_once_and_a_change_never() {
    let (server, answer) = listing(Reply::Drop).await;
    assert!(matches!(answer.unwrap_err(), Error::NoAnswer(_)));
    assert_eq!(
        count(&server, "GET /rest/hosting/vm/list/"),
        3,
        "the sign-in, and twice"
    );

    let server = crate::rig::server(|asked| (asked.method == "POST").then_some(Reply::Drop)).await;
    let cloud = connected(&server).await;
    let target = cloud.target(&known(WEB)).await.unwrap();
    let error = cloud.perform(&target, &Action::DELETE).await.unwrap_err();
    assert_eq!(error.execution(), Execution::Maybe);
    let posts = server
        .asked()
        .iter()
        .filter(|asked| asked.method == "POST")
        .count();
    assert_eq!(posts, 1);
}

#[tokio::test]
async fn a_server_that_stops_is_given_up() {
    let server = Server::start(|_| Reply::Stall(Vec::new())).await;
    let hasty = Limits {
        answer: Duration::from_millis(20),
        ..limits()
    };
    let cloud = open_with(
        &configured(&server, EcpAuth::Auto, EcpBody::Multipart),
        hasty,
    )
    .unwrap();
    let error = cloud.connect().await.unwrap_err();
    assert!(
        matches!(&error, Error::NoAnswer(_)) && error.is_outage(),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_outage_does_not_end_the_session() {
    let down = std::sync::Arc::new(AtomicBool::new(false));
    let state = down.clone();
    let server = server(move |_| state.load(Ordering::SeqCst).then(|| Reply::new(503, ""))).await;
    let cloud = connected(&server).await;
    down.store(true, Ordering::SeqCst);
    assert!(cloud.connect().await.unwrap_err().is_outage());
    down.store(false, Ordering::SeqCst);
    assert_eq!(vms(&*cloud).await.unwrap().len(), 3);
}
