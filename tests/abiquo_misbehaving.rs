//! The Abiquo client against servers that break, stall, lie and send nonsense.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod support;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use serde_json::{Value, json};
use support::{PASSWORD, Reply, Server, entry, fixture, limits};
use tokio::sync::Semaphore;
use vmdeck::clouds::http::Limits;
use vmdeck::clouds::{Cloud, Error, Execution, Result, open, open_with};
use vmdeck::config::{Credentials, Secret, SecretSource};
use vmdeck::model::{Action, PowerState, Vm, VmState};

async fn vms(cloud: &dyn Cloud) -> Result<Vec<Vm>> {
    let pages: Vec<_> = cloud.vms().try_collect().await?;
    Ok(pages.into_iter().flat_map(|page| page.vms).collect())
}

/// What listing says about a server that answers so.
async fn listing(reply: Reply) -> (Server, Result<Vec<Vm>>) {
    let server = Server::signed_in(move |_| reply.clone()).await;
    let cloud = server.connected().await;
    let answer = vms(&*cloud).await;
    if let Err(error) = &answer {
        let told = format!("{error} {error:?}");
        for secret in [PASSWORD, "first-token", "cHJpdmVyczpodW50ZXIy"] {
            assert!(!told.contains(secret), "{told}");
        }
    }
    (server, answer)
}

/// Limits under which a server that stops is given up at once. Nothing that should come in time depends on them.
fn impatient() -> Limits {
    Limits {
        stall: Duration::from_millis(20),
        answer: Duration::from_millis(20),
        ..limits()
    }
}

#[tokio::test]
async fn a_reading_whose_connection_breaks_before_the_answer_is_repeated_once() {
    let (server, answer) = listing(Reply::Drop).await;
    assert!(matches!(answer.unwrap_err(), Error::NoAnswer(_)));
    assert_eq!(server.lines().len(), 2);

    let asked = AtomicUsize::new(0);
    let server = Server::signed_in(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::Drop,
        _ => Reply::ok(fixture("empty_collection")),
    })
    .await;
    assert!(vms(&*server.connected().await).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_that_breaks_in_the_middle_is_no_answer() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"collection\":[".to_vec();
    let (server, answer) = listing(Reply::Bytes(half)).await;
    let error = answer.unwrap_err();
    assert!(matches!(error, Error::NoAnswer(_)), "{error:?}");
    assert!(error.is_outage());
    assert_eq!(
        server.lines().len(),
        1,
        "what began to answer is not asked again"
    );
}

#[tokio::test]
async fn json_that_ends_in_the_middle_is_an_unexpected_answer() {
    let (_, answer) = listing(Reply::ok(r#"{"collection":[{"id":1"#)).await;
    assert_eq!(
        answer.unwrap_err().to_string(),
        "unexpected answer: the list of VMs ends in the middle"
    );
    let (_, answer) = listing(Reply::ok("")).await;
    assert_eq!(
        answer.unwrap_err().to_string(),
        "unexpected answer: the list of VMs is empty"
    );
    let (_, answer) = listing(Reply::ok("[1,2]")).await;
    assert_eq!(
        answer.unwrap_err().to_string(),
        "unexpected answer: the list of VMs is no JSON object"
    );
    let (_, answer) = listing(Reply::ok("{\"collection\": hunter2}")).await;
    let error = answer.unwrap_err().to_string();
    assert!(
        error.contains("broken at line 1") && !error.contains("hunter2"),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_stops_is_given_up() {
    let silent = Reply::Stall(Vec::new());
    let half = Reply::Stall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"coll".to_vec());
    for reply in [silent, half] {
        let server = Server::signed_in(move |_| reply.clone()).await;
        let hasty = open_with(&server.entry(), impatient()).unwrap();
        // Whether the sign-in made it within the tiny limit or not: what follows is a missing answer.
        let error = match hasty.connect().await {
            Ok(_) => vms(&*hasty).await.unwrap_err(),
            Err(error) => error,
        };
        assert!(
            matches!(&error, Error::NoAnswer(why) if why.contains("0.02 s")),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_session_that_ends_is_renewed_once_for_all_who_wait() {
    // Every token but the newest is refused; the first listing finds its own expired on four pages at once.
    let sign_ins = Arc::new(AtomicUsize::new(0));
    let counted = sign_ins.clone();
    let refused = AtomicUsize::new(0);
    let server = Server::start(move |asked| {
        if asked.path.starts_with("/api/login") {
            let n = counted.fetch_add(1, Ordering::SeqCst);
            return Reply::ok(fixture("login_expand_privileges"))
                .header("X-Abiquo-Token", &format!("token-{n}"));
        }
        let first_page = !asked.path.contains("startwith");
        if asked.header("authorization") == Some("Token token-0") && !first_page {
            refused.fetch_add(1, Ordering::SeqCst);
            return Reply::new(401, "<html>")
                .header("WWW-Authenticate", "Basic realm=\"Abiquo API\"");
        }
        let at: usize = asked
            .path
            .split("startwith=")
            .nth(1)
            .map_or(0, |rest| rest.split('&').next().unwrap().parse().unwrap());
        Reply::ok(json!({ "collection": [{ "id": at }], "totalSize": 12 }).to_string())
    })
    .await;
    let cloud = server.connected().await;
    assert_eq!(vms(&*cloud).await.unwrap().len(), 12);
    assert_eq!(
        sign_ins.load(Ordering::SeqCst),
        2,
        "one at the start, one for all"
    );
}

#[tokio::test]
async fn a_renewal_that_is_refused_is_tried_once_for_all_who_wait() {
    let sign_ins = Arc::new(AtomicUsize::new(0));
    let counted = sign_ins.clone();
    let server = Server::start(move |asked| match asked.path.starts_with("/api/login") {
        true if counted.fetch_add(1, Ordering::SeqCst) == 0 => support::login(),
        _ => Reply::new(401, "<html>no</html>"),
    })
    .await;
    let cloud = server.connected().await;
    // All of them are made with the first session before any of them is answered.
    let answers = futures_util::future::join_all((0..20).map(|_| vms(&*cloud))).await;
    for answer in answers {
        assert!(matches!(answer.unwrap_err(), Error::SignIn(_)));
    }
    assert_eq!(
        sign_ins.load(Ordering::SeqCst),
        2,
        "many wrong passwords in a row lock a user out"
    );
}

#[tokio::test]
async fn a_wrong_password_says_what_to_check_and_holds_no_secret() {
    let server =
        Server::start(|_| Reply::new(401, format!("<html><body>{PASSWORD}</body></html>"))).await;
    let error = server.cloud().connect().await.unwrap_err();
    assert!(matches!(error, Error::SignIn(_)));
    assert!(
        error.to_string().contains("wrong user name or password"),
        "{error}"
    );
    assert!(!format!("{error} {error:?}").contains(PASSWORD));
    assert_eq!(server.asked().len(), 1);

    let mut entry = server.entry();
    entry.credentials = Credentials::Token(SecretSource::Plain(Secret::new("hunter3-token")));
    let cloud = open_with(&entry, limits()).unwrap();
    let error = cloud.connect().await.unwrap_err();
    assert!(error.to_string().contains("token"), "{error}");
    assert!(!format!("{error} {error:?} {entry:?}").contains("hunter3"));
    assert_eq!(
        server.asked()[1].header("authorization"),
        Some("Bearer hunter3-token")
    );
}

#[tokio::test]
async fn a_secret_that_cannot_be_had_is_told_before_anything_is_sent() {
    let server = Server::start(|_| Reply::ok("{}")).await;
    let mut entry = server.entry();
    let missing = SecretSource::Env("VMDECK_TEST_NOT_SET".into());
    entry.credentials = Credentials::Password {
        username: "privers".into(),
        password: missing,
    };
    let error = open_with(&entry, limits())
        .unwrap()
        .connect()
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Secret(why) if why.contains("VMDECK_TEST_NOT_SET")),
        "{error:?}"
    );
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn a_version_that_is_not_taken_is_left_out_from_then_on() {
    for status in [406, 415] {
        let server = Server::start(move |asked| match asked.header("accept").unwrap() {
            accept if accept.contains("version") => Reply::new(status, ""),
            _ if asked.path.starts_with("/api/login") => support::login(),
            _ => Reply::ok(fixture("empty_collection")),
        })
        .await;
        let cloud = server.connected().await;
        vms(&*cloud).await.unwrap();
        vms(&*cloud).await.unwrap();
        let versioned = server
            .asked()
            .iter()
            .filter(|asked| asked.header("accept").unwrap().contains("version"))
            .count();
        assert_eq!(versioned, 1, "{status}");
    }
}

#[tokio::test]
async fn something_that_is_never_acceptable_is_asked_for_twice_and_no_more() {
    let (server, answer) = listing(Reply::new(
        406,
        r#"{"collection":[{"code":"406-NOT-ACCEPTABLE","message":"no"}]}"#,
    ))
    .await;
    assert!(matches!(answer.unwrap_err(), Error::Rejected(rejection) if rejection.status == 406));
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn a_page_of_html_is_told_as_such_whatever_its_status() {
    let page = "<!DOCTYPE html><html><head><TITLE>\x1b[31mBad Gateway\u{202e}</TITLE></head><body>token=abc</body></html>";
    let (_, answer) = listing(Reply::ok(page)).await;
    let error = answer.unwrap_err().to_string();
    assert!(
        error.contains("is an HTML page; check that the url"),
        "{error}"
    );
    let (_, answer) = listing(Reply::new(502, page)).await;
    let error = answer.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the cloud is unavailable (HTTP 502): an HTML page: [31mBad Gateway"
    );
    let (_, answer) = listing(Reply::new(401, page)).await;
    assert!(matches!(answer.unwrap_err(), Error::SignIn(_)));
    let (_, answer) = listing(Reply::new(404, page)).await;
    assert!(matches!(answer.unwrap_err(), Error::NotFound(_)));
}

#[tokio::test]
async fn an_overloaded_server_says_how_long_to_wait() {
    let (_, answer) = listing(Reply::new(503, "busy").header("Retry-After", "7")).await;
    let error = answer.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert!(error.is_outage());
    assert_eq!(error.execution(), Execution::Maybe);
    let (_, answer) = listing(Reply::new(429, "").header("Retry-After", "soon")).await;
    let error = answer.unwrap_err();
    assert_eq!(
        (error.retry_after(), error.execution()),
        (None, Execution::No)
    );
}

#[tokio::test]
async fn a_body_that_is_too_large_is_not_read() {
    let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{".to_vec();
    let (_, answer) = listing(Reply::Stall(announced)).await;
    assert!(matches!(answer.unwrap_err(), Error::Protocol(why) if why.contains("larger than")));

    let mut endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..100 {
        endless.extend(b"2000\r\n");
        endless.extend([b' '; 0x2000]);
        endless.extend(b"\r\n");
    }
    let (_, answer) = listing(Reply::Stall(endless)).await;
    assert!(matches!(answer.unwrap_err(), Error::Protocol(why) if why.contains("larger than")));
}

#[tokio::test]
async fn pages_that_lead_in_a_circle_are_an_error_and_not_an_endless_listing() {
    let (server, answer) = listing(Reply::ok(
        r#"{"collection":[{"id":1}],"links":[{"rel":"next","href":"http://x/api/cloud/virtualmachines?startwith=1"}]}"#,
    ))
    .await;
    assert!(matches!(answer.unwrap_err(), Error::Protocol(why) if why.contains("circle")));
    assert_eq!(server.lines().len(), 2);

    // Each page has another address, and never anything new.
    let asked = AtomicUsize::new(0);
    let server = Server::signed_in(move |_| {
        let n = asked.fetch_add(1, Ordering::SeqCst);
        let next = format!("http://x/api/cloud/virtualmachines?page={n}");
        Reply::ok(
            json!({ "collection": [{ "id": 1 }], "links": [{ "rel": "next", "href": next }] })
                .to_string(),
        )
    })
    .await;
    let error = vms(&*server.connected().await).await.unwrap_err();
    assert!(matches!(error, Error::Protocol(why) if why.contains("circle")));
    assert!(server.lines().len() < 20);
}

#[tokio::test]
async fn a_total_that_is_a_lie_costs_few_requests() {
    let server = Server::signed_in(|asked| match asked.path.contains("startwith") {
        true => Reply::ok(r#"{"collection":[],"totalSize":1000}"#),
        false => Reply::ok(r#"{"collection":[{"id":1}],"totalSize":1000}"#),
    })
    .await;
    assert_eq!(vms(&*server.connected().await).await.unwrap().len(), 1);
    assert!(server.lines().len() < 12, "{}", server.lines().len());
    let (_, answer) = listing(Reply::ok(
        r#"{"collection":[{"id":1}],"totalSize":9000000000}"#,
    ))
    .await;
    assert!(matches!(answer.unwrap_err(), Error::Protocol(_)));
}

#[tokio::test]
async fn links_and_redirects_to_another_host_take_nothing_there() {
    let other = Server::start(|_| Reply::ok("{}")).await;
    let (port, elsewhere) = (other.port, format!("http://127.0.0.1:{}", other.port));
    let server = Server::signed_in(move |asked| match &*asked.path {
        "/api/cloud/virtualmachines?limit=500" => {
            let next = format!("http://127.0.0.1:{port}/api/cloud/virtualmachines?startwith=1");
            let mut vm: Value = serde_json::from_slice(&fixture("vm_on")).unwrap();
            for link in vm["links"].as_array_mut().unwrap() {
                let href = link["href"]
                    .as_str()
                    .unwrap()
                    .replace("https://cloud.example.com:443", &elsewhere);
                link["href"] = json!(href);
            }
            Reply::ok(
                json!({ "collection": [vm], "links": [{ "rel": "next", "href": next }] })
                    .to_string(),
            )
        }
        "/api/cloud/virtualmachines?startwith=1" => Reply::ok(fixture("empty_collection")),
        path if path.ends_with("/501") => Reply::ok(
            String::from_utf8(fixture("vm_on"))
                .unwrap()
                .replace("https://cloud.example.com:443", &elsewhere),
        ),
        _ if asked.method == "PUT" => Reply::ok(
            String::from_utf8(fixture("acceptedrequest"))
                .unwrap()
                .replace("https://cloud.example.com:443", &elsewhere),
        ),
        _ => {
            Reply::new(303, "").header("Location", &format!("{elsewhere}/api/secret?token=hunter4"))
        }
    })
    .await;
    let cloud = server.connected().await;
    let listed = vms(&*cloud).await.unwrap();
    let target = cloud.target(&listed[0]).await.unwrap();
    cloud.perform(&target, &Action::PowerOff).await.unwrap();
    let error = cloud.vm_tasks(&target.vm).await.unwrap_err();
    assert!(
        matches!(&error, Error::Protocol(why) if why.contains("303") && !why.contains("hunter4")),
        "{error:?}"
    );
    assert!(
        other.asked().is_empty(),
        "the other host received {:?}",
        other.asked()
    );
}

#[tokio::test]
async fn a_link_that_leads_out_of_the_api_ends_the_listing() {
    for href in [
        "http://x/admin/console",
        "http://u:p@x/api/cloud/virtualmachines",
        "http://x/api/../admin",
        "ftp://x/api/y",
    ] {
        let body =
            json!({ "collection": [], "links": [{ "rel": "next", "href": href }] }).to_string();
        let (server, answer) = listing(Reply::ok(body)).await;
        assert!(matches!(answer.unwrap_err(), Error::Link(_)), "{href}");
        assert_eq!(server.lines().len(), 1, "{href}");
    }
}

#[tokio::test]
async fn names_lose_what_could_deceive_and_numbers_may_be_text() {
    let body = r#"{"collection":[
        {"id":"7","label":"a\u001b]0;x\u0007b\u202ec","state":"ON","cpu":"4","ram":"2048.0","protected":"true",
         "protectedCause":"line\r\none","creationTimestamp":"1752393600000","deallocated":0,
         "links":[{"rel":"nic0","title":"10.0.0.1"},{"rel":"nic0","title":"10.0.0.2"},{"rel":"nic2","title":"x"},{"rel":"nic10","title":"fe80::1"},
                  {"rel":"nic9","title":"10.0.0.9"},{"rel":7,"title":{}},null,"x",
                  {"rel":"user","title":"first"},{"rel":"user","title":"second"}]},
        {"id":8,"state":"MELTING","label":"","name":"ABQ_8"},
        {"id":9,"state":"MAINTENANCE","idState":4},
        {"id":10,"idState":"6","links":null},
        {"label":"no id"}, null, 5, []
    ],"totalSize":"4"}"#;
    let (_, answer) = listing(Reply::ok(body)).await;
    let vms = answer.unwrap();
    assert_eq!(vms.len(), 4);
    let vm = &vms[0];
    assert_eq!(
        (&*vm.key.id, &*vm.name, vm.cpu, vm.ram_mib),
        ("7", "a]0;xbc", Some(4), Some(2_048))
    );
    assert_eq!(
        vm.protection.as_ref().unwrap().reason.as_deref(),
        Some("line one")
    );
    assert_eq!(
        vm.addresses
            .iter()
            .map(|address| &**address)
            .collect::<Vec<_>>(),
        ["10.0.0.1", "10.0.0.2", "10.0.0.9", "fe80::1"]
    );
    assert_eq!(vm.owner.as_deref(), Some("first"));
    assert_eq!(
        vm.created_at.unwrap().to_string(),
        "2025-07-13T08:00:00Z",
        "VMs count milliseconds"
    );
    assert_eq!(
        (&*vms[1].name, vms[1].power, &*vms[1].native_state),
        ("ABQ_8", PowerState::Unknown, "MELTING")
    );
    assert_eq!(
        (vms[2].power, vms[2].state()),
        (PowerState::On, VmState::Maintenance)
    );
    assert_eq!((vms[3].power, &*vms[3].name), (PowerState::Off, "10"));
}

#[tokio::test]
async fn a_refused_connection_says_so_and_proves_that_nothing_was_sent() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let cloud = open(&entry(&format!("http://127.0.0.1:{port}/api"))).unwrap();
    let error = cloud.connect().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot connect to 127.0.0.1:{port}: connection refused; check that it runs, and the port in the url"
        )
    );
    assert_eq!(error.execution(), Execution::No);
}

#[tokio::test]
async fn https_to_a_port_that_speaks_http_says_so() {
    let server = Server::start(|_| Reply::ok("{}")).await;
    // The greeting of TLS is no HTTP; the server answers it with some.
    let mut entry = entry(&format!("https://127.0.0.1:{}/api", server.port));
    entry.tls.insecure = true;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    entry
        .url
        .set_port(Some(listener.local_addr().unwrap().port()))
        .unwrap();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 1_024]).await;
        let _ = stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            .await;
        let _ = stream.read(&mut [0; 1_024]).await;
    });
    let error = open_with(&entry, limits())
        .unwrap()
        .connect()
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Unreachable { why, .. } if why.contains("does not speak TLS")),
        "{error:?}"
    );
}

#[test]
fn a_ca_file_that_cannot_be_read_or_holds_none_is_named() {
    let mut entry = entry("https://cloud.example.com/api");
    entry.tls.ca_file = Some("/nowhere/ca.pem".into());
    let error = open(&entry).map(drop).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("tls.ca_file /nowhere/ca.pem cannot be read"),
        "{error}"
    );
    entry.tls.ca_file = Some(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into());
    let error = open(&entry).map(drop).unwrap_err();
    assert!(
        error.to_string().contains("holds no certificate"),
        "{error}"
    );
}

#[tokio::test]
async fn a_long_listing_does_not_delay_an_action() {
    // Every page of the list waits until the action has been answered.
    let gate = Arc::new(Semaphore::new(0));
    let (listing_waits, acted) = (gate.clone(), gate.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(slow_lists(stream, listing_waits.clone()));
        }
    });
    let cloud = open_with(&entry(&format!("http://127.0.0.1:{port}/api")), limits()).unwrap();
    cloud.connect().await.unwrap();
    let vm: Vm = serde_json::from_value(json!({
        "key": { "cloud": "prod", "id": "501" }, "name": "web-01", "power": "ON", "native_state": "ON", "deallocated": false,
        "addresses": [], "locator": "/cloud/virtualdatacenters/2/virtualappliances/11/virtualmachines/501",
    }))
    .unwrap();
    // Twice as many listings as there may be requests at once.
    let listings = futures_util::future::join_all((0..8).map(|_| vms(&*cloud)));
    let action = async {
        let target = cloud.target(&vm).await.unwrap();
        cloud.perform(&target, &Action::PowerOff).await.unwrap();
        acted.add_permits(1_000);
    };
    let (listed, ()) = tokio::join!(listings, action);
    assert!(listed.into_iter().all(|answer| answer.is_ok()));
}

async fn slow_lists(mut stream: tokio::net::TcpStream, gate: Arc<Semaphore>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut buffer = vec![0; 16 << 10];
    loop {
        let mut read = 0;
        while !buffer[..read]
            .windows(4)
            .any(|window| window == b"\r\n\r\n")
        {
            match stream.read(&mut buffer[read..]).await {
                Ok(0) | Err(_) => return,
                Ok(more) => read += more,
            }
        }
        let head = String::from_utf8_lossy(&buffer[..read]).into_owned();
        let body = if head.starts_with("GET /api/login") {
            fixture("login_expand_privileges")
        } else if head.starts_with("GET /api/cloud/virtualmachines?") {
            gate.acquire().await.unwrap().forget();
            fixture("empty_collection")
        } else if head.starts_with("GET") {
            fixture("vm_on")
        } else {
            fixture("acceptedrequest")
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\nX-Abiquo-Token: t\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        if stream
            .write_all(&[head.as_bytes(), &body].concat())
            .await
            .is_err()
        {
            return;
        }
    }
}

#[tokio::test]
async fn no_more_requests_are_under_way_than_the_configuration_allows() {
    let server = Server::signed_in(|asked| {
        let at: usize = asked
            .path
            .split("startwith=")
            .nth(1)
            .map_or(0, |rest| rest.split('&').next().unwrap().parse().unwrap());
        Reply::ok(json!({ "collection": [{ "id": at }], "totalSize": 40 }).to_string())
    })
    .await;
    let mut entry = server.entry();
    entry.concurrency = 3;
    let cloud = open_with(&entry, limits()).unwrap();
    cloud.connect().await.unwrap();
    assert_eq!(vms(&*cloud).await.unwrap().len(), 40);
    let connections: HashSet<usize> = server
        .asked()
        .iter()
        .map(|asked| asked.connection)
        .collect();
    assert!(connections.len() <= 3, "{connections:?}");
}
